//! Keys and sealing.
//!
//! ```text
//! master key (a file or a credential)
//!  └ root secret, wrapped by it: one row; the appliance's seal, its hash key and the wrapping of workspaces derive from it
//!     └ workspace key, wrapped: its seal, its look-up hash and the wrapping of contacts derive from it
//!        └ contact key, wrapped
//! ```
//! Owns every key that is in memory, and the rows that hold wrapped keys. A new master key rewraps one row. Destroying a
//! contact's key leaves a tombstone: what was sealed with it answers [`StorageError::Erased`] from then on. Must not know
//! what is sealed.

mod cache;
mod check;
mod cipher;
mod file;
mod master;
mod rows;

use std::sync::Arc;

use parking_lot::Mutex;

use self::cache::Cache;
use self::cipher::{LookupKey, random};
use self::rows::{KeyOwnerRow, Level, WrappedRow, owner_key, wrapped_key};
use super::batch::{Batch, Expect, Op};
use super::codec::{self, Head};
use super::engine::Engine;
use super::error::StorageError;
use super::keys::Table;
use super::records::Record;
use crate::domain::{ContactId, WorkspaceId};

pub use self::cipher::DataKey;
pub(super) use self::file::FileKey;
pub use self::master::MasterKey;

/// How a record is closed before it is written.
#[derive(Clone)]
pub enum Seal {
    /// Not at all: ids and counters, no personal data.
    Open,
    /// With a data key.
    With(Arc<DataKey>),
}

impl Seal {
    /// The value's envelope. Empty if the system gave no random bytes; the writer refuses a batch with such a value.
    pub(super) fn wrap<R: Record>(&self, key: &[u8], value: &R) -> Vec<u8> {
        self.close(key, R::KIND, R::VERSION, &value.encode())
    }

    /// The same for bytes that are no record.
    pub(super) fn wrap_bytes(&self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        self.close(key, codec::BLOB_KIND, 1, bytes)
    }

    /// The row that must stand in the store before anything sealed with this may.
    pub(super) fn unstored_row(&self) -> Option<Vec<u8>> {
        match self {
            Self::With(key) if !key.is_stored() => Some(wrapped_key(key.id)),
            Self::With(_) | Self::Open => None,
        }
    }

    fn close(&self, key: &[u8], kind: u16, version: u16, body: &[u8]) -> Vec<u8> {
        let packed = codec::compress(body);
        let body = packed.as_deref().unwrap_or(body);
        let mut head = Head {
            kind,
            version,
            compressed: packed.is_some(),
            sealed: None,
        };
        let sealed = match self {
            Self::Open => body.to_vec(),
            Self::With(data) => {
                let Some(nonce) = random() else { return vec![] };
                head.sealed = Some((data.id, nonce));
                let Some(sealed) = data.encrypt(&nonce, &head.authenticated(key), body) else {
                    return vec![];
                };
                sealed
            }
        };
        let mut out = head.to_bytes();
        out.extend_from_slice(&sealed);
        out
    }
}

/// A workspace's keys.
pub(super) struct WorkspaceKeys {
    data: Arc<DataKey>,
    wrap: Arc<DataKey>,
    lookup: LookupKey,
}

/// All keys. One of it.
pub(super) struct Vault {
    system: WorkspaceKeys,
    cache: Mutex<Cache>,
}

impl Vault {
    /// Reads the root secret, or makes it (the batch must then be committed before anything else).
    ///
    /// # Errors
    /// The master key is not the one that this store was made with, or the row is damaged.
    pub(super) fn open(master: &MasterKey, engine: &Engine) -> Result<(Self, Option<Batch>), StorageError> {
        let row = wrapped_key(rows::ROOT_ID);
        let master = DataKey::from_secret(rows::ROOT_ID, &master.0, b"wrap root");
        if let Some(bytes) = engine.get(&row)? {
            let wrapped: WrappedRow = decode_plain(&bytes)?;
            let secret = wrapped
                .open(rows::ROOT_ID, &master)
                .map_err(|_| wrong_master_key())?;
            return Ok((Self::with_root(&secret), None));
        }
        if engine.carried()?.frame != 0 {
            return Err(StorageError::Damaged {
                table: "WrappedKey",
                cause: "the row with the root key is missing; restore from a backup".into(),
            });
        }
        let secret = zeroize::Zeroizing::new(random::<32>().ok_or_else(no_random)?);
        let wrapped = WrappedRow::close(rows::ROOT_ID, Level::Root, WorkspaceId([0; 16]), &secret, &master);
        let mut batch = Batch::new();
        put_plain(&mut batch, row, &wrapped.ok_or_else(no_random)?);
        Ok((Self::with_root(&secret), Some(batch)))
    }

