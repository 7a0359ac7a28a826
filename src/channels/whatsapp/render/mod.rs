//! Our content into the body of a send, after checking it against WhatsApp's rules.
//!
//! Owns the envelope of a send and the choice of the check for each type. What passes here should not be refused by the
//! provider for its form; what its account allows is not known here. Must not do I/O.

mod cards;
mod components;
mod contacts;
mod interactive;
mod simple;
mod template;

use serde_json::{Map, Value, json};

use self::fields::Checked;
use super::{limits, media};
use crate::channels::{FieldError, fields};
use crate::domain::Content;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::outbound::SendRequest;

/// Types of content that can be sent.
pub(super) const KINDS: [&str; 11] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// Checks content against WhatsApp's limits.
///
/// # Errors
/// Names the first field that breaks one.
pub(super) fn validate(content: &Content) -> Result<(), FieldError> {
    let body = &content.body;
    match content.kind.as_str() {
        "text" => simple::text(body),
        "image" | "video" | "audio" | "document" | "sticker" => {
            simple::media(&content.kind, body, &content.kind)
        }
        "location" => simple::location(body, "location"),
        "reaction" => simple::reaction(body),
        "contacts" => contacts::check(body),
        "interactive" => interactive::check(body),
        "template" => template::check(body),
        _ => {
            let known = KINDS.join(", ");
            return Err(FieldError::new(
                "type",
                format!("cannot be sent on WhatsApp. Known are: {known}."),
            ));
        }
    }?;
    size(content)
}

/// Small parts can still add up (flow data, addresses), so the whole has a limit as well.
fn size(content: &Content) -> Checked {
    match content.body.to_string().len() {
        bytes if bytes > limits::CONTENT_BYTES => Err(FieldError::new(
            &content.kind,
            format!(
                "is too large: {bytes} bytes, at most {} are allowed.",
                limits::CONTENT_BYTES
            ),
        )),
        _ => Ok(()),
    }
}

/// The body of `POST /{phone_number_id}/messages`.
///
/// # Errors
/// Names the field that breaks a rule; `to` if there is nobody to send to.
pub(super) fn body(request: &SendRequest) -> Result<Value, FieldError> {
    validate(&request.content)?;
    let (address, value) = recipient(&request.to)?;
    let kind = request.content.kind.as_str();
    let mut fields = Map::new();
    fields.insert("messaging_product".into(), json!("whatsapp"));
    fields.insert("recipient_type".into(), json!("individual"));
    fields.insert(address.into(), json!(value));
    fields.insert("type".into(), json!(kind));
    fields.insert(kind.into(), content(&request.content));
    fields.insert(
        "biz_opaque_callback_data".into(),
        json!(request.message.to_string()),
    );
    if let Some(hash) = &request.identity_hash {
        fields.insert("recipient_identity_key_hash".into(), json!(hash));
    }
    // The provider refuses a quote together with a reaction, which names its message itself.
    if let (Some(id), true) = (&request.reply_to, kind != "reaction") {
        fields.insert("context".into(), json!({ "message_id": id }));
    }
    Ok(Value::Object(fields))
}

/// The content object in the provider's names.
fn content(content: &Content) -> Value {
    let mut body = match content.kind.as_str() {
        "template" => template::render(&content.body),
        _ => content.body.clone(),
    };
    media::to_provider(&content.kind, &mut body);
    body
}

/// The field that addresses the recipient, and its value. A number goes before a user id: every kind of message can be
/// sent to it (authentication templates cannot be sent to a user id, error 131062).
fn recipient(identities: &[Identity]) -> Result<(&'static str, String), FieldError> {
    let of_kind = |kind| identities.iter().find(|identity| identity.kind == kind);
    let digits = |identity: &Identity| {
        identity
            .value
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let number = of_kind(IdentityKind::WhatsappId)
        .or_else(|| of_kind(IdentityKind::Phone))
        .map(digits)
        .filter(|digits| !digits.is_empty());
    let user_id = || of_kind(IdentityKind::WhatsappUserId).map(|identity| identity.value.clone());
    number
        .map(|number| ("to", number))
        .or_else(|| user_id().map(|id| ("recipient", id)))
        .ok_or_else(|| FieldError::new("to", "This contact has neither a phone number nor a WhatsApp id."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConversationId, MessageId};
    use proptest::prelude::*;

    fn request(content: Content) -> SendRequest {
        SendRequest {
            message: MessageId {
                conversation: ConversationId([1; 16]),
                n: 1,
            },
            to: vec![Identity::new(IdentityKind::Phone, "+254711000234")],
            content,
            reply_to: None,
            outside_window: false,
            identity_hash: None,
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            "[a-z ]{0,6}".prop_map(Value::from),
            any::<i16>().prop_map(Value::from),
            Just(json!({"type": "text", "text": "x"})),
            Just(json!({"type": "image", "image": {"media_id": "7"}})),
            Just(json!([])),
        ]
    }

    proptest! {
        #[test]
        fn a_template_that_passes_is_rendered_whole(
            language in prop_oneof![Just(json!("en-US")), Just(json!({"code": "en"})), value()],
            variables in prop_oneof![
                prop::collection::vec(value(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-z_]{1,3}", value(), 0..3).prop_map(|map| map.into_iter().collect()),
                Just(Value::Null),
            ],
            header in value(),
            payloads in prop::collection::vec(value(), 0..3),
        ) {
            let buttons: Vec<Value> = payloads.iter().map(|payload| json!({"payload": payload})).collect();
            let body = json!({"name": "a", "language": language, "variables": variables, "header": header,
                "buttons": buttons});
            let content = Content { kind: "template".into(), body: body.clone() };
            if validate(&content).is_ok() {
                let out = super::body(&request(content)).expect("valid content can be rendered");
                let count = |list: &Value| list.as_array().map_or(0, Vec::len);
                let filled = variables.as_array().map_or_else(|| variables.as_object().map_or(0, Map::len), Vec::len);
                let wanted = usize::from(!header.is_null()) + usize::from(filled > 0) + buttons.len();
                prop_assert_eq!(count(&out["template"]["components"]), wanted);
                prop_assert!(!out.to_string().contains("media_id"));
            }
        }
    }
}
