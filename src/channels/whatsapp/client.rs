//! The calls that send something.
//!
//! Owns which call is made for what. How a call may fail is the Graph API's own file. Must not retry.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::of_send;
use super::errors::class_of;
use super::{dialect, render};
use crate::channels::graph::{Answer, config};
use crate::channels::http::TIMEOUT;
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;

pub(super) use super::dialect::call_within;
pub(super) use crate::channels::graph::{CallError, unanswered};

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
    answer.success(class_of).map(drop)
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
    answer.success(class_of).map(drop)
}

async fn post_message(
    http: &reqwest::Client,
    access: &ChannelAccess,
    body: &Value,
    timeout: Duration,
) -> Result<Answer, CallError> {
    let url = dialect::messages(access).map_err(|error| CallError::Config(error.to_string()))?;
    call_within(http.post(url).json(body), access, timeout).await
}

/// Makes one call with the channel's token and reads the whole answer.
pub(super) async fn call(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
) -> Result<Answer, CallError> {
    call_within(request, access, TIMEOUT).await
}

fn invalid_content(error: &FieldError) -> ProviderError {
    ProviderError {
        class: match error.field.as_str() {
            "to" => ErrorClass::Recipient,
            _ => ErrorClass::Permanent,
        },
        code: "invalid_content".into(),
        title: phrases::BREAKS_WHATSAPP_RULE.text().into(),
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
            identity_hash: None,
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
