//! A state that was lost, while the journal does not go back far enough to rebuild it: it is made whole from the last backup
//! in the data directory and what the journal holds since. Nothing that was acknowledged is lost on the way.
//!
//! The backup is restored into a folder of its own within the data directory, as `frontdesk restore --journal` would do it,
//! and then takes the place of what is there, which is kept beside it. A crash leaves either the folder, which the next
//! start puts in its place, or a half made one, which is removed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::storage::engine::{free_name, remove_marker};
use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};
use crate::storage::store::{ENGINE_DIR, JOURNAL_DIR, backups_in};
use crate::storage::vault::MasterKey;

use super::restore::{MARKER, Restore, Until, restore};
use super::{BackupError, list};

/// Where the backup is restored to.
const HEALED: &str = "healed";

/// Restores the newest backup in the data directory that can be gone on from with its journal. [`finish`] puts it in its
/// place.
///
/// # Errors
/// There is none, or why the last one that was tried does not do.
pub(in crate::storage) fn from_backups(dir: &Path, master_key: &MasterKey) -> Result<(), BackupError> {
    let folder = backups_in(dir);
    let complete = list(&folder)?.into_iter().filter_map(|listed| {
        let header = listed.header.filter(|header| header.complete)?;
        Some((header.created_at, folder.join(listed.name)))
    });
    let mut complete: Vec<(i64, PathBuf)> = complete.collect();
    complete.sort_by_key(|(created_at, _)| std::cmp::Reverse(*created_at));
    let mut refused = BackupError::Order("there is no complete backup in the data directory".into());
    for (_, path) in complete {
        tracing::warn!(file = %path.display(), "the state is lost: it is made whole from this backup and the journal");
        let restored = restore(Restore {
            backups: std::slice::from_ref(&path),
            dir: &dir.join(HEALED),
            master_key: MasterKey(master_key.0.clone()),
            write_key: false,
            newer_journal: Some(dir),
            until: Until::End,
        });
        match restored {
            Ok(restored) => {
                tracing::warn!(
                    rows = restored.rows,
                    last_seq = restored.last_seq,
                    "the state is whole again"
                );
                return Ok(());
            }
            Err(error) => {
                tracing::error!(%error, file = %path.display(), "this backup does not do");
                refused = error;
            }
        }
    }
    Err(refused)
}

/// Puts a restored state and its journal in their place, if there is one that waits for it.
///
/// # Errors
/// The operating system refuses; the next start tries again.
pub(in crate::storage) fn finish(dir: &Path) -> Result<(), StorageError> {
    let err = io_error("putting the restored state in its place");
    let healed = dir.join(HEALED);
    if !healed.exists() {
        return Ok(());
    }
    if !healed.join(MARKER).exists() && healed.join(ENGINE_DIR).exists() {
        // The state goes last: as long as it is there the exchange is not finished.
        for name in [JOURNAL_DIR, ENGINE_DIR] {
            let (from, to) = (healed.join(name), dir.join(name));
            if !from.exists() {
                continue;
            }
            if to.exists() {
                fs::rename(&to, free_name(&to, "damaged")).map_err(&err)?;
            }
            fs::rename(&from, &to).map_err(&err)?;
            sync_dir(dir)?;
        }
        remove_marker(&dir.join(ENGINE_DIR))?;
    }
    fs::remove_dir_all(&healed).map_err(err)
}
