//! Settings that people change now and then: a JSON text with a version beside it, so that two changes at the same moment
//! are told from one another.
//!
//! Owns the envelope only; what stands in it belongs to its feature. Fields may be added with a default, never changed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::error::StorageError;
use super::keys::Key;
use super::records::Json;
use super::store::{Fingerprint, Store};
use super::vault::Seal;

/// Numbers among a workspace's settings that use this envelope. Stored: never change or reuse them. (1 and 2 belong to the
/// telling of alerts, 3 to backups.)
pub mod number {
    /// Opening hours.
    pub const HOURS: u8 = 60;
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

/// Reads the JSON text of a setting.
///
/// # Errors
/// It is not of this kind.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<Kept<T>, StorageError> {
    serde_json::from_str(text).map_err(|error| StorageError::Damaged {
        table: "Setting",
        cause: error.to_string(),
    })
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
    let text = serde_json::to_string(kept).map_err(|error| StorageError::Damaged {
        table: "Setting",
        cause: error.to_string(),
    })?;
    match before {
        Some(fingerprint) => batch.require_unchanged(key, fingerprint),
        None => batch.require_absent(key),
    };
    batch.put(key, &Json(text), seal);
    Ok(())
}
