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
    let kind = message.get("type").and_then(text).unwrap_or_default();
    // `note` means an internal note in this house; a provider's type of that name is something else.
    if kind.is_empty() || kind.len() > MAX_KIND_BYTES || kind == "note" {
        return content("unknown", Value::Object(message.clone()));
    }
    let body = message.get(&kind).filter(|body| !body.is_null());
    match (kind.as_str(), body) {
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

fn is_known(kind: &str) -> bool {
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
    media::is_media(kind) || STRUCTURED.contains(&kind)
}

/// A known type in its proper shape, or, so that nobody trips over it, as unsupported with everything that was there.
fn of_known(kind: &str, body: Option<&Value>) -> Content {
    let body = body.cloned().unwrap_or(Value::Null);
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
