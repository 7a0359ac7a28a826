//! What a message says, in the house's names.
//!
//! Owns the shape that each known type must have before anything may rely on it. Unknown types are kept as they are.

use serde_json::{Map, Value, json};

use super::super::media;
use super::super::payload::{text, text_at};
use crate::domain::Content;

/// Longest type that is kept as the content's kind, in bytes.
const MAX_KIND_BYTES: usize = 64;

/// The content of a message: its kind, and the object under that name.
pub(super) fn of_message(message: &Map<String, Value>) -> Content {
    let kind = message.get("type").and_then(text);
    let kind = kind.or_else(|| kind_by_content(message)).unwrap_or_default();
    // `note` means an internal note in this house; a provider's type of that name is something else.
    if kind.is_empty() || kind.len() > MAX_KIND_BYTES || kind == "note" {
        return content("unknown", Value::Object(message.clone()));
    }
    let body = message.get(&kind).filter(|body| !body.is_null());
    match (kind.as_str(), body) {
        // The On-Premise API's word for a voice note.
        ("voice", Some(Value::Object(body))) => {
            let mut body = body.clone();
            body.insert("voice".to_owned(), json!(true));
            of_known("audio", Some(&Value::Object(body)))
        }
        ("unsupported", body) => content("unsupported", unsupported(body, message.get("errors"))),
        ("request_welcome" | "media_placeholder", None) => content(&kind, json!({})),
        (known, body) if is_known(known) => of_known(known, body),
        (_, Some(body)) => content(&kind, body.clone()),
        (_, None) => content(&kind, Value::Object(message.clone())),
    }
}

fn content(kind: &str, body: Value) -> Content {
    Content {
        kind: kind.to_owned(),
        body,
    }
}

/// Known types that are no files.
const STRUCTURED: [&str; 11] = [
    "text",
    "location",
    "contacts",
    "reaction",
    "button",
    "interactive",
    "order",
    "system",
    "edit",
    "revoke",
    "template",
];

fn is_known(kind: &str) -> bool {
    media::is_media(kind) || STRUCTURED.contains(&kind)
}

/// The type of a message that names none: the known one whose content it has.
fn kind_by_content(message: &Map<String, Value>) -> Option<String> {
    let mut known = STRUCTURED.iter().chain(&media::KINDS).chain(&["voice"]);
    let kind = known.find(|kind| message.get(**kind).is_some_and(|body| !body.is_null()));
    kind.map(|kind| (*kind).to_owned())
}

/// A known type in its proper shape, or, so that nobody trips over it, as unsupported with everything that was there.
fn of_known(kind: &str, body: Option<&Value>) -> Content {
    let body = match (kind, body.cloned().unwrap_or(Value::Null)) {
        // Words, or a card, without what should be around them.
        ("text", words @ Value::String(_)) => json!({ "body": words }),
        ("text", Value::Object(mut fields)) => {
            if let Some(number @ Value::Number(_)) = fields.get("body") {
                let words = number.to_string();
                fields.insert("body".to_owned(), json!(words));
            }
            Value::Object(fields)
        }
        ("contacts", card @ Value::Object(_)) => json!([card]),
        (_, body) => body,
    };
    if !has_shape(kind, &body) {
        return content("unsupported", json!({"type": kind, "content": body}));
    }
    let mut body = body;
    media::to_ours(kind, &mut body);
    if kind == "reaction" && body.get("emoji").is_none_or(|emoji| !emoji.is_string()) {
        body["emoji"] = json!("");
    }
    content(kind, body)
}

fn has_shape(kind: &str, body: &Value) -> bool {
    match kind {
        "text" => body.get("body").is_some_and(Value::is_string),
        "contacts" => body
            .as_array()
            .is_some_and(|cards| cards.iter().all(Value::is_object)),
        "reaction" => text_at(body, "message_id").is_some(),
        "edit" | "revoke" => text_at(body, "original_message_id").is_some(),
        _ => body.is_object(),
    }
}

/// The body of an unsupported message: what it was, and why it cannot be shown.
fn unsupported(body: Option<&Value>, errors: Option<&Value>) -> Value {
    let mut fields = match body {
        Some(Value::Object(fields)) => fields.clone(),
        Some(other) => Map::from_iter([("content".to_owned(), other.clone())]),
        None => Map::new(),
    };
    if let Some(errors) = errors {
        fields.insert("errors".to_owned(), errors.clone());
    }
    Value::Object(fields)
}
