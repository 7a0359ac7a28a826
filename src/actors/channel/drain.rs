//! One round: a page of raw events, one directory request, one command per conversation, one closing commit.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::future::join_all;

use crate::actors::conversation::{ApplyItem, Command, CommandError, RawDone};
use crate::actors::directory::{DirectoryError, MAX_SENDERS, Resolve, Resolved};
use crate::actors::due::due_key;
use crate::actors::registry::ChannelEntry;
use crate::domain::decide::Received;
use crate::domain::health::HealthChange;
use crate::domain::inbound::{Inbound, InboundMessage, PreferenceUpdate, StatusUpdate};
use crate::domain::operations::{DueWork, EarlyStatus, RawState};
use crate::domain::phone_sync::SyncNews;
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, ConversationId, EventKind, MessageId, RawEventId, Timestamp, TraceId};
use crate::storage::keys::{
    EarlyStatusKey, MessageByProviderIdKey, RawByStateKey, RawEventKey, RawPendingKey,
};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::ChannelWork;
use super::moves::is_move;
use super::notes::Place;
use super::read::Read;

/// Raw events of one round.
const ROUND: usize = 128;
/// Bytes of raw events of one round, so that large deliveries do not add up in memory.
const ROUND_BYTES: usize = 8 << 20;
/// How long a status waits for the message that it speaks of.
const EARLY_LIFE: i64 = 7 * 24 * HOUR;
/// Statuses kept for one unknown message.
const MAX_EARLY: usize = 16;

/// Why a round was broken off; what is not marked done is worked in again.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Command(CommandError),
}

/// A message of a delivery; whether the business wrote it comes last.
type Unresolved = (RawEventId, TraceId, Box<InboundMessage>, bool);

/// What a round has found to do.
#[derive(Default)]
pub(super) struct Round {
    /// News per conversation, in order.
    groups: HashMap<ConversationId, Group>,
    /// Messages whose sender is not resolved yet.
    unresolved: Vec<Unresolved>,
    /// What notices change for channels' health, in order.
    pub(super) health: Vec<(ChannelId, HealthChange)>,
    /// Notices that were kept in this round.
    pub(super) noted: HashSet<[u8; 16]>,
    /// What a phone app shares, and the trace of the last of it.
    sync: (SyncNews, Option<TraceId>),
    /// Choices whose customer is not resolved yet.
    preferences: Vec<(RawEventId, TraceId, PreferenceUpdate)>,
    /// The closing commit: notices, early statuses, parked and done raw events.
    pub(super) closing: Batch,
    /// Raw events that were read.
    read: BTreeSet<RawEventId>,
    /// Why a raw event is parked.
    parked: HashMap<RawEventId, String>,
    /// Raw events with news for more than one conversation, or for none.
    touched: HashMap<RawEventId, BTreeSet<ConversationId>>,
    /// Statuses that no message is known for, by hash of the provider's id.
    early: HashMap<[u8; 16], Vec<StatusUpdate>>,
}

#[derive(Default)]
struct Group {
    items: Vec<(RawEventId, ApplyItem)>,
    trace: Option<TraceId>,
}

impl ChannelWork {
    /// Works in up to a page of raw events. Answers how many.
    pub(super) async fn drain(&self, entry: &ChannelEntry) -> Result<usize, RoundError> {
        let prefix = Prefix::<RawPendingKey>::table()
            .with(entry.workspace)
            .with(entry.channel.id);
        let keys = self.core.store.scan_keys(&prefix, None, ROUND)?;
        if keys.is_empty() {
            return Ok(0);
        }
        let mut round = Round::default();
        let mut bytes = 0;
        for key in &keys {
            let read = self.read(entry, key.raw)?;
            bytes += read.size;
            self.sort_in(entry, &mut round, read)?;
            if bytes >= ROUND_BYTES {
                break;
            }
        }
        let worked_in = round.read.len();
        let sync = std::mem::take(&mut round.sync);
        self.follow_sync(entry, sync).await?;
        self.resolve_senders(entry, &mut round).await?;
        self.apply_groups(entry, &mut round).await?;
        self.close(entry, round).await?;
        Ok(worked_in)
    }

