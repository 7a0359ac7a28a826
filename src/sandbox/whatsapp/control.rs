//! Control API under `/_sandbox`: what the Rust API offers, for scripts and other processes.
//!
//! It has no login, so the simulator listens on loopback only, and what comes from a browser's page is refused.
//!
//! | call | body or query | answer |
//! |---|---|---|
//! | `GET /_sandbox` | | name and simulated time |
//! | `GET numbers` | | numbers without their secrets |
//! | `GET counters` | `recipient`, `callback` | all counts, callbacks accepted twice |
//! | `GET`, `PUT faults` | [`Faults`] | the faults |
//! | `GET customers` | `limit` | customers and behaviours |
//! | `PUT customers` | [`Customer`] | the customer |
//! | `PUT customers/{id}/behaviour` | [`Behaviour`] or null | the behaviour |
//! | `POST say` | `phone_number_id`, `customer`, `message` as in webhooks | `id` |
//! | `POST read` | `phone_number_id`, `customer` | how many turned read |
//! | `GET transcript` | `phone_number_id`, `customer`, `limit` | newest messages, oldest first |
//! | `POST emit` | `phone_number_id`, `field`, `value`, `account` | |
//! | `POST templates/status` | `waba_id`, `id`, `status`, `reason` | the status |
//! | `POST clock/advance` | `ms` | simulated time |

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::customers::{Behaviour, Customer};
use super::faults::Faults;
use super::inbound;
use super::message::CustomerMessage;
use super::state::Shared;
use super::webhooks::{self, Update};
use super::{SandboxError, reviews, statuses};

const LIMIT: usize = 1 << 20;

struct Refusal(StatusCode, String);

impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        let status = match error {
            SandboxError::UnknownNumber | SandboxError::UnknownCustomer | SandboxError::UnknownTemplate => {
                StatusCode::NOT_FOUND
            }
            SandboxError::NumberExists => StatusCode::CONFLICT,
            SandboxError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            SandboxError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self(status, error.to_string())
    }
}

type Outcome = Result<Value, Refusal>;

pub(crate) async fn handle(
    shared: &Arc<Shared>,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let outcome = if from_browser(request) {
        let what = "the control API is not for browsers".to_owned();
        Err(Refusal(StatusCode::FORBIDDEN, what))
    } else {
        match payload.to_bytes_limited(LIMIT).await {
            Ok(Ok(body)) => route(shared, request, &body),
            Ok(Err(error)) => Err(Refusal(StatusCode::BAD_REQUEST, error.to_string())),
            Err(_) => {
                let what = format!("a body may have {LIMIT} bytes");
                Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, what))
            }
        }
    };
    match outcome {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(Refusal(status, detail)) => HttpResponse::build(status).json(json!({"detail": detail})),
    }
}

/// A web page's call: it names its origin, or reached the loopback address under a name of its own.
fn from_browser(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let local = name == "localhost" || address.is_ok_and(|address| address.is_loopback());
    headers.contains_key(header::ORIGIN) || !local
}

