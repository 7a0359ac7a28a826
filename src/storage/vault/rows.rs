//! The rows that hold wrapped keys. They are readable without a key; what is in them is not.

use super::cipher::{DataKey, random};
use crate::domain::{ContactId, WorkspaceId};
use crate::storage::codec;
use crate::storage::error::StorageError;
use crate::storage::keys::Table;
use crate::storage::records::Record;

/// The root secret's id.
pub(super) const ROOT_ID: [u8; 8] = *b"root\0\0\0\0";
/// The id in records sealed with the appliance's own key; it is derived, so no row has it.
pub(super) const SYSTEM_ID: [u8; 8] = *b"system\0\0";

/// What a key belongs to, and thereby what wraps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    Root,
    Workspace,
    Contact,
    Destroyed,
}

/// A key, wrapped by the one above it: `level u8 | workspace 16 | nonce 12 | sealed secret 48`.
pub(super) struct WrappedRow {
    pub level: Level,
    pub workspace: WorkspaceId,
    nonce: [u8; 12],
    sealed: Vec<u8>,
}

/// The id of an owner's key.
pub(super) struct KeyOwnerRow(pub [u8; 8]);

/// Under which key a wrapped key stands.
pub(super) fn wrapped_key(id: [u8; 8]) -> Vec<u8> {
    [&[Table::WrappedKey as u8], id.as_slice()].concat()
}

/// Under which key an owner's key id stands. A workspace is the owner with the nil contact.
pub(super) fn owner_key(workspace: WorkspaceId, contact: ContactId) -> Vec<u8> {
    [&[Table::ContactKey as u8], workspace.0.as_slice(), &contact.0].concat()
}

impl WrappedRow {
    /// Wraps; `None` without random bytes.
    pub(super) fn close(
        id: [u8; 8],
        level: Level,
        workspace: WorkspaceId,
        secret: &[u8; 32],
        by: &DataKey,
    ) -> Option<Self> {
        let nonce = random()?;
        let sealed = by.encrypt(&nonce, &authenticated(id, level, workspace), secret)?;
        Some(Self {
            level,
            workspace,
            nonce,
            sealed,
        })
    }

    /// What stands where a key was destroyed.
    pub(super) fn tombstone(workspace: WorkspaceId) -> Self {
        Self {
            level: Level::Destroyed,
            workspace,
            nonce: [0; 12],
            sealed: vec![],
        }
    }

    /// Unwraps.
    pub(super) fn open(
        &self,
        id: [u8; 8],
        by: &DataKey,
    ) -> Result<zeroize::Zeroizing<[u8; 32]>, StorageError> {
        if self.level == Level::Destroyed {
            return Err(StorageError::Erased);
        }
        let secret = by.decrypt(
            &self.nonce,
            &authenticated(id, self.level, self.workspace),
            &self.sealed,
        );
        let secret = secret
            .map(zeroize::Zeroizing::new)
            .ok_or_else(|| codec::damaged("a wrapped key does not open"))?;
        let secret = secret
            .as_slice()
            .try_into()
            .map_err(|_| codec::damaged("a wrapped key has another length"))?;
        Ok(zeroize::Zeroizing::new(secret))
    }
}

fn authenticated(id: [u8; 8], level: Level, workspace: WorkspaceId) -> Vec<u8> {
    [id.as_slice(), &[level_number(level)], &workspace.0].concat()
}

const fn level_number(level: Level) -> u8 {
    match level {
        Level::Root => 1,
        Level::Workspace => 2,
        Level::Contact => 3,
        Level::Destroyed => 4,
    }
}

impl Record for WrappedRow {
    const KIND: u16 = 100;
    const VERSION: u16 = 1;

    fn encode(&self) -> Vec<u8> {
        [
            &[level_number(self.level)],
            self.workspace.0.as_slice(),
            &self.nonce,
            &self.sealed,
        ]
        .concat()
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, StorageError> {
        let bad = || codec::damaged("not a wrapped key");
        let (head, sealed) = bytes
            .split_first_chunk::<29>()
            .filter(|_| version == 1)
            .ok_or_else(bad)?;
        let level = match head[0] {
            1 => Level::Root,
            2 => Level::Workspace,
            3 => Level::Contact,
            4 => Level::Destroyed,
            _ => return Err(bad()),
        };
        let workspace = WorkspaceId(std::array::from_fn(|i| head[1 + i]));
        Ok(Self {
            level,
            workspace,
            nonce: std::array::from_fn(|i| head[17 + i]),
            sealed: sealed.to_vec(),
        })
    }
}

impl Record for KeyOwnerRow {
    const KIND: u16 = 101;
    const VERSION: u16 = 1;

    fn encode(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, StorageError> {
        let id = bytes.try_into().ok().filter(|_| version == 1);
        id.map(Self).ok_or_else(|| codec::damaged("not a key's id"))
    }
}
