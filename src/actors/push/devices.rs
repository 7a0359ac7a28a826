//! The devices that are told: at most one for each browser session, gone with it.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use web_push_native::{Auth, p256};

use super::PushError;
use super::vapid::decode;
use crate::domain::{SessionId, Timestamp, UserId, WorkspaceId};
use crate::storage::keys::{PushDeviceKey, SessionByUserKey, SessionKey};
use crate::storage::records::Json;
use crate::storage::{Batch, CommitError, Fingerprint, Prefix, StorageError, Store};

/// Most devices of one person.
pub const MAX_DEVICES: usize = 20;
/// Longest address of a push service, in bytes.
pub const MAX_ENDPOINT: usize = 2_048;
/// An uncompressed point of P-256.
const POINT: usize = 65;
const AUTH: usize = 16;

/// A browser's subscription, as it stands in the store. Fields may be added with a default, never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Where its push service takes messages.
    pub endpoint: String,
    /// Its public key, an uncompressed point of P-256 in base64url.
    pub p256dh: String,
    /// Its secret, 16 bytes in base64url.
    pub auth: String,
    /// Since when it is told, in microseconds since 1970.
    pub since: i64,
    /// Why the last telling did not reach it, in plain words.
    #[serde(default)]
    pub problem: Option<String>,
}

/// What is wrong with a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// The address is none, or none that we may call.
    Endpoint,
    /// The public key is no point of P-256.
    P256dh,
    /// The secret is not 16 bytes.
    Auth,
}

/// A device's key and secret, read.
pub(super) struct Keys {
    pub public: p256::PublicKey,
    pub auth: Auth,
}

impl Device {
    /// Key and secret.
    pub(super) fn keys(&self) -> Result<Keys, Unfit> {
        let point = decode(&self.p256dh).filter(|bytes| bytes.len() == POINT);
        let public = point.and_then(|bytes| p256::PublicKey::from_sec1_bytes(&bytes).ok());
        let auth = decode(&self.auth).filter(|bytes| bytes.len() == AUTH);
        Ok(Keys {
            public: public.ok_or(Unfit::P256dh)?,
            auth: Auth::clone_from_slice(&auth.ok_or(Unfit::Auth)?),
        })
    }

    /// The address, if it is one that a push service can have.
    pub(super) fn url(&self) -> Result<Url, Unfit> {
        let url = Url::parse(&self.endpoint).map_err(|_| Unfit::Endpoint)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        let fits = plain && self.endpoint.len() <= MAX_ENDPOINT && matches!(url.scheme(), "https" | "http");
        fits.then_some(url).ok_or(Unfit::Endpoint)
    }
}

/// Reads a device, with what is needed to change it safely.
pub(super) fn load(
    store: &Store,
    key: &PushDeviceKey,
) -> Result<Option<(Device, Fingerprint)>, StorageError> {
    let Some((Json(text), fingerprint)) = store.get_for_update(key)? else {
        return Ok(None);
    };
    Ok(Some((parse(&text)?, fingerprint)))
}

fn parse(text: &str) -> Result<Device, StorageError> {
    serde_json::from_str(text).map_err(|error| StorageError::Damaged {
        table: "PushDevice",
        cause: error.to_string(),
    })
}

/// The person's devices, in the order of their sessions.
///
/// # Errors
/// The store cannot be read.
pub fn of_user(
    store: &Store,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Vec<(PushDeviceKey, Device)>, StorageError> {
    let prefix = Prefix::<PushDeviceKey>::table().with(workspace).with(user);
    // Twice the limit: subscriptions at the same moment may go beyond it for a while.
    let rows = store.scan(&prefix, None, MAX_DEVICES * 2)?;
    rows.into_iter()
        .map(|(key, Json(text))| Ok((key, parse(&text)?)))
        .collect()
}

/// The browser's name for itself; empty if the session is over.
///
/// # Errors
/// The store cannot be read.
pub fn user_agent(store: &Store, key: &PushDeviceKey, now: Timestamp) -> Result<String, StorageError> {
    let Some(secret) = store.get(&session_of(key))? else {
        return Ok(String::new());
    };
    let session = store.get(&SessionKey { secret })?;
    Ok(session
        .filter(|session| session.expires_at > now)
        .map(|session| session.user_agent)
        .unwrap_or_default())
}

/// Whether the device's session still holds.
pub(super) fn is_signed_in(store: &Store, key: &PushDeviceKey, now: Timestamp) -> Result<bool, StorageError> {
    let Some(secret) = store.get(&session_of(key))? else {
        return Ok(false);
    };
    let session = store.get(&SessionKey { secret })?;
    Ok(session.is_some_and(|session| session.expires_at > now))
}

const fn session_of(key: &PushDeviceKey) -> SessionByUserKey {
    SessionByUserKey {
        workspace: key.workspace,
        user: key.user,
        session: key.session,
    }
}

/// Why a device was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The person has as many as they may.
    #[error("too many devices")]
    TooMany,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    NoSession,
    /// The store could not be read or written.
    #[error(transparent)]
    Push(#[from] PushError),
}

/// Takes in the device of a session in place of the one that it had; the same address in another session of the person
/// goes, as it is the same browser.
///
/// # Errors
/// There are too many, the session has ended, or the store fails.
pub async fn subscribe(store: &Store, key: PushDeviceKey, device: &Device) -> Result<(), SubscribeError> {
    let known = of_user(store, key.workspace, key.user).map_err(PushError::from)?;
    let (same, others): (Vec<_>, Vec<_>) = known
        .into_iter()
        .filter(|(known, _)| *known != key)
        .partition(|(_, other)| other.endpoint == device.endpoint);
    if others.len() >= MAX_DEVICES {
        return Err(SubscribeError::TooMany);
    }
    let mut batch = Batch::new();
    for (old, _) in same {
        batch.delete(&old);
    }
    // A device never outlives its session, even if that ends at this moment.
    batch.require_present(&session_of(&key));
    put(&mut batch, store, &key, device)?;
    match store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. }) => Err(SubscribeError::NoSession),
        Err(error) => Err(PushError::from(error).into()),
    }
}

