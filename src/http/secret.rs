//! Random secrets (cookies, tokens, codes) and the hashes that are kept of them.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::error::ApiError;

/// A fresh random secret. Shown once; only [`Self::hash`] is stored. `Debug` does not show it.
pub struct Secret(String);

impl Secret {
    /// 32 random bytes as hexadecimal after `prefix`, which tells people (and secret scanners) what it is.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn generate(prefix: &str) -> Result<Self, ApiError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| ApiError::internal("drawing random bytes", error))?;
        Ok(Self(format!("{prefix}{}", to_hex(&bytes))))
    }

    /// The secret itself, to be handed out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a presented secret. Enough for 256 random bits; never for passwords.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads lower-case hexadecimal of at most `max` bytes.
pub fn from_hex(text: &str, max: usize) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() || pairs.len() > max {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_hide() {
        let (a, b) = (
            Secret::generate("fd_").expect("random"),
            Secret::generate("fd_").expect("random"),
        );
        assert_ne!(a.hash(), b.hash());
        assert_eq!(a.reveal().len(), 67);
        assert_eq!(format!("{a:?}"), "Secret(…)");
        assert_eq!(hash(a.reveal()), a.hash());
    }

    #[test]
    fn hexadecimal_round_trips_strictly() {
        assert_eq!(from_hex(&to_hex(&[0, 171, 255]), 3), Some(vec![0, 171, 255]));
        for text in ["a", "AB", "zz", "é", "0000"] {
            assert_eq!(from_hex(text, 1), None, "{text}");
        }
    }
}
