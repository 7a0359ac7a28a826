//! The connection test of a channel, in plain words.
//!
//! Owns the questions (does the token work, is the number registered, do webhooks come here) and the advice. Must not
//! change anything at the provider.

use serde_json::Value;

use super::client::{call, unanswered};
use super::payload::text_at;
use super::settings;
use crate::channels::{ChannelAccess, Check};
use crate::domain::outbound::{ErrorClass, ProviderError};

/// Fields asked of the number (Meta's phone number reference).
const NUMBER_FIELDS: &str = "id,verified_name,display_phone_number,quality_rating,status,name_status,\
                             throughput,account_mode,webhook_configuration";

/// Asks step by step; later steps are left out when they could only repeat an earlier failure.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    if let Err(error) = settings::validate(access) {
        return vec![check("settings", false, error.to_string())];
    }
    let mut checks = vec![check("settings", true, "Complete.")];
    let number = setting(access, "phone_number_id");
    match get(http, access, &[number], &[("fields", NUMBER_FIELDS)]).await {
        Ok(fields) => checks.extend(of_number(access, &fields)),
        Err(error) => {
            checks.push(failed("access_token", &error));
            return checks;
        }
    }
    checks.push(match setting(access, "waba_id") {
        "" => check(
            "webhooks",
            true,
            "Not checked: enter the WhatsApp Business Account id (waba_id) to have this checked and to get news \
             about templates and the account.",
        ),
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

fn check(name: &'static str, ok: bool, detail: impl Into<String>) -> Check {
    Check {
        name,
        ok,
        detail: detail.into(),
    }
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
        ErrorClass::Transient => {
            "The provider could not be reached or had a problem. Try again in a minute; check \
                                  api_base and this machine's connection."
        }
        class => class.advice(),
    };
    check(
        name,
        false,
        format!("{} ({}): {} {advice}", error.title, error.code, error.detail),
    )
}

fn of_number(access: &ChannelAccess, fields: &Value) -> Vec<Check> {
    let word = |name: &str| text_at(fields, name).unwrap_or_default();
    let mut checks = vec![check("access_token", true, "The token may use this number.")];
    checks.push(display_number(
        setting(access, "display_phone_number"),
        &word("display_phone_number"),
    ));
    let status = word("status");
    checks.push(match status.as_str() {
        "" => check("number", true, "The provider does not tell the number's status."),
        "CONNECTED" => check("number", true, "Registered and connected."),
        "PENDING" | "DISCONNECTED" => check(
            "number",
            false,
            format!("The number is {status}. Register it in Meta's WhatsApp manager."),
        ),
        other => check(
            "number",
            false,
            format!("The number is {other}. Look at the account in Meta's WhatsApp manager."),
        ),
    });
    checks.push(match word("quality_rating").as_str() {
        "RED" => check(
            "quality",
            false,
            "Quality is RED: customers block or report messages. Send fewer campaigns.",
        ),
        "YELLOW" => check("quality", true, "Quality is YELLOW: be careful with campaigns."),
        "GREEN" => check("quality", true, "Quality is GREEN."),
        _ => check("quality", true, "No quality rating yet."),
    });
    checks
}

/// Compares the number in the settings with the provider's, digits only.
fn display_number(ours: &str, theirs: &str) -> Check {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (ours_digits, theirs_digits) = (digits(ours), digits(theirs));
    match ours_digits.is_empty() || theirs_digits.is_empty() || ours_digits == theirs_digits {
        true => check("phone_number", true, format!("This is {theirs}.")),
        false => check(
            "phone_number",
            false,
            format!(
                "The id belongs to {theirs}, not to {ours}. Correct phone_number_id or display_phone_number."
            ),
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
        (true, _) => check(
            "webhooks",
            false,
            "No app receives this account's webhooks. Subscribe your app to the account in Meta's app dashboard.",
        ),
        (false, false) => check(
            "webhooks",
            false,
            format!("The app {app} is not subscribed to this account. Subscribe it in Meta's app dashboard."),
        ),
        (false, true) => check(
            "webhooks",
            true,
            format!("{} app(s) receive webhooks.", listed.len()),
        ),
    }
}
