//! The business profile's picture: shown here, and on its way to the provider.

use actix_web::{HttpResponse, get};

use super::Machinery;
use super::manage::{provider_error, within};
use super::routes::{entry, provider};
use crate::actors::House;
use crate::actors::media::{OpenError, open, plain_name, show_picture as fetch};
use crate::actors::registry::ChannelEntry;
use crate::channels::Provider;
use crate::channels::media::MediaUpload;
use crate::domain::media::{Media, MediaState};
use crate::domain::phrases;
use crate::domain::{ChannelId, MediaId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode, NoQuery, OwnerCaller, PathId, endpoints};
use crate::storage::StorageError;
use crate::storage::keys::MediaKey;

endpoints!(show_picture);

/// Largest picture in bytes (Meta: business profiles, 5 MB).
const MAX_BYTES: usize = 5 << 20;
/// Fewest pixels of a side (Meta shows pictures of 192 pixels; smaller ones are refused).
const MIN_SIDE: u32 = 192;
/// What a picture can be (Meta: resumable upload, business profiles).
const TYPES: [&str; 2] = ["image/jpeg", "image/png"];

fn refuse(detail: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::invalid_field("picture", detail)
}

/// Gives the provider the uploaded file of this id, and answers what the profile names it by.
///
/// # Errors
/// The file is not here or no such picture, or the provider takes none.
pub(super) async fn hand_over(
    house: &House,
    entry: &ChannelEntry,
    provider: &dyn Provider,
    picture: &str,
) -> ApiResult<String> {
    let Some(care) = provider.number_care() else {
        return Err(ApiError::new(
            ErrorCode::WrongState,
            phrases::NOT_OFFERED_HERE.text(),
        ));
    };
    let media = find(house, entry.workspace, picture)?;
    check(&media)?;
    let core = &house.core;
    let (bytes, size) = open(core, entry.workspace, &media)
        .await
        .map_err(|error| match error {
            OpenError::Gone => refuse(phrases::PICTURE_GONE.text()),
            OpenError::Damaged(why) | OpenError::Unreadable(why) => {
                ApiError::internal("reading a picture", why)
            }
        })?;
    let upload = MediaUpload {
        kind: media.kind,
        mime: media.mime.clone(),
        filename: plain_name(&media),
        size,
        bytes,
    };
    let given = within(care.upload_picture(&core.http, &entry.access, upload)).await;
    given.map_err(|error| provider_error(&error))
}

fn find(house: &House, workspace: WorkspaceId, picture: &str) -> ApiResult<Media> {
    let gone = || refuse(phrases::PICTURE_GONE.text());
    let media: MediaId = picture.parse().map_err(|_| gone())?;
    match house.core.store.get(&MediaKey { workspace, media }) {
        Ok(Some(media)) if media.state == MediaState::Stored => Ok(media),
        Ok(_) | Err(StorageError::Erased) => Err(gone()),
        Err(error) => Err(error.into()),
    }
}

fn check(media: &Media) -> ApiResult<()> {
    if !TYPES.contains(&media.mime.as_str()) {
        return Err(refuse(phrases::PICTURE_TYPE.with(&[("mime", &media.mime)])));
    }
    if media.size > MAX_BYTES as u64 {
        return Err(refuse(phrases::PICTURE_TOO_LARGE.text()));
    }
    let (width, height) = media.dimensions.unwrap_or((MIN_SIDE, MIN_SIDE));
    match width.min(height) < MIN_SIDE {
        true => Err(refuse(
            phrases::PICTURE_TOO_SMALL.with(&[("width", &width), ("height", &height)]),
        )),
        false => Ok(()),
    }
}

/// The picture of the business profile, as the provider shows it to customers. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)),
    responses((status = 200, content_type = "image/*"), (status = 404, description = "There is none")))]
#[get("/api/v1/channels/{id}/profile/picture")]
pub(super) async fn show_picture(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let profile = within(provider.business_profile(&house.core.http, &entry.access)).await;
    let address = profile.map_err(|error| provider_error(&error))?.picture_url;
    let found = match address {
        Some(address) => fetch(&house.core, &entry, &address, MAX_BYTES).await,
        None => None,
    };
    let (mime, bytes) = found.ok_or_else(|| ApiError::not_found("picture"))?;
    Ok(HttpResponse::Ok()
        .content_type(mime)
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(bytes))
}
