//! What the simulators of Meta's products share: the signature of webhooks, and the words of faults and delays.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::encoding::hex;
use super::rng::Rng;

/// Value of `X-Hub-Signature-256`.
pub(crate) fn signature(app_secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// How often something happens: always for the `next` calls (counted down), otherwise with `probability` (0 to 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Often {
    pub probability: f64,
    pub next: u32,
}

impl Often {
    #[must_use]
    pub const fn always() -> Self {
        Self {
            probability: 1.0,
            next: 0,
        }
    }

    #[must_use]
    pub const fn next(calls: u32) -> Self {
        Self {
            probability: 0.0,
            next: calls,
        }
    }

    pub(crate) fn strikes(&mut self, rng: &Rng) -> bool {
        if self.next > 0 {
            self.next -= 1;
            return true;
        }
        self.probability > 0.0 && rng.chance(self.probability)
    }
}

/// Whether the provider can be reached at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    #[default]
    No,
    /// Every call answers 503 without an envelope.
    Unavailable,
    /// Every connection is closed without an answer, and nothing is accepted.
    Close,
}

/// A delay with jitter: uniform between `base_ms` and `base_ms + jitter_ms` of simulated time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Delay {
    pub base_ms: u64,
    pub jitter_ms: u64,
}

impl Delay {
    #[must_use]
    pub const fn new(base_ms: u64, jitter_ms: u64) -> Self {
        Self { base_ms, jitter_ms }
    }

    pub(crate) fn draw(self, rng: &Rng) -> u64 {
        self.base_ms.saturating_add(rng.up_to(self.jitter_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_vector() {
        let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
        assert_eq!(
            signature("meta_app_secret_for_tests", body),
            "sha256=ae8d39235ce7f69d82f938e5b54e0282ab5a33a61abe4ac36ee16a553e49814a"
        );
    }
}
