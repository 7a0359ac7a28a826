//! Changes: frames carried in, a load of many rows, and making it all durable.

use std::sync::atomic::Ordering;

use super::chunks::ChunkHead;
use super::pack::{GONE, Pack, PackWriter};
use super::{
    Carried, Changes, Engine, MAX_INLINE, PACK_KEY, RESTORED_KEY, Row, STATE_KEY, UNFINISHED, files,
};
use crate::storage::codec;
use crate::storage::error::StorageError;

impl Engine {
    /// Carries a frame's changes in, all or nothing. Doing it twice changes nothing.
    ///
    /// # Errors
    /// The engine failed; the frame is carried in again at the next start.
    pub(in crate::storage) fn apply(&self, carried: Carried, changes: &Changes) -> Result<(), StorageError> {
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
    pub(in crate::storage) fn flush(&self) -> Result<(), StorageError> {
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
            None if self.in_pack(key)?.is_some() => batch.insert(key, GONE),
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

    /// Fills an empty engine with rows that come in key order, as they stood when `carried` was the state. Any that do not
    /// are taken into the tree.
    ///
    /// # Errors
    /// The engine is not empty or failed, or the rows' source failed.
    pub(in crate::storage) fn load(
        &self,
        rows: impl Iterator<Item = Result<Row, StorageError>>,
        carried: Carried,
        restored: Option<u64>,
    ) -> Result<u64, StorageError> {
        if self.carried()?.frame != 0 || self.restored_to()?.is_some() {
            return Err(StorageError::Io {
                doing: "restoring",
                cause: "the store is not empty".into(),
            });
        }
        let mut batch = sled::Batch::default();
        batch.insert(RESTORED_KEY, UNFINISHED.to_be_bytes().as_slice());
        self.guarded("restoring", |db| db.apply_batch(batch))?;
        self.sync()?;
        let (mut count, mut batch) = (0, sled::Batch::default());
        let mut writer = PackWriter::begin(&self.dir)?;
        for row in rows {
            let (key, value) = row?;
            count += 1;
            if !writer.add(&key, &value)? {
                self.stage(&mut batch, carried.frame, &key, Some(&value))?;
                let full = std::mem::take(&mut batch);
                self.guarded("restoring", |db| db.apply_batch(full))?;
            }
        }
        writer.finish(carried, restored)?;
        let pack = Pack::open(&self.dir)?.ok_or_else(|| codec::damaged("the pack just written is gone"))?;
        self.guarded("restoring", |db| db.apply_batch(over_pack(&pack)))?;
        if let Some(files) = self.files.write().as_mut() {
            files.pack = Some(pack);
        }
        self.sync()?;
        Ok(count)
    }

    /// Reads all of the pack and checks it.
    ///
    /// # Errors
    /// It is damaged or cannot be read.
    pub(in crate::storage) fn verify_pack(&self) -> Result<(), StorageError> {
        self.packed("checking", |pack| pack.verify().map(Some)).map(drop)
    }

    /// Makes everything carried in so far durable in the engine's own files.
    ///
    /// # Errors
    /// The engine or the disk failed.
    pub(in crate::storage) fn sync(&self) -> Result<(), StorageError> {
        self.flush()?;
        files::sync_tree(&self.dir)
    }

    /// Makes everything durable and lets the files go. Reading answers with an error from then on.
    ///
    /// # Errors
    /// Something could not be made durable; the files are let go all the same.
    pub(in crate::storage) fn close(&self) -> Result<(), StorageError> {
        let synced = if self.files.read().is_some() {
            self.sync()
        } else {
            Ok(())
        };
        self.files.write().take();
        synced
    }

    /// Bytes on disk: the tree's and the pack's.
    pub(in crate::storage) fn size_on_disk(&self) -> Result<Sizes, StorageError> {
        let tree = self.guarded("measuring", |db| db.size_on_disk())?;
        let pack = self
            .packed("measuring", |pack| Ok(Some(pack.len())))?
            .unwrap_or(0);
        Ok(Sizes { tree, pack })
    }
}

/// What the state takes on disk, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::storage) struct Sizes {
    /// What has changed since the last compaction.
    pub tree: u64,
    /// What stood then.
    pub pack: u64,
}

impl Sizes {
    pub(in crate::storage) const fn all(self) -> u64 {
        self.tree + self.pack
    }
}

/// The tree's own rows when nothing has changed since its pack was written.
pub(super) fn over_pack(pack: &Pack) -> sled::Batch {
    let mut batch = sled::Batch::default();
    batch.insert(PACK_KEY, pack.identity());
    batch.insert(STATE_KEY, state_row(pack.carried));
    match pack.restored {
        Some(frame) => batch.insert(RESTORED_KEY, frame.to_be_bytes().as_slice()),
        None => batch.remove(RESTORED_KEY),
    }
    batch
}

fn state_row(carried: Carried) -> Vec<u8> {
    [carried.frame.to_be_bytes(), carried.next_seq.to_be_bytes()].concat()
}
