//! The calls that send something.
//!
//! Owns time limits, the limit on answers, and the decision whether a failed call may have reached the provider. Must not
//! retry, and must not show a token in any error.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::answer::{Answer, of_send, retry_after};
use super::{render, settings};
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole call may take.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A client as this provider wants it: time limits, no redirects (a send must not be repeated elsewhere).
///
/// # Errors
/// If TLS cannot be set up.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
        .build()
}

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

/// Sends one message.
pub(super) async fn send(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
) -> SendOutcome {
    let refused = |error: FieldError| SendOutcome::Refused(invalid_content(&error));
    let body = match render::body(request) {
        Ok(body) => body,
        Err(error) => return refused(error),
    };
    match post_message(http, access, &body).await {
        Ok(answer) => of_send(&answer),
        Err(CallError::Config(why)) => SendOutcome::Refused(config(why)),
        Err(CallError::NotSent(why)) => SendOutcome::NotSent(why),
        Err(CallError::Lost(why)) => SendOutcome::Unknown(why),
    }
}

/// Marks a customer's message as read.
pub(super) async fn mark_read(
    http: &reqwest::Client,
    access: &ChannelAccess,
    provider_message_id: &str,
) -> Result<(), ProviderError> {
    let body = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": provider_message_id,
    });
    let answer = post_message(http, access, &body).await.map_err(unanswered)?;
    answer.success().map(drop)
}

async fn post_message(
    http: &reqwest::Client,
    access: &ChannelAccess,
    body: &Value,
) -> Result<Answer, CallError> {
    let number = access.settings.get("phone_number_id").map_or("", String::as_str);
    let url = settings::endpoint(&access.settings, &[number, "messages"])
        .map_err(|error| CallError::Config(error.to_string()))?;
    call(http.post(url).json(body), access).await
}

/// Makes one call with the channel's token and reads the whole answer.
pub(super) async fn call(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
) -> Result<Answer, CallError> {
    let token = access
        .secrets
        .get("access_token")
        .map_or("", |token| token.expose_secret());
    let sent = request.bearer_auth(token).timeout(TIMEOUT).send().await;
    let mut response = sent.map_err(|error| without_answer(&error))?;
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: header.and_then(retry_after),
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
            title: "No answer".into(),
            detail: why,
            retry_after: None,
        },
    }
}

fn config(why: String) -> ProviderError {
    ProviderError {
        class: ErrorClass::Config,
        code: "invalid_settings".into(),
        title: "The channel's settings are wrong".into(),
        detail: why,
        retry_after: None,
    }
}

fn invalid_content(error: &FieldError) -> ProviderError {
    ProviderError {
        class: match error.field.as_str() {
            "to" => ErrorClass::Recipient,
            _ => ErrorClass::Permanent,
        },
        code: "invalid_content".into(),
        title: "Not sent: the message breaks a rule of WhatsApp".into(),
        detail: error.to_string(),
        retry_after: None,
    }
}
