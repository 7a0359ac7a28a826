//! Rows as they stand: one of a scan, and all of all tables, page by page.

use std::ops::ControlFlow;

use super::Engine;
use super::chunks::ChunkHead;
use crate::storage::error::StorageError;

const PAGE: usize = 1000;

/// A key and its value.
pub(in crate::storage) type Row = (Vec<u8>, Vec<u8>);

/// All rows in key order. While the engine is written this is no snapshot.
pub(in crate::storage) struct RawRows<'a> {
    engine: &'a Engine,
    after: Option<Vec<u8>>,
    page: std::vec::IntoIter<Row>,
}

impl<'a> RawRows<'a> {
    pub(in crate::storage) fn new(engine: &'a Engine) -> Self {
        Self {
            engine,
            after: None,
            page: vec![].into_iter(),
        }
    }
}

impl Iterator for RawRows<'_> {
    type Item = Result<Row, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            match self.engine.page(self.after.as_deref(), PAGE) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        let row = self.page.next()?;
        self.after = Some(row.0.clone());
        Some(Ok(row))
    }
}

impl Engine {
    /// Up to `limit` rows of all tables after a key.
    ///
    /// # Errors
    /// The engine failed, or a row cannot be read.
    pub(in crate::storage) fn page(
        &self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let (mut found, mut failed) = (vec![], None);
        self.scan_tables(after, |key, value| {
            match value.read() {
                Ok(Some(value)) => found.push((key.to_vec(), value)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
            if found.len() < limit && failed.is_none() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(found), Err)
    }
}

/// A row's value during a scan; joined only on demand.
pub(in crate::storage) struct Value<'a> {
    pub(super) engine: &'a Engine,
    pub(super) key: &'a [u8],
    pub(super) row: &'a [u8],
}

impl Value<'_> {
    /// Its bytes; `None` if the row was removed meanwhile.
    pub(in crate::storage) fn read(&self) -> Result<Option<Vec<u8>>, StorageError> {
        if ChunkHead::read(self.row).is_some() {
            self.engine.get(self.key)
        } else {
            Ok(Some(self.row.to_vec()))
        }
    }
}