fn put(batch: &mut Batch, store: &Store, key: &PushDeviceKey, device: &Device) -> Result<(), PushError> {
    let text = serde_json::to_string(device).map_err(|error| PushError::Key(error.to_string()))?;
    batch.put(key, &Json(text), &store.workspace_seal(key.workspace)?);
    Ok(())
}

/// Forgets a person's device. Answers whether there was one.
///
/// # Errors
/// The store fails.
pub async fn remove(store: &Store, key: &PushDeviceKey) -> Result<bool, PushError> {
    if !store.contains(key)? {
        return Ok(false);
    }
    let mut batch = Batch::new();
    batch.delete(key);
    store.commit(batch).await?;
    Ok(true)
}

/// Changes a device that is still as it was; one that was replaced or removed meanwhile is left alone.
pub(super) async fn change(
    store: &Store,
    key: &PushDeviceKey,
    fingerprint: Fingerprint,
    device: Option<&Device>,
) -> Result<(), PushError> {
    let mut batch = Batch::bulk();
    batch.require_unchanged(key, fingerprint);
    match device {
        Some(device) => put(&mut batch, store, key, device)?,
        None => {
            batch.delete(key);
        }
    }
    match store.commit(batch).await {
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The key of a session's device.
pub const fn key(workspace: WorkspaceId, user: UserId, session: SessionId) -> PushDeviceKey {
    PushDeviceKey {
        workspace,
        user,
        session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(endpoint: &str, p256dh: &str, auth: &str) -> Device {
        Device {
            endpoint: endpoint.into(),
            p256dh: p256dh.into(),
            auth: auth.into(),
            since: 0,
            problem: None,
        }
    }

    /// From RFC 8291, section 5.
    const POINT_OF_RFC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH_OF_RFC: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn only_whole_keys_are_taken() {
        let url = "https://push.example/x";
        assert!(device(url, POINT_OF_RFC, AUTH_OF_RFC).keys().is_ok());
        let mut off_curve = POINT_OF_RFC.to_owned();
        off_curve.replace_range(5..9, "AAAA");
        for (p256dh, auth, wrong) in [
            ("", AUTH_OF_RFC, Unfit::P256dh),
            ("!!", AUTH_OF_RFC, Unfit::P256dh),
            (&off_curve, AUTH_OF_RFC, Unfit::P256dh),
            (POINT_OF_RFC, "", Unfit::Auth),
            (POINT_OF_RFC, "BTBZMqHH6r4Tts7J_aSI", Unfit::Auth),
            (POINT_OF_RFC, "a b", Unfit::Auth),
        ] {
            assert_eq!(
                device(url, p256dh, auth).keys().err(),
                Some(wrong),
                "{p256dh} {auth}"
            );
        }
    }

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for fits in ["https://push.example/a?b=c", "http://push.example:8080/"] {
            assert!(device(fits, "", "").url().is_ok(), "{fits}");
        }
        let long = format!("https://push.example/{}", "x".repeat(MAX_ENDPOINT));
        for bad in [
            "",
            "x",
            "ftp://a.b/",
            "https://a:b@c.de/",
            "file:///etc/passwd",
            &long,
        ] {
            assert_eq!(device(bad, "", "").url().err(), Some(Unfit::Endpoint), "{bad}");
        }
    }
}
