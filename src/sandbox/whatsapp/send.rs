//! The way of a message from acceptance to its last status.
//!
//! Decides what happens to a valid message (rates, window, behaviour of the customer), writes the transcript, plans
//! the status steps and emits them as webhooks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::accounts::{Number, sendable};
use super::config::{PAIR_RATE, TemplateConfig};
use super::customers::{
    Behaviour, Customer, Direction, EntryState, ReadPolicy, Record, Thread, TranscriptEntry,
};
use super::errors::GraphError;
use super::faults::{After, Before, CallPlan, RecipientFault, by_recipient};
use super::payload::{self, Category, Status, StatusHead, Tariff};
use super::replies;
use super::state::{PhoneChange, Shared};
use super::validate::{Recipient, SendRequest, check_template};
use super::wamid::Author;
use super::webhooks::{self, Update};

/// An accepted message: the answer's body, and what becomes of the answer.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub body: Value,
    pub after: Option<After>,
}

/// The refusal of a message that is valid in itself.
pub(crate) enum Refused {
    Error(GraphError),
    Fault(Before),
}

impl From<GraphError> for Refused {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

/// The planned life of one message.
struct Timeline {
    number: Arc<Number>,
    customer: String,
    contact: Option<Value>,
    head: StatusHead,
    steps: VecDeque<(u64, Status)>,
    error: Option<GraphError>,
}

/// Accepts or refuses a message and sets its life going.
pub(crate) fn accept(
    shared: &Arc<Shared>,
    number: &Arc<Number>,
    request: SendRequest,
    mut plan: CallPlan,
) -> Result<Accepted, Refused> {
    let now_ms = shared.clock.now_ms();
    if !number.state.lock().registered {
        return Err(GraphError::new(133_010).into());
    }
    let template = template_of(shared, number, &request)?;
    let target = Target::of(shared, &request.to);
    recipient_fault(shared, &target, &mut plan)?;
    if shared.config.rules.throughput && !number.state.lock().throughput.take(number.rate(), now_ms)
    {
        return Err(GraphError::new(130_429).into());
    }
    let wamid = shared.ids.mint(&target.key, Author::Business);
    let message = Message {
        shared,
        number,
        request: &request,
        template: template.as_ref(),
        wamid: &wamid,
        now_ms,
    };
    let judged = shared.customers.with_or_new(
        &target.key,
        || target.profile(),
        |record| message.judge(record, &target),
    );
    let verdict = match judged {
        Some(verdict) => verdict?,
        None => {
            shared
                .counters
                .customers_untracked
                .fetch_add(1, Ordering::Relaxed);
            message.unknown(&target)
        }
    };
    shared
        .counters
        .sends_accepted
        .fetch_add(1, Ordering::Relaxed);
    let lost = shared
        .ledger
        .record(&target.key, request.callback.as_deref());
    shared
        .counters
        .ledger_overflow
        .fetch_add(lost, Ordering::Relaxed);
    let body = answer(&request, &target, &wamid);
    let head = StatusHead {
        recipient_id: target.recipient_id(),
        group: target.group,
        user_id: verdict.profile.user_id.clone(),
        callback: request.callback.clone(),
        tariff: verdict.tariff,
        wamid,
    };
    let error = plan.failure.take().or(verdict.error);
    begin(
        shared,
        number,
        &target.key,
        &verdict.profile,
        &verdict.behaviour,
        head,
        error,
        &request,
    );
    Ok(Accepted {
        body,
        after: plan.after,
    })
}

/// Whom a message reaches.
struct Target {
    key: String,
    phone: Option<String>,
    user_id: Option<String>,
    group: bool,
}

impl Target {
    fn of(shared: &Shared, to: &Recipient) -> Self {
        match to {
            Recipient::Phone { digits, .. } => {
                let wa_id = canonical(digits);
                Self {
                    key: wa_id.clone(),
                    phone: Some(wa_id),
                    user_id: None,
                    group: false,
                }
            }
            Recipient::User { user_id } => Self {
                key: shared.customers.resolve(user_id),
                phone: None,
                user_id: Some(user_id.clone()),
                group: false,
            },
            Recipient::Group { group_id } => Self {
                key: group_id.clone(),
                phone: None,
                user_id: None,
                group: true,
            },
        }
    }

    fn profile(&self) -> Customer {
        let name = if self.group { "Group" } else { "Customer" };
        Customer {
            wa_id: self.phone.clone(),
            user_id: self.user_id.clone(),
            name: name.to_owned(),
            ..Customer::default()
        }
    }

