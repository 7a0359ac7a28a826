//! The front door: login, routing, and the Messages API. Every path and body is hostile input.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::refusal::{Refusal, failure_text};
use super::send::{self, Fields};
use super::state::{Shared, Stored};
use super::{contents_api, inbound, lists};
use crate::sandbox::encoding::unbase64;
use crate::sandbox::server::cut;
use crate::sandbox::whatsapp::{Customer, CustomerMessage, Down};

/// Largest body of a call, in bytes.
const BODY_MAX: usize = 256 << 10;
/// Most entries of one page.
const PAGE_MAX: usize = 1_000;
/// Entries of a page unless asked for.
const PAGE: usize = 50;

/// One call of somebody who is logged in.
pub(crate) struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Whose login it is.
    pub account: &'a str,
    pub query: Vec<(String, String)>,
    pub body: &'a [u8],
}

impl Call<'_> {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Entries of a page, and its number from 0.
    pub(crate) fn page(&self) -> (usize, usize) {
        let number = |name: &str| self.parameter(name).and_then(|text| text.parse().ok());
        let size = number("PageSize").unwrap_or(PAGE).clamp(1, PAGE_MAX);
        (size, number("Page").unwrap_or(0).min(1_000_000))
    }
}

/// Milliseconds since 1970 as the Content API writes them.
pub(crate) fn iso(ms: i64) -> String {
    let at = jiff::Timestamp::from_second(ms.div_euclid(1_000));
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// The same as the Messages API writes it.
pub(crate) fn rfc2822(ms: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(ms.div_euclid(1_000)).ok()?;
    jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).ok()
}

/// Answers any call.
pub(crate) async fn handle(
    shared: web::Data<Shared>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let shared = shared.into_inner();
    let body = match payload.to_bytes_limited(BODY_MAX).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) => return Refusal::new(413, 20_413, "The request is too large.").response(),
    };
    let path = request.path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let ["_media", sid] = segments.as_slice() {
        return stored_file(&shared, sid);
    }
    if segments == ["_sandbox", "say"] && shared.config.control {
        return say(&shared, &body);
    }
    let Some((account, by_path)) = login(&shared, &request, &segments) else {
        return Refusal::login().response();
    };
    let call = Call {
        method: request.method().as_str(),
        path: &path,
        account: &account,
        query: pairs(request.query_string()),
        body: &body,
    };
    let answer = match (segments.as_slice(), by_path) {
        (["v1", rest @ ..], _) => match content_fault(&shared, &call).await {
            Some(ContentFault::Refuse(refusal)) => Err(refusal),
            Some(ContentFault::Down) => return HttpResponse::ServiceUnavailable().finish(),
            Some(ContentFault::DropAnswer) => match contents_api::handle(&shared, &call, rest) {
                Ok(_) => return cut(&request),
                refused => refused,
            },
            None => contents_api::handle(&shared, &call, rest),
        },
        (["2010-04-01", "Accounts", _], _) => account_view(&shared, &call),
        (["2010-04-01", "Accounts", _, "Messages.json"], true) if call.method == "POST" => {
            return send_message(&shared, &call, &request).await;
        }
        (["2010-04-01", "Accounts", _, rest @ ..], true) => resources(&shared, &call, rest),
        _ => Err(Refusal::not_found(&path)),
    };
    answer.unwrap_or_else(|refusal| refusal.response())
}

/// What a call of the Content API meets.
enum ContentFault {
    Refuse(Refusal),
    Down,
    DropAnswer,
}

async fn content_fault(shared: &Shared, call: &Call<'_>) -> Option<ContentFault> {
    let delay_ms = {
        let accounts = shared.accounts.lock();
        accounts
            .get(call.account)
            .map_or(0, |account| account.content_faults.delay_ms)
    };
    tokio::time::sleep(shared.clock.real(delay_ms)).await;
    let mut accounts = shared.accounts.lock();
    let faults = &mut accounts.get_mut(call.account)?.content_faults;
    let strikes = |count: &mut u32| {
        let strikes = *count > 0;
        *count = count.saturating_sub(1);
        strikes
    };
    match call.method {
        _ if strikes(&mut faults.unavailable) => Some(ContentFault::Down),
        _ if strikes(&mut faults.throttle) => Some(ContentFault::Refuse(Refusal::of_code(20_429))),
        "POST" if strikes(&mut faults.drop_answers) => Some(ContentFault::DropAnswer),
        _ => None,
    }
}

/// What a program lets a customer write: `{"line", "customer", "message"}`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    line: String,
    customer: Customer,
    message: Value,
}

