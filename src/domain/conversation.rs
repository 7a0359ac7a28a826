//! A conversation's state: the thread's ticket fields, its reply window and what the list shows of it.

use super::ids::{ChannelId, ContactId, ConversationId, MessageId, UserId};
use super::message::{Direction, Message, MessageStatus};
use super::time::{HOUR, Timestamp};

/// Most labels on one conversation.
pub const MAX_LABELS: usize = 20;
/// Longest label in characters.
pub const MAX_LABEL_CHARS: usize = 40;
/// The provider's customer-service window (WhatsApp Cloud API: 24 hours after the customer last wrote).
pub const WINDOW: i64 = 24 * HOUR;

/// How long everything is free after an advertisement once it was answered (WhatsApp: free entry point window), where the
/// provider does not tell its end.
pub const FREE_ENTRY: i64 = 72 * HOUR;

/// Where a conversation stands. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ConversationStatus {
    /// Waits for us.
    Open = 1,
    /// Waits for the customer.
    Pending = 2,
    /// Waits for something else.
    OnHold = 3,
    /// Out of sight until a time.
    Snoozed = 4,
    /// Done.
    Resolved = 5,
    /// Done and put away.
    Closed = 6,
}

impl ConversationStatus {
    /// Every status, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Pending,
        Self::OnHold,
        Self::Snoozed,
        Self::Resolved,
        Self::Closed,
    ];

    /// The status for a stored number.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as u8 == n)
    }

    /// The status for the API's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The lower-case word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

/// How urgent it is. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Priority {
    /// Can wait.
    Low = 1,
    /// As usual.
    Normal = 2,
    /// Before others.
    High = 3,
    /// Now.
    Urgent = 4,
}

impl Priority {
    /// The priority for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            1 => Self::Low,
            2 => Self::Normal,
            3 => Self::High,
            4 => Self::Urgent,
            _ => return None,
        })
    }
}

/// What the list shows of the last message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastMessage {
    /// Which message.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// Its type.
    pub kind: String,
    /// One line of it.
    pub preview: String,
    /// Where it stands.
    pub status: MessageStatus,
    /// When it came.
    pub at: Timestamp,
}

/// The thread between one contact and one channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The number or account that it runs over.
    pub channel: ChannelId,
    /// The customer.
    pub contact: ContactId,
    /// Where it stands.
    pub status: ConversationStatus,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// Labels, sorted, unique.
    pub labels: Vec<String>,
    /// How urgent.
    pub priority: Priority,
    /// Messages from the customer that nobody has seen.
    pub unread: u32,
    /// The place that the next message will take.
    pub next_n: u32,
    /// When the reply window closes; `None` if the customer never wrote.
    pub window_expires_at: Option<Timestamp>,
    /// Until when everything sent is free of the provider's charge, after an advertisement or a page's button (WhatsApp: the
    /// free entry point window). It gives no right to write freely: that is the reply window's.
    pub free_until: Option<Timestamp>,
    /// What the list shows.
    pub last_message: Option<LastMessage>,
    /// When something was last said; orders the list. Never goes back.
    pub last_activity_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it comes back into sight.
    pub snoozed_until: Option<Timestamp>,
    /// Since when something of the customer's is unanswered; see [`Self::waits_since`].
    pub waiting_since: Option<Timestamp>,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

impl Conversation {
    /// A new, empty one.
    pub fn begin(id: ConversationId, channel: ChannelId, contact: ContactId, now: Timestamp) -> Self {
        Self {
            id,
            channel,
            contact,
            status: ConversationStatus::Open,
            assignee: None,
            labels: Vec::new(),
            priority: Priority::Normal,
            unread: 0,
            next_n: 1,
            window_expires_at: None,
            free_until: None,
            last_message: None,
            last_activity_at: now,
            created_at: now,
            snoozed_until: None,
            waiting_since: None,
            version: 1,
        }
    }

    /// Whether free-form messages may go out now.
    pub fn window_open(&self, now: Timestamp) -> bool {
        self.window_expires_at.is_some_and(|at| at > now)
    }

