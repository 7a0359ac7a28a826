//! A message and how its delivery may move: forward only, whatever order the provider's news arrive in.

use super::content::Content;
use super::ids::{MessageId, RawEventId, TraceId, UserId};
use super::marks::Marks;
use super::time::Timestamp;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer.
    Inbound,
    /// To the customer (also internal notes, which stay in the house).
    Outbound,
}

/// Who wrote it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Author {
    /// The customer.
    Customer,
    /// A member of the team.
    User(UserId),
    /// A program, through an API token.
    Api,
    /// An automation.
    Bot,
    /// Frontdesk or the provider itself.
    System,
    /// Someone in the business, in the provider's own phone app.
    BusinessApp,
}

/// Where a message stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Came in, or is an internal note.
    Received,
    /// In the outbox.
    Queued,
    /// The provider took it (HTTP 200); not yet sent.
    Accepted,
    /// The provider sent it on.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer opened it.
    Read,
    /// It will not be delivered; `error` says why.
    Failed,
    /// It may or may not have reached the provider; settled by a status or a person, never by a blind resend.
    Doubtful,
}

impl MessageStatus {
    /// The lower-case word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Doubtful => "doubtful",
        }
    }

    /// How far along the way to the customer; only a later step replaces an earlier one.
    const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Doubtful => 1,
            Self::Accepted => 2,
            Self::Sent => 3,
            // A failure after `sent` is real; a later `delivered` proves it wrong.
            Self::Failed => 4,
            Self::Delivered => 5,
            Self::Read => 6,
            // Never moves.
            Self::Received => 7,
        }
    }
}

/// Why a message failed, in the provider's code and in plain words.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct MessageError {
    /// The provider's code (`131047`) or ours (`settled_as_failed`).
    pub code: String,
    /// Short name.
    pub title: String,
    /// What the provider said.
    pub detail: String,
    /// What a person can do about it.
    pub advice: String,
}

/// Price information that came with a status.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Pricing {
    /// `marketing`, `utility`, `authentication`, `service` …
    pub category: String,
    /// `regular`, `free_customer_service`, `free_entry_point`; empty where not told.
    pub kind: String,
    /// `PMP` (per message) or `CBP` (per conversation, before July 2025); empty where not told.
    pub model: String,
    /// Whether it costs, where told.
    pub billable: Option<bool>,
    /// Parts that are charged each: SMS segments; 1 for whatever is charged as a whole.
    pub units: u32,
}

/// Where the provider's word for keeping a message back stands among what else it said.
const HELD: &str = "message_status";

/// Where the hash of the only identity that a message may reach stands.
const IDENTITY: &str = "recipient_identity_key_hash";

/// What is kept beside a message that may only reach one identity.
pub fn only_for(identity_hash: Option<&str>) -> Option<serde_json::Value> {
    identity_hash.map(|hash| serde_json::json!({ IDENTITY: hash }))
}

/// Whether what the provider said beside a message marks it as imported history.
pub fn is_imported(extra: Option<&serde_json::Value>) -> bool {
    extra.is_some_and(|extra| extra.get("history").is_some())
}

/// Whether what stands beside a message says that it was fetched from the provider, because its delivery did not come.
pub fn is_fetched(extra: Option<&serde_json::Value>) -> bool {
    extra.is_some_and(|extra| extra.get("fetched").is_some())
}

/// When each step was reached (provider's time where it gave one).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StatusTimes {
    /// Put into the outbox.
    pub queued: Option<Timestamp>,
    /// Taken by the provider.
    pub accepted: Option<Timestamp>,
    /// Sent on by the provider.
    pub sent: Option<Timestamp>,
    /// On the device.
    pub delivered: Option<Timestamp>,
    /// Opened.
    pub read: Option<Timestamp>,
    /// Given up.
    pub failed: Option<Timestamp>,
}

/// The message that this one answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplyContext {
    /// Provider's id of the answered message; empty for a forward without origin.
    pub provider_message_id: String,
    /// Our id of it, where we hold it.
    pub message: Option<MessageId>,
    /// The message was forwarded by the customer.
    pub forwarded: bool,
}

/// A message, as the rest of the house sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// Conversation and place in it.
    pub id: MessageId,
    /// Which way.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub content: Content,
    /// Where it stands.
    pub status: MessageStatus,
    /// When it got there.
    pub times: StatusTimes,
    /// The provider's id, once known.
    pub provider_message_id: Option<String>,
    /// What it answers.
    pub context: Option<ReplyContext>,
    /// Why it failed.
    pub error: Option<MessageError>,
    /// Price, once told.
    pub pricing: Option<Pricing>,
    /// When we first had it.
    pub created_at: Timestamp,
    /// The provider's own time for it.
    pub provider_at: Option<Timestamp>,
    /// The delivery that brought it.
    pub raw_event: Option<RawEventId>,
    /// Its trace.
    pub trace: TraceId,
    /// Anything else that the provider said about it (referral, group …), as JSON object.
    pub extra: Option<serde_json::Value>,
    /// What was later said about it.
    pub marks: Marks,
}

impl Message {
    /// It is history that was brought in from elsewhere, not news.
    pub fn is_imported(&self) -> bool {
        is_imported(self.extra.as_ref())
    }

    /// The provider's word for having taken it and keeping it back for now; `None` once it moved on.
    pub fn held(&self) -> Option<&str> {
        let word = self.extra.as_ref()?.get(HELD)?.as_str();
        word.filter(|_| self.status == MessageStatus::Accepted)
    }

