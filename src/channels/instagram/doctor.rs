//! Why nothing arrives, as far as Meta can tell: token, its rights and its end, subscription, and where webhooks are posted.
//!
//! Owns the questions for both logins and what to do about each answer. Must not change anything, and knows no clock: an end
//! that stands in the channel's settings is judged by whoever has one. Sources: the provider contract, sections 1 and 3; Meta's
//! `debug_token` and app subscriptions for the Facebook login. The Instagram login has neither, so its rights are tried.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::client::get;
use super::errors::class_of;
use super::probe;
use super::settings::{self, Login};
use crate::channels::checks::{self, check};
use crate::channels::graph::{call_bare, config, unanswered};
use crate::channels::http::TIMEOUT;
use crate::channels::payload::{text_at, whole_number};
use crate::channels::{ChannelAccess, Check, Managed};
use crate::domain::Timestamp;
use crate::domain::outbound::ErrorClass;
use crate::domain::phrases;

/// Rights of the Facebook login without which messages do not come or go.
const NEEDED: [&str; 3] = [
    "instagram_basic",
    "instagram_manage_messages",
    "pages_manage_metadata",
];

/// The connection test, and behind it the token's rights and end, and the address of webhooks.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess, webhook_url: &str) -> Vec<Check> {
    let mut checks = probe::run(http, access).await;
    let reaches_meta = checks
        .iter()
        .any(|check| check.name == "access_token" && check.ok);
    if !reaches_meta {
        return checks;
    }
    checks.push(messages(http, access).await);
    let is_known = access.settings.contains_key("token_expires_at");
    match Login::of(&access.settings) {
        Login::Instagram => {
            if !is_known {
                checks.push(check("token_end", true, phrases::CHECK_TOKEN_END_UNKNOWN.text()));
            }
            checks.push(untold(webhook_url));
        }
        Login::Facebook => {
            checks.extend(token(http, access, is_known).await);
            checks.push(callback(http, access, webhook_url).await);
        }
    }
    checks
}

/// Whether the token may read messages: the smallest call that needs the right is made.
async fn messages(http: &reqwest::Client, access: &ChannelAccess) -> Check {
    let node = [settings::sender(&access.settings), "conversations"];
    let query = [("platform", "instagram"), ("limit", "1")];
    let right = match Login::of(&access.settings) {
        Login::Instagram => "instagram_business_manage_messages",
        Login::Facebook => "instagram_manage_messages",
    };
    match get(http, access, &node, &query).await {
        Ok(_) => check("messages_right", true, phrases::CHECK_RIGHT_TO_MESSAGES.text()),
        Err(error) if matches!(error.class, ErrorClass::Auth | ErrorClass::Account) => check(
            "messages_right",
            false,
            phrases::CHECK_NO_RIGHT_TO_MESSAGES.with(&[("right", &right)]),
        ),
        Err(error) => check(
            "messages_right",
            true,
            phrases::CHECK_UNTOLD.with(&[("title", &error.title)]),
        ),
    }
}

/// What a Page's token may do, and until when.
async fn token(http: &reqwest::Client, access: &ChannelAccess, end_is_known: bool) -> Vec<Check> {
    let token = access.secrets.get("access_token");
    let token = token.map_or("", |token| token.expose_secret());
    match get(http, access, &["debug_token"], &[("input_token", token)]).await {
        Ok(answer) => of_token(answer.get("data").unwrap_or(&Value::Null), end_is_known),
        Err(error) => vec![check(
            "token_rights",
            true,
            phrases::CHECK_RIGHTS_UNTOLD.with(&[("title", &error.title)]),
        )],
    }
}

fn of_token(data: &Value, end_is_known: bool) -> Vec<Check> {
    if data.get("is_valid") == Some(&Value::Bool(false)) {
        return vec![check("token_rights", false, phrases::CHECK_TOKEN_OVER.text())];
    }
    let scopes = data.get("scopes").and_then(Value::as_array);
    let scopes: Vec<&str> = scopes.into_iter().flatten().filter_map(Value::as_str).collect();
    let missing: Vec<&str> = NEEDED.into_iter().filter(|it| !scopes.contains(it)).collect();
    let rights = match missing.is_empty() || scopes.is_empty() {
        true => check("token_rights", true, phrases::CHECK_RIGHTS_GIVEN.text()),
        false => check(
            "token_rights",
            false,
            phrases::CHECK_TOKEN_LACKS_INSTAGRAM.with(&[("rights", &missing.join(", "))]),
        ),
    };
    let ends = data.get("expires_at").and_then(whole_number).filter(|at| *at > 0);
    let end = match ends.map(Timestamp::from_seconds) {
        None => check("token_end", true, phrases::CHECK_TOKEN_NO_END.text()),
        Some(at) => check(
            "token_end",
            true,
            phrases::CHECK_TOKEN_ENDS_THEN.with(&[("ends_at", &at)]),
        ),
    };
    [rights]
        .into_iter()
        .chain(Some(end).filter(|_| !end_is_known))
        .collect()
}

