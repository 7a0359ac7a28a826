//! Messages whose webhooks never came: how far they were asked for, and asking now.

use std::time::Duration;

use actix_web::web::Json;
use actix_web::{get, post};

use super::Machinery;
use super::manage::provider_error;
use super::routes::entry;
use crate::actors::House;
use crate::actors::intake::IntakeError;
use crate::actors::missed::{LookError, Progress};
use crate::actors::registry::ChannelEntry;
use crate::domain::ChannelId;
use crate::domain::outbound::ErrorClass;
use crate::domain::phrases;
use crate::http::views::PhraseView;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, NoQuery, OwnerCaller, PathId, Trace, endpoints};
use crate::storage::settings::KeepError;

endpoints!(show_missed, fetch_missed);

/// When to come back while too much waits.
const BUSY: Duration = Duration::from_secs(5);

/// How far a provider was asked for messages whose webhooks never came.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct MissedView {
    /// Everything that was said before this was asked for; `null` if it never was.
    #[schema(required)]
    looked_until: Option<String>,
    /// When it was last tried.
    #[schema(required)]
    looked_at: Option<String>,
    /// Messages that the provider named in the last look; it overlaps with the one before.
    found: u32,
    /// Those among them that had not come.
    new: u32,
    /// The look was cut short and goes on by itself soon.
    more: bool,
    /// Why the last look failed.
    #[schema(required)]
    error: Option<String>,
    /// `error` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_phrase: Option<PhraseView>,
}

impl From<Progress> for MissedView {
    fn from(progress: Progress) -> Self {
        Self {
            more: progress.goes_on(),
            looked_until: progress.looked_until.map(|at| at.to_string()),
            looked_at: progress.looked_at.map(|at| at.to_string()),
            found: progress.found,
            new: progress.new,
            error_phrase: PhraseView::of_some(progress.error.as_ref()),
            error: progress.error,
        }
    }
}

fn view(house: &House, entry: &ChannelEntry) -> ApiResult<MissedView> {
    Ok(house.missed.progress(entry.workspace, entry.channel.id)?.into())
}

fn look_error(error: LookError) -> ApiError {
    match error {
        LookError::NotOffered => ApiError::new(ErrorCode::WrongState, phrases::MISSED_NOT_OFFERED.text()),
        LookError::TooSoon(wait) => {
            ApiError::new(ErrorCode::RateLimited, phrases::MISSED_TOO_SOON.text()).retry_after(wait.as_secs())
        }
        LookError::Blocked(why) => ApiError::new(
            ErrorCode::WrongState,
            phrases::CHECK_CHANNEL_BLOCKED.with(&[("why", &why)]),
        ),
        LookError::Provider(error) if error.class == ErrorClass::Throttle => {
            let wait = error.retry_after.map_or(60, |wait| wait.as_secs());
            ApiError::new(ErrorCode::RateLimited, phrases::MISSED_THROTTLED.text()).retry_after(wait)
        }
        LookError::Provider(error) => provider_error(&error),
        LookError::Intake(IntakeError::Storage(error)) | LookError::Storage(error) => error.into(),
        LookError::Intake(IntakeError::Commit(error)) => error.into(),
        LookError::Intake(_) => ApiError::busy("Too many deliveries wait to be worked in.", BUSY.as_secs()),
        LookError::Keep(KeepError::Storage(error)) => error.into(),
        LookError::Keep(KeepError::Commit(error)) => error.into(),
    }
}

/// How far the provider was asked for messages whose webhooks never came. It is asked after every start and every quarter of
/// an hour.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = MissedView)))]
#[get("/api/v1/channels/{id}/missed")]
pub(super) async fn show_missed(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<MissedView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    Ok(Json(view(&house, &entry)?))
}

/// Asks the provider now for messages whose webhooks never came; they are worked in shortly after, each once. Once in half a
/// minute; 409 where the provider keeps no list. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = MissedView),
    (status = 409, description = "The provider keeps no list, refuses, or the channel is blocked"), (status = 429)))]
#[post("/api/v1/channels/{id}/missed")]
pub(super) async fn fetch_missed(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<MissedView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let looked = house.missed.ask(&entry).await.map_err(look_error)?;
    tracing::info!(user = %who.user, channel = %id.0, trace = %trace.0, found = looked.found, new = looked.new,
        "missed messages were fetched on demand");
    Ok(Json(view(&house, &entry)?))
}
