//! Rows of values that are larger than the engine likes.
//!
//! The row under the key holds a [`ChunkHead`]; the chunks stand under `0xfe | key | frame | index`. The frame number makes
//! the chunks of two writes differ, so that a reader never joins halves of both. Keys of one table have one length, so chunk
//! rows of two keys cannot meet.

use crate::storage::codec::CHUNKED;

/// First byte of every chunk's key.
pub(super) const CHUNK: u8 = 0xfe;

/// What stands in the row of a chunked value.
#[derive(Clone, Copy)]
pub(super) struct ChunkHead {
    pub frame: u64,
    pub count: u16,
}

impl ChunkHead {
    /// The row's value.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![CHUNKED];
        out.extend_from_slice(&self.frame.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out
    }

    /// `None` if the value stands in the row itself.
    pub(super) fn read(row: &[u8]) -> Option<Self> {
        let row: &[u8; 11] = row.try_into().ok().filter(|row: &&[u8; 11]| row[0] == CHUNKED)?;
        let frame = u64::from_be_bytes(std::array::from_fn(|i| row[1 + i]));
        Some(Self {
            frame,
            count: u16::from_be_bytes([row[9], row[10]]),
        })
    }

    /// Where a chunk stands.
    pub(super) fn chunk_key(self, key: &[u8], index: u16) -> Vec<u8> {
        let mut out = Vec::with_capacity(key.len() + 11);
        out.push(CHUNK);
        out.extend_from_slice(key);
        out.extend_from_slice(&self.frame.to_be_bytes());
        out.extend_from_slice(&index.to_be_bytes());
        out
    }
}