    fn sort_in(&self, entry: &ChannelEntry, round: &mut Round, read: Read) -> Result<(), RoundError> {
        let Read {
            raw,
            trace,
            size: _,
            digest,
            items,
        } = read;
        round.read.insert(raw);
        let items = match items {
            Ok(items) => items,
            Err(error) => {
                round.parked.insert(raw, error);
                return Ok(());
            }
        };
        let mut is_new = true;
        for (index, item) in items.into_iter().enumerate() {
            round.sync.0.add(&item);
            round.sync.1 = Some(trace);
            match item {
                Inbound::Message(message) => round.unresolved.push((raw, trace, Box::new(message), false)),
                Inbound::Echo(message) => round.unresolved.push((raw, trace, Box::new(message), true)),
                Inbound::Status(update) => self.sort_status(entry, round, raw, trace, update)?,
                // They follow the notice of their change. Told again, they must not undo what was said since.
                Inbound::Preference(_) if !is_new => {}
                Inbound::Preference(update) => round.preferences.push((raw, trace, update)),
                Inbound::Notice(notice) => {
                    let place = Place {
                        raw,
                        trace,
                        digest,
                        index,
                    };
                    is_new &= self.note(entry, round, place, notice)?;
                }
            }
        }
        Ok(())
    }

    fn sort_status(
        &self,
        entry: &ChannelEntry,
        round: &mut Round,
        raw: RawEventId,
        trace: TraceId,
        update: StatusUpdate,
    ) -> Result<(), RoundError> {
        metrics::counter!("frontdesk_statuses_total").increment(1);
        let provider_id = self
            .core
            .provider_id_hash(entry.workspace, &update.provider_message_id)?;
        match self.message_of(entry, provider_id, &update)? {
            Some(message) => round.add(
                message.conversation,
                raw,
                trace,
                ApplyItem::Status(message, Box::new(update)),
            ),
            None => {
                let waiting = round.early.entry(provider_id).or_default();
                if waiting.len() < MAX_EARLY {
                    waiting.push(update);
                }
            }
        }
        Ok(())
    }

    /// The message that a status speaks of: by our own id, which must be of this channel, or by the provider's.
    fn message_of(
        &self,
        entry: &ChannelEntry,
        provider_id: [u8; 16],
        update: &StatusUpdate,
    ) -> Result<Option<MessageId>, StorageError> {
        let (workspace, channel) = (entry.workspace, entry.channel.id);
        let by_provider = self.core.store.get(&MessageByProviderIdKey {
            workspace,
            channel,
            provider_id,
        })?;
        if by_provider.is_some() {
            return Ok(by_provider);
        }
        let Some(id) = update.callback else {
            return Ok(None);
        };
        let key = crate::storage::keys::ConversationKey {
            workspace,
            conversation: id.conversation,
        };
        let conversation = self.core.store.get(&key)?;
        Ok(conversation
            .filter(|conversation| conversation.channel == channel)
            .map(|_| id))
    }

    async fn resolve_senders(&self, entry: &ChannelEntry, round: &mut Round) -> Result<(), RoundError> {
        let mut unresolved = self.without_known(entry, std::mem::take(&mut round.unresolved))?;
        while !unresolved.is_empty() {
            // Who comes after someone's move is resolved as it left things.
            let moves = unresolved.iter().position(|(_, _, message, _)| is_move(message));
            let until = moves.map_or(unresolved.len(), |at| at + 1).min(MAX_SENDERS);
            let rest = unresolved.split_off(until);
            let request = Resolve {
                workspace: entry.workspace,
                channel: entry.channel.id,
                senders: unresolved
                    .iter()
                    .map(|(_, _, message, _)| message.sender.clone())
                    .collect(),
                trace: unresolved[0].1,
            };
            let resolved = self.directory.send(request).await?;
            for ((raw, trace, message, echo), resolved) in unresolved.into_iter().zip(resolved) {
                match resolved {
                    Ok(Resolved {
                        conversation,
                        contact,
                    }) => {
                        self.profiles.wrote(entry, contact, &message.sender);
                        self.follow_move(entry, contact, &message, trace).await?;
                        let received = Received {
                            inbound: *message,
                            echo,
                            reply_to: None,
                            raw_event: raw,
                            trace,
                        };
                        round.add(conversation, raw, trace, ApplyItem::Message(Box::new(received)));
                    }
                    Err(error) => {
                        round.parked.insert(raw, error.to_string());
                    }
                }
            }
            unresolved = rest;
        }
        self.resolve_preferences(entry, round).await
    }

