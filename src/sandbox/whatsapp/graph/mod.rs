//! The Graph API's front door: version, token, routing, and the closing of connections on request.
//!
//! Every body and path is hostile input; whatever is not understood gets the provider's error envelope.

mod dialog360;
pub(crate) mod media;
mod messages;
mod numbers;
mod settings;
mod signup;
mod smb;
mod templates;
pub(crate) mod uploads;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::accounts::{Number, Waba};
use super::errors::GraphError;
use super::faults::Down;
use super::signup::Granted;
use super::state::Shared;
pub(crate) use crate::sandbox::server::cut;

/// Body limit of JSON calls.
const JSON_LIMIT: usize = 1 << 20;
/// Body limit of uploads: the largest document and its envelope.
const UPLOAD_LIMIT: usize = (100 << 20) + (64 << 10);

/// One Graph call.
pub(crate) struct Call<'a> {
    pub shared: &'a Arc<Shared>,
    pub request: &'a HttpRequest,
    pub method: &'a str,
    /// Path segments after the version.
    pub path: &'a [&'a str],
    pub query: HashMap<String, String>,
    pub body: Bytes,
    /// The number whose token came with the call.
    pub caller: Option<Arc<Number>>,
    /// What the token may do, if a login gave it.
    pub granted: Option<Granted>,
}

pub(crate) type Answer = Result<HttpResponse, GraphError>;

impl Call<'_> {
    pub(crate) fn unknown(&self) -> GraphError {
        GraphError::unknown_object(self.method, self.path.first().copied().unwrap_or(""))
    }

    /// The token that came with the call.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let header = self.request.headers().get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        header
            .and_then(|value| {
                value
                    .strip_prefix("Bearer ")
                    .or_else(|| value.strip_prefix("OAuth "))
            })
            .map(str::trim)
            .or_else(|| self.query.get("access_token").map(String::as_str))
    }

    /// The caller, or 190.
    pub(crate) fn caller(&self) -> Result<&Arc<Number>, GraphError> {
        self.caller.as_ref().ok_or_else(GraphError::token_invalid)
    }

    /// The number of the path, if the caller may use it.
    pub(crate) fn number(&self, id: &str) -> Result<Arc<Number>, GraphError> {
        let caller = self.caller()?;
        let number = self.shared.accounts.number(id).ok_or_else(|| self.unknown())?;
        let own = match &self.granted {
            Some(granted) => granted.reaches(&number.waba.id),
            None => {
                number.config.access_token == caller.config.access_token || number.waba.id == caller.waba.id
            }
        };
        if own { Ok(number) } else { Err(self.unknown()) }
    }

    /// The WABA of the path, if the caller may use it.
    pub(crate) fn waba(&self, id: &str) -> Result<Arc<Waba>, GraphError> {
        let caller = self.caller()?;
        let found = match &self.granted {
            Some(granted) if granted.reaches(id) => self.shared.accounts.waba(id),
            None if caller.waba.id == id => Some(Arc::clone(&caller.waba)),
            _ => None,
        };
        found.ok_or_else(|| self.unknown())
    }

    /// The body as a JSON object; an empty body counts as an empty object.
    pub(crate) fn json(&self) -> Result<Value, GraphError> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        match serde_json::from_slice(&self.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => Err(GraphError::with(100, "The request body must be a JSON object.")),
            Err(error) => Err(GraphError::with(
                100,
                format!("The request body is not valid JSON: {error}"),
            )),
        }
    }

    /// A parameter of the query or of the JSON body.
    pub(crate) fn parameter(&self, body: &Value, name: &str) -> Option<String> {
        self.query
            .get(name)
            .cloned()
            .or_else(|| body[name].as_str().map(str::to_owned))
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Page size of a listing.
    pub(crate) fn limit(&self) -> usize {
        self.query
            .get("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(25)
            .clamp(1, 1_000)
    }
}

pub(crate) fn ok(value: &Value) -> Answer {
    Ok(HttpResponse::Ok().json(value))
}

pub(crate) fn success() -> Answer {
    ok(&serde_json::json!({"success": true}))
}

/// A failure as a proxy in front of the API would answer it.
pub(crate) fn html(status: u16) -> HttpResponse {
    let status =
        actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY);
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body("<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>")
}

/// Answers any path outside the control API.
pub(crate) async fn handle(
    shared: &Arc<Shared>,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    shared.counters.graph_calls.add(1);
    match shared.faults.down() {
        Down::No => {}
        Down::Unavailable => return html(503),
        Down::Close => return cut(request),
    }
    let path: Vec<&str> = request
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let path = match path.split_first() {
        Some((version, rest)) if is_version(version) => rest,
        _ => &path[..],
    };
    let result = match read(request, payload, path).await {
        Ok(body) => {
            let method = request.method().as_str();
            let mut call = Call {
                shared,
                request,
                method,
                path,
                query: query(request),
                body,
                caller: None,
                granted: None,
            };
            dispatch(&mut call).await
        }
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| error.response(&shared.ids.trace()))
}

/// Hands a call to the API that it is for, once it is known who calls.
async fn dispatch(call: &mut Call<'_>) -> Answer {
    if dialog360::speaks_it(call.request, call.path) {
        return match dialog360::authenticate(call) {
            Ok(()) => dialog360::answer(call).await,
            Err(error) => dialog360::refused(error),
        };
    }
    if let ("GET", ["_pictures", id, n]) = (call.method, call.path) {
        return numbers::picture(call, id, n);
    }
    if let Some(answer) = signup::open(call) {
        return answer;
    }
    authenticate(call)?;
    route(call).await
}

fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix('v') else {
        return false;
    };
    number.split_once('.').is_some_and(|(major, minor)| {
        !major.is_empty()
            && !minor.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

async fn read(request: &HttpRequest, payload: web::Payload, path: &[&str]) -> Result<Bytes, GraphError> {
    let upload = matches!(path, [_, "media"] | ["media"]) || request.path().contains("upload:");
    let limit = if upload { UPLOAD_LIMIT } else { JSON_LIMIT };
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(GraphError::with(
            100,
            format!("The request body could not be read: {error}"),
        )),
        Err(_) if upload => Err(GraphError::with(
            131_053,
            "Media file size too big. Max file size we currently support: 100 MB.",
        )),
        Err(_) => Err(GraphError::with(
            100,
            format!("The request body is larger than {limit} bytes."),
        )),
    }
}

fn query(request: &HttpRequest) -> HashMap<String, String> {
    web::Query::<HashMap<String, String>>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .unwrap_or_default()
}

/// Finds the caller. A missing or unknown token is 190, but what needs no token stays reachable.
fn authenticate(call: &mut Call<'_>) -> Result<(), GraphError> {
    let accounts = &call.shared.accounts;
    let (mut caller, mut granted) = (None, None);
    if let Some(token) = call.bearer() {
        caller = accounts.by_token(token);
        if caller.is_none() {
            granted = call.shared.signups.granted(call.shared, token);
            // Whoever it is for: what a given token reaches, its grant tells.
            let signup = granted.as_ref().and_then(|_| call.shared.signups.config());
            let reached = granted.iter().flat_map(|granted| &granted.wabas);
            let known = reached.flat_map(|waba| accounts.numbers_of(waba)).next();
            let any = || accounts.number(&signup?.numbers.first()?.number.phone_number_id);
            caller = known.or_else(any);
        }
    }
    (call.caller, call.granted) = (caller, granted);
    let Some(caller) = &call.caller else {
        return Err(GraphError::token_invalid());
    };
    if call.shared.faults.token_expired() {
        return Err(GraphError::token_expired(&pacific(
            call.shared.clock.now_ms() - 3_600_000,
        )));
    }
    let proof = call.query.get("appsecret_proof");
    if proof.is_some_and(|proof| *proof != app_secret_proof(caller)) {
        return Err(GraphError::with(
            100,
            "Invalid appsecret_proof provided in the API argument",
        ));
    }
    Ok(())
}

fn app_secret_proof(caller: &Number) -> String {
    let signature = super::webhooks::signature(&caller.app_secret(), caller.config.access_token.as_bytes());
    signature.trim_start_matches("sha256=").to_owned()
}

/// A time as Meta writes it in the text of error 190.
fn pacific(at_ms: i64) -> String {
    let zoned = jiff::Timestamp::from_millisecond(at_ms)
        .ok()
        .and_then(|at| at.in_tz("America/Los_Angeles").ok());
    zoned.map_or_else(String::new, |zoned| {
        zoned.strftime("%A, %d-%b-%y %H:%M:%S %Z").to_string()
    })
}

async fn route(call: &Call<'_>) -> Answer {
    match (call.method, call.path) {
        ("POST", [id, "messages"]) => messages::send(call, id).await,
        ("POST", [id, "media"]) => media::upload(call, id).await,
        ("GET", ["_media", id]) => media::download(call, id),
        ("POST", [id, "uploads"]) => uploads::begin(call, id),
        ("GET" | "POST", [id]) if id.starts_with("upload:") => uploads::session(call, id),
        ("GET", ["debug_token"]) => numbers::debug_token(call),
        (_, [id, "message_templates"]) => templates::collection(call, id),
        ("POST", [id, "unpause"]) => templates::unpause(call, id),
        (_, [id, "subscribed_apps"]) => numbers::subscribed_apps(call, id).await,
        (
            "GET",
            [
                id,
                edge @ ("businesses"
                | "owned_whatsapp_business_accounts"
                | "client_whatsapp_business_accounts"),
            ],
        ) => signup::portfolio(call, id, edge),
        ("GET", [id, "phone_numbers"]) => numbers::list(call, id),
        ("POST", [id, action @ ("register" | "deregister")]) => numbers::register(call, id, action),
        ("POST", [id, "smb_app_data"]) => smb::sync(call, id),
        (_, [id, "whatsapp_business_profile"]) => numbers::profile(call, id),
        (_, [id, "block_users"]) => settings::block_users(call, id),
        (_, [id, "whatsapp_commerce_settings"]) => settings::commerce(call, id),
        ("POST", [id, "conversational_automation"]) => settings::automation(call, id),
        (_, [id]) => object(call, id).await,
        _ => Err(call.unknown()),
    }
}

/// `/{id}` may be a number, a WABA, a template or a media file.
async fn object(call: &Call<'_>, id: &str) -> Answer {
    call.caller()?;
    if call.shared.accounts.number(id).is_some() {
        return numbers::number(call, id).await;
    }
    if call.waba(id).is_ok() {
        return numbers::waba(call, id);
    }
    if call.shared.media.contains(id) {
        return media::object(call, id);
    }
    templates::object(call, id)
}
