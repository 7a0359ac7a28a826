//! What all parts of a running simulator share, with its counters and ledger.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::accounts::Accounts;
use super::config::SimulatorConfig;
use super::customers::{Customers, EntryState, TranscriptEntry};
use super::faults::FaultBox;
use super::graph::media::MediaStore;
use super::graph::uploads::Uploads;
use super::signup::Signups;
use super::wamid::WamidMint;
use super::webhooks::Retries;
use crate::sandbox::clock::{SimClock, wall_ms};
use crate::sandbox::rng::{Rng, mix};
use crate::sandbox::schedule::{Job, Schedule, Scheduled};

pub(crate) struct Shared {
    pub config: SimulatorConfig,
    pub clock: SimClock,
    pub rng: Rng,
    pub ids: WamidMint,
    pub accounts: Accounts,
    pub customers: Customers,
    pub media: MediaStore,
    pub uploads: Uploads,
    pub faults: FaultBox,
    pub ledger: Ledger,
    pub counters: Counters,
    pub schedule: Schedule<Shared>,
    pub retries: Retries,
    pub signups: Signups,
    pub events: broadcast::Sender<PhoneEvent>,
    pub client: reqwest::Client,
    /// `http://127.0.0.1:port`, for the URLs that answers carry.
    pub base_url: String,
}

impl Scheduled for Shared {
    fn schedule(&self) -> &Schedule<Self> {
        &self.schedule
    }
}

impl Shared {
    /// A simulator at rest that will be reached at `address`.
    pub(crate) fn build(config: SimulatorConfig, address: SocketAddr) -> io::Result<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may win the race to install it, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.webhooks.timeout)
            .build()
            .map_err(io::Error::other)?;
        let mut salt = [0_u8; 8];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let salt = u64::from_le_bytes(salt);
        let start_ms = config.start_ms.unwrap_or_else(wall_ms);
        Ok(Self {
            clock: SimClock::new(start_ms, config.time_scale),
            rng: Rng::new(config.seed),
            ids: WamidMint::new(salt),
            accounts: Accounts::default(),
            customers: Customers::new(&config.limits),
            media: MediaStore::new(config.limits.media_bytes, salt),
            uploads: Uploads::default(),
            faults: FaultBox::new(),
            ledger: Ledger::new(config.limits.ledger),
            counters: Counters::default(),
            schedule: Schedule::new(config.limits.scheduled),
            retries: Retries::default(),
            signups: Signups::default(),
            events: broadcast::Sender::new(config.limits.events.max(1)),
            client,
            base_url: format!("http://{address}"),
            config,
        })
    }

    /// Plans a job after simulated milliseconds; counts it when the schedule is full.
    pub(crate) fn later(self: &Arc<Self>, delay_ms: u64, job: Job<Self>) {
        if !self.schedule.after(self.clock.real(delay_ms), job) {
            self.counters.steps_dropped.add(1);
        }
    }

    pub(crate) fn announce(&self, phone_number_id: &str, customer: &str, change: PhoneChange) {
        // Nobody listening is the normal case.
        let _ = self.events.send(PhoneEvent {
            phone_number_id: phone_number_id.to_owned(),
            customer: customer.to_owned(),
            change,
        });
    }
}

/// Something changed on a customer's phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhoneEvent {
    pub phone_number_id: String,
    /// Number, or user id of a customer without one.
    pub customer: String,
    pub change: PhoneChange,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PhoneChange {
    Message {
        entry: TranscriptEntry,
    },
    State {
        id: String,
        state: EntryState,
        error: Option<u32>,
    },
    /// The business is typing; ends with its next message or after 25 s.
    Typing,
}

/// A count that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Running counts.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub $name: Count,)* }

        /// A reading of all counters since the start.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct CounterReading {
            $($(#[$doc])* pub $name: u64,)*
            /// Updates waiting in lanes, webhooks waiting for a retry, steps waiting for their time: now.
            pub webhook_updates_queued: u64,
            pub webhook_retries_waiting: u64,
            pub steps_waiting: u64,
        }

        impl Counters {
            fn read(&self) -> CounterReading {
                CounterReading { $($name: self.$name.get(),)* ..CounterReading::default() }
            }
        }
    };
}