    fn with_root(secret: &[u8; 32]) -> Self {
        let system = WorkspaceKeys {
            data: Arc::new(DataKey::from_secret(rows::SYSTEM_ID, secret, b"seal system")),
            wrap: Arc::new(DataKey::from_secret(rows::ROOT_ID, secret, b"wrap workspace")),
            lookup: LookupKey::from_secret(secret, b"hash system"),
        };
        system.data.mark_stored();
        Self {
            system,
            cache: Mutex::new(Cache::default()),
        }
    }

    /// The root secret under another master key, as a batch.
    ///
    /// # Errors
    /// The present master key does not fit.
    pub(super) fn rewrap(old: &MasterKey, new: &MasterKey, engine: &Engine) -> Result<Batch, StorageError> {
        let row = wrapped_key(rows::ROOT_ID);
        let bytes = engine.get(&row)?.ok_or_else(wrong_master_key)?;
        let old = DataKey::from_secret(rows::ROOT_ID, &old.0, b"wrap root");
        let new = DataKey::from_secret(rows::ROOT_ID, &new.0, b"wrap root");
        let wrapped: WrappedRow = decode_plain(&bytes)?;
        let secret = wrapped
            .open(rows::ROOT_ID, &old)
            .map_err(|_| wrong_master_key())?;
        let wrapped = WrappedRow::close(rows::ROOT_ID, Level::Root, WorkspaceId([0; 16]), &secret, &new);
        let mut batch = Batch::new();
        put_plain(&mut batch, row, &wrapped.ok_or_else(no_random)?);
        Ok(batch)
    }

    pub(super) fn system_seal(&self) -> Seal {
        Seal::With(Arc::clone(&self.system.data))
    }

    pub(super) fn system_hash(&self, text: &str) -> [u8; 16] {
        self.system.lookup.hash(text)
    }

    pub(super) fn lookup_hash(
        &self,
        workspace: WorkspaceId,
        text: &str,
        engine: &Engine,
    ) -> Result<[u8; 16], StorageError> {
        Ok(self.workspace(workspace, engine)?.lookup.hash(text))
    }

    pub(super) fn workspace_seal(
        &self,
        workspace: WorkspaceId,
        engine: &Engine,
    ) -> Result<Seal, StorageError> {
        Ok(Seal::With(Arc::clone(&self.workspace(workspace, engine)?.data)))
    }

    pub(super) fn contact_seal(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        engine: &Engine,
    ) -> Result<Seal, StorageError> {
        if let Some(key) = self.cache.lock().contact(workspace, contact) {
            return Ok(Seal::With(key));
        }
        let Some(bytes) = engine.get(&owner_key(workspace, contact))? else {
            let pending = self.cache.lock().pending_contact(workspace, contact);
            return pending
                .map(Seal::With)
                .ok_or_else(|| missing("the contact has no key"));
        };
        let KeyOwnerRow(id) = decode_plain(&bytes)?;
        let key = self.key(id, engine)?;
        self.cache
            .lock()
            .add_contact(workspace, contact, Arc::clone(&key));
        Ok(Seal::With(key))
    }

    fn workspace(&self, workspace: WorkspaceId, engine: &Engine) -> Result<Arc<WorkspaceKeys>, StorageError> {
        if let Some(keys) = self.cache.lock().workspace(workspace) {
            return Ok(keys);
        }
        let Some(bytes) = engine.get(&owner_key(workspace, ContactId([0; 16])))? else {
            let pending = self.cache.lock().pending_workspace(workspace);
            return pending.ok_or_else(|| missing("the workspace has no key"));
        };
        let KeyOwnerRow(id) = decode_plain(&bytes)?;
        let keys = self.load_workspace(id, engine)?;
        self.cache.lock().add_workspace(workspace, Arc::clone(&keys));
        Ok(keys)
    }

