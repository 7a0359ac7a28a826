//! Accounts, their customers, chats and comments: everything that the simulator remembers, within limits.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::config::{InstagramAccount, InstagramConfig, InstagramFaults};
use crate::sandbox::clock::{SimClock, wall_ms};
use crate::sandbox::encoding::{base64, hex};
use crate::sandbox::rate::Bucket;
use crate::sandbox::rng::Rng;
use crate::sandbox::schedule::{Job, Schedule, Scheduled};

/// Messages kept of one chat.
pub(super) const CHAT: usize = 200;
/// Customers of one account.
pub(super) const PEOPLE: usize = 10_000;
/// Comments of one account; the oldest leave first.
const COMMENTS: usize = 2_000;
/// Files kept over all accounts; the oldest leave first.
const FILES: usize = 200;
/// Steps waiting for their time.
const SCHEDULED: usize = 100_000;
/// Webhooks waiting for one account.
pub(super) const WEBHOOKS: usize = 50_000;

/// A customer.
#[derive(Debug, Clone, PartialEq)]
pub struct InstagramCustomer {
    /// Instagram-scoped id: digits.
    pub id: String,
    pub name: String,
    pub username: String,
    /// They open the chat by themselves soon after a message.
    pub reads: bool,
    /// They cannot be reached (blocked the account, left).
    pub unavailable: bool,
}

/// A message in a chat, as the customer's app shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstagramEntry {
    /// The provider's id.
    pub id: String,
    /// The business wrote it.
    pub from_business: bool,
    /// `text`, `image`, `template`, `like_heart`, `comment` …
    pub kind: String,
    /// The message object as it went over the wire.
    pub content: Value,
    pub at_ms: i64,
    /// The other side has seen it.
    pub read: bool,
    /// It was taken back.
    pub unsent: bool,
    /// Emoji on it: of the customer, of the business.
    pub reactions: [Option<String>; 2],
}

#[derive(Debug, Default)]
pub(super) struct Thread {
    pub(super) entries: VecDeque<InstagramEntry>,
    /// When the customer last wrote.
    pub(super) wrote_ms: Option<i64>,
    pub(super) typing_until_ms: i64,
}

impl Thread {
    pub(super) fn push(&mut self, entry: InstagramEntry) {
        if self.entries.len() >= CHAT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut InstagramEntry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) by: String,
    pub(super) at_ms: i64,
    pub(super) answered: bool,
}

/// A token that the simulator gave out.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) given_ms: i64,
    pub(super) expires_ms: i64,
    pub(super) short: bool,
}

#[derive(Debug, Default)]
pub(super) struct AccountState {
    pub(super) people: HashMap<String, InstagramCustomer>,
    pub(super) threads: HashMap<String, Thread>,
    pub(super) comments: VecDeque<Comment>,
    pub(super) tokens: Vec<Token>,
    pub(super) subscribed: Vec<String>,
    pub(super) ice_breakers: Value,
    pub(super) menu: Value,
    pub(super) faults: InstagramFaults,
    pub(super) webhook_url: Option<String>,
    pub(super) sent: u64,
    /// Rights that the account's holder did not give.
    pub(super) lacking: Vec<String>,
    /// Calls of the conversations API.
    pub(super) reading: Bucket,
}

impl AccountState {
    pub(super) fn comment(&mut self, comment: Comment) {
        if self.comments.len() >= COMMENTS {
            self.comments.pop_front();
        }
        self.comments.push_back(comment);
    }
}

pub(super) struct Account {
    pub(super) config: InstagramAccount,
    pub(super) state: Mutex<AccountState>,
    /// Webhooks on their way out.
    pub(super) lane: mpsc::Sender<Bytes>,
}

impl Account {
    /// Whether a node of the path names the account.
    pub(super) fn is_called(&self, node: &str) -> bool {
        node == "me"
            || node == self.config.ig_id
            || (!self.config.page_id.is_empty() && node == self.config.page_id)
    }
}

pub(super) struct File {
    pub(super) mime: String,
    pub(super) bytes: Bytes,
    pub(super) expires_ms: i64,
}

