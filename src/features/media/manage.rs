//! What a file is and where it stands; fetching it again; letting it go; how long files are kept.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, delete, get, post, put};

use super::{Machinery, change_error, named};
use crate::actors::media::{MAX_DAYS, Retention, fetch_again, forget, keep_retention, retention};
use crate::domain::phrases;
use crate::http::views::MediaView;
use crate::http::{ApiBody, ApiResult, Caller, FieldError, NoQuery, OwnerCaller, ValidJson, endpoints};

endpoints!(
    show_media,
    fetch_media,
    delete_media,
    show_retention,
    set_retention
);

const DELETED: &str = phrases::FILE_DELETED_BY_TEAM.text();

/// What a file is and where it stands.
#[utoipa::path(tag = "media", params(("id" = String, Path)), responses((status = 200, body = MediaView)))]
#[get("/api/v1/media/{id}/details")]
pub(super) async fn show_media(
    house: Machinery,
    who: Caller,
    id: Path<String>,
    _: NoQuery,
) -> ApiResult<Json<MediaView>> {
    let media = named(&house, who.workspace, &id)?;
    let now = house.core.clock.now();
    Ok(Json(MediaView::new(
        &house.core.store,
        who.workspace,
        &media,
        now,
    )))
}

/// Fetches a customer's file from the provider again.
#[utoipa::path(tag = "media", params(("id" = String, Path)),
    responses((status = 202, body = MediaView), (status = 409, description = "It is here, or there is nowhere to fetch it from")))]
#[post("/api/v1/media/{id}/fetch")]
pub(super) async fn fetch_media(
    house: Machinery,
    who: Caller,
    id: Path<String>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let media = named(&house, who.workspace, &id)?;
    let media = fetch_again(&house.core, who.workspace, media.id).await;
    let media = media.map_err(change_error)?;
    let now = house.core.clock.now();
    let view = MediaView::new(&house.core.store, who.workspace, &media, now);
    Ok(HttpResponse::Accepted().json(view))
}

/// Deletes a file; its message stays. Owners only.
#[utoipa::path(tag = "media", params(("id" = String, Path)), responses((status = 200, body = MediaView)))]
#[delete("/api/v1/media/{id}")]
pub(super) async fn delete_media(
    house: Machinery,
    who: OwnerCaller,
    id: Path<String>,
    _: NoQuery,
) -> ApiResult<Json<MediaView>> {
    let media = named(&house, who.workspace, &id)?;
    let media = forget(&house.core, who.workspace, media.id, DELETED).await;
    let media = media.map_err(change_error)?;
    let now = house.core.clock.now();
    Ok(Json(MediaView::new(
        &house.core.store,
        who.workspace,
        &media,
        now,
    )))
}

/// How long files are kept.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetentionBody {
    /// Days after which a file is deleted, 1 to 3650; its message stays. `null`: never.
    #[schema(required)]
    days: Option<u32>,
}

impl ApiBody for RetentionBody {
    fn check(&self) -> Result<(), FieldError> {
        match self.days {
            Some(days) if !(1..=MAX_DAYS).contains(&days) => Err(FieldError::new(
                "days",
                format!("must be 1 to {MAX_DAYS}, or null for ever."),
            )),
            _ => Ok(()),
        }
    }
}

/// How long this workspace keeps files.
#[utoipa::path(tag = "media", responses((status = 200, body = RetentionBody)))]
#[get("/api/v1/settings/media")]
pub(super) async fn show_retention(
    house: Machinery,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<RetentionBody>> {
    let Retention { days } = retention(&house.core.store, who.workspace)?;
    Ok(Json(RetentionBody { days }))
}

/// Says how long this workspace keeps files. Old ones are deleted once a day. Owners only.
#[utoipa::path(tag = "media", request_body = RetentionBody, responses((status = 200, body = RetentionBody)))]
#[put("/api/v1/settings/media")]
pub(super) async fn set_retention(
    house: Machinery,
    who: OwnerCaller,
    body: ValidJson<RetentionBody>,
    _: NoQuery,
) -> ApiResult<Json<RetentionBody>> {
    let days = body.days;
    keep_retention(&house.core.store, who.workspace, Retention { days }).await?;
    Ok(Json(RetentionBody { days }))
}
