//! The channel's dispatcher: takes messages out of the outbox as fast as the number may send, agents' replies first, one
//! at a time per conversation, and records every outcome.
//!
//! A row is marked active, durably, before its call; a row found active at start is therefore doubtful and is never sent
//! again blindly.

mod attempt;
mod breaker;
mod held;
mod pace;
mod select;
mod slots;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::operations::SendPriority;
use crate::domain::outbound::{ChannelReaction, ErrorClass, MessageReaction, SendOutcome, react};
use crate::domain::{ChannelId, ConversationId, Timestamp};
use crate::storage::{CommitError, StorageError};

use super::conversation::CommandError;
use super::core::Core;
use super::directory::DirectoryHandle;
use super::hub::Hub;
use super::registry::ChannelEntry;
use attempt::Attempt;
use breaker::Breaker;
use held::Held;
use pace::Pace;
use select::Room;
use slots::Slot;

/// Calls to the provider at the same time.
const MAX_CALLS: usize = 256;
/// How long calls under way may take to end when the program stops.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// What dispatchers share.
#[derive(Clone)]
pub struct Dispatch {
    /// Store, clock, registry.
    pub core: Arc<Core>,
    /// Conversations.
    pub hub: Hub,
    /// Identities.
    pub directory: DirectoryHandle,
}

/// Something under way ended.
enum Done {
    /// Rows are marked active.
    Activated(Result<Vec<Attempt>, (CommitError, Vec<ConversationId>)>),
    /// What the message needs was given to the provider, or could not be.
    Prepared(Box<Attempt>, Option<SendOutcome>),
    /// The provider answered, or did not.
    Called(Box<Called>),
    /// The outcome is recorded (or, at the stop, could not be: then it is doubtful at the next start).
    Recorded(ConversationId),
}

/// A call that ended.
struct Called {
    attempt: Attempt,
    outcome: SendOutcome,
    slot: Slot,
    /// When the provider's answer came, if it was asked.
    answered: Option<Instant>,
}

