//! One conversation: reading it, changing its ticket, read marks.

use actix_web::{HttpResponse, get, patch, post};

use super::errors::command_error;
use super::model::PatchBody;
use super::{Machinery, conversation, viewer};
use crate::actors::conversation::Reply;
use crate::actors::{Command, House};
use crate::domain::{Conversation, ConversationId};
use crate::http::views::ConversationView;
use crate::http::{
    ApiError, ApiResult, Caller, Credential, FieldError, IfMatch, NoQuery, PathId, Trace, ValidJson,
    endpoints, etag,
};
use crate::storage::keys::UserKey;

endpoints!(show_conversation, change_conversation, mark_read, mark_unread);

fn answer(house: &House, who: &Caller, conversation: &Conversation) -> ApiResult<HttpResponse> {
    let view = viewer(house, who.workspace).conversation(conversation)?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(conversation.version))
        .json(view))
}

/// One conversation.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
#[get("/api/v1/conversations/{id}")]
pub(super) async fn show_conversation(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let conversation = conversation(&house, who.workspace, id.0)?;
    answer(&house, &who, &conversation)
}

/// Changes status, assignee, labels, priority or snooze.
#[utoipa::path(tag = "inbox", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = PatchBody, responses((status = 200, body = ConversationView)))]
#[patch("/api/v1/conversations/{id}")]
pub(super) async fn change_conversation(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    body: ValidJson<PatchBody>,
    if_match: IfMatch,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    if let Some(user) = body.assignee() {
        let known = house.core.store.contains(&UserKey {
            workspace: who.workspace,
            user,
        })?;
        let unknown = || FieldError::new("assignee_id", "There is no such person in this workspace.");
        known.then_some(()).ok_or_else(unknown)?;
    }
    let command = Command::Update {
        patch: body.0.into_patch(),
        if_version: if_match.0,
    };
    ask(&house, &who, id.0, command, trace).await
}

/// Marks a conversation as seen.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
#[post("/api/v1/conversations/{id}/read")]
pub(super) async fn mark_read(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let answer = ask(&house, &who, id.0, Command::MarkRead, trace).await?;
    // Only a person reads; a program that tidies up does not.
    if matches!(who.credential, Credential::Session(_)) {
        house.courtesy.read(who.workspace, id.0);
    }
    Ok(answer)
}

/// Marks a conversation as not seen.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
#[post("/api/v1/conversations/{id}/unread")]
pub(super) async fn mark_unread(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    ask(&house, &who, id.0, Command::MarkUnread, trace).await
}

async fn ask(
    house: &House,
    who: &Caller,
    id: ConversationId,
    command: Command,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    let reply = house
        .hub
        .send(who.workspace, id, command, trace.0)
        .await
        .map_err(command_error)?;
    match reply {
        Reply::Conversation(conversation) => answer(house, who, &conversation),
        Reply::Done | Reply::Message(_) => {
            Err(ApiError::internal("answering", "the conversation gave no state"))
        }
    }
}
