//! The state that the journal carries: one `sled` tree. The only place that knows `sled`.
//!
//! Owns opening by the rules that this engine needs (left-over snapshot files, damage, rebuild), the number of the last
//! frame carried in, and values larger than the engine likes. Must not know what keys and values mean.
//!
//! Values above [`MAX_INLINE`] are cut into chunk rows, see [`chunks`]. Own rows begin with `0x00`, chunks with `0xfe`.

mod chunks;
mod compact;
mod files;
mod ranges;
mod rows;

use std::collections::HashMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use self::chunks::{CHUNK, ChunkHead};
use self::ranges::{after_prefix, is_empty};
pub(super) use self::rows::{RawRows, Value};
use super::codec;
use super::error::StorageError;
use super::journal::io_error;

/// Values up to this size stand in their row.
pub(super) const MAX_INLINE: usize = 4096;
/// No value is larger.
pub(super) const MAX_VALUE: usize = 1 << 20;
const STATE_KEY: &[u8] = &[0, 1];
const RESTORED_KEY: &[u8] = &[0, 2];
/// Stands for the frame of a restore that is under way or was broken off.
pub(super) const UNFINISHED: u64 = u64::MAX;
/// Tries to read a chunked value whose row is being replaced.
const CHUNK_TRIES: usize = 16;
/// Memory for the engine's cache, in bytes.
pub(super) const CACHE_BYTES: u64 = 64 << 20;

/// How far the state is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Carried {
    /// The last frame carried in; 0 for none.
    pub frame: u64,
    /// Seq of the next event.
    pub next_seq: u64,
}

/// What a group of batches comes to: the new value of each key, `None` for none.
pub(super) type Changes = HashMap<Vec<u8>, Option<Vec<u8>>>;

/// The engine. One of it.
pub(super) struct Engine {
    /// `None` once closed.
    db: RwLock<Option<sled::Db>>,
    dir: PathBuf,
    cache_bytes: u64,
    /// Tables of which some value is or was chunked.
    chunked: [AtomicBool; 256],
    broken: AtomicBool,
}

/// What opening did.
pub(super) struct Opened {
    pub engine: Engine,
    /// The damaged state was set aside here, and the engine is empty.
    pub set_aside: Option<PathBuf>,
}

fn engine_error(doing: &'static str) -> impl Fn(sled::Error) -> StorageError {
    move |error| StorageError::Io {
        doing,
        cause: error.to_string(),
    }
}

fn config(dir: &Path, cache_bytes: u64) -> sled::Config {
    sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(500))
}

enum OpenFailure {
    Damaged(String),
    Failed(String),
}

/// The engine's threads may hold its file for a moment after it was closed; other processes are kept out by our own lock.
fn open_patiently(dir: &Path, cache_bytes: u64) -> sled::Result<sled::Db> {
    for _ in 0..100 {
        match config(dir, cache_bytes).open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            other => return other,
        }
    }
    config(dir, cache_bytes).open()
}

fn try_open(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenFailure> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let db = open_patiently(dir, cache_bytes)?;
        // The first read walks the root; some damage shows only here.
        db.get(STATE_KEY)?;
        Ok(db)
    }));
    match opened {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(OpenFailure::Failed(error.to_string()))
        }
        Ok(Err(error)) => Err(OpenFailure::Damaged(error.to_string())),
        Err(_) => Err(OpenFailure::Damaged("the engine panicked".into())),
    }
}

