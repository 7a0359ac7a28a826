//! The life of an accepted message: its steps in time, each noted on the customer's phone and told to the business.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::accounts::Number;
use super::customers::{Behaviour, EntryState, ReadPolicy};
use super::errors::GraphError;
use super::payload::{self, Status, StatusHead};
use super::replies;
use super::state::{PhoneChange, Shared};
use super::validate::SendRequest;
use super::verdict::Verdict;
use super::webhooks::{self, Update};

/// The planned life of one message.
struct Timeline {
    number: Arc<Number>,
    customer: String,
    contact: Option<Value>,
    head: StatusHead,
    steps: VecDeque<(u64, Status)>,
    error: Option<GraphError>,
}

/// An accepted message at its start.
pub(crate) struct Life<'a> {
    pub number: &'a Arc<Number>,
    /// The directory's key.
    pub customer: &'a str,
    pub verdict: Verdict,
    pub head: StatusHead,
    pub request: &'a SendRequest,
}

/// Shows the message on the customer's phone and plans its steps.
pub(crate) fn begin(shared: &Arc<Shared>, life: Life<'_>) {
    let Life {
        number,
        customer,
        verdict,
        head,
        request,
    } = life;
    let phone_number_id = &number.config.phone_number_id;
    let entry = shared.customers.with(customer, |record| {
        record.thread(phone_number_id).find(&head.wamid).cloned()
    });
    if let Some(entry) = entry.flatten() {
        shared.announce(phone_number_id, customer, PhoneChange::Message { entry });
    }
    let config = &shared.config.webhooks;
    let contact = config
        .status_contacts
        .then(|| payload::contact(&verdict.profile, config));
    let steps = steps(shared, &verdict.behaviour, verdict.error.is_some(), request);
    let timeline = Timeline {
        number: Arc::clone(number),
        customer: customer.to_owned(),
        contact,
        head,
        steps,
        error: verdict.error,
    };
    plan_next(shared, timeline);
}

/// The steps of a message with the delay before each.
fn steps(
    shared: &Shared,
    behaviour: &Behaviour,
    fails: bool,
    request: &SendRequest,
) -> VecDeque<(u64, Status)> {
    let delays = &shared.config.delays;
    let rng = &shared.rng;
    if fails {
        return VecDeque::from([(delays.sent.draw(rng), Status::Failed)]);
    }
    let mut steps = VecDeque::from([(delays.sent.draw(rng), Status::Sent)]);
    if behaviour.offline || request.kind == "reaction" {
        return steps;
    }
    steps.push_back((delays.delivered.draw(rng), Status::Delivered));
    if behaviour.read == ReadPolicy::Auto {
        steps.push_back((delays.read.draw(rng), Status::Read));
        if request.content["voice"] == true {
            steps.push_back((delays.played.draw(rng), Status::Played));
        }
    }
    steps
}

fn plan_next(shared: &Arc<Shared>, timeline: Timeline) {
    if let Some((delay_ms, _)) = timeline.steps.front() {
        let delay_ms = *delay_ms;
        shared.later(delay_ms, Box::new(move |shared| step(shared, timeline)));
    }
}

fn step(shared: &Arc<Shared>, mut timeline: Timeline) {
    let Some((_, status)) = timeline.steps.pop_front() else {
        return;
    };
    let error = timeline.error.as_ref().filter(|_| status == Status::Failed);
    emit(
        shared,
        &timeline.number,
        &timeline.customer,
        timeline.contact.clone(),
        &timeline.head,
        status,
        error,
    );
    if status == Status::Delivered {
        replies::consider(
            shared,
            &timeline.number,
            &timeline.customer,
            &timeline.head.wamid,
        );
    }
    plan_next(shared, timeline);
}

/// Notes a status on the customer's phone and tells the business.
pub(crate) fn emit(
    shared: &Arc<Shared>,
    number: &Arc<Number>,
    customer: &str,
    contact: Option<Value>,
    head: &StatusHead,
    status: Status,
    error: Option<&GraphError>,
) {
    let (state, counter) = match status {
        Status::Sent => (EntryState::Sent, &shared.counters.statuses_sent),
        Status::Delivered => (EntryState::Delivered, &shared.counters.statuses_delivered),
        Status::Read => (EntryState::Read, &shared.counters.statuses_read),
        Status::Played => (EntryState::Played, &shared.counters.statuses_read),
        Status::Failed => (EntryState::Failed, &shared.counters.statuses_failed),
    };
    let phone_number_id = &number.config.phone_number_id;
    let code = error.map(GraphError::code);
    let advanced = shared.customers.with(customer, |record| {
        let entry = record.thread(phone_number_id).find(&head.wamid)?;
        // The customer may have read by hand before the planned step.
        if entry.state >= state {
            return Some(false);
        }
        entry.state = state;
        entry.error = code;
        Some(true)
    });
    if advanced.flatten() == Some(false) {
        return;
    }
    counter.add(1);
    shared.announce(
        phone_number_id,
        customer,
        PhoneChange::State {
            id: head.wamid.clone(),
            state,
            error: code,
        },
    );
    let status = payload::status(
        head,
        status,
        shared.clock.now_secs(),
        error,
        &shared.config.webhooks,
    );
    webhooks::enqueue(
        shared,
        number,
        customer,
        Update::Status(Arc::new(status), contact),
    );
}
