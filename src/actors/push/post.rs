//! One message to one device: sealed for it alone (RFC 8291), signed for its push service (RFC 8292), posted (RFC 8030).

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use sha2::{Digest, Sha256};

use super::compose::{Group, Payload};
use super::devices::Device;
use super::vapid::{Vapid, encode};
use super::{PushError, PushOptions};
use crate::domain::time::SECOND;
use crate::domain::{Timestamp, WorkspaceId};

/// How long a push service keeps a message for a device that is off, in seconds: later it is no news.
const TTL: u32 = 4 * 3_600;
/// Sizes are rounded up to this, in bytes, so that they tell little of what was written.
const STEP: usize = 512;
/// The longest wait that a push service can ask for.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);

/// What became of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The push service took it.
    Taken,
    /// There is no such device any more.
    Gone,
    /// To be tried again, not before the wait is over.
    Later {
        /// What the push service asked for.
        wait: Option<Duration>,
        /// Why, in plain words.
        detail: String,
    },
    /// Not to be tried again.
    Refused(String),
}

/// Sends one message.
pub(super) async fn post(
    options: &PushOptions,
    vapid: &std::sync::Arc<Vapid>,
    device: &Device,
    (payload, topic): (&Payload, Option<String>),
    now: Timestamp,
) -> Result<Outcome, PushError> {
    let (Ok(url), Ok(keys)) = (device.url(), device.keys()) else {
        return Ok(Outcome::Refused("the subscription cannot be read".into()));
    };
    let origin = url.origin().ascii_serialization();
    let (contact, signer) = (options.contact.clone(), vapid.clone());
    let text = padded(payload)?;
    // Curve arithmetic takes a millisecond or so: not on an actor's thread.
    let sealed = tokio::task::spawn_blocking(move || {
        let body = web_push_native::encrypt(text, &keys.public, &keys.auth)
            .map_err(|error| PushError::Key(error.to_string()))?;
        Ok::<_, PushError>((body, signer.authorization(&origin, &contact, now)?))
    });
    let (body, authorization) = sealed
        .await
        .map_err(|error| PushError::Key(error.to_string()))??;
    let request = match options.client.post(&device.endpoint) {
        Ok(request) => request,
        Err(error) => return Ok(Outcome::Refused(error.to_string())),
    };
    let mut request = request
        .header("ttl", TTL)
        .header("urgency", "high")
        .header(CONTENT_ENCODING, "aes128gcm")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(AUTHORIZATION, authorization);
    if let Some(topic) = topic {
        request = request.header("topic", topic);
    }
    Ok(match request.body(body).send().await {
        Ok(response) => judge(response.status(), response.headers(), now),
        Err(error) => later(reason(&error)),
    })
}

/// What stands for a group at the push service, which keeps only the newest message of a topic for a device that is off.
/// It learns neither ids nor which devices are told of the same.
pub(super) fn topic(workspace: WorkspaceId, session: [u8; 16], group: Group) -> String {
    let mut hash = Sha256::new();
    hash.update(b"frontdesk push topic\0");
    hash.update(workspace.0);
    hash.update(session);
    if let Group::Conversation(id) = group {
        hash.update(id.0);
    }
    // RFC 8030: at most 32 characters of base64url.
    encode(&hash.finalize()[..24])
}

/// JSON, filled up with blanks, which JSON allows.
fn padded(payload: &Payload) -> Result<Vec<u8>, PushError> {
    let mut text = serde_json::to_vec(payload).map_err(|error| PushError::Key(error.to_string()))?;
    text.resize(text.len().next_multiple_of(STEP), b' ');
    Ok(text)
}

const fn later(detail: String) -> Outcome {
    Outcome::Later { wait: None, detail }
}

fn judge(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Outcome {
    let said = format!("the push service answered {}", status.as_u16());
    match status {
        status if status.is_success() => Outcome::Taken,
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Outcome::Later {
            wait: wait(headers, now),
            detail: said,
        },
        status if status.is_server_error() => Outcome::Later {
            wait: wait(headers, now),
            detail: said,
        },
        _ => Outcome::Refused(said),
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110).
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
            u64::try_from(at - now.0.div_euclid(SECOND)).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

/// What went wrong, without the address, which is a secret of the device.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let what = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "the request failed",
    };
    format!("{what}: {cause}").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ConversationId;

    #[test]
    fn answers_are_judged() {
        let headers = |after: Option<&str>| {
            let pairs = after.map(|text| (RETRY_AFTER, text.parse().expect("a header")));
            HeaderMap::from_iter(pairs)
        };
        let now = Timestamp::parse("2026-11-21T08:00:00Z").expect("a time");
        let judged = |code: u16, after: Option<&str>| {
            judge(
                StatusCode::from_u16(code).expect("a status"),
                &headers(after),
                now,
            )
        };
        assert_eq!(judged(201, None), Outcome::Taken);
        assert_eq!(
            (judged(404, None), judged(410, None)),
            (Outcome::Gone, Outcome::Gone)
        );
        for code in [301, 400, 401, 403, 413] {
            assert!(matches!(judged(code, None), Outcome::Refused(_)), "{code}");
        }
        for (after, seconds) in [
            (None, None),
            (Some("7"), Some(7)),
            (Some("99999999"), Some(900)),
            (Some("Sat, 21 Nov 2026 08:00:09 GMT"), Some(9)),
            (Some("Sat, 21 Nov 2026 07:00:00 GMT"), Some(0)),
            (Some("soon"), None),
        ] {
            for code in [429, 500, 503] {
                let Outcome::Later { wait, .. } = judged(code, after) else {
                    panic!("{code} is to be tried again");
                };
                assert_eq!(wait, seconds.map(Duration::from_secs), "{code} {after:?}");
            }
        }
    }

    #[test]
    fn topics_fit_and_tell_nothing() {
        let (ws, group) = (WorkspaceId([1; 16]), Group::Conversation(ConversationId([2; 16])));
        let one = topic(ws, [3; 16], group);
        assert_eq!(one.len(), 32);
        assert_eq!(one, topic(ws, [3; 16], group));
        assert_ne!(one, topic(ws, [4; 16], group), "another device");
        assert_ne!(one, topic(ws, [3; 16], Group::Alerts));
    }
}
