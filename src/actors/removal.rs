//! What a removed channel leaves behind: messages that will never go out, and raw events that nobody will work in. Each is
//! put where a person sees it, so that nothing waits for ever.

use std::time::Duration;

use crate::domain::decide::AttemptResult;
use crate::domain::operations::{OutboxEntry, RawState, SendPriority};
use crate::domain::outbound::{MessageReaction, SendOutcome};
use crate::domain::{ChannelId, EventKind, TraceId, WorkspaceId};
use crate::storage::keys::{OutboxKey, RawByStateKey, RawEventKey, RawPendingKey};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::backlog::Backlog;
use super::contents;
use super::conversation::{Command, CommandError};
use super::core::Core;
use super::house::House;
use super::hub::Hub;
use super::registry::RegistryError;

const PAGE: usize = 256;
/// After this the dispatcher has recorded what it had under way; it takes less to stop.
const CALLS_ENDED: Duration = Duration::from_secs(10);
const WHY: &str = "The channel was removed before this could be sent.";

#[derive(Debug, thiserror::Error)]
enum RemovalError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl House {
    /// Removes a channel. What was queued on it fails, and what was not worked in is parked, shortly after; calls under
    /// way are recorded first.
    ///
    /// # Errors
    /// No such channel, or the store refuses.
    pub async fn remove_channel(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        trace: TraceId,
    ) -> Result<(), RegistryError> {
        let now = self.core.clock.now();
        let entry = self.core.registry.find(workspace, channel);
        self.core.registry.remove(workspace, channel, now, trace).await?;
        self.detach(channel).await;
        let (core, hub, backlog) = (self.core.clone(), self.hub.clone(), self.backlog.clone());
        actix::spawn(async move {
            let outcome = async {
                park(&core, workspace, channel, &backlog).await?;
                give_up(&core, &hub, workspace, channel, false).await?;
                tokio::time::sleep(CALLS_ENDED).await;
                give_up(&core, &hub, workspace, channel, true).await?;
                if let Some(entry) = &entry {
                    contents::clear(&core, entry).await;
                }
                Ok::<(), RemovalError>(())
            };
            if let Err(error) = outcome.await {
                tracing::error!(%channel, %error, "what a removed channel left behind was not cleared away");
            }
        });
        Ok(())
    }
}

/// Fails what is queued; `also_active`: what was under way and never recorded is doubtful.
async fn give_up(
    core: &Core,
    hub: &Hub,
    workspace: WorkspaceId,
    channel: ChannelId,
    also_active: bool,
) -> Result<(), RemovalError> {
    let prefix = Prefix::<OutboxKey>::table().with(workspace).with(channel);
    let mut after: Option<OutboxKey> = None;
    loop {
        let page = core.store.scan(&prefix, after.as_ref(), PAGE)?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|(key, _)| *key);
        for (key, row) in page.into_iter().filter(|(_, row)| also_active || !row.active) {
            let (conversation, trace) = (row.message.conversation, row.trace);
            let command = Command::Outcome(Box::new(outcome(&key, row)));
            match hub.send(workspace, conversation, command, trace).await {
                Ok(_) | Err(CommandError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

fn outcome(key: &OutboxKey, row: OutboxEntry) -> AttemptResult {
    let (outcome, reaction) = match row.active {
        true => (SendOutcome::Unknown(WHY.to_owned()), MessageReaction::Doubt),
        false => (SendOutcome::NotSent(WHY.to_owned()), MessageReaction::Fail),
    };
    AttemptResult {
        // The row is found by its key, whatever stands in it.
        entry: OutboxEntry { due: key.due, ..row },
        priority: SendPriority::from_u8(key.priority).unwrap_or(SendPriority::Reply),
        outcome,
        reaction: Some(reaction),
    }
}

/// Parks what was not worked in: a channel with the same number that is added later can replay it.
async fn park(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
    backlog: &Backlog,
) -> Result<(), RemovalError> {
    let prefix = Prefix::<RawPendingKey>::table().with(workspace).with(channel);
    loop {
        let page = core.store.scan_keys(&prefix, None, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        let count = page.len();
        let mut batch = Batch::new();
        for pending in page {
            let raw = pending.raw;
            batch.delete(&pending);
            let key = RawEventKey { workspace, raw };
            let Some(mut event) = core.store.get(&key)? else {
                continue;
            };
            event.state = RawState::Parked;
            event.error =
                Some("its channel was removed; add one with the same number, then replay".to_owned());
            let state = RawState::Parked as u8;
            batch
                .put(&key, &event, &Seal::Open)
                .put(
                    &RawByStateKey {
                        workspace,
                        state,
                        raw,
                    },
                    &(),
                    &Seal::Open,
                )
                .event(
                    workspace,
                    core.clock.now(),
                    event.trace,
                    EventKind::RawEventParked(raw),
                );
        }
        core.store.commit(batch).await?;
        backlog.remove(count);
    }
}
