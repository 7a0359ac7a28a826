//! What someone has typed and not sent: kept per person and conversation, so that it is there on every device.

use actix_web::web::Json;
use actix_web::{get, put};

use super::model::DraftBody;
use super::{Machinery, conversation};
use crate::domain::ConversationId;
use crate::domain::operations::Draft;
use crate::http::{ApiResult, Caller, NoQuery, PathId, ValidJson, endpoints};
use crate::storage::Batch;
use crate::storage::keys::DraftKey;

endpoints!(show_draft, keep_draft);

/// A draft.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct DraftView {
    reply: String,
    note: String,
    /// What belongs to the reply beside its text; `null` if there is nothing.
    #[schema(required, value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    extras: Option<serde_json::Value>,
    /// When it was last typed at; `null` if there is none.
    #[schema(required)]
    updated_at: Option<String>,
}

/// The caller's draft in a conversation.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = DraftView)))]
#[get("/api/v1/conversations/{id}/draft")]
pub(super) async fn show_draft(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    _: NoQuery,
) -> ApiResult<Json<DraftView>> {
    conversation(&house, who.workspace, id.0)?;
    let key = DraftKey {
        workspace: who.workspace,
        user: who.user,
        conversation: id.0,
    };
    let draft = house.core.store.get(&key)?;
    let updated_at = draft.as_ref().map(|draft| draft.updated_at.to_string());
    Ok(Json(DraftView::new(draft.unwrap_or_default(), updated_at)))
}

impl DraftView {
    fn new(draft: Draft, updated_at: Option<String>) -> Self {
        let Draft {
            reply, note, extras, ..
        } = draft;
        Self {
            reply,
            note,
            // It was written by this program, from an object.
            extras: serde_json::from_str(&extras).ok(),
            updated_at,
        }
    }
}

/// Keeps the caller's draft; an empty one is forgotten.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), request_body = DraftBody,
    responses((status = 200, body = DraftView)))]
#[put("/api/v1/conversations/{id}/draft")]
pub(super) async fn keep_draft(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    body: ValidJson<DraftBody>,
    _: NoQuery,
) -> ApiResult<Json<DraftView>> {
    let conversation = conversation(&house, who.workspace, id.0)?;
    let key = DraftKey {
        workspace: who.workspace,
        user: who.user,
        conversation: id.0,
    };
    let extras = body.0.extras_text();
    let DraftBody { reply, note, .. } = body.0;
    let draft = Draft {
        reply,
        note,
        extras,
        updated_at: house.core.clock.now(),
    };
    let mut batch = Batch::new();
    match draft.reply.is_empty() && draft.note.is_empty() && draft.extras.is_empty() {
        true => batch.delete(&key),
        false => {
            let seal = house
                .core
                .store
                .contact_seal(who.workspace, conversation.contact)?;
            batch.put(&key, &draft, &seal)
        }
    };
    house.core.store.commit(batch).await?;
    let updated_at = Some(draft.updated_at.to_string());
    Ok(Json(DraftView::new(draft, updated_at)))
}
