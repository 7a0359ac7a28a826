//! The state that the journal carries: one `sled` tree over a pack. The only place that knows `sled`.
//!
//! Owns opening by the rules that this engine needs (left-over snapshot files, damage, rebuild), the number of the last
//! frame carried in, and values larger than the engine likes. Must not know what keys and values mean.
//!
//! What stood at the last compaction is in the [`pack`], a file that never changes; the tree holds what came since and
//! goes before it. Values above [`MAX_INLINE`] are cut into chunk rows, see [`chunks`]. Own rows begin with `0x00`, chunks with `0xfe`.

mod chunks;
mod compact;
mod files;
mod opening;
mod pack;
mod ranges;
mod rows;
mod scan;
mod write;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use self::chunks::ChunkHead;
pub(super) use self::files::{free_name, remove_marker};
use self::pack::{GONE, Pack, PackError};
pub(super) use self::rows::{RawRows, Row, Value};
use super::codec;
use super::error::StorageError;

/// Values up to this size stand in their row.
pub(super) const MAX_INLINE: usize = 4096;
/// No value is larger.
pub(super) const MAX_VALUE: usize = 1 << 20;
const STATE_KEY: &[u8] = &[0, 1];
const RESTORED_KEY: &[u8] = &[0, 2];
/// Says which pack the tree stands over.
const PACK_KEY: &[u8] = &[0, 3];
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

/// What is open.
struct Files {
    db: sled::Db,
    pack: Option<Pack>,
}

/// The engine. One of it.
pub(super) struct Engine {
    /// `None` once closed.
    files: RwLock<Option<Files>>,
    dir: PathBuf,
    cache_bytes: u64,
    /// Tables of which some value is or was chunked.
    chunked: [AtomicBool; 256],
    broken: AtomicBool,
}

fn engine_error(doing: &'static str) -> impl Fn(sled::Error) -> StorageError {
    move |error| StorageError::Io {
        doing,
        cause: error.to_string(),
    }
}

impl Engine {
    /// Runs a call of the engine; a panic in it becomes an error, and marks the engine as broken.
    fn guarded<T>(
        &self,
        doing: &'static str,
        call: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, StorageError> {
        // A scan holds this lock already, and a writer may be waiting for it.
        let files = self.files.read_recursive();
        let Some(Files { db, .. }) = files.as_ref() else {
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
            if damage {
                self.found_damaged(doing, &error.to_string());
            }
        }
        result.map_err(engine_error(doing))
    }

    fn found_damaged(&self, doing: &'static str, error: &str) {
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::error!(
                error,
                doing,
                "the engine is damaged; it is rebuilt at the next start"
            );
            files::ask_rebuild(&self.dir);
        }
    }

    /// Runs a look into the pack; `None` if there is none. What is damaged in it marks the engine as broken.
    fn packed<T>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&Pack) -> Result<Option<T>, PackError>,
    ) -> Result<Option<T>, StorageError> {
        let files = self.files.read_recursive();
        let Some(pack) = files.as_ref().and_then(|files| files.pack.as_ref()) else {
            return Ok(None);
        };
        look(pack).map_err(|error| self.pack_failed(doing, error))
    }

    fn pack_failed(&self, doing: &'static str, error: PackError) -> StorageError {
        if let PackError::Damaged(what) = &error {
            self.found_damaged(doing, what);
        }
        error.into()
    }

    fn in_pack(&self, key: &[u8]) -> Result<Option<pack::PackRow>, StorageError> {
        self.packed("reading", |pack| pack.get(key))
    }

    /// Damage was met while running: nothing may be written until the next start has rebuilt it.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Its files were let go.
    pub(super) fn is_closed(&self) -> bool {
        self.files.read().is_none()
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
                return Ok(self.in_pack(key)?.map(|row| row.value().to_vec()));
            };
            if row == GONE {
                return Ok(None);
            }
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
        match self.raw(key)? {
            Some(row) => Ok(row != GONE),
            None => Ok(self.in_pack(key)?.is_some()),
        }
    }

    /// The last frame that the pack holds: what is in it does not need the journal any more.
    pub(super) fn packed_frame(&self) -> u64 {
        let files = self.files.read_recursive();
        let pack = files.as_ref().and_then(|files| files.pack.as_ref());
        pack.map_or(0, |pack| pack.carried.frame)
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
}
