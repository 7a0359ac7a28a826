//! How personal data becomes a key of a look-up row. One place, so that whoever writes such a row and whoever checks it
//! agree.

use crate::domain::{Identity, WorkspaceId};

use super::error::StorageError;
use super::store::Store;

impl Store {
    /// For rows that find a message by the provider's id.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn provider_id_hash(
        &self,
        workspace: WorkspaceId,
        provider_id: &str,
    ) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &format!("message:{provider_id}"))
    }

    /// For rows that find a contact by an identity.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn identity_hash(
        &self,
        workspace: WorkspaceId,
        identity: &Identity,
    ) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &identity.lookup_text())
    }

    /// For rows that find a file by what its provider calls it.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn media_hash(&self, workspace: WorkspaceId, reference: &str) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &format!("media:{reference}"))
    }

    /// For rows that find a user by e-mail address, in any case of letters.
    pub fn email_hash(&self, email: &str) -> [u8; 16] {
        self.system_hash(&email.trim().to_lowercase())
    }
}
