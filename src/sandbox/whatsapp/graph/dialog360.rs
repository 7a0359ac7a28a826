//! 360dialog's door to the same accounts: no version and no number in the path, the key of a number in a header, settings of its
//! own, webhooks without Meta's signature.
//!
//! Owns the route table, the set-up of webhooks, the list of templates in 360dialog's shape, and its own error envelope. What
//! is sent and refused is the Graph API's. Source: the provider contract of 360dialog.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::{Answer, Call, media, messages, numbers, ok, success, templates};
use crate::sandbox::whatsapp::accounts::{Posting, Template, Waba};
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::reviews::Samples;

/// The header that carries the key.
const KEY: &str = "d360-api-key";
/// Where Meta keeps files; 360dialog's answers name it, and its clients put 360dialog's host in its place.
const META_FILES: &str = "https://lookaside.fbsbx.com";
/// First parts of paths that only 360dialog has.
const OWN_PATHS: [&str; 6] = [
    "messages",
    "media",
    "v1",
    "waba_webhook",
    "whatsapp_business",
    "health_status",
];
/// Most headers of a webhook, and longest address or header, in bytes (ours).
const MAX_HEADERS: usize = 20;
const MAX_TEXT: usize = 2_000;
/// Templates a page unless the caller says otherwise.
const PAGE: usize = 1_000;
/// Meta's codes that 360dialog tells in its own envelope: the key, and the account's money.
const KEY_REFUSED: u32 = 190;
const UNPAID: u32 = 131_042;

/// Whether a call is to 360dialog's API.
pub(super) fn speaks_it(request: &HttpRequest, path: &[&str]) -> bool {
    let has_own_path = path.first().is_some_and(|first| OWN_PATHS.contains(first));
    has_own_path || request.headers().contains_key(KEY)
}

/// Finds the number of the key.
pub(super) fn authenticate(call: &mut Call<'_>) -> Result<(), GraphError> {
    let key = call.request.headers().get(KEY).and_then(|key| key.to_str().ok());
    call.caller = key.and_then(|key| call.shared.accounts.by_token(key.trim()));
    let is_spent = call.shared.faults.token_expired();
    match (&call.caller, is_spent) {
        (Some(_), false) => Ok(()),
        _ => Err(GraphError::token_invalid()),
    }
}

/// Answers a call, with 360dialog's own envelope around what it refuses itself.
pub(super) async fn answer(call: &Call<'_>) -> Answer {
    match route(call).await {
        Err(error) => refused(error),
        answered => answered,
    }
}

/// A refusal: 360dialog's own, or Meta's passed through.
pub(super) fn refused(error: GraphError) -> Answer {
    match error.code() {
        KEY_REFUSED => Ok(own_refusal(401, "Invalid api key.")),
        UNPAID => Ok(own_refusal(
            400,
            "The account is restricted because of an unpaid balance.",
        )),
        _ => Err(error),
    }
}

fn own_refusal(status: u16, message: &str) -> HttpResponse {
    let body = json!({"meta": {"success": false, "http_code": status, "developer_message": message}});
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)).json(body)
}

async fn route(call: &Call<'_>) -> Answer {
    let number = call.caller()?.config.phone_number_id.clone();
    match (call.method, call.path) {
        ("POST", ["messages"]) => messages::send(call, &number).await,
        ("POST", ["media"]) => media::upload(call, &number).await,
        ("GET", ["whatsapp_business", "attachments"]) => {
            media::download(call, call.query.get("mid").map_or("", String::as_str))
        }
        ("GET", ["v1", "configs", "webhook"]) => ok(&shown(call.caller()?.state.lock().posting.as_ref())),
        ("POST", ["v1", "configs", "webhook"]) => set_webhook(call),
        ("GET", ["waba_webhook"]) => ok(&shown(call.caller()?.waba.state.lock().posting.as_ref())),
        ("POST", ["waba_webhook"]) => set_account_webhook(call),
        ("GET", ["v1", "configs", "templates"]) => list(call),
        ("POST", ["v1", "configs", "templates"]) => create(call),
        ("DELETE", ["v1", "configs", "templates", name]) => {
            templates::remove(&call.caller()?.waba, name, None)?;
            success()
        }
        ("GET", ["health_status"]) => numbers::record(call, &number, &["health_status"]),
        (_, ["whatsapp_business_profile"]) => numbers::profile(call, &number),
        ("GET" | "DELETE", [id]) if call.shared.media.contains(id) => file(call, id),
        _ => Err(call.unknown()),
    }
}