    /// Whether everything sent now is free of the provider's charge.
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.free_until.is_some_and(|until| until > now)
    }

    /// The provider tells that all is free until then. Answers whether that is longer than was known.
    pub fn note_free(&mut self, until: Timestamp) -> bool {
        let is_longer = self.free_until.is_none_or(|known| known < until);
        if is_longer {
            self.free_until = Some(until);
        }
        is_longer
    }

    /// Takes the place of the next message.
    pub fn take_next(&mut self) -> MessageId {
        let id = MessageId {
            conversation: self.id,
            n: self.next_n,
        };
        self.next_n += 1;
        id
    }

    /// Notes `message` as the last one said.
    pub fn note_last(&mut self, message: &Message) {
        self.last_activity_at = self.last_activity_at.max(message.created_at);
        self.last_message = Some(LastMessage {
            id: message.id,
            direction: message.direction,
            kind: message.content.kind.clone(),
            preview: message.content.preview(),
            status: message.status,
            at: message.created_at,
        });
    }

    /// The customer wrote at `at` (never later than `now`): the window reopens, the ticket too.
    pub fn customer_wrote(&mut self, at: Timestamp, now: Timestamp) {
        let expires = at.min(now).plus(WINDOW);
        self.window_expires_at = Some(self.window_expires_at.map_or(expires, |old| old.max(expires)));
        self.reopen();
    }

    /// The customer wants something: the ticket reopens.
    pub fn reopen(&mut self) {
        if self.is_done() {
            // What was left unanswered then is no longer waited for.
            self.waiting_since = None;
        }
        if self.status != ConversationStatus::OnHold {
            self.status = ConversationStatus::Open;
        }
        self.snoozed_until = None;
    }

    /// The customer said at `at` something that asks for an answer.
    pub fn ask(&mut self, at: Timestamp, now: Timestamp) {
        self.waiting_since.get_or_insert(at.min(now));
    }

    /// Since when the customer waits for an answer: nobody waits in a conversation that is done.
    pub fn waits_since(&self) -> Option<Timestamp> {
        self.waiting_since.filter(|_| !self.is_done())
    }

    const fn is_done(&self) -> bool {
        matches!(
            self.status,
            ConversationStatus::Resolved | ConversationStatus::Closed
        )
    }

    /// Someone answered the customer.
    pub const fn answered(&mut self) {
        self.waiting_since = None;
    }

    /// The words of the last message changed.
    pub fn reword_last(&mut self, message: &Message) {
        if let Some(last) = self.last_message.as_mut().filter(|last| last.id == message.id) {
            last.kind.clone_from(&message.content.kind);
            last.preview = message.content.preview();
        }
    }

    /// The status of the last message changed.
    pub fn sync_last(&mut self, message: &Message) -> bool {
        match &mut self.last_message {
            Some(last) if last.id == message.id && last.status != message.status => {
                last.status = message.status;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn conversation() -> Conversation {
        Conversation::begin(
            ConversationId([1; 16]),
            ChannelId([2; 16]),
            ContactId([3; 16]),
            Timestamp(0),
        )
    }

    #[test]
    fn an_old_or_future_timestamp_never_shortens_or_stretches_the_window() {
        let mut it = conversation();
        it.customer_wrote(Timestamp(50 * HOUR), Timestamp(10 * HOUR));
        assert_eq!(
            it.window_expires_at,
            Some(Timestamp(34 * HOUR)),
            "a clock ahead of ours counts as now"
        );
        it.customer_wrote(Timestamp(HOUR), Timestamp(11 * HOUR));
        assert_eq!(
            it.window_expires_at,
            Some(Timestamp(34 * HOUR)),
            "a late delivery does not shorten it"
        );
        assert!(it.window_open(Timestamp(34 * HOUR - 1)));
        assert!(!it.window_open(Timestamp(34 * HOUR)));
    }

    #[test]
    fn who_waits_waits_since_the_first_unanswered_word() {
        let mut it = conversation();
        it.ask(Timestamp(5), Timestamp(6));
        it.ask(Timestamp(9), Timestamp(9));
        assert_eq!(it.waiting_since, Some(Timestamp(5)));
        it.answered();
        it.ask(Timestamp(30), Timestamp(20));
        assert_eq!(
            it.waits_since(),
            Some(Timestamp(20)),
            "a clock ahead of ours counts as now"
        );
        it.status = ConversationStatus::Resolved;
        assert_eq!(it.waits_since(), None, "nobody waits in what is done");
        it.status = ConversationStatus::Open;
        assert_eq!(it.waits_since(), Some(Timestamp(20)), "unless it was a mistake");
        it.status = ConversationStatus::Closed;
        it.customer_wrote(Timestamp(40), Timestamp(40));
        it.ask(Timestamp(40), Timestamp(40));
        assert_eq!(it.waits_since(), Some(Timestamp(40)));
    }

    #[test]
    fn a_reply_reopens_all_but_what_is_on_hold() {
        for status in ConversationStatus::ALL {
            let mut it = conversation();
            it.status = status;
            it.customer_wrote(Timestamp(1), Timestamp(1));
            let held = status == ConversationStatus::OnHold;
            assert_eq!(it.status, if held { status } else { ConversationStatus::Open });
        }
    }

    #[test]
    fn words_and_numbers_of_statuses_round_trip() {
        for status in ConversationStatus::ALL {
            assert_eq!(ConversationStatus::parse(status.as_str()), Some(status));
            assert_eq!(ConversationStatus::from_u8(status as u8), Some(status));
        }
        assert_eq!(ConversationStatus::parse("OPEN"), None);
    }
}
