//! A run of rows, read and written as one.
//!
//! ```text
//! length of the packed part u32 | packed part | sealed bytes
//! packed part: length of the lengths u32 | lengths | ends of keys | open bytes of values
//! ```
//! Column by column, and each key without what it shares with the one before it, so that little is left of keys. What of a
//! value is sealed looks random and stands by itself, unpacked.

use std::ops::Range;

use crate::storage::codec;

/// A block is written once its rows come to this.
pub(super) const BLOCK_BYTES: usize = 16 << 10;

/// Of one row: bytes that the key shares with the one before it, the rest of the key, the value's open and sealed bytes.
type Lengths = (u16, u16, u32, u32);

/// Rows on their way into a block.
#[derive(Default)]
pub(super) struct Builder {
    lengths: Vec<Lengths>,
    keys: Vec<u8>,
    open: Vec<u8>,
    sealed: Vec<u8>,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Builder {
    pub(super) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.keys.len() + self.open.len() + self.sealed.len() >= BLOCK_BYTES
    }

    /// The first row's key.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    /// Adds a row whose key is behind all others.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let shared = key.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        let (open, sealed) = value.split_at(codec::open_len(value));
        self.lengths.push((
            shared as u16,
            (key.len() - shared) as u16,
            open.len() as u32,
            sealed.len() as u32,
        ));
        if self.first.is_empty() {
            self.first = key.to_vec();
        }
        self.keys.extend_from_slice(&key[shared..]);
        self.open.extend_from_slice(open);
        self.sealed.extend_from_slice(sealed);
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    /// The block's bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        let lengths = codec::to_bytes(&self.lengths);
        let mut columns = (lengths.len() as u32).to_be_bytes().to_vec();
        columns.extend_from_slice(&lengths);
        columns.extend_from_slice(&self.keys);
        columns.extend_from_slice(&self.open);
        let packed = codec::pack(&columns);
        let mut out = (packed.len() as u32).to_be_bytes().to_vec();
        out.extend_from_slice(&packed);
        out.extend_from_slice(&self.sealed);
        out
    }
}

/// A block in memory: keys and values one after the other.
pub(in crate::storage::engine) struct Block {
    bytes: Vec<u8>,
    rows: Vec<Place>,
}

struct Place {
    key: u32,
    value: u32,
    end: u32,
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*len) as usize)
}

impl Block {
    /// `None` unless these are a block's bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (packed, mut sealed) = split(bytes)?;
        let columns = codec::unpack(packed).ok()?;
        let (lengths, columns) = split(&columns)?;
        let lengths: Vec<Lengths> = codec::from_bytes(lengths).ok()?;
        let key_bytes: usize = lengths.iter().map(|(_, rest, ..)| usize::from(*rest)).sum();
        let (mut keys, mut open) = columns.split_at_checked(key_bytes)?;
        let mut block = Self {
            bytes: Vec::with_capacity(columns.len() + sealed.len() + lengths.len() * 32),
            rows: Vec::with_capacity(lengths.len()),
        };
        let mut last = 0..0;
        for (shared, rest, open_len, sealed_len) in lengths {
            let key = block.bytes.len();
            let shared = last.start..last.start + usize::from(shared);
            if shared.end > last.end {
                return None;
            }
            block.bytes.extend_from_within(shared);
            block.take(&mut keys, usize::from(rest))?;
            let value = block.bytes.len();
            block.take(&mut open, open_len as usize)?;
            block.take(&mut sealed, sealed_len as usize)?;
            last = key..value;
            block.rows.push(Place {
                key: key as u32,
                value: value as u32,
                end: block.bytes.len() as u32,
            });
        }
        (keys.is_empty() && open.is_empty() && sealed.is_empty()).then_some(block)
    }

    fn take(&mut self, from: &mut &[u8], len: usize) -> Option<()> {
        let (head, rest) = from.split_at_checked(len)?;
        self.bytes.extend_from_slice(head);
        *from = rest;
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<Place>()
    }

    fn slice(&self, range: Range<u32>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }

    /// A row's key.
    pub(super) fn key(&self, at: usize) -> &[u8] {
        let place = &self.rows[at];
        self.slice(place.key..place.value)
    }

    /// A row's value.
    pub(super) fn value(&self, at: usize) -> &[u8] {
        let place = &self.rows[at];
        self.slice(place.value..place.end)
    }

    /// Where a key stands, or would stand.
    pub(super) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.rows
            .binary_search_by(|place| self.slice(place.key..place.value).cmp(key))
    }

    /// The first row whose key is not before `key` (or not at it, if `beyond`).
    pub(super) fn from(&self, key: &[u8], beyond: bool) -> usize {
        match self.search(key) {
            Ok(at) => at + usize::from(beyond),
            Err(at) => at,
        }
    }
}
