//! Reading records, blobs and events.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::{Fingerprint, Store};
use crate::domain::Event;
use crate::storage::bundles;
use crate::storage::error::StorageError;
use crate::storage::keys::{Key, Prefix, table_name};

/// No page is longer, whatever is asked for.
pub const MAX_PAGE: usize = 10_000;
/// Damaged keys that are remembered by name; beyond, they are only counted.
const MAX_QUARANTINED: usize = 1_000;

/// Records that could not be read.
#[derive(Default)]
pub(super) struct Quarantine {
    keys: Mutex<BTreeSet<Vec<u8>>>,
    count: AtomicU64,
}

impl Quarantine {
    /// Distinct damaged records met since the start.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn add(&self, key: &[u8], error: &StorageError) {
        let mut keys = self.keys.lock();
        if keys.len() < MAX_QUARANTINED && keys.insert(key.to_vec()) {
            self.count.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, table = table_name(key), "a record is damaged");
        }
    }
}

impl Store {
    /// Reads a record.
    ///
    /// # Errors
    /// It is damaged, its person was erased, or the engine failed.
    pub fn get<K: Key>(&self, key: &K) -> Result<Option<K::Value>, StorageError> {
        Ok(self.get_for_update(key)?.map(|(value, _)| value))
    }

    /// Reads a record, and what identifies it for [`crate::storage::Batch::require_unchanged`].
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_for_update<K: Key>(&self, key: &K) -> Result<Option<(K::Value, Fingerprint)>, StorageError> {
        let key = key.to_bytes();
        let Some(bytes) = self.inner.shared.engine.get(&key)? else {
            return Ok(None);
        };
        let value = self.decode::<K>(&key, &bytes)?;
        Ok(Some((value, Fingerprint::of(&bytes))))
    }

    /// Whether there is such a record.
    ///
    /// # Errors
    /// The engine failed.
    pub fn contains<K: Key>(&self, key: &K) -> Result<bool, StorageError> {
        self.inner.shared.engine.contains(&key.to_bytes())
    }

    /// Up to `limit` records with the prefix, in key order, after `after` (exclusive). Records that are damaged or whose
    /// person was erased are left out; fewer than `limit` means that there are no more.
    ///
    /// # Errors
    /// The engine failed.
    pub fn scan<K: Key>(
        &self,
        prefix: &Prefix<K>,
        after: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, K::Value)>, StorageError> {
        self.page(prefix, after, limit, false)
    }

    /// The same in reverse key order, before `before` (exclusive).
    ///
    /// # Errors
    /// The engine failed.
    pub fn scan_back<K: Key>(
        &self,
        prefix: &Prefix<K>,
        before: Option<&K>,
        limit: usize,
    ) -> Result<Vec<(K, K::Value)>, StorageError> {
        self.page(prefix, before, limit, true)
    }

    /// Only the keys.
    ///
    /// # Errors
    /// The engine failed.
    pub fn scan_keys<K: Key>(
        &self,
        prefix: &Prefix<K>,
        after: Option<&K>,
        limit: usize,
    ) -> Result<Vec<K>, StorageError> {
        self.keys(prefix, after, limit, false)
    }

    /// Only the keys, in reverse order, before `before` (exclusive).
    ///
    /// # Errors
    /// The engine failed.
    pub fn scan_keys_back<K: Key>(
        &self,
        prefix: &Prefix<K>,
        before: Option<&K>,
        limit: usize,
    ) -> Result<Vec<K>, StorageError> {
        self.keys(prefix, before, limit, true)
    }

    fn keys<K: Key>(
        &self,
        prefix: &Prefix<K>,
        from: Option<&K>,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<K>, StorageError> {
        let (mut found, limit) = (vec![], limit.min(MAX_PAGE));
        if limit == 0 {
            return Ok(found);
        }
        let from = from.map(Key::to_bytes);
        let engine = &self.inner.shared.engine;
        engine.scan(&prefix.bytes, from.as_deref(), reverse, |key, _| {
            found.extend(self.read_key::<K>(key));
            if found.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(found)
    }

    fn page<K: Key>(
        &self,
        prefix: &Prefix<K>,
        from: Option<&K>,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(K, K::Value)>, StorageError> {
        let mut found = vec![];
        let limit = limit.min(MAX_PAGE);
        if limit == 0 {
            return Ok(found);
        }
        let from = from.map(Key::to_bytes);
        self.inner
            .shared
            .engine
            .scan(&prefix.bytes, from.as_deref(), reverse, |key, value| {
                let read = value.read().map_err(|error| self.name(key, error));
                let record = match read {
                    Ok(Some(bytes)) => self.decode::<K>(key, &bytes).ok(),
                    Ok(None) | Err(_) => None,
                };
                found.extend(self.read_key::<K>(key).zip(record));
                if found.len() < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        Ok(found)
    }

    fn read_key<K: Key>(&self, key: &[u8]) -> Option<K> {
        let read = key.get(1..).and_then(K::read);
        if read.is_none() {
            self.name(key, crate::storage::codec::damaged("the key has another layout"));
        }
        read
    }

    fn decode<K: Key>(&self, key: &[u8], bytes: &[u8]) -> Result<K::Value, StorageError> {
        let shared = &self.inner.shared;
        shared
            .vault
            .read(key, bytes, &shared.engine)
            .map_err(|error| self.name(key, error))
    }

    /// Gives damage its table's name and sets the key aside.
    fn name(&self, key: &[u8], error: StorageError) -> StorageError {
        match error {
            StorageError::Damaged { cause, .. } => {
                let error = StorageError::Damaged {
                    table: table_name(key),
                    cause,
                };
                self.inner.damaged.add(key, &error);
                error
            }
            other => other,
        }
    }

    /// Bytes kept by [`crate::storage::Batch::put_blob`]; `None` if there are none or their segment is gone.
    ///
    /// # Errors
    /// They are damaged, their person was erased, or reading failed.
    pub fn blob<K: Key>(&self, key: &K) -> Result<Option<Vec<u8>>, StorageError> {
        let key = key.to_bytes();
        let shared = &self.inner.shared;
        bundles::blob(shared, &key, || shared.engine.get(&key)).map_err(|error| self.name(&key, error))
    }

    /// Up to `limit` events after `seq`, in order, over all workspaces.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn events_after(&self, seq: u64, limit: usize) -> Result<Vec<Event>, StorageError> {
        let (shared, limit) = (&self.inner.shared, limit.min(MAX_PAGE));
        if seq >= *shared.seq.borrow() {
            return Ok(vec![]);
        }
        match shared.ring.after(seq, limit) {
            Some(events) => Ok(events),
            None => shared.reader.events_after(seq, limit),
        }
    }

    /// The oldest event still kept; a reader further behind must rebuild from the records.
    pub fn oldest_event(&self) -> u64 {
        self.inner.shared.reader.extent().first_seq
    }
}
