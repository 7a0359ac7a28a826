//! Tracked links: where a customer's tap leads. The only address of the product that customers call.
//!
//! Owns the redirect. A link leads only where a member of the team sent it, as it stands in the sent message; nothing in
//! the request decides where. Must not know other features.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};

use crate::actors::{Command, House};
use crate::domain::links::{self, LinkCode};
use crate::domain::{Message, MessageId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode, PathId, Trace, endpoints, was_head};
use crate::storage::keys::{LinkKey, MessageKey};
use crate::storage::{StorageError, Store};

endpoints!(follow);

/// Follows a tracked link: counts the visit, unless it is a program's that only looks, and leads on.
#[utoipa::path(tag = "links", params(("id" = String, Path)), security(()),
    responses((status = 302, description = "Where the link leads"), (status = 404)))]
#[get("/l/{id}")]
pub(super) async fn follow(
    house: web::Data<House>,
    req: HttpRequest,
    code: PathId<LinkCode>,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    let gone = || {
        let detail = "This link does not exist or has expired. Ask whoever sent it for a new one.";
        ApiError::new(ErrorCode::NotFound, detail)
    };
    let (workspace, message) = find(&house.core.store, code.0)?.ok_or_else(gone)?;
    let now = house.core.clock.now();
    let link = message
        .marks
        .link(code.0.as_str())
        .filter(|link| link.expires_at > now);
    let url = link.ok_or_else(gone)?.url.clone();
    if is_person(&req) {
        count(&house, workspace, message.id, code.0, trace).await;
    }
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, url))
        .insert_header(("x-robots-tag", "noindex, nofollow"))
        .finish())
}

fn find(store: &Store, code: LinkCode) -> Result<Option<(WorkspaceId, Message)>, StorageError> {
    let Some((workspace, message)) = store.get(&LinkKey { code: code.0 })? else {
        return Ok(None);
    };
    match store.get(&MessageKey { workspace, message }) {
        Ok(found) => Ok(found.map(|message| (workspace, message))),
        Err(StorageError::Erased) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the visit is a person's, as far as can be told.
fn is_person(req: &HttpRequest) -> bool {
    let text = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let looks_ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .into_iter()
        .filter_map(text)
        .any(|value| value.contains("prefetch") || value.contains("preview"));
    !looks_ahead && !was_head(req) && !links::is_program(text("user-agent"))
}

/// A visit that cannot be counted leads on all the same.
async fn count(house: &House, workspace: WorkspaceId, message: MessageId, code: LinkCode, trace: Trace) {
    let command = Command::Click(message, code.as_str().to_owned());
    let counted = house
        .hub
        .send(workspace, message.conversation, command, trace.0)
        .await;
    if let Err(error) = counted {
        metrics::counter!("frontdesk_clicks_uncounted_total").increment(1);
        tracing::warn!(%error, "a visit of a tracked link could not be counted");
    }
}
