//! Rewriting the state into fresh files while it is used, because the engine leaves more dead bytes than live ones behind.
//!
//! A copy is made page by page, then carried on from the journal, then takes the old files' place. A crash at any point
//! leaves one of the two whole, and [`recover`] finds it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::opening::{OpenFailure, open_files};
use super::{Engine, RawRows, Row};
use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};

/// Memory for the copy's cache, in bytes.
const COPY_CACHE: u64 = 16 << 20;
/// How long the engine may take to let its files go.
const LET_GO: Duration = Duration::from_secs(5);

fn copy_dir(dir: &Path) -> PathBuf {
    dir.with_file_name("store-copy")
}

fn old_dir(dir: &Path) -> PathBuf {
    dir.with_file_name("store-old")
}

/// Finishes or takes back an exchange that a crash broke off.
pub(super) fn recover(dir: &Path) -> Result<(), StorageError> {
    if dir == copy_dir(dir) {
        return Ok(());
    }
    let err = io_error("clearing up after a compaction");
    let (copy, old) = (copy_dir(dir), old_dir(dir));
    if old.exists() && !dir.exists() {
        std::fs::rename(&old, dir).map_err(&err)?;
        sync_dir(dir.parent().unwrap_or(dir))?;
    }
    for left in [copy, old] {
        if left.exists() {
            std::fs::remove_dir_all(&left).map_err(&err)?;
        }
    }
    Ok(())
}

/// Waits until no thread of the engine has the files open any more; it might write into them.
fn wait_let_go(dir: &Path) -> Result<(), StorageError> {
    let file = std::fs::File::open(dir.join("db")).map_err(io_error("waiting for the engine's files"))?;
    let begun = Instant::now();
    while file.try_lock().is_err() {
        if begun.elapsed() > LET_GO {
            let cause = "its files are still in use".to_owned();
            return Err(StorageError::Io {
                doing: "exchanging the engine's files",
                cause,
            });
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

impl Engine {
    /// Packs all rows into fresh files beside the present ones, as `through` hands them on, which must keep their order.
    /// Changes made meanwhile may or may not be in the copy: it counts as being where the state was at the beginning and
    /// must be carried on from the journal.
    ///
    /// # Errors
    /// The engine or the disk failed; the present files are as they were.
    pub(in crate::storage) fn copy<'a, R: Iterator<Item = Result<Row, StorageError>>>(
        &'a self,
        through: impl FnOnce(RawRows<'a>, &Path) -> Result<R, StorageError>,
    ) -> Result<Self, StorageError> {
        let dir = copy_dir(&self.dir);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(io_error("deleting an old copy"))?;
        }
        let carried = self.carried()?;
        let restored = self.restored_to()?;
        let copy = Self::open(&dir, COPY_CACHE)?.engine;
        copy.load(through(RawRows::new(self), &dir)?, carried, restored)?;
        copy.verify_pack()?;
        Ok(copy)
    }

    /// Puts a copy that is as far as the state in its place. Reading waits meanwhile; nobody may write.
    ///
    /// # Errors
    /// The exchange failed. The engine may be closed then; the next start finds the files of one of the two.
    pub(in crate::storage) fn exchange(&self, copy: Self) -> Result<(), StorageError> {
        let err = io_error("exchanging the engine's files");
        let old = old_dir(&self.dir);
        copy.close()?;
        let mut slot = self.files.write();
        slot.take();
        wait_let_go(&self.dir)?;
        wait_let_go(&copy.dir)?;
        std::fs::rename(&self.dir, &old).map_err(&err)?;
        std::fs::rename(&copy.dir, &self.dir).map_err(&err)?;
        sync_dir(self.dir.parent().unwrap_or(&self.dir))?;
        match open_files(&self.dir, self.cache_bytes) {
            Ok(files) => *slot = Some(files),
            Err(OpenFailure::Damaged(cause) | OpenFailure::Failed(cause)) => {
                return Err(StorageError::Io {
                    doing: "opening the compacted state",
                    cause,
                });
            }
        }
        for (mine, fresh) in self.chunked.iter().zip(&copy.chunked) {
            mine.store(fresh.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        drop(slot);
        std::fs::remove_dir_all(&old).map_err(&err)
    }
}
