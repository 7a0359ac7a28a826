//! What was sent and what it costs: by category, channel, country and day, with the owner's own prices and a monthly budget.
//!
//! Counts are written with the messages; prices are the owner's, never ours. Must not know other features.

mod cost;
mod money;
mod prices;
mod report;

use actix_web::web;

use crate::actors::House;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    cost::configure(config);
    report::configure(config);
    prices::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = report::Docs::openapi();
    document.merge(prices::Docs::openapi());
    document.merge(cost::Docs::openapi());
    document
}
