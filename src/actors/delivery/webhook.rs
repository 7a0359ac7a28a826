//! Alerts as signed posts (Standard Webhooks: `standard-webhooks/standard-webhooks`, symmetric signature `v1`).

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use sha2::Sha256;

use super::guard::GuardedClient;
use crate::domain::Timestamp;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How a secret's text begins.
const PREFIX: &str = "whsec_";

/// What became of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// The receiver has it.
    Delivered(String),
    /// To be tried again.
    Failed(String),
    /// Not to be tried again.
    Hopeless(String),
}

/// A new secret: 32 random bytes.
///
/// # Errors
/// The operating system gives no random bytes.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", base64(&bytes)))
}

/// Posts a body once.
pub async fn post(
    client: &GuardedClient,
    address: &str,
    secret: &str,
    id: &str,
    now: Timestamp,
    body: String,
) -> Attempt {
    let seconds = now.0.div_euclid(1_000_000);
    let request = match client.post(address) {
        Ok(request) => request,
        Err(error) => return Attempt::Hopeless(error.to_string()),
    };
    let request = request
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature(secret, id, seconds, &body))
        .body(body);
    match request.send().await {
        Ok(response) => judge(response.status()),
        Err(error) => Attempt::Failed(reason(&error)),
    }
}

fn judge(status: StatusCode) -> Attempt {
    let said = format!("the receiver answered {}", status.as_u16());
    match status {
        status if status.is_success() => Attempt::Delivered(said),
        StatusCode::GONE => Attempt::Hopeless(said),
        status if status.is_redirection() => Attempt::Failed(format!("{said}; redirects are not followed")),
        _ => Attempt::Failed(said),
    }
}

/// What went wrong, without the address, which may hold a token.
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

/// The header's value. A text that is no secret signs with its own bytes, so that the receiver at least sees that it
/// does not fit.
fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> String {
    let text = secret.strip_prefix(PREFIX).unwrap_or(secret);
    let key = unbase64(text).unwrap_or_else(|| text.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", base64(&mac.finalize().into_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 0x3f;
            out.push(if place <= chunk.len() {
                char::from(ALPHABET[index as usize])
            } else {
                '='
            });
        }
    }
    out
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for place in 0..4 {
            let digit = match chunk.get(place) {
                Some(byte) => ALPHABET.iter().position(|known| known == byte)?,
                None => 0,
            };
            group = group << 6 | u32::try_from(digit).ok()?;
        }
        out.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification's vectors, as kept in the project's contracts.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let body = "{\"type\":\"message.received\",\"timestamp\":\"2026-11-20T10:00:00Z\",\"data\":{\"id\":\"msg_1\"}}";
        let signed = signature(secret, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1_792_400_000, body);
        assert_eq!(signed, "v1,wqvSAIVUKbAAiDInOFgaSUJ8aLtOaIF0ks5ogXQDvIY=");
    }

    #[test]
    fn base64_goes_both_ways() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", &[0xff, 0xfe, 0xfd, 0xfc]] {
            assert_eq!(unbase64(&base64(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(unbase64("a?"), None);
        let secret = new_secret().expect("random bytes");
        let bytes = unbase64(secret.trim_start_matches(PREFIX)).expect("base64");
        assert_eq!(bytes.len(), 32);
    }

    #[test]
    fn answers_are_judged() {
        let status = |code| judge(StatusCode::from_u16(code).expect("a status"));
        assert!(matches!(status(204), Attempt::Delivered(_)));
        assert!(matches!(status(410), Attempt::Hopeless(_)));
        for code in [301, 400, 404, 429, 500, 503] {
            assert!(matches!(status(code), Attempt::Failed(_)), "{code}");
        }
    }
}
