//! Exchanging the master key. What it wraps, the root key, is wrapped anew; nothing else is sealed anew.
//!
//! A crash at any point leaves a key in the directory that fits: the new one waits beside the old one until the change is
//! durable, and opening tries it when the old one no longer fits.

use std::path::PathBuf;

use super::Store;
use crate::domain::Timestamp;
use crate::storage::error::{CommitError, StorageError};
use crate::storage::vault::{MasterKey, Vault};

impl Store {
    /// Puts a fresh master key in the place of the one in the data directory. Answers where the old one is kept: backups
    /// made so far need it. Blocks.
    ///
    /// # Errors
    /// The key is handed over by systemd, is not the present one, or the change cannot be committed; then the old one
    /// stays. If it is not known whether it was committed, the next start finds out.
    pub fn rotate_key(&self, now: Timestamp) -> Result<PathBuf, StorageError> {
        let dir = &self.inner.dir;
        let old = MasterKey::to_exchange(dir)?;
        let new = MasterKey::generate()?;
        let batch = Vault::rewrap(&old, &new, &self.inner.shared.engine)?;
        let stamp: String = now
            .to_string()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        new.wait_for_place(dir)?;
        let kept = old.keep_as_old(dir, &stamp)?;
        self.commit_blocking(batch).map_err(|error| match error {
            CommitError::Unknown => StorageError::ReadOnly(
                "it is not known whether the key was exchanged; restart, and the key that fits is used"
                    .into(),
            ),
            other => StorageError::ReadOnly(other.to_string()),
        })?;
        MasterKey::take_place(dir)?;
        Ok(kept)
    }
}
