//! Validation of a send request, as sections 2 and 9 of the contract describe it.
//!
//! Pure: a JSON body in, a [`Request`] or the provider's error out. What needs the account (templates, windows,
//! rates) is decided later. Unknown extra fields are tolerated, as the provider's own examples need it.

mod content;
mod fields;
mod interactive;
mod template;

use serde_json::{Map, Value};

use super::errors::GraphError;
use fields::{Fields, units};
pub(crate) use template::{check as check_template, variables as template_variables};

/// What a body asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Send(Box<SendRequest>),
    MarkRead { message_id: String, typing: bool },
}

/// Whom a message goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Digits of a phone number.
    Phone {
        input: String,
        digits: String,
    },
    /// A business-scoped user id.
    User {
        user_id: String,
    },
    Group {
        group_id: String,
    },
}

/// A valid message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SendRequest {
    pub to: Recipient,
    /// `text`, `image`, …, `template`.
    pub kind: String,
    /// The object (or, for contacts, the list) under the name of the type.
    pub content: Value,
    pub context_id: Option<String>,
    pub callback: Option<String>,
    pub identity_hash: Option<String>,
}

pub(crate) type Checked<T> = Result<T, GraphError>;

/// Parses and checks a body of `POST /{phone number id}/messages`. `own_digits` are the sender's.
pub(crate) fn request(body: &[u8], own_digits: &str) -> Checked<Request> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| GraphError::with(100, format!("The request body is not valid JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(GraphError::with(100, "The request body must be a JSON object."));
    };
    if object.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::with(
            100,
            "The parameter messaging_product is required and must be 'whatsapp'.",
        ));
    }
    if object.contains_key("status") {
        return mark_read(&object);
    }
    send(object, own_digits).map(|send| Request::Send(Box::new(send)))
}

fn mark_read(object: &Map<String, Value>) -> Checked<Request> {
    let fields = Fields::new(object, "");
    let status = fields.string("status", 1, 32)?;
    if status != "read" {
        return Err(GraphError::with(131_009, "Parameter 'status' must be 'read'."));
    }
    let message_id = fields.string("message_id", 1, 1_024)?;
    if !message_id.starts_with("wamid.") {
        return Err(GraphError::with(
            131_009,
            "Parameter 'message_id' is not a valid message id.",
        ));
    }
    let typing = match fields.optional_object("typing_indicator")? {
        None => false,
        Some(typing) if typing.string("type", 1, 32)? == "text" => true,
        Some(_) => {
            return Err(GraphError::with(
                131_009,
                "Parameter 'typing_indicator.type' must be 'text'.",
            ));
        }
    };
    Ok(Request::MarkRead {
        message_id: message_id.to_owned(),
        typing,
    })
}

fn send(object: Map<String, Value>, own_digits: &str) -> Checked<SendRequest> {
    let fields = Fields::new(&object, "");
    let to = recipient(&fields, own_digits)?;
    let kind = match fields.optional_string("type", 64)? {
        Some(kind) => kind.to_owned(),
        None if object.contains_key("text") => "text".to_owned(),
        None => return Err(missing("type")),
    };
    let callback = fields
        .optional_string("biz_opaque_callback_data", 512)?
        .map(str::to_owned);
    let identity_hash = fields
        .optional_string("recipient_identity_key_hash", 512)?
        .map(str::to_owned);
    let context_id = match fields.optional_object("context")? {
        Some(context) => Some(context.string("message_id", 1, 1_024)?.to_owned()),
        None => None,
    };
    content::check(&fields, &kind)?;
    if kind == "reaction" && context_id.is_some() {
        return Err(GraphError::with(
            131_009,
            "Parameter 'context' is not allowed for reactions.",
        ));
    }
    let content = object.get(&kind).cloned().unwrap_or(Value::Null);
    Ok(SendRequest {
        to,
        kind,
        content,
        context_id,
        callback,
        identity_hash,
    })
}

fn recipient(fields: &Fields<'_>, own_digits: &str) -> Checked<Recipient> {
    let group = match fields.optional_string("recipient_type", 32)? {
        None | Some("individual") => false,
        Some("group") => true,
        Some(_) => {
            return Err(GraphError::with(
                131_009,
                "Parameter 'recipient_type' must be 'individual' or 'group'.",
            ));
        }
    };
    let to = fields.optional_string("to", 256)?.filter(|to| !to.is_empty());
    let user = fields
        .optional_string("recipient", 256)?
        .filter(|user| !user.is_empty());
    match (to, user) {
        (Some(to), _) if group => Ok(Recipient::Group {
            group_id: to.to_owned(),
        }),
        (Some(to), _) => phone(to, own_digits),
        (None, Some(user)) if is_user_id(user) => Ok(Recipient::User {
            user_id: user.to_owned(),
        }),
        (None, Some(_)) => Err(GraphError::with(
            131_009,
            "Parameter 'recipient' is not a valid business-scoped user id.",
        )),
        (None, None) => Err(missing("to")),
    }
}

fn phone(input: &str, own_digits: &str) -> Checked<Recipient> {
    let digits = digits(input)
        .filter(|digits| (5..=20).contains(&digits.len()))
        .ok_or_else(|| GraphError::with(131_009, "Parameter 'to' is not a valid phone number."))?;
    if digits == own_digits {
        return Err(GraphError::new(131_021));
    }
    Ok(Recipient::Phone {
        input: input.to_owned(),
        digits,
    })
}

/// The digits of a number written with `+ - ( )` and blanks; nothing else is tolerated.
pub(crate) fn digits(input: &str) -> Option<String> {
    let mut digits = String::with_capacity(input.len());
    for character in input.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '+' | '-' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// `KE.90012345678901234567` or `KE.ENT.9001…`.
pub(crate) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let id = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// 131008 for an absent parameter.
fn missing(path: &str) -> GraphError {
    GraphError::with(131_008, format!("Parameter '{path}' is missing."))
}

/// 131009 for a text of the wrong length, in the provider's words.
fn length(label: &str, text: &str, min: usize, max: usize) -> Checked<()> {
    if (min..=max).contains(&units(text)) {
        return Ok(());
    }
    Err(GraphError::with(
        131_009,
        format!("{label} length invalid. Min length: {min}, Max length: {max}"),
    ))
}
