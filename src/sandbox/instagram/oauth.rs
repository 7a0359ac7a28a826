//! Logging in: the consent page (which agrees at once), codes, short and long tokens, refreshing.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::graph::Call;
use super::state::{Account, Shared, Token};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long a long-lived token lives.
const LONG_MS: i64 = 60 * DAY_MS;
/// Codes that wait to be exchanged.
const CODES: usize = 1_000;
/// Tokens kept of one account; the oldest leave first.
const TOKENS: usize = 100;
const SCOPES: &str =
    "instagram_business_basic,instagram_business_manage_messages,instagram_business_manage_comments";

fn refused(why: &str) -> HttpResponse {
    HttpResponse::BadRequest()
        .json(json!({"error_type": "OAuthException", "code": 400, "error_message": why}))
}

/// The consent page. The simulator's account holder agrees at once, unless `deny=1` stands in the address.
pub(super) fn authorize(shared: &Shared, call: &Call) -> HttpResponse {
    let text = |name: &str| call.parameter(name).unwrap_or_default();
    if text("client_id") != shared.config.client_id {
        return refused("Invalid platform app");
    }
    let Ok(mut back) = reqwest::Url::parse(&text("redirect_uri")) else {
        return refused("Invalid redirect_uri");
    };
    let wanted = text("account");
    let accounts = shared.accounts.lock().clone();
    let account = accounts
        .iter()
        .find(|account| wanted.is_empty() || account.config.ig_id == wanted);
    match account.filter(|_| text("deny").is_empty()) {
        Some(account) => {
            let code = shared.secret("AQ");
            let mut codes = shared.codes.lock();
            if codes.len() >= CODES {
                codes.remove(0);
            }
            codes.push((code.clone(), account.config.ig_id.clone(), text("redirect_uri")));
            back.query_pairs_mut().append_pair("code", &code);
        }
        None => {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_reason", "user_denied")
                .append_pair("error_description", "The user denied your request.");
        }
    }
    back.query_pairs_mut().append_pair("state", &text("state"));
    back.set_fragment(Some("_"));
    HttpResponse::Found()
        .insert_header(("location", back.as_str()))
        .finish()
}

/// Every exchange of a code or token.
pub(super) fn token(shared: &Shared, call: &Call) -> HttpResponse {
    let kind = call.parameter("grant_type").unwrap_or_default();
    match kind.as_str() {
        "ig_exchange_token" => lengthen(shared, call, "access_token"),
        "fb_exchange_token" => lengthen(shared, call, "fb_exchange_token"),
        "ig_refresh_token" => refresh(shared, call),
        "authorization_code" | "" => exchange(shared, call),
        _ => refused("Invalid grant_type"),
    }
}

fn knows_secret(shared: &Shared, call: &Call) -> bool {
    call.parameter("client_secret")
        .is_some_and(|secret| secret == shared.config.client_secret)
}

/// A code for a token of one hour. A code works once, for the redirect address that it was made for.
fn exchange(shared: &Shared, call: &Call) -> HttpResponse {
    let text = |name: &str| call.parameter(name).unwrap_or_default();
    if text("client_id") != shared.config.client_id || !knows_secret(shared, call) {
        return refused("Error validating client secret.");
    }
    let used = {
        let mut codes = shared.codes.lock();
        let place = codes
            .iter()
            .position(|(code, _, uri)| *code == text("code") && *uri == text("redirect_uri"));
        place.map(|place| codes.remove(place))
    };
    let Some(account) = used.and_then(|(_, account, _)| shared.account(&account)) else {
        return refused("Matching code was not found or was already used");
    };
    let token = give(shared, &account, HOUR_MS, true);
    let is_facebook = call.method == actix_web::http::Method::GET;
    HttpResponse::Ok().json(match is_facebook {
        true => json!({"access_token": token, "token_type": "bearer", "expires_in": HOUR_MS / 1000}),
        false => {
            json!({"data": [{"access_token": token, "user_id": account.config.ig_id, "permissions": SCOPES}]})
        }
    })
}

