//! What a body says, read without any of the program's own readers: which messages it brings, of which type, with which
//! words in them, and what else must be told of.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bodies::{Body, Source};
use super::desk::{INSTAGRAM, Shown, parameters};

/// Something that a body says and that the API must show.
#[derive(Debug)]
pub enum Claim {
    Message {
        /// The provider's id; any, where the body gives none.
        id: Option<String>,
        /// Any, where the body's own type cannot be held to.
        kind: Option<String>,
        /// Texts that must stand in it.
        words: Vec<String>,
    },
    /// Told of on the channel, with these texts.
    Notice { words: Vec<String> },
}

impl Claim {
    pub const fn is_message(&self) -> bool {
        matches!(self, Self::Message { .. })
    }

    pub const fn is_notice(&self) -> bool {
        matches!(self, Self::Notice { .. })
    }

    /// What of it is not shown.
    pub fn unmet(&self, shown: &Shown) -> Option<String> {
        match self {
            Self::Notice { words } => {
                let met = shown
                    .notices
                    .iter()
                    .any(|notice| missing(&notice["body"], words).is_none());
                (!met).then(|| format!("no notice has {words:?}"))
            }
            Self::Message {
                id: None,
                kind,
                words,
            } => {
                let all = || shown.messages.values().flatten();
                let met = all().any(|message| {
                    kind.as_ref().is_none_or(|kind| message["type"] == *kind)
                        && missing(message, words).is_none()
                });
                (!met).then(|| format!("no message of type {kind:?} has {words:?}"))
            }
            Self::Message {
                id: Some(id),
                kind,
                words,
            } => {
                let Some(found) = shown.messages.get(id) else {
                    return Some(format!("there is no message {id} ({kind:?}, {words:?})"));
                };
                let of_kind = |message: &&Value| kind.as_ref().is_none_or(|kind| message["type"] == *kind);
                let Some(message) = found.iter().find(of_kind) else {
                    return Some(format!("{id} is of type {}, not {kind:?}", found[0]["type"]));
                };
                // What was taken back is gone.
                let is_deleted = message.get("deleted").is_some();
                let lacks = missing(message, words).filter(|_| !is_deleted);
                lacks.map(|word| format!("{id} lacks {word:?}: {message}"))
            }
        }
    }
}

/// The first of `words` that stands nowhere in `value`.
fn missing(value: &Value, words: &[String]) -> Option<String> {
    let mut there = BTreeSet::new();
    leaves(value, &mut |_, leaf| {
        there.insert(leaf.trim().to_owned());
    });
    words.iter().find(|word| !there.contains(word.trim())).cloned()
}

/// Every text and number of a value, with the name that it stands under.
fn leaves(value: &Value, found: &mut dyn FnMut(&str, &str)) {
    fn walk(name: &str, value: &Value, found: &mut dyn FnMut(&str, &str)) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, inner)| walk(name, inner, found)),
            Value::Array(list) => list.iter().for_each(|inner| walk(name, inner, found)),
            Value::String(text) => found(name, text),
            Value::Number(number) => found(name, &number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }
    walk("", value, found);
}

