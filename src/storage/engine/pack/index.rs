//! Where each block begins: the first key, the place in the file. In memory as long as the pack is open.

use std::fs::File;

use super::{PackError, Part, StoredPart, filter, read_part};
use crate::storage::codec;

/// Keys that one filter covers at most, about.
pub(super) const FILTER_KEYS: usize = 32 << 10;
/// Blocks in one part of the index: it is read and written part by part.
pub(super) const PART_BLOCKS: usize = 4096;

/// A block: its first key, its place, and the filter over the keys from it on, if one begins here.
pub(super) type Entry = (Vec<u8>, StoredPart, Option<StoredPart>);

#[derive(Default)]
pub(super) struct Index {
    /// The first keys, one after the other.
    keys: Vec<u8>,
    blocks: Vec<Place>,
    filters: Vec<Filter>,
}

struct Place {
    /// Where its key ends in `keys`.
    key_end: usize,
    part: Part,
}

struct Filter {
    first_block: usize,
    bits: Vec<u8>,
}

impl Index {
    pub(super) fn read(file: &File, parts: Vec<StoredPart>) -> Result<Self, PackError> {
        let mut index = Self::default();
        for part in parts {
            let bytes = read_part(file, part.into())?;
            let bytes = codec::unpack(&bytes).map_err(|_| PackError::Damaged("its index cannot be read"))?;
            let entries: Vec<Entry> =
                codec::from_bytes(&bytes).map_err(|_| PackError::Damaged("its index cannot be read"))?;
            for (first, part, filter) in entries {
                if let Some(filter) = filter {
                    index.filters.push(Filter {
                        first_block: index.blocks.len(),
                        bits: read_part(file, filter.into())?,
                    });
                }
                index.keys.extend_from_slice(&first);
                index.blocks.push(Place {
                    key_end: index.keys.len(),
                    part: part.into(),
                });
            }
        }
        index.keys.shrink_to_fit();
        index.blocks.shrink_to_fit();
        Ok(index)
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn part(&self, number: usize) -> Part {
        self.blocks[number].part
    }

    fn first(&self, number: usize) -> &[u8] {
        let begin = number
            .checked_sub(1)
            .map_or(0, |before| self.blocks[before].key_end);
        &self.keys[begin..self.blocks[number].key_end]
    }

    /// The last block that begins at or before a key: the only one that can hold it.
    pub(super) fn block_of(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.first(middle) <= key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low.checked_sub(1)
    }

    /// The block that may hold the key; `None` if none does.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let number = self.block_of(key)?;
        let at = self
            .filters
            .partition_point(|filter| filter.first_block <= number);
        let filter = at.checked_sub(1).map(|at| &self.filters[at]);
        let may = filter.is_none_or(|filter| filter::may_hold(&filter.bits, filter::hash(key)));
        may.then_some(number)
    }
}
