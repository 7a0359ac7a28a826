//! Which messages go next: replies before bulk, oldest first, one at a time per conversation, each recipient spaced.

use std::collections::HashSet;

use crate::actors::registry::ChannelEntry;
use crate::domain::message::MessageStatus;
use crate::domain::operations::{OutboxEntry, SendPriority};
use crate::domain::time::SECOND;
use crate::domain::{ConversationId, MessageId, Timestamp};
use crate::storage::keys::{MessageKey, OutboxKey};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::Dispatch;
use super::attempt::Attempt;
use super::held::Held;
use super::pace::Pace;

const PAGE: usize = 128;
/// Rows looked at in one go; more are seen when something has ended.
const MAX_LOOK: usize = 2048;

/// What is due within this time counts as due when the clock is set back.
const SLACK: i64 = 60 * SECOND;
/// After every message of the same time.
const LAST: MessageId = MessageId {
    conversation: ConversationId([0xff; 16]),
    n: u32::MAX,
};

/// The queue of a row.
pub(super) fn priority(key: &OutboxKey) -> SendPriority {
    SendPriority::from_u8(key.priority).unwrap_or(SendPriority::Bulk)
}

/// How many may be marked active.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Replies.
    pub replies: usize,
    /// Of both together.
    pub all: usize,
}

/// What was found.
#[derive(Default)]
pub(super) struct Selection {
    /// To be marked active and sent.
    pub chosen: Vec<Attempt>,
    /// Rows whose recipient must wait, with their new time.
    pub moved: Vec<(OutboxKey, OutboxEntry, Timestamp)>,
    /// When the next row that is not due yet will be.
    pub next_due: Option<Timestamp>,
    /// More could go out at once.
    pub more: bool,
}

impl Dispatch {
    pub(super) fn select(
        &self,
        entry: &ChannelEntry,
        (busy, held): (&HashSet<ConversationId>, &Held),
        pace: &mut Pace,
        now: Timestamp,
        room: Room,
    ) -> Result<Selection, StorageError> {
        let mut selection = Selection::default();
        let mut taken = HashSet::new();
        for (priority, room) in [
            (SendPriority::Reply, room.replies),
            (SendPriority::Bulk, room.all),
        ] {
            let prefix = Prefix::<OutboxKey>::table()
                .with(entry.workspace)
                .with(entry.channel.id)
                .with(priority as u8);
            let mut after = None;
            let mut looked = 0;
            'rows: while looked < MAX_LOOK {
                let page = self.core.store.scan(&prefix, after.as_ref(), PAGE)?;
                looked += page.len();
                let is_last = page.len() < PAGE;
                after = page.last().map(|(key, _)| *key);
                for (key, row) in page {
                    let conversation = row.message.conversation;
                    if key.due > now {
                        selection.note_due(key.due);
                        break 'rows;
                    }
                    if row.active || busy.contains(&conversation) || taken.contains(&conversation) {
                        continue;
                    }
                    if let Some(first) = held.before(row.message, priority)
                        && self.is_queued(entry, first)?
                    {
                        continue;
                    }
                    if selection.chosen.len() >= room {
                        selection.more = true;
                        return Ok(selection);
                    }
                    selection.place(key, row, priority, pace, now, &mut taken);
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(selection)
    }

    /// Rows that were due, or nearly, at `seen`, before the clock was set back to `now`: with times that keep their order
    /// and are earlier than those of anything newer.
    pub(super) fn left_ahead(
        &self,
        entry: &ChannelEntry,
        now: Timestamp,
        seen: Timestamp,
    ) -> Result<Selection, StorageError> {
        let mut selection = Selection::default();
        let by = seen.since(now).saturating_add(SLACK);
        for queue in [SendPriority::Reply, SendPriority::Bulk] {
            let prefix = Prefix::<OutboxKey>::table()
                .with(entry.workspace)
                .with(entry.channel.id)
                .with(queue as u8);
            let mut after = Some(OutboxKey {
                workspace: entry.workspace,
                channel: entry.channel.id,
                priority: queue as u8,
                due: now,
                message: LAST,
            });
            while selection.moved.len() < MAX_LOOK {
                let page = self.core.store.scan(&prefix, after.as_ref(), PAGE)?;
                after = page.last().map(|(key, _)| *key);
                let rows = page.into_iter().filter(|(_, row)| !row.active);
                let ahead = rows.take_while(|(key, _)| key.due <= seen.plus(SLACK));
                let before = selection.moved.len();
                selection
                    .moved
                    .extend(ahead.map(|(key, row)| (key, row, key.due.plus(-by))));
                if selection.moved.len() == before || after.is_none() {
                    break;
                }
            }
        }
        Ok(selection)
    }

    /// Whether a message still waits to be sent.
    fn is_queued(&self, entry: &ChannelEntry, message: MessageId) -> Result<bool, StorageError> {
        let key = MessageKey {
            workspace: entry.workspace,
            message,
        };
        match self.core.store.get(&key) {
            Ok(found) => Ok(found.is_some_and(|message| message.status == MessageStatus::Queued)),
            Err(StorageError::Erased | StorageError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes the selection down; answers the attempts that may now be made.
    pub(super) async fn activate(
        &self,
        selection: Selection,
    ) -> Result<Vec<Attempt>, (CommitError, Vec<ConversationId>)> {
        let mut batch = Batch::new();
        for attempt in &selection.chosen {
            batch
                .require_present(&attempt.key)
                .put(&attempt.key, &attempt.entry, &Seal::Open);
        }
        for (key, row, due) in selection.moved {
            let later = OutboxKey { due, ..key };
            batch
                .require_present(&key)
                .delete(&key)
                .put(&later, &OutboxEntry { due, ..row }, &Seal::Open);
        }
        match self.core.store.commit(batch).await {
            Ok(_) => Ok(selection.chosen),
            Err(error) => {
                let conversations = selection
                    .chosen
                    .iter()
                    .map(|attempt| attempt.entry.message.conversation);
                Err((error, conversations.collect()))
            }
        }
    }

    /// Puts attempts back at the stop; those for which that fails are doubtful at the next start.
    pub(super) async fn put_back(&self, attempts: impl IntoIterator<Item = Attempt>) {
        if let Err(error) = self.deactivate(attempts).await {
            tracing::warn!(%error, "messages that were about to be sent will be shown as doubtful");
        }
    }

    /// Marks attempts that were not made as waiting again.
    async fn deactivate(&self, attempts: impl IntoIterator<Item = Attempt>) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        for Attempt { key, entry, .. } in attempts {
            let entry = OutboxEntry {
                active: false,
                attempts: entry.attempts.saturating_sub(1),
                ..entry
            };
            batch.require_present(&key).put(&key, &entry, &Seal::Open);
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.core.store.commit(batch).await.map(|_| ())
    }
}

impl Selection {
    fn note_due(&mut self, due: Timestamp) {
        self.next_due = Some(self.next_due.map_or(due, |old| old.min(due)));
    }

    fn place(
        &mut self,
        key: OutboxKey,
        row: OutboxEntry,
        priority: SendPriority,
        pace: &mut Pace,
        now: Timestamp,
        taken: &mut HashSet<ConversationId>,
    ) {
        taken.insert(row.message.conversation);
        match pace.recipient_wait(row.contact) {
            None => {
                let entry = OutboxEntry {
                    active: true,
                    attempts: row.attempts.saturating_add(1),
                    ..row
                };
                self.chosen.push(Attempt { key, entry, priority });
            }
            Some(wait) => {
                let due = now.plus(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
                self.note_due(due);
                self.moved.push((key, row, due));
            }
        }
    }
}
