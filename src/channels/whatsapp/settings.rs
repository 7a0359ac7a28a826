//! The settings and secrets of a WhatsApp channel.
//!
//! Owns their names, which of them are needed and what a valid value is. Must not talk to anybody.

use std::collections::BTreeMap;

use crate::channels::settings::{self, Schema, is_base, is_id, is_phone, is_switch, is_time, is_version};
use crate::channels::{Address, ChannelAccess, FieldError};
use crate::domain::identity::{Identity, IdentityKind};

/// Where the API lives unless `api_base` says otherwise.
const DEFAULT_API_BASE: &str = "https://graph.facebook.com";
/// The API version unless `api_version` says otherwise.
pub(super) const DEFAULT_API_VERSION: &str = "v23.0";

/// Messages are posted to this appliance instead of the app's own address, so that several can share an app: `on` for all
/// of the account's numbers, `number` for this one alone.
pub(super) const OWN_CALLBACK: &str = "own_callback";

/// The country in which Meta keeps the number's messages (local storage), told at registration.
pub(super) const DATA_REGION: &str = "data_region";

/// What a channel is told.
const SCHEMA: Schema<'static> = Schema {
    settings: &[
        ("phone_number_id", true, is_id),
        ("waba_id", false, is_id),
        ("app_id", false, is_id),
        ("business_id", false, is_id),
        ("config_id", false, is_id),
        ("token_expires_at", false, is_time),
        ("display_phone_number", false, is_phone),
        ("api_base", false, is_base),
        ("api_version", false, is_version),
        ("rate_per_s", false, is_rate),
        ("read_receipts", false, is_switch),
        ("typing_indicator", false, is_switch),
        (OWN_CALLBACK, false, is_callback),
        (DATA_REGION, false, is_region),
    ],
    secrets: &[
        ("access_token", true),
        ("app_secret", true),
        ("verify_token", true),
    ],
    missing: "Copy it from Meta's WhatsApp manager.",
};

/// Checks settings and secrets.
pub(super) fn validate(access: &ChannelAccess) -> Result<(), FieldError> {
    settings::validate(access, &SCHEMA)
}

fn is_callback(value: &str) -> Result<(), &'static str> {
    match value {
        "on" | "number" | "off" => Ok(()),
        _ => Err("must be `on`, `number` or `off`."),
    }
}

fn is_region(value: &str) -> Result<(), &'static str> {
    match value.as_bytes() {
        [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(()),
        _ => Err("must be a country's two capital letters, such as DE."),
    }
}

pub(super) fn is_rate(value: &str) -> Result<(), &'static str> {
    match value.parse::<u32>() {
        Ok(1..=super::limits::MAX_RATE_PER_S) => Ok(()),
        _ => Err("must be a whole number of messages a second from 1 to 1000."),
    }
}

/// The addresses under which payloads reach the channel.
pub(super) fn addresses(settings: &BTreeMap<String, String>) -> Vec<Address> {
    let number = settings.get("phone_number_id").cloned().map(Address::Number);
    let account = settings.get("waba_id").cloned().map(Address::Account);
    number.into_iter().chain(account).collect()
}

/// The address of a node of the Graph API: base, version, and the ids and names in `path`.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn endpoint(
    settings: &BTreeMap<String, String>,
    path: &[&str],
) -> Result<reqwest::Url, FieldError> {
    let base = settings.get("api_base").map_or(DEFAULT_API_BASE, String::as_str);
    let version = settings
        .get("api_version")
        .map_or(DEFAULT_API_VERSION, String::as_str);
    crate::channels::settings::endpoint(base, version, path)
}

/// A number in international form, or a user id as WhatsApp gives it (it has a dot after the country).
pub(super) fn recipient(to: &str) -> Option<Identity> {
    let identity = Identity::whatsapp(to)?;
    let is_plausible = match identity.kind {
        IdentityKind::WhatsappId => (6..=15).contains(&identity.value.len()),
        _ => identity.value.contains('.') && identity.value.is_ascii() && !identity.value.contains(' '),
    };
    is_plausible.then_some(identity)
}
