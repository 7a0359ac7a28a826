//! How long files are kept: a setting of each workspace.

use crate::domain::WorkspaceId;
use crate::storage::keys::SettingKey;
use crate::storage::records::Json;
use crate::storage::{Batch, CommitError, StorageError, Store};

/// The setting's number. Stored: never change it.
const SETTING: u8 = 60;
/// Longest time that can be said, in days: ten years.
pub const MAX_DAYS: u32 = 3_650;

/// How long files are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Retention {
    /// Days after which a file is deleted; its message stays. `None`: never.
    pub days: Option<u32>,
}

fn key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: SETTING,
    }
}

/// What a workspace said; nothing means for ever.
///
/// # Errors
/// The store cannot be read.
pub fn read(store: &Store, workspace: WorkspaceId) -> Result<Retention, StorageError> {
    let Some(Json(text)) = store.get(&key(workspace))? else {
        return Ok(Retention::default());
    };
    serde_json::from_str(&text).map_err(|error| StorageError::Damaged {
        table: "Setting",
        cause: format!("how long files are kept cannot be read ({:?})", error.classify()),
    })
}

/// Writes it.
///
/// # Errors
/// It was not committed.
pub async fn write(store: &Store, workspace: WorkspaceId, retention: Retention) -> Result<(), CommitError> {
    let text = format!(
        "{{\"days\":{}}}",
        retention
            .days
            .map_or_else(|| "null".to_owned(), |days| days.to_string())
    );
    let seal = store
        .workspace_seal(workspace)
        .map_err(|error| CommitError::ReadOnly(error.to_string()))?;
    let mut batch = Batch::new();
    batch.put(&key(workspace), &Json(text), &seal);
    store.commit(batch).await.map(drop)
}
