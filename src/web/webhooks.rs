//! Where providers post: the handshake, and deliveries that are acknowledged only once they are durable.

use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};

use crate::actors::House;
use crate::actors::intake::{Entrance, IntakeError, MAX_BODY};
use crate::channels::WebhookRequest;
use crate::domain::ChannelId;
use crate::http::json::read_limited;
use crate::http::{ApiError, ApiResult, ErrorCode, PathId, StrictQuery, Trace, endpoints};

endpoints!(
    verify,
    receive,
    verify_alias,
    receive_alias,
    verify_instagram,
    receive_instagram,
    receive_twilio,
    receive_twilio_by_get,
    verify_dialog360,
    receive_dialog360,
);

/// Longest challenge that is echoed.
const MAX_CHALLENGE: usize = 512;
/// How long a provider should wait before it comes back.
const RETRY_S: u64 = 5;

/// The handshake's query, with Meta's names.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
}

/// Frontdesk's own handshake, for providers that make none: whoever examines a channel calls its address as the provider would.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OwnHandshake {
    /// Echoed if the channel is one of this Frontdesk.
    #[serde(rename = "frontdesk.challenge")]
    challenge: Option<String>,
}

/// WhatsApp Cloud API's verification handshake: answers the challenge if the token is some channel's.
#[utoipa::path(tag = "webhooks", params(Handshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/webhooks/whatsapp")]
pub(super) async fn verify(house: Data<House>, query: StrictQuery<Handshake>) -> ApiResult<HttpResponse> {
    shake_hands(&house, Entrance::Whatsapp, &query.0)
}

/// The same under the address that some installations use.
#[utoipa::path(tag = "webhooks", params(Handshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/api/whatsapp/webhook")]
pub(super) async fn verify_alias(
    house: Data<House>,
    query: StrictQuery<Handshake>,
) -> ApiResult<HttpResponse> {
    shake_hands(&house, Entrance::Whatsapp, &query.0)
}

/// Takes a delivery of WhatsApp Cloud API: signature over the raw body, durable, then 200.
#[utoipa::path(tag = "webhooks", security(()), request_body = Object,
    responses((status = 200), (status = 401, description = "The signature does not fit"), (status = 503)))]
#[post("/webhooks/whatsapp")]
pub(super) async fn receive(
    house: Data<House>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    take(&house, Entrance::Whatsapp, &req, payload, trace).await
}

/// The same under the address that some installations use.
#[utoipa::path(tag = "webhooks", security(()), request_body = Object,
    responses((status = 200), (status = 401, description = "The signature does not fit"), (status = 503)))]
#[post("/api/whatsapp/webhook")]
pub(super) async fn receive_alias(
    house: Data<House>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    take(&house, Entrance::Whatsapp, &req, payload, trace).await
}

/// Instagram's verification handshake: answers the challenge if the token is some Instagram channel's.
#[utoipa::path(tag = "webhooks", params(Handshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/webhooks/instagram")]
pub(super) async fn verify_instagram(
    house: Data<House>,
    query: StrictQuery<Handshake>,
) -> ApiResult<HttpResponse> {
    shake_hands(&house, Entrance::Instagram, &query.0)
}

/// Takes a delivery of Instagram: signature over the raw body, durable, then 200.
#[utoipa::path(tag = "webhooks", security(()), request_body = Object,
    responses((status = 200), (status = 401, description = "The signature does not fit"), (status = 503)))]
#[post("/webhooks/instagram")]
pub(super) async fn receive_instagram(
    house: Data<House>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    take(&house, Entrance::Instagram, &req, payload, trace).await
}

/// Takes a message or status callback of Twilio for one channel: signature over address and form, durable, then 200.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "The channel")), security(()),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 401, description = "The signature does not fit"), (status = 503)))]
#[post("/webhooks/twilio/{id}")]
pub(super) async fn receive_twilio(
    house: Data<House>,
    id: PathId<ChannelId>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    take(&house, Entrance::Twilio(id.0), &req, payload, trace).await
}

/// The same for numbers that are set to call by GET. With `frontdesk.challenge` it is Frontdesk's own question whether this
/// address leads here, and the challenge is the answer.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "The channel")), security(()),
    responses((status = 200), (status = 401, description = "The signature does not fit"), (status = 503)))]
