//! Which part of the journal a verified backup makes superfluous.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::domain::operations::RawState;
use crate::domain::{RawEventId, Timestamp, WorkspaceId};
use crate::storage::batch::Batch;
use crate::storage::codec::{BlobPlace, BundlePlace};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    Key, MetaKey, PositionKey, Prefix, RawBlobKey, RawByStateKey, RawEventKey, RawPendingKey,
};
use crate::storage::store::{Keep, Store};
use crate::storage::vault::Seal;

use super::{BackupError, EXTENSION, Made, Verified, export_without_files, list};

/// The row of `Meta` that holds the last frame of the last verified backup.
const EXPORTED: MetaKey = MetaKey { name: 2 };
/// What the name of a backup begins with that nobody asked for.
const AUTOMATIC: &str = "automatic-";
const PAGE: usize = 512;

/// Notes that everything up to the backup's last frame is safe elsewhere. Call it once a backup is where it shall stay.
///
/// # Errors
/// The note cannot be committed.
pub fn note_verified(store: &Store, backup: &Verified) -> Result<(), BackupError> {
    let before = store.get(&EXPORTED)?.unwrap_or(0);
    if backup.totals.last_frame <= before {
        return Ok(());
    }
    let mut batch = Batch::bulk();
    batch.put(&EXPORTED, &backup.totals.last_frame, &Seal::Open);
    let noted = store.commit_patiently(&batch);
    noted.map(|_| ()).map_err(|error| BackupError::Io {
        doing: "noting the backup",
        cause: error.to_string(),
    })
}

/// Deletes journal segments that are older than `keep` says, or more than it says, and are in a verified backup, unless a
/// reader of the journal has yet to come past them or a delivery that is still to be worked in lies there. Answers how many
/// went.
///
/// # Errors
/// The store cannot be read, or a file cannot be removed.
pub fn trim_journal(store: &Store, keep: Keep, now: SystemTime) -> Result<usize, StorageError> {
    let Some(exported) = store.get(&EXPORTED)? else {
        return Ok(0);
    };
    store.retire_journal(keep, now, exported, needed_frame(store)?, needed_seq(store)?)
}

/// Whether more than so many bytes of the journal are in no verified backup.
///
/// # Errors
/// The store cannot be read.
pub fn is_backup_wanted(store: &Store, bytes: u64) -> Result<bool, StorageError> {
    let exported = store.get(&EXPORTED)?.unwrap_or(0);
    let files = store.journal_files();
    let unsafe_from = files.partition_point(|file| file.first_frame <= exported + 1);
    let size: u64 = files
        .iter()
        .skip(unsafe_from.saturating_sub(1))
        .map(|file| file.len)
        .sum();
    Ok(size > bytes)
}

/// Makes a complete backup in a folder where nobody has said when to make them, so that the journal need not grow for ever.
/// Of those made like this only the newest is kept. Blocks.
///
/// # Errors
/// The backup was not made; the one before is still there.
pub fn make_automatic(store: &Store, folder: &Path, now: Timestamp) -> Result<Made, BackupError> {
    fs::create_dir_all(folder).map_err(|error| BackupError::io("making the folder for backups", &error))?;
    // What is in a closed segment need not be copied along.
    store.rotate_journal();
    let stamp: String = now
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let made = export_without_files(
        store,
        &folder.join(format!("{AUTOMATIC}{stamp}.{EXTENSION}")),
        now,
    )?;
    note_verified(store, &made.verified)?;
    for old in list(folder)? {
        let path = folder.join(&old.name);
        if old.name.starts_with(AUTOMATIC)
            && path != made.path
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(%error, name = old.name, "an old backup could not be deleted");
        }
    }
    Ok(made)
}

/// The first event that some reader has not handled.
fn needed_seq(store: &Store) -> Result<u64, StorageError> {
    let positions = store.scan(&Prefix::<PositionKey>::table(), None, PAGE)?;
    let slowest = positions.into_iter().map(|(_, position)| position).min();
    Ok(slowest.map_or(u64::MAX, |position| position.saturating_add(1)))
}

/// The first frame of the oldest segment that holds a delivery which is pending or parked.
fn needed_frame(store: &Store) -> Result<u64, StorageError> {
    let pending = oldest(store, |key: &RawPendingKey| Some((key.workspace, key.raw)))?;
    let parked = oldest(store, |key: &RawByStateKey| {
        (key.state == RawState::Parked as u8).then_some((key.workspace, key.raw))
    })?;
    Ok(pending.min(parked))
}

/// The oldest segment that a list's deliveries lie in.
fn oldest<K: Key>(
    store: &Store,
    delivery: impl Fn(&K) -> Option<(WorkspaceId, RawEventId)>,
) -> Result<u64, StorageError> {
    let mut needed = u64::MAX;
    let mut after: Option<K> = None;
    loop {
        let page = store.scan_keys(&Prefix::<K>::table(), after.as_ref(), PAGE)?;
        for (workspace, raw) in page.iter().filter_map(&delivery) {
            let Some(event) = store.get(&RawEventKey { workspace, raw })? else {
                continue;
            };
            let key = RawBlobKey { raw: event.blob }.to_bytes();
            if let Some(row) = store.engine().get(&key)?
                && BundlePlace::read(&row).is_none()
            {
                needed = needed.min(BlobPlace::read(&row)?.segment);
            }
        }
        match page.last() {
            Some(last) => after = Some(last.clone()),
            None => return Ok(needed),
        }
    }
}
