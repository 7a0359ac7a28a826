//! The devices on which a person is told while no page is open: each belongs to a browser session and ends with it.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::actors::House;
use crate::actors::push::{self, Device, MAX_DEVICES, MAX_ENDPOINT, Outcome, Push, PushError, Unfit};
use crate::domain::phrases;
use crate::domain::{SessionId, Timestamp};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, Credential, ErrorCode, FieldError, Items, ListId, NoQuery, Page,
    PageParams, PathId, ValidJson,
};
use crate::storage::keys::PushDeviceKey;

/// Longest key or secret of a subscription, in characters.
const MAX_KEY: usize = 200;
/// Trials at once: each may wait for a push service.
static TRIALS: Semaphore = Semaphore::const_new(4);
/// When to try again if too many are under way, in seconds.
const TRIAL_SECONDS: u64 = 20;

/// What a browser needs to subscribe.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Push)]
pub(crate) struct PushView {
    /// `applicationServerKey`: the appliance's public key, an uncompressed point of P-256 in base64url.
    public_key: String,
    /// What is told to this session's browser; `null` for nothing.
    #[schema(required)]
    device: Option<DeviceView>,
}

/// A device that is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceView {
    /// Its session's.
    #[schema(value_type = String)]
    id: SessionId,
    /// Browser's name for itself.
    user_agent: String,
    /// Since when it is told.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The host of its push service.
    service: String,
    /// The one that asks.
    current: bool,
    /// Why the last telling did not reach it; `null` if it did.
    #[schema(required)]
    problem: Option<String>,
}

/// What a browser answers to `pushManager.subscribe`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    /// Where the push service takes messages for it. https, and of a public host.
    #[schema(max_length = 2048)]
    endpoint: String,
    keys: SubscriptionKeys,
}

/// What messages are sealed with (RFC 8291).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionKeys {
    /// Public key: an uncompressed point of P-256 in base64url.
    #[schema(max_length = 200)]
    p256dh: String,
    /// Secret: 16 bytes in base64url.
    #[schema(max_length = 200)]
    auth: String,
}

/// What became of a trial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceTrial)]
pub(crate) struct TrialView {
    /// The push service took the message.
    ok: bool,
    /// The device is gone: its push service does not know it any more.
    removed: bool,
    /// What was answered, in plain words.
    detail: String,
}

impl ApiBody for Subscription {
    const LIMIT: usize = 8 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        for (field, text, most) in [
            ("endpoint", &self.endpoint, MAX_ENDPOINT),
            ("keys.p256dh", &self.keys.p256dh, MAX_KEY),
            ("keys.auth", &self.keys.auth, MAX_KEY),
        ] {
            if text.len() > most {
                return Err(FieldError::new(field, format!("At most {most} characters.")));
            }
        }
        Ok(())
    }
}

fn unfit(which: Unfit) -> ApiError {
    let (field, detail) = match which {
        Unfit::Endpoint => ("endpoint", "Give the https address of a public push service."),
        Unfit::P256dh => ("keys.p256dh", "Give a point of P-256 in base64url."),
        Unfit::Auth => ("keys.auth", "Give 16 bytes in base64url."),
    };
    ApiError::invalid_field(field, detail)
}

fn failed(error: PushError) -> ApiError {
    match error {
        PushError::Storage(error) => error.into(),
        PushError::Commit(error) => error.into(),
        PushError::Key(cause) => {
            tracing::error!(cause, "push messages cannot be sealed");
            ApiError::new(
                ErrorCode::Internal,
                "Push messages cannot be sealed; see the log.",
            )
        }
    }
}

fn view(house: &House, who: &Caller, key: &PushDeviceKey, device: Device) -> ApiResult<DeviceView> {
    let now = house.core.clock.now();
    let url = reqwest::Url::parse(&device.endpoint).ok();
    Ok(DeviceView {
        id: key.session,
        user_agent: push::user_agent(&house.core.store, key, now)?,
        since: Timestamp(device.since),
        service: url
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default(),
        current: who.credential == Credential::Session(key.session),
        problem: device.problem,
    })
}

/// The caller's session, which a device belongs to.
fn own_session(who: &Caller) -> ApiResult<SessionId> {
    match who.credential {
        Credential::Session(session) => Ok(session),
        Credential::Token(_) => Err(ApiError::new(
            ErrorCode::WrongState,
            "An API token is no device: only a browser's session can be told.",
        )),
    }
}

