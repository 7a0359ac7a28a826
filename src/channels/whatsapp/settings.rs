//! The settings and secrets of a WhatsApp channel.
//!
//! Owns their names, which of them are needed and what a valid value is. Must not talk to anybody.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use crate::channels::{Address, ChannelAccess, FieldError};
use crate::domain::identity::{Identity, IdentityKind};

/// Where the API lives unless `api_base` says otherwise.
const DEFAULT_API_BASE: &str = "https://graph.facebook.com";
/// The API version unless `api_version` says otherwise.
const DEFAULT_API_VERSION: &str = "v23.0";
/// Longest id, in characters (Meta's have up to 20 digits).
const MAX_ID: usize = 64;
/// Longest address, in characters.
const MAX_URL: usize = 512;
/// Longest secret, in characters (Meta's tokens have about 250).
const MAX_SECRET: usize = 4096;

type Check = fn(&str) -> Result<(), &'static str>;

/// Every setting: its name, whether it is needed, and its check.
const SETTINGS: [(&str, bool, Check); 9] = [
    ("phone_number_id", true, is_id),
    ("waba_id", false, is_id),
    ("app_id", false, is_id),
    ("display_phone_number", false, is_phone),
    ("api_base", false, is_base),
    ("api_version", false, is_version),
    ("rate_per_s", false, is_rate),
    ("read_receipts", false, is_switch),
    ("typing_indicator", false, is_switch),
];

/// Every secret; all are needed.
const SECRETS: [&str; 3] = ["access_token", "app_secret", "verify_token"];

/// Checks names first, then what is missing, then every value.
pub(super) fn validate(access: &ChannelAccess) -> Result<(), FieldError> {
    let known = |name: &&String| SETTINGS.iter().any(|(setting, ..)| setting == name);
    if let Some(name) = access.settings.keys().find(|name| !known(name)) {
        return Err(unknown("settings", name, &SETTINGS.map(|(name, ..)| name)));
    }
    if let Some(name) = access
        .secrets
        .keys()
        .find(|name| !SECRETS.contains(&name.as_str()))
    {
        return Err(unknown("secrets", name, &SECRETS));
    }
    for (name, is_needed, check) in SETTINGS {
        validate_setting(name, access.settings.get(name), is_needed, check)?;
    }
    SECRETS
        .iter()
        .try_for_each(|name| validate_secret(name, access.secrets.get(*name)))
}

fn unknown(group: &str, name: &str, known: &[&str]) -> FieldError {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(MAX_ID).collect();
    FieldError::new(
        format!("{group}.{shown}"),
        format!("is not known. Known are: {}.", known.join(", ")),
    )
}

fn validate_setting(
    name: &str,
    value: Option<&String>,
    is_needed: bool,
    check: Check,
) -> Result<(), FieldError> {
    let field = format!("settings.{name}");
    match value {
        None if is_needed => Err(FieldError::new(
            field,
            "is missing. Copy it from Meta's WhatsApp manager.",
        )),
        None => Ok(()),
        Some(value) if value.chars().any(char::is_control) => {
            Err(FieldError::new(field, "must not contain control characters."))
        }
        Some(value) => check(value).map_err(|detail| FieldError::new(field, detail)),
    }
}

fn validate_secret(name: &str, secret: Option<&secrecy::SecretString>) -> Result<(), FieldError> {
    let field = format!("secrets.{name}");
    let value = secret.map_or("", |secret| secret.expose_secret());
    let is_plain = |c: char| c.is_ascii_graphic() || (c == ' ' && name == "verify_token");
    let detail = match value {
        "" => "is missing.",
        long if long.len() > MAX_SECRET => "is too long (at most 4096 characters).",
        odd if !odd.chars().all(is_plain) => {
            "contains blanks or characters that no such secret has. Copy it again."
        }
        _ => return Ok(()),
    };
    Err(FieldError::new(field, detail))
}

fn is_id(value: &str) -> Result<(), &'static str> {
    match !value.is_empty() && value.len() <= MAX_ID && value.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(()),
        false => Err("must be an id of digits only, as Meta shows it (not the phone number itself)."),
    }
}

fn is_phone(value: &str) -> Result<(), &'static str> {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let is_phone = (5..=20).contains(&digits)
        && value.len() <= MAX_ID
        && value.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    match is_phone {
        true => Ok(()),
        false => Err("must be a phone number such as +254 700 555010."),
    }
}

fn is_base(value: &str) -> Result<(), &'static str> {
    const ADVICE: &str = "must be an http or https address without user, query or fragment, such as \
                          https://graph.facebook.com.";
    let url = reqwest::Url::parse(value).map_err(|_| ADVICE)?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && value.len() <= MAX_URL
        && !value.contains(char::is_whitespace)
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain.then_some(()).ok_or(ADVICE)
}

fn is_version(value: &str) -> Result<(), &'static str> {
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let parts = value.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    match parts {
        Some((major, minor)) if number(major) && number(minor) => Ok(()),
        _ => Err("must be a version such as v23.0."),
    }
}

fn is_switch(value: &str) -> Result<(), &'static str> {
    match value {
        "on" | "off" => Ok(()),
        _ => Err("must be `on` or `off`."),
    }
}

fn is_rate(value: &str) -> Result<(), &'static str> {
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
    let refused = |detail| FieldError::new("settings.api_base", detail);
    is_base(base).map_err(refused)?;
    is_version(version).map_err(|detail| FieldError::new("settings.api_version", detail))?;
    let mut url = reqwest::Url::parse(base).map_err(|_| refused("is no address."))?;
    url.path_segments_mut()
        .map_err(|()| refused("is no address that can have a path."))?
        .pop_if_empty()
        .push(version)
        .extend(path);
    Ok(url)
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