fn route(shared: &Arc<Shared>, request: &HttpRequest, body: &[u8]) -> Outcome {
    let path: Vec<&str> = request
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .skip(1)
        .collect();
    let query = web::Query::<HashMap<String, String>>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .unwrap_or_default();
    match (request.method().as_str(), path.as_slice()) {
        ("GET", []) => Ok(json!({"simulator": "whatsapp_cloud", "now_ms": shared.clock.now_ms()})),
        ("GET", ["numbers"]) => Ok(numbers(shared)),
        ("GET", ["counters"]) => Ok(counters(shared, &query)),
        ("GET", ["faults"]) => Ok(json!(shared.faults.get())),
        ("PUT", ["faults"]) => {
            shared.faults.set(parse::<Faults>(body)?);
            Ok(json!(shared.faults.get()))
        }
        ("GET", ["customers"]) => Ok(customers(shared, &query)),
        ("PUT", ["customers"]) => put_customer(shared, body),
        ("PUT", ["customers", id, "behaviour"]) => behaviour(shared, id, body),
        ("POST", ["say"]) => say(shared, body),
        ("POST", ["read"]) => read(shared, body),
        ("GET", ["transcript"]) => transcript(shared, &query),
        ("POST", ["emit"]) => emit(shared, body),
        ("POST", ["templates", "status"]) => template_status(shared, body),
        ("POST", ["clock", "advance"]) => advance(shared, body),
        _ => Err(Refusal(StatusCode::NOT_FOUND, "no such control call".to_owned())),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let refuse = |what: String| Refusal(StatusCode::UNPROCESSABLE_ENTITY, what);
    // Serde would fill a struct from a list, too.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(refuse("an object is expected".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| refuse(error.to_string()))
}

fn limit(query: &HashMap<String, String>) -> usize {
    query
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(100)
        .clamp(1, 1_000)
}

/// Numbers without their secrets.
fn numbers(shared: &Shared) -> Value {
    let view = |number: &Arc<super::accounts::Number>| {
        json!({
            "phone_number_id": number.config.phone_number_id,
            "waba_id": number.waba.id,
            "display_phone_number": number.config.display_phone_number,
            "webhook_url": number.message_target(),
            "registered": number.state.lock().registered,
            "webhook_updates_queued": webhooks::queued(number),
        })
    };
    json!({"items": shared.accounts.numbers().iter().map(view).collect::<Vec<_>>()})
}

/// All counters; `?recipient=` and `?callback=` add the count of one.
fn counters(shared: &Shared, query: &HashMap<String, String>) -> Value {
    let mut value = json!(shared.read_counters());
    value["distinct_callbacks"] = shared.ledger.callbacks().into();
    value["doubled_callbacks"] = json!(shared.ledger.doubled(limit(query)));
    if let Some(recipient) = query.get("recipient") {
        value["accepted_for"] = shared
            .ledger
            .to_recipient(&shared.customers.resolve(recipient))
            .into();
    }
    if let Some(callback) = query.get("callback") {
        value["accepted_with"] = shared.ledger.with_callback(callback).into();
    }
    value
}

fn customers(shared: &Shared, query: &HashMap<String, String>) -> Value {
    let view = |(customer, behaviour): (Customer, Option<Behaviour>)| json!({"customer": customer, "behaviour": behaviour});
    json!({"items": shared.customers.list(limit(query)).into_iter().map(view).collect::<Vec<_>>()})
}

fn put_customer(shared: &Shared, body: &[u8]) -> Outcome {
    let customer: Customer = parse(body)?;
    inbound::checked_key(&customer)?;
    shared
        .customers
        .put(&customer)
        .ok_or(SandboxError::Full("customers"))?;
    Ok(json!(customer))
}

fn behaviour(shared: &Arc<Shared>, id: &str, body: &[u8]) -> Outcome {
    let behaviour: Option<Behaviour> = parse(body)?;
    let key = shared.customers.resolve(id);
    if statuses::behave(shared, &key, behaviour.clone()) {
        return Ok(json!(behaviour));
    }
    Err(SandboxError::UnknownCustomer.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    phone_number_id: String,
    customer: Customer,
    message: Value,
}

fn say(shared: &Arc<Shared>, body: &[u8]) -> Outcome {
    let Say {
        phone_number_id,
        customer,
        message,
    } = parse(body)?;
    let id = inbound::say(
        shared,
        &phone_number_id,
        &customer,
        CustomerMessage::from_json(message)?,
    )?;
    Ok(json!({"id": id}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    phone_number_id: String,
    customer: String,
}

fn read(shared: &Arc<Shared>, body: &[u8]) -> Outcome {
    let Read {
        phone_number_id,
        customer,
    } = parse(body)?;
    Ok(json!({"read": inbound::read(shared, &phone_number_id, &customer)?}))
}

fn transcript(shared: &Shared, query: &HashMap<String, String>) -> Outcome {
    let required = |name: &str| {
        query
            .get(name)
            .ok_or_else(|| Refusal(StatusCode::UNPROCESSABLE_ENTITY, format!("{name} is required")))
    };
    let (number, customer) = (required("phone_number_id")?, required("customer")?);
    let key = shared.customers.resolve(customer);
    let limit = limit(query);
    let items = shared.customers.with(&key, |record| {
        let Some(thread) = record.known_thread(number) else {
            return Vec::new();
        };
        let newest: Vec<_> = thread
            .entries()
            .rev()
            .take(limit)
            .map(|entry| json!(entry))
            .collect();
        newest.into_iter().rev().collect::<Vec<_>>()
    });
    Ok(json!({"items": items.ok_or(SandboxError::UnknownCustomer)?}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    phone_number_id: String,
    field: String,
    value: Value,
    #[serde(default)]
    account: bool,
}

fn emit(shared: &Arc<Shared>, body: &[u8]) -> Outcome {
    let Emit {
        phone_number_id,
        field,
        value,
        account,
    } = parse(body)?;
    let number = shared
        .accounts
        .number(&phone_number_id)
        .ok_or(SandboxError::UnknownNumber)?;
    webhooks::enqueue(
        shared,
        &number,
        &field,
        Update::Change {
            field: field.clone(),
            value: Arc::new(value),
            account,
        },
    );
    Ok(json!({"queued": true}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateStatus {
    waba_id: String,
    id: u64,
    status: String,
    #[serde(default)]
    reason: Option<String>,
}

fn template_status(shared: &Arc<Shared>, body: &[u8]) -> Outcome {
    let TemplateStatus {
        waba_id,
        id,
        status,
        reason,
    } = parse(body)?;
    let waba = shared
        .accounts
        .waba(&waba_id)
        .ok_or(SandboxError::UnknownTemplate)?;
    let set = reviews::set_status(shared, &waba, id, &status, reason.as_deref().unwrap_or("NONE"));
    if set {
        Ok(json!({"status": status}))
    } else {
        Err(SandboxError::UnknownTemplate.into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

fn advance(shared: &Shared, body: &[u8]) -> Outcome {
    let Advance { ms } = parse(body)?;
    shared.clock.advance(Duration::from_millis(ms));
    Ok(json!({"now_ms": shared.clock.now_ms()}))
}
