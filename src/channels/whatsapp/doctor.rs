//! Why nothing arrives, as far as Meta can tell: token and its rights, subscription of webhooks, the number's state.
//!
//! Owns the questions and what to do about each answer. Must not change anything.

use serde_json::Value;

use super::manage::{callbacks, get, needed};
use super::payload::{text_at, whole_number};
use super::probe;
use crate::channels::checks::{self, check};
use crate::channels::{ChannelAccess, Check, Managed};
use crate::domain::phrases;
use secrecy::ExposeSecret;

/// Rights without which a channel does not work.
const SCOPES: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];

/// The connection test, and behind it the token's rights, the subscription's address and what may be sent.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess, webhook_url: &str) -> Vec<Check> {
    let mut checks = probe::run(http, access).await;
    let reaches_meta = checks
        .iter()
        .any(|check| check.name == "access_token" && check.ok);
    if !reaches_meta {
        return checks;
    }
    checks.push(token(http, access).await);
    checks.push(callback(http, access, webhook_url).await);
    checks.push(sending(http, access).await);
    checks
}

/// What the token may do, and until when.
async fn token(http: &reqwest::Client, access: &ChannelAccess) -> Check {
    let token = access
        .secrets
        .get("access_token")
        .map_or("", |token| token.expose_secret());
    let answer = match get(http, access, &["debug_token"], &[("input_token", token)]).await {
        Ok(answer) => answer,
        Err(error) => {
            return check(
                "token_rights",
                true,
                phrases::CHECK_RIGHTS_UNTOLD.with(&[("title", &error.title)]),
            );
        }
    };
    of_token(answer.get("data").unwrap_or(&Value::Null))
}

fn of_token(data: &Value) -> Check {
    if data.get("is_valid") == Some(&Value::Bool(false)) {
        let advice = phrases::CHECK_TOKEN_INVALID.text();
        return check("token_rights", false, advice);
    }
    let scopes: Vec<&str> = data
        .get("scopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let missing: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| !scopes.contains(scope))
        .collect();
    if !missing.is_empty() && !scopes.is_empty() {
        let detail = phrases::CHECK_TOKEN_LACKS.with(&[("rights", &missing.join(", "))]);
        return check("token_rights", false, detail);
    }
    let expires = data.get("expires_at").and_then(whole_number).filter(|at| *at > 0);
    match expires {
        None => check("token_rights", true, phrases::CHECK_TOKEN_LASTS.text()),
        Some(at) => check(
            "token_rights",
            true,
            phrases::CHECK_TOKEN_ENDS.with(&[("ends_at", &crate::domain::Timestamp::from_seconds(at))]),
        ),
    }
}

/// Whether Meta posts the number's webhooks to this appliance.
async fn callback(http: &reqwest::Client, access: &ChannelAccess, webhook_url: &str) -> Check {
    if needed(access, "phone_number_id").is_err() {
        return check("callback", true, phrases::CHECK_NUMBER_ID_MISSING.text());
    }
    let configured = match callbacks(http, access).await {
        Ok(configured) => configured,
        Err(error) => {
            return check(
                "callback",
                true,
                phrases::CHECK_UNTOLD.with(&[("title", &error.title)]),
            );
        }
    };
    // The nearest to the number holds (Meta: webhook overrides).
    let names = ["phone_number", "whatsapp_business_account", "application"];
    let found = names.iter().find_map(|name| text_at(&configured, name));
    of_callback(found.as_deref(), webhook_url)
}

fn of_callback(found: Option<&str>, webhook_url: &str) -> Check {
    match found {
        None => check(
            "callback",
            true,
            phrases::CHECK_CALLBACK_UNTOLD.with(&[("url", &webhook_url)]),
        ),
        Some(url) => checks::callback(url, webhook_url),
    }
}

/// Meta's own view of what may be sent.
async fn sending(http: &reqwest::Client, access: &ChannelAccess) -> Check {
    let Ok(number) = needed(access, "phone_number_id") else {
        return check("sending", true, phrases::CHECK_NUMBER_ID_MISSING.text());
    };
    sending_by(get(http, access, &[number], &[("fields", "health_status")]).await)
}

/// What a number's record says of what may be sent.
pub(super) fn sending_by(record: Managed<Value>) -> Check {
    match record {
        Ok(fields) => of_sending(fields.get("health_status").unwrap_or(&Value::Null)),
        Err(error) => check(
            "sending",
            true,
            phrases::CHECK_UNTOLD.with(&[("title", &error.title)]),
        ),
    }
}

fn of_sending(status: &Value) -> Check {
    let may = text_at(status, "can_send_message").unwrap_or_default();
    if may.is_empty() || may == "AVAILABLE" {
        return check("sending", true, phrases::CHECK_MAY_SEND.text());
    }
    let entities = status
        .get("entities")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let reasons: Vec<String> = entities
        .filter(|entity| text_at(entity, "can_send_message").is_some_and(|may| may != "AVAILABLE"))
        .map(|entity| {
            let kind = text_at(entity, "entity_type")
                .unwrap_or_default()
                .to_ascii_lowercase()
                .replace('_', " ");
            let errors = entity.get("errors").and_then(|errors| errors.get(0));
            let error = errors.and_then(|error| text_at(error, "error_description"));
            let info = entity
                .get("additional_info")
                .and_then(|info| info.get(0))
                .and_then(Value::as_str);
            match error.as_deref().or(info) {
                Some(why) => format!("{kind}: {why}"),
                None => kind,
            }
        })
        .collect();
    let detail = phrases::CHECK_MAY_NOT_SEND.with(&[("word", &may), ("reasons", &reasons.join("; "))]);
    check("sending", may != "BLOCKED", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_judged_by_its_rights() {
        let both = json!(["whatsapp_business_messaging", "whatsapp_business_management"]);
        let table = [
            (
                json!({"is_valid": true, "scopes": both, "expires_at": 0}),
                true,
                "does not expire",
            ),
            (
                json!({"is_valid": true, "scopes": both, "expires_at": 1_800_000_000}),
                true,
                "expires at 2027",
            ),
            (
                json!({"is_valid": true, "scopes": ["whatsapp_business_messaging"]}),
                false,
                "whatsapp_business_management",
            ),
            (
                json!({"is_valid": false, "error": {"code": 190}}),
                false,
                "no longer valid",
            ),
            (json!(null), true, "does not expire"),
        ];
        for (data, ok, words) in table {
            let found = of_token(&data);
            assert!(
                found.ok == ok && found.detail.contains(words),
                "{data}: {found:?}"
            );
        }
    }

    #[test]
    fn another_callback_and_a_blocked_number_are_named() {
        let here = "https://desk.example/webhooks/whatsapp";
        assert!(of_callback(Some("https://desk.example/webhooks/whatsapp/"), here).ok);
        let elsewhere = of_callback(Some("https://old.example/hook"), here);
        assert!(!elsewhere.ok && elsewhere.detail.contains("old.example") && elsewhere.detail.contains(here));
        assert!(of_callback(None, here).ok);
        let status = json!({"can_send_message": "BLOCKED", "entities": [
            {"entity_type": "PHONE_NUMBER", "can_send_message": "AVAILABLE"},
            {"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [{"error_description": "No payment method"}]},
        ]});
        let found = of_sending(&status);
        assert!(
            !found.ok && found.detail.contains("waba: No payment method"),
            "{found:?}"
        );
        assert!(of_sending(&json!({"can_send_message": "AVAILABLE"})).ok);
    }
}