#[get("/webhooks/twilio/{id}")]
pub(super) async fn receive_twilio_by_get(
    house: Data<House>,
    id: PathId<ChannelId>,
    asked: Result<StrictQuery<OwnHandshake>, ApiError>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    if let Ok(asked) = asked
        && asked.0.challenge.is_some()
    {
        return answer_own(&house, id.0, &asked.0);
    }
    take(&house, Entrance::Twilio(id.0), &req, payload, trace).await
}

/// Answers Frontdesk's own question whether a channel's address leads here. 360dialog itself makes no handshake.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "The channel"), OwnHandshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/webhooks/360dialog/{id}")]
pub(super) async fn verify_dialog360(
    house: Data<House>,
    id: PathId<ChannelId>,
    query: StrictQuery<OwnHandshake>,
) -> ApiResult<HttpResponse> {
    answer_own(&house, id.0, &query.0)
}

/// Takes a delivery of 360dialog for one channel: its own header checked, durable, then 200.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "The channel")), security(()),
    request_body = Object,
    responses((status = 200), (status = 401, description = "The secret does not fit"), (status = 503)))]
#[post("/webhooks/360dialog/{id}")]
pub(super) async fn receive_dialog360(
    house: Data<House>,
    id: PathId<ChannelId>,
    req: HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    take(&house, Entrance::Dialog360(id.0), &req, payload, trace).await
}

fn shake_hands(house: &House, entrance: Entrance, query: &Handshake) -> ApiResult<HttpResponse> {
    let refused = || ApiError::new(ErrorCode::Forbidden, "The verify token is not one of a channel.");
    let fits = |token: &String| house.intake.verify_token_fits(entrance, token);
    let subscribes = query.mode.as_deref() == Some("subscribe");
    let known = query.verify_token.as_ref().is_some_and(fits);
    match subscribes && known {
        true => echo("hub.challenge", query.challenge.as_deref()),
        false => Err(refused()),
    }
}

fn answer_own(house: &House, channel: ChannelId, query: &OwnHandshake) -> ApiResult<HttpResponse> {
    match house.core.registry.get(channel) {
        Some(_) => echo("frontdesk.challenge", query.challenge.as_deref()),
        None => Err(ApiError::new(
            ErrorCode::Forbidden,
            "The channel is not one of this Frontdesk.",
        )),
    }
}

fn echo(field: &'static str, challenge: Option<&str>) -> ApiResult<HttpResponse> {
    let plain = challenge.filter(|challenge| {
        challenge.len() <= MAX_CHALLENGE && challenge.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match plain {
        Some(challenge) => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(challenge.to_owned())),
        None => Err(ApiError::new(
            ErrorCode::InvalidQuery,
            format!("{field} is missing or cannot be echoed."),
        )
        .at(field)),
    }
}

async fn take(
    house: &House,
    entrance: Entrance,
    req: &HttpRequest,
    payload: Payload,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    let by_get = req.method() == Method::GET;
    let body = match by_get {
        true => req.query_string().as_bytes().to_vec(),
        false => read_limited(payload.into_inner(), MAX_BODY).await?.into(),
    };
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let request = WebhookRequest {
        query: req.query_string(),
        header: &header,
        by_get,
        body: &body,
    };
    let taken = house.intake.take(entrance, &request, trace.0).await;
    taken.map_err(intake_error)?;
    Ok(HttpResponse::Ok().finish())
}

fn intake_error(error: IntakeError) -> ApiError {
    match error {
        // No detail: whoever cannot sign need not know why.
        IntakeError::BadSignature => {
            ApiError::new(ErrorCode::InvalidSignature, "The signature does not fit.")
        }
        IntakeError::NotADelivery => ApiError::new(
            ErrorCode::InvalidJson,
            "The body is not a delivery of this provider.",
        ),
        IntakeError::Full => ApiError::busy("Too many deliveries wait to be worked in.", RETRY_S),
        IntakeError::Storage(error) => error.into(),
        IntakeError::Commit(error) => error.into(),
    }
}
