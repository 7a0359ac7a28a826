//! Settings that people change now and then: a JSON text with a version beside it, so that two changes at the same moment
//! are told from one another.
//!
//! Owns the envelope only; what stands in it belongs to its feature. Fields may be added with a default, never changed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::error::{CommitError, StorageError};
use super::keys::{Key, SettingKey};
use super::records::Json;
use super::store::{Fingerprint, Store};
use super::vault::Seal;

/// Numbers among a workspace's settings. Stored: never change or reuse them.
pub mod number {
    /// Where alerts are told.
    pub const ALERT_ADDRESSES: u8 = 1;
    /// How far each telling of an alert has come.
    pub const TELLINGS: u8 = 2;
    /// How templates are dealt with.
    pub const TEMPLATES: u8 = 40;
    /// How long files are kept.
    pub const MEDIA_RETENTION: u8 = 60;
    /// How keywords are heeded.
    pub const CONSENT: u8 = 80;
    /// Prices and budget.
    pub const PRICES: u8 = 81;
    /// What phone apps share, by channel.
    pub const PHONE_SYNC: u8 = 83;
    /// How far missed messages were looked for, by channel.
    pub const MISSED: u8 = 84;
    /// Opening hours.
    pub const HOURS: u8 = 90;

    /// Numbers of the whole appliance, whose rows stand under no workspace.
    pub mod appliance {
        /// When backups are made.
        pub const BACKUPS: u8 = 2;
        /// The key that signs for push services.
        pub const PUSH_KEY: u8 = 3;
    }

    /// Numbers among a person's settings.
    pub mod person {
        /// How far mentions were seen.
        pub const MENTIONS_SEEN: u8 = 1;
        /// What they are told of, and when.
        pub const NOTIFICATIONS: u8 = 2;
    }
}

/// Why a setting was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store could not be read, or the value cannot be put as JSON.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A setting with its version, which counts changes from 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept<T> {
    /// Counts changes; the `ETag`.
    pub version: u64,
    /// What is set.
    pub value: T,
}

/// Reads a setting, with what is needed to change it safely.
///
/// # Errors
/// The store cannot be read, or what stands there is not of this kind.
pub fn load<K: Key<Value = Json>, T: DeserializeOwned>(
    store: &Store,
    key: &K,
) -> Result<Option<(Kept<T>, Fingerprint)>, StorageError> {
    let Some((Json(text), fingerprint)) = store.get_for_update(key)? else {
        return Ok(None);
    };
    Ok(Some((parse(&text)?, fingerprint)))
}

/// Reads a setting that stands without a version, because the last word holds.
///
/// # Errors
/// The store cannot be read, or what stands there is not of this kind.
pub fn read<K: Key<Value = Json>, T: DeserializeOwned>(
    store: &Store,
    key: &K,
) -> Result<Option<T>, StorageError> {
    store.get(key)?.map(|Json(text)| parse(&text)).transpose()
}

/// Adds the writing of such a setting to a batch.
///
/// # Errors
/// It cannot be put as JSON.
pub fn write<K: Key<Value = Json>, T: Serialize>(
    batch: &mut Batch,
    key: &K,
    value: &T,
    seal: &Seal,
) -> Result<(), StorageError> {
    batch.put(key, &Json(text(value)?), seal);
    Ok(())
}

/// Writes such a setting of a workspace, sealed with its key.
///
/// # Errors
/// It cannot be put as JSON, or was not committed.
pub async fn keep<T: Serialize>(store: &Store, key: &SettingKey, value: &T) -> Result<(), KeepError> {
    let mut batch = Batch::new();
    write(&mut batch, key, value, &store.workspace_seal(key.workspace)?)?;
    store.commit(batch).await?;
    Ok(())
}

fn text<T: Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> StorageError {
    StorageError::Damaged {
        table: "Setting",
        cause: error.to_string(),
    }
}

/// Reads the JSON text of a setting.
///
/// # Errors
/// It is not of this kind.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(damaged)
}

/// Adds the writing of a setting to a batch, on the condition that it is still as it was `before`.
///
/// # Errors
/// It cannot be put as JSON.
pub fn put<K: Key<Value = Json>, T: Serialize>(
    batch: &mut Batch,
    key: &K,
    before: Option<Fingerprint>,
    kept: &Kept<T>,
    seal: &Seal,
) -> Result<(), StorageError> {
    match before {
        Some(fingerprint) => batch.require_unchanged(key, fingerprint),
        None => batch.require_absent(key),
    };
    write(batch, key, kept, seal)
}
