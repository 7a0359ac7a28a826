//! The daily care of files: what is old enough is let go, what was uploaded and never sent as well, and files that no
//! record knows are swept (of a crash between file and record, or of people who were erased).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::change::{ChangeError, forget};
use super::settings;
use crate::actors::core::Core;
use crate::actors::registry::all_workspaces;
use crate::actors::templates::samples;
use crate::domain::media::Media;
use crate::domain::phrases;
use crate::domain::time::HOUR;
use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::keys::MediaKey;
use crate::storage::{Batch, Prefix, StorageError, Store};

const PAGE: usize = 256;
const DAY: i64 = 24 * HOUR;
/// An upload that no message uses is kept so long: drafts keep their files.
const UNUSED: i64 = 7 * DAY;
/// A younger file may still be waiting for its record.
const YOUNG: Duration = Duration::from_secs(6 * 3600);
const OLD: &str = phrases::FILE_TOO_OLD.text();

/// Does it all; what fails is told, and done the next time.
pub(super) async fn care(core: &Arc<Core>) {
    if let Err(error) = let_go_of_old(core).await {
        tracing::warn!(%error, "old files could not be let go of");
        core.board.error("media", &error.to_string());
    }
    let (store, now) = (core.store.clone(), core.clock.now());
    match tokio::task::spawn_blocking(move || sweep(&store, now)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(files)) => tracing::info!(files, "files that no record knows were removed"),
        Ok(Err(error)) => tracing::warn!(%error, "the folder of files could not be swept"),
        Err(error) => tracing::error!(%error, "sweeping files was broken off"),
    }
}

async fn let_go_of_old(core: &Core) -> Result<(), ChangeError> {
    let now = core.clock.now();
    for workspace in all_workspaces(&core.store)? {
        let days = settings::read(&core.store, workspace.id)?.days;
        let before = days.map(|days| now.plus(-i64::from(days).saturating_mul(DAY)));
        let prefix = Prefix::<MediaKey>::table().with(workspace.id);
        let samples = samples(core, workspace.id)?;
        let mut after = None;
        loop {
            let page = core.store.scan(&prefix, after.as_ref(), PAGE)?;
            after = page.last().map(|(key, _)| *key);
            let is_last = page.len() < PAGE;
            for (_, media) in page.into_iter().filter(|(key, _)| !samples.contains(&key.media)) {
                one(core, workspace.id, &media, before, now).await?;
            }
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

async fn one(
    core: &Core,
    workspace: WorkspaceId,
    media: &Media,
    before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), ChangeError> {
    // A contact's picture of themselves stands in no message.
    let unused = media.message.is_none() && media.contact.is_none() && now.since(media.created_at) > UNUSED;
    if unused {
        return drop_unused(core, workspace, media).await;
    }
    let old = before.is_some_and(|before| media.created_at < before);
    if !old || media.file.is_none() {
        return Ok(());
    }
    match forget(core, workspace, media.id, OLD).await {
        // Somebody else was first, or the person was erased meanwhile.
        Ok(_) | Err(ChangeError::NotFound | ChangeError::WrongState(_)) => Ok(()),
        Err(ChangeError::Storage(StorageError::Erased)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn drop_unused(core: &Core, workspace: WorkspaceId, media: &Media) -> Result<(), ChangeError> {
    let key = MediaKey {
        workspace,
        media: media.id,
    };
    let Some((current, fingerprint)) = core.store.get_for_update(&key)? else {
        return Ok(());
    };
    if current.message.is_some() {
        return Ok(());
    }
    let mut batch = Batch::bulk();
    batch.require_unchanged(&key, fingerprint).delete(&key);
    match core.store.commit(batch).await {
        Ok(_) => {
            for file in [&current.file, &current.thumbnail].into_iter().flatten() {
                core.store.media().remove(workspace, &file.name);
            }
            Ok(())
        }
        // It was put to use just now.
        Err(crate::storage::CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn sweep(store: &Store, now: Timestamp) -> Result<u64, StorageError> {
    let now = Duration::from_micros(now.0.max(0).unsigned_abs());
    let before = SystemTime::UNIX_EPOCH + now.saturating_sub(YOUNG);
    store.media().sweep(before, |workspace, media, name| {
        match store.get(&MediaKey { workspace, media }) {
            Ok(Some(media)) => {
                let files = [&media.file, &media.thumbnail];
                Ok(files.into_iter().flatten().any(|file| file.name == name))
            }
            // Nobody can open it any more.
            Ok(None) | Err(StorageError::Erased) => Ok(false),
            // A damaged record may be mended from a backup, with its file.
            Err(StorageError::Damaged { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    })
}
