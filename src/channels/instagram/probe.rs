//! The connection test of a channel, in plain words.
//!
//! Owns the questions (does the token work, is it this account's, do webhooks come here, when does the token end) and the
//! advice. Must not change anything at the provider.

use serde_json::Value;

use super::client::get;
use super::settings::{self, Login};
use super::subscription::{self, Standing};
use crate::channels::checks::check;
use crate::channels::payload::text_at;
use crate::channels::{ChannelAccess, Check};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;

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
    checks.push(match subscription::read(http, access).await {
        Ok(standing) => of_subscription(&standing),
        Err(error) => failed("webhooks", &error),
    });
    checks
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

fn of_subscription(standing: &Standing) -> Check {
    match standing {
        Standing::Nobody => check("webhooks", false, phrases::CHECK_NO_APP_INSTAGRAM.text()),
        Standing::Lacks(field) => check(
            "webhooks",
            false,
            phrases::CHECK_FIELD_MISSING_INSTAGRAM.with(&[("field", field)]),
        ),
        Standing::Complete(count) => check(
            "webhooks",
            true,
            phrases::CHECK_APPS_RECEIVE.with(&[("count", count)]),
        ),
    }
}
