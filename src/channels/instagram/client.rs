//! The calls that send something, and the other small calls of a channel.
//!
//! Owns which call is made for what. How a call may fail is the Graph API's own file. Must not retry.

use serde_json::{Value, json};

use super::errors::class_of;
use super::limits::PROVIDER_ID;
use super::settings::{self, Login};
use super::{Profile, render};
use crate::channels::graph::{self, CallError, call_within, config, unanswered};
use crate::channels::http::TIMEOUT;
use crate::channels::payload::text_at;
use crate::channels::{ChannelAccess, FieldError};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;

/// Fields asked of a customer's profile.
const PROFILE_FIELDS: &str = "name,username,profile_pic";

/// Sends one message.
pub(super) async fn send(
    http: &reqwest::Client,
    access: &ChannelAccess,
    request: &SendRequest,
) -> SendOutcome {
    let body = match render::body(Login::of(&access.settings), request) {
        Ok(body) => body,
        Err(error) => return SendOutcome::Refused(invalid_content(&error)),
    };
    let url = match messages_url(access) {
        Ok(url) => url,
        Err(error) => return SendOutcome::Refused(config(error.to_string())),
    };
    // An action's answer names no message; its own id is as good, and never meets another's.
    let is_action = body.get("sender_action").is_some();
    let classes = match body.pointer("/recipient/comment_id") {
        Some(_) => class_of_reply,
        None => class_of,
    };
    match call_within(http.post(url).json(&body), access, TIMEOUT).await {
        Ok(answer) => match graph::of_send(&answer, classes, if is_action { acted } else { accepted }) {
            SendOutcome::Accepted { learnt, .. } if is_action => SendOutcome::Accepted {
                provider_message_id: format!("action:{}", request.message),
                learnt,
                held: None,
            },
            outcome => outcome,
        },
        Err(CallError::Config(why)) => SendOutcome::Refused(config(why)),
        Err(CallError::NotSent(why)) => SendOutcome::NotSent(why),
        Err(CallError::Lost(why)) => SendOutcome::Unknown(why),
    }
}

/// A private reply whose comment is gone; elsewhere "does not exist" is said of the account, which stops the channel.
fn class_of_reply(code: u32, subcode: Option<u32>) -> Option<ErrorClass> {
    match (code, subcode) {
        (100, Some(33)) => Some(ErrorClass::Permanent),
        _ => class_of(code, subcode),
    }
}

fn accepted(json: &Value) -> SendOutcome {
    let id = text_at(json, "message_id").filter(|id| id.len() <= PROVIDER_ID);
    match id {
        Some(provider_message_id) => SendOutcome::Accepted {
            provider_message_id,
            learnt: Vec::new(),
            held: None,
        },
        None => SendOutcome::Unknown("the answer named no message id".into()),
    }
}

fn acted(json: &Value) -> SendOutcome {
    match json.is_object() {
        true => SendOutcome::Accepted {
            provider_message_id: String::new(),
            learnt: Vec::new(),
            held: None,
        },
        false => SendOutcome::Unknown("the answer was no object".into()),
    }
}

fn messages_url(access: &ChannelAccess) -> Result<reqwest::Url, FieldError> {
    let sender = settings::sender(&access.settings);
    settings::endpoint(&access.settings, &[sender, "messages"])
}

pub(super) fn invalid_content(error: &FieldError) -> ProviderError {
    ProviderError {
        class: match error.field.as_str() {
            "to" => ErrorClass::Recipient,
            _ => ErrorClass::Permanent,
        },
        code: "invalid_content".into(),
        title: phrases::BREAKS_INSTAGRAM_RULE.text().into(),
        detail: error.to_string(),
        retry_after: None,
    }
}

/// Shows a customer that their chat was read up to this message. The API wants the person, not the message, so that one is
/// asked for first. A comment is in no chat: nothing is shown for it.
pub(super) async fn mark_read(
    http: &reqwest::Client,
    access: &ChannelAccess,
    provider_message_id: &str,
) -> Result<(), ProviderError> {
    if render::is_comment(provider_message_id) {
        return Ok(());
    }
    let sender = sender_of(http, access, provider_message_id).await?;
    sender_action(http, access, &sender, "mark_seen").await
}

/// Shows a customer that someone is typing, and that their chat was read.
pub(super) async fn show_typing(
    http: &reqwest::Client,
    access: &ChannelAccess,
    provider_message_id: &str,
) -> Result<(), ProviderError> {
    if render::is_comment(provider_message_id) {
        return Ok(());
    }
    let sender = sender_of(http, access, provider_message_id).await?;
    sender_action(http, access, &sender, "mark_seen").await?;
    sender_action(http, access, &sender, "typing_on").await
}

async fn sender_of(
    http: &reqwest::Client,
    access: &ChannelAccess,
    provider_message_id: &str,
) -> Result<String, ProviderError> {
    let message = get(http, access, &[provider_message_id], &[("fields", "from")]).await?;
    let sender = message.get("from").and_then(|from| text_at(from, "id"));
    sender.ok_or_else(|| config("the provider did not say who wrote the message".into()))
}

/// `typing_on`, `typing_off` or `mark_seen`.
pub(super) async fn sender_action(
    http: &reqwest::Client,
    access: &ChannelAccess,
    recipient: &str,
    action: &str,
) -> Result<(), ProviderError> {
    let url = messages_url(access).map_err(|error| config(error.to_string()))?;
    let body = json!({"recipient": {"id": recipient}, "sender_action": action});
    let answer = call_within(http.post(url).json(&body), access, TIMEOUT).await;
    answer.map_err(unanswered)?.success(class_of).map(drop)
}

/// What a customer shows of themselves; `None` if they have not agreed to it (error 230).
pub(super) async fn profile(
    http: &reqwest::Client,
    access: &ChannelAccess,
    customer: &str,
) -> Result<Option<Profile>, ProviderError> {
    match get(http, access, &[customer], &[("fields", PROFILE_FIELDS)]).await {
        Ok(fields) => Ok(Some(Profile {
            name: text_at(&fields, "name"),
            username: text_at(&fields, "username"),
            picture: text_at(&fields, "profile_pic").filter(|url| url.len() <= 2048),
        })),
        Err(error) if error.code == "230" => Ok(None),
        Err(error) => Err(error),
    }
}

/// A read call.
pub(super) async fn get(
    http: &reqwest::Client,
    access: &ChannelAccess,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Value, ProviderError> {
    let url = settings::endpoint(&access.settings, path).map_err(|error| config(error.to_string()))?;
    let answer = call_within(http.get(url).query(query), access, TIMEOUT).await;
    answer.map_err(unanswered)?.success(class_of)
}

/// A call with a body that changes something other than a chat.
pub(super) async fn change(
    http: &reqwest::Client,
    access: &ChannelAccess,
    (method, path): (reqwest::Method, &[&str]),
    body: &Value,
) -> Result<Value, ProviderError> {
    let url = settings::endpoint(&access.settings, path).map_err(|error| config(error.to_string()))?;
    let answer = call_within(http.request(method, url).json(body), access, TIMEOUT).await;
    answer.map_err(unanswered)?.success(class_of)
}
