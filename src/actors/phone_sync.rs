//! What is kept of a channel's coexistence with the phone app: one row a workspace, by channel.

use std::collections::BTreeMap;

use crate::domain::phone_sync::{PhoneSync, SyncNews};
use crate::domain::{ChannelId, WorkspaceId};
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, KeepError, Kept, number};
use crate::storage::{Batch, CommitError, StorageError};

use super::core::Core;

/// Times that a write is tried when other channels' news come in at the same moment.
const TRIES: usize = 8;

type Rows = BTreeMap<String, PhoneSync>;

const fn key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: number::PHONE_SYNC,
    }
}

/// How far a channel's has come; `None` for a number that is not on a phone app.
///
/// # Errors
/// The store cannot be read.
pub fn read(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
) -> Result<Option<PhoneSync>, StorageError> {
    let rows = settings::load::<_, Rows>(&core.store, &key(workspace))?;
    Ok(rows.and_then(|(mut kept, _)| kept.value.remove(&channel.to_string())))
}

/// Works news in.
///
/// # Errors
/// The store cannot be read or written.
pub async fn note(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
    news: &SyncNews,
) -> Result<(), KeepError> {
    change(core, workspace, |rows| {
        let now = core.clock.now();
        rows.entry(channel.to_string()).or_default().apply(news, now);
    })
    .await
}

/// Keeps what was asked for.
///
/// # Errors
/// The store cannot be read or written.
pub async fn keep(
    core: &Core,
    workspace: WorkspaceId,
    channel: ChannelId,
    sync: &PhoneSync,
) -> Result<(), KeepError> {
    change(core, workspace, |rows| {
        // News may have come before this could be written; they know more.
        let known = rows.entry(channel.to_string()).or_default();
        let news = std::mem::replace(known, sync.clone());
        if news.updated_at >= sync.asked_at {
            *known = PhoneSync {
                asked_at: sync.asked_at,
                ..news
            };
        }
    })
    .await
}

async fn change(core: &Core, workspace: WorkspaceId, change: impl Fn(&mut Rows)) -> Result<(), KeepError> {
    let key = key(workspace);
    for _ in 0..TRIES {
        let found = settings::load::<_, Rows>(&core.store, &key)?;
        let (mut kept, before) = match found {
            Some((kept, before)) => (kept, Some(before)),
            None => {
                let (version, value) = (0, Rows::new());
                (Kept { version, value }, None)
            }
        };
        change(&mut kept.value);
        // A channel that was removed needs it no more.
        kept.value
            .retain(|id, _| id.parse().is_ok_and(|id| core.registry.get(id).is_some()));
        kept.version += 1;
        let mut batch = Batch::new();
        settings::put(
            &mut batch,
            &key,
            before,
            &kept,
            &core.store.workspace_seal(workspace)?,
        )?;
        match core.store.commit(batch).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Busy.into())
}
