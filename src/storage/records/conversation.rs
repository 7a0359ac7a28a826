//! Stored form of a conversation.

use bincode::{Decode, Encode};

use crate::domain::conversation::LastMessage;
use crate::domain::{
    ChannelId, ContactId, Conversation, ConversationId, ConversationStatus, Direction, MessageId, Priority,
    Timestamp, UserId,
};

use super::super::error::StorageError;
use super::words::{self, WordV1};
use super::{Newest, Stored, impossible};

const NAME: &str = "conversation";

#[derive(Encode, Decode)]
pub(super) struct ConversationV1 {
    id: [u8; 16],
    channel: [u8; 16],
    contact: [u8; 16],
    status: u8,
    assignee: Option<[u8; 16]>,
    labels: Vec<String>,
    priority: u8,
    unread: u32,
    next_n: u32,
    window_expires_at: Option<i64>,
    last_message: Option<LastMessageV1>,
    last_activity_at: i64,
    created_at: i64,
    snoozed_until: Option<i64>,
    version: u64,
}

impl Stored for ConversationV1 {
    type Domain = Conversation;
    /// Since when a customer waits was not kept: the last message, if it is theirs, is the nearest that is known.
    fn into_domain(self) -> Result<Conversation, StorageError> {
        let Self {
            id,
            channel,
            contact,
            status,
            assignee,
            labels,
            priority,
            unread,
            next_n,
            window_expires_at,
            last_message,
            last_activity_at,
            created_at,
            snoozed_until,
            version,
        } = self;
        let newer = ConversationV2 {
            id,
            channel,
            contact,
            status,
            assignee,
            labels,
            priority,
            unread,
            next_n,
            window_expires_at,
            last_message,
            last_activity_at,
            created_at,
            snoozed_until,
            waiting_since: None,
            version,
        };
        let mut conversation = newer.into_domain()?;
        let is_active = matches!(
            conversation.status,
            ConversationStatus::Open | ConversationStatus::Pending
        );
        let last = conversation.last_message.as_ref();
        let theirs = last.filter(|last| is_active && last.direction == Direction::Inbound);
        conversation.waiting_since = theirs.map(|last| last.at);
        Ok(conversation)
    }
}

#[derive(Encode, Decode)]
pub(super) struct ConversationV2 {
    id: [u8; 16],
    channel: [u8; 16],
    contact: [u8; 16],
    status: u8,
    assignee: Option<[u8; 16]>,
    labels: Vec<String>,
    priority: u8,
    unread: u32,
    next_n: u32,
    window_expires_at: Option<i64>,
    last_message: Option<LastMessageV1>,
    last_activity_at: i64,
    created_at: i64,
    snoozed_until: Option<i64>,
    waiting_since: Option<i64>,
    version: u64,
}

impl ConversationV2 {
    fn new(value: &Conversation) -> Self {
        let Conversation {
            id,
            channel,
            contact,
            status,
            assignee,
            labels,
            priority,
            unread,
            next_n,
            window_expires_at,
            free_until: _,
            last_message,
            last_activity_at,
            created_at,
            snoozed_until,
            waiting_since,
            version,
        } = value;
        Self {
            id: id.0,
            channel: channel.0,
            contact: contact.0,
            status: *status as u8,
            assignee: assignee.map(|user| user.0),
            labels: labels.clone(),
            priority: *priority as u8,
            unread: *unread,
            next_n: *next_n,
            window_expires_at: window_expires_at.map(|at| at.0),
            last_message: last_message.as_ref().map(LastMessageV1::new),
            last_activity_at: last_activity_at.0,
            created_at: created_at.0,
            snoozed_until: snoozed_until.map(|at| at.0),
            waiting_since: waiting_since.map(|at| at.0),
            version: *version,
        }
    }
}

impl Stored for ConversationV2 {
    type Domain = Conversation;
    fn into_domain(self) -> Result<Conversation, StorageError> {
        let status = ConversationStatus::from_u8(self.status);
        let priority = Priority::from_u8(self.priority);
        Ok(Conversation {
            id: ConversationId(self.id),
            channel: ChannelId(self.channel),
            contact: ContactId(self.contact),
            status: status.ok_or_else(|| impossible(NAME, "status", self.status))?,
            assignee: self.assignee.map(UserId),
            labels: self.labels,
            priority: priority.ok_or_else(|| impossible(NAME, "priority", self.priority))?,
            unread: self.unread,
            next_n: self.next_n,
            window_expires_at: self.window_expires_at.map(Timestamp),
            free_until: None,
            last_message: self.last_message.map(LastMessageV1::into_last).transpose()?,
            last_activity_at: Timestamp(self.last_activity_at),
            created_at: Timestamp(self.created_at),
            snoozed_until: self.snoozed_until.map(Timestamp),
            waiting_since: self.waiting_since.map(Timestamp),
            version: self.version,
        })
    }
}

/// The second version with the end of what is free.
#[derive(Encode, Decode)]
pub(super) struct ConversationV3 {
    conversation: ConversationV2,
    free_until: Option<i64>,
}

impl Newest for ConversationV3 {
    fn from_domain(value: &Conversation) -> Self {
        Self {
            conversation: ConversationV2::new(value),
            free_until: value.free_until.map(|at| at.0),
        }
    }
}

impl Stored for ConversationV3 {
    type Domain = Conversation;
    fn into_domain(self) -> Result<Conversation, StorageError> {
        Ok(Conversation {
            free_until: self.free_until.map(Timestamp),
            ..self.conversation.into_domain()?
        })
    }
}

#[derive(Encode, Decode)]
struct LastMessageV1 {
    conversation: [u8; 16],
    n: u32,
    direction: u8,
    kind: WordV1,
    preview: String,
    status: u8,
    at: i64,
}

impl LastMessageV1 {
    fn new(last: &LastMessage) -> Self {
        let LastMessage {
            id: MessageId { conversation, n },
            direction,
            kind,
            preview,
            status,
            at,
        } = last;
        Self {
            conversation: conversation.0,
            n: *n,
            direction: words::direction_number(*direction),
            kind: WordV1::new(kind),
            preview: preview.clone(),
            status: words::status_number(*status),
            at: at.0,
        }
    }

    fn into_last(self) -> Result<LastMessage, StorageError> {
        Ok(LastMessage {
            id: MessageId {
                conversation: ConversationId(self.conversation),
                n: self.n,
            },
            direction: words::direction(NAME, "last message's direction", self.direction)?,
            kind: self.kind.into_string(NAME, "last message's kind")?,
            preview: self.preview,
            status: words::status(NAME, "last message's status", self.status)?,
            at: Timestamp(self.at),
        })
    }
}
