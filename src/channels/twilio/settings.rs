//! The settings and secrets of a Twilio channel.
//!
//! Owns their names, which of them are needed, what a valid value is, and what a channel sends by: SMS or WhatsApp. Must not
//! talk to anybody.

use std::collections::BTreeMap;

use super::limits;
use super::parse::WHATSAPP;
use crate::channels::settings::{self, Schema, is_base, is_phone};
use crate::channels::{Address, ChannelAccess, FieldError};
use crate::domain::identity::{Identity, IdentityKind, e164};

/// Where messages are sent unless `api_base` says otherwise.
const DEFAULT_API_BASE: &str = "https://api.twilio.com";
/// Where content templates are kept unless `content_api_base` says otherwise.
const DEFAULT_CONTENT_BASE: &str = "https://content.twilio.com";
/// Twilio's own domain: under it the two APIs have hosts of their own; elsewhere (a proxy, the simulator) they share one.
const TWILIO: &str = ".twilio.com";

/// What a channel is told. Which of `from` and `messaging_service_sid` is there, and what belongs together, is checked apart.
const SCHEMA: Schema<'static> = Schema {
    settings: &[
        ("account_sid", true, |value| is_sid(value, "AC", ACCOUNT)),
        ("from", false, is_sender),
        ("messaging_service_sid", false, |value| {
            is_sid(value, "MG", SERVICE)
        }),
        ("medium", false, is_medium),
        ("mms", false, is_yes_or_no),
        ("api_key_sid", false, |value| is_sid(value, "SK", KEY)),
        ("api_base", false, is_base),
        ("content_api_base", false, is_base),
        ("rate_per_s", false, is_rate),
        ("display_phone_number", false, is_phone),
    ],
    secrets: &[("auth_token", true), ("api_key_secret", false)],
    missing: "Copy it from Twilio's console.",
};
const ACCOUNT: &str = "must be the account SID: AC and 32 hexadecimal digits, from Twilio's console.";
const SERVICE: &str = "must be a messaging service SID: MG and 32 hexadecimal digits, from Twilio's console.";
const KEY: &str = "must be an API key SID: SK and 32 hexadecimal digits, from Twilio's console.";

/// By what a channel reaches people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Medium {
    Sms,
    Whatsapp,
}

/// What the channel sends by: its sender says it, or, for a messaging service, the setting `medium`.
pub(super) fn medium(settings: &BTreeMap<String, String>) -> Medium {
    let is = |name, start| {
        settings
            .get(name)
            .is_some_and(|value: &String| value.starts_with(start))
    };
    match is("from", WHATSAPP) || is("medium", "whatsapp") {
        true => Medium::Whatsapp,
        false => Medium::Sms,
    }
}

/// Whether files can go out by SMS, as MMS: the setting `mms` says it, or else the sender. Twilio has MMS on numbers of the
/// United States and Canada; what a messaging service has is for its owner to say.
pub(super) fn has_mms(settings: &BTreeMap<String, String>) -> bool {
    match settings.get("mms").map(String::as_str) {
        Some(word) => word == "yes",
        None => settings.get("from").is_some_and(|from| from.starts_with("+1")),
    }
}

/// Checks names and values, then what must stand together.
pub(super) fn validate(access: &ChannelAccess) -> Result<(), FieldError> {
    settings::validate(access, &SCHEMA)?;
    together(access)
}

fn together(access: &ChannelAccess) -> Result<(), FieldError> {
    let settings = &access.settings;
    let has = |name: &str| settings.contains_key(name);
    let refuse = |field: &str, detail: &str| Err(FieldError::new(field, detail));
    if !has("from") && !has("messaging_service_sid") {
        return refuse(
            "settings.from",
            "is missing. Give the sender's number (+14155550100, or whatsapp:+14155550100), or a messaging_service_sid.",
        );
    }
    let by_sender = settings.get("from").map(|from| from.starts_with(WHATSAPP));
    let by_setting = settings.get("medium").map(|medium| medium == "whatsapp");
    if by_sender
        .zip(by_setting)
        .is_some_and(|(sender, setting)| sender != setting)
    {
        return refuse("settings.medium", "contradicts the sender in settings.from.");
    }
    match (has("api_key_sid"), access.secrets.contains_key("api_key_secret")) {
        (true, false) => refuse(
            "secrets.api_key_secret",
            "is missing. It belongs to settings.api_key_sid.",
        ),
        (false, true) => refuse(
            "settings.api_key_sid",
            "is missing. It belongs to secrets.api_key_secret.",
        ),
        _ => Ok(()),
    }
}

