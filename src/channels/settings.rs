//! Settings and secrets of channels: what every provider's table of them is checked by.
//!
//! Owns the walk over the tables, the checks that several providers need, and the building of an address from base,
//! version and path. Must not know any provider's names, and must not talk to anybody.

use secrecy::ExposeSecret;

use super::{ChannelAccess, FieldError};

/// Longest id, in characters (Meta's have up to 20 digits).
const MAX_ID: usize = 64;
/// Longest address, in characters.
const MAX_URL: usize = 512;
/// Longest secret, in characters (Meta's tokens have about 250).
const MAX_SECRET: usize = 4096;

/// The check of one value.
pub(super) type Check = fn(&str) -> Result<(), &'static str>;

/// What a provider must be told.
pub(super) struct Schema<'a> {
    /// Every setting: its name, whether it is needed, and its check.
    pub(super) settings: &'a [(&'a str, bool, Check)],
    /// Every secret and whether it is needed.
    pub(super) secrets: &'a [(&'a str, bool)],
    /// Where a missing setting is found.
    pub(super) missing: &'a str,
}

/// Checks names first, then what is missing, then every value.
pub(super) fn validate(access: &ChannelAccess, schema: &Schema<'_>) -> Result<(), FieldError> {
    let known = |name: &&String| schema.settings.iter().any(|(setting, ..)| setting == name);
    if let Some(name) = access.settings.keys().find(|name| !known(name)) {
        let names: Vec<&str> = schema.settings.iter().map(|(name, ..)| *name).collect();
        return Err(unknown("settings", name, &names));
    }
    let known = |name: &&String| schema.secrets.iter().any(|(secret, _)| secret == name);
    if let Some(name) = access.secrets.keys().find(|name| !known(name)) {
        let names: Vec<&str> = schema.secrets.iter().map(|(name, _)| *name).collect();
        return Err(unknown("secrets", name, &names));
    }
    for (name, is_needed, check) in schema.settings {
        let missing = is_needed.then_some(schema.missing);
        validate_setting(name, access.settings.get(*name), missing, *check)?;
    }
    schema
        .secrets
        .iter()
        .try_for_each(|(name, is_needed)| validate_secret(name, access.secrets.get(*name), *is_needed))
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
    missing: Option<&str>,
    check: Check,
) -> Result<(), FieldError> {
    let field = format!("settings.{name}");
    match (value, missing) {
        (None, Some(missing)) => Err(FieldError::new(field, format!("is missing. {missing}"))),
        (None, None) => Ok(()),
        (Some(value), _) if value.chars().any(char::is_control) => {
            Err(FieldError::new(field, "must not contain control characters."))
        }
        (Some(value), _) => check(value).map_err(|detail| FieldError::new(field, detail)),
    }
}

fn validate_secret(
    name: &str,
    secret: Option<&secrecy::SecretString>,
    is_needed: bool,
) -> Result<(), FieldError> {
    let field = format!("secrets.{name}");
    let value = secret.map_or("", |secret| secret.expose_secret());
    let is_plain = |c: char| c.is_ascii_graphic() || (c == ' ' && name == "verify_token");
    let detail = match value {
        "" if !is_needed && secret.is_none() => return Ok(()),
        "" => "is missing.",
        long if long.len() > MAX_SECRET => "is too long (at most 4096 characters).",
        odd if !odd.chars().all(is_plain) => {
            "contains blanks or characters that no such secret has. Copy it again."
        }
        _ => return Ok(()),
    };
    Err(FieldError::new(field, detail))
}

/// An id of Meta's. Meta's own are digits; what stands in for Meta may use letters, so whatever is safe in an address is
/// taken. A phone number, as people write it, is none.
pub(super) fn is_id(value: &str) -> Result<(), &'static str> {
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    // Dots alone would lead elsewhere in an address.
    let says_something = value.bytes().any(|b| b.is_ascii_alphanumeric());
    match says_something && value.len() <= MAX_ID && value.bytes().all(is_safe) {
        true => Ok(()),
        false => Err(
            "must be an id as Meta shows it (not the phone number itself): at most 64 letters, digits and _ . : -",
        ),
    }
}

/// A phone number as people write it.
pub(super) fn is_phone(value: &str) -> Result<(), &'static str> {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let is_phone = (5..=20).contains(&digits)
        && value.len() <= MAX_ID
        && value.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    match is_phone {
        true => Ok(()),
        false => Err("must be a phone number such as +254 700 555010."),
    }
}

/// A point in time.
pub(super) fn is_time(value: &str) -> Result<(), &'static str> {
    crate::domain::Timestamp::parse(value)
        .map(drop)
        .ok_or("must be a time such as 2026-11-21T10:00:00Z.")
}

/// Where an API lives.
pub(super) fn is_base(value: &str) -> Result<(), &'static str> {
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

/// A version of the Graph API.
pub(super) fn is_version(value: &str) -> Result<(), &'static str> {
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let parts = value.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    match parts {
        Some((major, minor)) if number(major) && number(minor) => Ok(()),
        _ => Err("must be a version such as v23.0."),
    }
}

/// The address of a node: base, version (unless empty), and the ids and names in `path`.
///
/// # Errors
/// Names the setting that is no good.
pub(super) fn endpoint(base: &str, version: &str, path: &[&str]) -> Result<reqwest::Url, FieldError> {
    let refused = |detail| FieldError::new("settings.api_base", detail);
    is_base(base).map_err(refused)?;
    if !version.is_empty() {
        is_version(version).map_err(|detail| FieldError::new("settings.api_version", detail))?;
    }
    let mut url = reqwest::Url::parse(base).map_err(|_| refused("is no address."))?;
    url.path_segments_mut()
        .map_err(|()| refused("is no address that can have a path."))?
        .pop_if_empty()
        .extend(Some(version).filter(|version| !version.is_empty()))
        .extend(path);
    Ok(url)
}

pub(super) fn is_switch(value: &str) -> Result<(), &'static str> {
    match value {
        "on" | "off" => Ok(()),
        _ => Err("must be `on` or `off`."),
    }
}
