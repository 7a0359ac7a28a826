//! Contacts that turned out to be one person: shown with each other, and taken back.

use actix_web::web::Json;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;

use super::Machinery;
use super::contacts::view;
use super::errors::directory_error;
use crate::actors::House;
use crate::actors::directory::merges::{Merge, Unmerge, merges};
use crate::channels::FieldError;
use crate::domain::{Contact, ContactId, Timestamp, WorkspaceId};
use crate::http::views::{ContactView, IdentityView};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, Items, NoQuery, PathId, Trace, ValidJson, endpoints,
};
use crate::storage::keys::ContactKey;

endpoints!(list_merges, undo_merge);

/// Another contact that is the same person.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct MergeView {
    /// The other contact, with its conversations.
    contact: ContactView,
    /// Whether this contact took over: who writes from now on is found as this one. Otherwise as the other.
    took_over: bool,
    /// What was taken over.
    identities: Vec<IdentityView>,
    /// When.
    at: String,
}

impl MergeView {
    fn new(contact: ContactView, merge: &Merge) -> Self {
        Self {
            contact,
            took_over: merge.took_over,
            identities: merge.took.iter().map(IdentityView::from).collect(),
            at: Timestamp(merge.at).to_string(),
        }
    }
}

fn contact(house: &House, workspace: WorkspaceId, contact: ContactId) -> ApiResult<Option<Contact>> {
    Ok(house.core.store.get(&ContactKey { workspace, contact })?)
}

/// The other contacts that are the same person, as the provider told it by a change of number or user id.
#[utoipa::path(tag = "contacts", params(("id" = String, Path)), responses((status = 200, body = Items<MergeView>)))]
#[get("/api/v1/contacts/{id}/merges")]
pub(super) async fn list_merges(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    _: NoQuery,
) -> ApiResult<Json<Items<MergeView>>> {
    let found = contact(&house, who.workspace, id.0)?;
    found.ok_or_else(|| ApiError::not_found("contact"))?;
    let mut items = Vec::new();
    for (other, merge) in merges(&house.core.store, who.workspace, id.0)? {
        // One that was erased meanwhile has nothing to show.
        if let Some(other) = contact(&house, who.workspace, other)? {
            items.push(MergeView::new(view(&house, who.workspace, &other), &merge));
        }
    }
    Ok(Json(Items {
        items,
        next_cursor: None,
    }))
}

/// Which other contact.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnmergeBody {
    /// The contact that is somebody else after all.
    contact_id: String,
}

impl ApiBody for UnmergeBody {
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

/// Takes a merge back: each contact is found again by what it was found by before.
#[utoipa::path(tag = "contacts", params(("id" = String, Path)), request_body = UnmergeBody, responses((status = 204)))]
#[post("/api/v1/contacts/{id}/unmerge")]
pub(super) async fn undo_merge(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    body: ValidJson<UnmergeBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let other = body.0.contact_id.parse();
    let other = other.map_err(|_| FieldError::new("contact_id", "is no contact's id."))?;
    let request = Unmerge {
        workspace: who.workspace,
        contact: id.0,
        other,
        trace: trace.0,
    };
    house.directory.send(request).await.map_err(directory_error)?;
    Ok(HttpResponse::NoContent().finish())
}
