//! Twilio simulator: Messages and Content API on a loopback port, signed webhooks, customers with phones that play SMS and
//! WhatsApp, and faults on request.
//!
//! Start one with [`TwilioSimulator::start`], add senders, and point a channel's `api_base` at
//! [`TwilioSimulator::base_url`]. The protocol is that of the project's Twilio contract.

mod api;
pub mod config;
mod content;
mod contents_api;
mod inbound;
mod lists;
mod refusal;
mod send;
mod state;
mod statuses;
mod webhooks;

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web;
use parking_lot::Mutex;
use tokio::runtime::Handle;

pub use config::{SenderConfig, TwilioConfig};

use super::clock::{SimClock, wall_ms};
use super::phones::PhoneBook;
use super::rng::Rng;
use super::server::Server;
use super::whatsapp::config::LimitConfig;
use super::whatsapp::customers::{Customers, Record};
use super::whatsapp::{
    Behaviour, Customer, CustomerMessage, Direction, EntryState, Faults, PhoneView, SandboxError,
    TranscriptEntry,
};
pub use state::ContentFaults;
use state::{Sender, Shared};

/// Most senders over all accounts.
const MAX_SENDERS: usize = 10_000;

/// A running simulator. Cheap to clone.
#[derive(Clone)]
pub struct TwilioSimulator {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    server: Mutex<Option<Server>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        if let Some(server) = self.server.get_mut().take() {
            server.abandon();
        }
    }
}

