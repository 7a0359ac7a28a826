//! To version 2: conversations can be found by their labels.

use super::{Migration, Page};
use crate::storage::batch::Batch;
use crate::storage::error::StorageError;
use crate::storage::keys::{ConversationKey, Key as _, Prefix};
use crate::storage::store::Store;
use crate::storage::vault::Seal;

pub(super) const MIGRATION: Migration = Migration {
    to: 2,
    name: "find conversations by label",
    page,
};

/// Conversations in one commit.
const PAGE: usize = 256;

/// Writes the rows of a page of conversations. Those of people who were erased have none.
fn page(store: &Store, after: Option<&[u8]>) -> Result<Page, StorageError> {
    let after = after.and_then(|key| ConversationKey::read(key.get(1..)?));
    let found = store.scan(&Prefix::<ConversationKey>::table(), after.as_ref(), PAGE)?;
    let mut batch = Batch::bulk();
    for (key, conversation) in &found {
        for row in store.label_rows(key.workspace, conversation)? {
            batch.put(&row, &(), &Seal::Open);
        }
    }
    Ok(Page {
        batch,
        next: found.last().map(|(key, _)| key.to_bytes()),
    })
}
