//! One trace a request: taken from `traceparent` or made here, in the span of every log line, in the answer's
//! `x-trace-id`, and in every problem document.
//!
//! Also the place where any answer that is no success and not yet a problem document becomes one, whoever made it.
//! Logs and metrics name the route's pattern, never the address itself: that may hold personal data.

use std::future::{Ready, ready};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use tracing::Instrument;

use super::error::{ApiError, ErrorCode, PROBLEM_JSON};
use super::error_from::from_actix;
use super::secret::from_hex;
use crate::domain::TraceId;

/// The answer's header.
pub const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");
/// Most bytes of headers; actix itself stops reading at 128 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// A request slower than this is worth a line.
const SLOW: Duration = Duration::from_secs(1);

/// The request's trace, for handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace(pub TraceId);

impl FromRequest for Trace {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let trace = req.extensions().get::<Self>().copied();
        ready(Ok(trace.unwrap_or_else(|| Self(fresh()))))
    }
}

/// Marks a request that came as HEAD; handlers see a GET.
#[derive(Clone, Copy, Debug)]
pub struct Head;

/// Whether the client asked for the headers only.
pub fn was_head(req: &HttpRequest) -> bool {
    req.extensions().contains::<Head>()
}

fn fresh() -> TraceId {
    TraceId::from_uuid(uuid::Uuid::now_v7())
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, not all zero.
fn from_traceparent(headers: &HeaderMap) -> Option<TraceId> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let version = parts.next().filter(|v| v.len() == 2 && *v != "ff")?;
    from_hex(version, 1)?;
    let id = from_hex(parts.next().filter(|id| id.len() == 32)?, 16)?;
    from_hex(parts.next().filter(|span| span.len() == 16)?, 8)?;
    let id = <[u8; 16]>::try_from(id).ok()?;
    (id != [0; 16]).then_some(TraceId(id))
}

/// The middleware; outermost of all that may answer.
///
/// # Errors
/// Those of inner middleware, with a problem document for an answer; errors of handlers are answers already.
pub async fn trace_requests<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let trace = from_traceparent(req.headers()).unwrap_or_else(fresh);
    req.extensions_mut().insert(Trace(trace));
    let span = tracing::info_span!("request", %trace, method = %req.method());
    let started = Instant::now();
    async move {
        // The request must not be kept beside `next`: the router needs it for itself.
        let mut response = match check_headers(req.headers()) {
            Err(error) => req.into_response(error.to_response(Some(trace))),
            Ok(()) => match next.call(req).await {
                Ok(response) => as_problem(response.map_into_boxed_body(), trace),
                Err(error) => {
                    let problem = problem_of(&error, trace);
                    return Err(InternalError::from_response(error, problem).into());
                }
            },
        };
        if let Ok(value) = HeaderValue::from_str(&trace.to_string()) {
            response.headers_mut().insert(TRACE_HEADER, value);
        }
        record(&response, started.elapsed());
        Ok(response)
    }
    .instrument(span)
    .await
}

fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if bytes > MAX_HEADER_BYTES {
        let detail = format!("The headers are too large; at most {MAX_HEADER_BYTES} bytes.");
        return Err(ApiError::new(ErrorCode::HeadersTooLarge, detail));
    }
    Ok(())
}

/// Gives a problem document its trace, and makes one of every other error.
fn as_problem(response: ServiceResponse<BoxBody>, trace: TraceId) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let own = response.response().error().map(|error| problem_of(error, trace));
    let problem = match own {
        Some(problem) => problem,
        None if is_problem(response.headers()) => return response,
        None => by_status(status).to_response(Some(trace)),
    };
    let (request, old) = response.into_parts();
    let mut problem = problem;
    for name in [header::ALLOW, header::RETRY_AFTER, header::CONNECTION] {
        if let Some(value) = old.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    if request.version() < Version::HTTP_2 && status == StatusCode::PAYLOAD_TOO_LARGE {
        // The rest of the body is not wanted: close instead of reading it.
        problem
            .head_mut()
            .set_connection_type(actix_web::http::ConnectionType::Close);
    }
    ServiceResponse::new(request, problem)
}

fn is_problem(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.starts_with(PROBLEM_JSON))
}

fn problem_of(error: &actix_web::Error, trace: TraceId) -> actix_web::HttpResponse {
    if let Some(error) = error.as_error::<ApiError>() {
        return error.to_response(Some(trace));
    }
    if let Some(error) = from_actix(error) {
        return error.to_response(Some(trace));
    }
    let status = error.as_response_error().status_code();
    if status.is_server_error() {
        tracing::error!(%error, "a request failed");
    }
    by_status(status).to_response(Some(trace))
}

