//! One call to Twilio and what its answer means.
//!
//! Owns the login and the error envelope; how a call may fail is the same for all providers. Must not retry, and must not
//! show a secret in any error.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::errors::{class_of, title};
use crate::channels::ChannelAccess;
use crate::channels::graph::{MAX_DETAIL_CHARS, call_bare};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;

pub(super) use crate::channels::graph::{Answer, CallError, config, unanswered};

/// The body of an answer, if it is JSON.
pub(super) fn json(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(answer.body.as_ref().ok()?).ok()
}

/// The body of a success, or what went wrong.
///
/// # Errors
/// Twilio's error, or one made from the status.
pub(super) fn success(answer: &Answer) -> Result<Value, ProviderError> {
    match json(answer) {
        Some(json) if (200..300).contains(&answer.status) => Ok(json),
        json => Err(error(answer, json.as_ref())),
    }
}

/// What went wrong, by Twilio's own words where there are any: `{code, message, more_info, status}`.
pub(super) fn error(answer: &Answer, json: Option<&Value>) -> ProviderError {
    let by_status = class_of_status(answer.status);
    let code = json
        .and_then(|json| json.get("code")?.as_u64())
        .filter(|code| *code > 0);
    let Some(code) = code else {
        return ProviderError {
            class: by_status,
            code: format!("http_{}", answer.status),
            title: format!("HTTP status {}", answer.status),
            detail: match answer.status {
                300..=399 => phrases::REDIRECTED.text().into(),
                _ => phrases::TWILIO_NO_REASON.text().into(),
            },
            retry_after: answer.retry_after,
        };
    };
    let known = u32::try_from(code).ok().and_then(class_of);
    let said = json
        .and_then(|json| json.get("message")?.as_str())
        .unwrap_or_default();
    ProviderError {
        class: known.unwrap_or(by_status),
        code: code.to_string(),
        title: known.map_or(phrases::REFUSED_BY_TWILIO.text(), title).to_owned(),
        detail: said.chars().take(MAX_DETAIL_CHARS).collect(),
        retry_after: answer.retry_after,
    }
}

const fn class_of_status(status: u16) -> ErrorClass {
    match status {
        300..=399 => ErrorClass::Config,
        401 | 403 => ErrorClass::Auth,
        429 => ErrorClass::Throttle,
        408 | 500.. => ErrorClass::Transient,
        _ => ErrorClass::Permanent,
    }
}

/// Makes one call with the channel's login (its API key if it has one) and reads the whole answer.
pub(super) async fn call(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let (user, password) = login(access);
    call_bare(request.basic_auth(user, Some(password.expose_secret())), timeout).await
}

/// The channel's login: its API key if it has one, else the account and its token.
pub(super) fn login(access: &ChannelAccess) -> (&str, SecretString) {
    let secret = |name: &str| access.secrets.get(name).cloned();
    let setting = |name: &str| access.settings.get(name).map(String::as_str);
    match (setting("api_key_sid"), secret("api_key_secret")) {
        (Some(key), Some(secret)) => (key, secret),
        _ => (
            setting("account_sid").unwrap_or_default(),
            secret("auth_token").unwrap_or_default(),
        ),
    }
}
