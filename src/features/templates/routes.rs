//! One template: making, reading, changing, deleting, its history.

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, patch, post};
use sha2::{Digest, Sha256};

use super::errors::TemplateError;
use super::model::{NewTemplate, TemplatePatch};
use super::store::{self, Entry};
use super::views::{self, ChangeView, TemplateView};
use super::{Machinery, review};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates::account_of;
use crate::domain::account::Role;
use crate::domain::phrases;
use crate::domain::template::{ChangeKind, Quality, Roles, State, Template, normal_language};
use crate::domain::{ChannelId, TemplateId, UserId, WorkspaceId};
use crate::http::{
    ApiError, ApiResult, Caller, ErrorCode, IdempotencyKeyHeader, IfMatch, Items, ListId, NoQuery, Page,
    PageParams, PathId, ValidJson, endpoints, etag,
};
use crate::storage::keys::TemplateChangeKey;

endpoints!(
    create_template,
    show_template,
    change_template,
    delete_template,
    template_history
);

pub(super) fn channel(
    house: &House,
    workspace: WorkspaceId,
    id: ChannelId,
) -> ApiResult<(std::sync::Arc<ChannelEntry>, String)> {
    let entry = house.core.registry.find(workspace, id);
    let entry = entry.ok_or_else(|| {
        ApiError::invalid_field("channel_id", "There is no such channel in this workspace.")
    })?;
    let account = account_of(&house.core, &entry).ok_or_else(|| {
        let detail = phrases::NO_TEMPLATES_WABA.text();
        ApiError::invalid_field("channel_id", detail)
    })?;
    Ok((entry, account))
}

fn answer(
    house: &House,
    workspace: WorkspaceId,
    mut response: actix_web::HttpResponseBuilder,
    template: &Template,
) -> ApiResult<HttpResponse> {
    let view = views::view(&house.core, workspace, template)?;
    Ok(response.insert_header(etag(template.version)).json(view))
}

pub(super) fn ok(house: &House, workspace: WorkspaceId, template: &Template) -> ApiResult<HttpResponse> {
    answer(house, workspace, HttpResponse::Ok(), template)
}

/// A new draft's record.
pub(super) fn blank(
    id: TemplateId,
    (entry, account): (&ChannelEntry, &str),
    (name, language): (&str, &str),
    owner: Option<UserId>,
    now: crate::domain::Timestamp,
) -> Template {
    Template {
        id,
        account: account.to_owned(),
        channel: entry.channel.id,
        name: name.to_owned(),
        language: normal_language(language),
        live: None,
        draft: None,
        state: State::Draft,
        provider_id: None,
        reason: None,
        reason_detail: None,
        quality: Quality::Unknown,
        category_change: None,
        roles: Roles::ALL,
        owner,
        approval_asked_by: None,
        is_approved_inside: false,
        edits: Vec::new(),
        request_hash: [0; 32],
        created_at: now,
        updated_at: now,
        submitted_at: None,
        version: 0,
        changes: 0,
    }
}

/// The id and hash for an idempotency key: the same key finds the same template.
fn keyed(
    house: &House,
    workspace: WorkspaceId,
    key: Option<&str>,
    body: &NewTemplate,
) -> ApiResult<(TemplateId, [u8; 32])> {
    let Some(key) = key else {
        return Ok((TemplateId::from_uuid(uuid::Uuid::now_v7()), [0; 32]));
    };
    let id = house
        .core
        .store
        .lookup_hash(workspace, &format!("template key:{key}"))?;
    let hash = Sha256::digest(format!("{body:?}"));
    Ok((TemplateId(id), hash.into()))
}

/// Makes a draft. Status, ids, owner and times are the server's and no field of the body.
#[utoipa::path(tag = "templates", request_body = NewTemplate, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = TemplateView)))]
#[post("/api/v1/templates")]
pub(super) async fn create_template(
    house: Machinery,
    who: Caller,
    body: ValidJson<NewTemplate>,
    key: IdempotencyKeyHeader,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let body = body.0;
    let (entry, account) = channel(&house, who.workspace, body.channel_id)?;
    let (id, request_hash) = keyed(&house, who.workspace, key.0.as_deref(), &body)?;
    if key.0.is_some()
        && let Ok(first) = store::get(&house.core, who.workspace, id)
    {
        if first.request_hash == request_hash {
            return answer(&house, who.workspace, HttpResponse::Created(), &first);
        }
        let detail = "This Idempotency-Key was used for another template. Use a new key.";
        return Err(ApiError::new(ErrorCode::IdempotencyKeyReused, detail).at("idempotency-key"));
    }
    let now = house.core.clock.now();
    let place = (entry.as_ref(), account.as_str());
    let mut template = blank(id, place, (&body.name, &body.language), Some(who.user), now);
    template.draft = Some(body.definition());
    template.roles = body.roles();
    template.request_hash = request_hash;
    let made = Entry::new(ChangeKind::Created, Some(who.user), "");
    let template = store::add(&house.core, who.workspace, template, made).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/api/v1/templates/{id}")));
    answer(&house, who.workspace, response, &template)
}

