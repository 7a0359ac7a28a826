//! Text, files, posts and reactions.
//!
//! Owns the rules of these types.

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

use super::super::limits;
use crate::channels::FieldError;
use crate::channels::fields::{Checked, Fields};

/// Longest emoji in bytes (ours): a family with skin tones has about 40.
const MAX_EMOJI_BYTES: usize = 64;
/// Words that Instagram takes in place of an emoji.
const REACTION_WORDS: [&str; 1] = ["love"];

pub(super) fn text(body: &Value) -> Checked<Value> {
    let fields = Fields::of(body, "text", &["body", "preview_url"])?;
    let text = fields.text("body", usize::MAX)?;
    fields.optional_bool("preview_url")?;
    within(text, &fields.path_of("body"))?;
    Ok(json!({ "text": text }))
}

/// Instagram counts bytes, so that one emoji takes as much as four letters.
pub(super) fn within(text: &str, path: &str) -> Checked {
    match text.len() {
        bytes if bytes > limits::TEXT_BYTES => Err(FieldError::new(
            path,
            format!(
                "is too long: {bytes} bytes, at most {} are allowed. Letters beyond a–z and emoji take two to four.",
                limits::TEXT_BYTES
            ),
        )),
        _ => Ok(()),
    }
}

/// A file by its public address, or by the id of an upload; images also several at once, under `attachments`.
pub(super) fn media(kind: &str, body: &Value) -> Checked<Value> {
    if kind == "image" && body.get("attachments").is_some() {
        return images(body);
    }
    let fields = Fields::of(body, kind, &["media_id", "link", "filename", "voice"])?;
    fields.optional_text("filename", 240)?;
    fields.optional_bool("voice")?;
    let payload = file(&fields)?;
    let kind = if kind == "document" { "file" } else { kind };
    Ok(json!({"attachment": {"type": kind, "payload": payload}}))
}

fn file(fields: &Fields<'_>) -> Checked<Value> {
    match (fields.has("media_id"), fields.has("link")) {
        (true, false) => Ok(json!({"attachment_id": fields.text("media_id", limits::PROVIDER_ID)?})),
        (false, true) => {
            fields.url("link")?;
            Ok(json!({"url": fields.text("link", usize::MAX)?}))
        }
        (true, true) => fields.refuse("link", "must not stand beside media_id; give one of the two."),
        (false, false) => fields.refuse("media_id", "is missing; give media_id or link."),
    }
}

/// The first picture, and the others as contents of their own.
fn images(body: &Value) -> Checked<Value> {
    let fields = Fields::of(body, "image", &["link", "media_id", "attachments"])?;
    let mut attachments = vec![json!({"type": "image", "payload": file(&fields)?})];
    for (path, image) in fields.list("attachments", 1, limits::IMAGES - 1)? {
        let image = Fields::of(image, path, &["type", "image"])?;
        image.word("type", &["image"])?;
        let image = image.object("image", &["media_id", "link"])?;
        attachments.push(json!({"type": "image", "payload": file(&image)?}));
    }
    Ok(json!({ "attachments": attachments }))
}

/// A post of the account's own, by its media id.
pub(super) fn share(body: &Value) -> Checked<Value> {
    let fields = Fields::of(body, "share", &["id"])?;
    let id = fields.text("id", limits::PROVIDER_ID)?;
    Ok(json!({"attachment": {"type": "MEDIA_SHARE", "payload": {"id": id}}}))
}

/// The action and its payload; an empty emoji takes the reaction back.
pub(super) fn reaction(body: &Value) -> Checked<(&'static str, Value)> {
    let fields = Fields::of(body, "reaction", &["message_id", "emoji"])?;
    let id = fields.text("message_id", limits::PROVIDER_ID)?;
    let emoji = match fields.value("emoji") {
        Some(Value::String(emoji)) => emoji.as_str(),
        _ => {
            return fields.refuse(
                "emoji",
                "must be an emoji, or an empty text to take the reaction back.",
            );
        }
    };
    if emoji.is_empty() {
        return Ok(("unreact", json!({ "message_id": id })));
    }
    let is_word = REACTION_WORDS.contains(&emoji);
    let is_plain_text = emoji.is_ascii() || emoji.chars().any(char::is_whitespace);
    let is_long = emoji.graphemes(true).take(2).count() > 1 || emoji.len() > MAX_EMOJI_BYTES;
    if !is_word && (is_plain_text || is_long) {
        return fields.refuse("emoji", "must be one emoji.");
    }
    // The heart goes by its word, which every version of the app shows.
    let reaction = if matches!(emoji, "❤️" | "❤") {
        "love"
    } else {
        emoji
    };
    Ok(("react", json!({"message_id": id, "reaction": reaction})))
}
