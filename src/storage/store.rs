//! The store as the rest of the house sees it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::{ContactId, Event, WorkspaceId};

use super::batch::Batch;
use super::error::{CommitError, StorageError};
use super::keys::{Key, Prefix};
use super::vault::{DataKey, MasterKey, Seal};

/// How to open it.
pub struct StoreOptions {
    /// The data directory.
    pub dir: PathBuf,
    /// The appliance's key.
    pub master_key: MasterKey,
}

/// Whether it can be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreState {
    /// All is well.
    Ok,
    /// Reading works, writing does not; the text says why and what to do.
    ReadOnly(String),
}

/// Identifies the exact bytes of a record that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint(pub(super) u64);

impl Fingerprint {
    /// Of the bytes as they stand in the store.
    pub(super) fn of(_value: &[u8]) -> Self {
        todo!()
    }
}

/// A durable change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The last event's place in the total order at this point.
    pub seq: u64,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store;

impl Store {
    /// Opens (or makes) the store: lock, replay, migrate.
    ///
    /// # Errors
    /// Says what is wrong and what to do.
    pub fn open(_options: StoreOptions) -> Result<Self, StorageError> {
        todo!()
    }

    /// Reads a record.
    pub fn get<K: Key>(&self, _key: &K) -> Result<Option<K::Value>, StorageError> {
        todo!()
    }

    /// Reads a record, and what identifies it for [`Batch::require_unchanged`].
    pub fn get_for_update<K: Key>(&self, _key: &K) -> Result<Option<(K::Value, Fingerprint)>, StorageError> {
        todo!()
    }

    /// Whether there is such a record.
    pub fn contains<K: Key>(&self, _key: &K) -> Result<bool, StorageError> {
        todo!()
    }

    /// Up to `limit` records with the prefix, in key order, after `after` (exclusive).
    pub fn scan<K: Key>(
        &self,
        _prefix: &Prefix<K>,
        _after: Option<&K>,
        _limit: usize,
    ) -> Result<Vec<(K, K::Value)>, StorageError> {
        todo!()
    }

    /// The same in reverse key order, before `before` (exclusive).
    pub fn scan_back<K: Key>(
        &self,
        _prefix: &Prefix<K>,
        _before: Option<&K>,
        _limit: usize,
    ) -> Result<Vec<(K, K::Value)>, StorageError> {
        todo!()
    }

    /// Only the keys.
    pub fn scan_keys<K: Key>(
        &self,
        _prefix: &Prefix<K>,
        _after: Option<&K>,
        _limit: usize,
    ) -> Result<Vec<K>, StorageError> {
        todo!()
    }

    /// Bytes kept by [`Batch::put_blob`]; `None` if there are none or their segment is gone.
    pub fn blob<K: Key>(&self, _key: &K) -> Result<Option<Vec<u8>>, StorageError> {
        todo!()
    }

    /// Commits a batch; answers once it is durable and can be read.
    pub async fn commit(&self, _batch: Batch) -> Result<Committed, CommitError> {
        todo!()
    }

    /// Up to `limit` events after `seq`, in order, over all workspaces.
    pub fn events_after(&self, _seq: u64, _limit: usize) -> Result<Vec<Event>, StorageError> {
        todo!()
    }

    /// The oldest event still kept; a reader further behind must rebuild from the records.
    pub fn oldest_event(&self) -> u64 {
        todo!()
    }

    /// The last event's place, watched.
    pub fn watch_events(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// Whether it can be written, watched.
    pub fn watch_state(&self) -> watch::Receiver<StoreState> {
        todo!()
    }

    /// Seals with the appliance's own key.
    pub fn system_seal(&self) -> Seal {
        todo!()
    }

    /// Seals with the workspace's key.
    pub fn workspace_seal(&self, _workspace: WorkspaceId) -> Result<Seal, StorageError> {
        todo!()
    }

    /// Seals with the contact's key. `Err(Erased)` if it was destroyed.
    pub fn contact_seal(&self, _workspace: WorkspaceId, _contact: ContactId) -> Result<Seal, StorageError> {
        todo!()
    }

    /// Makes a workspace's keys as part of `batch`; usable at once.
    pub fn create_workspace_keys(&self, _workspace: WorkspaceId, _batch: &mut Batch) -> Seal {
        todo!()
    }

    /// Makes a contact's key as part of `batch`; usable at once.
    pub fn create_contact_key(
        &self,
        _workspace: WorkspaceId,
        _contact: ContactId,
        _batch: &mut Batch,
    ) -> Result<Seal, StorageError> {
        todo!()
    }

    /// A keyed hash for look-ups by personal data (phone numbers, provider ids).
    pub fn lookup_hash(&self, _workspace: WorkspaceId, _text: &str) -> Result<[u8; 16], StorageError> {
        todo!()
    }

    /// The same over the whole appliance (log-in names, channel addresses).
    pub fn system_hash(&self, _text: &str) -> [u8; 16] {
        todo!()
    }

    #[allow(dead_code)]
    fn data_key(&self) -> Option<Arc<DataKey>> {
        None
    }
}
