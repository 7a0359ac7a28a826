//! Raw webhook deliveries: by state, one with its payload, and replay.

use actix_web::web::Json;
use actix_web::{HttpResponse, get, post};

use super::Machinery;
use crate::actors::House;
use crate::actors::raw_events::{open, state_of};
use crate::actors::replay::{ReplayError, Replayed};
use crate::channels::{FieldError, ProviderKind};
use crate::domain::operations::{RawEvent, RawState};
use crate::domain::phrases;
use crate::domain::{RawEventId, WorkspaceId};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, ErrorCode, Items, ListId, ListQuery, NoQuery, OwnerCaller, Page,
    PageParams, PathId, ValidJson, endpoints,
};
use crate::storage::keys::{RawByStateKey, RawEventKey, RawPendingKey};
use crate::storage::{Prefix, StorageError, Store};

endpoints!(list_raw_events, show_raw_event, replay_raw_event, replay_parked);

/// Raw events looked at for one page of those that are done.
const MAX_LOOK: usize = 5_000;
const PAGE: usize = 256;

/// Which raw events.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// `pending`, `parked` or `done`; all of them unless given.
    #[param(value_type = Option<String>)]
    state: Option<RawState>,
}

/// A webhook delivery as one channel got it.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RawEventView {
    id: String,
    channel_id: String,
    #[schema(value_type = String)]
    #[schema(required)]
    provider: Option<ProviderKind>,
    received_at: String,
    /// `pending`, `parked` or `done`.
    #[schema(schema_with = crate::http::words::raw_state)]
    state: RawState,
    /// Why it was parked, the last time that it was.
    #[schema(required)]
    error: Option<String>,
    /// How often it was parked.
    attempts: u32,
    /// Size of the whole delivery in bytes.
    size: u32,
    trace_id: String,
    /// No webhook brought it: it was asked of the provider, because its delivery did not come.
    fetched: bool,
}

impl RawEventView {
    fn new(event: &RawEvent, state: RawState) -> Self {
        Self {
            id: event.id.to_string(),
            channel_id: event.channel.to_string(),
            provider: ProviderKind::from_u8(event.provider),
            received_at: event.received_at.to_string(),
            state,
            error: event.error.clone(),
            attempts: event.attempts,
            size: event.size,
            trace_id: event.trace.to_string(),
            fetched: event.fetched,
        }
    }
}

/// A webhook delivery with what it said.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RawEventWhole {
    #[serde(flatten)]
    event: RawEventView,
    /// The body; without the parts for other businesses, if it spoke to several. `null` once it is no longer kept.
    #[schema(required)]
    payload: Option<String>,
    /// The messages that it brought or gave news of.
    messages: Vec<String>,
}

/// What to replay.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayBody {
    /// `parked`.
    #[schema(schema_with = crate::http::words::raw_state)]
    state: RawState,
}

impl ApiBody for ReplayBody {
    fn check(&self) -> Result<(), FieldError> {
        match self.state {
            RawState::Parked => Ok(()),
            RawState::Pending | RawState::Done => Err(FieldError::new(
                "state",
                "Only parked ones can be replayed all at once.",
            )),
        }
    }
}

/// What came of a replay.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ReplayView {
    /// Taken up again; they are worked in shortly after.
    count: usize,
    /// Not taken up: no channel has their number, or their bytes are no longer kept.
    left: usize,
    /// There are more; call again.
    more: bool,
}

fn replay_error(error: ReplayError) -> ApiError {
    match error {
        ReplayError::NotFound => ApiError::not_found("raw event"),
        ReplayError::BytesGone => ApiError::new(ErrorCode::WrongState, phrases::DELIVERY_NOT_KEPT.text()),
        ReplayError::NoChannel => ApiError::new(ErrorCode::WrongState, phrases::DELIVERY_CHANNEL_GONE.text()),
        ReplayError::Storage(error) => error.into(),
        ReplayError::Commit(error) => error.into(),
    }
}