counters! {
    /// Calls of the send endpoint, whatever the answer.
    send_calls,
    /// Messages accepted, also those whose answer was then lost.
    sends_accepted,
    /// Sends refused with an error of the provider.
    sends_refused,
    /// Sends that met an injected fault before acceptance.
    sends_faulted,
    /// Accepted messages whose answer was dropped or replaced.
    answers_lost,
    /// Messages to customers beyond the directory's limit.
    customers_untracked,
    /// Messages written by customers.
    customer_messages,
    read_marks,
    typing_marks,
    statuses_sent,
    statuses_delivered,
    statuses_read,
    statuses_played,
    statuses_failed,
    /// Webhooks answered 2xx, failed attempts, all attempts.
    webhooks_delivered,
    webhooks_failed,
    webhook_attempts,
    /// Updates (statuses, messages, changes) inside delivered webhooks.
    webhook_updates_delivered,
    /// Updates lost to a limit, to age, or to a missing URL.
    webhook_updates_dropped,
    webhook_updates_unsubscribed,
    /// Second copies made on request.
    webhook_duplicates,
    /// Steps lost because the schedule was full.
    steps_dropped,
    /// Recipients and callback values not counted because the ledger was full.
    ledger_overflow,
    graph_calls,
}

impl Shared {
    pub(crate) fn read_counters(&self) -> CounterReading {
        let queued: usize = self
            .accounts
            .numbers()
            .iter()
            .map(|number| super::webhooks::queued(number))
            .sum();
        CounterReading {
            webhook_updates_queued: queued as u64,
            webhook_retries_waiting: self.retries.waiting() as u64,
            steps_waiting: self.schedule.len() as u64,
            ..self.counters.read()
        }
    }
}

const SHARDS: usize = 16;

/// Counts accepted messages per recipient and per `biz_opaque_callback_data`: the proof that nothing went out twice.
#[derive(Debug)]
pub(crate) struct Ledger {
    recipients: Vec<Mutex<HashMap<Box<str>, u32>>>,
    callbacks: Vec<Mutex<HashMap<Box<str>, u32>>>,
    per_shard: usize,
}

impl Ledger {
    pub(crate) fn new(limit: usize) -> Self {
        let shards = || (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self {
            recipients: shards(),
            callbacks: shards(),
            per_shard: limit.div_ceil(SHARDS),
        }
    }

    /// Counts one message; returns how many of its keys found no room.
    pub(crate) fn record(&self, recipient: &str, callback: Option<&str>) -> u64 {
        let mut lost = u64::from(!self.count(&self.recipients, recipient));
        if let Some(callback) = callback {
            lost += u64::from(!self.count(&self.callbacks, callback));
        }
        lost
    }

    fn count(&self, shards: &[Mutex<HashMap<Box<str>, u32>>], key: &str) -> bool {
        let mut shard = shards[shard_of(key)].lock();
        if let Some(count) = shard.get_mut(key) {
            *count = count.saturating_add(1);
            return true;
        }
        if shard.len() >= self.per_shard {
            return false;
        }
        shard.insert(key.into(), 1);
        true
    }

    pub(crate) fn to_recipient(&self, recipient: &str) -> u32 {
        self.recipients[shard_of(recipient)]
            .lock()
            .get(recipient)
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn with_callback(&self, callback: &str) -> u32 {
        self.callbacks[shard_of(callback)]
            .lock()
            .get(callback)
            .copied()
            .unwrap_or(0)
    }

    /// Distinct callback values seen.
    pub(crate) fn callbacks(&self) -> usize {
        self.callbacks.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Callback values accepted more than once, at most `limit`.
    pub(crate) fn doubled(&self, limit: usize) -> Vec<(String, u32)> {
        let mut doubled = Vec::new();
        for shard in &self.callbacks {
            let shard = shard.lock();
            doubled.extend(
                shard
                    .iter()
                    .filter(|(_, count)| **count > 1)
                    .map(|(key, count)| (key.to_string(), *count)),
            );
        }
        doubled.sort();
        doubled.truncate(limit);
        doubled
    }
}

fn shard_of(key: &str) -> usize {
    (key.bytes().fold(0_u64, |hash, byte| mix(hash ^ u64::from(byte))) % SHARDS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_counts_and_says_when_it_is_full() {
        let ledger = Ledger::new(SHARDS);
        assert_eq!(ledger.record("a", Some("x")), 0);
        assert_eq!(ledger.record("a", Some("x")), 0);
        assert_eq!(
            (
                ledger.to_recipient("a"),
                ledger.with_callback("x"),
                ledger.with_callback("y")
            ),
            (2, 2, 0)
        );
        assert_eq!(ledger.doubled(10), [("x".to_owned(), 2)]);
        let lost: u64 = (0..1_000).map(|n| ledger.record(&n.to_string(), None)).sum();
        assert!(lost >= 1_000 - SHARDS as u64, "{lost}");
    }
}
