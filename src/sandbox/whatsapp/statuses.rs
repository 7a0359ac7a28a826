//! The life of an accepted message: its steps in time, each noted on the customer's phone and told to the business.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::accounts::Number;
use super::customers::{Behaviour, Direction, EntryState, ReadPolicy};
use super::errors::GraphError;
use super::faults::HELD_MS;
use super::payload::{self, Status, StatusHead};
use super::replies;
use super::state::{PhoneChange, Shared};
use super::validate::SendRequest;
use super::verdict::Verdict;
use super::webhooks::{self, Update};

/// Whose message it is, and what all its statuses share.
pub(crate) struct Course {
    pub number: Arc<Number>,
    /// The directory's key.
    pub customer: String,
    pub contact: Option<Value>,
    pub head: StatusHead,
}

/// The planned life of one message.
struct Timeline {
    course: Course,
    steps: VecDeque<(u64, Status)>,
    error: Option<GraphError>,
}

/// Shows an accepted message on the customer's phone and plans its steps.
/// One that is `held` takes its first step later.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    course: Course,
    verdict: Verdict,
    request: &SendRequest,
    held: bool,
) {
    let phone_number_id = &course.number.config.phone_number_id;
    let entry = shared.customers.with(&course.customer, |record| {
        record.thread(phone_number_id).find(&course.head.wamid).cloned()
    });
    if let Some(entry) = entry.flatten() {
        shared.announce(phone_number_id, &course.customer, PhoneChange::Message { entry });
    }
    let voice = request.content["voice"] == true;
    let kept_back = if held { HELD_MS } else { 0 };
    let sent = shared.config.delays.sent.draw(&shared.rng) + kept_back;
    let mut steps = VecDeque::new();
    if verdict.error.is_some() {
        steps.push_back((sent, Status::Failed));
    } else {
        steps.push_back((sent, Status::Sent));
        if request.kind != "reaction" {
            steps.extend(arrival(shared, &verdict.behaviour, voice));
        }
    }
    plan_next(
        shared,
        Timeline {
            course,
            steps,
            error: verdict.error,
        },
    );
}