    fn recipient_id(&self) -> Option<String> {
        if self.group {
            Some(self.key.clone())
        } else {
            self.phone.clone()
        }
    }
}

/// The id under which the provider knows a number; in three countries it differs from what people dial.
pub(crate) fn canonical(digits: &str) -> String {
    let bytes = digits.as_bytes();
    match digits.get(..2) {
        // Mexico: a 1 follows the country code.
        Some("52") if digits.len() == 12 => format!("521{}", &digits[2..]),
        // Argentina: a 9 follows the country code.
        Some("54") if digits.len() == 12 => format!("549{}", &digits[2..]),
        // Brazil: areas from 31 on keep the eight-digit form.
        Some("55")
            if digits.len() == 13
                && bytes[4] == b'9'
                && digits[2..4].parse().is_ok_and(|area: u8| area >= 31) =>
        {
            format!("{}{}", &digits[..4], &digits[5..])
        }
        _ => digits.to_owned(),
    }
}

fn template_of(
    shared: &Shared,
    number: &Number,
    request: &SendRequest,
) -> Result<Option<TemplateConfig>, GraphError> {
    if request.kind != "template" {
        return Ok(None);
    }
    let name = request.content["name"].as_str().unwrap_or("");
    let language = request.content["language"]["code"].as_str().unwrap_or("");
    let template = match sendable(&number.waba, name, language) {
        Err(error) if error.code() == 132_001 && shared.config.rules.unknown_templates => {
            return Ok(None);
        }
        other => other?,
    };
    check_template(&request.content, &template)?;
    let authentication = template.category.eq_ignore_ascii_case("AUTHENTICATION");
    if authentication && matches!(request.to, Recipient::User { .. }) {
        return Err(GraphError::new(131_062));
    }
    Ok(Some(template))
}

fn recipient_fault(shared: &Shared, target: &Target, plan: &mut CallPlan) -> Result<(), Refused> {
    if !shared.config.rules.recipient_faults {
        return Ok(());
    }
    match target.phone.as_deref().and_then(by_recipient) {
        Some(RecipientFault::Before(before)) => Err(Refused::Fault(before)),
        Some(RecipientFault::After(after)) => {
            plan.after = Some(after);
            Ok(())
        }
        Some(RecipientFault::Failure(code)) => {
            plan.failure.get_or_insert_with(|| GraphError::new(code));
            Ok(())
        }
        None => Ok(()),
    }
}

/// A message being judged.
struct Message<'a> {
    shared: &'a Shared,
    number: &'a Number,
    request: &'a SendRequest,
    template: Option<&'a TemplateConfig>,
    wamid: &'a str,
    now_ms: i64,
}

/// What becomes of it.
struct Verdict {
    profile: Customer,
    behaviour: Behaviour,
    tariff: Tariff,
    error: Option<GraphError>,
}

