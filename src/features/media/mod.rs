//! Files over HTTP: taken in, handed out, looked after.
//!
//! Owns the routes and what a browser may do with a file: nothing that came from a customer is ever run. How files are
//! kept and fetched is the machinery's business.

mod manage;
mod serve;
mod upload;

use actix_web::web;

use crate::actors::House;
use crate::actors::media::{ChangeError, resolve};
use crate::domain::media::Media;
use crate::domain::{MediaId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode};
use crate::storage::keys::MediaKey;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    upload::configure(config);
    manage::configure(config);
    serve::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = upload::Docs::openapi();
    document.merge(manage::Docs::openapi());
    document.merge(serve::Docs::openapi());
    document
}

/// The record that an address names: by our id, or by what the provider calls it.
fn named(house: &House, workspace: WorkspaceId, text: &str) -> ApiResult<Media> {
    let id = resolve(&house.core.store, workspace, text)?.ok_or_else(not_found)?;
    record(house, workspace, id)
}

fn record(house: &House, workspace: WorkspaceId, media: MediaId) -> ApiResult<Media> {
    let found = house.core.store.get(&MediaKey { workspace, media })?;
    found.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("file")
}

fn change_error(error: ChangeError) -> ApiError {
    match error {
        ChangeError::NotFound => not_found(),
        ChangeError::WrongState(why) => ApiError::new(ErrorCode::WrongState, why),
        ChangeError::Storage(error) => error.into(),
        ChangeError::Commit(error) => error.into(),
    }
}
