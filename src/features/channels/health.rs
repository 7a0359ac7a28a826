//! How a channel stands with its provider.

use actix_web::web::Json;
use actix_web::{get, post};
use tokio::sync::Semaphore;

use super::Machinery;
use super::manage::{CALL_TIME, provider_error, within};
use super::phone::PhoneView;
use super::routes::{entry, provider};
use crate::actors::House;
use crate::actors::channel::HealthError;
use crate::actors::phone_sync;
use crate::actors::registry::ChannelEntry;
use crate::actors::rotation::retired;
use crate::domain::health::{Quality, Restriction, Tier};
use crate::domain::operations::RawEvent;
use crate::domain::standing::NEAR_PERCENT;
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::views::PhraseView;
use crate::http::{ApiError, ApiResult, Caller, NoQuery, OwnerCaller, PathId, endpoints};
use crate::storage::keys::RawEventKey;
use crate::storage::{Batch, Prefix, StorageError};

endpoints!(show_health, refresh_health);

/// Deliveries looked at for the last one of a channel.
const MAX_LOOK: usize = 2_000;
/// Questions to providers at the same time, over all workspaces.
static CALLS: Semaphore = Semaphore::const_new(4);

/// Something that may not be done.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RestrictionView {
    /// `business_initiated`, `replies` or `other`.
    #[schema(value_type = String)]
    what: Restriction,
    /// The provider's word.
    word: String,
    /// Until when.
    #[schema(required)]
    until: Option<String>,
}

/// A secret that was replaced and is still accepted.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RetiredView {
    /// Its name.
    name: String,
    /// Until when.
    until: String,
}

/// How a channel stands with its provider.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct HealthView {
    /// `unknown`, `green`, `yellow` or `red`.
    #[schema(value_type = String)]
    quality: Quality,
    /// Customers who may be written to first within 24 hours; `null` for unlimited or not told.
    #[schema(required)]
    limit: Option<u32>,
    /// There is no limit.
    unlimited: bool,
    /// Customers who were, by this number and those that share its limit.
    used: u32,
    /// Names of the other numbers that share the limit: it is the business portfolio's.
    shared_with: Vec<String>,
    /// From this many on marketing waits.
    #[schema(required)]
    marketing_stops_at: Option<u32>,
    /// Messages a second at most.
    rate_per_s: u32,
    /// What may not be done.
    restrictions: Vec<RestrictionView>,
    /// Why the provider stopped the account.
    #[schema(required)]
    stopped: Option<String>,
    /// What the business's phone app shares, for a number that stays on it.
    #[schema(required)]
    phone: Option<PhoneView>,
    /// `stopped` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_phrase: Option<PhraseView>,
    /// Something to know about the account.
    #[schema(required)]
    warning: Option<String>,
    /// `warning` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_phrase: Option<PhraseView>,
    /// The name that customers see.
    display_name: String,
    /// What was decided about the name.
    name_decision: String,
    /// The user name of the number.
    username: String,
    /// When the provider last told anything of this.
    #[schema(required)]
    updated_at: Option<String>,
    /// When a webhook last came.
    #[schema(required)]
    last_webhook_at: Option<String>,
    /// Secrets that were replaced and are still accepted.
    previous_secrets: Vec<RetiredView>,
}

/// The last delivery that came for a channel by webhook, of the newest ones.
pub(super) fn last_delivery(
    house: &House,
    workspace: WorkspaceId,
    channel: ChannelId,
) -> Result<Option<RawEvent>, StorageError> {
    let prefix = Prefix::<RawEventKey>::table().with(workspace);
    let recent = house.core.store.scan_back(&prefix, None, MAX_LOOK)?;
    Ok(recent
        .into_iter()
        .map(|(_, raw)| raw)
        .find(|raw| raw.channel == channel && !raw.fetched))
}

fn view(house: &House, entry: &ChannelEntry) -> ApiResult<HealthView> {
    let (workspace, channel) = (entry.workspace, entry.channel.id);
    let now = house.core.clock.now();
    let health = house.core.health(workspace, channel)?;
    let reached = house.core.reached((workspace, channel), None, now)?;
    let tier = house.core.tier(workspace, channel)?;
    let sharing = house.core.portfolio(workspace, channel).into_iter();
    let sharing = sharing.filter(|it| it.channel.id != channel);
    let limit = match tier {
        Some(Tier::People(people)) => Some(people),
        Some(Tier::Unlimited) | None => None,
    };
    let near = |limit: u32| u32::try_from(u64::from(limit) * u64::from(NEAR_PERCENT) / 100).unwrap_or(limit);
    let restrictions = health.restricted(now).map(|it| RestrictionView {
        what: it.what,
        word: it.word.clone(),
        until: it.until.map(|until| until.to_string()),
    });
    let previous = retired(&entry.channel, now).into_iter().map(|it| RetiredView {
        name: it.name,
        until: it.until.to_string(),
    });
    let last = last_delivery(house, workspace, channel)?;
    Ok(HealthView {
        quality: health.quality,
        limit,
        unlimited: tier == Some(Tier::Unlimited),
        shared_with: sharing.map(|it| it.channel.name.clone()).collect(),
        used: reached.people,
        marketing_stops_at: limit.map(near),
        rate_per_s: house.core.rate(entry),
        restrictions: restrictions.collect(),
        stopped: health.stopped.clone(),
        phone: phone_sync::read(&house.core, workspace, channel)?.map(PhoneView::from),
        stopped_phrase: PhraseView::of_some(health.stopped.as_ref()),
        warning_phrase: PhraseView::of_some(health.warning.as_ref()),
        warning: health.warning.clone(),
        display_name: health.display_name.clone(),
        name_decision: health.name_decision.clone(),
        username: health.username.clone(),
        updated_at: health.updated_at.map(|at| at.to_string()),
        last_webhook_at: last.map(|raw| raw.received_at.to_string()),
        previous_secrets: previous.collect(),
    })
}

/// How a channel stands with its provider: quality, limit and its use, restrictions.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = HealthView)))]
#[get("/api/v1/channels/{id}/health")]
pub(super) async fn show_health(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<HealthView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    Ok(Json(view(&house, &entry)?))
}

/// Asks the provider how the channel stands. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = HealthView)))]
#[post("/api/v1/channels/{id}/health/refresh")]
pub(super) async fn refresh_health(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<HealthView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let Ok(_place) = CALLS.try_acquire() else {
        return Err(ApiError::busy(
            "Too many questions to providers are under way.",
            CALL_TIME.as_secs(),
        ));
    };
    let told = within(provider.fetch_health(&house.core.http, &entry.access)).await;
    let changes = told.map_err(|error| provider_error(&error))?;
    let changes = changes.into_iter().map(|change| (id.0, change)).collect();
    let changed = house
        .core
        .change_health(who.workspace, changes, Batch::new())
        .await;
    changed.map_err(|error| match error {
        HealthError::Storage(error) => ApiError::from(error),
        HealthError::Commit(error) => error.into(),
    })?;
    entry.outbox.notify_one();
    Ok(Json(view(&house, &entry)?))
}
