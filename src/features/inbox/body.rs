//! A message as someone wants to send it: `{"type":"text","text":{…},"context":{…}}`, as WhatsApp Cloud API names it.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::channels::FieldError;
use crate::domain::marks::TrackedLink;
use crate::domain::{Content, MessageId};
use crate::http::ApiBody;

/// Kinds that cannot be sent by this way.
const RESERVED: [&str; 5] = ["note", "type", "context", "track_links", IDENTITY];
/// The hash of the only identity that a message may reach, as WhatsApp Cloud API names it.
const IDENTITY: &str = "recipient_identity_key_hash";
/// Longest hash.
const MAX_IDENTITY: usize = 256;

/// The body, with fields that depend on its `type`.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct MessageBody(Map<String, Value>);

impl ApiBody for MessageBody {
    const LIMIT: usize = 128 * 1024;
}

/// The body, read.
pub(super) struct Wish {
    pub content: Content,
    pub reply_to: Option<MessageId>,
    /// Web addresses in it are to be replaced by tracked ones.
    pub track_links: bool,
    pub links: Vec<TrackedLink>,
    /// It may only reach whom this hash stands for.
    pub identity_hash: Option<String>,
    /// Hash of the request, for its idempotency key.
    pub hash: [u8; 32],
}

impl MessageBody {
    /// Whether a field is there.
    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Takes a text field out.
    pub(super) fn take_text(&mut self, field: &'static str) -> Result<String, FieldError> {
        match self.0.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(FieldError::new(field, "must be a text.")),
            None => Err(FieldError::new(field, "is missing.")),
        }
    }

    /// Reads content and context; what is left over is refused by name. `address` tells requests to different
    /// conversations apart.
    pub(super) fn into_wish(mut self, address: &str) -> Result<Wish, FieldError> {
        let mut hash = Sha256::new();
        hash.update(address);
        hash.update([0]);
        // Keys of a JSON map are sorted, so that the order of fields does not matter.
        hash.update(Value::Object(self.0.clone()).to_string());
        let kind = self.take_text("type")?;
        if RESERVED.contains(&kind.as_str()) {
            return Err(FieldError::new("type", format!("{kind} cannot be sent.")));
        }
        let reply_to = self.0.remove("context").map(context).transpose()?;
        let track_links = match self.0.remove("track_links") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(wanted)) => wanted,
            Some(_) => return Err(FieldError::new("track_links", "must be true or false.")),
        };
        let identity_hash = match self.0.remove(IDENTITY) {
            None | Some(Value::Null) => None,
            Some(Value::String(hash)) if (1..=MAX_IDENTITY).contains(&hash.len()) => Some(hash),
            Some(_) => {
                return Err(FieldError::new(
                    IDENTITY,
                    "must be the hash that came with a message.",
                ));
            }
        };
        let body = self
            .0
            .remove(&kind)
            .ok_or_else(|| FieldError::new(kind.clone(), "is missing: it holds the content."))?;
        if let Some(unknown) = self.0.keys().next() {
            return Err(FieldError::new(unknown.clone(), "is not a field of this call."));
        }
        Ok(Wish {
            content: Content { kind, body },
            reply_to,
            track_links,
            links: Vec::new(),
            identity_hash,
            hash: hash.finalize().into(),
        })
    }
}

fn context(value: Value) -> Result<MessageId, FieldError> {
    let invalid = || {
        FieldError::new(
            "context.message_id",
            "must be the id of a message of this conversation.",
        )
    };
    let Value::Object(mut fields) = value else {
        return Err(FieldError::new("context", "must be an object with message_id."));
    };
    let id = fields
        .remove("message_id")
        .and_then(|id| id.as_str().map(str::to_owned))
        .ok_or_else(invalid)?;
    if let Some(unknown) = fields.keys().next() {
        return Err(FieldError::new(
            format!("context.{unknown}"),
            "is not a field of this call.",
        ));
    }
    id.parse().map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Wish, FieldError> {
        let body: MessageBody = serde_json::from_value(body).expect("an object");
        body.into_wish("here")
    }

    #[test]
    fn content_stands_under_the_name_of_its_type() {
        let wish = read(json!({"type": "text", "text": {"body": "hi"}})).expect("valid");
        assert_eq!(
            wish.content,
            Content {
                kind: "text".into(),
                body: json!({"body": "hi"})
            }
        );
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let table = [
            (json!({}), "type"),
            (json!({"type": 1}), "type"),
            (json!({"type": "note", "note": {}}), "type"),
            (json!({"type": "text"}), "text"),
            (json!({"type": "text", "text": {}, "extra": 1}), "extra"),
            (
                json!({"type": "text", "text": {}, "track_links": 1}),
                "track_links",
            ),
            (
                json!({"type": "text", "text": {}, "context": {"message_id": "x"}}),
                "context.message_id",
            ),
            (json!({"type": "text", "text": {}, "context": []}), "context"),
        ];
        for (body, field) in table {
            let error = read(body.clone())
                .err()
                .unwrap_or_else(|| panic!("{body} passed"));
            assert_eq!(error.field, field, "{body}");
        }
    }

    #[test]
    fn the_order_of_fields_does_not_change_the_request() {
        let a: MessageBody = serde_json::from_str(r#"{"type":"text","text":{"body":"x"}}"#).expect("json");
        let b: MessageBody = serde_json::from_str(r#"{"text":{"body":"x"},"type":"text"}"#).expect("json");
        let (a, b) = (
            a.into_wish("here").expect("valid"),
            b.into_wish("here").expect("valid"),
        );
        assert_eq!(a.hash, b.hash);
    }
}