/// Runs until told to stop.
pub async fn run(dispatch: Dispatch, channel: ChannelId, token: CancellationToken) {
    let name = format!("dispatcher {channel}");
    let held = loop {
        let Some(entry) = dispatch.core.registry.get(channel) else {
            return token.cancelled().await;
        };
        match dispatch.recover(&entry).await {
            Ok(found) => break found,
            Err(error) => {
                tracing::error!(%channel, %error, "interrupted sends cannot be settled at present");
                dispatch.core.board.error(&name, &error.to_string());
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    };
    let Some(entry) = dispatch.core.registry.get(channel) else {
        return token.cancelled().await;
    };
    Desk::new(dispatch, &entry, held).run(entry, name, token).await;
}

/// The dispatcher's desk: what is ready, what is under way.
struct Desk {
    dispatch: Dispatch,
    channel: ChannelId,
    pace: Pace,
    breaker: Breaker,
    ready: VecDeque<Attempt>,
    under_way: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    calls: usize,
    /// Messages whose files are on their way to the provider.
    preparing: usize,
    activating: bool,
    /// Something may have become due that the last look did not see.
    look: bool,
    /// Somebody put something into the outbox since the last look: perhaps a reply, which overtakes what is ready.
    called: bool,
    next_due: Option<Timestamp>,
    busy: HashSet<ConversationId>,
    held: Held,
    /// The latest time seen: a clock that is set back shows by it.
    seen: Timestamp,
    /// How often in a row the provider could not be reached or wanted it slower.
    strained: u32,
}

impl Desk {
    fn new(dispatch: Dispatch, entry: &ChannelEntry, held: Held) -> Self {
        let pace = Pace::new(&dispatch.core, entry);
        Self {
            channel: entry.channel.id,
            pace,
            breaker: Breaker::default(),
            ready: VecDeque::new(),
            under_way: FuturesUnordered::new(),
            calls: 0,
            preparing: 0,
            activating: false,
            look: true,
            called: false,
            next_due: None,
            busy: HashSet::new(),
            held,
            seen: dispatch.core.clock.now(),
            strained: 0,
            dispatch,
        }
    }

    async fn run(mut self, mut entry: Arc<ChannelEntry>, name: String, token: CancellationToken) {
        // A removed channel's calls under way are recorded like those at a stop.
        while let Some(current) = self.dispatch.core.registry.get(self.channel) {
            entry = current;
            self.pace.adjust(&self.dispatch.core, &entry);
            self.breaker.look_at(&entry);
            if let Err(error) = self.fill(&entry) {
                self.dispatch.core.board.error(&name, &error.to_string());
            }
            self.launch(&entry);
            let wait = self.wait_time();
            tokio::select! {
                () = token.cancelled() => break,
                Some(done) = self.under_way.next(), if !self.under_way.is_empty() => self.take_in(done, &entry, &name),
                () = entry.outbox.notified() => (self.look, self.called) = (true, true),
                () = tokio::time::sleep(wait) => self.look = true,
            }
            self.dispatch
                .core
                .board
                .mailbox(&name, self.ready.len() + self.calls + self.preparing);
        }
        self.finish(&entry).await;
        token.cancelled().await;
    }

    /// Marks rows active, as many as will be sent in the next moment: what is not yet marked can still be overtaken.
    fn fill(&mut self, entry: &Arc<ChannelEntry>) -> Result<(), StorageError> {
        let now = self.dispatch.core.clock.now();
        if self.follow_clock(entry, now)? {
            return Ok(());
        }
        let open = !entry.channel.paused
            && self
                .breaker
                .lets_through(entry, now, self.calls + self.preparing + self.ready.len());
        let room = self.room();
        // With enough ready for the next moment only a reply is of interest, and only if somebody has called.
        let idle = !self.look || room.replies == 0 || (room.all == 0 && !self.called);
        if !open || idle || self.activating || self.calls + self.preparing >= MAX_CALLS {
            return Ok(());
        }
        self.called = false;
        let selection = self
            .dispatch
            .select(entry, (&self.busy, &self.held), &mut self.pace, now, room)?;
        for (key, row, _) in &selection.moved {
            self.held.put_back(row.message, select::priority(key));
        }
        self.next_due = selection.next_due;
        self.look = selection.more;
        if selection.chosen.is_empty() && selection.moved.is_empty() {
            return Ok(());
        }
        self.busy.extend(
            selection
                .chosen
                .iter()
                .map(|attempt| attempt.entry.message.conversation),
        );
        self.activating = true;
        let dispatch = self.dispatch.clone();
        self.under_way.push(Box::pin(async move {
            Done::Activated(dispatch.activate(selection).await)
        }));
        Ok(())
    }

    fn room(&self) -> Room {
        let ahead = self.pace.look_ahead(self.breaker.probing());
        Room {
            replies: ahead.saturating_sub(self.ready_replies()),
            all: ahead.saturating_sub(self.ready.len()),
        }
    }

    /// Replies stand before everything else that is ready.
    fn ready_replies(&self) -> usize {
        self.ready
            .partition_point(|attempt| attempt.priority == SendPriority::Reply)
    }

    /// Puts an attempt in line, once the provider has what the message needs.
    fn line_up(&mut self, attempt: Attempt, entry: &Arc<ChannelEntry>) {
        if !self.dispatch.wants_preparing(entry, &attempt) {
            return self.make_ready(attempt);
        }
        self.preparing += 1;
        let (dispatch, entry) = (self.dispatch.clone(), entry.clone());
        self.under_way.push(Box::pin(async move {
            let outcome = dispatch.prepare(&entry, &attempt).await;
            Done::Prepared(Box::new(attempt), outcome)
        }));
    }

    /// A reply stands after other replies, before all else.
    fn make_ready(&mut self, attempt: Attempt) {
        let place = match attempt.priority {
            SendPriority::Reply => self.ready_replies(),
            SendPriority::Bulk => self.ready.len(),
        };
        self.ready.insert(place, attempt);
    }

    /// When the clock was set back, what was due before would wait until it is due once more, and be overtaken by what is
    /// newer: it is moved along with the clock. Answers whether something is being moved.
    fn follow_clock(&mut self, entry: &Arc<ChannelEntry>, now: Timestamp) -> Result<bool, StorageError> {
        if now >= self.seen {
            self.seen = now;
            return Ok(false);
        }
        if self.activating {
            return Ok(true);
        }
        let moved = self.dispatch.left_ahead(entry, now, self.seen)?;
        tracing::warn!(channel = %self.channel, by_us = self.seen.since(now), messages = moved.moved.len(), "the clock was set back");
        self.seen = now;
        self.look = true;
        if moved.moved.is_empty() {
            return Ok(false);
        }
        self.activating = true;
        let dispatch = self.dispatch.clone();
        self.under_way.push(Box::pin(async move {
            Done::Activated(dispatch.activate(moved).await)
        }));
        Ok(true)
    }

    /// Starts calls, each in its slot.
    fn launch(&mut self, entry: &Arc<ChannelEntry>) {
        while self.calls < MAX_CALLS {
            let Some(next) = self.ready.front() else { return };
            let Some(slot) = self.pace.take_slot(next.priority) else {
                return;
            };
            let Some(attempt) = self.ready.pop_front() else {
                return;
            };
            self.calls += 1;
            let (dispatch, entry) = (self.dispatch.clone(), entry.clone());
            self.under_way.push(Box::pin(async move {
                let (outcome, answered) = dispatch.call(&entry, &attempt).await;
                Done::Called(Box::new(Called {
                    attempt,
                    outcome,
                    slot,
                    answered,
                }))
            }));
        }
    }

    fn take_in(&mut self, done: Done, entry: &Arc<ChannelEntry>, name: &str) {
        match done {
            Done::Activated(Ok(attempts)) => {
                self.activating = false;
                self.look |= attempts.is_empty();
                for attempt in attempts {
                    self.line_up(attempt, entry);
                }
            }
            Done::Activated(Err((error, conversations))) => {
                self.activating = false;
                self.look = true;
                conversations.iter().for_each(|conversation| {
                    self.busy.remove(conversation);
                });
                self.pace.pause(Duration::from_millis(500));
                self.dispatch.core.board.error(name, &error.to_string());
            }
            Done::Prepared(attempt, outcome) => {
                self.preparing -= 1;
                match outcome {
                    None => self.make_ready(*attempt),
                    Some(outcome) => self.after_call(*attempt, outcome, entry),
                }
            }
            Done::Called(called) => {
                self.calls -= 1;
                if let Some(at) = called.answered {
                    self.pace.answered(called.slot, at);
                }
                self.after_call(called.attempt, called.outcome, entry);
            }
            Done::Recorded(conversation) => {
                self.busy.remove(&conversation);
                self.look = true;
            }
        }
    }

    fn after_call(&mut self, attempt: Attempt, outcome: SendOutcome, entry: &Arc<ChannelEntry>) {
        let reaction = react(&outcome, self.tries(&attempt, &outcome), attempt::jitter());
        match reaction.as_ref().map(|reaction| &reaction.message) {
            Some(MessageReaction::Retry(_)) => self.held.put_back(attempt.entry.message, attempt.priority),
            Some(MessageReaction::Keep) => {}
            Some(MessageReaction::Fail | MessageReaction::Doubt) | None => {
                self.held.let_go(attempt.entry.message, attempt.priority);
            }
        }
        match reaction.as_ref().map(|reaction| &reaction.channel) {
            Some(ChannelReaction::Pause(wait)) => self.pace.pause(*wait),
            Some(ChannelReaction::Stop) => {
                let now = self.dispatch.core.clock.now();
                self.breaker.trip(entry, now);
            }
            Some(ChannelReaction::None) => {}
            None => self.breaker.success(),
        }
        let stop = matches!(&reaction, Some(r) if r.channel == ChannelReaction::Stop);
        let (dispatch, entry) = (self.dispatch.clone(), entry.clone());
        self.under_way.push(Box::pin(async move {
            dispatch.note_channel(&entry, &outcome, stop).await;
            let conversation = attempt.entry.message.conversation;
            dispatch
                .record(
                    &entry,
                    attempt,
                    outcome,
                    reaction.map(|reaction| reaction.message),
                )
                .await;
            Done::Recorded(conversation)
        }));
    }

    /// What the back-off counts by: the message's own tries, or those of the channel where the channel waits. Calls that
    /// were under way together count once.
    fn tries(&mut self, attempt: &Attempt, outcome: &SendOutcome) -> u32 {
        match outcome {
            SendOutcome::NotSent(_) => {}
            SendOutcome::Refused(error) if error.class == ErrorClass::Throttle => {}
            SendOutcome::Accepted { .. } | SendOutcome::Refused(_) | SendOutcome::Unknown(_) => {
                self.strained = 0;
                return attempt.entry.attempts;
            }
        }
        if self.pace.paused_for().is_none() {
            self.strained = self.strained.saturating_add(1);
        }
        self.strained.max(1)
    }

    fn wait_time(&self) -> Duration {
        let now = self.dispatch.core.clock.now();
        let until = |at: Timestamp| Duration::from_micros(at.since(now).max(0).unsigned_abs());
        let due = self.next_due.map_or(IDLE, until);
        let slot = if self.ready.is_empty() {
            IDLE
        } else {
            self.pace.next_slot()
        };
        let pause = if self.look { self.pace.paused_for() } else { None };
        let probe = self.breaker.next_probe().map_or(IDLE, until);
        let wait = due.min(slot).min(probe).min(pause.unwrap_or(IDLE)).min(IDLE);
        wait.max(Duration::from_micros(200))
    }

    /// Lets calls under way end and records them; what is only ready goes back by being doubtful no more than a moment.
    async fn finish(mut self, entry: &Arc<ChannelEntry>) {
        let back = std::mem::take(&mut self.ready);
        let dispatch = self.dispatch.clone();
        let end = async {
            dispatch.put_back(back).await;
            while let Some(done) = self.under_way.next().await {
                match done {
                    Done::Activated(Ok(attempts)) => dispatch.put_back(attempts).await,
                    Done::Prepared(attempt, None) => dispatch.put_back([*attempt]).await,
                    Done::Activated(Err((error, _))) => tracing::warn!(%error, "messages stay queued"),
                    Done::Prepared(attempt, Some(outcome)) => self.after_call(*attempt, outcome, entry),
                    Done::Called(called) => self.after_call(called.attempt, called.outcome, entry),
                    Done::Recorded(_) => {}
                }
            }
        };
        if tokio::time::timeout(STOP_WAIT, end).await.is_err() {
            tracing::warn!(channel = %self.channel, "calls did not end in time; they are settled at the next start");
        }
    }
}

/// Why interrupted sends could not be settled.
#[derive(Debug, thiserror::Error)]
enum RecoverError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Core {
    /// The channel's rate in messages a second.
    pub fn rate(&self, entry: &ChannelEntry) -> u32 {
        pace::rate(self, entry)
    }
}