/// One template.
#[utoipa::path(tag = "templates", params(("id" = String, Path)), responses((status = 200, body = TemplateView)))]
#[get("/api/v1/templates/{id}")]
pub(super) async fn show_template(
    house: Machinery,
    who: Caller,
    id: PathId<TemplateId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let template = store::get(&house.core, who.workspace, id.0)?;
    ok(&house, who.workspace, &template)
}

/// Changes the draft, who may use it, or throws the draft away. The provider learns of it only when it is submitted.
#[utoipa::path(tag = "templates", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = TemplatePatch, responses((status = 200, body = TemplateView)))]
#[patch("/api/v1/templates/{id}")]
pub(super) async fn change_template(
    house: Machinery,
    who: Caller,
    id: PathId<TemplateId>,
    body: ValidJson<TemplatePatch>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    if body.roles.is_some() && who.role != Role::Owner {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            phrases::ONLY_OWNER_ASSIGNS.text(),
        ));
    }
    let user = who.user;
    let decide = |template: &mut Template| Ok(patched(template, &body.0, user));
    let template = store::change(&house.core, who.workspace, id.0, if_match.0, decide).await?;
    ok(&house, who.workspace, &template)
}

/// Makes the change; `None` if it changes nothing.
fn patched(template: &mut Template, body: &TemplatePatch, user: UserId) -> Option<Entry> {
    let mut entry = None;
    if let Some(roles) = &body.roles {
        template.roles = Roles::of(roles);
        entry = Some(Entry::new(ChangeKind::Roles, Some(user), ""));
    }
    if body.discard_draft && template.live.is_some() && template.draft.take().is_some() {
        template.is_approved_inside = false;
        // Nobody is asked about what is not there any more.
        template.approval_asked_by = None;
        entry = Some(Entry::new(ChangeKind::Discarded, Some(user), ""));
    }
    if let Some(definition) = &body.definition {
        let definition = definition.clone().into_definition();
        if template.working() != Some(&definition) {
            template.draft = Some(definition);
            // What someone agreed to is no longer what would be submitted.
            template.is_approved_inside = false;
            template.approval_asked_by = None;
            if template.state == State::AwaitingApproval {
                template.state = State::Draft;
            }
            entry = Some(Entry::new(ChangeKind::Edited, Some(user), ""));
        }
    }
    entry
}

/// Deletes a template here and, if it is there, at the provider. What an owner has not made needs an owner.
#[utoipa::path(tag = "templates", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/templates/{id}")]
pub(super) async fn delete_template(
    house: Machinery,
    who: Caller,
    id: PathId<TemplateId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    remove(&house, &who, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn remove(house: &House, who: &Caller, id: TemplateId) -> ApiResult<()> {
    let template = store::get(&house.core, who.workspace, id)?;
    let own_draft = template.live.is_none() && template.owner == Some(who.user);
    if who.role != Role::Owner && !own_draft {
        let detail = phrases::ONLY_OWNER_DELETES.text();
        return Err(ApiError::new(ErrorCode::Forbidden, detail));
    }
    if let Some(provider_id) = template
        .provider_id
        .as_deref()
        .filter(|_| template.state.is_at_provider())
    {
        let place = review::place(house, who.workspace, &template)?;
        let deleted = place
            .api()?
            .delete(&house.core.http, &place.entry.access, provider_id, &template.name);
        match deleted.await {
            // 2593002: it is gone there already.
            Err(error) if error.code != "2593002" && !error.title.contains("Not Found") => {
                return Err(TemplateError::from(error).into());
            }
            _ => {}
        }
    }
    Ok(store::remove(&house.core, who.workspace, &template).await?)
}

/// What happened to a template, newest first, each with what differs from the entry before.
#[utoipa::path(tag = "templates", params(("id" = String, Path), PageParams),
    responses((status = 200, body = Items<ChangeView>)))]
#[get("/api/v1/templates/{id}/history")]
pub(super) async fn template_history(
    house: Machinery,
    who: Caller,
    id: PathId<TemplateId>,
    page: Page,
) -> ApiResult<Json<Items<ChangeView>>> {
    store::get(&house.core, who.workspace, id.0)?;
    let list = ListId::new("template history", who.workspace).with(&id.0.to_string());
    let before = page.after::<TemplateChangeKey>(&list)?;
    let before = before.filter(|key| key.template == id.0 && key.workspace == who.workspace);
    let rows = store::history(&house.core, who.workspace, id.0, before, page.limit + 1)?;
    let mut shown = Vec::new();
    for (place, (key, change)) in rows.iter().enumerate() {
        let earlier = rows.get(place + 1).map(|(_, change)| change);
        shown.push((
            *key,
            views::change(&house.core, who.workspace, key.n, change, earlier)?,
        ));
    }
    Ok(Json(page.finish(&list, shown, |(_, view)| view)))
}