fn words_of(value: &Value, besides: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    leaves(value, &mut |name, leaf| {
        if !leaf.trim().is_empty() && !besides.contains(&name) {
            words.push(leaf.to_owned());
        }
    });
    words
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Everything that a body says.
pub fn of(body: &Body) -> Vec<Claim> {
    let mut claims = told_by(body);
    // A message whose id stood in the same body before, with other words, is found by its words.
    let mut seen = BTreeSet::new();
    for claim in &mut claims {
        if let Claim::Message { id: id @ Some(_), .. } = claim
            && !seen.insert(id.clone())
        {
            *id = None;
        }
    }
    claims
}

fn told_by(body: &Body) -> Vec<Claim> {
    let mut claims = Vec::new();
    match body.source {
        Source::Twilio => claims.extend(twilio(&body.json)),
        Source::Instagram => list(&body.json, "entry")
            .iter()
            .for_each(|entry| instagram(entry, &mut claims)),
        Source::Whatsapp | Source::Dialog360 => {
            if body.json.get("entry").is_none() {
                whatsapp(&body.json, &mut claims);
            }
            for entry in list(&body.json, "entry") {
                match entry.get("changes").and_then(Value::as_array) {
                    Some(changes) => changes
                        .iter()
                        .for_each(|change| whatsapp(change.get("value").unwrap_or(change), &mut claims)),
                    None => claims.push(Claim::Notice {
                        words: words_of(entry, &[]),
                    }),
                }
            }
        }
    }
    claims
}

fn whatsapp(value: &Value, claims: &mut Vec<Claim>) {
    let before = claims.len();
    let known = list(value, "contacts").iter().any(|contact| {
        text(contact.get("wa_id"))
            .or(text(contact.get("user_id")))
            .is_some()
    });
    for name in ["messages", "message_echoes"] {
        claims.extend(list(value, name).iter().map(|one| message(one, known)));
    }
    for chunk in list(value, "history") {
        if list(chunk, "threads").is_empty() {
            claims.push(Claim::Notice {
                words: words_of(chunk, &[]),
            });
        }
        for thread in list(chunk, "threads") {
            claims.extend(list(thread, "messages").iter().map(|one| message(one, true)));
        }
    }
    let mut quiet = false;
    for status in list(value, "statuses") {
        let word = text(status.get("status")).unwrap_or_default();
        let known = ["sent", "delivered", "read", "played", "failed"].contains(&word.as_str());
        match known && text(status.get("id")).is_some() {
            true => quiet = true,
            false => claims.push(Claim::Notice {
                words: words_of(status, &[]),
            }),
        }
    }
    for error in list(value, "errors") {
        claims.push(Claim::Notice {
            words: words_of(error, &[]),
        });
    }
    if claims.len() == before && !quiet {
        let besides = ["messaging_product", "phone_number_id", "display_phone_number"];
        claims.push(Claim::Notice {
            words: words_of(value, &besides),
        });
    }
}

/// Types whose content is an object; `contacts` is a list.
const KINDS: [&str; 17] = [
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "button",
    "interactive",
    "order",
    "system",
    "edit",
    "revoke",
    "referral",
];

fn message(one: &Value, known_by_contact: bool) -> Claim {
    let id = |value: &Value, name: &str| text(value.get(name));
    let somebody = ["from", "from_user_id", "to", "to_user_id"]
        .iter()
        .any(|name| id(one, name).is_some())
        || ["wa_id", "user_id", "previous_user_id"]
            .iter()
            .any(|name| one.pointer(&format!("/system/{name}")).is_some());
    if !one.is_object() || !(somebody || known_by_contact) {
        return Claim::Notice {
            words: words_of(one, &[]),
        };
    }
    let told = id(one, "type");
    let by_field = || {
        let kinds = KINDS
            .iter()
            .filter(|kind| one.get(**kind).is_some_and(|it| !it.is_null()));
        kinds.map(|kind| (*kind).to_owned()).next()
    };
    let kind = told.or_else(by_field);
    let content = kind
        .as_ref()
        .and_then(|kind| one.get(kind))
        .unwrap_or(&Value::Null);
    // The On-Premise API's word for a voice note.
    let shown = kind
        .clone()
        .map(|kind| if kind == "voice" { "audio".to_owned() } else { kind });
    let has_shape = match kind.as_deref() {
        Some("text") => content.is_string() || content.get("body").is_some_and(Value::is_string),
        Some("reaction") => id(content, "message_id").is_some(),
        Some("edit" | "revoke") => id(content, "original_message_id").is_some(),
        Some("contacts") => content.is_object() || list(one, "contacts").iter().all(Value::is_object),
        Some("note" | "unknown") => false,
        _ => content.is_object(),
    };
    let besides = [
        "from",
        "to",
        "from_user_id",
        "to_user_id",
        "from_parent_user_id",
        "type",
        "timestamp",
    ];
    let mut words = words_of(one, &besides);
    // Our own id of an answered message is told beside the provider's, and whom it was from goes without saying.
    words.retain(|word| text(one.get("id")).as_deref() != Some(word.trim()));
    Claim::Message {
        id: id(one, "id"),
        kind: shown.filter(|_| has_shape),
        words,
    }
}

fn instagram(entry: &Value, claims: &mut Vec<Claim>) {
    let before = claims.len();
    let mut quiet = false;
    for name in ["messaging", "standby"] {
        for event in list(entry, name) {
            event_of_instagram(event, claims, &mut quiet);
        }
    }
    let flat = entry.get("field").map(|_| entry);
    for change in list(entry, "changes").iter().chain(flat) {
        let value = change.get("value").unwrap_or(change);
        let field = text(change.get("field")).unwrap_or_default();
        let author = value.pointer("/from/id");
        match (field.as_str(), author) {
            ("comments" | "live_comments" | "mentions", Some(author)) => match author == INSTAGRAM {
                true => quiet = true,
                false => claims.push(Claim::Message {
                    id: text(value.get("id").or(value.get("comment_id"))),
                    kind: Some("comment".to_owned()),
                    words: text(value.get("text")).into_iter().collect(),
                }),
            },
            _ if !list(value, "messaging").is_empty() => list(value, "messaging")
                .iter()
                .for_each(|event| event_of_instagram(event, claims, &mut quiet)),
            _ if value.get("sender").is_some() => event_of_instagram(value, claims, &mut quiet),
            _ => claims.push(Claim::Notice {
                words: words_of(value, &[]),
            }),
        }
    }
    let has_none = ["messaging", "standby", "changes"]
        .iter()
        .all(|name| entry.get(name).is_none());
    if claims.len() == before && !quiet && has_none {
        claims.push(Claim::Notice {
            words: words_of(entry, &[]),
        });
    }
}

fn event_of_instagram(event: &Value, claims: &mut Vec<Claim>, quiet: &mut bool) {
    let is = |name: &str| event.pointer(name) == Some(&Value::Bool(true));
    let words = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| text(event.pointer(name)))
            .collect()
    };
    let mid = |name: &str| text(event.pointer(&format!("/{name}/mid")));
    let marked = |kind: &str, words| Claim::Message {
        id: None,
        kind: Some(kind.to_owned()),
        words,
    };
    let has = |name: &str| event.get(name).is_some_and(Value::is_object);
    let by_us = is("/message/is_echo") || event.pointer("/sender/id") == Some(&Value::from(INSTAGRAM));
    let customer = if by_us { "/recipient/id" } else { "/sender/id" };
    if is("/message/is_self") || has("read") || has("delivery") {
        *quiet = true;
    } else if text(event.pointer(customer)).is_none() {
        claims.push(Claim::Notice {
            words: words_of(event, &[]),
        });
    } else if is("/message/is_deleted") {
        claims.push(Claim::Message {
            id: mid("message").map(|mid| format!("{mid}#deleted")),
            kind: Some("revoke".to_owned()),
            words: Vec::new(),
        });
    } else if let Some(message) = event.get("message").filter(|message| message.is_object()) {
        claims.push(Claim::Message {
            id: mid("message"),
            kind: kind_on_instagram(message),
            words: words_of(message, &["mid", "type"]),
        });
    } else if has("message_edit") {
        claims.push(marked(
            "edit",
            words(&["/message_edit/text", "/message_edit/mid"]),
        ));
    } else if has("reaction") {
        claims.push(marked(
            "reaction",
            words(&["/reaction/mid", "/reaction/reaction"]),
        ));
    } else if let Some(postback) = event.get("postback").filter(|it| it.is_object()) {
        claims.push(Claim::Message {
            id: mid("postback"),
            kind: Some("button".to_owned()),
            words: words_of(postback, &["mid"]),
        });
    } else if has("referral") {
        claims.push(marked("referral", words_of(&event["referral"], &[])));
    } else {
        claims.push(Claim::Notice {
            words: words_of(event, &[]),
        });
    }
}

