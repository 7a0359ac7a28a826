//! How everything is, on one page.

use std::sync::Arc;

use actix_web::get;
use actix_web::web::{self, Json};

use super::alerts::{AlertView, open_alerts};
use super::{Machinery, Views};
use crate::actors::House;
use crate::actors::board::{ActorState, ActorStatus};
use crate::actors::registry::ChannelEntry;
use crate::domain::operations::RawState;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::http::views::BreakerView;
use crate::http::{ApiResult, Caller, NoQuery, endpoints};
use crate::storage::keys::{RawByStateKey, RawEventKey, RawPendingKey};
use crate::storage::{Key, Prefix, StorageError, Store, StoreState};

endpoints!(show_system);

/// Rows counted of each state of raw events.
const MAX_COUNTED: usize = 10_000;
/// Alerts looked at.
const MAX_ALERTS: usize = 100;

/// Where the search index is.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SearchFigures {
    /// The last event that can be found.
    position: u64,
    /// Events that cannot be found yet.
    lag: u64,
    /// Things that can be found.
    documents: u64,
}

/// What the machinery cannot tell of itself; in `web::Data`.
pub struct Workings {
    /// When the program started.
    pub started_at: Timestamp,
}

/// One actor.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct ActorView {
    name: String,
    /// `channel`, `dispatcher`, `scheduler` …
    kind: &'static str,
    /// `running`, `restarting` or `stopped`.
    #[schema(schema_with = crate::http::words::actor_state)]
    state: ActorState,
    /// How often a fresh one was started.
    restarts: u32,
    /// Work waiting in front of it.
    mailbox: usize,
    #[schema(required)]
    last_error: Option<String>,
    /// When the state last changed.
    since: String,
}

impl From<ActorStatus> for ActorView {
    fn from(status: ActorStatus) -> Self {
        Self {
            name: status.name,
            kind: status.kind,
            state: status.state,
            restarts: status.restarts,
            mailbox: status.mailbox,
            last_error: status.last_error,
            since: status.since.to_string(),
        }
    }
}

/// What waits in front of one channel.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct ChannelQueueView {
    channel_id: String,
    channel_name: String,
    queued: usize,
    active: usize,
    doubtful: usize,
    dead: usize,
    /// The figures are lower bounds.
    more: bool,
    /// Messages a second that the channel may send.
    rate_per_s: u32,
    breaker: BreakerView,
}

/// The store.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct StorageView {
    journal_bytes: u64,
    journal_segments: usize,
    store_bytes: u64,
    /// The last event's place.
    last_seq: u64,
    free_bytes: u64,
    /// Below this nothing is written.
    min_free_bytes: u64,
    /// Changes that wait for the writer.
    waiting: usize,
    mean_commit_us: u64,
    slowest_commit_us: u64,
    /// Damaged records met since the start.
    damaged_records: u64,
}

/// This workspace's webhook deliveries.
#[derive(Debug, Default, serde::Serialize, utoipa::ToSchema)]
struct RawCounts {
    pending: usize,
    parked: usize,
    done: usize,
    /// There are more than were counted.
    more: bool,
}

/// How everything is.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SystemView {
    version: &'static str,
    started_at: String,
    /// `ok` or `read_only`.
    #[schema(schema_with = crate::http::words::system_state)]
    state: &'static str,
    #[schema(required)]
    state_reason: Option<String>,
    actors: Vec<ActorView>,
    /// Conversations in memory.
    conversations_running: usize,
    queues: Vec<ChannelQueueView>,
    storage: StorageView,
    search: SearchFigures,
    raw_events: RawCounts,
    /// Alerts that hold now.
    alerts: Vec<AlertView>,
}

