//! Who we are to push services (VAPID, RFC 8292): one key pair for the appliance, made when it is first needed, and the
//! tokens that it signs.

use serde::{Deserialize, Serialize};
use web_push_native::jwt_simple::prelude::{
    Base64UrlSafeNoPadding, Claims, Duration, ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, ES256KeyPair,
    UnixTimeStamp,
};
use web_push_native::jwt_simple::reexports::ct_codecs::{Decoder, Encoder};

use super::PushError;
use crate::domain::time::SECOND;
use crate::domain::{Timestamp, WorkspaceId};
use crate::storage::keys::SettingKey;
use crate::storage::records::Json;
use crate::storage::settings::number;
use crate::storage::{Batch, CommitError, Store};

/// The pair's row: a setting of the whole appliance, so it stands under no workspace.
const KEY: SettingKey = SettingKey {
    workspace: WorkspaceId([0; 16]),
    setting: number::appliance::PUSH_KEY,
};
/// How long a token holds, in seconds (RFC 8292: at most 24 hours).
const HOLDS: u64 = 12 * 3_600;

/// The key pair.
pub(super) struct Vapid {
    pair: ES256KeyPair,
    public: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// The private key: 32 bytes in base64url.
    private: String,
}

impl Vapid {
    /// The appliance's key pair; made and written down if there is none yet.
    pub(super) async fn load(store: &Store) -> Result<Self, PushError> {
        loop {
            if let Some(Json(text)) = store.get(&KEY)? {
                let stored: Stored = serde_json::from_str(&text).map_err(|error| unusable(&error))?;
                let bytes = decode(&stored.private).ok_or_else(|| unusable(&"it is no base64url"))?;
                let pair = ES256KeyPair::from_bytes(&bytes).map_err(|error| unusable(&error))?;
                return Ok(Self::new(pair));
            }
            let pair = tokio::task::spawn_blocking(ES256KeyPair::generate).await;
            let pair = pair.map_err(|error| unusable(&error))?;
            let stored = Stored {
                private: encode(&pair.to_bytes()),
            };
            let text = serde_json::to_string(&stored).map_err(|error| unusable(&error))?;
            let mut batch = Batch::new();
            batch.require_absent(&KEY);
            batch.put(&KEY, &Json(text), &store.system_seal());
            match store.commit(batch).await {
                // Made by someone else at the same moment: theirs holds.
                Ok(_) | Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn new(pair: ES256KeyPair) -> Self {
        let public = encode(&pair.public_key().public_key().to_bytes_uncompressed());
        Self { pair, public }
    }

    /// The public key as browsers take it (`applicationServerKey`): an uncompressed point in base64url.
    pub(super) fn public(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header for a push service at `origin`; `contact` is an address of ours, `mailto:` or `https:`.
    pub(super) fn authorization(
        &self,
        origin: &str,
        contact: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let seconds = u64::try_from(now.0.div_euclid(SECOND)).unwrap_or(0);
        let mut claims = Claims::create(Duration::from_secs(HOLDS))
            .with_audience(origin)
            .with_subject(contact);
        // Only what RFC 8292 asks for, by the house's own clock.
        claims.issued_at = None;
        claims.invalid_before = None;
        claims.expires_at = Some(UnixTimeStamp::from_secs(seconds.saturating_add(HOLDS)));
        let token = self.pair.sign(claims).map_err(|error| unusable(&error))?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

/// base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    // Only fails on sizes beyond memory.
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap_or_default()
}

/// Reads base64url without padding.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlSafeNoPadding::decode_to_vec(text, None).ok()
}

fn unusable(cause: &dyn std::fmt::Display) -> PushError {
    PushError::Key(cause.to_string())
}