fn kind_on_instagram(message: &Value) -> Option<String> {
    if message
        .get("quick_reply")
        .is_some_and(|reply| text(reply.get("payload")).is_some())
    {
        return Some("interactive".to_owned());
    }
    let first = message.get("attachments").map(|all| all.get(0).unwrap_or(all));
    match first.filter(|first| first.is_object()) {
        Some(first) => match first["type"].as_str()? {
            kind @ ("image" | "video" | "audio" | "story_mention" | "share" | "ig_reel" | "reel") => {
                Some(kind.to_owned())
            }
            "file" => Some("document".to_owned()),
            _ => None,
        },
        None => message["text"].is_string().then(|| "text".to_owned()),
    }
}

fn twilio(body: &Value) -> Option<Claim> {
    let all = parameters(body);
    let said = |name: &str| {
        all.get(name)
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty())
    };
    let id = ["MessageSid", "SmsMessageSid", "SmsSid"]
        .iter()
        .find_map(|name| said(name));
    let status = said("MessageStatus").or_else(|| said("SmsStatus"));
    let is_status = status.is_some_and(|it| !["received", "receiving", "success"].contains(&it.as_str()));
    if is_status && id.is_some() {
        return None;
    }
    if said("From").is_none() || is_status || !all.keys().any(|name| name == "Body" || name.contains("Sid")) {
        let words = all.values().filter(|it| !it.trim().is_empty()).cloned().collect();
        return Some(Claim::Notice { words });
    }
    let shown = [
        "Body",
        "ButtonText",
        "ButtonPayload",
        "ListTitle",
        "ListId",
        "Address",
        "Label",
        "MediaUrl0",
    ];
    let is_file = said("MediaUrl0").is_some();
    let kind = (!is_file
        && said("MessageType").is_none_or(|it| it == "text")
        && said("Body").is_some()
        && said("ButtonText")
            .or(said("ButtonPayload"))
            .or(said("Latitude"))
            .or(said("ListId"))
            .is_none())
    .then(|| "text".to_owned());
    Some(Claim::Message {
        id,
        kind,
        words: shown.iter().filter_map(|name| said(name)).collect(),
    })
}
