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
        self.fill(&self.text(), given)
    }

    fn fill(&self, text: &str, given: &BTreeMap<String, Value>) -> String {
        let samples = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        let mut values: BTreeMap<String, Value> = samples.collect();
        values.extend(given.clone());
        // In one pass: a value that looks like a variable is none.
        crate::domain::template::placeholders::fill(text, |name| {
            Some(values.get(name)?.as_str().unwrap_or_default().to_owned())
        })
    }

    /// What the phone shows: an interactive message where the content is one and nobody reviewed it, else a template.
    pub(crate) fn shown(&self, given: &BTreeMap<String, Value>) -> (String, Value) {
        let unreviewed = self.types.iter().next().filter(|_| self.request.is_none());
        match unreviewed.and_then(|(kind, body)| interactive(kind, &self.filled(body, given))) {
            Some(body) => ("interactive".to_owned(), body),
            None => (
                "template".to_owned(),
                json!({"name": self.friendly_name, "language": {"code": self.language}}),
            ),
        }
    }

    /// Buttons that WhatsApp takes of a content that it did not approve.
    pub(crate) fn has_too_many_buttons(&self) -> bool {
        let many = |body: &Value| {
            body["actions"]
                .as_array()
                .is_some_and(|actions| actions.len() > 3)
        };
        self.request.is_none() && self.types.values().any(many)
    }

    /// A value with its variables filled in, wherever they stand.
    fn filled(&self, value: &Value, given: &BTreeMap<String, Value>) -> Value {
        match value {
            Value::String(text) => json!(self.fill(text, given)),
            Value::Array(items) => items.iter().map(|item| self.filled(item, given)).collect(),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.filled(value, given)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Whether a variable has neither a value nor a sample.
    pub(crate) fn has_gap(&self, given: &BTreeMap<String, Value>) -> bool {
        let known = |name: &str| given.contains_key(name) || self.variables.contains_key(name);
        let text = Value::Object(self.types.clone()).to_string();
        let names = crate::domain::template::placeholders::names(&text);
        names
            .into_iter()
            .any(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && !known(name))
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

/// Most elements of a type's list, and where the list stands (contract, section 3).
const LISTS: [(&str, &str, std::ops::RangeInclusive<usize>); 4] = [
    ("twilio/quick-reply", "actions", 1..=10),
    ("twilio/list-picker", "items", 1..=10),
    ("twilio/call-to-action", "actions", 1..=2),
    ("twilio/carousel", "cards", 2..=10),
];

/// What is wrong with the body of a type.
pub(crate) fn trouble(kind: &str, body: &Value) -> Option<String> {
    if kind == "twilio/card" && !body["title"].is_string() && !body["body"].is_string() {
        return Some(format!("{kind} needs a title."));
    }
    let (_, list, range) = LISTS.iter().find(|(known, ..)| *known == kind)?;
    if !body["body"].is_string() {
        return Some(format!("{kind} needs a body."));
    }
    let count = body[*list].as_array().map_or(0, Vec::len);
    (!range.contains(&count)).then(|| format!("{kind} takes {range:?} of {list}, not {count}."))
}

/// A content in WhatsApp's own form, as the phone draws it.
fn interactive(kind: &str, body: &Value) -> Option<Value> {
    let actions = body["actions"].as_array().map_or(&[][..], Vec::as_slice);
    let text = body["body"]
        .as_str()
        .or(body["title"].as_str())
        .unwrap_or_default();
    let mut shown = match kind {
        "twilio/list-picker" => {
            let row = |item: &Value| json!({"id": item["id"], "title": item["item"], "description": item["description"]});
            let rows: Vec<Value> = body["items"].as_array()?.iter().map(row).collect();
            json!({"type": "list", "action": {"button": body["button"], "sections": [{"rows": rows}]}})
        }
        "twilio/quick-reply" | "twilio/call-to-action" | "twilio/card" => with_actions(actions),
        _ => return None,
    };
    shown["body"] = json!({ "text": text });
    if let Some(file) = body["media"][0].as_str() {
        shown["header"] = json!({"type": "image", "image": {"link": file}});
    }
    if let Some(below) = body["subtitle"].as_str() {
        shown["footer"] = json!({ "text": below });
    }
    Some(shown)
}

/// A link of its own, or buttons that answer.
fn with_actions(actions: &[Value]) -> Value {
    match actions {
        [only] if only["type"] == "URL" => json!({"type": "cta_url", "action": {"name": "cta_url",
            "parameters": {"display_text": only["title"], "url": only["url"]}}}),
        all => {
            let answering = all.iter().filter(|it| it["type"] == "QUICK_REPLY");
            let button =
                |it: &Value| json!({"type": "reply", "reply": {"id": it["id"], "title": it["title"]}});
            json!({"type": "button", "action": {"buttons": answering.map(button).collect::<Vec<_>>()}})
        }
    }
}
