//! The connection test of a channel, in plain words.
//!
//! Owns the questions (does the token work, is the number registered, do webhooks come here) and the advice. Must not
//! change anything at the provider.

use serde_json::Value;

use super::client::{call, unanswered};
use super::payload::text_at;
use super::settings;
use crate::channels::checks::check;
use crate::channels::{ChannelAccess, Check};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;

/// Fields asked of the number (Meta's phone number reference).
const NUMBER_FIELDS: &str = "id,verified_name,display_phone_number,quality_rating,status,name_status,\
                             throughput,account_mode,webhook_configuration";

/// Asks step by step; later steps are left out when they could only repeat an earlier failure.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    if let Err(error) = settings::validate(access) {
        return vec![check("settings", false, error.to_string())];
    }
    let mut checks = vec![check("settings", true, phrases::CHECK_COMPLETE.text())];
    let number = setting(access, "phone_number_id");
    match get(http, access, &[number], &[("fields", NUMBER_FIELDS)]).await {
        Ok(fields) => checks.extend(of_number(access, &fields)),
        Err(error) => {
            checks.push(failed("access_token", &error));
            return checks;
        }
    }
    checks.push(match setting(access, "waba_id") {
        "" => check("webhooks", true, phrases::CHECK_WABA_MISSING.text()),
        waba => match get(http, access, &[waba, "subscribed_apps"], &[]).await {
            Ok(apps) => of_subscriptions(access, &apps),
            Err(error) => failed("webhooks", &error),
        },
    });
    checks
}

fn setting<'a>(access: &'a ChannelAccess, name: &str) -> &'a str {
    access.settings.get(name).map_or("", String::as_str)
}

async fn get(
    http: &reqwest::Client,
    access: &ChannelAccess,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Value, ProviderError> {
    let url = settings::endpoint(&access.settings, path)
        .map_err(|error| unanswered(super::client::CallError::Config(error.to_string())))?;
    let answer = call(http.get(url).query(query), access)
        .await
        .map_err(unanswered)?;
    answer.success(super::errors::class_of)
}

fn failed(name: &'static str, error: &ProviderError) -> Check {
    let advice = match error.class {
        ErrorClass::Transient => phrases::ADVICE_TRY_LATER.text(),
        class => class.advice(),
    };
    check(name, false, error.with_advice(advice))
}

fn of_number(access: &ChannelAccess, fields: &Value) -> Vec<Check> {
    let word = |name: &str| text_at(fields, name).unwrap_or_default();
    let mut checks = vec![check("access_token", true, phrases::CHECK_TOKEN_MAY.text())];
    checks.push(display_number(
        setting(access, "display_phone_number"),
        &word("display_phone_number"),
    ));
    let status = word("status");
    checks.push(match status.as_str() {
        "" => check("number", true, phrases::CHECK_NUMBER_UNTOLD.text()),
        "CONNECTED" => check("number", true, phrases::CHECK_NUMBER_CONNECTED.text()),
        "PENDING" | "DISCONNECTED" => check(
            "number",
            false,
            phrases::CHECK_NUMBER_REGISTER.with(&[("status", &status)]),
        ),
        other => check(
            "number",
            false,
            phrases::CHECK_NUMBER_LOOK.with(&[("status", &other)]),
        ),
    });
    checks.push(match word("quality_rating").as_str() {
        "RED" => check("quality", false, phrases::CHECK_QUALITY_RED.text()),
        "YELLOW" => check("quality", true, phrases::CHECK_QUALITY_YELLOW.text()),
        "GREEN" => check("quality", true, phrases::CHECK_QUALITY_GREEN.text()),
        _ => check("quality", true, phrases::CHECK_QUALITY_NONE.text()),
    });
    checks
}

/// Compares the number in the settings with the provider's, digits only.
fn display_number(ours: &str, theirs: &str) -> Check {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (ours_digits, theirs_digits) = (digits(ours), digits(theirs));
    match ours_digits.is_empty() || theirs_digits.is_empty() || ours_digits == theirs_digits {
        true => check(
            "phone_number",
            true,
            phrases::CHECK_THIS_IS.with(&[("number", &theirs)]),
        ),
        false => check(
            "phone_number",
            false,
            phrases::CHECK_NUMBER_DIFFERS.with(&[("theirs", &theirs), ("ours", &ours)]),
        ),
    }
}

fn of_subscriptions(access: &ChannelAccess, apps: &Value) -> Check {
    let listed = apps
        .get("data")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let ids: Vec<String> = listed
        .iter()
        .filter_map(|app| text_at(app.get("whatsapp_business_api_data")?, "id"))
        .collect();
    let app = setting(access, "app_id");
    match (
        listed.is_empty(),
        app.is_empty() || ids.iter().any(|id| id == app),
    ) {
        (true, _) => check("webhooks", false, phrases::CHECK_NO_APP.text()),
        (false, false) => check(
            "webhooks",
            false,
            phrases::CHECK_APP_NOT_SUBSCRIBED.with(&[("app", &app)]),
        ),
        (false, true) => check(
            "webhooks",
            true,
            phrases::CHECK_APPS_RECEIVE.with(&[("count", &listed.len())]),
        ),
    }
}
