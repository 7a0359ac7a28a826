//! Where providers post: the handshake, and deliveries that are acknowledged only once they are durable.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};

use crate::actors::House;
use crate::actors::intake::{Entrance, IntakeError, MAX_BODY};
use crate::http::json::read_limited;
use crate::http::{ApiError, ApiResult, ErrorCode, StrictQuery, Trace, endpoints};

endpoints!(verify, receive, verify_alias, receive_alias);

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

/// WhatsApp Cloud API's verification handshake: answers the challenge if the token is some channel's.
#[utoipa::path(tag = "webhooks", params(Handshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/webhooks/whatsapp")]
pub(super) async fn verify(house: Data<House>, query: StrictQuery<Handshake>) -> ApiResult<HttpResponse> {
    shake_hands(&house, &query.0)
}

/// The same under the address that some installations use.
#[utoipa::path(tag = "webhooks", params(Handshake), security(()),
    responses((status = 200, description = "The challenge", body = String), (status = 403)))]
#[get("/api/whatsapp/webhook")]
pub(super) async fn verify_alias(
    house: Data<House>,
    query: StrictQuery<Handshake>,
) -> ApiResult<HttpResponse> {
    shake_hands(&house, &query.0)
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
    take(&house, &req, payload, trace).await
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
    take(&house, &req, payload, trace).await
}

fn shake_hands(house: &House, query: &Handshake) -> ApiResult<HttpResponse> {
    let refused = || ApiError::new(ErrorCode::Forbidden, "The verify token is not one of a channel.");
    let fits = |token: &String| house.intake.verify_token_fits(Entrance::Whatsapp, token);
    let subscribes = query.mode.as_deref() == Some("subscribe");
    let known = query.verify_token.as_ref().is_some_and(fits);
    let challenge = query.challenge.as_ref().filter(|challenge| {
        challenge.len() <= MAX_CHALLENGE && challenge.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (subscribes && known, challenge) {
        (true, Some(challenge)) => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(challenge.clone())),
        (true, None) => Err(ApiError::new(
            ErrorCode::InvalidQuery,
            "hub.challenge is missing or cannot be echoed.",
        )
        .at("hub.challenge")),
        (false, _) => Err(refused()),
    }
}

async fn take(house: &House, req: &HttpRequest, payload: Payload, trace: Trace) -> ApiResult<HttpResponse> {
    let body = read_limited(payload.into_inner(), MAX_BODY).await?;
    let signature = req
        .headers()
        .get("x-hub-signature-256")
        .and_then(|value| value.to_str().ok());
    house
        .intake
        .take(Entrance::Whatsapp, signature, &body, trace.0)
        .await
        .map_err(intake_error)?;
    Ok(HttpResponse::Ok().finish())
}

fn intake_error(error: IntakeError) -> ApiError {
    match error {
        // No detail: whoever cannot sign need not know why.
        IntakeError::BadSignature => {
            ApiError::new(ErrorCode::InvalidSignature, "The signature does not fit.")
        }
        IntakeError::NotJson => ApiError::new(ErrorCode::InvalidJson, "The body is not a JSON object."),
        IntakeError::Full => ApiError::busy("Too many deliveries wait to be worked in.", RETRY_S),
        IntakeError::Storage(error) => error.into(),
        IntakeError::Commit(error) => error.into(),
    }
}
