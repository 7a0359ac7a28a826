//! Forgets raw events that were worked in long ago. They lie in order of arrival, so it is a walk from the oldest.

use super::core::Core;
use super::registry::all_workspaces;
use crate::domain::operations::RawState;
use crate::domain::time::HOUR;
use crate::storage::keys::{RawBlobKey, RawEventKey, RawPendingKey};
use crate::storage::{Batch, CommitError, Prefix, StorageError};

/// How long raw events are kept after they were worked in.
pub const RAW_EVENT_LIFE: i64 = 30 * 24 * HOUR;
const PAGE: usize = 256;

/// Why the walk was broken off; it goes on the next time.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The removal was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Forgets what is old enough in every workspace. Parked and pending ones stay until someone has dealt with them.
///
/// # Errors
/// The store cannot be read or written.
pub async fn sweep(core: &Core) -> Result<(), SweepError> {
    let before = core.clock.now().plus(-RAW_EVENT_LIFE);
    // The newest stays whatever its age: numbers go on from it after a restart.
    let newest = core
        .store
        .scan_keys_back(&Prefix::<RawBlobKey>::table(), None, 1)?
        .first()
        .map(|key| key.raw);
    for workspace in all_workspaces(&core.store)? {
        let mut after: Option<RawEventKey> = None;
        loop {
            let page = core.store.scan(
                &Prefix::<RawEventKey>::table().with(workspace.id),
                after.as_ref(),
                PAGE,
            )?;
            after = page.last().map(|(key, _)| *key);
            let full = page.len() == PAGE;
            let young = page.last().is_none_or(|(_, event)| event.received_at > before);
            let mut batch = Batch::bulk();
            for (key, event) in page.into_iter().filter(|(_, event)| event.received_at <= before) {
                let pending = RawPendingKey {
                    workspace: workspace.id,
                    channel: event.channel,
                    raw: key.raw,
                };
                if event.state == RawState::Parked
                    || Some(key.raw) == newest
                    || core.store.contains(&pending)?
                {
                    continue;
                }
                batch.delete(&key);
                batch.delete(&RawBlobKey { raw: key.raw });
            }
            if !batch.is_empty() {
                core.store.commit(batch).await?;
            }
            if !full || young {
                break;
            }
        }
    }
    Ok(())
}
