//! News about the delivery of our messages, and the errors in them.
//!
//! Owns the reading of `statuses[]` in its old and new shapes.

use serde_json::Value;

use super::super::answer::MAX_DETAIL_CHARS;
use super::super::errors::class_of;
use super::super::payload::{cut, text_at, whole_number};
use super::messages::{id, time};
use super::sender::{Contacts, Ids};
use crate::domain::identity::Identity;
use crate::domain::inbound::{Inbound, StatusUpdate};
use crate::domain::message::{MessageError, MessageStatus, Pricing};
use crate::domain::outbound::ErrorClass;
use crate::domain::phrases;
use crate::domain::policy::MessagingRules;

/// Longest code or price word that is kept, in characters.
const MAX_WORD_CHARS: usize = 64;

/// One status; `None` if it names no message or a step that this version does not know.
pub(super) fn read(value: &Value, contacts: &Contacts) -> Option<Inbound> {
    let status = match text_at(value, "status")?.as_str() {
        "sent" => MessageStatus::Sent,
        "delivered" => MessageStatus::Delivered,
        // A voice note that was played was also seen.
        "read" | "played" => MessageStatus::Read,
        "failed" => MessageStatus::Failed,
        _ => return None,
    };
    let (error, error_class) = match status == MessageStatus::Failed {
        true => failure(value),
        false => (None, None),
    };
    Some(Inbound::Status(StatusUpdate {
        provider_message_id: id(value, "id")?,
        status,
        at: time(value.get("timestamp")),
        callback: text_at(value, "biz_opaque_callback_data").and_then(|data| data.parse().ok()),
        recipient: recipient(value, contacts),
        error,
        error_class,
        pricing: value.get("pricing").and_then(pricing),
    }))
}

/// Who it was about. In a group `recipient_id` names the group, and the participant stands beside it.
fn recipient(value: &Value, contacts: &Contacts) -> Vec<Identity> {
    let ids = match text_at(value, "recipient_type").as_deref() {
        Some("group") => Ids::at(value, "recipient_participant_user_id", "recipient_participant_id"),
        _ => Ids::at(value, "recipient_user_id", "recipient_id"),
    };
    contacts.identities(ids)
}

fn pricing(value: &Value) -> Option<Pricing> {
    let word = |name| cut(text_at(value, name).unwrap_or_default(), MAX_WORD_CHARS);
    let pricing = Pricing {
        category: word("category"),
        kind: word("type"),
        model: word("pricing_model"),
        billable: value.get("billable").and_then(Value::as_bool),
        units: 1,
    };
    let says_nothing = pricing.category.is_empty() && pricing.kind.is_empty() && pricing.billable.is_none();
    (!says_nothing).then_some(pricing)
}

fn failure(value: &Value) -> (Option<MessageError>, Option<ErrorClass>) {
    let first = value.get("errors").and_then(|errors| errors.get(0));
    let Some(first) = first.filter(|error| error.is_object()) else {
        return (Some(without_reason()), None);
    };
    let class = first
        .get("code")
        .and_then(whole_number)
        .and_then(|code| class_of(u32::try_from(code).ok()?, None))
        .unwrap_or(ErrorClass::Permanent);
    let details = first.get("error_data").and_then(|data| text_at(data, "details"));
    let message = text_at(first, "message");
    let title = text_at(first, "title").or_else(|| message.clone());
    let detail = details.or_else(|| text_at(first, "details")).or(message);
    let code = text_at(first, "code").unwrap_or_else(|| "unknown".into());
    let error = MessageError {
        code: cut(code, MAX_WORD_CHARS),
        title: cut(
            title.unwrap_or_else(|| phrases::NOT_DELIVERED.text().into()),
            MAX_DETAIL_CHARS,
        ),
        detail: cut(detail.unwrap_or_default(), MAX_DETAIL_CHARS),
        advice: class.advice_under(MessagingRules::WHATSAPP).into(),
    };
    (Some(error), Some(class))
}

fn without_reason() -> MessageError {
    MessageError {
        code: "unknown".into(),
        title: phrases::NOT_DELIVERED.text().into(),
        detail: phrases::WHATSAPP_NO_REASON.text().into(),
        advice: phrases::SEND_AGAIN_OR_OTHER_WAY.text().into(),
    }
}