fn is_sid(value: &str, start: &str, detail: &'static str) -> Result<(), &'static str> {
    let digits = value.strip_prefix(start).unwrap_or_default();
    match digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(detail),
    }
}

/// A number, a short code, or an SMS sender's name of letters and digits (at most eleven characters, one of them a letter).
fn is_sender(value: &str) -> Result<(), &'static str> {
    let number = value.strip_prefix(WHATSAPP).unwrap_or(value);
    let plain = |text: &str| text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_e164 = number
        .strip_prefix('+')
        .is_some_and(|digits| digits.len() >= 7 && plain(digits));
    let is_short = (3..=8).contains(&number.len()) && plain(number);
    let is_name = (1..=11).contains(&number.len())
        && number
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" -_&+".contains(&byte))
        && number.bytes().any(|byte| byte.is_ascii_alphabetic());
    match is_e164 || (number.len() == value.len() && (is_short || is_name)) {
        true => Ok(()),
        false => Err("must be a number such as +14155550100, a short code, or whatsapp:+14155550100."),
    }
}

fn is_medium(value: &str) -> Result<(), &'static str> {
    match value {
        "sms" | "whatsapp" => Ok(()),
        _ => Err("must be sms or whatsapp."),
    }
}

fn is_yes_or_no(value: &str) -> Result<(), &'static str> {
    match value {
        "yes" | "no" => Ok(()),
        _ => Err("must be yes or no."),
    }
}

fn is_rate(value: &str) -> Result<(), &'static str> {
    match value.parse::<u32>() {
        Ok(1..=limits::MAX_RATE_PER_S) => Ok(()),
        _ => Err("must be a whole number of messages a second from 1 to 400."),
    }
}

/// The addresses under which the channel is known: its own webhook, and its sender, which one account has once.
pub(super) fn addresses(settings: &BTreeMap<String, String>) -> Vec<Address> {
    let text = |name: &str| settings.get(name).map(String::as_str);
    let sender = text("from")
        .or_else(|| text("messaging_service_sid"))
        .zip(text("account_sid"));
    let number = sender.map(|(sender, account)| Address::Number(format!("{account}/{sender}")));
    std::iter::once(Address::Posted).chain(number).collect()
}

/// The address of a resource of the account: `…/2010-04-01/Accounts/{sid}/` and `path`.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn endpoint(
    channel: &BTreeMap<String, String>,
    path: &[&str],
) -> Result<reqwest::Url, FieldError> {
    let base = channel.get("api_base").map_or(DEFAULT_API_BASE, String::as_str);
    let account = channel.get("account_sid").map_or("", String::as_str);
    let mut whole = vec!["2010-04-01", "Accounts", account];
    whole.extend(path);
    settings::endpoint(base, "", &whole)
}

/// The address of a resource of the Content API: `…/v1/` and `path`.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn content_endpoint(
    channel: &BTreeMap<String, String>,
    path: &[&str],
) -> Result<reqwest::Url, FieldError> {
    let text = |name: &str| channel.get(name).map(String::as_str);
    let elsewhere = text("api_base").filter(|base| {
        let url = reqwest::Url::parse(base).ok();
        url.is_some_and(|url| url.host_str().is_some_and(|host| !host.ends_with(TWILIO)))
    });
    let base = text("content_api_base")
        .or(elsewhere)
        .unwrap_or(DEFAULT_CONTENT_BASE);
    let mut whole = vec!["v1"];
    whole.extend(path);
    settings::endpoint(base, "", &whole)
}

/// Whom someone means who wants to write to `to`: a number; on WhatsApp also a user id (it has a dot after the country).
pub(super) fn recipient(settings: &BTreeMap<String, String>, to: &str) -> Option<Identity> {
    let bare = to.trim();
    let bare = bare.strip_prefix(WHATSAPP).unwrap_or(bare);
    let number = e164(bare);
    match (medium(settings), number) {
        (Medium::Sms, Some(number)) => Some(Identity::new(IdentityKind::Phone, number)),
        (Medium::Sms, None) => None,
        (Medium::Whatsapp, Some(number)) => Identity::whatsapp(&number),
        (Medium::Whatsapp, None) => Identity::whatsapp(bare).filter(|identity| {
            let id = &identity.value;
            identity.kind == IdentityKind::WhatsappUserId
                && id.contains('.')
                && id.is_ascii()
                && !id.contains(' ')
        }),
    }
}