/// A file's record, with the address at Meta's host.
fn file(call: &Call<'_>, id: &str) -> Answer {
    if call.method == "DELETE" {
        return media::object(call, id);
    }
    let now_ms = call.shared.clock.now_ms();
    let url = call.shared.media.url("", id, now_ms);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let address = format!("{META_FILES}/whatsapp_business/attachments/?mid={id}&{query}");
    let mut record = media::record(call, id)?;
    record["url"] = address.into();
    // Meta writes it as a text.
    let size: Option<u64> = record["file_size"].as_str().and_then(|size| size.parse().ok());
    record["file_size"] = size.into();
    ok(&record)
}

fn shown(posting: Option<&Posting>) -> Value {
    let Some(posting) = posting else {
        return json!({});
    };
    let headers = posting.headers.iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({"url": posting.url, "headers": headers})
}

fn set_webhook(call: &Call<'_>) -> Answer {
    let posting = match posting(&call.json()?) {
        Ok(posting) => posting,
        Err(message) => return Ok(own_refusal(400, message)),
    };
    let answer = json!({"url": posting.url});
    call.caller()?.state.lock().posting = Some(posting);
    ok(&answer)
}

fn set_account_webhook(call: &Call<'_>) -> Answer {
    let body = call.json()?;
    let posting = match posting(&body) {
        Ok(posting) => posting,
        Err(message) => return Ok(own_refusal(400, message)),
    };
    let answer = json!({"url": posting.url});
    let waba = &call.caller()?.waba;
    waba.state.lock().posting = Some(posting);
    if body["override_all"] == true {
        for number in call.shared.accounts.numbers_of(&waba.id) {
            number.state.lock().posting = None;
        }
    }
    ok(&answer)
}

/// Where webhooks go from now on, and what they carry.
fn posting(body: &Value) -> Result<Posting, &'static str> {
    let url = body["url"]
        .as_str()
        .filter(|url| url.starts_with("http") && url.len() <= MAX_TEXT);
    let url = url.ok_or("url must be an address of a server.")?;
    let given = match &body["headers"] {
        Value::Null => Map::new(),
        Value::Object(fields) if fields.len() <= MAX_HEADERS => fields.clone(),
        _ => return Err("headers must be an object with few fields."),
    };
    let mut headers = Vec::new();
    for (name, value) in given {
        let value = value.as_str().unwrap_or_default();
        let fits = HeaderName::from_bytes(name.as_bytes()).is_ok()
            && HeaderValue::from_str(value).is_ok()
            && value.len() <= MAX_TEXT;
        if !fits {
            return Err("headers has a name or value that cannot be sent.");
        }
        headers.push((name, value.to_owned()));
    }
    Ok(Posting {
        url: url.to_owned(),
        headers,
    })
}

fn list(call: &Call<'_>) -> Answer {
    let number = |name: &str, default: usize| {
        let given = call.query.get(name).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (limit, offset) = (number("limit", PAGE).clamp(1, PAGE), number("offset", 0));
    let state = call.caller()?.waba.state.lock();
    let total = state.templates.len();
    let page = state.templates.iter().skip(offset).take(limit);
    let page: Vec<Value> = page
        .map(|template| shown_template(template, call.shared.clock.now_ms()))
        .collect();
    drop(state);
    ok(&json!({
        "count": page.len(), "total": total, "limit": limit, "offset": offset, "sort": ["id"], "filters": {},
        "waba_templates": page,
    }))
}

fn create(call: &Call<'_>) -> Answer {
    let waba = call.caller()?.waba.clone();
    let (id, _) = templates::add(call, &waba, Samples::Links)?;
    let template = template_of(&waba, id).ok_or_else(|| call.unknown())?;
    let mut shown = shown_template(&template, call.shared.clock.now_ms());
    if let Value::Object(fields) = &mut shown {
        let told = [
            "id",
            "external_id",
            "name",
            "language",
            "category",
            "status",
            "components",
        ];
        fields.retain(|name, _| told.contains(&name.as_str()));
    }
    shown["status"] = "submitted".into();
    Ok(HttpResponse::Created().json(shown))
}

fn template_of(waba: &Waba, id: u64) -> Option<Template> {
    let state = waba.state.lock();
    state.templates.iter().find(|template| template.id == id).cloned()
}

/// A template with 360dialog's own id beside Meta's.
fn shown_template(template: &Template, now_ms: i64) -> Value {
    let definition = &template.definition;
    let now = jiff::Timestamp::from_millisecond(now_ms).map_or_else(|_| String::new(), |at| at.to_string());
    json!({
        "id": format!("T{:X}WT", template.id), "external_id": template.id.to_string(),
        "name": definition.name, "namespace": "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9",
        "language": definition.language, "category": definition.category,
        "status": definition.status.to_ascii_lowercase(),
        "rejected_reason": template.rejected_reason.as_deref().unwrap_or("NONE"),
        "quality_score": null, "components": definition.components,
        "created_at": now, "modified_at": now, "partner_id": "sandboxPA", "waba_account_id": "sandboxWA",
    })
}
