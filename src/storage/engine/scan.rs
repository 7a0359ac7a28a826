//! Scans: the tree's rows over the pack's.

use std::cmp::Ordering;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::ControlFlow;

use super::chunks::CHUNK;
use super::pack::{GONE, PackRow, PackRows};
use super::ranges::{after_prefix, is_empty};
use super::{Engine, Value};
use crate::storage::error::StorageError;

impl Engine {
    /// Hands out the rows with the prefix beyond `from` (exclusive) in key order, or in reverse, until `each` breaks.
    ///
    /// # Errors
    /// The engine failed.
    pub(in crate::storage) fn scan(
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
    pub(in crate::storage) fn scan_tables(
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
        // The rows' iterators must not outlive the files that they read.
        let open = self.files.read_recursive();
        let pack = open.as_ref().and_then(|files| files.pack.as_ref());
        let mut merged = Merged {
            engine: self,
            fresh: self.guarded("scanning", |db| Ok(db.range::<&[u8], _>(range)))?,
            packed: pack
                .map(|pack| PackRows::new(pack, range, reverse))
                .transpose()
                .map_err(|error| self.pack_failed("scanning", error))?,
            next: (None, None),
            reverse,
        };
        while let Some(row) = merged.next()? {
            let (key, row) = match &row {
                Either::Fresh(key, row) => (key.as_ref(), row.as_ref()),
                Either::Packed(row) => (row.key(), row.value()),
            };
            let value = Value {
                engine: self,
                key,
                row,
            };
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A row of one of the two.
enum Either {
    Fresh(sled::IVec, sled::IVec),
    Packed(PackRow),
}

/// The tree's rows and the pack's, in one order. The tree's goes before the pack's of the same key.
struct Merged<'a> {
    engine: &'a Engine,
    fresh: sled::Iter,
    packed: Option<PackRows<'a>>,
    /// The next of each, if it was read already.
    next: (Option<(sled::IVec, sled::IVec)>, Option<PackRow>),
    reverse: bool,
}

impl Merged<'_> {
    fn next(&mut self) -> Result<Option<Either>, StorageError> {
        loop {
            self.read_ahead()?;
            let order = match &self.next {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((fresh, _)), Some(packed)) if self.reverse => packed.key().cmp(fresh),
                (Some((fresh, _)), Some(packed)) => fresh.as_ref().cmp(packed.key()),
            };
            if order == Ordering::Greater {
                return Ok(self.next.1.take().map(Either::Packed));
            }
            if order == Ordering::Equal {
                self.next.1 = None;
            }
            match self.next.0.take() {
                Some((_, row)) if row == GONE => {}
                row => return Ok(row.map(|(key, row)| Either::Fresh(key, row))),
            }
        }
    }

    fn read_ahead(&mut self) -> Result<(), StorageError> {
        if self.next.0.is_none() {
            let (fresh, reverse) = (&mut self.fresh, self.reverse);
            self.next.0 = self.engine.guarded("scanning", |_| {
                if reverse { fresh.next_back() } else { fresh.next() }.transpose()
            })?;
        }
        if self.next.1.is_none()
            && let Some(packed) = &mut self.packed
        {
            let next = packed.next();
            self.next.1 = next.map_err(|error| self.engine.pack_failed("scanning", error))?;
        }
        Ok(())
    }
}
