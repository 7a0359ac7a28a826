//! Pure decisions over one conversation: `(state, command, now) → Decision`. One command a file. Nothing here reads a
//! clock, a store or a network; the conversation's actor loads what is needed, commits the decision, then acts.

mod consent;
mod echo;
mod outcome;
mod post;
mod receive;
mod remark;
mod settle;
mod statuses;
mod update;

pub use consent::{STOPPED, Said, heed, is_confirmation, stop_queued};
pub use echo::{adopt_echo, may_be_echo_of};
pub use outcome::{AttemptResult, record_outcome};
pub use post::{PostCommand, post};
pub use receive::{Received, receive};
pub use remark::{click, fill_cards, forget_words, is_failed_reaction, remark, unreact};
pub use settle::{Settlement, retry, settle};
pub use statuses::apply_status;
pub use update::{ConversationPatch, mark_read, mark_unread, unsnooze, update};

use super::conversation::Conversation;
use super::event::EventKind;
use super::ids::MessageId;
use super::marks::COMMENT_ACTION;
use super::message::{Message, MessageError, MessageStatus};
use super::operations::{OutboxEntry, SendPriority};
use super::time::Timestamp;

/// What a command leads to: new records, events that tell of it, and rows for the machinery around.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The conversation afterwards.
    pub conversation: Conversation,
    /// Messages written, new or changed.
    pub messages: Vec<Message>,
    /// What is told.
    pub events: Vec<EventKind>,
    /// Rows for the machinery.
    pub effects: Vec<Effect>,
}

/// A row for the machinery around the conversation, written in the same frame.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// This provider id is this message: counted once, found by later statuses.
    Claim {
        /// The provider's id.
        provider_message_id: String,
        /// Our message.
        message: MessageId,
    },
    /// The message goes into the outbox.
    Enqueue {
        /// The row.
        entry: OutboxEntry,
        /// Its queue.
        priority: SendPriority,
    },
    /// The message is given up.
    Bury {
        /// Which.
        message: MessageId,
        /// Why.
        error: MessageError,
        /// Attempts made.
        attempts: u32,
    },
    /// It is no longer given up.
    Unbury(MessageId),
    /// Nobody knows whether it was sent.
    Doubt {
        /// Which.
        message: MessageId,
        /// Since when.
        since: Timestamp,
    },
    /// Now somebody knows.
    Undoubt(MessageId),
}

/// A rightful no to a command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Rejection {
    /// Policy objects.
    #[error("{}", .0.reason)]
    Policy(super::policy::Refusal),
    /// The command does not fit the message's state.
    #[error("{0}")]
    WrongState(&'static str),
    /// No such message.
    #[error("no such message")]
    NoSuchMessage,
    /// A value that cannot be.
    #[error("{field}: {detail}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl Decision {
    /// Nothing changed yet.
    pub fn from(conversation: &Conversation) -> Self {
        Self {
            conversation: conversation.clone(),
            messages: Vec::new(),
            events: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Whether there is anything to commit.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.events.is_empty() && self.effects.is_empty()
    }

    /// Notes a new message.
    fn created(&mut self, message: Message) {
        // What was imported, or fetched late, goes before what was said since.
        let older = self.conversation.last_message.as_ref();
        let is_older = message.is_backdated() && older.is_some_and(|last| last.at > message.created_at);
        // Hiding or deleting a comment says nothing to anybody.
        if !is_older && message.content.kind != COMMENT_ACTION {
            self.conversation.note_last(&message);
        }
        self.events.push(EventKind::MessageCreated(message.id));
        self.messages.push(message);
    }

    /// Notes a changed message, and settles what its new status settles.
    fn changed(&mut self, before: MessageStatus, message: Message) {
        self.conversation.sync_last(&message);
        self.events.push(EventKind::MessageUpdated(message.id));
        let left = |status| before == status && message.status != status;
        if left(MessageStatus::Failed) {
            self.effects.push(Effect::Unbury(message.id));
            self.events.push(EventKind::DeadLetterRemoved(message.id));
        }
        if left(MessageStatus::Doubtful) {
            self.effects.push(Effect::Undoubt(message.id));
        }
        self.messages.push(message);
    }

    /// Gives a message up.
    fn bury(&mut self, message: MessageId, error: MessageError, attempts: u32) {
        self.effects.push(Effect::Bury {
            message,
            error,
            attempts,
        });
        self.events.push(EventKind::DeadLetterCreated(message));
    }

    /// Tells that the conversation's own fields changed; once, at the end.
    fn conversation_changed(&mut self) {
        self.conversation.version += 1;
        self.events
            .push(EventKind::ConversationUpdated(self.conversation.id));
    }
}
