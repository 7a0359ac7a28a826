//! Simulated customers: who they are, how they behave, and what their phone shows.
//!
//! Owns: the directory of customers with one thread per business number (window, pair rate, transcript). Bounded: at
//! most `customers` records and `transcript` entries a thread. Must not know: HTTP, webhooks, schedules.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::{Delay, LimitConfig};
use crate::sandbox::rate::Bucket;
use crate::sandbox::rng::mix;

/// A person with a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customer {
    /// Digits; `None` for somebody known by user id alone.
    pub wa_id: Option<String>,
    /// Business-scoped user id (`KE.9001…`); derived from `wa_id` when absent.
    pub user_id: Option<String>,
    pub name: String,
    /// With `@`, as webhooks carry it.
    pub username: Option<String>,
    pub parent_user_id: Option<String>,
    pub identity_key_hash: Option<String>,
    /// Leave the number out of webhooks, as for users with a user name.
    pub hide_phone: bool,
    /// The language of their phone, as a tag; shown only, webhooks do not carry it.
    pub language: Option<String>,
}

impl Customer {
    /// A customer with a number.
    #[must_use]
    pub fn new(wa_id: &str, name: &str) -> Self {
        Self {
            wa_id: Some(wa_id.to_owned()),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// What the directory files this person under: number, else user id.
    pub(crate) fn key(&self) -> Option<&str> {
        self.wa_id
            .as_deref()
            .or(self.user_id.as_deref())
            .filter(|key| !key.is_empty())
    }

    /// The number that the business may see.
    pub(crate) fn visible_phone(&self) -> Option<&str> {
        self.wa_id.as_deref().filter(|_| !self.hide_phone)
    }
}

/// The user id of a number that was given none: stable, and different for each number.
pub(crate) fn derived_user_id(wa_id: &str) -> String {
    let folded = wa_id
        .bytes()
        .fold(17_u64, |hash, byte| mix(hash ^ u64::from(byte)));
    let country = match wa_id.get(..3) {
        Some("254") => "KE",
        Some("255") => "TZ",
        Some("971") => "AE",
        _ => match wa_id.get(..2) {
            Some("49") => "DE",
            Some("55") => "BR",
            Some("91") => "IN",
            Some("44") => "GB",
            _ => "US",
        },
    };
    format!("{country}.{folded:020}")
}

/// When a customer's phone reports messages as read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPolicy {
    /// Some time after delivery.
    #[default]
    Auto,
    /// Only when [`super::Simulator::customer_reads`] is called.
    Manual,
    /// Read receipts are off.
    Never,
}

/// Answers by script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoReply {
    /// Probability of an answer to each delivered message.
    pub probability: f64,
    /// From delivery to the answer (simulated).
    pub delay: Delay,
    /// One is chosen; with none the customer only presses buttons.
    pub texts: Vec<String>,
    /// Press a button or pick a list row, where the message has some.
    pub presses: bool,
    /// Most answers in one thread.
    pub limit: u32,
}

impl Default for AutoReply {
    fn default() -> Self {
        Self {
            probability: 1.0,
            delay: Delay::new(2_000, 4_000),
            texts: Vec::new(),
            presses: true,
            limit: 1_000,
        }
    }
}

/// How a customer's phone and its owner act.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub read: ReadPolicy,
    /// Messages fail with 131026.
    pub refuse: bool,
    /// Marketing templates fail with 131050.
    pub marketing_stopped: bool,
    /// The phone is off: messages stay `sent` until it is on again.
    pub offline: bool,
    /// Added before a message is delivered (simulated).
    pub delay: Delay,
    pub auto_reply: Option<AutoReply>,
}

/// Who wrote an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    FromBusiness,
    FromCustomer,
}

/// How far a message has come. For the customer's own messages `Accepted` means one tick, `Read` that the business
/// marked them as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    Accepted,
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
}

/// One message in a transcript. What the phone really shows are the customer's own messages and those of the
/// business from `Delivered` on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscriptEntry {
    pub id: String,
    pub direction: Direction,
    /// `text`, `image`, …
    pub kind: String,
    /// The object under the type's name.
    pub content: Value,
    /// A template as the phone shows it: `header`, `body`, `footer`, `buttons`.
    pub rendered: Option<Value>,
    pub context_id: Option<String>,
    pub at_ms: i64,
    pub state: EntryState,
    /// Code of a failure.
    pub error: Option<u32>,
    pub biz_opaque_callback_data: Option<String>,
}

