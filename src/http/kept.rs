//! Changing a setting that stands in the store as JSON with a version: `If-Match`, and a second try when someone else was
//! first.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ApiResult;
use super::error::ApiError;
use super::headers::IfMatch;
use crate::domain::phrases;
use crate::storage::records::Json;
use crate::storage::settings::{self, Kept};
use crate::storage::{Batch, CommitError, Key, Seal, Store};

/// How often a change is tried anew.
const TRIES: usize = 4;

/// Reads a setting; `None` if nobody ever set it.
///
/// # Errors
/// The store cannot be read.
pub fn read<K: Key<Value = Json>, T: DeserializeOwned>(store: &Store, key: &K) -> ApiResult<Option<Kept<T>>> {
    Ok(settings::load(store, key)?.map(|(kept, _)| kept))
}

/// Changes a setting: reads it, lets `change` make the new one of it, writes it with the next version. A setting that
/// nobody ever set counts as version 0.
///
/// # Errors
/// `If-Match` names another version, `change` refuses, or the store does.
pub async fn change<K: Key<Value = Json>, T: DeserializeOwned + Serialize>(
    store: &Store,
    key: &K,
    seal: &Seal,
    if_match: IfMatch,
    mut change: impl FnMut(Option<T>) -> ApiResult<T>,
) -> ApiResult<Kept<T>> {
    for _ in 0..TRIES {
        let (before, fingerprint) = settings::load::<K, T>(store, key)?.unzip();
        let version = before.as_ref().map_or(0, |kept| kept.version);
        if_match.check(version)?;
        let kept = Kept {
            version: version + 1,
            value: change(before.map(|kept| kept.value))?,
        };
        let mut batch = Batch::new();
        settings::put(&mut batch, key, fingerprint, &kept, seal)?;
        match store.commit(batch).await {
            Ok(_) => return Ok(kept),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::busy(phrases::CHANGES_BUSY.text(), 1))
}
