//! What becomes of a valid message: rates, window, the customer's behaviour, its price.
//!
//! Runs under the customer's lock and writes the transcript.

use super::accounts::Number;
use super::config::{PAIR_RATE, TemplateConfig};
use super::customers::{Behaviour, Customer, Direction, EntryState, Record, Thread, TranscriptEntry};
use super::errors::GraphError;
use super::payload::{Category, Tariff};
use super::rendering::render;
use super::send::Target;
use super::state::Shared;
use super::validate::SendRequest;

/// A message being judged.
pub(crate) struct Message<'a> {
    pub shared: &'a Shared,
    pub number: &'a Number,
    pub request: &'a SendRequest,
    pub template: Option<&'a TemplateConfig>,
    pub wamid: &'a str,
    pub now_ms: i64,
}

/// What becomes of it.
pub(crate) struct Verdict {
    pub profile: Customer,
    pub behaviour: Behaviour,
    pub tariff: Tariff,
    pub error: Option<GraphError>,
}

impl Message<'_> {
    /// Runs under the customer's lock: rate, window, behaviour, transcript.
    pub(crate) fn judge(&self, record: &mut Record, target: &Target) -> Result<Verdict, GraphError> {
        let phone_number_id = &self.number.config.phone_number_id;
        let profile = record.profile_for(phone_number_id);
        let behaviour = record
            .behaviour_for(phone_number_id)
            .cloned()
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
        let thread = record.thread(phone_number_id);
        if self.shared.config.rules.pair_rate && !target.group && !thread.pair.take(PAIR_RATE, self.now_ms) {
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
    pub(crate) fn unknown(&self, target: &Target) -> Verdict {
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
    fn failure(&self, behaviour: &Behaviour, thread: &mut Thread, target: &Target) -> Option<GraphError> {
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
            rendered: self
                .template
                .map(|template| render(&self.request.content, template)),
            context_id: self.request.context_id.clone(),
            at_ms: self.now_ms,
            state: EntryState::Accepted,
            error: None,
            biz_opaque_callback_data: self.request.callback.clone(),
        }
    }
}
