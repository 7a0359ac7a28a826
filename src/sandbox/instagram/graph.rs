//! The HTTP server: both hosts' paths, tokens, faults, and the nodes of the Graph API.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::config::InstagramFaults;
use super::error::GraphError;
use super::state::{Account, Shared};
use super::{chats, comments, control, oauth, send};

/// Largest body that is read.
const MAX_BODY: usize = 1 << 20;

/// A call, taken apart.
pub(super) struct Call {
    pub(super) method: Method,
    /// The path without the version.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) bearer: Option<String>,
}

impl Call {
    /// A parameter of the query, or of a form.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let of_query = self
            .query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone());
        of_query.or_else(|| {
            let form = serde_json::from_slice::<Value>(&self.body).ok();
            match form {
                Some(json) => json.get(name).and_then(Value::as_str).map(str::to_owned),
                None => pairs(std::str::from_utf8(&self.body).ok()?)
                    .into_iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value),
            }
        })
    }

    pub(super) fn token(&self) -> Option<String> {
        self.bearer.clone().or_else(|| self.parameter("access_token"))
    }

    /// The body: JSON, or a form whose values are JSON, which the Graph API takes as well.
    pub(super) fn json(&self) -> Result<Value, GraphError> {
        if let Ok(json) = serde_json::from_slice(&self.body) {
            return Ok(json);
        }
        let form = std::str::from_utf8(&self.body).map(pairs).unwrap_or_default();
        if form.is_empty() {
            return Err(GraphError::parameter("the body is neither JSON nor a form"));
        }
        let of_login = |name: &str| matches!(name, "access_token" | "appsecret_proof");
        let value = |text: String| match serde_json::from_str::<Value>(&text) {
            Ok(json @ (Value::Object(_) | Value::Array(_) | Value::Bool(_))) => json,
            Ok(_) | Err(_) => Value::String(text),
        };
        let fields = form.into_iter().filter(|(name, _)| !of_login(name));
        Ok(Value::Object(
            fields.map(|(name, text)| (name, value(text))).collect(),
        ))
    }
}

/// Names and values of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

