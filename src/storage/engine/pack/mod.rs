//! The pack: all rows of the state as they stood at a compaction, in one sorted file that never changes.
//!
//! The tree takes about three times what its rows come to, and keeps a place in memory for each of its pages. So a
//! compaction moves everything into a pack, and the tree holds only what has changed since: its row for a key goes before
//! the pack's, and a [`GONE`] row hides one. Owns the file's layout, the look-up in it and the walk over it. Must not know
//! what keys and values mean, but for where a sealed value's random bytes begin: they cannot be compressed.
//!
//! ```text
//! magic "FDPACK01" | blocks and filters | index | end (its length u32, CRC32 u32, magic "FDPACKED" behind it)
//! ```

mod block;
mod filter;
mod index;
mod walk;
mod write;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use self::block::Block;
use self::index::Index;
pub(super) use self::walk::{PackRow, PackRows};
pub(super) use self::write::PackWriter;
use super::Carried;
use crate::storage::codec;
use crate::storage::error::StorageError;
use crate::storage::journal::io_error;

/// Stands in the tree for a row of the pack that was removed.
pub(super) const GONE: &[u8] = &[codec::GONE];
/// The file's name within the engine's directory.
const NAME: &str = "pack";
const MAGIC: &[u8; 8] = b"FDPACK01";
const END_MAGIC: &[u8; 8] = b"FDPACKED";
/// Length and checksum of the end, and the magic.
const TRAILER: usize = 16;
/// No end is longer.
const MAX_END: u64 = 1 << 16;
/// Blocks that are kept in memory at most; each comes to about 20 KiB.
const SLOTS: usize = 256;
/// A larger block, of large values, is not kept.
const MAX_KEPT: usize = 48 << 10;

/// Why a pack cannot be used.
pub(super) enum PackError {
    /// The operating system refuses.
    Io(StorageError),
    /// It is not as it was written.
    Damaged(&'static str),
}

impl From<PackError> for StorageError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Io(error) => error,
            PackError::Damaged(what) => codec::damaged(&format!("the packed state: {what}")),
        }
    }
}

fn failed(doing: &'static str) -> impl Fn(std::io::Error) -> PackError {
    move |error| PackError::Io(io_error(doing)(error))
}

/// A part of the file with its checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Part {
    offset: u64,
    len: u32,
    crc: u32,
}

/// A part as it is stored: place, length, checksum.
type StoredPart = (u64, u32, u32);
/// What stands at the end of the file: the index's parts, rows, last frame, next seq, the frame it was restored to.
type StoredEnd = (Vec<StoredPart>, u64, u64, u64, Option<u64>);

impl From<StoredPart> for Part {
    fn from((offset, len, crc): StoredPart) -> Self {
        Self { offset, len, crc }
    }
}

impl From<Part> for StoredPart {
    fn from(part: Part) -> Self {
        (part.offset, part.len, part.crc)
    }
}

/// A place of the cache: which block it holds, if any.
type Cached = Option<(usize, Arc<Block>)>;

/// An open pack.
pub(super) struct Pack {
    file: File,
    len: u64,
    end_crc: u32,
    rows: u64,
    /// How far the state was that it holds.
    pub carried: Carried,
    /// See [`super::Engine::restored_to`].
    pub restored: Option<u64>,
    index: Index,
    cache: Vec<Mutex<Cached>>,
}

/// Where the pack of an engine's directory stands.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

fn read_part(file: &File, part: Part) -> Result<Vec<u8>, PackError> {
    let mut bytes = vec![0; part.len as usize];
    match file.read_exact_at(&mut bytes, part.offset) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Err(PackError::Damaged("it is cut short"));
        }
        other => other.map_err(failed("reading the packed state"))?,
    }
    if crc32fast::hash(&bytes) == part.crc {
        Ok(bytes)
    } else {
        Err(PackError::Damaged("a checksum does not fit"))
    }
}

