//! What happened: committed facts in one total order. They carry ids only; readers fetch the records they need, so that
//! the journal holds no personal data in the clear.

use super::ids::{ChannelId, ContactId, ConversationId, MessageId, RawEventId, TraceId, UserId, WorkspaceId};
use super::time::Timestamp;

/// One committed event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Place in the total order, from 1, gapless over the whole appliance.
    pub seq: u64,
    /// Whose event it is.
    pub workspace: WorkspaceId,
    /// When it was decided.
    pub at: Timestamp,
    /// The trace that it belongs to.
    pub trace: TraceId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Stored: grow only at the end, never change a field's meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A message stands in a conversation that did not before.
    MessageCreated(MessageId),
    /// A message's delivery, error or price changed.
    MessageUpdated(MessageId),
    /// A conversation began.
    ConversationCreated(ConversationId),
    /// A conversation's ticket fields, unread count or window changed.
    ConversationUpdated(ConversationId),
    /// A contact is known that was not before.
    ContactCreated(ContactId),
    /// A contact's name or identities changed.
    ContactUpdated(ContactId),
    /// A channel was added, changed, stopped or resumed.
    ChannelUpdated(ChannelId),
    /// A channel was removed.
    ChannelRemoved(ChannelId),
    /// A webhook delivery could not be processed and waits for a person.
    RawEventParked(RawEventId),
    /// A message was given up.
    DeadLetterCreated(MessageId),
    /// A dead letter was retried or discarded.
    DeadLetterRemoved(MessageId),
    /// A provider said something about a channel; the number is the notice's.
    NoticeCreated(u64),
    /// A user was added, changed or removed.
    UserUpdated(UserId),
    /// Something needs attention; the number is the alert's.
    AlertRaised(u64),
    /// It no longer does.
    AlertCleared(u64),
    /// A message was edited or deleted: whoever keeps its words reads them anew. Told outside as `message.updated`.
    MessageRevised(MessageId),
}

impl EventKind {
    /// The event's name in the API and in outgoing webhooks.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MessageCreated(_) => "message.created",
            Self::MessageUpdated(_) | Self::MessageRevised(_) => "message.updated",
            Self::ConversationCreated(_) => "conversation.created",
            Self::ConversationUpdated(_) => "conversation.updated",
            Self::ContactCreated(_) => "contact.created",
            Self::ContactUpdated(_) => "contact.updated",
            Self::ChannelUpdated(_) => "channel.updated",
            Self::ChannelRemoved(_) => "channel.removed",
            Self::RawEventParked(_) => "raw_event.parked",
            Self::DeadLetterCreated(_) => "dead_letter.created",
            Self::DeadLetterRemoved(_) => "dead_letter.removed",
            Self::NoticeCreated(_) => "notice.created",
            Self::UserUpdated(_) => "user.updated",
            Self::AlertRaised(_) => "alert.raised",
            Self::AlertCleared(_) => "alert.cleared",
        }
    }
}
