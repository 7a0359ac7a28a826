//! Backups of a running appliance, and the way back.
//!
//! Owns the backup's file, its making, checking and restoring, and the arithmetic of its schedule. Sealed values stay
//! sealed in it; the master key is never in it.

mod export;
mod files;
mod folder;
mod format;
pub(in crate::storage) mod heal;
mod newer;
mod restore;
mod retention;
mod schedule;

pub use export::{Made, export, export_since, export_without_files};
pub use folder::{Listed, Scheduled, list, make_scheduled};
pub use format::{Header, Totals};
pub use restore::{Restore, Restored, Until, restore, verify_backup};
pub use retention::{is_backup_wanted, make_automatic, note_verified, trim_journal};
pub use schedule::{Every, Kept, Schedule, ScheduleError, next_backup, prune};

use std::path::Path;

use super::error::StorageError;

/// What a backup's name ends with.
pub const EXTENSION: &str = "fdbackup";
/// What is behind that while it is being made.
const PART: &str = ".part";

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A backup that was read from end to end and found whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What it says of itself.
    pub header: Header,
    /// What it holds.
    pub totals: Totals,
    /// The checksum at its end.
    pub sha256: [u8; 32],
    /// Its size in bytes.
    pub bytes: u64,
}

/// For people: what it is, what it holds, its checksum.
impl std::fmt::Display for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            header,
            totals,
            sha256,
            bytes,
        } = self;
        let kind = if header.complete {
            "complete"
        } else {
            "changes only"
        };
        let at = crate::domain::Timestamp(header.created_at);
        writeln!(f, "{kind}, made {at} by {}, {bytes} bytes", header.program)?;
        writeln!(
            f,
            "{} rows, {} bytes of journal, up to event {}",
            totals.rows, totals.journal_bytes, totals.last_seq
        )?;
        if totals.files > 0 {
            writeln!(f, "{} files, {} bytes", totals.files, totals.file_bytes)?;
        }
        write!(f, "sha256 ")?;
        sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a backup could not be made, read or restored. Nothing half is left behind.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackupError {
    /// The operating system failed.
    #[error("failed while {doing}: {cause}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        cause: String,
    },
    /// The file is none of ours.
    #[error("this is not a Frontdesk backup")]
    NotABackup,
    /// The file is not as it was written.
    #[error("the backup is damaged: {0}; use another one")]
    Damaged(String),
    /// A newer version wrote it.
    #[error("the backup was written by a newer version (format {found}); this one reads up to {known}")]
    TooNew {
        /// Version found.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// The same backup is being made.
    #[error("this backup is being made already")]
    Busy,
    /// The disk is too full.
    #[error("less than {reserve_mib} MiB are free for the backup; free some space or name another disk")]
    NoSpace {
        /// What must stay free.
        reserve_mib: u64,
    },
    /// A file or directory is in the way.
    #[error("{0} exists already and is not empty; name another place")]
    Exists(String),
    /// The master key is not the appliance's.
    #[error(
        "the master key does not fit this backup; give the key file that the appliance had when it was made"
    )]
    WrongKey,
    /// The backups do not belong together.
    #[error("the backups are of different appliances")]
    OtherStore,
    /// The backups do not follow one another.
    #[error("the backups do not follow one another: {0}")]
    Order(String),
    /// The changes since the earlier backup are no longer in the journal.
    #[error("the journal since then was deleted; make a complete backup")]
    JournalGone,
    /// The rows of the complete backup are newer than what was asked for.
    #[error(
        "the complete backup can only be restored up to event {earliest_seq} or later; take an older one"
    )]
    TooEarly {
        /// The earliest possible.
        earliest_seq: u64,
    },
    /// The store itself failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BackupError {
    fn io(doing: &'static str, error: &std::io::Error) -> Self {
        Self::Io {
            doing,
            cause: error.to_string(),
        }
    }
}
