//! The ciphers, as the vault uses them.

use std::sync::atomic::{AtomicBool, Ordering};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// A data key: a workspace's or a contact's.
pub struct DataKey {
    /// Stands in every record sealed with it.
    pub id: [u8; 8],
    cipher: ChaCha20Poly1305,
    /// Its wrapped row is durable.
    stored: AtomicBool,
}

/// Random bytes; `None` if the system has none.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

fn derive(secret: &[u8; 32], purpose: &[u8]) -> zeroize::Zeroizing<[u8; 32]> {
    let mut key = zeroize::Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(b"frontdesk"), secret)
        .expand(purpose, key.as_mut())
        .expect("32 bytes are within what HKDF-SHA256 can give");
    key
}

impl DataKey {
    /// The key of a purpose, derived from a secret.
    pub(super) fn from_secret(id: [u8; 8], secret: &[u8; 32], purpose: &[u8]) -> Self {
        let cipher = ChaCha20Poly1305::new((&*derive(secret, purpose)).into());
        Self {
            id,
            cipher,
            stored: AtomicBool::new(false),
        }
    }

    /// Seals; `None` only if the input is beyond what the cipher takes (256 GiB).
    pub(super) fn encrypt(&self, nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
        self.cipher
            .encrypt(&Nonce::from(*nonce), Payload { msg, aad })
            .ok()
    }

    /// Opens; `None` if it was not sealed with this key for this place.
    pub(super) fn decrypt(&self, nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
        self.cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg, aad })
            .ok()
    }

    pub(super) fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }

    pub(super) fn mark_stored(&self) {
        self.stored.store(true, Ordering::Release);
    }
}

/// A key for look-ups by hash.
pub(super) struct LookupKey(Hmac<Sha256>);

impl LookupKey {
    pub(super) fn from_secret(secret: &[u8; 32], purpose: &[u8]) -> Self {
        let key = derive(secret, purpose);
        Self(Hmac::new_from_slice(key.as_slice()).expect("HMAC takes keys of any length"))
    }

    /// The first 16 bytes of HMAC-SHA256.
    pub(super) fn hash(&self, text: &str) -> [u8; 16] {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}
