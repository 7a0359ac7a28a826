//! Changes of a file's record that people ask for: kept, fetched again, let go.

use crate::actors::core::{Core, new_trace};
use crate::domain::media::{Media, MediaState};
use crate::domain::phrases;
use crate::domain::{EventKind, MediaId, Timestamp, WorkspaceId};
use crate::storage::keys::{MediaJobKey, MediaKey};
use crate::storage::{Batch, CommitError, Seal, StorageError};

use super::examine::Examined;
use crate::storage::media::Written;

/// How often a change is tried anew because someone else changed the record.
const MAX_TRIES: u32 = 8;

/// Why a record was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such file.
    #[error("no such file")]
    NotFound,
    /// What it is does not allow it.
    #[error("{0}")]
    WrongState(&'static str),
    /// The store cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What the record is sealed with.
pub(super) fn seal_of(core: &Core, workspace: WorkspaceId, media: &Media) -> Result<Seal, StorageError> {
    match media.contact {
        Some(contact) => core.store.contact_seal(workspace, contact),
        None => core.store.workspace_seal(workspace),
    }
}

/// Tells that the message in which it stands, or the contact whose picture it is, looks different now.
pub(super) fn told(batch: &mut Batch, workspace: WorkspaceId, media: &Media, now: Timestamp) {
    if let Some(message) = media.message {
        batch.event(workspace, now, new_trace(), EventKind::MessageUpdated(message));
    } else if let Some(contact) = media.contact {
        batch.event(workspace, now, new_trace(), EventKind::ContactUpdated(contact));
    }
}

/// Writes the record of a file that someone uploaded.
///
/// # Errors
/// It was not committed; the file is removed again.
pub async fn keep_upload(
    core: &Core,
    workspace: WorkspaceId,
    mut media: Media,
    (written, examined): (Written, Examined),
) -> Result<Media, ChangeError> {
    let now = core.clock.now();
    media.state = MediaState::Stored;
    media.mime = examined.mime;
    media.size = written.file.size;
    media.sha256 = Some(written.sha256);
    media.dimensions = examined.dimensions;
    media.duration_ms = examined.duration_ms;
    media.file = Some(written.file);
    media.thumbnail = examined.thumbnail;
    media.stored_at = Some(now);
    let mut batch = Batch::new();
    let key = MediaKey {
        workspace,
        media: media.id,
    };
    batch
        .require_absent(&key)
        .put(&key, &media, &seal_of(core, workspace, &media)?);
    match core.store.commit(batch).await {
        Ok(_) => Ok(media),
        Err(error) => {
            if !matches!(error, CommitError::Unknown) {
                remove(core, workspace, &media);
            }
            Err(error.into())
        }
    }
}

fn remove(core: &Core, workspace: WorkspaceId, media: &Media) {
    for file in [&media.file, &media.thumbnail].into_iter().flatten() {
        core.store.media().remove(workspace, &file.name);
    }
}

/// Has a file fetched again.
///
/// # Errors
/// There is none, it is here, or there is nobody to fetch it from.
pub async fn fetch_again(core: &Core, workspace: WorkspaceId, id: MediaId) -> Result<Media, ChangeError> {
    let lost = |media: &Media| {
        let file = media.file.as_ref();
        file.is_none_or(|file| !matches!(core.store.media().open(workspace, file), Ok(Some(_))))
    };
    let media = change(core, workspace, id, |media, batch, now| {
        if media.state == MediaState::Stored && !lost(media) {
            return Err(ChangeError::WrongState(phrases::FILE_HERE_ALREADY.text()));
        }
        if media.reference.is_none() || media.channel.is_none() {
            return Err(ChangeError::WrongState(phrases::FILE_FROM_NOWHERE.text()));
        }
        media.state = MediaState::Pending;
        media.reason = None;
        media.attempts = 0;
        (media.file, media.thumbnail) = (None, None);
        let job = MediaJobKey {
            at: now,
            workspace,
            media: id,
        };
        batch.put(&job, &(), &Seal::Open);
        Ok(Vec::new())
    });
    let media = media.await?;
    core.media.wake();
    Ok(media)
}

/// Lets a file go: its bytes are deleted, its record says since when.
///
/// # Errors
/// There is none, or it is gone already.
pub async fn forget(
    core: &Core,
    workspace: WorkspaceId,
    id: MediaId,
    reason: &'static str,
) -> Result<Media, ChangeError> {
    change(core, workspace, id, |media, _, _| {
        if media.file.is_none() {
            return Err(ChangeError::WrongState(phrases::FILE_NOT_HERE.text()));
        }
        Ok(media.let_go(MediaState::Expired, reason))
    })
    .await
}

/// Changes a record; `decide` answers the files that can go once it is committed.
async fn change(
    core: &Core,
    workspace: WorkspaceId,
    id: MediaId,
    decide: impl Fn(&mut Media, &mut Batch, Timestamp) -> Result<Vec<String>, ChangeError>,
) -> Result<Media, ChangeError> {
    let key = MediaKey { workspace, media: id };
    for _ in 0..MAX_TRIES {
        let (mut media, fingerprint) = core.store.get_for_update(&key)?.ok_or(ChangeError::NotFound)?;
        let now = core.clock.now();
        let mut batch = Batch::new();
        let gone = decide(&mut media, &mut batch, now)?;
        media.version += 1;
        let seal = seal_of(core, workspace, &media)?;
        batch
            .require_unchanged(&key, fingerprint)
            .put(&key, &media, &seal);
        told(&mut batch, workspace, &media, now);
        match core.store.commit(batch).await {
            Ok(_) => {
                for name in gone {
                    core.store.media().remove(workspace, &name);
                }
                return Ok(media);
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Busy.into())
}