impl TwilioSimulator {
    /// Listens and begins to serve. Must be called on a tokio (or actix) runtime.
    ///
    /// # Errors
    /// `InvalidInput` when the address is not a loopback one or the call is outside a runtime; otherwise the error of
    /// binding the port, or of building the HTTP client.
    pub fn start(config: TwilioConfig) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            let what = "the simulator listens on loopback addresses only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let runtime =
            Handle::try_current().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may win the race to install it, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let listener = TcpListener::bind(config.listen)?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.webhook_timeout)
            .build()
            .map_err(io::Error::other)?;
        let workers = config.workers;
        let shared = Arc::new(Shared {
            clock: SimClock::new(config.start_ms.unwrap_or_else(wall_ms), config.time_scale),
            rng: Rng::new(config.seed),
            accounts: Mutex::default(),
            messages: Mutex::default(),
            files: Mutex::default(),
            customers: Customers::new(&LimitConfig::default()),
            client,
            base_url,
            deliver_to: Mutex::default(),
            ids: 1.into(),
            under_way: 0.into(),
            behaved: tokio::sync::Notify::new(),
            stop: tokio_util::sync::CancellationToken::new(),
            config,
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = Server::start(listener, workers, &runtime, move |config| {
            config
                .app_data(data.clone())
                .default_service(web::to(api::handle));
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                server: Mutex::new(Some(server)),
            }),
        })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// `http://127.0.0.1:port`, without a slash at the end: a channel's `api_base`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared().base_url
    }

    /// The simulated time.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.shared().clock
    }

    /// Adds a sender; the account is made with the first.
    ///
    /// # Errors
    /// The account has it already or has another token, something is missing, or there are too many.
    pub fn add_sender(&self, config: SenderConfig) -> Result<(), SandboxError> {
        if config.account_sid.is_empty() || config.auth_token.is_empty() || config.address.is_empty() {
            let what = "account_sid, auth_token and address are required";
            return Err(SandboxError::Invalid(what.to_owned()));
        }
        let mut accounts = self.shared().accounts.lock();
        if accounts
            .values()
            .map(|account| account.senders.len())
            .sum::<usize>()
            >= MAX_SENDERS
        {
            return Err(SandboxError::Full("senders"));
        }
        let account = accounts.entry(config.account_sid.clone()).or_default();
        if account.senders.contains_key(&config.address) {
            return Err(SandboxError::NumberExists);
        }
        if account.auth_token.is_empty() {
            account.auth_token.clone_from(&config.auth_token);
        }
        account.keys.extend(config.api_key.clone());
        let sender = Sender {
            webhook_url: Mutex::new(config.webhook_url.clone()),
            bucket: Mutex::default(),
            faults: Mutex::default(),
            stopped: Mutex::default(),
            config,
        };
        account
            .senders
            .insert(sender.config.address.clone(), Arc::new(sender));
        Ok(())
    }

    /// Webhooks are posted to `base` from now on, by the path of their address; they stay signed for that address.
    pub fn deliver_to(&self, base: &str) {
        *self.shared().deliver_to.lock() = Some(base.to_owned());
    }

    /// Where a line's incoming messages are posted from now on.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn set_webhook(&self, line: &str, url: Option<&str>) -> Result<(), SandboxError> {
        *self.sender(line)?.webhook_url.lock() = url.map(str::to_owned);
        Ok(())
    }

    /// Sets where a content template stands with WhatsApp: `approved`, `rejected`, `paused`, `disabled` …
    ///
    /// # Errors
    /// Unknown account, content or word, or it was never submitted.
    pub fn set_approval(
        &self,
        account_sid: &str,
        content_sid: &str,
        status: &str,
    ) -> Result<(), SandboxError> {
        let word = content::Approval::of_word(status);
        let word = word.ok_or_else(|| SandboxError::Invalid(format!("no such status: {status}")))?;
        let mut accounts = self.shared().accounts.lock();
        let content = accounts
            .get_mut(account_sid)
            .and_then(|account| account.contents.get_mut(content_sid));
        let request = content.and_then(|content| content.request.as_mut());
        request.ok_or(SandboxError::UnknownTemplate)?.forced = Some(word);
        Ok(())
    }

    /// What goes wrong with an account's contents from now on.
    ///
    /// # Errors
    /// Unknown account.
    pub fn set_content_faults(&self, account_sid: &str, faults: ContentFaults) -> Result<(), SandboxError> {
        let mut accounts = self.shared().accounts.lock();
        let account = accounts.get_mut(account_sid).ok_or(SandboxError::UnknownNumber)?;
        account.content_faults = faults;
        Ok(())
    }

    /// The contents of an account, oldest first: SID, name, and what is under each type.
    #[must_use]
    pub fn contents(&self, account_sid: &str) -> Vec<(String, String, serde_json::Value)> {
        let accounts = self.shared().accounts.lock();
        let all = accounts
            .get(account_sid)
            .into_iter()
            .flat_map(|account| account.contents.iter());
        all.map(|content| {
            let types = serde_json::Value::Object(content.types.clone());
            (content.sid.clone(), content.friendly_name.clone(), types)
        })
        .collect()
    }

    /// Takes a content away, as somebody can in the console. Answers whether it was there.
    pub fn remove_content(&self, account_sid: &str, content_sid: &str) -> bool {
        let mut accounts = self.shared().accounts.lock();
        accounts
            .get_mut(account_sid)
            .is_some_and(|account| account.contents.remove(content_sid))
    }

    /// Messages that were taken for sending, over all accounts.
    #[must_use]
    pub fn taken(&self) -> usize {
        let messages = self.shared().messages.lock();
        messages
            .by_sid
            .values()
            .filter(|message| !message.inbound)
            .count()
    }

    fn sender(&self, line: &str) -> Result<Arc<Sender>, SandboxError> {
        self.shared().sender(line).ok_or(SandboxError::UnknownNumber)
    }

    fn view(&self, line: &str, record: &mut Record) -> PhoneView {
        let default = &self.shared().config.default_behaviour;
        let behaviour = record.behaviour_for(line).unwrap_or(default).clone();
        let customer = record.profile_for(line);
        let thread = record.thread(line);
        let arrived = |entry: &&mut TranscriptEntry| {
            entry.direction == Direction::FromBusiness && entry.state == EntryState::Delivered
        };
        PhoneView {
            customer,
            behaviour,
            unread: thread.entries().filter(arrived).count(),
            business_typing: false,
            last: thread.entries().next_back().map(|entry| entry.clone()),
        }
    }

    /// Stops serving; what is under way ends.
    pub async fn stop(&self) {
        self.shared().stop.cancel();
        let server = self.inner.server.lock().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }
}

impl PhoneBook for TwilioSimulator {
    fn customers_of(&self, line: &str, limit: usize) -> Vec<PhoneView> {
        let customers = &self.shared().customers;
        let mut all = customers.of_number(line, |_, record| self.view(line, record));
        all.sort_by_cached_key(|view| {
            let at = view.last.as_ref().map_or(i64::MIN, |entry| entry.at_ms);
            (std::cmp::Reverse(at), view.customer.wa_id.clone())
        });
        all.truncate(limit);
        all
    }

