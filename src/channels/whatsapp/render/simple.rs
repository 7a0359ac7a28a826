//! Text, files, places and reactions.
//!
//! Owns the rules of these types.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::super::limits;
use super::fields::{Checked, Fields};

/// Longest emoji in bytes (ours): a family with skin tones has about 40.
const MAX_EMOJI_BYTES: usize = 64;

pub(super) fn text(body: &Value) -> Checked {
    let fields = Fields::of(body, "text", &["body", "preview_url"])?;
    fields.text("body", limits::TEXT)?;
    fields.optional_bool("preview_url")
}

/// A file: by the id of an upload or by a link, never both.
pub(super) fn media(kind: &str, body: &Value, path: &str) -> Checked {
    let allowed: &[&str] = match kind {
        "image" | "video" => &["media_id", "link", "caption"],
        "document" => &["media_id", "link", "caption", "filename"],
        "audio" => &["media_id", "link", "voice"],
        _ => &["media_id", "link"],
    };
    let fields = Fields::of(body, path, allowed)?;
    match (fields.has("media_id"), fields.has("link")) {
        (true, false) => fields.text("media_id", limits::PROVIDER_ID).map(drop),
        (false, true) => fields.url("link"),
        (true, true) => fields.refuse("link", "must not stand beside media_id; give one of the two."),
        (false, false) => fields.refuse("media_id", "is missing; give media_id or link."),
    }?;
    fields.optional_text("caption", limits::CAPTION)?;
    fields.optional_text("filename", limits::FILENAME)?;
    fields.optional_bool("voice")
}

pub(super) fn location(body: &Value, path: &str) -> Checked {
    let fields = Fields::of(body, path, &["latitude", "longitude", "name", "address"])?;
    degrees(&fields, "latitude", 90.0)?;
    degrees(&fields, "longitude", 180.0)?;
    fields.optional_text("name", limits::SHORT_TEXT)?;
    fields.optional_text("address", limits::SHORT_TEXT).map(drop)
}

/// Degrees as number or as text; Meta's samples use both.
fn degrees(fields: &Fields<'_>, name: &str, max: f64) -> Checked {
    let degrees = match fields.value(name) {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    match degrees {
        Some(degrees) if (-max..=max).contains(&degrees) => Ok(()),
        _ => fields.refuse(name, format!("must be a number of degrees from -{max} to {max}.")),
    }
}

pub(super) fn reaction(body: &Value) -> Checked {
    let fields = Fields::of(body, "reaction", &["message_id", "emoji"])?;
    fields.text("message_id", limits::PROVIDER_ID)?;
    let emoji = match fields.value("emoji") {
        Some(Value::String(emoji)) => emoji,
        _ => {
            return fields.refuse(
                "emoji",
                "must be an emoji, or an empty text to take the reaction back.",
            );
        }
    };
    let is_plain_text = !emoji.is_empty() && emoji.is_ascii() || emoji.chars().any(char::is_whitespace);
    match emoji.graphemes(true).take(2).count() > 1 || emoji.len() > MAX_EMOJI_BYTES || is_plain_text {
        true => fields.refuse("emoji", "must be one emoji."),
        false => Ok(()),
    }
}
