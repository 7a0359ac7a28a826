//! Events of a conversation: messages, edits, deletions, reactions, postbacks, referrals, reads, and who owns the thread.
//!
//! Owns which of them is which, who it is with, and an id for those that come without one, made of what they say, so that
//! a second delivery has the same.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Place, content, id_at, notice, time, unknown};
use crate::channels::payload::{made_up_id, read, text, text_at};
use crate::domain::Content;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::inbound::{Inbound, InboundMessage, Sender, StatusUpdate};
use crate::domain::message::MessageStatus;

/// Who holds a thread, what somebody agreed to, what policy did: kept as notices.
const NOTICES: [&str; 9] = [
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "optin",
    "policy_enforcement",
    "policy-enforcement",
    "account_linking",
    "response_feedback",
];

/// Longest user name that is kept, in bytes (Instagram's own limit is 30 characters).
const MAX_USERNAME: usize = 100;

/// Reads one element of `messaging` or `standby`.
pub(super) fn read_raw(raw: &RawValue, place: &Place<'_>, items: &mut Vec<Inbound>) {
    match read(raw) {
        Ok(value) => read_value(value, place, items),
        Err(text) => items.push(unknown("messaging", text)),
    }
}

/// Reads one event. What asks for nothing (a note of the account to itself) gives no item.
pub(super) fn read_value(value: Value, place: &Place<'_>, items: &mut Vec<Inbound>) {
    if value.pointer("/message/is_self") == Some(&Value::Bool(true)) {
        return;
    }
    let known = event(&value, place);
    items.push(known.unwrap_or_else(|| unknown("messaging", value)));
}

/// An event under way: who it is with and which way it went.
struct Event<'a> {
    value: &'a Value,
    customer: String,
    from_business: bool,
    place: &'a Place<'a>,
}

fn event(value: &Value, place: &Place<'_>) -> Option<Inbound> {
    let fields = value.as_object()?;
    if let Some(name) = NOTICES.iter().find(|name| fields.contains_key(**name)) {
        return Some(notice(*name, value.clone()));
    }
    let (sender, recipient) = (person(value, "sender"), person(value, "recipient"));
    let is_echo = value.pointer("/message/is_echo") == Some(&Value::Bool(true));
    let from_business = is_echo || sender.as_deref().is_some_and(|id| id == place.account);
    let customer = if from_business { recipient } else { sender }?;
    let event = Event {
        value,
        customer,
        from_business,
        place,
    };
    let of = |name: &str| fields.get(name).filter(|body| body.is_object());
    if let Some(body) = of("message") {
        return event.message(body);
    }
    if let Some(body) = of("message_edit") {
        return event.edit(body);
    }
    if let Some(body) = of("reaction") {
        return event.reaction(body);
    }
    if let Some(body) = of("postback") {
        return event.postback(body);
    }
    if let Some(body) = of("read") {
        return event.read(body);
    }
    of("referral").and_then(|body| event.referral(body))
}

fn person(value: &Value, side: &str) -> Option<String> {
    id_at(value.get(side)?, "id")
}

