//! Threads into which history was imported: in the order of the messages' times, not of their arrival.

use actix_web::web::Json;

use super::viewer;
use crate::actors::House;
use crate::domain::{ConversationId, Message, MessageId, WorkspaceId};
use crate::http::views::MessageView;
use crate::http::{ApiError, ApiResult, ErrorCode, Items, ListId, Page};
use crate::storage::keys::{MessageByTimeKey, MessageKey};
use crate::storage::{Prefix, StorageError};

/// Whether a thread has an order of its own.
pub(super) fn applies(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<bool, StorageError> {
    Ok(!house
        .core
        .store
        .scan_keys(&prefix(workspace, conversation), None, 1)?
        .is_empty())
}

fn prefix(workspace: WorkspaceId, conversation: ConversationId) -> Prefix<MessageByTimeKey> {
    Prefix::table().with(workspace).with(conversation)
}

/// A page, newest first, or with one message in the middle.
pub(super) fn page(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
    around: Option<&str>,
    page: &Page,
) -> ApiResult<Json<Items<MessageView>>> {
    let list = ListId::new("messages by time", workspace).with(&conversation.to_string());
    let keys = match around {
        Some(around) => keys_around(house, workspace, conversation, around, page.limit)?,
        None => {
            let before = page.after::<MessageByTimeKey>(&list)?;
            let before = before.filter(|key| key.conversation == conversation && key.workspace == workspace);
            let store = &house.core.store;
            store.scan_keys_back(&prefix(workspace, conversation), before.as_ref(), page.limit + 1)?
        }
    };
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let message = MessageId {
            conversation,
            n: key.n,
        };
        if let Some(found) = readable(house, MessageKey { workspace, message })? {
            rows.push((key, found));
        }
    }
    let mut viewer = viewer(house, workspace);
    let mut items = page.finish(&list, rows, |(_, message)| viewer.message(&message));
    let views = items.items.drain(..).collect::<Result<Vec<_>, StorageError>>()?;
    Ok(Json(Items {
        items: views,
        next_cursor: items.next_cursor,
    }))
}

/// A message; none where it cannot be read any more, as in lists.
fn readable(house: &House, key: MessageKey) -> Result<Option<Message>, StorageError> {
    match house.core.store.get(&key) {
        Err(StorageError::Damaged { .. } | StorageError::Erased) => Ok(None),
        other => other,
    }
}

fn keys_around(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
    around: &str,
    limit: usize,
) -> ApiResult<Vec<MessageByTimeKey>> {
    let invalid = || {
        let detail = "around must be a message of this conversation.";
        ApiError::new(ErrorCode::InvalidQuery, detail).at("around")
    };
    let message: MessageId = around.parse().map_err(|_| invalid())?;
    if message.conversation != conversation {
        return Err(invalid());
    }
    let found = readable(house, MessageKey { workspace, message })?.ok_or_else(invalid)?;
    let key = MessageByTimeKey {
        workspace,
        conversation,
        at: found.created_at,
        n: message.n,
    };
    let (store, prefix) = (&house.core.store, prefix(workspace, conversation));
    let newer = store.scan_keys(&prefix, Some(&key), limit / 2)?;
    let mut keys: Vec<_> = newer.into_iter().rev().collect();
    keys.push(key);
    let room = limit.saturating_sub(keys.len()) + 1;
    keys.extend(store.scan_keys_back(&prefix, Some(&key), room)?);
    Ok(keys)
}