/// Webhook deliveries: what waits in order of arrival, everything else newest first.
#[utoipa::path(tag = "operations", params(Filter, PageParams), responses((status = 200, body = Items<RawEventView>)))]
#[get("/api/v1/raw-events")]
pub(super) async fn list_raw_events(
    house: Machinery,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<RawEventView>>> {
    let (store, workspace, page) = (&house.core.store, who.workspace, &query.page);
    let items = match query.filter.state {
        Some(RawState::Pending) => waiting(store, workspace, page)?,
        Some(RawState::Parked) => parked(store, workspace, page)?,
        state => newest(store, workspace, page, state)?,
    };
    Ok(Json(items))
}

fn waiting(store: &Store, workspace: WorkspaceId, page: &Page) -> ApiResult<Items<RawEventView>> {
    let list = ListId::new("raw events", workspace).with("pending");
    let prefix = Prefix::<RawPendingKey>::table().with(workspace);
    let after = page.after::<RawPendingKey>(&list)?;
    let keys = store.scan_keys(&prefix, after.as_ref(), page.limit + 1)?;
    let rows = hydrate(store, workspace, keys, |key| key.raw)?;
    Ok(shown(
        page.finish(&list, rows, |(_, event)| event),
        RawState::Pending,
    ))
}

fn parked(store: &Store, workspace: WorkspaceId, page: &Page) -> ApiResult<Items<RawEventView>> {
    let list = ListId::new("raw events", workspace).with("parked");
    let prefix = Prefix::<RawByStateKey>::table()
        .with(workspace)
        .with(RawState::Parked as u8);
    let before = page.after::<RawByStateKey>(&list)?;
    let keys = store.scan_keys_back(&prefix, before.as_ref(), page.limit + 1)?;
    let rows = hydrate(store, workspace, keys, |key| key.raw)?;
    Ok(shown(
        page.finish(&list, rows, |(_, event)| event),
        RawState::Parked,
    ))
}

/// Each key with its event; `None` if it was worked in or forgotten a moment ago, or cannot be read.
fn hydrate<K: Copy>(
    store: &Store,
    workspace: WorkspaceId,
    keys: Vec<K>,
    raw: impl Fn(&K) -> RawEventId,
) -> ApiResult<Vec<(K, Option<RawEvent>)>> {
    let read = |key: K| {
        let raw = raw(&key);
        match store.get(&RawEventKey { workspace, raw }) {
            Err(StorageError::Damaged { .. }) => Ok((key, None)),
            read => Ok((key, read?)),
        }
    };
    keys.into_iter().map(read).collect()
}

fn shown(events: Items<Option<RawEvent>>, state: RawState) -> Items<RawEventView> {
    let views = events.items.iter().flatten();
    Items {
        items: views.map(|event| RawEventView::new(event, state)).collect(),
        next_cursor: events.next_cursor,
    }
}

fn newest(
    store: &Store,
    workspace: WorkspaceId,
    page: &Page,
    wanted: Option<RawState>,
) -> ApiResult<Items<RawEventView>> {
    let list = ListId::new("raw events", workspace).with(wanted.map_or("all", |_| "done"));
    let prefix = Prefix::<RawEventKey>::table().with(workspace);
    let mut before = page.after::<RawEventKey>(&list)?;
    let (mut found, mut looked) = (Vec::new(), 0);
    let next = loop {
        let rows = store.scan_back(&prefix, before.as_ref(), PAGE)?;
        let is_last = rows.len() < PAGE;
        looked += rows.len();
        for (key, event) in rows {
            if found.len() == page.limit {
                return Ok(Items {
                    items: found,
                    next_cursor: before.map(|key| cursor(&list, &key)),
                });
            }
            before = Some(key);
            let state = state_of(store, workspace, &event)?;
            if wanted.is_none_or(|wanted| wanted == state) {
                found.push(RawEventView::new(&event, state));
            }
        }
        match (is_last, looked >= MAX_LOOK) {
            (true, _) => break None,
            // The caller goes on from here, even if this page is short.
            (false, true) => break before.map(|key| cursor(&list, &key)),
            (false, false) => {}
        }
    };
    Ok(Items {
        items: found,
        next_cursor: next,
    })
}

fn cursor(list: &ListId, key: &RawEventKey) -> String {
    use crate::storage::Key;
    list.cursor(&key.to_bytes()[1..])
}

fn event(house: &House, workspace: WorkspaceId, raw: RawEventId) -> ApiResult<RawEvent> {
    let found = house.core.store.get(&RawEventKey { workspace, raw })?;
    found.ok_or_else(|| ApiError::not_found("raw event"))
}

/// One webhook delivery with its body.
#[utoipa::path(tag = "operations", params(("id" = String, Path)), responses((status = 200, body = RawEventWhole)))]
#[get("/api/v1/raw-events/{id}")]
pub(super) async fn show_raw_event(
    house: Machinery,
    who: Caller,
    id: PathId<RawEventId>,
    _: NoQuery,
) -> ApiResult<Json<RawEventWhole>> {
    let event = event(&house, who.workspace, id.0)?;
    let state = state_of(&house.core.store, who.workspace, &event)?;
    let opened = open(&house.core, who.workspace, &event)?;
    Ok(Json(RawEventWhole {
        event: RawEventView::new(&event, state),
        payload: opened.payload,
        messages: opened.messages.iter().map(ToString::to_string).collect(),
    }))
}

/// Works one delivery in once more. What was worked in before has no second effect. For owners.
#[utoipa::path(tag = "operations", params(("id" = String, Path)), responses((status = 202, body = RawEventView)))]
#[post("/api/v1/raw-events/{id}/replay")]
pub(super) async fn replay_raw_event(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<RawEventId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let event = house.replay(who.workspace, id.0).await.map_err(replay_error)?;
    Ok(HttpResponse::Accepted().json(RawEventView::new(&event, RawState::Pending)))
}

/// Works in everything that is parked, once more. For owners.
#[utoipa::path(tag = "operations", request_body = ReplayBody, responses((status = 202, body = ReplayView)))]
#[post("/api/v1/raw-events/replay")]
pub(super) async fn replay_parked(
    house: Machinery,
    who: OwnerCaller,
    _body: ValidJson<ReplayBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let outcome = house.replay_parked(who.workspace).await.map_err(replay_error)?;
    let Replayed {
        replayed: count,
        left,
        more,
    } = outcome;
    Ok(HttpResponse::Accepted().json(ReplayView { count, left, more }))
}
