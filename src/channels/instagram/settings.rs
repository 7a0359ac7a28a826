//! The settings and secrets of an Instagram channel.
//!
//! Owns their names, which of them are needed, what a valid value is, and where each of the two flavours lives. Must not
//! talk to anybody.

use std::collections::BTreeMap;

use super::limits::MAX_RATE_PER_S;
use crate::channels::settings::{self, Schema, is_base, is_id, is_switch, is_time, is_version};
use crate::channels::{Address, ChannelAccess, FieldError};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::policy::MessagingRules;

/// The API version unless `api_version` says otherwise.
const DEFAULT_API_VERSION: &str = "v25.0";
/// Days within which a person may still answer, with Meta's permission "Human Agent".
const HUMAN_AGENT_DAYS: u8 = 7;

/// What a channel is told. `facebook_app_secret` is for apps whose webhooks are signed by the Facebook app although people
/// logged in with Instagram: either secret is accepted.
const SCHEMA: Schema<'static> = Schema {
    settings: &[
        ("ig_id", true, is_id),
        ("page_id", false, is_id),
        ("app_id", false, is_id),
        ("login", false, is_login),
        ("username", false, is_username),
        ("human_agent", false, is_yes_or_no),
        ("token_expires_at", false, is_time),
        ("api_base", false, is_base),
        ("api_version", false, is_version),
        ("rate_per_s", false, is_rate),
        ("read_receipts", false, is_switch),
        ("typing_indicator", false, is_switch),
    ],
    secrets: &[
        ("access_token", true),
        ("app_secret", true),
        ("facebook_app_secret", false),
        ("verify_token", true),
    ],
    missing: "Copy it from Meta's app dashboard.",
};

/// Which of Meta's two ways in a channel uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Login {
    /// Instagram API with Instagram login.
    Instagram,
    /// Messenger Platform, by the Facebook Page that the account is linked to.
    Facebook,
}

impl Login {
    /// As the settings say; Instagram login unless they say otherwise.
    pub(super) fn of(settings: &BTreeMap<String, String>) -> Self {
        match settings.get("login").map(String::as_str) {
            Some("facebook") => Self::Facebook,
            _ => Self::Instagram,
        }
    }

    const fn api_base(self) -> &'static str {
        match self {
            Self::Instagram => "https://graph.instagram.com",
            Self::Facebook => "https://graph.facebook.com",
        }
    }
}

/// Checks settings and secrets.
pub(super) fn validate(access: &ChannelAccess) -> Result<(), FieldError> {
    settings::validate(access, &SCHEMA)?;
    let needs_page = Login::of(&access.settings) == Login::Facebook;
    match needs_page && !access.settings.contains_key("page_id") {
        true => Err(FieldError::new(
            "settings.page_id",
            "is missing. With Facebook login messages go out by the linked Page; enter its id.",
        )),
        false => Ok(()),
    }
}

fn is_login(value: &str) -> Result<(), &'static str> {
    matches!(value, "instagram" | "facebook")
        .then_some(())
        .ok_or("must be instagram or facebook.")
}

fn is_yes_or_no(value: &str) -> Result<(), &'static str> {
    matches!(value, "yes" | "no")
        .then_some(())
        .ok_or("must be yes or no.")
}

fn is_username(value: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    match (1..=64).contains(&value.len()) && value.chars().all(is_plain) {
        true => Ok(()),
        false => Err("must be the account's user name, without @."),
    }
}

fn is_rate(value: &str) -> Result<(), &'static str> {
    match value.parse::<u32>() {
        Ok(1..=MAX_RATE_PER_S) => Ok(()),
        _ => Err("must be a whole number of messages a second from 1 to 300."),
    }
}

/// When one may write: with the Human Agent permission a person has seven days.
pub(super) fn rules(settings: &BTreeMap<String, String>) -> MessagingRules {
    let has_permission = settings.get("human_agent").is_some_and(|word| word == "yes");
    MessagingRules {
        human_agent_days: if has_permission { HUMAN_AGENT_DAYS } else { 0 },
        ..MessagingRules::INSTAGRAM
    }
}

/// The addresses under which payloads reach the channel: webhooks of both flavours name the Instagram account; those of the
/// page that it is linked to name the page.
pub(super) fn addresses(settings: &BTreeMap<String, String>) -> Vec<Address> {
    let account = settings.get("ig_id").cloned().map(Address::Number);
    let page = settings.get("page_id").cloned().map(Address::Page);
    account.into_iter().chain(page).collect()
}

/// Instagram-scoped ids are digits; nobody can be written to by user name.
pub(super) fn recipient(to: &str) -> Option<Identity> {
    let is_id = (5..=32).contains(&to.len()) && to.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| Identity::new(IdentityKind::InstagramId, to))
}

/// The version of the Graph API.
pub(super) fn version(settings: &BTreeMap<String, String>) -> &str {
    settings
        .get("api_version")
        .map_or(DEFAULT_API_VERSION, String::as_str)
}

/// An address of the API that has no version.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn unversioned(
    settings: &BTreeMap<String, String>,
    path: &[&str],
) -> Result<reqwest::Url, FieldError> {
    let default = Login::of(settings).api_base();
    let base = settings.get("api_base").map_or(default, String::as_str);
    crate::channels::settings::endpoint(base, "", path)
}

/// The address of a node of the Graph API.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn endpoint(
    settings: &BTreeMap<String, String>,
    path: &[&str],
) -> Result<reqwest::Url, FieldError> {
    let default = Login::of(settings).api_base();
    let base = settings.get("api_base").map_or(default, String::as_str);
    let version = version(settings);
    crate::channels::settings::endpoint(base, version, path)
}

/// The node that sends: the account itself, or the Page that it is linked to.
pub(super) fn sender(settings: &BTreeMap<String, String>) -> &str {
    let name = match Login::of(settings) {
        Login::Instagram => "ig_id",
        Login::Facebook => "page_id",
    };
    settings.get(name).map_or("me", String::as_str)
}
