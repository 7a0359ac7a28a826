//! How personal data becomes a key of a look-up row. One place, so that whoever writes such a row and whoever checks it
//! agree.

use crate::domain::{Conversation, Identity, WorkspaceId};

use super::error::StorageError;
use super::keys::{ConversationByLabelKey, Newest};
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

    /// For rows that find conversations by a label, exactly as it is written.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn label_hash(&self, workspace: WorkspaceId, label: &str) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &format!("label:{label}"))
    }

    /// The rows that must find a conversation by its labels.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn label_rows(
        &self,
        workspace: WorkspaceId,
        conversation: &Conversation,
    ) -> Result<Vec<ConversationByLabelKey>, StorageError> {
        let row = |label: &String| {
            Ok(ConversationByLabelKey {
                workspace,
                label: self.label_hash(workspace, label)?,
                status: conversation.status as u8,
                activity: Newest(conversation.last_activity_at),
                conversation: conversation.id,
            })
        };
        conversation.labels.iter().map(row).collect()
    }

    /// For rows that find a template by account, name and language.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn template_hash(
        &self,
        workspace: WorkspaceId,
        account: &str,
        name: &str,
        language: &str,
    ) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &format!("template:{account}\n{name}\n{language}"))
    }

    /// For rows about an account of templates.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn template_account_hash(
        &self,
        workspace: WorkspaceId,
        account: &str,
    ) -> Result<[u8; 16], StorageError> {
        self.lookup_hash(workspace, &format!("template account:{account}"))
    }

    /// For rows that find a user by e-mail address, in any case of letters.
    pub fn email_hash(&self, email: &str) -> [u8; 16] {
        self.system_hash(&email.trim().to_lowercase())
    }
}
