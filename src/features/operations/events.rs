//! The journal as a list: what happened in this workspace, in the one order in which it happened.

use actix_web::get;
use actix_web::web::Json;
use serde_json::{Value, json};

use super::Machinery;
use crate::domain::{Event, EventKind, WorkspaceId};
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, StrictQuery, endpoints};
use crate::storage::{StorageError, Store};

endpoints!(list_events);

/// Events of all workspaces that one call looks at.
const MAX_LOOK: usize = 5_000;
/// Events read in one go.
const PAGE: usize = 500;
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// Which part of the journal.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Only what came after this place; 0 for everything that is kept.
    after: Option<u64>,
    /// Most events to give, 1–100; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Something that happened.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct EventView {
    /// Its place in the order.
    seq: u64,
    /// `message.created` …
    #[serde(rename = "type")]
    kind: &'static str,
    /// When.
    at: String,
    /// Its trace.
    trace_id: String,
    /// Ids of what it is about.
    #[schema(value_type = Object)]
    data: Value,
}

/// A part of the journal.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct EventPage {
    /// This workspace's events, in order.
    items: Vec<EventView>,
    /// The last place that was looked at: `after` of the next call. The same as `after` if nothing is newer.
    next_cursor: u64,
    /// Events after `after` are no longer kept: something may have been missed.
    gap: bool,
}

/// What happened after a place in the journal.
#[utoipa::path(tag = "operations", params(After), responses((status = 200, body = EventPage)))]
#[get("/api/v1/events")]
pub(super) async fn list_events(
    house: Machinery,
    who: Caller,
    query: StrictQuery<After>,
) -> ApiResult<Json<EventPage>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let detail = format!("limit must be 1 to {MAX_LIMIT}.");
        return Err(ApiError::new(ErrorCode::InvalidQuery, detail).at("limit"));
    }
    let after = query.after.unwrap_or(0);
    let store = &house.core.store;
    let gap = after.saturating_add(1) < store.oldest_event();
    let (events, next_cursor) = look(store, who.workspace, after, limit)?;
    Ok(Json(EventPage {
        items: events.iter().map(view).collect(),
        next_cursor,
        gap,
    }))
}

/// Up to `limit` events of a workspace after a place, and the last place that was looked at.
fn look(
    store: &Store,
    workspace: WorkspaceId,
    after: u64,
    limit: usize,
) -> Result<(Vec<Event>, u64), StorageError> {
    let (mut found, mut position, mut looked) = (Vec::new(), after, 0);
    while looked < MAX_LOOK {
        let page = store.events_after(position, PAGE)?;
        if page.is_empty() {
            break;
        }
        looked += page.len();
        for event in page {
            position = event.seq;
            if event.workspace == workspace {
                found.push(event);
            }
            if found.len() == limit {
                return Ok((found, position));
            }
        }
    }
    Ok((found, position))
}

fn view(event: &Event) -> EventView {
    EventView {
        seq: event.seq,
        kind: event.kind.name(),
        at: event.at.to_string(),
        trace_id: event.trace.to_string(),
        data: ids(&event.kind),
    }
}

fn ids(kind: &EventKind) -> Value {
    match kind {
        EventKind::MessageCreated(id)
        | EventKind::MessageUpdated(id)
        | EventKind::MessageRevised(id)
        | EventKind::DeadLetterCreated(id)
        | EventKind::DeadLetterRemoved(id) => json!({"message_id": id, "conversation_id": id.conversation}),
        EventKind::ConversationCreated(id) | EventKind::ConversationUpdated(id) => {
            json!({"conversation_id": id})
        }
        EventKind::ContactCreated(id) | EventKind::ContactUpdated(id) => json!({"contact_id": id}),
        EventKind::ChannelUpdated(id) | EventKind::ChannelRemoved(id) => json!({"channel_id": id}),
        EventKind::RawEventParked(id) => json!({"raw_event_id": id.to_string()}),
        EventKind::NoticeCreated(id) => json!({"notice_id": id.to_string()}),
        EventKind::UserUpdated(id) => json!({"user_id": id}),
        EventKind::AlertRaised(id) | EventKind::AlertCleared(id) => json!({"alert_id": id.to_string()}),
    }
}
