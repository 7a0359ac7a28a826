//! Contacts that turned out to be one person: shown with each other, and taken back.

use actix_web::web::Json;
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;

use super::Machinery;
use super::contacts::view;
use super::errors::directory_error;
use crate::actors::House;
use crate::actors::directory::merges::{Merge, MergeContacts, Unmerge, merges};
use crate::channels::FieldError;
use crate::domain::{Contact, ContactId, Timestamp, UserId, WorkspaceId};
use crate::http::views::{AssigneeView, ContactView, IdentityView};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, IfMatch, Items, NoQuery, PathId, Trace, ValidJson, endpoints,
};
use crate::storage::keys::{ContactKey, UserKey};

endpoints!(list_merges, merge_contacts, undo_merge);

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
    /// Who of the team said so; `null` where the provider did.
    #[schema(required)]
    by: Option<AssigneeView>,
}

impl MergeView {
    fn new(house: &House, workspace: WorkspaceId, contact: ContactView, merge: &Merge) -> ApiResult<Self> {
        let by = match merge.by.as_deref().and_then(|by| by.parse::<UserId>().ok()) {
            Some(user) => {
                let found = house.core.store.get(&UserKey { workspace, user })?;
                Some(AssigneeView {
                    id: user.to_string(),
                    name: found.map(|user| user.name).unwrap_or_default(),
                })
            }
            None => None,
        };
        Ok(Self {
            by,
            contact,
            took_over: merge.took_over,
            identities: merge.took.iter().map(IdentityView::from).collect(),
            at: Timestamp(merge.at).to_string(),
        })
    }
}

fn contact(house: &House, workspace: WorkspaceId, contact: ContactId) -> ApiResult<Option<Contact>> {
    Ok(house.core.store.get(&ContactKey { workspace, contact })?)
}

/// The other contacts that are the same person, as the provider told it by a change of number or user id, or a person of the
/// team.
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
            let other = view(&house, who.workspace, &other);
            items.push(MergeView::new(&house, who.workspace, other, &merge)?);
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

/// Which other contact.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeBody {
    /// The contact that goes on as the one in the address.
    contact_id: String,
}

impl ApiBody for MergeBody {
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

fn other_contact(id: &str) -> Result<ContactId, FieldError> {
    id.parse()
        .map_err(|_| FieldError::new("contact_id", "is no contact's id."))
}

/// Makes two contacts one: whoever writes as the other is found as this one from now on. Conversations and messages stay
/// where they are, both readable; a refusal of messages by either holds for both. Can be undone by `unmerge`.
#[utoipa::path(tag = "contacts", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = MergeBody, responses((status = 200, body = MergeView)))]
#[post("/api/v1/contacts/{id}/merge")]
pub(super) async fn merge_contacts(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    body: ValidJson<MergeBody>,
    if_match: IfMatch,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<MergeView>> {
    let other = other_contact(&body.0.contact_id)?;
    let request = MergeContacts {
        workspace: who.workspace,
        contact: id.0,
        other,
        if_version: if_match.0,
        by: Some(who.user),
        trace: trace.0,
    };
    let merge = house.directory.send(request).await.map_err(directory_error)?;
    let found = contact(&house, who.workspace, other)?;
    let found = found.ok_or_else(|| ApiError::not_found("contact"))?;
    let found = view(&house, who.workspace, &found);
    Ok(Json(MergeView::new(&house, who.workspace, found, &merge)?))
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
    let other = other_contact(&body.0.contact_id)?;
    let request = Unmerge {
        workspace: who.workspace,
        contact: id.0,
        other,
        trace: trace.0,
    };
    house.directory.send(request).await.map_err(directory_error)?;
    Ok(HttpResponse::NoContent().finish())
}
