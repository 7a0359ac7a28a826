//! Messages that were given up, and sends whose answer was lost.

use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, post};

use super::Machinery;
use crate::actors::{Command, Reply};
use crate::domain::MessageId;
use crate::domain::operations::DeadLetter;
use crate::http::views::PhraseView;
use crate::http::views::{MessageView, Viewer};
use crate::http::{
    ApiError, ApiResult, Caller, Items, ListId, NoQuery, Page, PageParams, PathId, Trace, endpoints,
};
use crate::storage::keys::{DeadLetterKey, DoubtfulKey};
use crate::storage::{Prefix, StorageError};

endpoints!(
    list_dead_letters,
    retry_dead_letter,
    discard_dead_letter,
    list_doubtful,
);

/// A message that was given up.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct DeadLetterView {
    /// The same as the message's.
    id: String,
    message_id: String,
    conversation_id: String,
    channel_id: String,
    /// Why, in plain words.
    reason: String,
    /// `reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_phrase: Option<PhraseView>,
    /// The provider's code.
    code: String,
    /// What to do.
    advice: String,
    /// `advice` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice_phrase: Option<PhraseView>,
    attempts: u32,
    failed_at: String,
    /// The message; `null` if its person was erased.
    #[schema(required)]
    message: Option<MessageView>,
}

impl DeadLetterView {
    fn new(letter: DeadLetter, message: Option<MessageView>) -> Self {
        let error = letter.error;
        let reason = match error.detail.is_empty() {
            true => error.title,
            false => error.detail,
        };
        Self {
            id: letter.message.to_string(),
            message_id: letter.message.to_string(),
            conversation_id: letter.message.conversation.to_string(),
            channel_id: letter.channel.to_string(),
            reason_phrase: PhraseView::of(&reason),
            reason,
            code: error.code,
            advice_phrase: PhraseView::of(&error.advice),
            advice: error.advice,
            attempts: letter.attempts,
            failed_at: letter.failed_at.to_string(),
            message,
        }
    }
}

/// A message, unless its person was erased.
fn message(viewer: &mut Viewer<'_>, id: MessageId) -> Result<Option<MessageView>, StorageError> {
    match viewer.message_by_id(id) {
        Err(StorageError::Erased | StorageError::Damaged { .. }) => Ok(None),
        read => read,
    }
}

/// Messages that were given up and wait for a person.
#[utoipa::path(tag = "operations", params(PageParams), responses((status = 200, body = Items<DeadLetterView>)))]
#[get("/api/v1/dead-letters")]
pub(super) async fn list_dead_letters(
    house: Machinery,
    who: Caller,
    page: Page,
) -> ApiResult<Json<Items<DeadLetterView>>> {
    let list = ListId::new("dead letters", who.workspace);
    let prefix = Prefix::<DeadLetterKey>::table().with(who.workspace);
    let after = page.after::<DeadLetterKey>(&list)?;
    let store = &house.core.store;
    let rows = store.scan(&prefix, after.as_ref(), page.limit + 1)?;
    let mut viewer = Viewer::new(store, who.workspace, house.core.clock.now());
    let views = rows
        .into_iter()
        .map(|(key, letter)| {
            let message = message(&mut viewer, key.message)?;
            Ok((key, DeadLetterView::new(letter, message)))
        })
        .collect::<Result<Vec<_>, StorageError>>()?;
    Ok(Json(page.finish(&list, views, |(_, view)| view)))
}

/// Sends a message that was given up once more.
#[utoipa::path(tag = "operations", params(("id" = String, Path)), responses((status = 202, body = MessageView)))]
#[post("/api/v1/dead-letters/{id}/retry")]
pub(super) async fn retry_dead_letter(
    house: Machinery,
    who: Caller,
    id: PathId<MessageId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let key = DeadLetterKey {
        workspace: who.workspace,
        message: id.0,
    };
    if !house.core.store.contains(&key)? {
        return Err(ApiError::not_found("dead letter"));
    }
    let command = Command::Retry(id.0);
    let reply = house
        .hub
        .send(who.workspace, id.0.conversation, command, trace.0)
        .await?;
    let Reply::Message(message) = reply else {
        return Err(ApiError::internal(
            "answering",
            "the conversation gave no message",
        ));
    };
    let view = Viewer::new(&house.core.store, who.workspace, house.core.clock.now()).message(&message)?;
    Ok(HttpResponse::Accepted().json(view))
}

/// Puts a dead letter away; the message stays in its conversation as failed.
#[utoipa::path(tag = "operations", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/dead-letters/{id}")]
pub(super) async fn discard_dead_letter(
    house: Machinery,
    who: Caller,
    id: PathId<MessageId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let key = DeadLetterKey {
        workspace: who.workspace,
        message: id.0,
    };
    if !house.core.store.contains(&key)? {
        return Err(ApiError::not_found("dead letter"));
    }
    let command = Command::DiscardDeadLetter(id.0);
    house
        .hub
        .send(who.workspace, id.0.conversation, command, trace.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Messages of which nobody knows whether they were sent. Settle them at `/messages/{id}/settle`.
#[utoipa::path(tag = "operations", params(PageParams), responses((status = 200, body = Items<MessageView>)))]
#[get("/api/v1/doubtful")]
pub(super) async fn list_doubtful(
    house: Machinery,
    who: Caller,
    page: Page,
) -> ApiResult<Json<Items<MessageView>>> {
    let list = ListId::new("doubtful", who.workspace);
    let prefix = Prefix::<DoubtfulKey>::table().with(who.workspace);
    let after = page.after::<DoubtfulKey>(&list)?;
    let store = &house.core.store;
    let rows = store.scan(&prefix, after.as_ref(), page.limit + 1)?;
    let mut viewer = Viewer::new(store, who.workspace, house.core.clock.now());
    let views = rows
        .into_iter()
        .map(|(key, _)| Ok((key, message(&mut viewer, key.message)?)))
        .collect::<Result<Vec<_>, StorageError>>()?;
    let items = page.finish(&list, views, |(_, view)| view);
    Ok(Json(Items {
        items: items.items.into_iter().flatten().collect(),
        next_cursor: items.next_cursor,
    }))
}