    fn load_workspace(&self, id: [u8; 8], engine: &Engine) -> Result<Arc<WorkspaceKeys>, StorageError> {
        let bytes = engine
            .get(&wrapped_key(id))?
            .ok_or_else(|| missing("a wrapped key is missing"))?;
        let wrapped: WrappedRow = decode_plain(&bytes)?;
        let keys = workspace_keys(id, &*wrapped.open(id, &self.system.wrap)?);
        keys.data.mark_stored();
        Ok(Arc::new(keys))
    }

    /// The data key of that id.
    fn key(&self, id: [u8; 8], engine: &Engine) -> Result<Arc<DataKey>, StorageError> {
        if id == rows::SYSTEM_ID {
            return Ok(Arc::clone(&self.system.data));
        }
        if let Some(key) = self.cache.lock().key(id) {
            return Ok(key);
        }
        let bytes = engine
            .get(&wrapped_key(id))?
            .ok_or_else(|| missing("a wrapped key is missing"))?;
        let wrapped: WrappedRow = decode_plain(&bytes)?;
        let key = match wrapped.level {
            Level::Root => return Err(missing("the root key seals no records")),
            Level::Destroyed => return Err(StorageError::Erased),
            Level::Workspace => Arc::clone(&self.load_workspace(id, engine)?.data),
            Level::Contact => {
                let owner = self.workspace(wrapped.workspace, engine)?;
                Arc::new(DataKey::from_secret(
                    id,
                    &*wrapped.open(id, &owner.wrap)?,
                    b"seal contact",
                ))
            }
        };
        key.mark_stored();
        self.cache.lock().add_key(Arc::clone(&key));
        Ok(key)
    }

    /// Makes a workspace's keys. Without random bytes the batch gets a value that the writer refuses.
    pub(super) fn create_workspace_keys(&self, workspace: WorkspaceId, batch: &mut Batch) -> Seal {
        let (id, secret) = new_secret();
        let keys = Arc::new(workspace_keys(id, &secret));
        let wrapped = WrappedRow::close(id, Level::Workspace, workspace, &secret, &self.system.wrap);
        store_key(batch, id, wrapped, owner_key(workspace, ContactId([0; 16])));
        self.cache
            .lock()
            .add_pending_workspace(workspace, Arc::clone(&keys));
        Seal::With(Arc::clone(&keys.data))
    }

    pub(super) fn create_contact_key(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        batch: &mut Batch,
        engine: &Engine,
    ) -> Result<Seal, StorageError> {
        let owner = self.workspace(workspace, engine)?;
        if let Some(row) = Seal::With(Arc::clone(&owner.data)).unstored_row() {
            batch.expects.push(Expect::KeyStored(row));
        }
        let (id, secret) = new_secret();
        let key = Arc::new(DataKey::from_secret(id, &secret, b"seal contact"));
        let wrapped = WrappedRow::close(id, Level::Contact, workspace, &secret, &owner.wrap);
        store_key(batch, id, wrapped, owner_key(workspace, contact));
        self.cache
            .lock()
            .add_pending_contact(workspace, contact, Arc::clone(&key));
        Ok(Seal::With(key))
    }

    /// Puts a tombstone in the place of the contact's key. `false` if there is none.
    pub(super) fn destroy_contact_key(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        batch: &mut Batch,
        engine: &Engine,
    ) -> Result<bool, StorageError> {
        let Some(bytes) = engine.get(&owner_key(workspace, contact))? else {
            return Ok(false);
        };
        let KeyOwnerRow(id) = decode_plain(&bytes)?;
        put_plain(batch, wrapped_key(id), &WrappedRow::tombstone(workspace));
        Ok(true)
    }

    /// To be called for every operation that was committed: keys become usable by others, or end.
    pub(super) fn committed(&self, key: &[u8], value: Option<&[u8]>) {
        let Some((&table, id)) = key.split_first() else {
            return;
        };
        if table != Table::WrappedKey as u8 {
            return;
        }
        let Ok(id) = <[u8; 8]>::try_from(id) else { return };
        let destroyed = value.is_none_or(|value| {
            decode_plain::<WrappedRow>(value).is_ok_and(|row| matches!(row.level, Level::Destroyed))
        });
        let mut cache = self.cache.lock();
        if destroyed {
            cache.forget(id)
        } else {
            cache.confirm(id)
        }
    }

    /// To be called for a batch that was refused: keys that it made are not to be used.
    pub(super) fn refused(&self, batch: &Batch) {
        batch.ops.iter().for_each(|op| self.refused_key(op.key()));
    }