impl Event<'_> {
    fn item(
        &self,
        id: String,
        content: Content,
        reply_to: Option<String>,
        extra: Map<String, Value>,
    ) -> Inbound {
        let mut extra = extra;
        if self.place.standby {
            extra.insert("standby".to_owned(), json!(true));
        }
        let message = InboundMessage {
            provider_message_id: id,
            sender: Sender {
                identities: self.identities(),
                profile_name: None,
            },
            at: time(self.value.get("timestamp")).or(self.place.time),
            content,
            reply_to,
            forwarded: false,
            extra: (!extra.is_empty()).then_some(Value::Object(extra)),
        };
        match self.from_business {
            true => Inbound::Echo(message),
            false => Inbound::Message(message),
        }
    }

    /// The customer, by user name too where it stands beside the id.
    fn identities(&self) -> Vec<Identity> {
        let side = if self.from_business { "recipient" } else { "sender" };
        let person = self.value.get(side).unwrap_or(&Value::Null);
        let name = text_at(person, "username").filter(|name| name.len() <= MAX_USERNAME);
        let name = name.map(|name| Identity::new(IdentityKind::Username, name.trim_start_matches('@')));
        let id = Identity::new(IdentityKind::InstagramId, &self.customer);
        name.into_iter().chain([id]).collect()
    }

    /// An id for what has none: the same for the same news.
    fn own_id(&self, kind: &str, what: &str) -> String {
        let at = self.value.get("timestamp").and_then(text).unwrap_or_default();
        let what: String = what.chars().take(128).collect();
        format!("{kind}:{}:{at}:{what}", self.customer)
    }

    fn message(&self, body: &Value) -> Option<Inbound> {
        let named = id_at(body, "mid");
        if named.is_none() && body.get("is_deleted") == Some(&Value::Bool(true)) {
            return None;
        }
        let mid = named.unwrap_or_else(|| made_up_id(&self.value.to_string()));
        if body.get("is_deleted") == Some(&Value::Bool(true)) {
            let content = content::of("revoke", json!({ "original_message_id": mid }));
            return Some(self.item(format!("{mid}#deleted"), content, None, Map::new()));
        }
        let answered = body.get("reply_to");
        let reply_to = answered.and_then(|answered| id_at(answered, "mid"));
        Some(self.item(mid, content::of_message(body), reply_to, content::extra(body)))
    }

    fn edit(&self, body: &Value) -> Option<Inbound> {
        let mid = id_at(body, "mid")?;
        let edits = text_at(body, "num_edit").unwrap_or_else(|| "0".to_owned());
        let mut edit = json!({
            "original_message_id": mid,
            "message": {"type": "text", "text": {"body": body.get("text").and_then(Value::as_str).unwrap_or_default()}},
        });
        if let Ok(count) = edits.parse::<u32>() {
            edit["num_edit"] = json!(count);
        }
        let edits: String = edits.chars().take(32).collect();
        Some(self.item(
            format!("{mid}#edit:{edits}"),
            content::of("edit", edit),
            None,
            Map::new(),
        ))
    }

    fn reaction(&self, body: &Value) -> Option<Inbound> {
        let mid = id_at(body, "mid")?;
        let word = text_at(body, "reaction");
        let emoji = match text_at(body, "action").as_deref() {
            Some("unreact") => String::new(),
            _ => text_at(body, "emoji").unwrap_or_else(|| content::emoji(word.as_deref()).to_owned()),
        };
        let mut extra = Map::new();
        if let Some(word) = word {
            extra.insert("reaction".to_owned(), json!(word));
        }
        let id = self.own_id("reaction", &format!("{emoji}:{mid}"));
        let content = content::of("reaction", json!({ "message_id": mid, "emoji": emoji }));
        Some(self.item(id, content, None, extra))
    }

    /// A tap on an ice breaker, the menu or a template's button.
    fn postback(&self, body: &Value) -> Option<Inbound> {
        let title = text_at(body, "title").unwrap_or_default();
        let payload = text_at(body, "payload").unwrap_or_default();
        let id = id_at(body, "mid").unwrap_or_else(|| self.own_id("postback", &payload));
        let mut extra = Map::new();
        if let Some(referral) = body.get("referral").filter(|referral| !referral.is_null()) {
            extra.insert("referral".to_owned(), referral.clone());
        }
        let content = content::of("button", json!({ "text": title, "payload": payload }));
        Some(self.item(id, content, None, extra))
    }

    /// `read.mid`: everything up to it is seen.
    fn read(&self, body: &Value) -> Option<Inbound> {
        Some(Inbound::Status(StatusUpdate {
            provider_message_id: id_at(body, "mid")?,
            status: MessageStatus::Read,
            at: time(self.value.get("timestamp")).or(self.place.time),
            callback: None,
            recipient: vec![Identity::new(IdentityKind::InstagramId, &self.customer)],
            error: None,
            error_class: None,
            pricing: None,
            free_until: None,
        }))
    }

    /// Somebody came by a link or an ad into a chat that exists; it says nothing and opens no window.
    fn referral(&self, body: &Value) -> Option<Inbound> {
        let what = text_at(body, "ref")
            .or_else(|| text_at(body, "ad_id"))
            .unwrap_or_default();
        let id = self.own_id("referral", &what);
        Some(self.item(id, content::of("referral", body.clone()), None, Map::new()))
    }
}
