//! How long files are kept: a setting of each workspace.

use crate::domain::WorkspaceId;
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, KeepError, number};
use crate::storage::{StorageError, Store};

/// Longest time that can be said, in days: ten years.
pub const MAX_DAYS: u32 = 3_650;

/// How long files are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Retention {
    /// Days after which a file is deleted; its message stays. `None`: never.
    pub days: Option<u32>,
}

const fn key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: number::MEDIA_RETENTION,
    }
}

/// What a workspace said; nothing means for ever.
///
/// # Errors
/// The store cannot be read.
pub fn read(store: &Store, workspace: WorkspaceId) -> Result<Retention, StorageError> {
    Ok(settings::read(store, &key(workspace))?.unwrap_or_default())
}

/// Writes it.
///
/// # Errors
/// It was not committed.
pub async fn write(store: &Store, workspace: WorkspaceId, retention: Retention) -> Result<(), KeepError> {
    settings::keep(store, &key(workspace), &retention).await
}
