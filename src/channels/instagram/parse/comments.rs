//! Comments on posts, reels, ads and live videos, and mentions of the account.
//!
//! Owns the one content that they all become: kind `comment`, with the comment's `id`, its `text`, and `on`: `post`, `live`
//! or `mention`. It can be answered once in private; it opens no reply window.

use serde_json::{Map, Value, json};

use super::{Place, content, id_at, notice, time, unknown};
use crate::channels::payload::text_at;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::inbound::{Inbound, InboundMessage, Sender};

/// Reads one comment. The account's own are no news: they are its answers. A mention that does not say by whom stays a
/// notice; there is nobody to show it with.
pub(super) fn read(field: &str, value: Value, place: &Place<'_>) -> Option<Inbound> {
    let Some(author) = value.get("from").and_then(|from| id_at(from, "id")) else {
        return Some(match (field, value.is_object()) {
            ("mentions", true) => notice(field, value),
            _ => unknown(field, value),
        });
    };
    if author == place.account {
        return None;
    }
    let id = id_at(&value, "id").or_else(|| id_at(&value, "comment_id"));
    let Some(id) = id else {
        return Some(unknown(field, value));
    };
    let username = value.get("from").and_then(|from| text_at(from, "username"));
    let username = username.map(|name| Identity::new(IdentityKind::Username, name));
    let identity = Identity::new(IdentityKind::InstagramId, author);
    Some(Inbound::Message(InboundMessage {
        sender: Sender {
            // Their profile may not be read before they write, so that the user name is what there is to show.
            identities: username.into_iter().chain([identity]).collect(),
            profile_name: None,
        },
        at: time(value.get("created_time").or_else(|| value.get("timestamp"))).or(place.time),
        content: content::of("comment", Value::Object(body(field, &id, &value))),
        provider_message_id: id,
        reply_to: None,
        forwarded: false,
        extra: None,
    }))
}

fn body(field: &str, id: &str, value: &Value) -> Map<String, Value> {
    let is_live = field == "live_comments"
        || value.pointer("/media/media_product_type").and_then(Value::as_str) == Some("LIVE");
    let on = match (field, is_live) {
        ("mentions", _) => "mention",
        (_, true) => "live",
        (_, false) => "post",
    };
    let mut fields = value.as_object().cloned().unwrap_or_default();
    fields.remove("comment_id");
    fields.insert("id".to_owned(), json!(id));
    fields.insert("text".to_owned(), json!(content::words(value, "text")));
    fields.insert("on".to_owned(), json!(on));
    fields
}
