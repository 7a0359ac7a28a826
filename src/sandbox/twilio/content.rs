//! The Content API's templates and their approval by WhatsApp.
//!
//! Owns the contents of an account and the steps of an approval, which follow from the time alone. Must not know HTTP.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

/// Most contents of one account.
const MAX_CONTENTS: usize = 1_000;

/// Where a content stands with WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Approval {
    Unsubmitted,
    Received,
    Pending,
    Approved,
    Rejected,
    Paused,
    Disabled,
}

impl Approval {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unsubmitted => "unsubmitted",
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    /// The approval of a word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let all = [
            Self::Unsubmitted,
            Self::Received,
            Self::Pending,
            Self::Approved,
            Self::Rejected,
            Self::Paused,
            Self::Disabled,
        ];
        all.into_iter().find(|approval| approval.word() == word)
    }
}

/// A request for approval.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub name: String,
    pub category: String,
    pub at_ms: i64,
    /// How long the review takes, in simulated milliseconds.
    pub takes_ms: i64,
    /// Set by hand, over what time would make of it.
    pub forced: Option<Approval>,
}

/// A content template.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub sid: String,
    pub account: String,
    pub friendly_name: String,
    pub language: String,
    pub variables: Map<String, Value>,
    pub types: Map<String, Value>,
    pub created_ms: i64,
    pub request: Option<Request>,
}

impl Content {
    /// Where it stands now. Names with `reject` in them are rejected, as on a real test account nothing is.
    pub(crate) fn approval(&self, now_ms: i64) -> Approval {
        let Some(request) = &self.request else {
            return Approval::Unsubmitted;
        };
        let age = now_ms.saturating_sub(request.at_ms);
        match request.forced {
            Some(forced) => forced,
            None if age < request.takes_ms / 3 => Approval::Received,
            None if age < request.takes_ms => Approval::Pending,
            None if request.name.contains("reject") => Approval::Rejected,
            None => Approval::Approved,
        }
    }

    /// The text of its first type, as far as it has one.
    fn text(&self) -> String {
        let body = self.types.values().find_map(|kind| {
            let text = |name: &str| kind.get(name).and_then(Value::as_str);
            text("body").or_else(|| text("title"))
        });
        body.unwrap_or(&self.friendly_name).to_owned()
    }

    /// The text with its variables filled in; samples stand in for those that are not given.
    pub(crate) fn render(&self, given: &BTreeMap<String, Value>) -> String {
        let samples = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        let mut values: BTreeMap<String, Value> = samples.collect();
        values.extend(given.clone());
        values.iter().fold(self.text(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value.as_str().unwrap_or_default())
        })
    }

    /// Whether a variable has neither a value nor a sample.
    pub(crate) fn has_gap(&self, given: &BTreeMap<String, Value>) -> bool {
        self.render(given).contains("{{")
    }

    /// The approval as the API shows it.
    pub(crate) fn approval_view(&self, now_ms: i64) -> Value {
        let approval = self.approval(now_ms);
        let (name, category) = self.request.as_ref().map_or(("", ""), |request| {
            (request.name.as_str(), request.category.as_str())
        });
        json!({
            "type": "whatsapp",
            "name": name,
            "category": category,
            "content_type": self.types.keys().next(),
            "status": approval.word(),
            "rejection_reason": if approval == Approval::Rejected { "INVALID_FORMAT" } else { "" },
            "allow_category_change": true,
        })
    }
}

/// The contents of an account.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    by_sid: HashMap<String, Content>,
    order: Vec<String>,
}

impl Contents {
    pub(crate) fn get(&self, sid: &str) -> Option<&Content> {
        self.by_sid.get(sid)
    }

    pub(crate) fn get_mut(&mut self, sid: &str) -> Option<&mut Content> {
        self.by_sid.get_mut(sid)
    }

    /// Adds one, unless there are too many.
    pub(crate) fn add(&mut self, content: Content) -> bool {
        if self.order.len() >= MAX_CONTENTS {
            return false;
        }
        self.order.push(content.sid.clone());
        self.by_sid.insert(content.sid.clone(), content);
        true
    }

    pub(crate) fn remove(&mut self, sid: &str) -> bool {
        self.order.retain(|known| known != sid);
        self.by_sid.remove(sid).is_some()
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Content> {
        self.order.iter().filter_map(|sid| self.by_sid.get(sid))
    }
}
