//! Message templates: writing, checking, review within the house and at the provider, library, figures.
//!
//! Owns every template record: handlers, the poll and the reader of notices all write through [`store`], which decides
//! conflicts. What a provider calls things is its adapter's matter. Must not know other features.

mod bulk;
mod errors;
mod library;
mod list;
mod model;
mod performance;
mod plant;
mod poll;
mod reader;
mod review;
mod routes;
mod samples;
mod store;
mod sync;
mod tools;
mod transfer;
mod views;

pub use plant::{Planted, from_library, plant};

use std::sync::Arc;

use actix_web::web;
use tokio_util::sync::CancellationToken;

use crate::actors::House;
use crate::actors::core::Core;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;

/// Registers the feature's routes. Fixed addresses come before those with an id.
pub fn configure(config: &mut web::ServiceConfig) {
    tools::configure(config);
    transfer::configure(config);
    bulk::configure(config);
    list::configure(config);
    review::configure(config);
    routes::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = routes::Docs::openapi();
    for part in [
        list::Docs::openapi(),
        review::Docs::openapi(),
        bulk::Docs::openapi(),
        transfer::Docs::openapi(),
        tools::Docs::openapi(),
    ] {
        document.merge(part);
    }
    document
}

/// Acts on notices and counts what became of messages, until told to stop.
pub async fn follow(core: Arc<Core>, token: CancellationToken) {
    reader::run(core, token).await;
}

/// Reads the providers' lists from time to time, until told to stop.
pub async fn poll(core: Arc<Core>, token: CancellationToken) {
    poll::run(core, token).await;
}
