//! Proof that a webhook comes from Meta: `X-Hub-Signature-256`.
//!
//! Owns the comparison only. Must see the bytes as they were received: Meta escapes non-ASCII letters and slashes, so
//! a body that was read and written again no longer fits.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const PREFIX: &str = "sha256=";
const DIGEST_BYTES: usize = 32;

/// Whether `header` is `sha256=` and the HMAC-SHA256 of `raw` under the app secret, in hexadecimal of either case.
/// The comparison takes the same time wherever the first difference is. An empty secret fits nothing.
pub(super) fn fits(secret: &SecretString, raw: &[u8], header: &str) -> bool {
    let key = secret.expose_secret().as_bytes();
    let Some(claimed) = header.trim().strip_prefix(PREFIX).and_then(decode_digest) else {
        return false;
    };
    if key.is_empty() {
        return false;
    }
    Hmac::<Sha256>::new_from_slice(key).is_ok_and(|mut mac| {
        mac.update(raw);
        mac.verify_slice(&claimed).is_ok()
    })
}

fn decode_digest(hex: &str) -> Option<[u8; DIGEST_BYTES]> {
    let bytes = hex.as_bytes();
    if bytes.len() != 2 * DIGEST_BYTES {
        return None;
    }
    let mut digest = [0; DIGEST_BYTES];
    for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
