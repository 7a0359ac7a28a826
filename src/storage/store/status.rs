//! Figures for the system page, and the care of the journal's files.

use std::time::{Duration, SystemTime};

use super::{Store, StoreState, replay};
use crate::storage::bundles::Bundler;
use crate::storage::committer::Exchange;
use crate::storage::error::StorageError;
use crate::storage::journal::Retire;

/// How the store is.
#[derive(Clone, PartialEq, Debug)]
pub struct StoreStatus {
    /// Whether it can be written.
    pub state: StoreState,
    /// The last event's place in the total order.
    pub last_seq: u64,
    /// The last frame carried into the state.
    pub last_frame: u64,
    /// The oldest frame in the journal.
    pub first_frame: u64,
    /// Size of the journal in bytes.
    pub journal_bytes: u64,
    /// Files of the journal.
    pub segments: usize,
    /// Size of the state on disk in bytes.
    pub state_bytes: u64,
    /// The part of it that holds what has changed since the last compaction; it takes several times its rows.
    pub unpacked_bytes: u64,
    /// Free on the disk, in bytes.
    pub free_bytes: u64,
    /// Below this nothing is written, in bytes.
    pub min_free_bytes: u64,
    /// Interactive batches that wait for the writer.
    pub queued: usize,
    /// Bulk batches that wait for the writer.
    pub queued_bulk: usize,
    /// Groups written since the start.
    pub groups: u64,
    /// Batches written since the start.
    pub batches: u64,
    /// Batches in the last group.
    pub last_group: usize,
    /// How long the last group took, in microseconds.
    pub last_commit_us: u64,
    /// How long groups took on average, in microseconds.
    pub mean_commit_us: u64,
    /// How long the slowest group since the start took, in microseconds.
    pub slowest_commit_us: u64,
    /// Damaged records met since the start.
    pub damaged_records: u64,
}

/// How much of the journal to keep once it is in a verified export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// So long at least, unless there is more than `bytes`.
    pub age: Duration,
    /// So many bytes at most; what the last compaction has not packed yet is kept beyond that.
    pub bytes: u64,
}

/// What a compaction came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// Size of the state before, in bytes.
    pub before: u64,
    /// And after.
    pub after: u64,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Store {
    /// How the store is.
    ///
    /// # Errors
    /// The engine or the operating system cannot tell.
    pub fn status(&self) -> Result<StoreStatus, StorageError> {
        let shared = &self.inner.shared;
        let (extent, figures) = (shared.reader.extent(), *shared.figures.lock());
        let (queued, queued_bulk) = shared.lanes.depth();
        let sizes = shared.engine.size_on_disk()?;
        let mean = figures
            .commit_total
            .as_micros()
            .checked_div(u128::from(figures.groups))
            .unwrap_or(0);
        Ok(StoreStatus {
            state: shared.state.borrow().clone(),
            last_seq: *shared.seq.borrow(),
            last_frame: shared.engine.carried()?.frame,
            first_frame: extent.first_frame,
            journal_bytes: extent.bytes,
            segments: extent.segments,
            state_bytes: sizes.all(),
            unpacked_bytes: sizes.tree,
            free_bytes: crate::storage::free_bytes(&self.inner.dir)?,
            min_free_bytes: self.inner.min_free_bytes,
            queued,
            queued_bulk,
            groups: figures.groups,
            batches: figures.batches,
            last_group: figures.last_group,
            last_commit_us: micros(figures.last_commit),
            mean_commit_us: u64::try_from(mean).unwrap_or(u64::MAX),
            slowest_commit_us: micros(figures.slowest_commit),
            damaged_records: self.inner.damaged.count(),
        })
    }

    /// Asks the writer to begin a new journal segment. It does so before the next group.
    pub fn rotate_journal(&self) {
        self.inner.shared.lanes.ask_rotate();
    }

    /// Deletes journal segments of which all frames are in the last verified export (up to `exported_frame`) and that hold
    /// neither a frame from `needed_frame` nor an event from `needed_seq` on, if they were last written longer ago than
    /// `keep` says, or are more than it says. The state is made durable first. Answers how many were deleted.
    ///
    /// # Errors
    /// The state cannot be made durable, or a file cannot be removed.
    pub fn retire_journal(
        &self,
        keep: Keep,
        now: SystemTime,
        exported_frame: u64,
        needed_frame: u64,
        needed_seq: u64,
    ) -> Result<usize, StorageError> {
        let shared = &self.inner.shared;
        let _upkeep = self.inner.upkeep.lock();
        shared.engine.sync()?;
        shared.reader.retire(&Retire {
            age: keep.age,
            bytes: keep.bytes,
            now,
            exported: exported_frame.min(shared.engine.carried()?.frame),
            packed: shared.engine.packed_frame(),
            needed_frame,
            needed_seq,
        })
    }

    /// Rewrites the state into fresh files while it is used, which takes about as much free space as it has live bytes.
    /// Commits wait for a moment at the end. Slow; call it at a quiet hour, off the async threads.
    ///
    /// # Errors
    /// There is not enough space, the engine or the disk failed, or the store is closed. The state is as it was.
    pub fn compact(&self) -> Result<Compacted, StorageError> {
        const ROUNDS: usize = 20;
        const CLOSE_ENOUGH: u64 = 64;
        let shared = &self.inner.shared;
        let _upkeep = self.inner.upkeep.lock();
        let before = shared.engine.size_on_disk()?.all();
        let free = crate::storage::free_bytes(&self.inner.dir)?;
        if free < before.saturating_add(self.inner.min_free_bytes) {
            let cause = format!("{before} bytes must be free beside the reserve, {free} are");
            return Err(StorageError::Io {
                doing: "compacting",
                cause,
            });
        }
        let copy = shared.engine.copy(|rows, dir| Bundler::new(shared, rows, dir))?;
        for _ in 0..ROUNDS {
            if replay(&copy, &shared.reader)? <= CLOSE_ENOUGH {
                break;
            }
        }
        copy.sync()?;
        let (done, answer) = std::sync::mpsc::sync_channel(1);
        shared.lanes.ask_exchange(Exchange { copy, done });
        let closed = || StorageError::Io {
            doing: "compacting",
            cause: "the store is closed".into(),
        };
        answer.recv().map_err(|_| closed())??;
        Ok(Compacted {
            before,
            after: shared.engine.size_on_disk()?.all(),
        })
    }

    /// Reads the whole journal and checks every checksum, number and link. Answers how many frames there are. Slow.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify_journal(&self) -> Result<u64, StorageError> {
        self.inner.shared.reader.verify()
    }
}
