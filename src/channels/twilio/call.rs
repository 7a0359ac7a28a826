//! One call to Twilio and what its answer means.
//!
//! Owns the login, the limit on answers, the error envelope, and the decision whether a failed call may have been heard.
//! Must not retry, and must not show a secret in any error.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::errors::{class_of, title};
use super::status::MAX_DETAIL_CHARS;
use crate::channels::ChannelAccess;
use crate::domain::outbound::{ErrorClass, ProviderError};

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 512 * 1024;
/// Longest wait that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// The settings or secrets make no request.
    Config(String),
    /// No connection, so nothing was said.
    NotSent(String),
    /// It may have been heard.
    Lost(String),
}

/// An HTTP answer, whole or as far as it came.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// How long the provider asked to wait.
    pub(super) retry_after: Option<Duration>,
    /// The body; `Err` says why there is none (cut off, too long).
    pub(super) body: Result<Vec<u8>, String>,
}

impl Answer {
    /// The body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body.as_ref().ok()?).ok()
    }

    /// Whether the call was granted.
    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The body of a success, or what went wrong.
    ///
    /// # Errors
    /// Twilio's error, or one made from the status.
    pub(super) fn success(&self) -> Result<Value, ProviderError> {
        match self.json() {
            Some(json) if self.is_success() => Ok(json),
            json => Err(self.error(json.as_ref())),
        }
    }

    /// What went wrong, by Twilio's own words where there are any: `{code, message, more_info, status}`.
    pub(super) fn error(&self, json: Option<&Value>) -> ProviderError {
        let by_status = class_of_status(self.status);
        let code = json
            .and_then(|json| json.get("code")?.as_u64())
            .filter(|code| *code > 0);
        let Some(code) = code else {
            return ProviderError {
                class: by_status,
                code: format!("http_{}", self.status),
                title: format!("HTTP status {}", self.status),
                detail: match self.status {
                    300..=399 => {
                        "The address answered with a redirection. Check the channel's api_base.".into()
                    }
                    _ => "Twilio gave no reason.".into(),
                },
                retry_after: self.retry_after,
            };
        };
        let known = u32::try_from(code).ok().and_then(class_of);
        let said = json
            .and_then(|json| json.get("message")?.as_str())
            .unwrap_or_default();
        ProviderError {
            class: known.unwrap_or(by_status),
            code: code.to_string(),
            title: known.map_or("Refused by Twilio", title).to_owned(),
            detail: said.chars().take(MAX_DETAIL_CHARS).collect(),
            retry_after: self.retry_after,
        }
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
    let secret = |name: &str| access.secrets.get(name).map(|secret| secret.expose_secret());
    let setting = |name: &str| access.settings.get(name).map(String::as_str);
    let (user, password) = match (setting("api_key_sid"), secret("api_key_secret")) {
        (Some(key), Some(secret)) => (key, secret),
        _ => (
            setting("account_sid").unwrap_or_default(),
            secret("auth_token").unwrap_or_default(),
        ),
    };
    let sent = request
        .basic_auth(user, Some(password))
        .timeout(timeout)
        .send()
        .await;
    let mut response = sent.map_err(|error| without_answer(&error))?;
    let asked = response.headers().get("retry-after");
    let asked = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: asked.map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER)),
        body: read(&mut response).await,
    })
}

async fn read(response: &mut reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER_BYTES => {
                return Err(format!("it was longer than {MAX_ANSWER_BYTES} bytes"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(said(&error)),
        }
    }
}

fn without_answer(error: &reqwest::Error) -> CallError {
    if error.is_builder() {
        return CallError::Config("no request can be made with this address and login".into());
    }
    // Name look-up, connection and TLS come before the first byte of the request.
    match error.is_connect() {
        true => CallError::NotSent(format!("no connection: {}", said(error))),
        false if error.is_timeout() => CallError::Lost("no answer in time".into()),
        false => CallError::Lost(format!("the connection broke: {}", said(error))),
    }
}

/// The innermost cause, without the address (it names the account).
fn said(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match std::ptr::addr_eq(cause, error) {
        true => "the call failed".into(),
        false => cause.to_string(),
    }
}

/// The error of a call that is not a send: nobody has to tell lost from not sent.
pub(super) fn unanswered(error: CallError) -> ProviderError {
    match error {
        CallError::Config(why) => config(why),
        CallError::NotSent(why) | CallError::Lost(why) => ProviderError {
            class: ErrorClass::Transient,
            code: "no_answer".into(),
            title: "No answer".into(),
            detail: why,
            retry_after: None,
        },
    }
}

/// The error of a channel whose settings make no request.
pub(super) fn config(why: String) -> ProviderError {
    ProviderError {
        class: ErrorClass::Config,
        code: "invalid_settings".into(),
        title: "The channel's settings are wrong".into(),
        detail: why,
        retry_after: None,
    }
}
