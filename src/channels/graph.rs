//! Calls of Meta's Graph API and how their answers are read; WhatsApp Cloud API and Instagram share it.
//!
//! Owns time limits, the limit on answers, error envelopes, and the decision whether a failed call may have been heard.
//! Must not retry, must not know any code's meaning (each provider has its own table), and must not show a token in any
//! error.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::ChannelAccess;
use super::payload::{cut, text_at, whole_number};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome};
use crate::domain::phrases;

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Longest wait that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Longest text of an error that is kept, in characters.
pub(super) const MAX_DETAIL_CHARS: usize = 500;

/// A provider's table of codes: the class of a code with its subcode, or `None` for a stranger.
pub(super) type Classes = fn(u32, Option<u32>) -> Option<ErrorClass>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// The settings or the token make no request.
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

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a success, or what went wrong.
    ///
    /// # Errors
    /// The provider's error, or one made from the status.
    pub(super) fn success(&self, classes: Classes) -> Result<Value, ProviderError> {
        let json = self.json();
        if let Some(error) = json.as_ref().and_then(|json| envelope(json, self, classes)) {
            return Err(error);
        }
        match (self.is_success(), json) {
            (true, Some(json)) => Ok(json),
            _ => Err(without_envelope(self)),
        }
    }
}

/// A `Retry-After` header in seconds, at most an hour. Dates are not understood: the provider sends seconds.
pub(super) fn retry_after(header: &str) -> Option<Duration> {
    let seconds = header.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// The longest wait that `X-Business-Use-Case-Usage` names, at most an hour. It lists, by account, objects with
/// `estimated_time_to_regain_access` in minutes (Graph API, rate limiting).
pub(super) fn time_to_regain_access(header: &str) -> Option<Duration> {
    let usage: Value = serde_json::from_str(header).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_u64());
    let minutes = minutes.max().filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(minutes.saturating_mul(60)).min(MAX_RETRY_AFTER))
}

/// What became of a send; `accepted` reads the provider's id out of a success.
pub(super) fn of_send(answer: &Answer, classes: Classes, accepted: fn(&Value) -> SendOutcome) -> SendOutcome {
    let json = answer.json();
    if let Some(error) = json.as_ref().and_then(|json| envelope(json, answer, classes)) {
        return SendOutcome::Refused(error);
    }
    match (answer.status, json) {
        (200..300, Some(json)) => accepted(&json),
        (200..300, None) => SendOutcome::Unknown(match &answer.body {
            Err(why) => format!("the answer was lost: {why}"),
            Ok(_) => "the answer was no JSON".into(),
        }),
        // The provider says itself that it failed.
        (500, Some(json)) if json.get("error").is_some() => SendOutcome::Refused(without_envelope(answer)),
        // Nobody is there to take it: the channel waits, and no message loses a try by it.
        (503, _) => SendOutcome::NotSent("the provider is unavailable (503)".into()),
        // Something gave up (500 without the provider's own words, 502, 504, 52x of proxies); the message may have passed it.
        (500..=599, _) => SendOutcome::Unknown(format!("the answer was {} and said no more", answer.status)),
        _ => SendOutcome::Refused(without_envelope(answer)),
    }
}

/// The error in the body, if there is one with a code.
fn envelope(json: &Value, answer: &Answer, classes: Classes) -> Option<ProviderError> {
    let error = json.get("error")?;
    let code = whole_number(error.get("code")?)?;
    let subcode = error.get("error_subcode").and_then(whole_number);
    let number = |n: i64| u32::try_from(n).ok();
    let class = number(code).and_then(|code| classes(code, subcode.and_then(number)));
    let is_transient = error.get("is_transient").and_then(Value::as_bool) == Some(true);
    let class = class.unwrap_or_else(|| match is_transient {
        true => ErrorClass::Transient,
        false => class_of_status(answer.status),
    });
    let message = text_at(error, "message").unwrap_or_default();
    let details = error.get("error_data").and_then(|data| text_at(data, "details"));
    let user_message = || text_at(error, "error_user_msg");
    Some(ProviderError {
        class,
        code: code.to_string(),
        title: cut(
            text_at(error, "error_user_title").unwrap_or_else(|| title(&message)),
            MAX_DETAIL_CHARS,
        ),
        detail: cut(details.or_else(user_message).unwrap_or(message), MAX_DETAIL_CHARS),
        retry_after: answer.retry_after,
    })
}

/// The message without the code in front of it: `(#131047) Re-engagement message`.
fn title(message: &str) -> String {
    let bare = message
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(") "))
        .map_or(message, |(_, title)| title);
    bare.to_owned()
}

fn without_envelope(answer: &Answer) -> ProviderError {
    ProviderError {
        class: class_of_status(answer.status),
        code: format!("http_{}", answer.status),
        title: format!("HTTP status {}", answer.status),
        detail: match answer.status {
            300..=399 => phrases::REDIRECTED.text().into(),
            _ => phrases::PROVIDER_NO_REASON.text().into(),
        },
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

/// Makes one call with the channel's token and reads the whole answer.
pub(super) async fn call_within(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let token = access
        .secrets
        .get("access_token")
        .map_or("", |token| token.expose_secret());
    call_bare(request.bearer_auth(token), timeout).await
}

/// The same without the channel's token: for calls that carry another one, or none.
pub(super) async fn call_bare(
    request: reqwest::RequestBuilder,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let sent = request.timeout(timeout).send().await;
    let mut response = sent.map_err(|error| without_answer(&error))?;
    let header = |name| response.headers().get(name)?.to_str().ok();
    let asked = header("retry-after").and_then(retry_after);
    let estimated = || header("x-business-use-case-usage").and_then(time_to_regain_access);
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: asked.or_else(estimated),
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
        return CallError::Config("no request can be made with this address and token".into());
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
            title: phrases::NO_ANSWER.text().into(),
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
        title: phrases::SETTINGS_WRONG.text().into(),
        detail: why,
        retry_after: None,
    }
}
