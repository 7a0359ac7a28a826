//! What a message says, in the house's names.
//!
//! Owns the naming: WhatsApp's vocabulary wherever it has a word (`text`, `image`, `video`, `audio`, `document`, `button`,
//! `interactive`, `reaction`, `edit`, `revoke`, `unsupported`), else the attachment's own type, kept whole.
//!
//! Where media are: `link` in `image`, `video`, `audio` and `document`, `media_url` in every other kind and in
//! `extra.story_reply`. A message with several attachments has the first one's kind and lists the others under
//! `attachments`, each as a content of its own: `{"type": "image", "image": {"link": …}}`. All these addresses expire; whoever wants to keep a file fetches it soon.

use serde_json::{Map, Value, json};

use crate::channels::payload::{text, text_at};
use crate::domain::Content;
use crate::domain::content::HOUSE_KINDS;

/// Longest type that is kept as a content's kind, in bytes.
const MAX_KIND_BYTES: usize = 64;
/// Most attachments of one message that are kept (Instagram sends up to ten).
const MAX_ATTACHMENTS: usize = 30;
/// Fields of a message that have a place of their own; all others are kept as extra.
const PLACED: [&str; 10] = [
    "mid",
    "text",
    "attachments",
    "reply_to",
    "quick_reply",
    "is_echo",
    "is_self",
    "is_deleted",
    "is_unsupported",
    "seq",
];

/// A content.
pub(super) fn of(kind: &str, body: Value) -> Content {
    Content {
        kind: kind.to_owned(),
        body,
    }
}

/// The content of a message.
pub(super) fn of_message(message: &Value) -> Content {
    let said = message.get("text").and_then(Value::as_str);
    let quick_reply = message
        .get("quick_reply")
        .and_then(|reply| text_at(reply, "payload"));
    let attachments = message.get("attachments").map(list).unwrap_or_default();
    if let Some(payload) = quick_reply {
        let title = said.unwrap_or(&payload);
        let reply = json!({"type": "button_reply", "button_reply": {"id": payload, "title": title}});
        return of("interactive", reply);
    }
    match (attachments.first(), said) {
        (Some(_), _) => of_attachments(&attachments, said),
        (None, Some(body)) => of("text", json!({ "body": body })),
        (None, None) => of("unsupported", Value::Object(others(message))),
    }
}

/// The elements, or the one that stands without a list around it (as the Instagram-login pages show it).
fn list(attachments: &Value) -> Vec<&Value> {
    match attachments {
        Value::Array(list) => list
            .iter()
            .filter(|one| one.is_object())
            .take(MAX_ATTACHMENTS)
            .collect(),
        Value::Object(fields) => match fields.get("data").and_then(Value::as_array) {
            Some(list) => list.iter().take(MAX_ATTACHMENTS).collect(),
            None => vec![attachments],
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn of_attachments(attachments: &[&Value], said: Option<&str>) -> Content {
    let mut all: Vec<Content> = attachments
        .iter()
        .map(|attachment| of_attachment(attachment))
        .collect();
    let mut first = all[0].clone();
    if all.len() > 1 {
        let listed: Vec<Value> = all.drain(1..).map(labelled).collect();
        first.body["attachments"] = Value::Array(listed);
    }
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        let name = if is_file(&first.kind) { "caption" } else { "text" };
        first.body[name] = json!(said);
    }
    first
}

fn is_file(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "audio" | "document" | "sticker")
}

fn labelled(content: Content) -> Value {
    json!({"type": content.kind, content.kind: content.body})
}

fn of_attachment(attachment: &Value) -> Content {
    let named = text_at(attachment, "type").unwrap_or_default();
    let kind = match named.as_str() {
        "file" => "document",
        // The house's own words mean something else; a provider's type of that name is kept under another.
        "" | "text" | "reaction" | "location" | "contacts" | "interactive" | "button" | "unsupported" => {
            "attachment"
        }
        odd if HOUSE_KINDS.contains(&odd) => "attachment",
        long if long.len() > MAX_KIND_BYTES => "attachment",
        other => other,
    };
    let mut fields = match attachment.get("payload") {
        Some(Value::Object(fields)) => fields.clone(),
        Some(Value::Null) | None => Map::new(),
        Some(other) => Map::from_iter([("payload".to_owned(), other.clone())]),
    };
    if kind == "attachment" {
        fields.insert("attachment_type".to_owned(), json!(named));
    }
    let place = if is_file(kind) { "link" } else { "media_url" };
    if let Some(url) = fields.remove("url") {
        fields.insert(place.to_owned(), url);
    }
    for (name, value) in attachment.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "type" | "payload") {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    of(kind, Value::Object(fields))
}

/// Everything that has no place of its own: referral, the story that was answered, what is new.
pub(super) fn extra(message: &Value) -> Map<String, Value> {
    let mut extra = others(message);
    let story = message.pointer("/reply_to/story").and_then(Value::as_object);
    if let Some(story) = story {
        let mut story = story.clone();
        if let Some(url) = story.remove("url") {
            story.insert("media_url".to_owned(), url);
        }
        extra.insert("story_reply".to_owned(), Value::Object(story));
    }
    extra
}

fn others(message: &Value) -> Map<String, Value> {
    let fields = message.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| !PLACED.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The emoji of a reaction that came as a word only.
pub(super) fn emoji(word: Option<&str>) -> &'static str {
    match word {
        Some("smile" | "haha") => "😆",
        Some("wow") => "😮",
        Some("sad") => "😢",
        Some("angry") => "😠",
        Some("like" | "yes") => "👍",
        Some("dislike" | "no") => "👎",
        Some("love") | None => "❤️",
        Some(_) => "❔",
    }
}

/// The words of a comment, whatever type they have.
pub(super) fn words(value: &Value, name: &str) -> String {
    value.get(name).and_then(text).unwrap_or_default()
}