fn give(shared: &Shared, account: &Account, life_ms: i64, short: bool) -> String {
    let now = shared.clock.now_ms();
    let text = shared.secret(if short { "IGQS" } else { "IGQL" });
    let mut state = account.state.lock();
    if state.tokens.len() >= TOKENS {
        state.tokens.remove(0);
    }
    state.tokens.push(Token {
        text: text.clone(),
        given_ms: now,
        expires_ms: now + life_ms,
        short,
    });
    text
}

/// The account and the record of a token that has not expired.
fn holder(shared: &Shared, text: &str) -> Option<(Arc<Account>, Token)> {
    let now = shared.clock.now_ms();
    let accounts = shared.accounts.lock().clone();
    accounts.into_iter().find_map(|account| {
        let state = account.state.lock();
        let found = state
            .tokens
            .iter()
            .find(|token| token.text == text && token.expires_ms > now)
            .cloned();
        drop(state);
        found.map(|token| (account, token))
    })
}

/// A short token for one of sixty days.
fn lengthen(shared: &Shared, call: &Call, parameter: &str) -> HttpResponse {
    if !knows_secret(shared, call) {
        return refused("Error validating client secret.");
    }
    match holder(shared, &call.parameter(parameter).unwrap_or_default()) {
        Some((account, token)) if token.short => long(give(shared, &account, LONG_MS, false)),
        _ => refused("Session key invalid. This could be because the session key has an incorrect format."),
    }
}

/// Another sixty days, for a token that is at least a day old.
fn refresh(shared: &Shared, call: &Call) -> HttpResponse {
    let token = call.parameter("access_token").unwrap_or_default();
    match holder(shared, &token) {
        Some((account, token)) if !token.short && shared.clock.now_ms() - token.given_ms >= DAY_MS => {
            long(give(shared, &account, LONG_MS, false))
        }
        Some(_) => refused("The token is too young to be refreshed"),
        None => refused("Error validating access token: Session has expired"),
    }
}

fn long(token: String) -> HttpResponse {
    HttpResponse::Ok()
        .json(json!({"access_token": token, "token_type": "bearer", "expires_in": LONG_MS / 1000}))
}

/// The Pages of whoever logged in with Facebook.
pub(super) fn pages(account: &Account) -> Value {
    let config = &account.config;
    json!({"data": [{"id": config.page_id, "name": config.name, "access_token": config.access_token,
        "tasks": ["MESSAGING", "MODERATE"], "instagram_business_account": {"id": config.ig_id}}]})
}

/// What a Page's token may do (Meta: `debug_token`).
pub(super) fn debug(shared: &Shared, call: &Call) -> HttpResponse {
    if let Err(error) = super::graph::caller(shared, call) {
        return error.answer();
    }
    let asked = call.parameter("input_token").unwrap_or_default();
    let accounts = shared.accounts.lock();
    let account = accounts.iter().find(|it| it.config.access_token == asked);
    let scopes = account.map(|account| {
        let lacking = account.state.lock().lacking.clone();
        let given = PAGE_SCOPES
            .into_iter()
            .filter(|it| !lacking.iter().any(|lack| lack == it));
        given.collect::<Vec<_>>()
    });
    HttpResponse::Ok().json(json!({"data": {"app_id": shared.config.client_id, "type": "PAGE",
        "is_valid": scopes.is_some(), "scopes": scopes.unwrap_or_default(), "expires_at": 0}}))
}

/// Where the app has webhooks posted, for who shows the app's own token.
pub(super) fn hooks(shared: &Shared, call: &Call) -> HttpResponse {
    let config = &shared.config;
    if call.token() != Some(format!("{}|{}", config.client_id, config.client_secret)) {
        return super::error::GraphError::token(190, "Invalid OAuth access token signature.").answer();
    }
    let accounts = shared.accounts.lock();
    let url = accounts.iter().find_map(|it| it.state.lock().webhook_url.clone());
    let hooks: Vec<Value> = url
        .map(|url| {
            json!({"object": "instagram", "callback_url": url, "active": true,
                "fields": [{"name": "messages", "version": "v25.0"}]})
        })
        .into_iter()
        .collect();
    HttpResponse::Ok().json(json!({ "data": hooks }))
}

/// What people who log in with Facebook agree to.
const PAGE_SCOPES: [&str; 6] = [
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
    "pages_manage_metadata",
    "pages_show_list",
    "pages_read_engagement",
];