fn say(shared: &Arc<Shared>, body: &[u8]) -> HttpResponse {
    let said = serde_json::from_slice::<Say>(body).map_err(|error| error.to_string());
    let said = said.and_then(
        |Say {
             line,
             customer,
             message,
         }| {
            let message = CustomerMessage::from_json(message).map_err(|error| error.to_string())?;
            inbound::say(shared, &line, &customer, message).map_err(|error| error.to_string())
        },
    );
    match said {
        Ok(sid) => HttpResponse::Created().json(json!({ "sid": sid })),
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error })),
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::from_query(query).map_or_else(|_| Vec::new(), Query::into_inner)
}

/// Whose login came with the call, and whether the path names that account.
fn login(shared: &Shared, request: &HttpRequest, path: &[&str]) -> Option<(String, bool)> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let plain = String::from_utf8(unbase64(value.strip_prefix("Basic ")?.trim())?).ok()?;
    let (user, password) = plain.split_once(':')?;
    let accounts = shared.accounts.lock();
    match path {
        ["2010-04-01", "Accounts", named, ..] => {
            let sid = named.strip_suffix(".json").unwrap_or(named);
            let account = accounts.get(sid)?;
            account
                .admits(sid, user, password)
                .then(|| (sid.to_owned(), true))
        }
        _ => {
            let found = accounts
                .iter()
                .find(|(sid, account)| account.admits(sid, user, password));
            found.map(|(sid, _)| (sid.clone(), false))
        }
    }
}

fn account_view(shared: &Shared, call: &Call<'_>) -> Result<HttpResponse, Refusal> {
    if call.method != "GET" || !call.path.ends_with(".json") {
        return Err(Refusal::not_found(call.path));
    }
    let created = rfc2822(shared.clock.now_ms());
    Ok(HttpResponse::Ok().json(json!({
        "sid": call.account,
        "friendly_name": "Sandbox",
        "status": "active",
        "type": "Full",
        "owner_account_sid": call.account,
        "date_created": created,
        "date_updated": created,
        "uri": format!("/2010-04-01/Accounts/{}.json", call.account),
        "subresource_uris": {},
    })))
}

async fn send_message(shared: &Arc<Shared>, call: &Call<'_>, request: &HttpRequest) -> HttpResponse {
    let fields = Fields(pairs(&String::from_utf8_lossy(call.body)));
    let plan = faults(shared, call.account, &fields);
    tokio::time::sleep(shared.clock.real(plan.delay_ms)).await;
    match plan.down {
        Down::Unavailable => return HttpResponse::ServiceUnavailable().finish(),
        Down::Close => return cut(request),
        Down::No => {}
    }
    if let Some(code) = plan.error {
        return Refusal::of_code(code).response();
    }
    let taken = send::take(shared, call.account, &fields);
    match taken {
        Ok(_) if plan.drop_answer => cut(request),
        Ok(message) => HttpResponse::Created().json(view(&message)),
        Err(refusal) => refusal.response(),
    }
}

/// What a send meets.
#[derive(Default)]
struct Plan {
    delay_ms: u64,
    down: Down,
    error: Option<u32>,
    drop_answer: bool,
}

fn faults(shared: &Shared, account: &str, fields: &Fields) -> Plan {
    let accounts = shared.accounts.lock();
    let Some(account) = accounts.get(account) else {
        return Plan::default();
    };
    let whatsapp = fields.get("To").is_some_and(|to| to.starts_with("whatsapp:"));
    let by_service = || account.of_service(fields.get("MessagingServiceSid")?, whatsapp);
    let sender = fields
        .get("From")
        .and_then(|from| account.senders.get(from))
        .or_else(by_service);
    let Some(sender) = sender else {
        return Plan::default();
    };
    let mut faults = sender.faults.lock();
    let strikes = |fault: &mut crate::sandbox::whatsapp::ErrorFault| {
        fault.often.strikes(&shared.rng).then_some(fault.code)
    };
    let error = faults.errors.iter_mut().find_map(strikes);
    Plan {
        delay_ms: faults.answer_delay.draw(&shared.rng),
        down: faults.down,
        drop_answer: error.is_none() && faults.drop_answer.strikes(&shared.rng),
        error,
    }
}