/// The problem for an answer that actix made: it knows only the status.
fn by_status(status: StatusCode) -> ApiError {
    let (kind, detail) = match status {
        StatusCode::UNAUTHORIZED => (ErrorCode::Unauthenticated, "Log in first."),
        StatusCode::FORBIDDEN => (ErrorCode::Forbidden, "This is not allowed."),
        StatusCode::NOT_FOUND => (ErrorCode::NotFound, "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            ErrorCode::MethodNotAllowed,
            "This address does not take this method.",
        ),
        StatusCode::REQUEST_TIMEOUT => (ErrorCode::RequestTimeout, "The request took too long to arrive."),
        StatusCode::CONFLICT => (ErrorCode::Conflict, "This was changed meanwhile."),
        StatusCode::PRECONDITION_FAILED => (ErrorCode::VersionMismatch, "This was changed meanwhile."),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::BodyTooLarge, "The body is too large for this address."),
        StatusCode::URI_TOO_LONG => (ErrorCode::UriTooLong, "The address is too long."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            ErrorCode::UnsupportedMediaType,
            "This address does not take this kind of body.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (ErrorCode::InvalidField, "The body cannot be used."),
        StatusCode::TOO_MANY_REQUESTS => (ErrorCode::RateLimited, "Too many requests. Slow down."),
        StatusCode::SERVICE_UNAVAILABLE => (ErrorCode::Unavailable, "Not available now; try again shortly."),
        status if status.is_client_error() => (ErrorCode::BadRequest, "The request cannot be read."),
        _ => (
            ErrorCode::Internal,
            "Something failed on our side. Give the trace id when asking for help.",
        ),
    };
    ApiError::new(kind, detail)
}

fn record(response: &ServiceResponse<BoxBody>, took: Duration) {
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "other".to_owned());
    let method = method_label(response.request());
    let status = response.status().as_u16();
    let took_ms = took.as_secs_f64() * 1e3;
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status_label(status))
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    match status {
        500.. => tracing::warn!(%route, status, took_ms, "answered with a fault"),
        _ if took >= SLOW => tracing::warn!(%route, status, took_ms, "answered slowly"),
        _ => tracing::debug!(%route, status, took_ms, "answered"),
    }
}

/// Only methods that we know: a client may invent any number of others.
fn method_label(req: &HttpRequest) -> &'static str {
    match req.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

const fn status_label(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        401 => "401",
        404 => "404",
        409 => "409",
        429 => "429",
        400 | 402..=403 | 405..=408 | 410..=428 | 430..500 => "4xx",
        503 => "503",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, HttpResponse, middleware::from_fn, test, web};

    #[test]
    async fn traceparent_is_taken_when_it_is_one() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static("traceparent"),
                HeaderValue::from_static(text),
            );
            from_traceparent(&headers).map(|trace| trace.to_string())
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(
            read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Some(format!("tr_{id}"))
        );
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    /// The answer's status and problem document.
    async fn answer(req: test::TestRequest) -> (u16, serde_json::Value) {
        let app = test::init_service(
            App::new()
                .wrap(from_fn(trace_requests))
                .route(
                    "/own",
                    web::get().to(|| async { Err::<HttpResponse, _>(ApiError::not_found("cat")) }),
                )
                .route(
                    "/number/{n}",
                    web::get().to(|n: web::Path<u8>| async move { n.to_string() }),
                )
                .route(
                    "/bare",
                    web::get().to(|| async { HttpResponse::BadRequest().body("no") }),
                )
                .route(
                    "/json",
                    web::post().to(|body: web::Json<Vec<u8>>| async move { format!("{body:?}") }),
                ),
        )
        .await;
        let response = test::call_service(&app, req.to_request()).await;
        let status = response.status().as_u16();
        let trace = response.headers().get(TRACE_HEADER).expect("a trace").clone();
        let body: serde_json::Value = test::read_body_json(response).await;
        assert_eq!(body["trace_id"], trace.to_str().expect("ASCII"), "{body}");
        assert_eq!(body["status"], status);
        (status, body)
    }

    #[test]
    async fn every_error_is_a_problem_document_with_the_trace() {
        let get = |path| test::TestRequest::get().uri(path);
        let post = |path| test::TestRequest::post().uri(path);
        let json = |text: &'static str| {
            post("/json")
                .insert_header(("content-type", "application/json"))
                .set_payload(text)
        };
        let large = "x".repeat(MAX_HEADER_BYTES);
        for (req, status, code) in [
            (get("/own"), 404, "not_found"),
            (get("/nothing"), 404, "not_found"),
            (get("/number/300"), 404, "not_found"),
            (get("/bare"), 400, "bad_request"),
            (json("{"), 400, "invalid_json"),
            (post("/json").set_payload("[1]"), 415, "unsupported_media_type"),
            (
                get("/own").insert_header(("x-large", large)),
                431,
                "headers_too_large",
            ),
        ] {
            let (got, body) = answer(req).await;
            assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
        }
    }
}
