//! Connected numbers: adding, changing, testing, removing.
//!
//! Owns what a person may say about a channel. Records are written by the registry; what a valid setting is, the
//! provider says. Must not know conversations or other features.

mod doctor;
mod errors;
mod health;
mod login;
mod manage;
mod missed;
mod model;
mod number;
mod phone;
mod picture;
mod routes;
mod sandbox;
#[cfg(test)]
mod tests;
mod welcome;

use actix_web::web;

use crate::actors::House;
use crate::http::views::ChannelViews;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;
/// How channels are shown, in `web::Data`.
type Views = web::Data<ChannelViews>;

pub use login::{Logins, SimulatedApp};

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    // Before the addresses with an id in them.
    login::configure(config);
    routes::configure(config);
    welcome::configure(config);
    health::configure(config);
    manage::configure(config);
    number::configure(config);
    picture::configure(config);
    missed::configure(config);
    doctor::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = routes::Docs::openapi();
    for part in [
        health::Docs::openapi(),
        manage::Docs::openapi(),
        number::Docs::openapi(),
        picture::Docs::openapi(),
        missed::Docs::openapi(),
        doctor::Docs::openapi(),
    ] {
        document.merge(part);
    }
    document.merge(login::Docs::openapi());
    document.merge(welcome::Docs::openapi());
    document
}