/// What one customer and one business number share.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub last_inbound_ms: Option<i64>,
    /// Came from an ad at this time; the business has 24 h to answer.
    pub referral_ms: Option<i64>,
    pub free_entry_until_ms: Option<i64>,
    pub pair: Bucket,
    pub replies: u32,
    /// Counts delivered messages, so that scripted answers do not depend on timing.
    pub ordinal: u64,
    /// What this business knows of the person and set for it, over what the record says: businesses share the
    /// simulator, not their customers.
    pub name: Option<String>,
    pub language: Option<String>,
    pub behaviour: Option<Behaviour>,
    /// The business is typing until then (simulated milliseconds).
    pub typing_until_ms: Option<i64>,
    transcript: VecDeque<TranscriptEntry>,
    /// The transcript has lost its oldest entries, so an unknown id proves nothing.
    pub truncated: bool,
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl Thread {
    pub(crate) fn window_open(&self, now_ms: i64) -> bool {
        self.last_inbound_ms
            .is_some_and(|at| now_ms.saturating_sub(at) < DAY_MS)
    }

    pub(crate) fn free_entry(&self, now_ms: i64) -> bool {
        self.free_entry_until_ms.is_some_and(|until| now_ms < until)
    }

    /// A message of the business: the first within a day of an ad opens 72 free hours.
    pub(crate) fn answered(&mut self, now_ms: i64) {
        if self
            .referral_ms
            .take()
            .is_some_and(|at| now_ms.saturating_sub(at) < DAY_MS)
        {
            self.free_entry_until_ms = Some(now_ms + 3 * DAY_MS);
        }
    }

    pub(crate) fn push(&mut self, entry: TranscriptEntry, limit: usize) {
        if entry.direction == Direction::FromBusiness {
            self.typing_until_ms = None;
        }
        if self.transcript.len() >= limit {
            self.transcript.pop_front();
            self.truncated = true;
        }
        if limit > 0 {
            self.transcript.push_back(entry);
        }
    }

    /// Puts earlier messages (oldest first) before those that are there, without doubling any.
    pub(crate) fn remember(&mut self, earlier: Vec<TranscriptEntry>, limit: usize) {
        for entry in earlier.into_iter().rev() {
            let known = self.transcript.iter().any(|each| each.id == entry.id);
            if !known && self.transcript.len() < limit {
                self.transcript.push_front(entry);
            }
        }
        // Whatever was said before these is not known here.
        self.truncated = true;
    }

    pub(crate) fn find(&mut self, id: &str) -> Option<&mut TranscriptEntry> {
        self.transcript.iter_mut().rev().find(|entry| entry.id == id)
    }

    pub(crate) fn entries(&mut self) -> impl DoubleEndedIterator<Item = &mut TranscriptEntry> {
        self.transcript.iter_mut()
    }
}

/// A customer's record.
#[derive(Debug)]
pub(crate) struct Record {
    pub profile: Customer,
    /// `None`: the simulator's default.
    pub behaviour: Option<Behaviour>,
    threads: Vec<(String, Thread)>,
}

impl Record {
    /// Who they are to one business.
    pub(crate) fn profile_for(&mut self, phone_number_id: &str) -> Customer {
        let mut profile = self.profile.clone();
        if let Some(thread) = self.known_thread(phone_number_id) {
            if let Some(name) = &thread.name {
                profile.name.clone_from(name);
            }
            profile.language = thread.language.clone().or(profile.language);
        }
        profile
    }

    /// How they act towards one business; `None`: the simulator's default.
    pub(crate) fn behaviour_for(&self, phone_number_id: &str) -> Option<&Behaviour> {
        let thread = self.threads.iter().find(|(id, _)| id == phone_number_id);
        let own = thread.and_then(|(_, thread)| thread.behaviour.as_ref());
        own.or(self.behaviour.as_ref())
    }

    /// The thread with a number, if there has been any message.
    pub(crate) fn known_thread(&mut self, phone_number_id: &str) -> Option<&mut Thread> {
        self.threads
            .iter_mut()
            .find(|(id, _)| id == phone_number_id)
            .map(|(_, thread)| thread)
    }

    /// The thread with a number that exists.
    pub(crate) fn thread(&mut self, phone_number_id: &str) -> &mut Thread {
        let position = match self.threads.iter().position(|(id, _)| id == phone_number_id) {
            Some(position) => position,
            None => {
                self.threads.push((phone_number_id.to_owned(), Thread::default()));
                self.threads.len() - 1
            }
        };
        &mut self.threads[position].1
    }
}

