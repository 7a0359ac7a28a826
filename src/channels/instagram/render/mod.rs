//! Our content into the body of a send, after checking it against Instagram's rules.
//!
//! Owns the envelope of a send, the choice of the check for each type, and how the right to write outside the window is
//! named. What passes here should not be refused by the provider for its form. Must not do I/O.

mod interactive;
mod simple;

use serde_json::{Map, Value, json};

use super::settings::Login;
use super::{comments, limits};
use crate::channels::FieldError;
use crate::channels::fields::Checked;
use crate::domain::Content;
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::marks::{COMMENT_ACTION, COMMENT_REPLY};
use crate::domain::outbound::SendRequest;

/// Types of content that can be sent.
pub(super) const KINDS: [&str; 11] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "like_heart",
    "share",
    "reaction",
    "interactive",
    COMMENT_REPLY,
    COMMENT_ACTION,
];

/// Checks content against Instagram's limits.
///
/// # Errors
/// Names the first field that breaks one.
pub(super) fn validate(content: &Content) -> Result<(), FieldError> {
    match content.kind.as_str() {
        COMMENT_REPLY => comments::reply(&content.body)?,
        COMMENT_ACTION => comments::action(&content.body)?,
        _ => message(content).map(drop)?,
    }
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

/// What a content becomes.
enum Rendered {
    /// The `message` of a send.
    Message(Value),
    /// A `sender_action` with its payload.
    Action(&'static str, Value),
}

fn message(content: &Content) -> Checked<Rendered> {
    let body = &content.body;
    Ok(Rendered::Message(match content.kind.as_str() {
        "text" => simple::text(body)?,
        "image" | "video" | "audio" | "document" => simple::media(&content.kind, body)?,
        "like_heart" => json!({"attachment": {"type": "like_heart"}}),
        "share" => simple::share(body)?,
        "interactive" => interactive::render(body)?,
        "reaction" => {
            let (action, payload) = simple::reaction(body)?;
            return Ok(Rendered::Action(action, payload));
        }
        _ => {
            let known = KINDS.join(", ");
            return Err(FieldError::new(
                "type",
                format!("cannot be sent on Instagram. Known are: {known}."),
            ));
        }
    }))
}

/// The body of `POST /{IG_ID}/messages` or `/{PAGE_ID}/messages`.
///
/// # Errors
/// Names the field that breaks a rule; `to` if there is nobody to send to.
pub(super) fn body(login: Login, request: &SendRequest) -> Result<Value, FieldError> {
    validate(&request.content)?;
    let comment = request.reply_to.as_deref().filter(|id| is_comment(id));
    let mut fields = Map::new();
    fields.insert(
        "recipient".into(),
        match comment {
            Some(id) => json!({ "comment_id": id }),
            None => json!({ "id": recipient(&request.to)? }),
        },
    );
    match message(&request.content)? {
        Rendered::Message(message) => fields.insert("message".into(), message),
        Rendered::Action(action, payload) => {
            fields.insert("sender_action".into(), json!(action));
            fields.insert("payload".into(), payload);
            return Ok(Value::Object(fields));
        }
    };
    // A private reply needs no window; anything else after 24 hours goes out by the human agent's right.
    if request.outside_window && comment.is_none() {
        if login == Login::Facebook {
            fields.insert("messaging_type".into(), json!("MESSAGE_TAG"));
        }
        fields.insert("tag".into(), json!("HUMAN_AGENT"));
    }
    Ok(Value::Object(fields))
}

/// Whether an id is a comment's: those are numbers, a message's is not.
pub(super) fn is_comment(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// The Instagram-scoped id of the recipient.
///
/// # Errors
/// The contact has none.
pub(super) fn recipient(identities: &[Identity]) -> Result<&str, FieldError> {
    let found = identities
        .iter()
        .find(|identity| identity.kind == IdentityKind::InstagramId);
    found
        .map(|identity| identity.value.as_str())
        .ok_or_else(|| FieldError::new("to", "This contact has no Instagram id."))
}