/// What the caller's browser needs to subscribe, and whether it has.
#[utoipa::path(tag = "account", responses((status = 200, body = PushView)))]
#[get("/api/v1/me/push")]
pub(crate) async fn show_push(
    house: Data<House>,
    push: Data<Push>,
    who: Caller,
    _: NoQuery,
) -> ApiResult<Json<PushView>> {
    let devices = push::of_user(&house.core.store, who.workspace, who.user)?;
    let own = devices
        .into_iter()
        .find(|(key, _)| who.credential == Credential::Session(key.session));
    Ok(Json(PushView {
        public_key: push.public_key().await.map_err(failed)?,
        device: own
            .map(|(key, device)| view(&house, &who, &key, device))
            .transpose()?,
    }))
}

/// Has the caller's browser told from now on, in place of what it gave before.
#[utoipa::path(tag = "account", request_body = Subscription, responses((status = 200, body = DeviceView)))]
#[put("/api/v1/me/push")]
pub(crate) async fn subscribe(
    house: Data<House>,
    push: Data<Push>,
    who: Caller,
    body: ValidJson<Subscription>,
    _: NoQuery,
) -> ApiResult<Json<DeviceView>> {
    let key = push::key(who.workspace, who.user, own_session(&who)?);
    let Subscription { endpoint, keys } = body.0;
    let device = Device {
        endpoint,
        // Some clients pad; the meaning is the same.
        p256dh: keys.p256dh.trim_end_matches('=').to_owned(),
        auth: keys.auth.trim_end_matches('=').to_owned(),
        since: house.core.clock.now().0,
        problem: None,
    };
    push.check(&device).map_err(unfit)?;
    match push::subscribe(&house.core.store, key, &device).await {
        Ok(()) => Ok(Json(view(&house, &who, &key, device)?)),
        Err(push::SubscribeError::TooMany) => {
            let detail = phrases::TOO_MANY_DEVICES.with(&[("count", &MAX_DEVICES)]);
            Err(ApiError::new(ErrorCode::WrongState, detail).with_code("too_many_devices"))
        }
        Err(push::SubscribeError::NoSession) => Err(ApiError::new(
            ErrorCode::Conflict,
            phrases::SESSION_CHANGED.text(),
        )),
        Err(push::SubscribeError::Push(error)) => Err(failed(error)),
    }
}

/// The devices on which the caller is told, in the order of their sessions.
#[utoipa::path(tag = "account", params(PageParams), responses((status = 200, body = Items<DeviceView>)))]
#[get("/api/v1/me/devices")]
pub(crate) async fn list_devices(
    house: Data<House>,
    who: Caller,
    page: Page,
) -> ApiResult<Json<Items<DeviceView>>> {
    let list = ListId::new("devices", who.workspace).with(&who.user.to_string());
    let after: Option<PushDeviceKey> = page.after(&list)?;
    let mut rows = push::of_user(&house.core.store, who.workspace, who.user)?;
    rows.retain(|(key, _)| after.is_none_or(|after| key.session > after.session));
    rows.truncate(page.limit + 1);
    let page = page.finish(&list, rows, |row| row);
    let views = page
        .items
        .into_iter()
        .map(|(key, device)| view(&house, &who, &key, device));
    Ok(Json(Items {
        items: views.collect::<ApiResult<_>>()?,
        next_cursor: page.next_cursor,
    }))
}

/// Tells one of the caller's devices no more.
#[utoipa::path(tag = "account", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/me/devices/{id}")]
pub(crate) async fn remove_device(
    house: Data<House>,
    who: Caller,
    id: PathId<SessionId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let key = push::key(who.workspace, who.user, id.0);
    let removed = push::remove(&house.core.store, &key).await.map_err(failed)?;
    match removed {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(ApiError::not_found("device")),
    }
}

/// Sends one of the caller's devices something to try it with, at once.
#[utoipa::path(tag = "account", params(("id" = String, Path)), responses((status = 200, body = TrialView)))]
#[post("/api/v1/me/devices/{id}/test")]
pub(crate) async fn test_device(
    push: Data<Push>,
    who: Caller,
    id: PathId<SessionId>,
    _: NoQuery,
) -> ApiResult<Json<TrialView>> {
    let Ok(_place) = TRIALS.try_acquire() else {
        let detail = "Too many trials are under way; try again in a moment.";
        return Err(ApiError::busy(detail, TRIAL_SECONDS));
    };
    let key = push::key(who.workspace, who.user, id.0);
    let outcome = push.test(&key).await.map_err(failed)?;
    let outcome = outcome.ok_or_else(|| ApiError::not_found("device"))?;
    let detail = match &outcome {
        Outcome::Taken => "the push service took it".to_owned(),
        Outcome::Gone => "the push service does not know this device any more".to_owned(),
        Outcome::Later { detail, .. } | Outcome::Refused(detail) => detail.clone(),
    };
    Ok(Json(TrialView {
        ok: outcome == Outcome::Taken,
        removed: outcome == Outcome::Gone,
        detail,
    }))
}