/// The steps after `sent`, with the delay before each: none while the phone is off.
fn arrival(shared: &Shared, behaviour: &Behaviour, voice: bool) -> Vec<(u64, Status)> {
    let (delays, rng) = (&shared.config.delays, &shared.rng);
    if behaviour.offline {
        return Vec::new();
    }
    let delay_ms = delays
        .delivered
        .draw(rng)
        .saturating_add(behaviour.delay.draw(rng));
    let mut steps = vec![(delay_ms, Status::Delivered)];
    if behaviour.read == ReadPolicy::Auto {
        steps.push((delays.read.draw(rng), Status::Read));
        if voice {
            steps.push((delays.played.draw(rng), Status::Played));
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
    let course = &timeline.course;
    let error = timeline.error.as_ref().filter(|_| status == Status::Failed);
    emit(shared, course, status, error);
    if status == Status::Delivered {
        replies::consider(shared, &course.number, &course.customer, &course.head.wamid);
    }
    plan_next(shared, timeline);
}

/// Notes a status on the customer's phone and tells the business.
pub(crate) fn emit(shared: &Arc<Shared>, course: &Course, status: Status, error: Option<&GraphError>) {
    let (state, counter) = match status {
        Status::Sent => (EntryState::Sent, &shared.counters.statuses_sent),
        Status::Delivered => (EntryState::Delivered, &shared.counters.statuses_delivered),
        Status::Read => (EntryState::Read, &shared.counters.statuses_read),
        Status::Played => (EntryState::Played, &shared.counters.statuses_played),
        Status::Failed => (EntryState::Failed, &shared.counters.statuses_failed),
    };
    let Course {
        number,
        customer,
        contact,
        head,
    } = course;
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
    let change = PhoneChange::State {
        id: head.wamid.clone(),
        state,
        error: code,
    };
    shared.announce(phone_number_id, customer, change);
    let config = &shared.config.webhooks;
    let entry = payload::status(head, status, shared.clock.now_secs(), error, config);
    let update = Update::Status(Arc::new(entry), contact.clone());
    webhooks::enqueue(shared, number, customer, update);
}

/// Messages of the business on a customer's phone that stand at `state`, each ready for its next status.
fn standing_at(
    shared: &Shared,
    number: &Arc<Number>,
    customer: &str,
    state: EntryState,
) -> Vec<(Course, bool)> {
    let courses = shared.customers.with(customer, |record| {
        let profile = record.profile_for(&number.config.phone_number_id);
        let config = &shared.config.webhooks;
        let Some(thread) = record.known_thread(&number.config.phone_number_id) else {
            return Vec::new();
        };
        thread
            .entries()
            .filter(|entry| entry.direction == Direction::FromBusiness && entry.state == state)
            .filter(|entry| entry.kind != "reaction")
            .map(|entry| {
                let head = StatusHead {
                    wamid: entry.id.clone(),
                    recipient_id: profile.wa_id.clone(),
                    group: false,
                    user_id: profile.user_id.clone(),
                    callback: entry.biz_opaque_callback_data.clone(),
                    // `sent` has told the price.
                    tariff: None,
                };
                let course = Course {
                    number: Arc::clone(number),
                    customer: customer.to_owned(),
                    contact: config.status_contacts.then(|| payload::contact(&profile, config)),
                    head,
                };
                (course, entry.content["voice"] == true)
            })
            .collect()
    });
    courses.unwrap_or_default()
}

/// The customer reads everything that has been delivered; returns how many messages turned read.
pub(crate) fn read(shared: &Arc<Shared>, number: &Arc<Number>, customer: &str) -> usize {
    let silent = shared.customers.with(customer, |record| {
        let behaviour = record
            .behaviour_for(&number.config.phone_number_id)
            .unwrap_or(&shared.config.default_behaviour);
        behaviour.read == ReadPolicy::Never
    });
    if silent != Some(false) {
        return 0;
    }
    let unread = standing_at(shared, number, customer, EntryState::Delivered);
    for (course, _) in &unread {
        emit(shared, course, Status::Read, None);
    }
    unread.len()
}

/// Sets how a customer acts. A phone that is switched on again receives what has waited. False for an unknown customer.
pub(crate) fn behave(shared: &Arc<Shared>, customer: &str, behaviour: Option<Behaviour>) -> bool {
    let default = &shared.config.default_behaviour;
    let now = behaviour.clone().unwrap_or_else(|| default.clone());
    let was_offline = shared.customers.with(customer, |record| {
        std::mem::replace(&mut record.behaviour, behaviour)
            .as_ref()
            .unwrap_or(default)
            .offline
    });
    if was_offline == Some(true) && !now.offline {
        for number in shared.accounts.numbers() {
            switched_on(shared, &number, customer, &now);
        }
    }
    was_offline.is_some()
}

/// The same towards one number only.
pub(crate) fn behave_to(shared: &Arc<Shared>, number: &Arc<Number>, customer: &str, now: Behaviour) -> bool {
    let phone_number_id = &number.config.phone_number_id;
    let was_offline = shared.customers.with(customer, |record| {
        let before = record.behaviour_for(phone_number_id);
        let was_offline = before.unwrap_or(&shared.config.default_behaviour).offline;
        record.thread(phone_number_id).behaviour = Some(now.clone());
        was_offline
    });
    if was_offline == Some(true) && !now.offline {
        switched_on(shared, number, customer, &now);
    }
    was_offline.is_some()
}

/// What has waited for a phone arrives.
fn switched_on(shared: &Arc<Shared>, number: &Arc<Number>, customer: &str, now: &Behaviour) {
    for (course, voice) in standing_at(shared, number, customer, EntryState::Sent) {
        let steps = arrival(shared, now, voice).into();
        let timeline = Timeline {
            course,
            steps,
            error: None,
        };
        plan_next(shared, timeline);
    }
}