    /// The hash of the only identity that it may reach, if somebody asked for that.
    pub fn only_for(&self) -> Option<&str> {
        self.extra.as_ref()?.get(IDENTITY)?.as_str()
    }

    /// Keeps the provider's word for keeping it back, or that it does not.
    pub fn note_held(&mut self, word: Option<&str>) {
        match (word, &mut self.extra) {
            (Some(word), Some(serde_json::Value::Object(extra))) => {
                drop(extra.insert(HELD.into(), word.into()))
            }
            (Some(word), extra) => *extra = Some(serde_json::json!({ HELD: word })),
            (None, Some(serde_json::Value::Object(extra))) => drop(extra.remove(HELD)),
            (None, _) => {}
        }
    }

    /// It was fetched from the provider, because its delivery did not come.
    pub fn is_fetched(&self) -> bool {
        is_fetched(self.extra.as_ref())
    }

    /// It stands in its thread where it was said, not where it arrived.
    pub fn is_backdated(&self) -> bool {
        self.is_imported() || self.is_fetched()
    }

    /// Moves the delivery to `status` at `at` if that is forward. The time of a step is noted in any case, once, so that
    /// a `read` that overtakes its `delivered` still leaves both times. Answers whether anything changed.
    pub fn advance(&mut self, status: MessageStatus, at: Timestamp) -> bool {
        if self.direction == Direction::Inbound || self.content.is_note() {
            return false;
        }
        let noted = self.note_time(status, at);
        let forward = status.rank() > self.status.rank();
        if forward {
            self.status = status;
            if status != MessageStatus::Failed {
                self.error = None;
            }
        }
        forward || noted
    }

    fn note_time(&mut self, status: MessageStatus, at: Timestamp) -> bool {
        let slot = match status {
            MessageStatus::Queued => &mut self.times.queued,
            MessageStatus::Accepted => &mut self.times.accepted,
            MessageStatus::Sent => &mut self.times.sent,
            MessageStatus::Delivered => &mut self.times.delivered,
            MessageStatus::Read => &mut self.times.read,
            MessageStatus::Failed => &mut self.times.failed,
            MessageStatus::Received | MessageStatus::Doubtful => return false,
        };
        let is_new = slot.is_none();
        if is_new {
            *slot = Some(at);
        }
        is_new
    }

    /// Puts a failed message back into the outbox, as a person asked for it.
    pub fn requeue(&mut self, at: Timestamp) {
        self.status = MessageStatus::Queued;
        self.error = None;
        self.note_held(None);
        self.times = StatusTimes {
            queued: Some(at),
            ..StatusTimes::default()
        };
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::ids::ConversationId;
    use proptest::prelude::*;

    pub(crate) fn outbound(status: MessageStatus) -> Message {
        Message {
            id: MessageId {
                conversation: ConversationId([1; 16]),
                n: 1,
            },
            direction: Direction::Outbound,
            author: Author::Api,
            content: Content::text("hello"),
            status,
            times: StatusTimes::default(),
            provider_message_id: None,
            context: None,
            error: None,
            pricing: None,
            created_at: Timestamp(0),
            provider_at: None,
            raw_event: None,
            trace: TraceId([0; 16]),
            extra: None,
            marks: Marks::default(),
        }
    }

    #[test]
    fn delivery_moves_forward_only() {
        use MessageStatus::{Accepted, Delivered, Doubtful, Failed, Queued, Read, Sent};
        let table = [
            (Accepted, Sent, Sent),
            (Read, Delivered, Read),
            (Delivered, Sent, Delivered),
            (Sent, Failed, Failed),
            (Failed, Delivered, Delivered),
            (Failed, Sent, Failed),
            (Delivered, Failed, Delivered),
            (Doubtful, Sent, Sent),
            (Queued, Read, Read),
            (Accepted, Doubtful, Accepted),
        ];
        for (from, news, to) in table {
            let mut message = outbound(from);
            message.advance(news, Timestamp(5));
            assert_eq!(message.status, to, "{from:?} + {news:?}");
        }
    }

    #[test]
    fn a_late_delivered_keeps_its_time_without_moving_back() {
        let mut message = outbound(MessageStatus::Read);
        assert!(message.advance(MessageStatus::Delivered, Timestamp(7)));
        assert_eq!(
            (message.status, message.times.delivered),
            (MessageStatus::Read, Some(Timestamp(7)))
        );
        assert!(
            !message.advance(MessageStatus::Delivered, Timestamp(9)),
            "the same news again changes nothing"
        );
    }

    #[test]
    fn inbound_messages_and_notes_never_move() {
        let mut inbound = outbound(MessageStatus::Received);
        inbound.direction = Direction::Inbound;
        assert!(!inbound.advance(MessageStatus::Read, Timestamp(1)));
        let mut note = outbound(MessageStatus::Received);
        note.content = Content::note("x");
        assert!(!note.advance(MessageStatus::Failed, Timestamp(1)));
    }

    proptest! {
        #[test]
        fn any_order_of_the_same_news_ends_the_same(order in Just(vec![0usize, 1, 2]).prop_shuffle()) {
            let news = [MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read];
            let mut message = outbound(MessageStatus::Accepted);
            for i in order {
                message.advance(news[i], Timestamp(i as i64));
            }
            prop_assert_eq!(message.status, MessageStatus::Read);
            prop_assert_eq!(message.times.sent, Some(Timestamp(0)));
            prop_assert_eq!(message.times.delivered, Some(Timestamp(1)));
            prop_assert_eq!(message.times.read, Some(Timestamp(2)));
        }
    }
}