    /// Without messages that are here already: whoever wrote them may have another number since, and nobody new is to come
    /// of it.
    fn without_known(
        &self,
        entry: &ChannelEntry,
        messages: Vec<Unresolved>,
    ) -> Result<Vec<Unresolved>, StorageError> {
        let mut new = Vec::with_capacity(messages.len());
        for message in messages {
            let key = MessageByProviderIdKey {
                workspace: entry.workspace,
                channel: entry.channel.id,
                provider_id: self
                    .core
                    .provider_id_hash(entry.workspace, &message.2.provider_message_id)?,
            };
            match self.core.store.contains(&key)? {
                true => metrics::counter!("frontdesk_inbound_duplicates_total").increment(1),
                false => new.push(message),
            }
        }
        Ok(new)
    }

    /// Choices come after the messages of the round: they are rare, and their order to messages means nothing.
    async fn resolve_preferences(&self, entry: &ChannelEntry, round: &mut Round) -> Result<(), RoundError> {
        let mut left = std::mem::take(&mut round.preferences);
        while !left.is_empty() {
            let rest = left.split_off(left.len().min(MAX_SENDERS));
            let request = Resolve {
                workspace: entry.workspace,
                channel: entry.channel.id,
                senders: left.iter().map(|(_, _, update)| update.sender.clone()).collect(),
                trace: left[0].1,
            };
            let resolved = self.directory.send(request).await?;
            for ((raw, trace, update), resolved) in left.into_iter().zip(resolved) {
                match resolved {
                    Ok(found) => {
                        let item = ApplyItem::Preference(Box::new(update));
                        round.add(found.conversation, raw, trace, item);
                    }
                    Err(error) => {
                        round.parked.insert(raw, error.to_string());
                    }
                }
            }
            left = rest;
        }
        Ok(())
    }

    async fn apply_groups(&self, entry: &ChannelEntry, round: &mut Round) -> Result<(), RoundError> {
        let groups = std::mem::take(&mut round.groups);
        let commands = groups.into_iter().map(|(conversation, group)| {
            let done = self.done_with(entry, round, &group);
            let raws: BTreeSet<RawEventId> = group.items.iter().map(|(raw, _)| *raw).collect();
            let items = group.items.into_iter().map(|(_, item)| item).collect();
            let trace = group.trace.unwrap_or(TraceId([0; 16]));
            let finished: Vec<RawEventId> = done.iter().map(|done| done.raw).collect();
            let command = Command::Apply { items, done };
            async move {
                let result = self.hub.send(entry.workspace, conversation, command, trace).await;
                (raws, finished, result)
            }
        });
        let results = join_all(commands).await;
        let mut broken = None;
        for (raws, finished, result) in results {
            match result {
                Ok(_) => finished.into_iter().for_each(|raw| {
                    round.read.remove(&raw);
                }),
                Err(error) if is_lasting(&error) => {
                    round
                        .parked
                        .extend(raws.into_iter().map(|raw| (raw, error.to_string())));
                }
                Err(error) => broken = Some(error),
            }
        }
        broken.map_or(Ok(()), |error| Err(RoundError::Command(error)))
    }

    /// The raw events that are worked in once this group is: those that speak to this conversation only.
    fn done_with(&self, entry: &ChannelEntry, round: &Round, group: &Group) -> Vec<RawDone> {
        let raws: BTreeSet<RawEventId> = group.items.iter().map(|(raw, _)| *raw).collect();
        let alone = |raw: &RawEventId| {
            round.touched.get(raw).is_some_and(|touched| touched.len() == 1)
                && !round.parked.contains_key(raw)
        };
        // Notices and early statuses are written in the closing commit, which must come first or together.
        let nothing_else = round.closing.is_empty() && round.early.is_empty();
        raws.into_iter()
            .filter(|raw| nothing_else && alone(raw))
            .map(|raw| RawDone {
                channel: entry.channel.id,
                raw,
            })
            .collect()
    }