/// Answers one request.
pub(super) async fn handle(
    shared: &Arc<Shared>,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(Ok(body)) = payload.to_bytes_limited(MAX_BODY).await else {
        return GraphError::parameter("the body is too large").answer();
    };
    let mut path: Vec<String> = request
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    if path.first().is_some_and(|part| is_version(part)) {
        path.remove(0);
    }
    let header = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let call = Call {
        method: request.method().clone(),
        path,
        query: pairs(request.query_string()),
        body: body.to_vec(),
        bearer: header
            .and_then(|header| header.strip_prefix("Bearer "))
            .map(str::to_owned),
    };
    let parts: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["_sandbox", ..] if shared.config.control => control::handle(shared, request, &call),
        ["ig_messaging_cdn"] => file(shared, &call),
        ["oauth", "authorize"] | ["dialog", "oauth"] => oauth::authorize(shared, &call),
        ["oauth", "access_token"] | ["access_token"] | ["refresh_access_token"] => {
            oauth::token(shared, &call)
        }
        ["debug_token"] => oauth::debug(shared, &call),
        [app, "subscriptions"] if *app == shared.config.client_id => oauth::hooks(shared, &call),
        _ => node(shared, &call, &parts).await,
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// A file of a message, as long as its address works.
fn file(shared: &Shared, call: &Call) -> HttpResponse {
    let id = call.parameter("asset_id").unwrap_or_default();
    let files = shared.files.lock();
    match files.iter().find(|(known, _)| *known == id) {
        Some((_, file)) if file.expires_ms > shared.clock.now_ms() => HttpResponse::Ok()
            .content_type(file.mime.as_str())
            .body(file.bytes.clone()),
        Some(_) => HttpResponse::Forbidden().body("URL signature expired"),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn node(shared: &Arc<Shared>, call: &Call, parts: &[&str]) -> HttpResponse {
    let (account, faults) = match caller(shared, call) {
        Ok(found) => found,
        Err(error) => return error.answer(),
    };
    if faults.down {
        return HttpResponse::ServiceUnavailable().finish();
    }
    if faults.token_expired {
        return GraphError::token(463, "Session has expired").answer();
    }
    match (&call.method, parts) {
        (&Method::POST, [node, "messages"]) if account.is_called(node) => {
            match call.json() {
                // Marks of reading and typing are no sends: faults that were asked for are not used up by them.
                Ok(body) if is_mark(&body) => done(send::take(shared, &account, &body)),
                body => {
                    say(shared, &account, || {
                        body.and_then(|body| send::take(shared, &account, &body))
                    })
                    .await
                }
            }
        }
        (&Method::POST | &Method::DELETE, [comment] | [comment, "replies"])
            if !account.is_called(comment) =>
        {
            say(shared, &account, || read_or_change(shared, &account, call, parts)).await
        }
        _ => done(read_or_change(shared, &account, call, parts)),
    }
}

fn is_mark(body: &Value) -> bool {
    let action = body.get("sender_action").and_then(Value::as_str);
    matches!(action, Some("typing_on" | "typing_off" | "mark_seen"))
}

fn done(outcome: Result<Value, GraphError>) -> HttpResponse {
    outcome.map_or_else(|error| error.answer(), |answer| HttpResponse::Ok().json(answer))
}

/// The account whose token this is.
pub(super) fn caller(shared: &Shared, call: &Call) -> Result<(Arc<Account>, InstagramFaults), GraphError> {
    let token = call.token().unwrap_or_default();
    let now = shared.clock.now_ms();
    let accounts = shared.accounts.lock().clone();
    for account in accounts {
        let state = account.state.lock();
        let given = state.tokens.iter().find(|known| known.text == token);
        if given.is_some_and(|given| given.expires_ms <= now) {
            return Err(GraphError::token(463, "Session has expired"));
        }
        if given.is_some() || (!token.is_empty() && account.config.access_token == token) {
            let faults = state.faults.clone();
            drop(state);
            return Ok((account, faults));
        }
    }
    Err(GraphError::token(467, "The access token is invalid"))
}

/// Does what is said to somebody, with the faults that strike what is sent.
async fn say(
    shared: &Shared,
    account: &Account,
    work: impl FnOnce() -> Result<Value, GraphError>,
) -> HttpResponse {
    let (delay, refusal, html, lost) = {
        let mut state = account.state.lock();
        let faults = &mut state.faults;
        let refusal = if faults.refuse.strikes(&shared.rng) {
            Some(GraphError::unavailable())
        } else if faults.throttle.strikes(&shared.rng) {
            Some(GraphError::rate())
        } else {
            None
        };
        let html = refusal.is_none() && faults.server_error.strikes(&shared.rng);
        let lost = refusal.is_none() && !html && faults.drop_answer.strikes(&shared.rng);
        (faults.answer_delay.draw(&shared.rng), refusal, html, lost)
    };
    if delay > 0 {
        tokio::time::sleep(shared.clock.real(delay).min(Duration::from_secs(120))).await;
    }
    if let Some(error) = refusal {
        return error.answer();
    }
    if html {
        return HttpResponse::InternalServerError()
            .content_type("text/html")
            .body("<html>Sorry</html>");
    }
    match work() {
        // A body that ends before its announced length: the client sees the connection break.
        Ok(_) if lost => HttpResponse::Ok()
            .no_chunking(1_000)
            .streaming(futures_util::stream::once(async {
                Err::<bytes::Bytes, _>(std::io::Error::other("cut"))
            })),
        outcome => done(outcome),
    }
}

fn read_or_change(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    call: &Call,
    parts: &[&str],
) -> Result<Value, GraphError> {
    let nothing = || GraphError::unknown_object(&parts.join("/"));
    match (&call.method, parts) {
        (&Method::GET, ["me", "accounts"]) => Ok(oauth::pages(account)),
        (&Method::GET, [node]) if account.is_called(node) => Ok(about(account)),
        (_, [node, "subscribed_apps"]) if account.is_called(node) => Ok(subscriptions(account, call)),
        (_, [node, "messenger_profile"]) if account.is_called(node) => offer(account, call),
        (&Method::POST, [node, "message_attachments"]) if account.is_called(node) => {
            Ok(json!({"attachment_id": shared.digits("140")}))
        }
        (&Method::GET, [node, "conversations"]) if account.is_called(node) => {
            chats::conversations(shared, account, call)
        }
        (&Method::POST, [comment, "replies"]) => comments::answer(shared, account, comment, call),
        (&Method::POST, [comment]) => comments::hide(account, comment, call),
        (&Method::DELETE, [comment]) => comments::delete(account, comment),
        (&Method::GET, [id]) => match chats::customer_of(id) {
            Some(customer) => chats::conversation(shared, account, &customer),
            None => person(shared, account, id).or_else(|error| chats::message(account, id, &error)),
        },
        _ => Err(nothing()),
    }
}

fn about(account: &Account) -> Value {
    let config = &account.config;
    json!({
        "id": format!("26{}", config.ig_id.get(2..).unwrap_or_default()), "user_id": config.ig_id,
        "username": config.username, "name": config.name, "account_type": "BUSINESS",
        "instagram_business_account": {"id": config.ig_id},
    })
}

fn subscriptions(account: &Account, call: &Call) -> Value {
    let mut state = account.state.lock();
    match call.method {
        Method::POST => {
            let fields = call.parameter("subscribed_fields").unwrap_or_default();
            state.subscribed = fields
                .split(',')
                .filter(|field| !field.is_empty())
                .map(str::to_owned)
                .collect();
            json!({"success": true})
        }
        Method::DELETE => {
            state.subscribed.clear();
            json!({"success": true})
        }
        _ if state.subscribed.is_empty() => json!({"data": []}),
        _ => json!({"data": [{"name": "Frontdesk", "subscribed_fields": state.subscribed}]}),
    }
}

fn offer(account: &Account, call: &Call) -> Result<Value, GraphError> {
    let mut state = account.state.lock();
    if call.method == Method::GET {
        let parts = [
            ("ice_breakers", &state.ice_breakers),
            ("persistent_menu", &state.menu),
        ];
        let set = parts.into_iter().filter(|(_, value)| value.is_array());
        let data: Vec<Value> = set.map(|(name, value)| json!({ name: value })).collect();
        return Ok(json!({ "data": data }));
    }
    let body = call.json()?;
    if call.method == Method::DELETE {
        for field in body["fields"].as_array().into_iter().flatten() {
            match field.as_str() {
                Some("ice_breakers") => state.ice_breakers = Value::Null,
                Some("persistent_menu") => state.menu = Value::Null,
                _ => return Err(GraphError::parameter("param fields names an unknown field")),
            }
        }
        return Ok(json!({"result": "success"}));
    }
    let questions = body
        .pointer("/ice_breakers/0/call_to_actions")
        .and_then(Value::as_array);
    if questions.is_some_and(|questions| questions.is_empty() || questions.len() > 4) {
        return Err(GraphError::parameter(
            "param ice_breakers must have 1 to 4 questions",
        ));
    }
    if questions.is_some() {
        state.ice_breakers = body["ice_breakers"].clone();
    }
    if body.pointer("/persistent_menu/0/call_to_actions").is_some() {
        state.menu = body["persistent_menu"].clone();
    }
    Ok(json!({"result": "success"}))
}

/// A profile: only of those who have written.
fn person(shared: &Shared, account: &Account, id: &str) -> Result<Value, GraphError> {
    let state = account.state.lock();
    let person = state
        .people
        .get(id)
        .ok_or_else(|| GraphError::unknown_object(id))?;
    if state
        .threads
        .get(id)
        .is_none_or(|thread| thread.wrote_ms.is_none())
    {
        return Err(GraphError::consent());
    }
    let (name, username) = (person.name.clone(), person.username.clone());
    drop(state);
    Ok(
        json!({"id": id, "name": name, "username": username, "follower_count": 312,
        "profile_pic": shared.keep_file("image/png", portrait(id)),
        "is_user_follow_business": true, "is_business_follow_user": false, "is_verified_user": false}),
    )
}

/// A picture of somebody: squares in a colour, both theirs alone.
fn portrait(id: &str) -> Bytes {
    const SIDE: u32 = 96;
    let hash = id
        .bytes()
        .fold(5_381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte));
    let tone = |shift: u32| u8::try_from(60 + (hash >> shift) % 120).unwrap_or(90);
    let colour = image::Rgb([tone(0), tone(7), tone(14)]);
    let paper = image::Rgb([236, 232, 224]);
    let picture = image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
        // Mirrored, as faces are.
        let column = (x * 6 / SIDE).min(5 - x * 6 / SIDE);
        let square = column * 6 + y * 6 / SIDE;
        if (hash >> (square % 31)) & 1 == 1 {
            colour
        } else {
            paper
        }
    });
    let mut out = std::io::Cursor::new(Vec::new());
    match picture.write_to(&mut out, image::ImageFormat::Png) {
        Ok(()) => Bytes::from(out.into_inner()),
        // A simulator without pictures plays on.
        Err(_) => Bytes::new(),
    }
}
