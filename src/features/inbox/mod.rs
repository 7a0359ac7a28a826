//! Conversations and their messages: listing, reading, answering, tidying up.
//!
//! Every change goes through the conversation's actor; this feature only asks it. Must not know other features.

mod body;
mod bulk;
mod by_time;
mod contacts;
mod drafts;
mod errors;
mod list;
mod listing;
mod mentions;
mod merges;
mod model;
mod recipients;
mod send;
mod sorted;
mod start;
mod tickets;
mod timeline;
mod views;

use actix_web::web;

pub use bulk::BulkJobs;
pub use views::plant as plant_view;

use crate::actors::House;
use crate::domain::{Conversation, ConversationId, WorkspaceId};
use crate::http::views::Viewer;
use crate::http::{ApiError, ApiResult};
use crate::storage::keys::ConversationKey;

/// The machinery, in `web::Data`.
pub(crate) type Machinery = web::Data<House>;

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    list::configure(config);
    // Before conversations by id: `count` is none.
    listing::configure(config);
    bulk::configure(config);
    mentions::configure(config);
    views::configure(config);
    tickets::configure(config);
    timeline::configure(config);
    send::configure(config);
    start::configure(config);
    recipients::configure(config);
    contacts::configure(config);
    merges::configure(config);
    drafts::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = list::Docs::openapi();
    for part in [
        listing::Docs::openapi(),
        bulk::Docs::openapi(),
        mentions::Docs::openapi(),
        views::Docs::openapi(),
        tickets::Docs::openapi(),
        timeline::Docs::openapi(),
        send::Docs::openapi(),
        start::Docs::openapi(),
        recipients::Docs::openapi(),
        contacts::Docs::openapi(),
        merges::Docs::openapi(),
        drafts::Docs::openapi(),
    ] {
        document.merge(part);
    }
    document
}

fn viewer(house: &House, workspace: WorkspaceId) -> Viewer<'_> {
    Viewer::new(&house.core.store, workspace, house.core.clock.now())
}

fn conversation(house: &House, workspace: WorkspaceId, id: ConversationId) -> ApiResult<Conversation> {
    let found = house.core.store.get(&ConversationKey {
        workspace,
        conversation: id,
    })?;
    found.ok_or_else(|| ApiError::not_found("conversation"))
}
