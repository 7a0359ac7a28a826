//! The closed vocabularies of the API, for its document: which words a field can hold.
//!
//! Only describes. The words themselves belong to the domain and the views; a test below compares.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

fn one_of(words: &[&str]) -> Object {
    text().enum_values(Some(words.iter().copied())).build()
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $($word:literal)|+;)+) => {
        $($(#[$doc])* pub fn $name() -> Object { one_of(&[$($word),+]) })+
    };
}

words! {
    /// Where a conversation stands.
    conversation_status = "open" | "pending" | "on_hold" | "snoozed" | "resolved" | "closed";
    /// How urgent a conversation is.
    priority = "low" | "normal" | "high" | "urgent";
    /// How far the address book or the chats of a phone app have come.
    phone_sync = "none" | "asked" | "running" | "done" | "declined" | "refused";
    /// An order of the conversation list.
    list_order = "newest" | "waiting" | "unread";
    /// How a change of many conversations is.
    bulk_state = "running" | "done" | "stopped" | "undoing" | "undone";
    /// Which way a message goes.
    direction = "inbound" | "outbound";
    /// Where a message stands.
    message_status = "received" | "queued" | "accepted" | "sent" | "delivered" | "read" | "failed" | "doubtful";
    /// Who wrote a message.
    author = "customer" | "user" | "api" | "bot" | "system" | "business_app";
    /// What a contact is known by.
    identity = "phone" | "whatsapp_id" | "whatsapp_user_id" | "instagram_id" | "email" | "username";
    /// What someone may do.
    role = "owner" | "agent";
    /// Colours of the browser app.
    theme = "system" | "light" | "dark";
    /// Spacing of the browser app.
    density = "comfortable" | "compact";
    /// Whether a channel sends.
    channel_status = "active" | "paused" | "blocked";
    /// Which messages an answer can quote.
    quotes = "any" | "comments" | "none";
    /// Whether an account's webhooks come to the app.
    subscription = "complete" | "nobody" | "lacks" | "untold";
    /// Whether a channel's breaker lets anything out.
    breaker = "closed" | "open" | "half_open";
    /// How bad something is.
    severity = "info" | "warning" | "critical";
    /// What became of a webhook delivery.
    raw_state = "pending" | "parked" | "done";
    /// What became of a backup.
    backup_state = "running" | "done" | "failed";
    /// How an actor is.
    actor_state = "running" | "restarting" | "stopped";
    /// How the store is.
    system_state = "ok" | "read_only";
    /// What sort of file it is.
    media_kind = "image" | "video" | "audio" | "document" | "sticker";
    /// Where a file stands.
    media_state = "pending" | "stored" | "expired" | "missing" | "refused";
    /// What was found by a search.
    hit = "message" | "contact" | "note";
    /// What a message template is for.
    template_category = "marketing" | "utility" | "authentication" | "service";
    /// How a template's variables are named.
    parameter_format = "positional" | "named";
    /// Where a template stands.
    template_state = "draft" | "awaiting_approval" | "in_review" | "approved" | "rejected" | "paused" | "disabled"
        | "in_appeal" | "flagged" | "limit_exceeded" | "locked" | "archived" | "pending_deletion" | "deleted";
    /// How customers react to a template.
    template_quality = "unknown" | "green" | "yellow" | "red";
    /// What happened to a template.
    template_change = "created" | "edited" | "submitted" | "state" | "provider" | "imported" | "approval_asked"
        | "approval_given" | "approval_refused" | "roles" | "discarded";
    /// What to do with several templates.
    template_bulk = "submit" | "approve" | "delete" | "roles";
    /// What someone found out about a doubtful send.
    settlement = "sent" | "failed" | "retry";
}

/// A message's content: `type`, and what it holds under that name as in WhatsApp Cloud API
/// (`"type":"text","text":{"body":"…"}`).
pub struct MessageContent;

/// A message to be sent: its content, and the message that it answers.
pub struct NewMessage;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn with(field: &str) -> Object {
    ObjectBuilder::new()
        .property(field, text())
        .required(field)
        .build()
}

fn content() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("type", text())
        .required("type")
        .property("text", with("body"))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
}

impl PartialSchema for MessageContent {
    fn schema() -> RefOr<Schema> {
        content().property("note", with("body")).into()
    }
}

impl ToSchema for MessageContent {}

impl PartialSchema for NewMessage {
    fn schema() -> RefOr<Schema> {
        content()
            .property("context", with("message_id"))
            .property("track_links", ObjectBuilder::new().schema_type(Type::Boolean))
            .property(
                "recipient_identity_key_hash",
                ObjectBuilder::new().schema_type(Type::String),
            )
            .into()
    }
}

impl ToSchema for NewMessage {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::operations::RawState;
    use crate::domain::{ConversationStatus, Direction, MessageStatus, Priority};

    fn listed(object: &Object) -> Vec<serde_json::Value> {
        object.enum_values.clone().unwrap_or_default()
    }

    fn has<T: serde::de::DeserializeOwned>(object: &Object) {
        for word in listed(object) {
            assert!(
                serde_json::from_value::<T>(word.clone()).is_ok(),
                "{word} is no such word"
            );
        }
    }

    #[test]
    fn every_word_is_one_of_the_domain() {
        has::<ConversationStatus>(&conversation_status());
        has::<Priority>(&priority());
        has::<Direction>(&direction());
        has::<MessageStatus>(&message_status());
        has::<RawState>(&raw_state());
        has::<crate::domain::IdentityKind>(&identity());
        has::<crate::domain::account::Role>(&role());
    }

    #[test]
    fn no_status_is_left_out() {
        let words: Vec<_> = ConversationStatus::ALL
            .iter()
            .map(|status| status.as_str().to_owned())
            .collect();
        assert_eq!(listed(&conversation_status()), words);
        for n in 0..=u8::MAX {
            let Some(priority_word) = Priority::from_u8(n) else {
                continue;
            };
            let word = serde_json::to_value(priority_word).unwrap();
            assert!(listed(&priority()).contains(&word), "{word} is not described");
        }
    }
}