impl Message<'_> {
    /// Runs under the customer's lock: rate, window, behaviour, transcript.
    fn judge(&self, record: &mut Record, target: &Target) -> Result<Verdict, GraphError> {
        let profile = record.profile.clone();
        let behaviour = record
            .behaviour
            .clone()
            .unwrap_or_else(|| self.shared.config.default_behaviour.clone());
        let wrong_identity = self.request.identity_hash.as_ref().is_some_and(|given| {
            profile
                .identity_key_hash
                .as_ref()
                .is_some_and(|known| known != given)
        });
        if wrong_identity {
            return Err(GraphError::new(137_000));
        }
        let thread = record.thread(&self.number.config.phone_number_id);
        if self.shared.config.rules.pair_rate
            && !target.group
            && !thread.pair.take(PAIR_RATE, self.now_ms)
        {
            return Err(GraphError::new(131_056));
        }
        thread.answered(self.now_ms);
        let tariff = self.tariff(thread);
        let error = self.failure(&behaviour, thread, target);
        thread.push(self.entry(), self.shared.customers.transcript_limit);
        Ok(Verdict {
            profile,
            behaviour,
            tariff,
            error,
        })
    }

    /// For a customer beyond the directory's limit: no window, no transcript.
    fn unknown(&self, target: &Target) -> Verdict {
        let mut thread = Thread::default();
        let behaviour = self.shared.config.default_behaviour.clone();
        let error = self.failure(&behaviour, &mut thread, target);
        Verdict {
            profile: target.profile(),
            behaviour,
            tariff: self.tariff(&thread),
            error,
        }
    }

    fn is_template(&self) -> bool {
        self.request.kind == "template"
    }

    fn tariff(&self, thread: &Thread) -> Tariff {
        if thread.free_entry(self.now_ms) {
            return Tariff::FreeEntry;
        }
        match self.template {
            Some(template) => Tariff::Template {
                category: Category::of(&template.category),
                in_window: thread.window_open(self.now_ms),
            },
            None if self.is_template() => Tariff::Template {
                category: Category::Marketing,
                in_window: false,
            },
            None => Tariff::Service,
        }
    }

    /// The asynchronous failure that this message meets, if any.
    fn failure(
        &self,
        behaviour: &Behaviour,
        thread: &mut Thread,
        target: &Target,
    ) -> Option<GraphError> {
        if behaviour.refuse {
            return Some(GraphError::new(131_026));
        }
        let marketing = self
            .template
            .is_some_and(|template| Category::of(&template.category) == Category::Marketing);
        if marketing && behaviour.marketing_stopped {
            return Some(GraphError::new(131_050));
        }
        let free_form = !self.is_template() && !target.group;
        if self.shared.config.rules.window && free_form && !thread.window_open(self.now_ms) {
            return Some(GraphError::new(131_047));
        }
        if self.request.kind == "reaction" {
            return self.reaction(thread);
        }
        let media_id = self.request.content["id"]
            .as_str()
            .filter(|_| self.request.kind != "template");
        let unknown = media_id.is_some_and(|id| !self.shared.media.contains(id));
        (self.shared.config.rules.media_ids && unknown).then(|| GraphError::new(131_053))
    }

    /// A reaction needs an inbound message of the last 30 days that is no reaction itself.
    fn reaction(&self, thread: &mut Thread) -> Option<GraphError> {
        const MONTH_MS: i64 = 30 * 24 * 3_600 * 1_000;
        let target = self.request.content["message_id"].as_str().unwrap_or("");
        let fits = match thread.find(target) {
            Some(entry) => {
                entry.direction == Direction::FromCustomer
                    && entry.kind != "reaction"
                    && self.now_ms.saturating_sub(entry.at_ms) <= MONTH_MS
            }
            None => thread.truncated,
        };
        let details = "Reaction target is older than 30 days, deleted, or itself a reaction.";
        (!fits).then(|| GraphError::with(131_009, details))
    }

    fn entry(&self) -> TranscriptEntry {
        TranscriptEntry {
            id: self.wamid.to_owned(),
            direction: Direction::FromBusiness,
            kind: self.request.kind.clone(),
            content: self.request.content.clone(),
            context_id: self.request.context_id.clone(),
            at_ms: self.now_ms,
            state: EntryState::Accepted,
            error: None,
            biz_opaque_callback_data: self.request.callback.clone(),
        }
    }
}

/// The body of a 200.
fn answer(request: &SendRequest, target: &Target, wamid: &str) -> Value {
    let contact = match &request.to {
        Recipient::Phone { input, .. } => json!({"input": input, "wa_id": target.key}),
        Recipient::User { user_id } => json!({"input": user_id, "user_id": user_id}),
        Recipient::Group { group_id } => json!({"input": group_id, "wa_id": group_id}),
    };
    let mut message = json!({"id": wamid});
    if request.kind == "template" {
        message["message_status"] = "accepted".into();
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

#[expect(
    clippy::too_many_arguments,
    reason = "the pieces of one decision, used once"
)]
fn begin(
    shared: &Arc<Shared>,
    number: &Arc<Number>,
    customer: &str,
    profile: &Customer,
    behaviour: &Behaviour,
    head: StatusHead,
    error: Option<GraphError>,
    request: &SendRequest,
) {
    let entry = shared.customers.with(customer, |record| {
        record
            .thread(&number.config.phone_number_id)
            .find(&head.wamid)
            .cloned()
    });
    if let Some(entry) = entry.flatten() {
        shared.announce(
            &number.config.phone_number_id,
            customer,
            PhoneChange::Message { entry },
        );
    }
    let contact = shared
        .config
        .webhooks
        .status_contacts
        .then(|| payload::contact(profile, &shared.config.webhooks));
    let steps = steps(shared, behaviour, error.is_some(), request);
    let timeline = Timeline {
        number: Arc::clone(number),
        customer: customer.to_owned(),
        contact,
        head,
        steps,
        error,
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
    counter.fetch_add(1, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn numbers_take_the_form_that_the_provider_knows() {
        for (dialled, known) in [
            ("254711000234", "254711000234"),
            ("525512345678", "5215512345678"),
            ("5215512345678", "5215512345678"),
            ("541123456789", "5491123456789"),
            ("5531987654321", "553187654321"),
            ("5511987654321", "5511987654321"),
            ("15550001111", "15550001111"),
        ] {
            assert_eq!(canonical(dialled), known);
        }
    }
}
