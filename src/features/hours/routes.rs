//! The addresses of this feature.

use actix_web::{HttpResponse, get, put, web};

use super::model::{HoursBody, HoursView};
use crate::actors::House;
use crate::domain::WorkspaceId;
use crate::domain::hours::Hours;
use crate::http::{
    ApiError, ApiResult, Caller, IfMatch, NoQuery, OwnerCaller, ValidJson, endpoints, etag, kept,
};
use crate::storage::keys::{SettingKey, WorkspaceKey};
use crate::storage::settings::{Kept, number};

endpoints!(show_hours, keep_hours);

const fn key(workspace: WorkspaceId) -> SettingKey {
    SettingKey {
        workspace,
        setting: number::HOURS,
    }
}

fn answer(house: &House, kept: &Kept<Hours>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(etag(kept.version))
        .json(HoursView::new(kept, house.core.clock.now()))
}

/// Opening hours, and whether it is open now. Until someone sets them they are a suggestion with `configured: false`.
#[utoipa::path(tag = "workspace", responses((status = 200, body = HoursView)))]
#[get("/api/v1/hours")]
pub(super) async fn show_hours(house: web::Data<House>, who: Caller, _: NoQuery) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    if let Some(kept) = kept::read(store, &key(who.workspace))? {
        return Ok(answer(&house, &kept));
    }
    let workspace = store.get(&WorkspaceKey {
        workspace: who.workspace,
    })?;
    let workspace = workspace.ok_or_else(|| ApiError::not_found("workspace"))?;
    let suggestion = Kept {
        version: 0,
        value: Hours::usual(workspace.timezone),
    };
    Ok(answer(&house, &suggestion))
}

/// Sets the opening hours. For owners.
#[utoipa::path(tag = "workspace", params(("If-Match" = Option<String>, Header)), request_body = HoursBody,
    responses((status = 200, body = HoursView), (status = 412, description = "Changed meanwhile")))]
#[put("/api/v1/hours")]
pub(super) async fn keep_hours(
    house: web::Data<House>,
    who: OwnerCaller,
    body: ValidJson<HoursBody>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let hours = body.0.read()?;
    let store = &house.core.store;
    let seal = store.workspace_seal(who.workspace)?;
    let key = key(who.workspace);
    let set = |_: Option<Hours>| Ok(hours.clone());
    let kept = kept::change(store, &key, &seal, if_match, set).await?;
    Ok(answer(&house, &kept))
}
