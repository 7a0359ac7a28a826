//! Rows and journal files as they stand, for backups, restores and checks. Values stay sealed.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::open::{ENGINE_DIR, JOURNAL_DIR, lock};
use super::{Committed, Store};
use crate::domain::RawEventId;
use crate::storage::batch::Batch;
use crate::storage::bundles;
use crate::storage::engine::{CACHE_BYTES, Carried, Engine};
use crate::storage::error::{CommitError, StorageError};
use crate::storage::journal::{Reader, io_error};
use crate::storage::keys::RawBundleKey;

/// How often work that has time asks a busy writer again.
const PATIENCE: u32 = 200;
/// How long it waits in between.
const PAUSE: Duration = Duration::from_millis(50);

/// A row as it stands.
pub type RawRow = (Vec<u8>, Vec<u8>);

/// A journal file as it stands. Its bytes before `len` never change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentFile {
    /// Number of its first frame; the file is named after it.
    pub first_frame: u64,
    /// Seq of its first event.
    pub first_seq: u64,
    /// The file.
    pub path: PathBuf,
    /// Durable length in bytes.
    pub len: u64,
}

/// Where the backups of a data directory lie if nobody says otherwise.
pub(in crate::storage) fn backups_in(dir: &Path) -> PathBuf {
    dir.join("backups")
}

impl Store {
    /// The last frame that the state holds, and the seq of the event after it. All frames up to it are in the journal's
    /// files, as far as these are still kept.
    ///
    /// # Errors
    /// The engine failed.
    pub fn carried(&self) -> Result<(u64, u64), StorageError> {
        let carried = self.inner.shared.engine.carried()?;
        Ok((carried.frame, carried.next_seq))
    }

    /// The engine below.
    pub(in crate::storage) fn engine(&self) -> &Engine {
        &self.inner.shared.engine
    }

    /// The journal, for reading.
    pub(in crate::storage) fn journal(&self) -> &Reader {
        &self.inner.shared.reader
    }

    /// The raw event that a bundle begins with; `None` if it is empty.
    ///
    /// # Errors
    /// It is damaged, or reading failed.
    pub(in crate::storage) fn bundle_begin(
        &self,
        key: &RawBundleKey,
    ) -> Result<Option<RawEventId>, StorageError> {
        let bundle = bundles::open(&self.inner.shared, key.first.0)?;
        Ok(bundle.first().map(|(raw, _)| RawEventId(*raw)))
    }

    /// [`Self::commit_blocking`] for work that has time: while the writer is busy it tries again, for some seconds.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub(in crate::storage) fn commit_patiently(&self, batch: &Batch) -> Result<Committed, CommitError> {
        for _ in 0..PATIENCE {
            match self.commit_blocking(batch.clone()) {
                Err(CommitError::Busy) => std::thread::sleep(PAUSE),
                answered => return answered,
            }
        }
        Err(CommitError::Busy)
    }

    /// Up to `limit` keys of a table after a key, whatever their layout.
    ///
    /// # Errors
    /// The engine failed.
    pub(in crate::storage) fn raw_keys(
        &self,
        table: u8,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StorageError> {
        let mut found = vec![];
        self.engine().scan(&[table], after, false, |key, _| {
            found.push(key.to_vec());
            if found.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(found)
    }

    /// Up to `limit` rows of all tables after a key, in key order. While the store is written this is no snapshot: start
    /// from [`Self::carried`] and repeat the journal from there.
    ///
    /// # Errors
    /// The engine failed, or a row cannot be read.
    pub fn raw_rows(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<RawRow>, StorageError> {
        self.inner.shared.engine.page(after, limit)
    }

    /// The journal's files, in order. Those that are deleted meanwhile are gone from the disk.
    pub fn journal_files(&self) -> Vec<SegmentFile> {
        self.inner.shared.reader.files()
    }

    /// Fills a fresh data directory with exported rows, which hold everything up to `frame` (and perhaps more, which the
    /// journal repeats). Put the export's journal files into [`Self::journal_dir`] before or after, then open the store.
    /// Answers how many rows there were.
    ///
    /// # Errors
    /// The directory holds a store already or is in use, or a row cannot be had or written.
    pub fn restore_rows(
        dir: &Path,
        rows: impl Iterator<Item = Result<RawRow, StorageError>>,
        frame: u64,
        next_seq: u64,
    ) -> Result<u64, StorageError> {
        std::fs::create_dir_all(dir).map_err(io_error("making the data directory"))?;
        let _lock = lock(dir)?;
        let engine = Engine::open(&dir.join(ENGINE_DIR), CACHE_BYTES)?.engine;
        let loaded = engine.load(rows, Carried { frame, next_seq }, Some(frame));
        engine.close()?;
        loaded
    }

    /// Where backups lie if nobody says otherwise.
    pub fn backups_dir(&self) -> PathBuf {
        backups_in(&self.inner.dir)
    }

    /// Keeps anyone from opening a data directory's store until the file is dropped.
    ///
    /// # Errors
    /// The store is open.
    pub(in crate::storage) fn hold(dir: &Path) -> Result<File, StorageError> {
        lock(dir)
    }

    /// Where the journal's files lie within a data directory.
    pub fn journal_dir(dir: &Path) -> PathBuf {
        dir.join(JOURNAL_DIR)
    }
}
