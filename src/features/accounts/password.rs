//! Passwords: what is good enough, and Argon2id on few threads, so that log-ins cannot use up the machine.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::domain::phrases;
use crate::http::ApiError;
use crate::http::FieldError;

/// Fewest characters.
pub const MIN_LENGTH: usize = 10;
/// Most bytes: enough for any pass phrase, too few to be a burden.
pub const MAX_BYTES: usize = 256;
/// Hashes computed at the same time; each takes 19 MiB and some 20 ms.
const AT_ONCE: usize = 2;
/// Hashes waiting; beyond that the answer is 503.
const WAITING: usize = 32;

/// Refused whatever their length; shorter ones are refused anyway.
const COMMON: &[&str] = &[
    "1234567890",
    "12345678910",
    "0123456789",
    "0987654321",
    "1111111111",
    "0000000000",
    "1q2w3e4r5t",
    "1qaz2wsx3edc",
    "abcdefghij",
    "administrator",
    "changemenow",
    "changeme123",
    "frontdesk1",
    "frontdesk123",
    "frontdesk1234",
    "iloveyou123",
    "letmein123",
    "letmeinnow",
    "password1!",
    "password12",
    "password123",
    "password1234",
    "passwordpassword",
    "qwerty1234",
    "qwerty12345",
    "qwertyuiop",
    "qwertzuiop",
    "welcome123",
    "welcome1234",
];

/// Whether someone may have this password.
///
/// # Errors
/// Says what is wrong with it, at `field`.
pub fn check(field: &str, password: &str, email: &str) -> Result<(), FieldError> {
    check_size(field, password)?;
    if password.chars().count() < MIN_LENGTH {
        let detail = phrases::PASSWORD_SHORT.with(&[("count", &MIN_LENGTH)]);
        return Err(FieldError::new(field, detail));
    }
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    let name = email.split('@').next().unwrap_or_default();
    let guessable = COMMON.contains(&lower.as_str())
        || lower == email.to_lowercase()
        || (name.len() >= MIN_LENGTH && lower == name.to_lowercase())
        || lower.chars().all(|c| Some(c) == first);
    if guessable {
        return Err(FieldError::new(
            field,
            "This password would be guessed at once. Choose another.",
        ));
    }
    Ok(())
}

/// Whether it can be a password at all.
///
/// # Errors
/// It is empty or too long.
pub fn check_size(field: &str, password: &str) -> Result<(), FieldError> {
    match password.len() {
        0 => Err(FieldError::new(field, "Give a password.")),
        1..=MAX_BYTES => Ok(()),
        _ => Err(FieldError::new(field, format!("At most {MAX_BYTES} bytes."))),
    }
}

/// Hashes and verifies. Cheap to clone; clones share the limits.
#[derive(Clone)]
pub struct PasswordHasher {
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    params: Params,
    /// Verified against when there is no such person, so that the answer takes as long.
    nobody: Arc<str>,
}

impl PasswordHasher {
    /// With the parameters that OWASP recommends for Argon2id (19 MiB, 2 passes, 1 lane).
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn new() -> Result<Self, ApiError> {
        Self::with_params(Params::DEFAULT)
    }

    /// For tests that are not about hashing: as cheap as Argon2 allows.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn cheap_for_tests() -> Result<Self, ApiError> {
        let params = Params::new(Params::MIN_M_COST, 1, 1, None);
        Self::with_params(params.map_err(|error| ApiError::internal("choosing hash parameters", error))?)
    }

    fn with_params(params: Params) -> Result<Self, ApiError> {
        let nobody = hash(&params, "nobody has this password")?;
        Ok(Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            params,
            nobody: nobody.into(),
        })
    }

    /// The PHC string to store.
    ///
    /// # Errors
    /// 503 if too many wait.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        let params = self.params.clone();
        self.run(move || hash(&params, &password)).await?
    }

    /// Whether the password fits `stored`. Takes as long without a stored one.
    ///
    /// # Errors
    /// 503 if too many wait.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, ApiError> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let fits = self.run(move || verify(&stored, &password)).await??;
        Ok(fits && exists)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let busy = |_| ApiError::busy(phrases::TOO_MANY_LOGINS.text(), 2);
        let _place = self.queue.try_acquire().map_err(busy)?;
        let closed = |error| ApiError::internal("waiting to hash a password", error);
        // The permit moves into the work: it stays taken if the client goes away meanwhile.
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(closed)?;
        let work = move || {
            let _permit = permit;
            work()
        };
        let joined = tokio::task::spawn_blocking(work).await;
        joined.map_err(|error| ApiError::internal("hashing a password", error))
    }
}

fn hash(params: &Params, password: &str) -> Result<String, ApiError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| ApiError::internal("drawing a salt", error))?;
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|error| ApiError::internal("hashing a password", error))
}

fn verify(stored: &str, password: &str) -> Result<bool, ApiError> {
    let stored =
        PasswordHash::new(stored).map_err(|error| ApiError::internal("reading a password hash", error))?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &stored)
        .is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_by_name() {
        let email = "amina.elsayed@example.com";
        for weak in [
            "",
            "short",
            "Password123",
            "aaaaaaaaaaaa",
            "amina.elsayed@example.com",
            "Amina.Elsayed",
            "QWERTYUIOP",
        ] {
            assert_eq!(check("password", weak, email).expect_err(weak).field, "password");
        }
        assert!(check("password", &"ab".repeat(200), email).is_err());
        for good in ["correct horse battery", "ثلاث كلمات طويلة", "Zw9-plinth-oak"] {
            assert!(check("password", good, email).is_ok(), "{good}");
        }
    }

    #[actix_web::test]
    async fn hashes_verify_and_nobody_never_fits() {
        let hasher = PasswordHasher::cheap_for_tests().expect("parameters");
        let stored = hasher.hash("correct horse".into()).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(
            hasher
                .fits("correct horse".into(), Some(stored.clone()))
                .await
                .expect("verified")
        );
        assert!(
            !hasher
                .fits("wrong horse".into(), Some(stored.clone()))
                .await
                .expect("verified")
        );
        assert!(
            !hasher
                .fits("nobody has this password".into(), None)
                .await
                .expect("verified")
        );
        assert_ne!(
            stored,
            hasher.hash("correct horse".into()).await.expect("hashed"),
            "salted"
        );
    }

    #[actix_web::test]
    async fn a_long_queue_is_refused_and_recovers() {
        let hasher = PasswordHasher::cheap_for_tests().expect("parameters");
        let all =
            futures_util::future::join_all((0..200).map(|n| hasher.hash(format!("password {n}")))).await;
        let busy = all
            .iter()
            .filter(|r| r.as_ref().is_err_and(|e| e.code() == "busy"))
            .count();
        assert_eq!(busy, 200 - AT_ONCE - WAITING);
        assert!(hasher.hash("afterwards".into()).await.is_ok());
    }
}
