//! Webhooks: forms, signed as Twilio signs them, posted once and, if that fails, once more (the fallback address).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::state::Shared;
use crate::sandbox::encoding::{base64, hex};

/// Pause before the second attempt.
const AGAIN: Duration = Duration::from_millis(500);

/// `X-Twilio-Signature` of a form.
pub(crate) fn signature(token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(url.split('#').next().unwrap_or(url).as_bytes());
    for (name, values) in sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    base64(&mac.finalize().into_bytes())
}

/// Posts a form. A failure is the receiver's loss: Twilio does not come back.
pub(crate) async fn post(shared: &Arc<Shared>, account: &str, url: &str, form: Vec<(String, String)>) {
    let Some(token) = shared.token(account) else {
        return;
    };
    let target = target(url, shared.deliver_to.lock().as_deref());
    let signature = signature(&token, url, &form);
    let idempotency = hex(&shared.rng.next().to_be_bytes());
    let body = encode(&form);
    for attempt in 0..2 {
        if attempt > 0 {
            tokio::time::sleep(AGAIN).await;
        }
        let answer = shared
            .client
            .post(&target)
            .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("User-Agent", "TwilioProxy/1.1")
            .header("X-Twilio-Signature", &signature)
            .header("I-Twilio-Idempotency-Token", &idempotency)
            .body(body.clone())
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "webhook not taken"),
            Err(error) => tracing::debug!(%error, "webhook not delivered"),
        }
    }
}

/// Where a webhook is really posted: without the fragment, and, where a way inside is known, by that instead of the public
/// name that is signed.
fn target(url: &str, inside: Option<&str>) -> String {
    let url = url.split('#').next().unwrap_or(url);
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
    match (inside, path) {
        (Some(inside), Some(path)) => format!("{inside}{path}"),
        _ => url.to_owned(),
    }
}

fn encode(form: &[(String, String)]) -> String {
    let mut body = String::new();
    for (name, value) in form {
        if !body.is_empty() {
            body.push('&');
        }
        escape(&mut body, name);
        body.push('=');
        escape(&mut body, value);
    }
    body
}

fn escape(body: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b' ' => body.push('+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => body.push(char::from(byte)),
            _ => {
                body.push('%');
                body.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_inside_takes_the_place_of_the_name() {
        let url = "https://desk.example/webhooks/twilio/ch_1?x=/y#rc=3";
        assert_eq!(
            target(url, None),
            "https://desk.example/webhooks/twilio/ch_1?x=/y"
        );
        assert_eq!(
            target(url, Some("http://127.0.0.1:9")),
            "http://127.0.0.1:9/webhooks/twilio/ch_1?x=/y"
        );
    }

    #[test]
    fn signs_as_the_published_vector() {
        let pairs = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
            ("To", "+18005551212"),
        ];
        let form = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2#rc=3", &form),
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
        );
    }
}