    fn customer_of(&self, line: &str, customer: &str) -> Option<PhoneView> {
        let found = self.shared().customers.with(customer, |record| {
            record.known_thread(line)?;
            Some(self.view(line, record))
        });
        found.flatten()
    }

    fn restore_thread(
        &self,
        line: &str,
        customer: &Customer,
        earlier: Vec<TranscriptEntry>,
        last_inbound_ms: Option<i64>,
    ) -> Result<(), SandboxError> {
        self.sender(line)?;
        let key = inbound::checked_key(customer)?;
        let customers = &self.shared().customers;
        let restored = customers.with_or_new(
            key,
            || Customer::new(key, ""),
            |record| {
                let thread = record.thread(line);
                if !customer.name.is_empty() {
                    thread.name = Some(customer.name.clone());
                }
                thread.language = customer.language.clone().or(thread.language.take());
                thread.last_inbound_ms = thread.last_inbound_ms.max(last_inbound_ms);
                if !earlier.is_empty() {
                    thread.remember(earlier, customers.transcript_limit);
                }
            },
        );
        restored.ok_or(SandboxError::Full("customers"))
    }

    fn transcript(&self, line: &str, customer: &str) -> Vec<TranscriptEntry> {
        let read = self.shared().customers.with(customer, |record| {
            let thread = record.known_thread(line)?;
            Some(thread.entries().map(|entry| entry.clone()).collect())
        });
        read.flatten().unwrap_or_default()
    }

    fn customer_says(
        &self,
        line: &str,
        customer: &Customer,
        message: CustomerMessage,
    ) -> Result<String, SandboxError> {
        inbound::say(self.shared(), line, customer, message)
    }

    fn customer_reads(&self, line: &str, customer: &str) -> Result<usize, SandboxError> {
        let sender = self.sender(line)?;
        let arrived = self.shared().customers.with(customer, |record| {
            let thread = record.known_thread(line)?;
            let unread = thread.entries().filter(|entry| {
                entry.direction == Direction::FromBusiness && entry.state == EntryState::Delivered
            });
            let read = |entry: &mut TranscriptEntry| {
                entry.state = EntryState::Read;
                entry.id.clone()
            };
            Some(unread.map(read).collect::<Vec<_>>())
        });
        let arrived = arrived.flatten().ok_or(SandboxError::UnknownCustomer)?;
        let count = arrived.len();
        // By SMS nobody learns of it.
        for sid in arrived.into_iter().filter(|_| sender.is_whatsapp()) {
            let (shared, sender, customer) = (
                Arc::clone(self.shared()),
                Arc::clone(&sender),
                customer.to_owned(),
            );
            tokio::spawn(async move { statuses::read(&shared, &sender, &sid, &customer).await });
        }
        Ok(count)
    }

    fn set_behaviour_to(&self, line: &str, customer: &str, behaviour: Behaviour) -> Result<(), SandboxError> {
        self.sender(line)?;
        let known = self.shared().customers.with(customer, |record| {
            let thread = record.known_thread(line)?;
            thread.behaviour = Some(behaviour);
            Some(())
        });
        known.flatten().ok_or(SandboxError::UnknownCustomer)?;
        self.shared().behaved.notify_waiters();
        Ok(())
    }

    fn default_behaviour(&self) -> &Behaviour {
        &self.shared().config.default_behaviour
    }

    fn faults_of(&self, line: &str) -> Result<Faults, SandboxError> {
        Ok(self.sender(line)?.faults.lock().clone())
    }

    fn set_faults_of(&self, line: &str, faults: Faults) -> Result<(), SandboxError> {
        *self.sender(line)?.faults.lock() = faults;
        Ok(())
    }

    fn undeliverable(&self) -> u32 {
        30_005
    }
}

impl std::fmt::Debug for TwilioSimulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let senders: HashMap<String, usize> = self
            .shared()
            .accounts
            .lock()
            .iter()
            .map(|(sid, account)| (sid.clone(), account.senders.len()))
            .collect();
        f.debug_struct("TwilioSimulator")
            .field("senders", &senders)
            .finish_non_exhaustive()
    }
}