fn resources(shared: &Arc<Shared>, call: &Call<'_>, rest: &[&str]) -> Result<HttpResponse, Refusal> {
    match (call.method, rest) {
        ("GET", ["Messages.json"]) => lists::messages(shared, call),
        ("GET", ["Messages", sid, "Media.json"]) => lists::media(shared, call, sid),
        ("GET", ["IncomingPhoneNumbers.json"]) => Ok(numbers(shared, call)),
        ("GET", ["Messages", sid, "Media", file]) => media(shared, call, sid, file),
        ("GET", ["Messages", sid]) => message(shared, call, sid, |message| Ok(view(message))),
        ("POST", ["Messages", sid]) => {
            let fields = Fields(pairs(&String::from_utf8_lossy(call.body)));
            message(shared, call, sid, |message| change(message, &fields))
        }
        ("DELETE", ["Messages", sid]) => {
            let sid = sid.strip_suffix(".json").unwrap_or(sid);
            let mut messages = shared.messages.lock();
            let own = messages
                .by_sid
                .get(sid)
                .is_some_and(|message| message.account == call.account);
            if !own {
                return Err(Refusal::not_found(call.path));
            }
            messages.by_sid.remove(sid);
            Ok(HttpResponse::NoContent().finish())
        }
        _ => Err(Refusal::not_found(call.path)),
    }
}

fn message(
    shared: &Shared,
    call: &Call<'_>,
    sid: &str,
    work: impl FnOnce(&mut Stored) -> Result<Value, Refusal>,
) -> Result<HttpResponse, Refusal> {
    let sid = sid.strip_suffix(".json").unwrap_or(sid);
    let mut messages = shared.messages.lock();
    let found = messages
        .by_sid
        .get_mut(sid)
        .filter(|message| message.account == call.account);
    let found = found.ok_or_else(|| Refusal::not_found(call.path))?;
    Ok(HttpResponse::Ok().json(work(found)?))
}

/// `Body=` empties a message, `Status=canceled` stops one that is not sent yet.
fn change(message: &mut Stored, fields: &Fields) -> Result<Value, Refusal> {
    match fields.get("Status") {
        Some("canceled") if matches!(message.status, "queued" | "accepted" | "scheduled") => {
            message.status = "canceled";
        }
        Some(_) => return Err(Refusal::bad(30_409, "Message cannot be canceled")),
        None => message.body.clear(),
    }
    Ok(view(message))
}

pub(crate) fn view(message: &Stored) -> Value {
    let uri = format!(
        "/2010-04-01/Accounts/{}/Messages/{}.json",
        message.account, message.sid
    );
    let media = uri.replace(".json", "/Media.json");
    json!({
        "body": message.body,
        "num_segments": message.segments.to_string(),
        "direction": if message.inbound { "inbound" } else { "outbound-api" },
        "from": message.from,
        "date_updated": rfc2822(message.updated_ms),
        "price": null,
        "error_message": message.error.map(failure_text),
        "uri": uri,
        "account_sid": message.account,
        "num_media": message.media.len().to_string(),
        "to": message.to,
        "date_created": rfc2822(message.created_ms),
        "status": message.status,
        "sid": message.sid,
        "date_sent": message.sent_ms.and_then(rfc2822),
        "messaging_service_sid": message.service,
        "error_code": message.error,
        "price_unit": null,
        "api_version": "2010-04-01",
        "subresource_uris": {"media": media},
    })
}

fn numbers(shared: &Shared, call: &Call<'_>) -> HttpResponse {
    let accounts = shared.accounts.lock();
    let senders = accounts
        .get(call.account)
        .into_iter()
        .flat_map(|account| account.senders.values());
    let wanted = call.parameter("PhoneNumber");
    let found: Vec<Value> = senders
        .filter(|sender| !sender.is_whatsapp() && wanted.is_none_or(|number| number == sender.config.address))
        .map(|sender| {
            json!({
                "account_sid": call.account,
                "phone_number": sender.config.address,
                "capabilities": {"sms": true, "mms": true, "voice": false, "fax": false},
                "sms_url": sender.webhook_url.lock().clone().unwrap_or_default(),
                "sms_method": "POST",
            })
        })
        .collect();
    HttpResponse::Ok()
        .json(json!({"incoming_phone_numbers": found, "page": 0, "page_size": PAGE, "start": 0}))
}

/// A customer's file: not here, but at an address that needs no login.
fn media(shared: &Shared, call: &Call<'_>, message: &str, file: &str) -> Result<HttpResponse, Refusal> {
    let own = shared
        .messages
        .lock()
        .by_sid
        .get(message)
        .is_some_and(|it| it.account == call.account);
    if !own || shared.files.lock().get(file).is_none() {
        return Err(Refusal::not_found(call.path));
    }
    let place = format!("{}/_media/{file}", shared.base_url);
    Ok(HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, place))
        .finish())
}

fn stored_file(shared: &Shared, sid: &str) -> HttpResponse {
    match shared.files.lock().get(sid) {
        Some(file) => HttpResponse::Ok()
            .content_type(file.mime.as_str())
            .body(file.bytes.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}
