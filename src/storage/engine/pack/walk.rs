//! The walk over a pack's rows, either way.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use super::block::Block;
use super::{Pack, PackError};

/// A row, which keeps its block in memory.
pub(in crate::storage::engine) struct PackRow {
    pub(super) block: Arc<Block>,
    pub(super) at: usize,
}

impl PackRow {
    pub(in crate::storage::engine) fn key(&self) -> &[u8] {
        self.block.key(self.at)
    }

    pub(in crate::storage::engine) fn value(&self) -> &[u8] {
        self.block.value(self.at)
    }
}

/// The rows of a range, in order or in reverse.
pub(in crate::storage::engine) struct PackRows<'a> {
    pack: &'a Pack,
    reverse: bool,
    end: Bound<Vec<u8>>,
    /// The block that is walked, and the place of the next row; in reverse the place after it.
    at: Option<(usize, Arc<Block>, usize)>,
}

fn owned(bound: Bound<&[u8]>) -> Bound<Vec<u8>> {
    bound.map(<[u8]>::to_vec)
}

impl<'a> PackRows<'a> {
    /// The bounds are those of the keys, whatever the direction.
    pub(in crate::storage::engine) fn new(
        pack: &'a Pack,
        (begin, end): (Bound<&[u8]>, Bound<&[u8]>),
        reverse: bool,
    ) -> Result<Self, PackError> {
        let mut rows = Self {
            pack,
            reverse,
            end: owned(if reverse { begin } else { end }),
            at: None,
        };
        rows.at = rows.start(if reverse { end } else { begin })?;
        Ok(rows)
    }

    fn start(&self, from: Bound<&[u8]>) -> Result<Option<(usize, Arc<Block>, usize)>, PackError> {
        let blocks = self.pack.index.blocks();
        if blocks == 0 {
            return Ok(None);
        }
        let number = match (from, self.reverse) {
            (Included(key) | Excluded(key), _) => self.pack.index.block_of(key),
            (Unbounded, false) => Some(0),
            (Unbounded, true) => Some(blocks - 1),
        };
        let number = match (number, self.reverse) {
            (Some(number), _) => number,
            (None, false) => 0,
            // All keys are behind the range.
            (None, true) => return Ok(None),
        };
        let block = self.pack.block(number)?;
        let at = match (from, self.reverse) {
            (Unbounded, false) => 0,
            (Unbounded, true) => block.len(),
            (Included(key), reverse) => block.from(key, reverse),
            (Excluded(key), reverse) => block.from(key, !reverse),
        };
        Ok(Some((number, block, at)))
    }

    fn is_beyond(&self, key: &[u8]) -> bool {
        match (&self.end, self.reverse) {
            (Unbounded, _) => false,
            (Included(end), false) => key > end.as_slice(),
            (Excluded(end), false) => key >= end.as_slice(),
            (Included(begin), true) => key < begin.as_slice(),
            (Excluded(begin), true) => key <= begin.as_slice(),
        }
    }

    /// The next row.
    pub(in crate::storage::engine) fn next(&mut self) -> Result<Option<PackRow>, PackError> {
        loop {
            let Some((number, block, at)) = self.at.take() else {
                return Ok(None);
            };
            let (row, next) = match self.reverse {
                false => ((at < block.len()).then_some(at), at + 1),
                true => (at.checked_sub(1), at.saturating_sub(1)),
            };
            if let Some(at) = row {
                if self.is_beyond(block.key(at)) {
                    return Ok(None);
                }
                self.at = Some((number, Arc::clone(&block), next));
                return Ok(Some(PackRow { block, at }));
            }
            let neighbour = match self.reverse {
                false => Some(number + 1).filter(|number| *number < self.pack.index.blocks()),
                true => number.checked_sub(1),
            };
            let Some(number) = neighbour else { return Ok(None) };
            let block = self.pack.block(number)?;
            let at = if self.reverse { block.len() } else { 0 };
            self.at = Some((number, block, at));
        }
    }
}
