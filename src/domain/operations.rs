//! Work under way and what went wrong: raw events, outbox, dead letters, due work, notices, alerts.

use serde_json::Value;

use super::ids::{ChannelId, ContactId, ConversationId, MessageId, RawEventId, TraceId, UserId};
use super::message::MessageError;
use super::time::Timestamp;

/// Where a raw webhook delivery stands. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RawState {
    /// Acknowledged, not yet worked in.
    Pending = 1,
    /// Could not be worked in; waits for a person, holds up nobody.
    Parked = 2,
    /// Worked in.
    Done = 3,
}

impl RawState {
    /// The state for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Pending),
            2 => Some(Self::Parked),
            3 => Some(Self::Done),
            _ => None,
        }
    }
}

/// A raw webhook delivery as one channel sees it. Its bytes lie in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawEvent {
    /// Its number. A delivery that speaks to several channels has one for each.
    pub id: RawEventId,
    /// Under which number the bytes lie: the first of that delivery.
    pub blob: RawEventId,
    /// The channel that it speaks to.
    pub channel: ChannelId,
    /// The provider's number in the catalogue of providers.
    pub provider: u8,
    /// When it came.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: RawState,
    /// Why it was parked.
    pub error: Option<String>,
    /// How often working it in was tried.
    pub attempts: u32,
    /// Size of the body in bytes.
    pub size: u32,
    /// Its trace.
    pub trace: TraceId,
    /// No webhook brought it: it was asked of the provider.
    pub fetched: bool,
}

/// Which queue a message goes out by; lower goes first. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum SendPriority {
    /// Agents', programs' and bots' replies.
    Reply = 1,
    /// Campaigns and other bulk.
    Bulk = 5,
}

impl SendPriority {
    /// The priority for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Reply),
            5 => Some(Self::Bulk),
            _ => None,
        }
    }
}

/// A message on its way out. The row exists from the decision until the outcome is recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxEntry {
    /// Which message.
    pub message: MessageId,
    /// Over which channel.
    pub channel: ChannelId,
    /// To whom.
    pub contact: ContactId,
    /// An attempt is under way: committed before the call, so that a crash in between is known as doubtful.
    pub active: bool,
    /// Attempts begun.
    pub attempts: u32,
    /// Not before this time.
    pub due: Timestamp,
    /// Its trace.
    pub trace: TraceId,
}

/// A message that was given up and waits for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// Which message.
    pub message: MessageId,
    /// Over which channel.
    pub channel: ChannelId,
    /// Why.
    pub error: MessageError,
    /// Attempts made.
    pub attempts: u32,
    /// When it was given up.
    pub failed_at: Timestamp,
}

/// A status that came before the answer to its send: kept until the answer is recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct EarlyStatus {
    /// The updates, in order of arrival, as JSON of the adapter's reading.
    pub updates: Vec<super::inbound::StatusUpdate>,
    /// When the first came.
    pub received_at: Timestamp,
}

/// Something that a provider said about a channel.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// Its number within the workspace.
    pub id: u64,
    /// About which channel.
    pub channel: ChannelId,
    /// The webhook field.
    pub field: String,
    /// Whether this version knows the field.
    pub known: bool,
    /// What was said.
    pub body: Value,
    /// When it came.
    pub received_at: Timestamp,
    /// The delivery that brought it.
    pub raw_event: RawEventId,
}

/// Work that is due at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DueWork {
    /// Bring a snoozed conversation back.
    Unsnooze(ConversationId),
    /// Forget an idempotency key (its hashed key).
    ForgetIdempotencyKey([u8; 16]),
    /// A doubtful send was not settled by a status: show it to a person. A message that was taken has no final status: ask the
    /// provider.
    ReviewDoubtful(MessageId),
    /// Forget a processed raw event's row.
    ForgetRawEvent(RawEventId),
    /// End a session (its hashed secret).
    EndSession([u8; 32]),
    /// Forget a status that never found its message (channel, hashed provider id).
    ForgetEarlyStatus(ChannelId, [u8; 16]),
    /// Forget a tracked link (its code).
    ForgetLink([u8; 12]),
}

/// The first answer to a request with an idempotency key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyRecord {
    /// Hash of the request; another one with the same key is refused.
    pub request_hash: [u8; 32],
    /// The message that it made.
    pub message: MessageId,
    /// When.
    pub created_at: Timestamp,
}

/// What someone has typed and not sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Draft {
    /// The reply.
    pub reply: String,
    /// The note.
    pub note: String,
    /// What belongs to the reply beside its text (a quote, attached files, a message being built), as JSON that only the
    /// caller's app understands; empty if there is nothing.
    pub extras: String,
    /// When it was last typed at.
    pub updated_at: Timestamp,
}

/// Something that needs attention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// Its number within the workspace.
    pub id: u64,
    /// What sort: `webhook_signature`, `channel_blocked`, `disk_low`, `read_only` …
    pub kind: String,
    /// What it is about (a channel's id …); one open alert for each kind and subject.
    pub subject: String,
    /// In plain words, with what to do.
    pub detail: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it ended.
    pub cleared_at: Option<Timestamp>,
    /// Who has seen it.
    pub acknowledged_by: Option<UserId>,
}
