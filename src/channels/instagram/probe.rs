//! The connection test of a channel, in plain words.
//!
//! Owns the questions (does the token work, is it this account's, do webhooks come here, when does the token end) and the
//! advice. Must not change anything at the provider.

use serde_json::Value;

use super::client::get;
use super::settings::{self, Login};
use crate::channels::payload::text_at;
use crate::channels::{ChannelAccess, Check};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;

/// Webhook fields without which messages or taps are missing.
const NEEDED_FIELDS: [&str; 2] = ["messages", "messaging_postbacks"];

/// Asks step by step; later steps are left out when they could only repeat an earlier failure.
pub(super) async fn run(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    if let Err(error) = settings::validate(access) {
        return vec![check("settings", false, error.to_string())];
    }
    let mut checks = vec![check("settings", true, phrases::CHECK_COMPLETE.text())];
    let answer = match Login::of(&access.settings) {
        Login::Instagram => {
            get(
                http,
                access,
                &["me"],
                &[("fields", "user_id,username,name,account_type")],
            )
            .await
        }
        Login::Facebook => {
            let page = settings::sender(&access.settings);
            get(
                http,
                access,
                &[page],
                &[("fields", "id,name,instagram_business_account")],
            )
            .await
        }
    };
    match answer {
        Ok(account) => checks.push(of_account(access, &account)),
        Err(error) => {
            checks.push(failed("access_token", &error));
            return checks;
        }
    }
    let sender = settings::sender(&access.settings);
    checks.push(match get(http, access, &[sender, "subscribed_apps"], &[]).await {
        Ok(apps) => of_subscriptions(&apps),
        Err(error) => failed("webhooks", &error),
    });
    checks
}

fn check(name: &'static str, ok: bool, detail: impl Into<String>) -> Check {
    Check {
        name,
        ok,
        detail: detail.into(),
    }
}

fn failed(name: &'static str, error: &ProviderError) -> Check {
    let advice = match error.class {
        ErrorClass::Transient => phrases::ADVICE_TRY_LATER.text(),
        class => class.advice(),
    };
    check(name, false, error.with_advice(advice))
}

/// Whether the token speaks for the account whose id stands in webhooks.
fn of_account(access: &ChannelAccess, account: &Value) -> Check {
    let ours = access.settings.get("ig_id").map_or("", String::as_str);
    let theirs = match Login::of(&access.settings) {
        Login::Instagram => text_at(account, "user_id"),
        Login::Facebook => account
            .get("instagram_business_account")
            .and_then(|it| text_at(it, "id")),
    };
    let name = text_at(account, "username")
        .or_else(|| text_at(account, "name"))
        .unwrap_or_default();
    match theirs {
        Some(theirs) if theirs == ours => check(
            "access_token",
            true,
            phrases::CHECK_TOKEN_OF.with(&[("name", &name)]),
        ),
        Some(theirs) => check(
            "access_token",
            false,
            phrases::CHECK_TOKEN_OF_OTHER.with(&[("theirs", &theirs), ("name", &name), ("ours", &ours)]),
        ),
        None => check("access_token", false, phrases::CHECK_NO_INSTAGRAM.text()),
    }
}

fn of_subscriptions(apps: &Value) -> Check {
    let listed = apps
        .get("data")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if listed.is_empty() {
        return check("webhooks", false, phrases::CHECK_NO_APP_INSTAGRAM.text());
    }
    let subscribed = |field: &&str| {
        let fields = listed
            .iter()
            .filter_map(|app| app.get("subscribed_fields")?.as_array());
        fields.flatten().any(|known| known.as_str() == Some(field))
    };
    // An app that does not say which fields it has is taken at its word.
    let tells = listed.iter().any(|app| app.get("subscribed_fields").is_some());
    match NEEDED_FIELDS.iter().find(|field| tells && !subscribed(field)) {
        Some(field) => check(
            "webhooks",
            false,
            phrases::CHECK_FIELD_MISSING.with(&[("field", field)]),
        ),
        None => check(
            "webhooks",
            true,
            phrases::CHECK_APPS_RECEIVE.with(&[("count", &listed.len())]),
        ),
    }
}
