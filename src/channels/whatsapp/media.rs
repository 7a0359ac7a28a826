//! Media ids: the provider calls them `id`, Frontdesk's API calls them `media_id`.
//!
//! Owns the renaming in both directions, at the top of a media content and wherever a media object stands inside another
//! content (headers, cards, edits). Must not look at anything else.

use serde_json::{Map, Value};

/// Types of content that are files.
pub(super) const KINDS: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// How deep media objects are looked for; the deepest known one (a template's card header) stands eight levels down.
const MAX_DEPTH: usize = 32;

/// Whether `kind` is a file.
pub(super) fn is_media(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// `id` → `media_id` in the body of a content of `kind`. Numbers become texts.
pub(super) fn to_ours(kind: &str, body: &mut Value) {
    rename_within(kind, body, "id", "media_id", 0);
}

/// `media_id` → `id` in the body of a content of `kind`.
pub(super) fn to_provider(kind: &str, body: &mut Value) {
    rename_within(kind, body, "media_id", "id", 0);
}

fn rename_within(key: &str, value: &mut Value, from: &str, to: &str, depth: usize) {
    match value {
        Value::Object(fields) => {
            if is_media(key) {
                rename(fields, from, to);
            }
            for (name, inner) in fields.iter_mut().filter(|_| depth < MAX_DEPTH) {
                rename_within(name, inner, from, to, depth + 1);
            }
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                rename_within("", item, from, to, depth + 1);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(id) = fields.remove(from) {
        let id = super::payload::text(&id).map_or(id, Value::String);
        fields.insert(to.to_owned(), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_renamed_at_the_top_and_inside_and_back() {
        let table = [
            (
                "image",
                json!({"id": "7", "caption": "x"}),
                json!({"media_id": "7", "caption": "x"}),
            ),
            (
                "edit",
                json!({"original_message_id": "w", "message": {"type": "image", "image": {"id": "7"}}}),
                json!({"original_message_id": "w", "message": {"type": "image", "image": {"media_id": "7"}}}),
            ),
            (
                "interactive",
                json!({"action": {"buttons": [{"reply": {"id": "keep"}}]}, "header": {"video": {"id": "8"}}}),
                json!({"action": {"buttons": [{"reply": {"id": "keep"}}]}, "header": {"video": {"media_id": "8"}}}),
            ),
        ];
        for (kind, theirs, ours) in table {
            let mut body = theirs.clone();
            to_ours(kind, &mut body);
            assert_eq!(body, ours);
            to_provider(kind, &mut body);
            assert_eq!(body, theirs);
        }
    }
}
