//! What customers allow: shown with its proof, changed by the team with a reason, and how keywords are heeded.
//!
//! Changes go through the conversation's actor. Must not know other features.

mod contacts;
mod settings;

use actix_web::web;

use crate::actors::House;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    contacts::configure(config);
    settings::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = contacts::Docs::openapi();
    document.merge(settings::Docs::openapi());
    document
}
