//! Lists of those who wait and of what is unread, for conversations from before there were such lists.

use crate::storage::batch::Batch;
use crate::storage::error::StorageError;
use crate::storage::keys::{ConversationKey, Key, Prefix};
use crate::storage::listing::{unread_row, waiting_row};
use crate::storage::store::Store;
use crate::storage::vault::Seal;

use super::Page;

/// Conversations of a page.
const PAGE: usize = 500;

/// Puts each conversation of a page into the lists where it belongs. Repeating it writes the same rows.
pub(super) fn page(store: &Store, after: Option<&[u8]>) -> Result<Page, StorageError> {
    let after = after.and_then(|bytes| ConversationKey::read(bytes.get(1..)?));
    let keys = store.scan_keys(&Prefix::<ConversationKey>::table(), after.as_ref(), PAGE)?;
    let mut batch = Batch::bulk();
    for key in &keys {
        let conversation = match store.get(key) {
            Ok(Some(conversation)) => conversation,
            // Unreadable for good, or damaged: verify tells of it.
            Ok(None) | Err(StorageError::Erased | StorageError::Damaged { .. }) => continue,
            Err(error) => return Err(error),
        };
        if let Some(row) = waiting_row(key.workspace, &conversation) {
            batch.put(&row, &(), &Seal::Open);
        }
        if let Some(row) = unread_row(key.workspace, &conversation) {
            batch.put(&row, &(), &Seal::Open);
        }
    }
    let next = keys.last().map(Key::to_bytes);
    Ok(Page { batch, next })
}