impl Engine {
    /// Opens or makes the engine under `dir`.
    ///
    /// A left-over `snap.*.generating` is deleted. On damage all `snap.*` are moved away and opening is tried once more
    /// (the engine's log is then replayed in full). If that fails too, the directory is set aside and a new one begun.
    ///
    /// # Errors
    /// The operating system refuses, or another process uses the directory.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Opened, StorageError> {
        compact::recover(dir)?;
        std::fs::create_dir_all(dir).map_err(io_error("making the engine's directory"))?;
        if files::rebuild_marker(dir).exists() {
            tracing::warn!("the engine was found damaged while running: it is rebuilt");
            return Self::begin_anew(dir, cache_bytes);
        }
        files::delete_unfinished_snapshots(dir)?;
        for last_try in [false, true] {
            match Self::try_open(dir, cache_bytes) {
                Ok(engine) => {
                    files::remove_marker(dir)?;
                    return Ok(Opened {
                        engine,
                        set_aside: None,
                    });
                }
                Err(OpenFailure::Failed(cause)) => {
                    return Err(StorageError::Io {
                        doing: "opening the engine",
                        cause,
                    });
                }
                Err(OpenFailure::Damaged(cause)) => {
                    tracing::error!(cause, last_try, "the engine's files are damaged");
                }
            }
            if !last_try {
                files::move_snapshots_away(dir)?;
            }
        }
        Self::begin_anew(dir, cache_bytes)
    }

    fn begin_anew(dir: &Path, cache_bytes: u64) -> Result<Opened, StorageError> {
        let aside = files::set_aside(dir)?;
        match Self::try_open(dir, cache_bytes) {
            Ok(engine) => Ok(Opened {
                engine,
                set_aside: Some(aside),
            }),
            Err(OpenFailure::Damaged(cause) | OpenFailure::Failed(cause)) => Err(StorageError::Io {
                doing: "making a new state",
                cause,
            }),
        }
    }

    fn try_open(dir: &Path, cache_bytes: u64) -> Result<Self, OpenFailure> {
        try_open(dir, cache_bytes).and_then(|db| Self::over(db, dir, cache_bytes))
    }

    fn over(db: sled::Db, dir: &Path, cache_bytes: u64) -> Result<Self, OpenFailure> {
        let engine = Self {
            db: RwLock::new(Some(db)),
            dir: dir.to_owned(),
            cache_bytes,
            chunked: std::array::from_fn(|_| AtomicBool::new(false)),
            broken: AtomicBool::new(false),
        };
        for table in 0..=u8::MAX {
            let found = engine.guarded("looking for chunks", |db| {
                db.scan_prefix([CHUNK, table]).keys().next().transpose()
            });
            let found = found.map_err(|error| OpenFailure::Damaged(error.to_string()))?;
            engine.chunked[usize::from(table)].store(found.is_some(), Ordering::Relaxed);
        }
        Ok(engine)
    }

    /// Runs a call of the engine; a panic in it becomes an error, and marks the engine as broken.
    fn guarded<T>(
        &self,
        doing: &'static str,
        call: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, StorageError> {
        // A scan holds this lock already, and a writer may be waiting for it.
        let db = self.db.read_recursive();
        let Some(db) = db.as_ref() else {
            return Err(StorageError::Io {
                doing,
                cause: "the store is closed".into(),
            });
        };
        let result = catch_unwind(AssertUnwindSafe(|| call(db)))
            .unwrap_or_else(|_| Err(sled::Error::ReportableBug("the engine panicked".into())));
        if let Err(error) = &result {
            let damage = matches!(
                error,
                sled::Error::Corruption { .. } | sled::Error::ReportableBug(_)
            );
            if damage && !self.broken.swap(true, Ordering::AcqRel) {
                tracing::error!(%error, doing, "the engine is damaged; it is rebuilt at the next start");
                files::ask_rebuild(&self.dir);
            }
        }
        result.map_err(engine_error(doing))
    }

    /// Damage was met while running: nothing may be written until the next start has rebuilt it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Its files were let go.
    pub(super) fn is_closed(&self) -> bool {
        self.db.read().is_none()
    }

    fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StorageError> {
        self.guarded("reading", |db| db.get(key))
    }

    /// The value under a key.
    ///
    /// # Errors
    /// The engine failed, or chunks are missing.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        for _ in 0..CHUNK_TRIES {
            let Some(row) = self.raw(key)? else {
                return Ok(None);
            };
            let Some(head) = ChunkHead::read(&row) else {
                return Ok(Some(row.to_vec()));
            };
            if let Some(value) = self.join(key, head)? {
                return Ok(Some(value));
            }
        }
        Err(codec::damaged("parts of the value are missing"))
    }

    /// Whether there is a value.
    pub(super) fn contains(&self, key: &[u8]) -> Result<bool, StorageError> {
        Ok(self.raw(key)?.is_some())
    }

    fn join(&self, key: &[u8], head: ChunkHead) -> Result<Option<Vec<u8>>, StorageError> {
        let mut value = vec![];
        for index in 0..head.count {
            let Some(chunk) = self.raw(&head.chunk_key(key, index))? else {
                return Ok(None);
            };
            value.extend_from_slice(&chunk);
        }
        Ok(Some(value))
    }

    /// Hands out the rows with the prefix beyond `from` (exclusive) in key order, or in reverse, until `each` breaks.
    ///
    /// # Errors
    /// The engine failed.
    pub(super) fn scan(
        &self,
        prefix: &[u8],
        from: Option<&[u8]>,
        reverse: bool,
        each: impl FnMut(&[u8], Value<'_>) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let end = after_prefix(prefix);
        let end = end.as_deref().map_or(Unbounded, Excluded);
        let range = match (from, reverse) {
            (Some(from), false) if from >= prefix => (Excluded(from), end),
            (Some(from), true) if !from.starts_with(prefix) && from > prefix => (Included(prefix), end),
            (Some(from), true) => (Included(prefix), Excluded(from)),
            (_, _) => (Included(prefix), end),
        };
        self.walk(range, reverse, each)
    }

    /// The same for all tables, without the engine's own rows and chunks.
    pub(super) fn scan_tables(
        &self,
        after: Option<&[u8]>,
        each: impl FnMut(&[u8], Value<'_>) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let first = [1u8];
        let after = after.filter(|after| *after >= first.as_slice());
        let begin = after.map_or(Included(first.as_slice()), Excluded);
        self.walk((begin, Excluded(&[CHUNK])), false, each)
    }

    fn walk(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        reverse: bool,
        mut each: impl FnMut(&[u8], Value<'_>) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        if is_empty(range) {
            return Ok(());
        }
        // The rows' iterator must not outlive the files that it reads.
        let _open = self.db.read_recursive();
        let mut rows = self.guarded("scanning", |db| Ok(db.range::<&[u8], _>(range)))?;
        loop {
            let row = self.guarded("scanning", |_| {
                if reverse { rows.next_back() } else { rows.next() }.transpose()
            })?;
            let Some((key, row)) = row else { return Ok(()) };
            if each(
                &key,
                Value {
                    engine: self,
                    key: &key,
                    row: &row,
                },
            )
            .is_break()
            {
                return Ok(());
            }
        }
    }

    /// How far the state is.
    pub(super) fn carried(&self) -> Result<Carried, StorageError> {
        let Some(row) = self.raw(STATE_KEY)? else {
            return Ok(Carried {
                frame: 0,
                next_seq: 1,
            });
        };
        let row: &[u8; 16] = row
            .as_ref()
            .try_into()
            .map_err(|_| codec::damaged("the state's own row"))?;
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| row[at + i]));
        Ok(Carried {
            frame: number(0),
            next_seq: number(8),
        })
    }

    /// The frame up to which the state came from an export and not from the journal.
    pub(super) fn restored_to(&self) -> Result<Option<u64>, StorageError> {
        let row = self.raw(RESTORED_KEY)?;
        Ok(row.and_then(|row| row.as_ref().try_into().ok().map(u64::from_be_bytes)))
    }

    /// Carries a frame's changes in, all or nothing. Doing it twice changes nothing.
    ///
    /// # Errors
    /// The engine failed; the frame is carried in again at the next start.
    pub(super) fn apply(&self, carried: Carried, changes: &Changes) -> Result<(), StorageError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            self.stage(&mut batch, carried.frame, key, value.as_deref())?;
        }
        batch.insert(STATE_KEY, state_row(carried));
        self.guarded("writing", |db| db.apply_batch(batch))
    }

    /// Hands what was carried in to the operating system. Unflushed writing would stall for seconds later on.
    ///
    /// # Errors
    /// The engine failed; what was carried in is carried in again at the next start.
    pub(super) fn flush(&self) -> Result<(), StorageError> {
        self.guarded("flushing", |db| db.flush()).map(drop)
    }

    fn stage(
        &self,
        batch: &mut sled::Batch,
        frame: u64,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StorageError> {
        let table = usize::from(key.first().copied().unwrap_or_default());
        if self.chunked[table].load(Ordering::Relaxed) {
            let old = self.raw(key)?.and_then(|row| ChunkHead::read(&row));
            // The same frame again is a replay: its chunks are written below.
            if let Some(old) = old.filter(|old| old.frame != frame) {
                (0..old.count).for_each(|index| batch.remove(old.chunk_key(key, index)));
            }
        }
        match value {
            None => batch.remove(key),
            Some(value) if value.len() <= MAX_INLINE => batch.insert(key, value),
            Some(value) => {
                self.chunked[table].store(true, Ordering::Relaxed);
                let head = ChunkHead {
                    frame,
                    count: value.len().div_ceil(MAX_INLINE) as u16,
                };
                for (index, chunk) in (0..).zip(value.chunks(MAX_INLINE)) {
                    batch.insert(head.chunk_key(key, index), chunk);
                }
                batch.insert(key, head.to_bytes());
            }
        }
        Ok(())
    }

    /// Fills an empty engine from an export that was made when `carried` was the state.
    ///
    /// # Errors
    /// The engine is not empty or failed, or the rows' source failed.
    pub(super) fn load(
        &self,
        rows: impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StorageError>>,
        carried: Carried,
    ) -> Result<u64, StorageError> {
        if self.carried()?.frame != 0 || self.restored_to()?.is_some() {
            return Err(StorageError::Io {
                doing: "restoring",
                cause: "the store is not empty".into(),
            });
        }
        let mut count = 0;
        let mut batch = sled::Batch::default();
        batch.insert(RESTORED_KEY, UNFINISHED.to_be_bytes().as_slice());
        for row in rows {
            let (key, value) = row?;
            self.stage(&mut batch, carried.frame, &key, Some(&value))?;
            count += 1;
            if count % 1000 == 0 {
                let full = std::mem::take(&mut batch);
                self.guarded("restoring", |db| db.apply_batch(full))?;
            }
        }
        batch.insert(RESTORED_KEY, carried.frame.to_be_bytes().as_slice());
        batch.insert(STATE_KEY, state_row(carried));
        self.guarded("restoring", |db| db.apply_batch(batch))?;
        self.sync()?;
        Ok(count)
    }

    /// Changes what [`Self::restored_to`] answers.
    fn set_restored(&self, frame: Option<u64>) -> Result<(), StorageError> {
        let mut batch = sled::Batch::default();
        match frame {
            Some(frame) => batch.insert(RESTORED_KEY, frame.to_be_bytes().as_slice()),
            None => batch.remove(RESTORED_KEY),
        }
        self.guarded("writing", |db| db.apply_batch(batch))
    }

    /// Makes everything carried in so far durable in the engine's own files.
    ///
    /// # Errors
    /// The engine or the disk failed.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        self.flush()?;
        files::sync_tree(&self.dir)
    }

    /// Makes everything durable and lets the files go. Reading answers with an error from then on.
    ///
    /// # Errors
    /// Something could not be made durable; the files are let go all the same.
    pub(super) fn close(&self) -> Result<(), StorageError> {
        let synced = if self.db.read().is_some() {
            self.sync()
        } else {
            Ok(())
        };
        self.db.write().take();
        synced
    }

    /// Bytes that the engine takes on disk.
    pub(super) fn size_on_disk(&self) -> Result<u64, StorageError> {
        self.guarded("measuring", |db| db.size_on_disk())
    }
}

fn state_row(carried: Carried) -> Vec<u8> {
    [carried.frame.to_be_bytes(), carried.next_seq.to_be_bytes()].concat()
}