/// Shards, so that a thousand sends a second do not queue for one lock.
const SHARDS: usize = 32;

/// All customers.
#[derive(Debug)]
pub(crate) struct Customers {
    shards: Vec<Mutex<HashMap<String, Record>>>,
    /// User id → key, for people who have a number too.
    aliases: Mutex<HashMap<String, String>>,
    per_shard: usize,
    pub transcript_limit: usize,
}

impl Customers {
    pub(crate) fn new(limits: &LimitConfig) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect(),
            aliases: Mutex::new(HashMap::new()),
            per_shard: limits.customers.div_ceil(SHARDS),
            transcript_limit: limits.transcript,
        }
    }

    fn shard(&self, key: &str) -> &Mutex<HashMap<String, Record>> {
        let hash = key.bytes().fold(0_u64, |hash, byte| mix(hash ^ u64::from(byte)));
        &self.shards[(hash % SHARDS as u64) as usize]
    }

    /// The key of a number or user id.
    pub(crate) fn resolve(&self, id: &str) -> String {
        self.aliases
            .lock()
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    }

    /// Works on a record if there is one.
    pub(crate) fn with<T>(&self, key: &str, work: impl FnOnce(&mut Record) -> T) -> Option<T> {
        self.shard(key).lock().get_mut(key).map(work)
    }

    /// Works on a record, made from `profile` if there is none. `None` when the directory is full.
    pub(crate) fn with_or_new<T>(
        &self,
        key: &str,
        profile: impl FnOnce() -> Customer,
        work: impl FnOnce(&mut Record) -> T,
    ) -> Option<T> {
        let mut shard = self.shard(key).lock();
        if !shard.contains_key(key) {
            if shard.len() >= self.per_shard {
                return None;
            }
            let profile = completed(profile());
            if let (Some(_), Some(user_id)) = (&profile.wa_id, &profile.user_id) {
                self.aliases.lock().insert(user_id.clone(), key.to_owned());
            }
            shard.insert(
                key.to_owned(),
                Record {
                    profile,
                    behaviour: None,
                    threads: Vec::new(),
                },
            );
        }
        shard.get_mut(key).map(work)
    }

    /// Sets who somebody is, keeping threads and behaviour, and the user id where none is given. `None` when the
    /// directory is full or no id was given.
    pub(crate) fn put(&self, customer: &Customer) -> Option<String> {
        let key = customer.key()?.to_owned();
        let (old, new) = self.with_or_new(
            &key,
            || customer.clone(),
            |record| {
                let old = record.profile.user_id.clone();
                let user_id = customer.user_id.clone().or_else(|| old.clone());
                record.profile = completed(Customer {
                    user_id,
                    ..customer.clone()
                });
                (old, record.profile.user_id.clone())
            },
        )?;
        let mut aliases = self.aliases.lock();
        if let Some(old) = old {
            aliases.remove(&old);
        }
        if let Some(user_id) = new.filter(|user_id| *user_id != key) {
            aliases.insert(user_id, key.clone());
        }
        drop(aliases);
        Some(key)
    }

    /// Reads every record that has a thread with a number.
    pub(crate) fn of_number<T>(
        &self,
        phone_number_id: &str,
        read: impl Fn(&str, &mut Record) -> T,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            let with_thread = shard
                .iter_mut()
                .filter(|(_, record)| record.threads.iter().any(|(id, _)| id == phone_number_id));
            all.extend(with_thread.map(|(key, record)| read(key, record)));
        }
        all
    }

    /// Up to `limit` customers in order of their keys.
    pub(crate) fn list(&self, limit: usize) -> Vec<(Customer, Option<Behaviour>)> {
        let mut all: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| {
                let shard = shard.lock();
                shard
                    .values()
                    .map(|record| (record.profile.clone(), record.behaviour.clone()))
                    .collect::<Vec<_>>()
            })
            .collect();
        all.sort_by(|left, right| left.0.key().cmp(&right.0.key()));
        all.truncate(limit);
        all
    }
}

/// Fills in the user id that every person has.
fn completed(mut profile: Customer) -> Customer {
    if let (None, Some(wa_id)) = (&profile.user_id, &profile.wa_id) {
        profile.user_id = Some(derived_user_id(wa_id));
    }
    profile
}
