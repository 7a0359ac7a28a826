//! How the house is and what needs a person: figures, logs, raw events, dead letters, doubtful sends, notices, alerts,
//! backups.
//!
//! Owns nothing but the alert settings; everything else it reads, and asks the machinery to act. Must not know other
//! features.

mod alerts;
mod backups;
mod events;
mod letters;
mod logs;
mod notices;
mod raw;
mod system;

use actix_web::web;

use crate::actors::House;
use crate::http::views::ChannelViews;

pub use alerts::AlertSettings;
pub use system::Workings;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;
/// How channels are shown, in `web::Data`.
type Views = web::Data<ChannelViews>;

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    system::configure(config);
    logs::configure(config);
    raw::configure(config);
    letters::configure(config);
    notices::configure(config);
    alerts::configure(config);
    backups::configure(config);
    events::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = system::Docs::openapi();
    for part in [
        logs::Docs::openapi(),
        raw::Docs::openapi(),
        letters::Docs::openapi(),
        notices::Docs::openapi(),
        alerts::Docs::openapi(),
        backups::Docs::openapi(),
        events::Docs::openapi(),
    ] {
        document.merge(part);
    }
    document
}
