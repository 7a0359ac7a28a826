//! The store as the rest of the house sees it.
//!
//! Owns opening (lock, engine, journal, replay) and closing. Must not know what records mean.

mod open;
mod raw;
mod read;
mod rotate;
mod status;
#[cfg(test)]
mod tests;

use std::hash::Hasher as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::domain::{ContactId, WorkspaceId};

use super::batch::Batch;
use super::committer::{Answer, NoSlot, Shared, Waiting};
use super::error::{CommitError, StorageError};
use super::media::MediaFiles;
use super::vault::{MasterKey, Seal, Vault};

pub use self::open::Tuning;
pub(in crate::storage) use self::open::{ENGINE_DIR, JOURNAL_DIR, replay};
pub(in crate::storage) use self::raw::backups_in;
pub use self::raw::{RawRow, SegmentFile};
pub use self::status::{Compacted, Keep, StoreStatus};

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
    /// Of a stored value. Sealed values differ in their random nonce, so a collision cannot be arranged.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(bytes);
        Self(hasher.finish())
    }
}

/// A durable change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The last event's place in the total order at this point.
    pub seq: u64,
}

/// The store. Cheap to clone. When the last clone goes, what waits is still written, then the files are closed.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    dir: PathBuf,
    min_free_bytes: u64,
    media: MediaFiles,
    damaged: read::Quarantine,
    /// One compaction or retirement at a time: the former needs the frames that the latter might delete.
    upkeep: Mutex<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the store is open.
    lock: Mutex<Option<std::fs::File>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn close(&self) {
        self.shared.lanes.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread had panicked");
        }
        if let Err(error) = self.shared.engine.close() {
            tracing::error!(%error, "the engine was not made durable; the journal carries it in at the next start");
        }
        self.lock.lock().take();
    }
}

impl Store {
    /// Opens (or makes) the store: lock, replay.
    ///
    /// # Errors
    /// Says what is wrong and what to do.
    pub fn open(options: StoreOptions) -> Result<Self, StorageError> {
        Self::open_with(options, Tuning::default())
    }

    /// Writes what waits, makes the engine durable, lets the files go. Commits are refused from now on. Blocks; call it
    /// off the async threads.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Commits a batch; answers once it is durable and can be read.
    ///
    /// # Errors
    /// See [`CommitError`]; only after [`CommitError::Unknown`] may something have been written.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        let pushed = self
            .inner
            .shared
            .lanes
            .push(Waiting {
                batch: Box::new(batch),
                answer: Answer::Task(answer),
            })
            .await;
        self.queued(pushed)?;
        answered.await.unwrap_or(Err(CommitError::Unknown))
    }

    /// [`Self::commit`] for threads outside the async runtime. It does not wait for a slot in the queue.
    ///
    /// # Errors
    /// The same.
    pub fn commit_blocking(&self, batch: Batch) -> Result<Committed, CommitError> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.queued(self.inner.shared.lanes.push_now(Waiting {
            batch: Box::new(batch),
            answer: Answer::Thread(answer),
        }))?;
        answered.recv().unwrap_or(Err(CommitError::Unknown))
    }

    fn queued(&self, pushed: Result<(), (Waiting, NoSlot)>) -> Result<(), CommitError> {
        pushed.map_err(|(refused, why)| {
            self.vault().refused(&refused.batch);
            match why {
                NoSlot::Busy => CommitError::Busy,
                NoSlot::Closed => CommitError::ReadOnly("the store is closed".into()),
            }
        })
    }

    /// The files beside the records.
    pub fn media(&self) -> &MediaFiles {
        &self.inner.media
    }

    /// The last event's place, watched.
    pub fn watch_events(&self) -> watch::Receiver<u64> {
        self.inner.shared.seq.subscribe()
    }

    /// Whether it can be written, watched.
    pub fn watch_state(&self) -> watch::Receiver<StoreState> {
        self.inner.shared.state.subscribe()
    }

    fn vault(&self) -> &Vault {
        &self.inner.shared.vault
    }

    /// Seals with the appliance's own key.
    pub fn system_seal(&self) -> Seal {
        self.vault().system_seal()
    }

    /// Seals with the workspace's key.
    ///
    /// # Errors
    /// There is no such workspace, or its key's row is damaged.
    pub fn workspace_seal(&self, workspace: WorkspaceId) -> Result<Seal, StorageError> {
        self.vault().workspace_seal(workspace, &self.inner.shared.engine)
    }

    /// Seals with the contact's key. `Err(Erased)` if it was destroyed.
    ///
    /// # Errors
    /// There is no such contact, it was erased, or its key's row is damaged.
    pub fn contact_seal(&self, workspace: WorkspaceId, contact: ContactId) -> Result<Seal, StorageError> {
        self.vault()
            .contact_seal(workspace, contact, &self.inner.shared.engine)
    }

    /// Makes a workspace's keys as part of `batch`; usable at once. What is sealed with them commits only with or after
    /// this batch.
    pub fn create_workspace_keys(&self, workspace: WorkspaceId, batch: &mut Batch) -> Seal {
        self.vault().create_workspace_keys(workspace, batch)
    }

    /// Makes a contact's key as part of `batch`; usable at once. What is sealed with it commits only with or after this
    /// batch.
    ///
    /// # Errors
    /// There is no such workspace, or its key's row is damaged.
    pub fn create_contact_key(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        batch: &mut Batch,
    ) -> Result<Seal, StorageError> {
        self.vault()
            .create_contact_key(workspace, contact, batch, &self.inner.shared.engine)
    }

    /// Destroys a contact's key as part of `batch`: afterwards everything sealed with it answers
    /// [`StorageError::Erased`]. `false` if there is no such key.
    ///
    /// # Errors
    /// The key's row cannot be read.
    pub fn destroy_contact_key(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        batch: &mut Batch,
    ) -> Result<bool, StorageError> {
        self.vault()
            .destroy_contact_key(workspace, contact, batch, &self.inner.shared.engine)
    }

    /// Wraps the root key with another master key. The new key must be in its place before the next start; keep the old
    /// one for backups that were made before.
    ///
    /// # Errors
    /// `old` is not the present master key, or the change cannot be committed.
    pub async fn rewrap(&self, old: &MasterKey, new: &MasterKey) -> Result<(), StorageError> {
        let batch = Vault::rewrap(old, new, &self.inner.shared.engine)?;
        let committed = self.commit(batch).await;
        committed
            .map(drop)
            .map_err(|error| StorageError::ReadOnly(error.to_string()))
    }

    /// A keyed hash for look-ups by personal data (phone numbers, provider ids).
    ///
    /// # Errors
    /// There is no such workspace, or its key's row is damaged.
    pub fn lookup_hash(&self, workspace: WorkspaceId, text: &str) -> Result<[u8; 16], StorageError> {
        self.vault()
            .lookup_hash(workspace, text, &self.inner.shared.engine)
    }

    /// The same over the whole appliance (log-in names, channel addresses).
    pub fn system_hash(&self, text: &str) -> [u8; 16] {
        self.vault().system_hash(text)
    }
}