/// What all parts of a running simulator share.
pub(super) struct Shared {
    pub(super) config: InstagramConfig,
    pub(super) clock: SimClock,
    pub(super) rng: Rng,
    pub(super) accounts: Mutex<Vec<Arc<Account>>>,
    pub(super) files: Mutex<VecDeque<(String, File)>>,
    /// Codes of logins under way, with the account and the redirect address.
    pub(super) codes: Mutex<Vec<(String, String, String)>>,
    pub(super) schedule: Schedule<Shared>,
    pub(super) client: reqwest::Client,
    pub(super) base_url: String,
    salt: u64,
    next: AtomicU64,
}

impl Scheduled for Shared {
    fn schedule(&self) -> &Schedule<Self> {
        &self.schedule
    }
}

impl Shared {
    pub(super) fn build(config: InstagramConfig, address: SocketAddr) -> io::Result<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may win the race to install it, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .map_err(io::Error::other)?;
        let mut salt = [0_u8; 8];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(Self {
            clock: SimClock::new(wall_ms(), config.time_scale),
            rng: Rng::new(config.seed),
            accounts: Mutex::default(),
            files: Mutex::default(),
            codes: Mutex::default(),
            schedule: Schedule::new(SCHEDULED),
            client,
            base_url: format!("http://{address}"),
            salt: u64::from_le_bytes(salt),
            next: AtomicU64::new(1),
            config,
        })
    }

    /// Plans a job after simulated milliseconds; a full schedule loses it, which only a flood brings about.
    pub(super) fn later(self: &Arc<Self>, delay_ms: u64, job: Job<Self>) {
        if !self.schedule.after(self.clock.real(delay_ms), job) {
            tracing::warn!("the Instagram simulator has too much to do and forgets a step");
        }
    }

    pub(super) fn account(&self, ig_id: &str) -> Option<Arc<Account>> {
        self.accounts
            .lock()
            .iter()
            .find(|account| account.config.ig_id == ig_id)
            .cloned()
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A message id of the provider's form.
    pub(super) fn message_id(&self) -> String {
        let plain = format!("ig_item:1:IGMessageID:{:016x}{:08}", self.salt, self.number());
        base64(plain.as_bytes()).trim_end_matches('=').to_owned()
    }

    /// Digits that no other thing here has.
    pub(super) fn digits(&self, start: &str) -> String {
        format!("{start}{:09}{:04}", self.salt % 1_000_000_000, self.number())
    }

    /// A secret text for tokens and codes.
    pub(super) fn secret(&self, start: &str) -> String {
        let mut bytes = [0_u8; 24];
        match getrandom::fill(&mut bytes) {
            Ok(()) => format!("{start}{}", hex(&bytes)),
            // Without randomness it is a worse secret of a simulator.
            Err(_) => format!("{start}{:016x}{}", self.salt, self.number()),
        }
    }

    /// Keeps a file and gives the address under which it can be fetched for a while.
    pub(super) fn keep_file(&self, mime: &str, bytes: Bytes) -> String {
        let id = self.digits("180");
        let expires_ms = self.clock.now_ms().saturating_add(self.config.media_life_ms);
        let mut files = self.files.lock();
        if files.len() >= FILES {
            files.pop_front();
        }
        files.push_back((
            id.clone(),
            File {
                mime: mime.to_owned(),
                bytes,
                expires_ms,
            },
        ));
        format!(
            "{}/ig_messaging_cdn/?asset_id={id}&signature=sandbox",
            self.base_url
        )
    }
}

/// A message object's kind: its attachment's type, or text.
pub(super) fn kind_of(message: &Value) -> String {
    let attachment = message
        .get("attachment")
        .or_else(|| message.pointer("/attachments/0"));
    let kind = attachment
        .and_then(|attachment| attachment.get("type"))
        .and_then(Value::as_str);
    kind.unwrap_or("text").to_owned()
}

/// An empty entry of a chat.
pub(super) fn entry(id: String, from_business: bool, message: Value, at_ms: i64) -> InstagramEntry {
    InstagramEntry {
        id,
        from_business,
        kind: kind_of(&message),
        content: if message.is_null() { json!({}) } else { message },
        at_ms,
        read: false,
        unsent: false,
        reactions: [None, None],
    }
}
