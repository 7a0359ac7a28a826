//! What can go wrong below.

/// A failure of the store. Says if the outcome is unknown.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The state was lost, and the journal does not go back to where it could be rebuilt from.
    #[error(
        "the state ends at frame {state} but the journal begins at {journal}: restore the last backup, then start again"
    )]
    StateLost {
        /// The last frame of what is left of the state.
        state: u64,
        /// The first frame of the journal.
        journal: u64,
    },
    /// The operating system or the engine failed.
    #[error("storage failed while {doing}: {cause}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        cause: String,
    },
    /// A record cannot be read; it was set aside and counted.
    #[error("damaged record in table {table}: {cause}")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The record's key was destroyed: the person was erased.
    #[error("the record's key was destroyed")]
    Erased,
    /// Nothing can be written at present.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// The store was written by a newer version.
    #[error("the data was written by a newer version ({found}); this one reads up to {known}")]
    TooNew {
        /// Version found.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// Another process has the store open.
    #[error("another process uses {0}")]
    Locked(String),
}

/// Why a batch was not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A precondition did not hold: someone else was first. Nothing was written. Read again and decide again.
    #[error("conflict in table {table}")]
    Conflict {
        /// The table of the key whose precondition failed.
        table: &'static str,
    },
    /// The writer's queue is full. Nothing was written. Try again shortly.
    #[error("the writer is busy")]
    Busy,
    /// Nothing was written, and nothing can be at present.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// The batch is larger than a frame may be. Nothing was written.
    #[error("the change is too large ({bytes} bytes, at most {limit})")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The writer stopped before it answered: the batch may or may not be durable. Reload before going on.
    #[error("the outcome of the change is unknown")]
    Unknown,
}
