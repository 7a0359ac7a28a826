//! News about the delivery of our messages, from callbacks and from the list of messages.
//!
//! Owns the words for each step and the errors that come with them.

use std::borrow::Cow;

use serde_json::Value;

use super::errors::{class_of, title};
use super::form::Form;
use super::parse::WHATSAPP;
use crate::channels::WebhookRequest;
use crate::channels::graph::MAX_DETAIL_CHARS;
use crate::domain::MessageId;
use crate::domain::identity::Identity;
use crate::domain::inbound::StatusUpdate;
use crate::domain::message::{MessageError, MessageStatus};
use crate::domain::outbound::ErrorClass;
use crate::domain::phrases;
use crate::domain::policy::MessagingRules;

/// The parameter that the status callback's address carries: our own id of the message.
pub(super) const CALLBACK: &str = "frontdesk_message";

/// What is kept of a webhook: its body, with our own id where the signed address carried it. Thereby a status settles the
/// send that it speaks of, even if the send's answer was lost.
pub(super) fn with_callback<'a>(request: &WebhookRequest<'a>) -> Cow<'a, [u8]> {
    let own = request.query.split('&').find_map(|part| {
        let value = part.strip_prefix(CALLBACK)?.strip_prefix('=')?;
        value.parse::<MessageId>().ok()
    });
    match own.filter(|_| !request.by_get && !request.body.is_empty()) {
        Some(id) => {
            let mut kept = request.body.to_vec();
            kept.extend_from_slice(format!("&{CALLBACK}={id}").as_bytes());
            Cow::Owned(kept)
        }
        None => Cow::Borrowed(request.body),
    }
}

/// The status that a callback tells; `None` if the form is a message that came in.
pub(super) fn word(form: &Form) -> Option<&str> {
    let word = form.text("MessageStatus").or_else(|| form.text("SmsStatus"))?;
    (!matches!(word, "received" | "receiving")).then_some(word)
}

/// The step of one of Twilio's words; `None` for a word that this version does not know.
pub(super) fn step(word: &str) -> Option<MessageStatus> {
    match word {
        "queued" | "accepted" | "scheduled" | "sending" => Some(MessageStatus::Accepted),
        // A part of a group has it: no more than sent is sure for the rest.
        "sent" | "partially_delivered" => Some(MessageStatus::Sent),
        "delivered" => Some(MessageStatus::Delivered),
        "read" => Some(MessageStatus::Read),
        "undelivered" | "failed" | "canceled" => Some(MessageStatus::Failed),
        _ => None,
    }
}

/// One callback.
pub(super) fn read(form: &Form, id: &str, word: &str) -> Option<StatusUpdate> {
    let status = step(word)?;
    let (error, error_class) = match status {
        MessageStatus::Failed => {
            let said = form
                .text("ChannelStatusMessage")
                .or_else(|| form.text("ErrorMessage"));
            failure(word, form.text("ErrorCode"), said)
        }
        _ => (None, None),
    };
    let whom = form.text("To").and_then(|to| to.strip_prefix(WHATSAPP));
    Some(StatusUpdate {
        provider_message_id: id.to_owned(),
        status,
        at: None,
        callback: form.text(CALLBACK).and_then(|id| id.parse().ok()),
        recipient: whom.and_then(Identity::whatsapp).into_iter().collect(),
        error,
        error_class,
        pricing: None,
        free_until: None,
    })
}

/// The step that a message of the REST API stands at.
pub(super) fn of_message(message: &Value) -> Option<StatusUpdate> {
    let text = |name: &str| {
        message
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let word = text("status")?;
    let status = step(word)?;
    let code = message.get("error_code").and_then(|code| match code {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    });
    let (error, error_class) = match status {
        MessageStatus::Failed => failure(word, code.as_deref(), text("error_message")),
        _ => (None, None),
    };
    Some(StatusUpdate {
        provider_message_id: text("sid")?.to_owned(),
        status,
        at: None,
        callback: None,
        recipient: Vec::new(),
        error,
        error_class,
        pricing: None,
        free_until: None,
    })
}

fn failure(word: &str, code: Option<&str>, said: Option<&str>) -> (Option<MessageError>, Option<ErrorClass>) {
    let number = code
        .and_then(|code| code.parse().ok())
        .filter(|code| *code != 0_u32);
    let class = number.map(|code| class_of(code).unwrap_or(ErrorClass::Permanent));
    let cut = |text: &str| text.chars().take(MAX_DETAIL_CHARS).collect::<String>();
    let plain = match word {
        "canceled" => phrases::SMS_CANCELLED.text(),
        "undelivered" => phrases::SMS_UNDELIVERED.text(),
        _ => phrases::SMS_NOT_HANDED_OVER.text(),
    };
    let error = MessageError {
        code: number.map_or_else(|| word.to_owned(), |code| code.to_string()),
        title: class.map_or(phrases::NOT_DELIVERED.text(), title).to_owned(),
        detail: said.map_or_else(|| plain.to_owned(), cut),
        advice: class
            .map_or(
                phrases::SEND_AGAIN_OR_OTHER_WAY.text(),
                // Twilio knows a window only on WhatsApp.
                |class| class.advice_under(MessagingRules::WHATSAPP),
            )
            .to_owned(),
    };
    (Some(error), class)
}
