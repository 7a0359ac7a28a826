//! What a conversation can be told.

use crate::domain::consent::{ConsentSource, Permission};
use crate::domain::decide::{AttemptResult, ConversationPatch, Received, Settlement};
use crate::domain::inbound::{PreferenceUpdate, StatusUpdate};
use crate::domain::marks::TrackedLink;
use crate::domain::message::Author;
use crate::domain::operations::SendPriority;
use crate::domain::{ChannelId, Content, Conversation, Message, MessageId, RawEventId, UserId};

/// A command.
#[derive(Clone)]
pub enum Command {
    /// News from the provider, in order, and the raw events that are thereby worked in.
    Apply {
        /// The news.
        items: Vec<ApplyItem>,
        /// Marked done in the same frame.
        done: Vec<RawDone>,
    },
    /// Someone wants to say something.
    Post(Box<PostMessage>),
    /// An attempt to send ended.
    Outcome(Box<AttemptResult>),
    /// Send a failed message again.
    Retry(MessageId),
    /// A person found out about a doubtful send.
    Settle(MessageId, Settlement),
    /// A person has seen a dead letter and wants no more of it.
    DiscardDeadLetter(MessageId),
    /// Change the ticket.
    Update {
        /// What to change.
        patch: ConversationPatch,
        /// Only if it is at this version.
        if_version: Option<u64>,
    },
    /// Someone says what the customer allows.
    Consent(Box<ConsentWish>),
    /// Someone has seen everything.
    MarkRead,
    /// Someone wants to come back to it.
    MarkUnread,
    /// Someone followed a tracked link of a message.
    Click(MessageId, String),
    /// The contact cards in a file of a message were read.
    Cards(Box<CardsRead>),
    /// The time of a snooze has come.
    Unsnooze,
}

/// Contact cards that came as a file.
#[derive(Clone)]
pub struct CardsRead {
    /// The message with the file.
    pub message: MessageId,
    /// What it calls the file.
    pub reference: String,
    /// The cards, in WhatsApp's shape.
    pub cards: Vec<serde_json::Value>,
}

/// One piece of news for a conversation.
#[derive(Clone)]
pub enum ApplyItem {
    /// A message.
    Message(Box<Received>),
    /// News about a message of ours.
    Status(MessageId, Box<StatusUpdate>),
    /// The customer used the provider's switch for marketing.
    Preference(Box<PreferenceUpdate>),
}

/// A raw event that is worked in once this command is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RawDone {
    /// The channel in whose list it waits.
    pub channel: ChannelId,
    /// Which.
    pub raw: RawEventId,
}

/// Something to say.
#[derive(Clone)]
pub struct PostMessage {
    /// Who.
    pub author: Author,
    /// What, already checked against the provider's limits.
    pub content: Content,
    /// The message that it answers, of the same conversation.
    pub reply_to: Option<MessageId>,
    /// Tracked links in it.
    pub links: Vec<TrackedLink>,
    /// The hash of the only identity that it may reach.
    pub identity_hash: Option<String>,
    /// By which queue.
    pub priority: SendPriority,
    /// Said once for each key: hash of the key and of the whole request.
    pub idempotency: Option<([u8; 16], [u8; 32])>,
}

/// What a customer allows, as a person or a program says.
#[derive(Clone)]
pub struct ConsentWish {
    /// What is allowed.
    pub permission: Permission,
    /// Who says so.
    pub source: ConsentSource,
    /// The member of the team.
    pub by: Option<UserId>,
    /// Why.
    pub note: String,
    /// The message that proves it.
    pub proof: Option<MessageId>,
}

/// What a command answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Done.
    Done,
    /// The message that it was about.
    Message(Box<Message>),
    /// The conversation afterwards.
    Conversation(Box<Conversation>),
}
