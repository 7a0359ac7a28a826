//! The routes of the Content API: `/v1/Content`, approvals, and the two lists.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::api::{Call, iso};
use super::content::{self, Content, Request};
use super::refusal::Refusal;
use super::state::Shared;

/// Most characters of a name.
const MAX_NAME: usize = 512;

/// Answers a call below `/v1`.
pub(crate) fn handle(shared: &Arc<Shared>, call: &Call<'_>, path: &[&str]) -> Result<HttpResponse, Refusal> {
    match (call.method, path) {
        ("POST", ["Content"]) => create(shared, call),
        ("GET", ["Content" | "ContentAndApprovals" | "LegacyContent"]) => list(shared, call, path[0]),
        ("GET", ["Content", sid]) => one(shared, call, sid, |content, base, _| view(content, base)),
        ("DELETE", ["Content", sid]) => remove(shared, call, sid),
        ("PUT", ["Content", sid]) => replace(shared, call, sid),
        ("POST", ["Content", sid, "ApprovalRequests", "whatsapp"]) => submit(shared, call, sid),
        ("GET", ["Content", sid, "ApprovalRequests"]) => one(shared, call, sid, |content, base, now_ms| {
            json!({
                "sid": content.sid,
                "account_sid": content.account,
                "whatsapp": content.approval_view(now_ms),
                "url": format!("{base}/v1/Content/{}/ApprovalRequests", content.sid),
            })
        }),
        _ => Err(Refusal::not_found(call.path)),
    }
}

fn body(call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let read: Result<Value, _> = serde_json::from_slice(call.body);
    match read {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::bad(20_001, "The request body must be a JSON object.")),
    }
}

fn read(shared: &Shared, call: &Call<'_>, sid: String) -> Result<Content, Refusal> {
    let fields = body(call)?;
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let types = fields
        .get("types")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let known = |kind: &String| kind.starts_with("twilio/") || kind.starts_with("whatsapp/");
    if types.is_empty() || !types.keys().all(known) || types.values().any(|kind| !kind.is_object()) {
        return Err(Refusal::bad(
            60_002,
            "types must name at least one content type such as twilio/text.",
        ));
    }
    if let Some(what) = types.iter().find_map(|(kind, body)| content::trouble(kind, body)) {
        return Err(Refusal::bad(60_002, what));
    }
    if text("language").is_empty() || text("friendly_name").len() > MAX_NAME {
        return Err(Refusal::bad(
            60_002,
            "language is required, and friendly_name has a limit.",
        ));
    }
    let variables = fields
        .get("variables")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    Ok(Content {
        sid,
        account: call.account.to_owned(),
        friendly_name: text("friendly_name"),
        language: text("language"),
        variables,
        types,
        created_ms: shared.clock.now_ms(),
        request: None,
    })
}

fn create(shared: &Arc<Shared>, call: &Call<'_>) -> Result<HttpResponse, Refusal> {
    let content = read(shared, call, shared.sid("HX"))?;
    let shown = view(&content, &shared.base_url);
    let mut accounts = shared.accounts.lock();
    let account = accounts.get_mut(call.account).ok_or_else(Refusal::login)?;
    match account.contents.add(content) {
        true => Ok(HttpResponse::Created().json(shown)),
        false => Err(Refusal::bad(
            60_200,
            "The account has as many contents as it may.",
        )),
    }
}

fn replace(shared: &Arc<Shared>, call: &Call<'_>, sid: &str) -> Result<HttpResponse, Refusal> {
    let content = read(shared, call, sid.to_owned())?;
    let shown = view(&content, &shared.base_url);
    let mut accounts = shared.accounts.lock();
    let known = accounts
        .get_mut(call.account)
        .and_then(|account| account.contents.get_mut(sid));
    let known = known.ok_or_else(|| Refusal::not_found(call.path))?;
    *known = content;
    Ok(HttpResponse::Ok().json(shown))
}

