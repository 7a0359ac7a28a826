//! Running counts that the watchdog judges: what was refused at the door, and how sending goes on each channel.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::domain::ChannelId;

/// How sending has gone on one channel since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sends {
    /// Attempts that the provider took.
    pub accepted: u64,
    /// Attempts that it refused, or that did not reach it.
    pub failed: u64,
}

/// The counts. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tally {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    bad_signatures: AtomicU64,
    /// One row a channel that has sent since the start; there are few.
    sends: Mutex<HashMap<ChannelId, Sends>>,
}

/// A reading of all counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// Webhooks whose signature fitted no secret.
    pub bad_signatures: u64,
    /// By channel.
    pub sends: HashMap<ChannelId, Sends>,
}

impl Tally {
    /// A webhook was refused for its signature.
    pub fn bad_signature(&self) {
        self.inner.bad_signatures.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt to send ended.
    pub fn send(&self, channel: ChannelId, accepted: bool) {
        let mut sends = self.inner.sends.lock();
        let row = sends.entry(channel).or_default();
        match accepted {
            true => row.accepted += 1,
            false => row.failed += 1,
        }
    }

    /// All counts now.
    pub fn read(&self) -> Reading {
        Reading {
            bad_signatures: self.inner.bad_signatures.load(Ordering::Relaxed),
            sends: self.inner.sends.lock().clone(),
        }
    }
}
