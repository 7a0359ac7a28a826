//! Contacts: list, show, rename.

use actix_web::web::Json;
use actix_web::{HttpResponse, get, patch};

use super::Machinery;
use super::errors::directory_error;
use super::model::ContactBody;
use crate::actors::House;
use crate::actors::directory::Rename;
use crate::domain::{Contact, ContactId, WorkspaceId};
use crate::http::views::{ContactView, contact_view};
use crate::http::{
    ApiError, ApiResult, Caller, IfMatch, Items, ListId, ListQuery, NoQuery, PageParams, PathId, Trace,
    ValidJson, endpoints, etag,
};
use crate::storage::Prefix;
use crate::storage::keys::ContactKey;

endpoints!(list_contacts, show_contact, rename_contact);

/// Contacts looked at for one page of a filtered list.
const MAX_LOOK: usize = 10_000;
const PAGE: usize = 256;

/// Which contacts.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words in the name or an identity.
    q: Option<String>,
}

fn fits(contact: &Contact, text: &str) -> bool {
    let has = |haystack: &str| haystack.to_lowercase().contains(text);
    has(contact.display_name())
        || has(&contact.profile_name)
        || contact.identities.iter().any(|identity| has(&identity.value))
}

pub(super) fn view(house: &House, workspace: WorkspaceId, contact: &Contact) -> ContactView {
    contact_view(&house.core.store, workspace, contact, house.core.clock.now())
}

/// Lists contacts, newest first.
#[utoipa::path(tag = "contacts", params(Filter, PageParams), responses((status = 200, body = Items<ContactView>)))]
#[get("/api/v1/contacts")]
pub(super) async fn list_contacts(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<ContactView>>> {
    let text = query.filter.q.as_deref().unwrap_or("").trim().to_lowercase();
    let list = ListId::new("contacts", who.workspace).with(&text);
    let prefix = Prefix::<ContactKey>::table().with(who.workspace);
    let mut before = query
        .page
        .after::<ContactKey>(&list)?
        .filter(|key| key.workspace == who.workspace);
    let mut found = Vec::new();
    let mut looked = 0;
    loop {
        let rows = house.core.store.scan_back(&prefix, before.as_ref(), PAGE)?;
        let is_last = rows.len() < PAGE;
        before = rows.last().map(|(key, _)| *key);
        looked += rows.len();
        found.extend(
            rows.into_iter()
                .filter(|(_, contact)| text.is_empty() || fits(contact, &text)),
        );
        if is_last || found.len() > query.page.limit || looked >= MAX_LOOK {
            break;
        }
    }
    Ok(Json(query.page.finish(&list, found, |(_, contact)| {
        view(&house, who.workspace, &contact)
    })))
}

/// One contact.
#[utoipa::path(tag = "contacts", params(("id" = String, Path)), responses((status = 200, body = ContactView)))]
#[get("/api/v1/contacts/{id}")]
pub(super) async fn show_contact(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let contact = house.core.store.get(&ContactKey {
        workspace: who.workspace,
        contact: id.0,
    })?;
    let contact = contact.ok_or_else(|| ApiError::not_found("contact"))?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(contact.version))
        .json(view(&house, who.workspace, &contact)))
}

/// Gives a contact the name that the team uses.
#[utoipa::path(tag = "contacts", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ContactBody, responses((status = 200, body = ContactView)))]
#[patch("/api/v1/contacts/{id}")]
pub(super) async fn rename_contact(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    body: ValidJson<ContactBody>,
    if_match: IfMatch,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let request = Rename {
        workspace: who.workspace,
        contact: id.0,
        name: body.0.name,
        if_version: if_match.0,
        trace: trace.0,
    };
    let contact = house.directory.send(request).await.map_err(directory_error)?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(contact.version))
        .json(view(&house, who.workspace, &contact)))
}
