//! Backups of a running appliance, and the way back.
//!
//! Owns the backup's file, its making, checking and restoring, and the arithmetic of its schedule. Sealed values stay
//! sealed in it; the master key is never in it.

mod format;
mod schedule;

pub use format::{Header, Totals};
pub use schedule::{Every, Kept, Schedule, ScheduleError, next_backup, prune};

use super::error::StorageError;

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
