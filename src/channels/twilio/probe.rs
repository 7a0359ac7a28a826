//! The connection test of a channel, in plain words.
//!
//! Owns the questions (does the login work, is the sender ours, do webhooks come here) and the advice. Must not change
//! anything at Twilio.

use serde_json::Value;

use super::client::get;
use super::parse::WHATSAPP;
use super::settings;
use crate::channels::checks::check;
use crate::channels::{ChannelAccess, Check};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;

/// Asks step by step; later steps are left out when they could only repeat an earlier failure.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    if let Err(error) = settings::validate(access) {
        return vec![check("settings", false, error.to_string())];
    }
    let mut checks = vec![check("settings", true, phrases::CHECK_COMPLETE.text())];
    let account = access.settings.get("account_sid").map_or("", String::as_str);
    match get_account(http, access, account).await {
        Ok(found) => checks.push(of_account(&found)),
        Err(error) => {
            checks.push(failed("account", &error));
            return checks;
        }
    }
    checks.extend(of_sender(http, access).await);
    checks.extend(of_templates(http, access).await);
    checks
}

async fn get_account(
    http: &reqwest::Client,
    access: &ChannelAccess,
    sid: &str,
) -> Result<Value, ProviderError> {
    // The account itself stands beside its resources: `…/Accounts/{sid}.json`.
    let mut url =
        settings::endpoint(&access.settings, &[]).map_err(|error| super::call::config(error.to_string()))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop().push(&format!("{sid}.json"));
    }
    let answer = super::call::call(http.get(url), access, crate::channels::http::TIMEOUT).await;
    super::call::success(&answer.map_err(super::call::unanswered)?)
}

fn failed(name: &'static str, error: &ProviderError) -> Check {
    let advice = match error.class {
        ErrorClass::Transient => phrases::ADVICE_TRY_LATER.text(),
        class => class.advice(),
    };
    check(name, false, error.with_advice(advice))
}

fn of_account(account: &Value) -> Check {
    let text = |name: &str| account.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("status"), text("type")) {
        ("active" | "", "Trial") => check("account", true, phrases::CHECK_ACCOUNT_TRIAL.text()),
        ("active" | "", _) => check("account", true, phrases::CHECK_ACCOUNT_ACTIVE.text()),
        (status, _) => check(
            "account",
            false,
            phrases::CHECK_ACCOUNT_STATUS.with(&[("status", &status)]),
        ),
    }
}

async fn of_sender(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    let Some(from) = access.settings.get("from") else {
        return vec![by_hand(access)];
    };
    // Senders of WhatsApp and names of letters are not among the account's phone numbers.
    if from.starts_with(WHATSAPP) || !from.starts_with('+') {
        return vec![by_hand(access)];
    }
    let query = [("PhoneNumber", from.as_str())];
    match get(http, access, &["IncomingPhoneNumbers.json"], &query).await {
        Ok(list) => match list.pointer("/incoming_phone_numbers/0") {
            Some(number) => of_number(access, from, number),
            None => vec![check(
                "sender",
                false,
                phrases::CHECK_NO_SENDER.with(&[("number", from)]),
            )],
        },
        // An API key with few rights may send and yet not see the numbers.
        Err(error) if error.class == ErrorClass::Auth => vec![by_hand(access)],
        Err(error) => vec![failed("sender", &error)],
    }
}

fn of_number(access: &ChannelAccess, from: &str, number: &Value) -> Vec<Check> {
    let can_text = number.pointer("/capabilities/sms").and_then(Value::as_bool) != Some(false);
    let sender = match can_text {
        true => check(
            "sender",
            true,
            phrases::CHECK_SENDER_SMS.with(&[("number", &from)]),
        ),
        false => check(
            "sender",
            false,
            phrases::CHECK_SENDER_NO_SMS.with(&[("number", &from)]),
        ),
    };
    let told = number.get("sms_url").and_then(Value::as_str).unwrap_or_default();
    let in_service = access.settings.contains_key("messaging_service_sid");
    let webhook = match told == access.webhook_url {
        true => check("webhooks", true, phrases::CHECK_COMES_HERE.text()),
        false if in_service => by_hand(access),
        false => check(
            "webhooks",
            false,
            phrases::CHECK_COMES_ELSEWHERE.with(&[("url", &access.webhook_url)]),
        ),
    };
    vec![sender, webhook]
}

fn by_hand(access: &ChannelAccess) -> Check {
    check(
        "webhooks",
        true,
        phrases::CHECK_BY_HAND.with(&[("url", &access.webhook_url)]),
    )
}

/// Whether templates can be read; nothing for a channel that has none.
async fn of_templates(http: &reqwest::Client, access: &ChannelAccess) -> Option<Check> {
    if settings::medium(&access.settings) != settings::Medium::Whatsapp {
        return None;
    }
    let url = match settings::content_endpoint(&access.settings, &["Content"]) {
        Ok(url) => url,
        Err(error) => return Some(check("templates", false, error.to_string())),
    };
    let get = http.get(url).query(&[("PageSize", "1")]);
    let answer = super::call::call(get, access, crate::channels::http::TIMEOUT).await;
    let list = answer
        .map_err(super::call::unanswered)
        .and_then(|answer| super::call::success(&answer));
    Some(match list {
        Ok(_) => check("templates", true, phrases::CHECK_TEMPLATES_READ.text()),
        Err(error) => failed("templates", &error),
    })
}