fn one(
    shared: &Shared,
    call: &Call<'_>,
    sid: &str,
    show: impl FnOnce(&Content, &str, i64) -> Value,
) -> Result<HttpResponse, Refusal> {
    let accounts = shared.accounts.lock();
    let content = accounts
        .get(call.account)
        .and_then(|account| account.contents.get(sid));
    let content = content.ok_or_else(|| Refusal::not_found(call.path))?;
    Ok(HttpResponse::Ok().json(show(content, &shared.base_url, shared.clock.now_ms())))
}

fn remove(shared: &Shared, call: &Call<'_>, sid: &str) -> Result<HttpResponse, Refusal> {
    let mut accounts = shared.accounts.lock();
    let account = accounts.get_mut(call.account).ok_or_else(Refusal::login)?;
    match account.contents.remove(sid) {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Refusal::not_found(call.path)),
    }
}

fn submit(shared: &Shared, call: &Call<'_>, sid: &str) -> Result<HttpResponse, Refusal> {
    let fields = body(call)?;
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (name, category) = (text("name"), text("category").to_ascii_uppercase());
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(Refusal::bad(
            60_002,
            "name may only have small letters, digits and underscores.",
        ));
    }
    if !matches!(category.as_str(), "UTILITY" | "MARKETING" | "AUTHENTICATION") {
        return Err(Refusal::bad(
            60_002,
            "category must be UTILITY, MARKETING or AUTHENTICATION.",
        ));
    }
    let takes_ms = i64::try_from(shared.config.review.draw(&shared.rng)).unwrap_or(i64::MAX);
    let mut accounts = shared.accounts.lock();
    let content = accounts
        .get_mut(call.account)
        .and_then(|account| account.contents.get_mut(sid));
    let content = content.ok_or_else(|| Refusal::not_found(call.path))?;
    content.request = Some(Request {
        name,
        category,
        at_ms: shared.clock.now_ms(),
        takes_ms,
        forced: None,
    });
    let mut shown = content.approval_view(shared.clock.now_ms());
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("type");
    }
    Ok(HttpResponse::Created().json(shown))
}

fn list(shared: &Shared, call: &Call<'_>, which: &str) -> Result<HttpResponse, Refusal> {
    let (size, page) = call.page();
    let now_ms = shared.clock.now_ms();
    let accounts = shared.accounts.lock();
    let account = accounts.get(call.account).ok_or_else(Refusal::login)?;
    let all: Vec<&Content> = account.contents.iter().collect();
    let start = page.saturating_mul(size);
    let shown: Vec<Value> = all
        .iter()
        .skip(start)
        .take(size)
        .map(|content| {
            let mut shown = view(content, &shared.base_url);
            if let (true, Some(fields)) = (which == "ContentAndApprovals", shown.as_object_mut()) {
                fields.remove("url");
                fields.remove("links");
                let mut approval = content.approval_view(now_ms);
                if let Some(fields) = approval.as_object_mut() {
                    fields.remove("type");
                }
                fields.insert("approval_requests".to_owned(), approval);
            }
            shown
        })
        .collect();
    let url = |page: usize| format!("{}/v1/{which}?PageSize={size}&Page={page}", shared.base_url);
    let next = (start + size < all.len()).then(|| url(page + 1));
    Ok(HttpResponse::Ok().json(json!({
        "meta": {
            "page": page,
            "page_size": size,
            "first_page_url": url(0),
            "previous_page_url": page.checked_sub(1).map(url),
            "url": url(page),
            "next_page_url": next,
            "key": "contents",
        },
        "contents": shown,
    })))
}

fn view(content: &Content, base: &str) -> Value {
    let url = format!("{base}/v1/Content/{}", content.sid);
    json!({
        "sid": content.sid,
        "account_sid": content.account,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "variables": content.variables,
        "types": content.types,
        "url": url,
        "date_created": iso(content.created_ms),
        "date_updated": iso(content.created_ms),
        "links": {
            "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
            "approval_fetch": format!("{url}/ApprovalRequests"),
        },
    })
}
