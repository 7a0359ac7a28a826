//! Conversations.

use crate::domain::{Conversation, Timestamp};

use super::contact::ContactBrief;

/// Who has the conversation.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct AssigneeView {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// The provider's reply window.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct WindowView {
    /// Whether free-form messages may go out.
    pub open: bool,
    /// When it closes or closed; `null` if the customer never wrote.
    #[schema(required)]
    pub expires_at: Option<String>,
    /// Until when everything sent is free of the provider's charge, templates too, after an advertisement or a page's button
    /// (WhatsApp: the free entry point window); `null` if that never was so. Free-form messages still need the window open.
    #[schema(required)]
    pub free_until: Option<String>,
}

/// The last message, as the list shows it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct LastMessageView {
    /// Its id.
    pub id: String,
    /// `inbound` or `outbound`.
    #[schema(schema_with = crate::http::words::direction)]
    pub direction: crate::domain::Direction,
    /// Its type.
    pub r#type: String,
    /// One line of it; a kind in brackets where it has no words.
    pub preview: String,
    /// Where it stands.
    #[schema(schema_with = crate::http::words::message_status)]
    pub status: &'static str,
    /// When it came.
    pub created_at: String,
}

/// A conversation.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ConversationView {
    /// Its id.
    pub id: String,
    /// The customer.
    pub contact: ContactBrief,
    /// The channel that it runs over.
    pub channel_id: String,
    /// `open`, `pending`, `on_hold`, `snoozed`, `resolved` or `closed`.
    #[schema(schema_with = crate::http::words::conversation_status)]
    pub status: &'static str,
    /// Who has it.
    #[schema(required)]
    pub assignee: Option<AssigneeView>,
    /// Its labels.
    pub labels: Vec<String>,
    /// `low`, `normal`, `high` or `urgent`.
    #[schema(schema_with = crate::http::words::priority)]
    pub priority: crate::domain::Priority,
    /// Messages that nobody has seen.
    pub unread: u32,
    /// The last message.
    #[schema(required)]
    pub last_message: Option<LastMessageView>,
    /// When something was last said.
    pub last_activity_at: String,
    /// When it began.
    pub created_at: String,
    /// When it comes back into sight.
    #[schema(required)]
    pub snoozed_until: Option<String>,
    /// Since when the customer waits for an answer; `null` while nothing of theirs is unanswered.
    #[schema(required)]
    pub waiting_since: Option<String>,
    /// The reply window.
    pub window: WindowView,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

impl ConversationView {
    pub(super) fn new(
        conversation: &Conversation,
        contact: ContactBrief,
        assignee: Option<AssigneeView>,
        now: Timestamp,
    ) -> Self {
        let last_message = conversation.last_message.as_ref().map(|last| LastMessageView {
            id: last.id.to_string(),
            direction: last.direction,
            r#type: last.kind.clone(),
            preview: last.preview.clone(),
            status: last.status.as_str(),
            created_at: last.at.to_string(),
        });
        Self {
            id: conversation.id.to_string(),
            contact,
            channel_id: conversation.channel.to_string(),
            status: conversation.status.as_str(),
            assignee,
            labels: conversation.labels.clone(),
            priority: conversation.priority,
            unread: conversation.unread,
            last_message,
            last_activity_at: conversation.last_activity_at.to_string(),
            created_at: conversation.created_at.to_string(),
            snoozed_until: conversation.snoozed_until.map(|until| until.to_string()),
            waiting_since: conversation.waits_since().map(|at| at.to_string()),
            window: WindowView {
                open: conversation.window_open(now),
                expires_at: conversation.window_expires_at.map(|at| at.to_string()),
                free_until: conversation.free_until.map(|at| at.to_string()),
            },
            version: conversation.version,
        }
    }
}