/// How everything is: actors, queues, storage, search, webhook deliveries, alerts.
#[utoipa::path(tag = "operations", responses((status = 200, body = SystemView)))]
#[get("/api/v1/system")]
pub(super) async fn show_system(
    house: Machinery,
    views: Views,
    workings: web::Data<Workings>,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<SystemView>> {
    let store = &house.core.store;
    let (state, state_reason) = match &*store.watch_state().borrow() {
        StoreState::Ok => ("ok", None),
        StoreState::ReadOnly(why) => ("read_only", Some(why.clone())),
    };
    let queues = views.queues(who.workspace)?;
    let entries = house.core.registry.list(who.workspace);
    let queue = |entry: &Arc<ChannelEntry>| {
        let queue = queues.get(&entry.channel.id).copied().unwrap_or_default();
        ChannelQueueView {
            channel_id: entry.channel.id.to_string(),
            channel_name: entry.channel.name.clone(),
            queued: queue.queued,
            active: queue.active,
            doubtful: queue.doubtful,
            dead: queue.dead,
            more: queue.more,
            rate_per_s: rate(&house, entry),
            breaker: BreakerView::new(&entry.channel, &queue),
        }
    };
    Ok(Json(SystemView {
        version: env!("CARGO_PKG_VERSION"),
        started_at: workings.started_at.to_string(),
        state,
        state_reason,
        actors: actors(&house, who.workspace),
        conversations_running: house.hub.running(),
        queues: entries.iter().map(queue).collect(),
        storage: storage(store)?,
        search: search(&house),
        raw_events: raw_counts(store, who.workspace)?,
        alerts: open_alerts(&house, who.workspace, MAX_ALERTS)?,
    }))
}

/// The actors that serve this workspace: those of its channels, and those that serve everyone.
fn actors(house: &House, workspace: WorkspaceId) -> Vec<ActorView> {
    let concerns = |status: &ActorStatus| {
        let channel = status.name.rsplit(' ').next().and_then(|id| id.parse().ok());
        channel.is_none_or(|id: ChannelId| house.core.registry.find(workspace, id).is_some())
    };
    let lines = house.core.board.list().into_iter();
    lines.filter(concerns).map(ActorView::from).collect()
}

fn rate(house: &House, entry: &ChannelEntry) -> u32 {
    let said = entry.access.settings.get("rate_per_s");
    let said = said.and_then(|text| text.parse().ok());
    let usual = || {
        let provider = house.core.provider(entry.kind);
        provider.map_or(0, |it| {
            it.capabilities_for(&entry.channel.settings).default_rate_per_s
        })
    };
    said.unwrap_or_else(usual)
}

fn search(house: &House) -> SearchFigures {
    let last = *house.core.store.watch_events().borrow();
    let position = house.core.search.position();
    SearchFigures {
        position,
        lag: last.saturating_sub(position),
        documents: house.core.search.documents(),
    }
}

fn storage(store: &Store) -> Result<StorageView, StorageError> {
    let status = store.status()?;
    Ok(StorageView {
        journal_bytes: status.journal_bytes,
        journal_segments: status.segments,
        store_bytes: status.state_bytes,
        last_seq: status.last_seq,
        free_bytes: status.free_bytes,
        min_free_bytes: status.min_free_bytes,
        waiting: status.queued + status.queued_bulk,
        mean_commit_us: status.mean_commit_us,
        slowest_commit_us: status.slowest_commit_us,
        damaged_records: status.damaged_records,
    })
}

fn raw_counts(store: &Store, workspace: WorkspaceId) -> Result<RawCounts, StorageError> {
    fn count<K: Key>(store: &Store, prefix: &Prefix<K>) -> Result<usize, StorageError> {
        Ok(store.scan_keys(prefix, None, MAX_COUNTED)?.len())
    }
    let parked = Prefix::<RawByStateKey>::table()
        .with(workspace)
        .with(RawState::Parked as u8);
    let pending = count(store, &Prefix::<RawPendingKey>::table().with(workspace))?;
    let parked = count(store, &parked)?;
    let all = count(store, &Prefix::<RawEventKey>::table().with(workspace))?;
    Ok(RawCounts {
        pending,
        parked,
        done: all.saturating_sub(pending + parked),
        more: [pending, parked, all].contains(&MAX_COUNTED),
    })
}
