//! Proof that a webhook comes from Twilio: `X-Twilio-Signature`.
//!
//! Owns the comparison. Source: section 5 of the provider contract (Twilio's security page and its official libraries). The
//! address is the configured public one, never what the `Host` header says.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::form;
use crate::channels::WebhookRequest;

const DIGEST_BYTES: usize = 20;
/// The parameter of the query by which a body that is no form is signed.
const BODY_HASH: &str = "bodySHA256=";

/// Whether `request` was signed with `token` for `webhook_url`. An empty token fits nothing.
pub(super) fn fits(token: &SecretString, webhook_url: &str, request: &WebhookRequest<'_>) -> bool {
    let header = (request.header)("x-twilio-signature").unwrap_or_default();
    let Some(claimed) = decode_base64(header.trim()) else {
        return false;
    };
    let key = token.expose_secret().as_bytes();
    if key.is_empty() || webhook_url.is_empty() {
        return false;
    }
    let tail = match body_hash(request.query) {
        _ if request.by_get => Vec::new(),
        Some(hash) if !hash_fits(hash, request.body) => return false,
        Some(_) => Vec::new(),
        None => match form::pairs(request.body) {
            Some(pairs) => signed_parameters(pairs),
            None => return false,
        },
    };
    let full = with_query(webhook_url, request.query);
    let mut fits = subtle::Choice::from(0);
    for url in variants(&full) {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else {
            return false;
        };
        mac.update(url.as_bytes());
        mac.update(&tail);
        fits |= mac.finalize().into_bytes().as_slice().ct_eq(&claimed);
    }
    fits.into()
}

/// Names in byte order, each followed by its value; a repeated name by its different values in byte order.
fn signed_parameters(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let mut by_name: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (name, value) in pairs {
        by_name.entry(name).or_default().insert(value);
    }
    let mut text = Vec::new();
    for (name, values) in by_name {
        for value in values {
            text.extend_from_slice(&name);
            text.extend_from_slice(&value);
        }
    }
    text
}

fn body_hash(query: &str) -> Option<&str> {
    query.split('&').find_map(|part| part.strip_prefix(BODY_HASH))
}

fn hash_fits(hex: &str, body: &[u8]) -> bool {
    let digest = Sha256::digest(body);
    let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    expected
        .as_bytes()
        .ct_eq(hex.to_ascii_lowercase().as_bytes())
        .into()
}

fn with_query(url: &str, query: &str) -> String {
    let bare = url.split('#').next().unwrap_or(url);
    match query {
        "" => bare.to_owned(),
        query => format!("{bare}?{query}"),
    }
}

/// The address as it stands, and with its port left out or the usual one put in: which of them Twilio signed depends on
/// its age and on how it was entered (the official libraries try both).
fn variants(url: &str) -> Vec<String> {
    let mut variants = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else {
        return variants;
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (userinfo, host) = authority
        .rsplit_once('@')
        .map_or(("", authority), |(user, host)| (user, host));
    let at = if userinfo.is_empty() { "" } else { "@" };
    let port = host.rfind(':').filter(|colon| {
        let digits = &host[colon + 1..];
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    variants.push(match (port, scheme) {
        (Some(colon), _) => format!("{scheme}://{userinfo}{at}{}{path}", &host[..colon]),
        (None, "http") => format!("{scheme}://{userinfo}{at}{host}:80{path}"),
        (None, _) => format!("{scheme}://{userinfo}{at}{host}:443{path}"),
    });
    variants
}

/// Exactly one SHA-1 digest in base64; the last character of a padded text carries two bits that nobody reads.
fn decode_base64(text: &str) -> Option<[u8; DIGEST_BYTES]> {
    let bytes = text.as_bytes();
    if bytes.len() != 28 || bytes[27] != b'=' {
        return None;
    }
    let mut bits = 0_u32;
    let mut count = 0;
    let mut digest = Vec::with_capacity(DIGEST_BYTES + 1);
    for byte in &bytes[..27] {
        bits = bits << 6 | u32::from(sextet(*byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            digest.push((bits >> count & 0xff) as u8);
        }
    }
    digest.try_into().ok()
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_and_go_and_the_rest_stays() {
        let table = [
            ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
            ("http://a.example/x", "http://a.example:80/x"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://u:p@a.example/x", "https://u:p@a.example:443/x"),
            ("https://u:p@a.example:1/x:2", "https://u:p@a.example/x:2"),
            ("https://a.example?b=c", "https://a.example:443?b=c"),
            ("https://[::1]:81/x", "https://[::1]/x"),
        ];
        for (url, other) in table {
            assert_eq!(variants(url), [url, other]);
        }
        assert_eq!(variants("nonsense"), ["nonsense"]);
    }

    #[test]
    fn only_one_digest_is_a_signature() {
        assert!(decode_base64("0/KCTR6DLpKmkAf8muzZqo1nDgQ=").is_some());
        for odd in [
            "",
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ",
            "0/KCTR6DLpKmkAf8muzZqo1nDg==",
            "é/KCTR6DLpKmkAf8muzZqo1nDg=",
        ] {
            assert_eq!(decode_base64(odd), None, "{odd}");
        }
    }
}
