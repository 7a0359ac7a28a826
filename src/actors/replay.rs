//! Working a raw event in once more: after a fault was mended, a channel was added, or just to be sure. What was worked in
//! before is recognised by its ids and has no second effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::channels::ProviderKind;
use crate::domain::operations::{RawEvent, RawState};
use crate::domain::{ChannelId, RawEventId, WorkspaceId};
use crate::storage::keys::{RawBlobKey, RawByStateKey, RawEventKey, RawPendingKey};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::house::House;
use super::intake::{MAX_TARGETS, addressee};
use super::raw_events::state_of;
use super::registry::ChannelEntry;

/// Most raw events that one call takes up.
const MAX_AT_ONCE: usize = 10_000;

/// Why a raw event was not taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No such raw event in this workspace.
    #[error("no such raw event")]
    NotFound,
    /// Its bytes are no longer kept.
    #[error("its bytes are no longer kept")]
    BytesGone,
    /// No channel is left for it.
    #[error("the channel that it was for was removed, and no other has its number")]
    NoChannel,
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What came of replaying many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// Taken up again.
    pub replayed: usize,
    /// Could not be: no channel, or no bytes.
    pub left: usize,
    /// There are more; call again.
    pub more: bool,
}

impl House {
    /// Takes a raw event up again; it is worked in shortly after.
    ///
    /// # Errors
    /// Says why it was not; then nothing has changed.
    pub async fn replay(&self, workspace: WorkspaceId, raw: RawEventId) -> Result<RawEvent, ReplayError> {
        let store = &self.core.store;
        let key = RawEventKey { workspace, raw };
        let (mut event, fingerprint) = store.get_for_update(&key)?.ok_or(ReplayError::NotFound)?;
        if state_of(store, workspace, &event)? == RawState::Pending {
            return Ok(event);
        }
        let bytes = store.blob(&RawBlobKey { raw: event.blob })?;
        let mut targets = self.targets(workspace, &event, &bytes.ok_or(ReplayError::BytesGone)?);
        event.channel = self
            .home(workspace, &event, &targets)
            .ok_or(ReplayError::NoChannel)?;
        event.state = RawState::Pending;
        let mut batch = Batch::new();
        batch.require_unchanged(&key, fingerprint);
        batch.delete(&RawByStateKey {
            workspace,
            state: RawState::Parked as u8,
            raw,
        });
        put(&mut batch, workspace, &event);
        targets.retain(|channel, _| *channel != event.channel);
        let mut woken = vec![event.channel];
        for other in targets.values().filter(|_| event.id == event.blob) {
            if !self.has_part(other, &event)? {
                put(&mut batch, other.workspace, &self.part(other, &event));
                woken.push(other.channel.id);
            }
        }
        store.commit(batch).await?;
        self.backlog.add(woken.len());
        for entry in woken.into_iter().filter_map(|id| self.core.registry.get(id)) {
            entry.inbox.notify_one();
        }
        Ok(event)
    }

    /// Takes up everything of a workspace that is parked, up to 10,000 raw events.
    ///
    /// # Errors
    /// The store fails; what was taken up before that stays taken up.
    pub async fn replay_parked(&self, workspace: WorkspaceId) -> Result<Replayed, ReplayError> {
        let prefix = Prefix::<RawByStateKey>::table()
            .with(workspace)
            .with(RawState::Parked as u8);
        // Read first: what is parked again meanwhile waits for another call.
        let parked = self.core.store.scan_keys(&prefix, None, MAX_AT_ONCE)?;
        let mut outcome = Replayed {
            more: parked.len() == MAX_AT_ONCE,
            ..Replayed::default()
        };
        for key in parked {
            match self.replay(workspace, key.raw).await {
                Ok(_) => outcome.replayed += 1,
                Err(ReplayError::Storage(error @ (StorageError::Io { .. } | StorageError::ReadOnly(_)))) => {
                    return Err(error.into());
                }
                Err(ReplayError::Commit(CommitError::Conflict { .. })) => outcome.left += 1,
                Err(ReplayError::Commit(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(raw_event = %key.raw, %error, "a raw event cannot be replayed");
                    outcome.left += 1;
                }
            }
        }
        Ok(outcome)
    }

    /// The channels that the body speaks to today. As when it came, only those whose secret signed it; where that is no
    /// longer known, only those of the same workspace.
    fn targets(
        &self,
        workspace: WorkspaceId,
        event: &RawEvent,
        bytes: &[u8],
    ) -> BTreeMap<ChannelId, Arc<ChannelEntry>> {
        let provider = ProviderKind::from_u8(event.provider).and_then(|kind| self.core.provider(kind));
        let Some(provider) = provider else {
            return BTreeMap::new();
        };
        let registry = &self.core.registry;
        let signer = registry.find(workspace, event.channel);
        let may_have_it = |entry: &Arc<ChannelEntry>| match &signer {
            Some(signer) => entry.is_signed_like(signer),
            None => entry.workspace == workspace,
        };
        let entries: Vec<_> = registry.all().into_iter().filter(may_have_it).collect();
        let mut targets = BTreeMap::new();
        for address in provider.peek_addresses(bytes) {
            if let Some(entry) = addressee(provider.as_ref(), &entries, &address) {
                targets.insert(entry.channel.id, entry.clone());
            }
        }
        if targets.is_empty() {
            targets.extend(signer.map(|entry| (entry.channel.id, entry)));
        }
        targets
    }

    /// The channel of this workspace that works the event in: the one that had it if it is spoken to, else the first that
    /// is, else the one that had it, for which there will be nothing to do.
    fn home(
        &self,
        workspace: WorkspaceId,
        event: &RawEvent,
        targets: &BTreeMap<ChannelId, Arc<ChannelEntry>>,
    ) -> Option<ChannelId> {
        if targets.contains_key(&event.channel) {
            return Some(event.channel);
        }
        let own = targets.values().find(|entry| entry.workspace == workspace);
        let had_it = || self.core.registry.find(workspace, event.channel);
        own.cloned().or_else(had_it).map(|entry| entry.channel.id)
    }

    /// Whether another channel has its own raw event of the same delivery already.
    fn has_part(&self, other: &ChannelEntry, event: &RawEvent) -> Result<bool, StorageError> {
        let prefix = Prefix::<RawEventKey>::table().with(other.workspace);
        let before = RawEventKey {
            workspace: other.workspace,
            raw: RawEventId(event.blob.0.saturating_sub(1)),
        };
        let rows = self.core.store.scan(&prefix, Some(&before), MAX_TARGETS)?;
        let is_it = |row: &RawEvent| row.blob == event.blob && row.channel == other.channel.id;
        Ok(rows.iter().any(|(_, row)| is_it(row)))
    }

    fn part(&self, other: &ChannelEntry, event: &RawEvent) -> RawEvent {
        RawEvent {
            id: self.intake.reserve(),
            channel: other.channel.id,
            error: None,
            attempts: 0,
            ..event.clone()
        }
    }
}

fn put(batch: &mut Batch, workspace: WorkspaceId, event: &RawEvent) {
    let (raw, channel) = (event.id, event.channel);
    let pending = RawPendingKey {
        workspace,
        channel,
        raw,
    };
    batch
        .put(&RawEventKey { workspace, raw }, event, &Seal::Open)
        .put(&pending, &(), &Seal::Open);
}
