//! The messages of a conversation: newest first, around one, or those with a word.

use actix_web::get;
use actix_web::web::Json;

use super::{Machinery, by_time, conversation, viewer};
use crate::actors::House;
use crate::domain::{ConversationId, Message, MessageId, WorkspaceId};
use crate::http::views::MessageView;
use crate::http::{
    ApiError, ApiResult, Caller, ErrorCode, Items, ListId, ListQuery, Page, PageParams, PathId, endpoints,
};
use crate::storage::keys::MessageKey;
use crate::storage::{Prefix, StorageError};

endpoints!(list_messages);

/// Messages looked through for one page of a search within a conversation.
const MAX_LOOK: usize = 20_000;
const PAGE: usize = 256;
const MAX_TEXT: usize = 200;

/// Which messages.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// A message's id: the page has it in the middle.
    around: Option<String>,
    /// Only messages with this text.
    q: Option<String>,
}

/// Lists a conversation's messages, newest first.
#[utoipa::path(tag = "inbox", params(("id" = String, Path), Filter, PageParams),
    responses((status = 200, body = Items<MessageView>)))]
#[get("/api/v1/conversations/{id}/messages")]
pub(super) async fn list_messages(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<MessageView>>> {
    let workspace = who.workspace;
    conversation(&house, workspace, id.0)?;
    let text = query
        .filter
        .q
        .as_deref()
        .map(|q| q.trim().to_lowercase())
        .filter(|q| !q.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT) {
        return Err(ApiError::new(ErrorCode::InvalidQuery, "q must be at most 200 characters.").at("q"));
    }
    if text.is_none() && by_time::applies(&house, workspace, id.0)? {
        let around = query.filter.around.as_deref();
        return by_time::page(&house, workspace, id.0, around, &query.page);
    }
    let list = ListId::new("messages", workspace)
        .with(&id.0.to_string())
        .with(text.as_deref().unwrap_or(""));
    let (rows, next) = match (&query.filter.around, text) {
        (Some(around), _) => (
            around_message(&house, workspace, id.0, around, query.page.limit)?,
            None,
        ),
        (None, Some(text)) => find_text(&house, workspace, id.0, &text, &query.page, &list)?,
        (None, None) => {
            let before = query.page.after::<MessageKey>(&list)?;
            let before = before.filter(|key| key.message.conversation == id.0 && key.workspace == workspace);
            (
                back(&house, workspace, id.0, before.as_ref(), query.page.limit + 1)?,
                None,
            )
        }
    };
    let mut viewer = viewer(&house, workspace);
    let mut items = query
        .page
        .finish(&list, rows, |(_, message)| viewer.message(&message));
    let views = items.items.drain(..).collect::<Result<Vec<_>, StorageError>>()?;
    let next_cursor = items.next_cursor.or(next);
    Ok(Json(Items {
        items: views,
        next_cursor,
    }))
}

type Rows = Vec<(MessageKey, Message)>;

fn prefix(workspace: WorkspaceId, conversation: ConversationId) -> Prefix<MessageKey> {
    Prefix::table().with(workspace).with(conversation)
}

fn back(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
    before: Option<&MessageKey>,
    limit: usize,
) -> Result<Rows, StorageError> {
    house
        .core
        .store
        .scan_back(&prefix(workspace, conversation), before, limit)
}

fn around_message(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
    around: &str,
    limit: usize,
) -> ApiResult<Rows> {
    let invalid = || {
        ApiError::new(
            ErrorCode::InvalidQuery,
            "around must be a message of this conversation.",
        )
        .at("around")
    };
    let message: MessageId = around.parse().map_err(|_| invalid())?;
    if message.conversation != conversation {
        return Err(invalid());
    }
    let key = MessageKey { workspace, message };
    let newer = house
        .core
        .store
        .scan(&prefix(workspace, conversation), Some(&key), limit / 2)?;
    let next = MessageKey {
        workspace,
        message: MessageId {
            n: message.n.saturating_add(1),
            ..message
        },
    };
    let mut rows: Rows = newer.into_iter().rev().collect();
    let room = limit - rows.len().min(limit);
    rows.extend(back(house, workspace, conversation, Some(&next), room + 1)?);
    Ok(rows)
}

fn find_text(
    house: &House,
    workspace: WorkspaceId,
    conversation: ConversationId,
    text: &str,
    page: &Page,
    list: &ListId,
) -> ApiResult<(Rows, Option<String>)> {
    let mut before = page
        .after::<MessageKey>(list)?
        .filter(|key| key.message.conversation == conversation);
    let mut found = Vec::new();
    let mut looked = 0;
    loop {
        let rows = back(house, workspace, conversation, before.as_ref(), PAGE)?;
        before = rows.last().map(|(key, _)| *key);
        looked += rows.len();
        let is_last = rows.len() < PAGE;
        found.extend(
            rows.into_iter()
                .filter(|(_, m)| m.content.searchable_text().to_lowercase().contains(text)),
        );
        if is_last || found.len() > page.limit {
            return Ok((found, None));
        }
        if looked >= MAX_LOOK {
            let next = before.map(|key| list.cursor(&crate::storage::Key::to_bytes(&key)[1..]));
            return Ok((found, next));
        }
    }
}
