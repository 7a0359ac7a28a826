//! What the simulator holds: accounts with senders and contents, messages, customers.
//!
//! Owns the maps and their limits. Must not know HTTP.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::config::{SenderConfig, TwilioConfig};
use super::content::Contents;
use crate::sandbox::clock::SimClock;
use crate::sandbox::rate::Bucket;
use crate::sandbox::rng::Rng;
use crate::sandbox::whatsapp::customers::Customers;
use crate::sandbox::whatsapp::{Faults, Upload};

/// Files that customers sent, kept over all accounts; the oldest leave first.
const MAX_FILES: usize = 500;

/// A sender and what changes about it.
pub(crate) struct Sender {
    pub config: SenderConfig,
    pub webhook_url: Mutex<Option<String>>,
    pub bucket: Mutex<Bucket>,
    pub faults: Mutex<Faults>,
    /// Customers (their addresses) who said STOP.
    pub stopped: Mutex<HashSet<String>>,
}

impl Sender {
    pub(crate) fn line(&self) -> String {
        self.config.line()
    }

    pub(crate) fn is_whatsapp(&self) -> bool {
        self.config.address.starts_with("whatsapp:")
    }
}

/// What goes wrong with the contents of an account, and with its lists. The default is a healthy provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentFaults {
    /// So many contents are made, and the answer is lost.
    pub drop_answers: u32,
    /// So many calls are refused as too many (20429).
    pub throttle: u32,
    /// So many calls answer 503.
    pub unavailable: u32,
    /// Every call takes so long at least, in milliseconds of simulated time.
    pub delay_ms: u64,
    /// So many calls for the list of messages are refused as too many (20429).
    pub throttle_lists: u32,
}

/// An account: what one login sees.
#[derive(Default)]
pub(crate) struct Account {
    pub auth_token: String,
    pub keys: HashMap<String, String>,
    pub senders: HashMap<String, Arc<Sender>>,
    pub contents: Contents,
    pub content_faults: ContentFaults,
}

impl Account {
    /// Whether these open the account.
    pub(crate) fn admits(&self, sid: &str, user: &str, password: &str) -> bool {
        (user == sid && password == self.auth_token)
            || self.keys.get(user).is_some_and(|secret| secret == password)
    }

    /// A sender of a messaging service, for a recipient on the same channel.
    pub(crate) fn of_service(&self, service: &str, whatsapp: bool) -> Option<&Arc<Sender>> {
        let fits = |sender: &&Arc<Sender>| {
            sender.config.service_sid.as_deref() == Some(service) && sender.is_whatsapp() == whatsapp
        };
        self.senders
            .values()
            .filter(fits)
            .min_by(|a, b| a.config.address.cmp(&b.config.address))
    }
}

/// A message of the list.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub sid: String,
    pub account: String,
    pub from: Option<String>,
    pub to: String,
    pub body: String,
    pub service: Option<String>,
    pub status: &'static str,
    pub error: Option<u32>,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub sent_ms: Option<i64>,
    pub media: Vec<String>,
    pub segments: usize,
    pub inbound: bool,
    pub callback: Option<String>,
    /// The rendered content of a template, or of anything else, as the phone shows it.
    pub shown: (String, Value),
}

/// Messages by SID, oldest first.
#[derive(Default)]
pub(crate) struct Messages {
    pub by_sid: HashMap<String, Stored>,
    pub order: VecDeque<String>,
}

impl Messages {
    pub(crate) fn add(&mut self, message: Stored, limit: usize) {
        while self.order.len() >= limit.max(1) {
            if let Some(oldest) = self.order.pop_front() {
                self.by_sid.remove(&oldest);
            }
        }
        self.order.push_back(message.sid.clone());
        self.by_sid.insert(message.sid.clone(), message);
    }
}

/// Files of customers.
#[derive(Default)]
pub(crate) struct Files {
    by_sid: HashMap<String, Upload>,
    order: VecDeque<String>,
}

impl Files {
    pub(crate) fn add(&mut self, sid: String, file: Upload) {
        while self.order.len() >= MAX_FILES {
            if let Some(oldest) = self.order.pop_front() {
                self.by_sid.remove(&oldest);
            }
        }
        self.order.push_back(sid.clone());
        self.by_sid.insert(sid, file);
    }

    pub(crate) fn get(&self, sid: &str) -> Option<&Upload> {
        self.by_sid.get(sid)
    }
}

/// Everything.
pub(crate) struct Shared {
    pub config: TwilioConfig,
    pub clock: SimClock,
    pub rng: Rng,
    pub accounts: Mutex<HashMap<String, Account>>,
    pub messages: Mutex<Messages>,
    pub files: Mutex<Files>,
    pub customers: Customers,
    pub client: reqwest::Client,
    pub base_url: String,
    /// Where webhooks are posted instead of the public name that they are signed for.
    pub deliver_to: Mutex<Option<String>>,
    pub ids: AtomicU64,
    /// Messages whose steps are still to come.
    pub under_way: AtomicUsize,
    /// Somebody's behaviour changed: phones that were off may be on.
    pub behaved: Notify,
    pub stop: CancellationToken,
}

impl Shared {
    /// A new SID: two letters and 32 hexadecimal digits.
    pub(crate) fn sid(&self, kind: &str) -> String {
        let n = self.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!(
            "{kind}{:016x}{n:016x}",
            crate::sandbox::rng::mix(self.config.seed ^ n)
        )
    }

    /// A sender by its line.
    pub(crate) fn sender(&self, line: &str) -> Option<Arc<Sender>> {
        let (account, address) = line.split_once('/')?;
        self.accounts.lock().get(account)?.senders.get(address).cloned()
    }

    /// The token that signs an account's webhooks.
    pub(crate) fn token(&self, account: &str) -> Option<String> {
        self.accounts
            .lock()
            .get(account)
            .map(|account| account.auth_token.clone())
    }
}
