//! How far each channel was looked after: one row a workspace, by channel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, KeepError, Kept, number};
use crate::storage::{Batch, CommitError, StorageError};

/// Times that a write is tried when other channels' come in at the same moment.
const TRIES: usize = 8;

/// How far a channel was looked after.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Everything that was said before this was asked for.
    pub looked_until: Option<Timestamp>,
    /// When it was last tried.
    pub looked_at: Option<Timestamp>,
    /// Messages that the provider named in that look, and those among them that were not here.
    pub found: u32,
    /// See `found`.
    pub new: u32,
    /// Why the last look failed.
    pub error: Option<String>,
    /// A look that was cut short.
    pub(super) run: Option<Run>,
}

impl Progress {
    /// Whether the last look was cut short and goes on by itself.
    pub const fn goes_on(&self) -> bool {
        self.run.is_some()
    }
}

/// A look under way: from when to when, and where the provider's list goes on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub since: Timestamp,
    pub until: Timestamp,
    pub next: Option<String>,
}

type Rows = BTreeMap<String, Progress>;

const fn key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: number::MISSED,
    }
}

/// How far a channel was looked after.
pub(super) fn read(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
) -> Result<Progress, StorageError> {
    let rows = settings::load::<_, Rows>(&core.store, &key(workspace))?;
    let found = rows.and_then(|(mut kept, _)| kept.value.remove(&channel.to_string()));
    Ok(found.unwrap_or_default())
}

/// Changes it.
pub(super) async fn change(
    core: &Core,
    entry: &ChannelEntry,
    change: impl Fn(&mut Progress),
) -> Result<(), KeepError> {
    let (store, key) = (&core.store, key(entry.workspace));
    for _ in 0..TRIES {
        let found = settings::load::<_, Rows>(store, &key)?;
        let before = found.as_ref().map(|(_, before)| *before);
        let (version, mut rows) = found.map_or((0, Rows::new()), |(kept, _)| (kept.version, kept.value));
        change(rows.entry(entry.channel.id.to_string()).or_default());
        // A channel that was removed needs it no more.
        rows.retain(|id, _| id.parse().is_ok_and(|id| core.registry.get(id).is_some()));
        let kept = Kept {
            version: version + 1,
            value: rows,
        };
        let mut batch = Batch::new();
        let seal = store.workspace_seal(entry.workspace)?;
        settings::put(&mut batch, &key, before, &kept, &seal)?;
        match store.commit(batch).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Busy.into())
}
