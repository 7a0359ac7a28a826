//! Remembers who a secret belongs to, so that a request costs a look-up in memory. Bounded, short-lived, forgotten at once
//! when a person, session or token changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use super::auth::Identity;
use crate::domain::UserId;

/// How long an entry is believed. Changes made through this process are seen at once; this is the second line.
const TTL: Duration = Duration::from_secs(30);
/// Most entries; a full cache starts anew.
const MAX_ENTRIES: usize = 4_096;

/// A caller that was looked up, with what they have left of their rate.
pub(super) struct Known {
    pub identity: Identity,
    pub seen: Instant,
    pub bucket: Mutex<Bucket>,
}

/// What a caller may still ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub fn full(burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            at: now,
        }
    }

    /// Takes one request, or tells how many seconds until the next is allowed.
    pub fn take(&mut self, per_s: u32, burst: u32, now: Instant) -> Result<(), u64> {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * f64::from(per_s);
        self.tokens = (self.tokens + gained).min(f64::from(burst));
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(1)
    }
}

#[derive(Default)]
struct Inner {
    entries: HashMap<[u8; 32], Arc<Known>>,
    /// Goes up with every change; what was read before it is not remembered.
    generation: u64,
}

#[derive(Default)]
pub(super) struct AuthCache(RwLock<Inner>);

impl AuthCache {
    pub fn get(&self, hash: &[u8; 32], now: Instant) -> Option<Arc<Known>> {
        let inner = self.0.read();
        let known = inner.entries.get(hash)?;
        (now.saturating_duration_since(known.seen) < TTL).then(|| Arc::clone(known))
    }

    /// To be asked before reading the store, for [`Self::insert`].
    pub fn generation(&self) -> u64 {
        self.0.read().generation
    }

    /// Remembers, unless something was forgotten since `generation`: then the reading may be stale already.
    pub fn insert(&self, hash: [u8; 32], known: Arc<Known>, generation: u64) {
        let mut inner = self.0.write();
        if inner.generation != generation {
            return;
        }
        if inner.entries.len() >= MAX_ENTRIES {
            inner.entries.clear();
        }
        inner.entries.insert(hash, known);
    }

    pub fn forget_user(&self, user: UserId) {
        let mut inner = self.0.write();
        inner.generation += 1;
        inner.entries.retain(|_, known| known.identity.user != user);
    }

    pub fn forget_secret(&self, hash: &[u8; 32]) {
        let mut inner = self.0.write();
        inner.generation += 1;
        inner.entries.remove(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_refills_with_time() {
        let start = Instant::now();
        let mut bucket = Bucket::full(2, start);
        assert!(bucket.take(10, 2, start).is_ok() && bucket.take(10, 2, start).is_ok());
        assert_eq!(bucket.take(10, 2, start), Err(1));
        assert!(bucket.take(10, 2, start + Duration::from_millis(100)).is_ok());
        let later = start + Duration::from_secs(60);
        assert!(bucket.take(10, 2, later).is_ok() && bucket.take(10, 2, later).is_ok());
        assert_eq!(bucket.take(10, 2, later), Err(1));
    }
}
