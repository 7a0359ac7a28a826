//! What an HTTP answer of the Graph API means for the message: pure decisions over status, headers and body.
//!
//! Owns the reading of error envelopes and of the answer to a send. Must not do any I/O.

use std::time::Duration;

use serde_json::Value;

use super::errors::class_of;
use super::limits::PROVIDER_ID;
use super::payload::{cut, text_at, whole_number};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome};

/// Longest wait that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Most identities that one answer may teach.
const MAX_LEARNT: usize = 4;
/// Longest text of an error that is kept, in characters.
pub(super) const MAX_DETAIL_CHARS: usize = 500;

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
    fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body.as_ref().ok()?).ok()
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body of a success, or what went wrong.
    ///
    /// # Errors
    /// The provider's error, or one made from the status.
    pub(super) fn success(&self) -> Result<Value, ProviderError> {
        let json = self.json();
        if let Some(error) = json.as_ref().and_then(|json| envelope(json, self)) {
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

/// What became of a send.
pub(super) fn of_send(answer: &Answer) -> SendOutcome {
    let json = answer.json();
    if let Some(error) = json.as_ref().and_then(|json| envelope(json, answer)) {
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

fn accepted(json: &Value) -> SendOutcome {
    let id = json
        .pointer("/messages/0")
        .and_then(|message| text_at(message, "id"));
    match id.filter(|id| id.len() <= PROVIDER_ID) {
        Some(provider_message_id) => SendOutcome::Accepted {
            provider_message_id,
            learnt: learnt(json),
        },
        None => SendOutcome::Unknown("the answer named no message id".into()),
    }
}

/// The recipient's ids: `wa_id` may differ from the number that was written to, `user_id` may be new.
fn learnt(json: &Value) -> Vec<Identity> {
    let Some(contact) = json.pointer("/contacts/0") else {
        return Vec::new();
    };
    let user_id = text_at(contact, "user_id").map(|id| Identity::new(IdentityKind::WhatsappUserId, id));
    let wa_id = text_at(contact, "wa_id").and_then(|id| Identity::whatsapp(&id));
    let mut learnt: Vec<Identity> = user_id.into_iter().chain(wa_id).take(MAX_LEARNT).collect();
    learnt.dedup();
    learnt
}

/// The error in the body, if there is one with a code.
fn envelope(json: &Value, answer: &Answer) -> Option<ProviderError> {
    let error = json.get("error")?;
    let code = whole_number(error.get("code")?)?;
    let subcode = error.get("error_subcode").and_then(whole_number);
    let number = |n: i64| u32::try_from(n).ok();
    let class = number(code).and_then(|code| class_of(code, subcode.and_then(number)));
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
            300..=399 => "The address answered with a redirection. Check the channel's api_base.".into(),
            _ => "The provider gave no reason.".into(),
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
