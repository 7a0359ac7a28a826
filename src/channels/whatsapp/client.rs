//! The calls that send something.
//!
//! Owns time limits, the limit on answers, and the decision whether a failed call may have reached the provider. Must not
//! retry, and must not show a token in any error.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::answer::{Answer, of_send, retry_after, time_to_regain_access};
use super::{render, settings};
use crate::channels::http::TIMEOUT;
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

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
    send_within(http, access, request, TIMEOUT).await
}

async fn send_within(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
    timeout: Duration,
) -> SendOutcome {
    let refused = |error: FieldError| SendOutcome::Refused(invalid_content(&error));
    let body = match render::body(request) {
        Ok(body) => body,
        Err(error) => return refused(error),
    };
    match post_message(http, access, &body, timeout).await {
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
    let answer = post_message(http, access, &body, TIMEOUT)
        .await
        .map_err(unanswered)?;
    answer.success().map(drop)
}

/// Marks a customer's message as read and shows them that someone is typing; it ends with the next message, or after 25
/// seconds (Meta: typing indicators).
pub(super) async fn show_typing(
    http: &reqwest::Client,
    access: &ChannelAccess,
    provider_message_id: &str,
) -> Result<(), ProviderError> {
    let body = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": provider_message_id,
        "typing_indicator": {"type": "text"},
    });
    let answer = post_message(http, access, &body, TIMEOUT)
        .await
        .map_err(unanswered)?;
    answer.success().map(drop)
}

async fn post_message(
    http: &reqwest::Client,
    access: &ChannelAccess,
    body: &Value,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let number = access.settings.get("phone_number_id").map_or("", String::as_str);
    let url = settings::endpoint(&access.settings, &[number, "messages"])
        .map_err(|error| CallError::Config(error.to_string()))?;
    call_within(http.post(url).json(body), access, timeout).await
}

/// Makes one call with the channel's token and reads the whole answer.
pub(super) async fn call(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
) -> Result<Answer, CallError> {
    call_within(request, access, TIMEOUT).await
}

pub(super) async fn call_within(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let token = access
        .secrets
        .get("access_token")
        .map_or("", |token| token.expose_secret());
    let sent = request.bearer_auth(token).timeout(timeout).send().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{Identity, IdentityKind};
    use crate::domain::{Content, ConversationId, MessageId};

    fn request() -> SendRequest {
        SendRequest {
            message: MessageId {
                conversation: ConversationId([1; 16]),
                n: 1,
            },
            to: vec![Identity::new(IdentityKind::WhatsappId, "254711000234")],
            content: Content::text("hi"),
            reply_to: None,
            outside_window: false,
        }
    }

    #[tokio::test]
    async fn silence_after_the_connection_leaves_doubt() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The kernel completes the connection; nobody ever reads or answers.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", silent.local_addr().expect("an address"));
        let access = ChannelAccess {
            settings: [
                ("phone_number_id".to_owned(), "1".to_owned()),
                ("api_base".to_owned(), base),
            ]
            .into(),
            secrets: [("access_token".to_owned(), "token".into())].into(),
            webhook_url: String::new(),
        };
        let http = crate::channels::http::http_client().expect("a client");
        let got = send_within(&http, &access, &request(), Duration::from_millis(50)).await;
        assert_eq!(got, SendOutcome::Unknown("no answer in time".into()));
    }
}