fn untold(webhook_url: &str) -> Check {
    let detail = phrases::CHECK_CALLBACK_INSTAGRAM.with(&[("url", &webhook_url)]);
    check("callback", true, detail)
}

/// Where the app has Instagram's webhooks posted: asked with the app's own id and secret, where both are known.
async fn callback(http: &reqwest::Client, access: &ChannelAccess, webhook_url: &str) -> Check {
    let (Some(app), Some(secret)) = (access.settings.get("app_id"), access.secrets.get("app_secret")) else {
        return untold(webhook_url);
    };
    match subscriptions(http, access, app, secret.expose_secret()).await {
        Ok(answer) => of_subscriptions(&answer, webhook_url),
        Err(error) => check(
            "callback",
            true,
            phrases::CHECK_UNTOLD.with(&[("title", &error.title)]),
        ),
    }
}

async fn subscriptions(
    http: &reqwest::Client,
    access: &ChannelAccess,
    app: &str,
    secret: &str,
) -> Managed<Value> {
    let url = settings::endpoint(&access.settings, &[app, "subscriptions"]);
    let url = url.map_err(|error| config(error.to_string()))?;
    let call = http.get(url).bearer_auth(format!("{app}|{secret}"));
    let answer = call_bare(call, TIMEOUT).await;
    answer.map_err(unanswered)?.success(class_of)
}

fn of_subscriptions(answer: &Value, webhook_url: &str) -> Check {
    let listed = answer.get("data").and_then(Value::as_array);
    let instagram = listed
        .into_iter()
        .flatten()
        .find(|it| text_at(it, "object").as_deref() == Some("instagram"));
    let is_off = |it: &&Value| it.get("active") == Some(&Value::Bool(false));
    let found = instagram.filter(|it| !is_off(it));
    let found = found.and_then(|it| text_at(it, "callback_url"));
    match found {
        None => check(
            "callback",
            false,
            phrases::CHECK_CALLBACK_OFF.with(&[("url", &webhook_url)]),
        ),
        Some(url) => checks::callback(&url, webhook_url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pages_token_is_judged_by_its_rights_and_its_end() {
        let all = json!([
            "instagram_basic",
            "instagram_manage_messages",
            "pages_manage_metadata"
        ]);
        let table = [
            (
                json!({"is_valid": true, "scopes": all, "expires_at": 0}),
                [true, true],
                "does not end",
            ),
            (
                json!({"is_valid": true, "scopes": all, "expires_at": 1_800_000_000}),
                [true, true],
                "2027",
            ),
            (
                json!({"is_valid": true, "scopes": ["instagram_basic", "pages_manage_metadata"]}),
                [false, true],
                "instagram_manage_messages",
            ),
        ];
        for (data, expected, words) in table {
            let found = of_token(&data, false);
            assert_eq!([found[0].ok, found[1].ok], expected, "{found:?}");
            assert!(found.iter().any(|it| it.detail.contains(words)), "{found:?}");
            assert_eq!(of_token(&data, true).len(), 1);
        }
        let over = of_token(&json!({"is_valid": false}), false);
        assert!(over.len() == 1 && !over[0].ok);
    }

    #[test]
    fn the_callback_of_the_app_must_be_here_and_on() {
        let here = "https://desk.example/webhooks/instagram";
        let hook = |object: &str, url: &str, active: bool| json!({"data": [{"object": object, "callback_url": url, "active": active}]});
        let table = [
            (hook("instagram", here, true), true),
            (
                hook("instagram", "https://desk.example/webhooks/instagram/", true),
                true,
            ),
            (hook("instagram", "https://old.example/hook", true), false),
            (hook("instagram", here, false), false),
            (hook("page", here, true), false),
            (json!({"data": []}), false),
        ];
        for (answer, ok) in table {
            let found = of_subscriptions(&answer, here);
            assert!(
                found.ok == ok && found.detail.contains("desk.example"),
                "{answer}: {found:?}"
            );
        }
    }
}