fn read_end(file: &File, len: u64) -> Result<(StoredEnd, u32), PackError> {
    let err = failed("opening the packed state");
    let mut magic = [0; 8];
    let mut trailer = [0; TRAILER];
    let Some(at) = len.checked_sub(TRAILER as u64).filter(|at| *at >= 8) else {
        return Err(PackError::Damaged("it is cut short"));
    };
    file.read_exact_at(&mut magic, 0).map_err(&err)?;
    file.read_exact_at(&mut trailer, at).map_err(&err)?;
    if magic != *MAGIC || trailer[8..] != *END_MAGIC {
        return Err(PackError::Damaged("it has no end, or is of another version"));
    }
    let small = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| trailer[at + i]));
    let (end_len, crc) = (small(0), small(4));
    let offset = at.checked_sub(u64::from(end_len));
    let offset = offset.filter(|offset| *offset >= 8 && u64::from(end_len) <= MAX_END);
    let offset = offset.ok_or(PackError::Damaged("its end has another length"))?;
    let bytes = read_part(
        file,
        Part {
            offset,
            len: end_len,
            crc,
        },
    )?;
    let end = codec::from_bytes(&bytes).map_err(|_| PackError::Damaged("its end cannot be read"))?;
    Ok((end, crc))
}

impl Pack {
    /// Opens the pack of an engine's directory; `None` if there is none.
    pub(super) fn open(dir: &Path) -> Result<Option<Self>, PackError> {
        let err = failed("opening the packed state");
        let file = match File::open(path(dir)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(&err)?,
        };
        let len = file.metadata().map_err(&err)?.len();
        let ((index, rows, frame, next_seq, restored), end_crc) = read_end(&file, len)?;
        let index = Index::read(&file, index)?;
        Ok(Some(Self {
            file,
            len,
            end_crc,
            rows,
            carried: Carried { frame, next_seq },
            restored,
            index,
            cache: (0..SLOTS).map(|_| Mutex::new(None)).collect(),
        }))
    }

    /// Bytes on disk.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Identifies exactly this file.
    pub(super) fn identity(&self) -> Vec<u8> {
        [self.len.to_be_bytes().as_slice(), &self.end_crc.to_be_bytes()].concat()
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<PackRow>, PackError> {
        let Some(number) = self.index.find(key) else {
            return Ok(None);
        };
        let block = self.block(number)?;
        let at = block.search(key);
        Ok(at.ok().map(|at| PackRow { block, at }))
    }

    /// A block, from memory if it was used lately.
    fn block(&self, number: usize) -> Result<Arc<Block>, PackError> {
        let slot = &self.cache[number % SLOTS];
        if let Some((held, block)) = slot.lock().as_ref()
            && *held == number
        {
            return Ok(Arc::clone(block));
        }
        let block = Arc::new(self.read_block(number)?);
        if block.bytes() > MAX_KEPT {
            return Ok(block);
        }
        *slot.lock() = Some((number, Arc::clone(&block)));
        Ok(block)
    }

    fn read_block(&self, number: usize) -> Result<Block, PackError> {
        let bytes = read_part(&self.file, self.index.part(number))?;
        Block::read(&bytes).ok_or(PackError::Damaged("a block cannot be read"))
    }

    /// Reads everything: every checksum, the order of keys, their number.
    pub(super) fn verify(&self) -> Result<(), PackError> {
        let (mut rows, mut last) = (0, Vec::new());
        for number in 0..self.index.blocks() {
            let block = self.read_block(number)?;
            for at in 0..block.len() {
                let key = block.key(at);
                if key <= last.as_slice() || self.index.find(key) != Some(number) {
                    return Err(PackError::Damaged("its keys are not in order"));
                }
                last = key.to_vec();
            }
            rows += block.len() as u64;
        }
        if rows == self.rows {
            Ok(())
        } else {
            Err(PackError::Damaged("it holds another number of rows than it says"))
        }
    }
}

#[cfg(test)]
mod tests;
