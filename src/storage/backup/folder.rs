//! The folder of backups: what lies in it, and the scheduled one with what follows from it.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::storage::journal::io_error;
use crate::storage::store::Store;

use super::format::Reader;
use super::schedule::{Kept, Schedule, prune};
use super::{BackupError, EXTENSION, Header, Made, PART, export, note_verified};

/// Most backups that are listed.
const MAX_LISTED: usize = 10_000;

/// A backup in the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its file's name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it says of itself; `None` if that cannot be read.
    pub header: Option<Header>,
}

/// What a scheduled backup came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scheduled {
    /// The backup.
    pub made: Made,
    /// Names of old ones that were deleted.
    pub pruned: Vec<String>,
}

/// The backups in a folder, oldest name first. Reads only their beginnings: to know whether one is whole, verify it. A
/// folder that is not there holds none.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Listed>, BackupError> {
    let err = |error: std::io::Error| BackupError::io("listing the backups", &error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(err)?,
    };
    let mut found = Vec::new();
    for entry in entries.take(MAX_LISTED) {
        let path = entry.map_err(err)?.path();
        let ours = path.extension().is_some_and(|extension| extension == EXTENSION);
        if let Some(name) = path.file_name().filter(|_| ours) {
            let (bytes, header) = look(&path);
            let name = name.to_string_lossy().into_owned();
            found.push(Listed { name, bytes, header });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn look(path: &Path) -> (u64, Option<Header>) {
    let Ok(file) = File::open(path) else {
        return (0, None);
    };
    let bytes = file.metadata().map_or(0, |meta| meta.len());
    let header = Reader::begin(BufReader::new(file), bytes).ok();
    (bytes, header.map(|(header, _)| header))
}

/// Makes the complete backup that is due, notes that the journal up to it is safe, and deletes what the schedule no longer
/// keeps. Blocks.
///
/// # Errors
/// The backup was not made; old ones are all still there. (An old one that cannot be deleted is only warned of.)
pub fn make_scheduled(
    store: &Store,
    folder: &Path,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<Scheduled, BackupError> {
    fs::create_dir_all(folder).map_err(io_error("making the folder for backups"))?;
    remove_stale_parts(folder);
    let made = export(store, &folder.join(file_name(now)), now)?;
    note_verified(store, &made.verified)?;
    let mut pruned = Vec::new();
    for name in prune(&kept(list(folder)?), schedule.keep) {
        match fs::remove_file(folder.join(&name)) {
            Ok(()) => pruned.push(name),
            Err(error) => tracing::warn!(%error, name, "an old backup could not be deleted"),
        }
    }
    Ok(Scheduled { made, pruned })
}

/// Names sort by time: `frontdesk-20261120T233000Z.fdbackup`.
fn file_name(now: Timestamp) -> String {
    let compact: String = now
        .to_string()
        .chars()
        .take_while(|c| *c != '.')
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    format!("frontdesk-{compact}Z.{EXTENSION}")
}

/// A backup gets its name only once it was read back, so what has one counts as verified.
fn kept(listed: Vec<Listed>) -> Vec<Kept> {
    let known = listed.into_iter().filter_map(|Listed { name, header, .. }| {
        let header = header?;
        // A snapshot before a migration is not the schedule's to delete.
        name.starts_with("frontdesk-").then_some(Kept {
            name,
            created_at: Timestamp(header.created_at),
            complete: header.complete,
            verified: true,
        })
    });
    known.collect()
}

/// What was being made when the process was killed. One that is being made now is locked.
fn remove_stale_parts(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let is_part = |path: &PathBuf| path.to_string_lossy().ends_with(&format!(".{EXTENSION}{PART}"));
    for path in entries.flatten().map(|entry| entry.path()).filter(is_part) {
        let stale = File::options()
            .write(true)
            .open(&path)
            .is_ok_and(|file| file.try_lock().is_ok());
        if stale && let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, file = %path.display(), "an unfinished backup could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time() {
        let name = file_name(Timestamp(1_792_400_001_000_002));
        assert_eq!(name, "frontdesk-20261019T085321Z.fdbackup");
        assert!(name < file_name(Timestamp(1_792_400_002_000_002)));
    }
}
