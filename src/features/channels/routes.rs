//! The addresses of this feature.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, patch, post};
use tokio::sync::Semaphore;

use super::errors::registry_error;
use super::model::{ChannelBody, ChannelPatch, CheckView, TestView, validate};
use super::sandbox::furnish;
use super::{Machinery, Views};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::Check;
use crate::channels::{Provider, ProviderKind};
use crate::domain::phrases;
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::views::ChannelView;
use crate::http::{
    ApiError, ApiResult, Caller, IfMatch, Items, ListId, NoQuery, OwnerCaller, Page, PageParams, PathId,
    Trace, ValidJson, endpoints, etag,
};
use crate::storage::keys::ChannelKey;

endpoints!(
    list_channels,
    add_channel,
    show_channel,
    change_channel,
    remove_channel,
    test_channel,
);

/// How long a connection test may take.
const TEST_TIME: Duration = Duration::from_secs(20);
/// Connection tests at the same time, over all workspaces.
static TESTS: Semaphore = Semaphore::const_new(4);

pub(super) fn entry(house: &House, workspace: WorkspaceId, id: ChannelId) -> ApiResult<Arc<ChannelEntry>> {
    let found = house.core.registry.find(workspace, id);
    found.ok_or_else(|| ApiError::not_found("channel"))
}

pub(super) fn provider(house: &House, kind: ProviderKind) -> ApiResult<Arc<dyn Provider>> {
    let found = house.core.provider(kind).cloned();
    found.ok_or_else(|| ApiError::invalid_field("provider", "This server does not offer this provider."))
}

pub(super) fn answer(
    mut response: actix_web::HttpResponseBuilder,
    views: &Views,
    entry: &ChannelEntry,
) -> ApiResult<HttpResponse> {
    let view = views.view(entry.workspace, &entry.channel)?;
    Ok(response.insert_header(etag(entry.channel.version)).json(view))
}

/// The workspace's channels, oldest first.
#[utoipa::path(tag = "channels", params(PageParams), responses((status = 200, body = Items<ChannelView>)))]
#[get("/api/v1/channels")]
pub(super) async fn list_channels(
    house: Machinery,
    views: Views,
    who: Caller,
    page: Page,
) -> ApiResult<Json<Items<ChannelView>>> {
    let list = ListId::new("channels", who.workspace);
    let after = page.after::<ChannelKey>(&list)?;
    let rows = house.core.registry.list(who.workspace).into_iter();
    let rows = rows
        .filter(|entry| after.is_none_or(|after| entry.channel.id > after.channel))
        .take(page.limit + 1)
        .map(|entry| {
            let key = ChannelKey {
                workspace: who.workspace,
                channel: entry.channel.id,
            };
            Ok((key, views.view(who.workspace, &entry.channel)?))
        })
        .collect::<ApiResult<Vec<_>>>()?;
    Ok(Json(page.finish(&list, rows, |(_, view)| view)))
}

/// Adds a channel. A sandbox channel needs neither settings nor secrets. For owners.
#[utoipa::path(tag = "channels", request_body = ChannelBody, responses((status = 201, body = ChannelView)))]
#[post("/api/v1/channels")]
pub(super) async fn add_channel(
    house: Machinery,
    views: Views,
    who: OwnerCaller,
    body: ValidJson<ChannelBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let mut body = body.0;
    let provider = provider(&house, body.provider)?;
    furnish(&mut body)?;
    let now = house.core.clock.now();
    let channel = body.into_channel(ChannelId::from_uuid(uuid::Uuid::now_v7()), now);
    validate(provider.as_ref(), &channel)?;
    let added = house
        .core
        .registry
        .add(who.workspace, channel, now, trace.0)
        .await;
    let entry = added.map_err(registry_error)?;
    house.attach(entry.channel.id).await;
    let mut response = HttpResponse::Created();
    let place = format!("/api/v1/channels/{}", entry.channel.id);
    response.insert_header((header::LOCATION, place));
    answer(response, &views, &entry)
}

/// One channel.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = ChannelView)))]
#[get("/api/v1/channels/{id}")]
pub(super) async fn show_channel(
    house: Machinery,
    views: Views,
    who: Caller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    answer(HttpResponse::Ok(), &views, &entry)
}

/// Changes name, settings, secrets or pause. New settings or secrets make a blocked channel try again. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ChannelPatch, responses((status = 200, body = ChannelView)))]
#[patch("/api/v1/channels/{id}")]
#[allow(clippy::too_many_arguments)] // each is a part of the request
pub(super) async fn change_channel(
    house: Machinery,
    views: Views,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<ChannelPatch>,
    if_match: IfMatch,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let provider = provider(&house, entry(&house, who.workspace, id.0)?.kind)?;
    let now = house.core.clock.now();
    let change = |channel: &mut _| body.0.apply(channel, provider.as_ref(), now);
    let changed = house
        .core
        .registry
        .edit((who.workspace, id.0), if_match.0, now, trace.0, change)
        .await;
    let entry = changed.map_err(registry_error)?;
    answer(HttpResponse::Ok(), &views, &entry)
}

/// Removes a channel: nothing comes in or goes out by it any more. Its conversations stay; what was queued fails. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/channels/{id}")]
pub(super) async fn remove_channel(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let removed = house.remove_channel(who.workspace, id.0, trace.0).await;
    removed.map_err(registry_error)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Tests the connection step by step, without changing or sending anything. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = TestView)))]
#[post("/api/v1/channels/{id}/test")]
pub(super) async fn test_channel(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<TestView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let Ok(_place) = TESTS.try_acquire() else {
        let detail = phrases::TOO_MANY_TESTS.text();
        return Err(ApiError::busy(detail, TEST_TIME.as_secs()));
    };
    let test = provider.test_connection(&house.core.http, &entry.access);
    let checks = match tokio::time::timeout(TEST_TIME, test).await {
        Ok(checks) => checks.into_iter().map(CheckView::from).collect(),
        Err(_) => vec![CheckView::from(Check {
            name: "answer",
            ok: false,
            detail: phrases::CHECK_NO_ANSWER_WITHIN.with(&[("seconds", &TEST_TIME.as_secs())]),
        })],
    };
    Ok(Json(TestView::new(checks)))
}