    /// The same for one of its rows.
    pub(super) fn refused_key(&self, key: &[u8]) {
        if let Some((&table, id)) = key.split_first()
            && table == Table::WrappedKey as u8
            && let Ok(id) = <[u8; 8]>::try_from(id)
        {
            self.cache.lock().discard_pending(id);
        }
    }

    /// Opens an envelope and reads the record in it.
    ///
    /// # Errors
    /// It is damaged, of another kind, or its key is gone.
    pub(super) fn read<R: Record>(
        &self,
        key: &[u8],
        bytes: &[u8],
        engine: &Engine,
    ) -> Result<R, StorageError> {
        let (head, body) = self.open_envelope(key, bytes, engine)?;
        if head.kind != R::KIND {
            return Err(codec::damaged(&format!(
                "a record of kind {} where {} is expected",
                head.kind,
                R::KIND
            )));
        }
        R::decode(head.version, &body)
    }

    /// Opens a blob's envelope.
    pub(super) fn read_bytes(
        &self,
        key: &[u8],
        bytes: &[u8],
        engine: &Engine,
    ) -> Result<Vec<u8>, StorageError> {
        let (head, body) = self.open_envelope(key, bytes, engine)?;
        if head.kind == codec::BLOB_KIND {
            Ok(body)
        } else {
            Err(codec::damaged("not a blob"))
        }
    }

    /// Opens any envelope: its head and the record's body.
    pub(super) fn open_envelope(
        &self,
        key: &[u8],
        bytes: &[u8],
        engine: &Engine,
    ) -> Result<(Head, Vec<u8>), StorageError> {
        let (head, body) = Head::split(bytes)?;
        let opened;
        let body = match head.sealed {
            None => body,
            Some((id, nonce)) => {
                let data = self.key(id, engine)?;
                let plain = data.decrypt(&nonce, &head.authenticated(key), body);
                opened = plain.ok_or_else(|| codec::damaged("the seal does not fit"))?;
                &opened
            }
        };
        let body = if head.compressed {
            codec::decompress(body)?
        } else {
            body.to_vec()
        };
        Ok((head, body))
    }
}

fn workspace_keys(id: [u8; 8], secret: &[u8; 32]) -> WorkspaceKeys {
    WorkspaceKeys {
        data: Arc::new(DataKey::from_secret(id, secret, b"seal workspace")),
        wrap: Arc::new(DataKey::from_secret(id, secret, b"wrap contact")),
        lookup: LookupKey::from_secret(secret, b"hash workspace"),
    }
}

/// A fresh id and secret. Without random bytes both are zero, and [`store_key`] gets no wrapped row.
fn new_secret() -> ([u8; 8], zeroize::Zeroizing<[u8; 32]>) {
    (
        random().unwrap_or_default(),
        zeroize::Zeroizing::new(random().unwrap_or_default()),
    )
}

fn store_key(batch: &mut Batch, id: [u8; 8], wrapped: Option<WrappedRow>, owner: Vec<u8>) {
    let row = wrapped_key(id);
    batch.expects.push(Expect::Absent(row.clone()));
    batch.expects.push(Expect::Absent(owner.clone()));
    match wrapped.filter(|_| id != [0; 8]) {
        Some(wrapped) => put_plain(batch, row, &wrapped),
        None => batch.ops.push(Op::Put {
            key: row,
            value: vec![],
        }),
    }
    put_plain(batch, owner, &KeyOwnerRow(id));
}

fn put_plain<R: Record>(batch: &mut Batch, key: Vec<u8>, value: &R) {
    let value = Seal::Open.wrap(&key, value);
    batch.ops.push(Op::Put { key, value });
}

fn decode_plain<R: Record>(bytes: &[u8]) -> Result<R, StorageError> {
    let (head, body) = Head::split(bytes)?;
    if head.kind != R::KIND || head.sealed.is_some() || head.compressed {
        return Err(codec::damaged("not a key's row"));
    }
    R::decode(head.version, body)
}

fn missing(cause: &str) -> StorageError {
    StorageError::Damaged {
        table: "WrappedKey",
        cause: cause.to_owned(),
    }
}

fn no_random() -> StorageError {
    StorageError::Io {
        doing: "making a key",
        cause: "the system gave no random bytes".into(),
    }
}

fn wrong_master_key() -> StorageError {
    StorageError::Damaged {
        table: "WrappedKey",
        cause: "the master key does not fit this store: put back the key file that it was made with".into(),
    }
}