    async fn close(&self, entry: &ChannelEntry, mut round: Round) -> Result<(), RoundError> {
        let now = self.core.clock.now();
        for (hash, updates) in std::mem::take(&mut round.early) {
            self.keep_early(entry, &mut round.closing, hash, updates, now)?;
        }
        for raw in &round.read {
            let pending = RawPendingKey {
                workspace: entry.workspace,
                channel: entry.channel.id,
                raw: *raw,
            };
            round.closing.delete(&pending);
            if let Some(error) = round.parked.get(raw) {
                self.park(entry, &mut round.closing, *raw, error, now)?;
            }
        }
        if !round.health.is_empty() {
            let health = std::mem::take(&mut round.health);
            return self
                .close_with_health(entry.workspace, health, round.closing)
                .await;
        }
        if !round.closing.is_empty() {
            self.core.store.commit(round.closing).await?;
        }
        Ok(())
    }

    fn keep_early(
        &self,
        entry: &ChannelEntry,
        batch: &mut Batch,
        provider_id: [u8; 16],
        updates: Vec<StatusUpdate>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let (workspace, channel) = (entry.workspace, entry.channel.id);
        let key = EarlyStatusKey {
            workspace,
            channel,
            provider_id,
        };
        let mut early = self.core.store.get(&key)?.unwrap_or(EarlyStatus {
            updates: vec![],
            received_at: now,
        });
        for update in updates {
            if early.updates.len() < MAX_EARLY && !early.updates.contains(&update) {
                early.updates.push(update);
            }
        }
        let seal = self.core.store.workspace_seal(workspace)?;
        let forget = DueWork::ForgetEarlyStatus(channel, provider_id);
        // If the answer to the send is recorded meanwhile, the round is repeated and finds the message.
        batch.require_absent(&MessageByProviderIdKey {
            workspace,
            channel,
            provider_id,
        });
        batch.put(&key, &early, &seal);
        batch.put(
            &due_key(early.received_at.plus(EARLY_LIFE), workspace, &forget),
            &forget,
            &Seal::Open,
        );
        Ok(())
    }

    fn park(
        &self,
        entry: &ChannelEntry,
        batch: &mut Batch,
        raw: RawEventId,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        tracing::warn!(raw_event = %raw, error, "a raw event is parked");
        metrics::counter!("frontdesk_raw_events_parked_total").increment(1);
        let workspace = entry.workspace;
        let key = RawEventKey { workspace, raw };
        let Some(mut event) = self.core.store.get(&key)? else {
            return Ok(());
        };
        event.state = RawState::Parked;
        event.attempts = event.attempts.saturating_add(1);
        event.error = Some(error.chars().take(1000).collect());
        batch.put(&key, &event, &Seal::Open);
        batch.put(
            &RawByStateKey {
                workspace,
                state: RawState::Parked as u8,
                raw,
            },
            &(),
            &Seal::Open,
        );
        batch.event(workspace, now, event.trace, EventKind::RawEventParked(raw));
        Ok(())
    }
}

impl Round {
    fn add(&mut self, conversation: ConversationId, raw: RawEventId, trace: TraceId, item: ApplyItem) {
        let group = self.groups.entry(conversation).or_default();
        group.trace.get_or_insert(trace);
        group.items.push((raw, item));
        self.touched.entry(raw).or_default().insert(conversation);
    }
}

/// Whether the same command would fail again for ever, so that the raw event is for a person.
const fn is_lasting(error: &CommandError) -> bool {
    match error {
        CommandError::NotFound
        | CommandError::Rejected(_)
        | CommandError::VersionMismatch { .. }
        | CommandError::IdempotencyKeyReused
        | CommandError::Crashed
        | CommandError::Storage(StorageError::Damaged { .. } | StorageError::Erased)
        | CommandError::Commit(CommitError::TooLarge { .. }) => true,
        CommandError::Busy | CommandError::Storage(_) | CommandError::Commit(_) => false,
    }
}
