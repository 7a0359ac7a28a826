//! WhatsApp Cloud simulator: Meta's Graph API for messages, media, templates and numbers on a loopback port, signed
//! webhooks, customers with phones, and faults on request.
//!
//! Start one with [`Simulator::start`], add numbers, and point a channel's `api_base` at [`Simulator::base_url`].
//! The protocol is that of the project's WhatsApp Cloud contract; what the provider leaves open is marked there.

mod accounts;
pub mod config;
mod control;
pub mod customers;
mod errors;
pub mod faults;
mod graph;
pub(crate) mod handshake;
mod inbound;
mod message;
mod payload;
mod phones;
mod refusal;
mod rendering;
mod replies;
mod reviews;
mod send;
mod server;
mod signup;
mod state;
mod statuses;
mod validate;
mod verdict;
mod wamid;
mod webhooks;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use config::{
    Delay, Delays, LimitConfig, NumberConfig, RuleConfig, SimulatorConfig, TemplateConfig, WebhookConfig,
};
pub use customers::{AutoReply, Behaviour, Customer, Direction, EntryState, ReadPolicy, TranscriptEntry};
pub use faults::{Down, ErrorFault, Faults, Often};
pub use graph::media::Upload;
pub use handshake::HandshakeError;
pub use message::CustomerMessage;
pub use phones::PhoneView;
pub use refusal::SandboxError;
pub use signup::{SignupConfig, SignupNumber};
pub use state::{CounterReading, PhoneChange, PhoneEvent};

use super::clock::SimClock;
use super::schedule;
use super::server::{Server, reopen};
use accounts::{Template, same_language};
use state::Shared;
use webhooks::{Lane, Update};

/// A running simulator. Cheap to clone. [`Simulator::stop`] ends it in good order; dropping the last clone ends it, too,
/// without waiting.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Handle,
    server: Mutex<Option<Server>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.get_mut().take() {
            server.abandon();
        }
    }
}

impl Simulator {
    /// Listens and begins to serve. Must be called on a tokio (or actix) runtime.
    ///
    /// # Errors
    /// `InvalidInput` when the address is not a loopback one or the call is outside a runtime; otherwise the error of
    /// binding the port, or of building the HTTP client.
    pub fn start(config: SimulatorConfig) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the simulator listens on loopback addresses only",
            ));
        }
        let runtime =
            Handle::try_current().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let listener = TcpListener::bind(config.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::build(config, address)?);
        let server = server::start(&shared, listener, &runtime)?;
        let stop = CancellationToken::new();
        let clockwork = runtime.spawn(schedule::run(Arc::clone(&shared), stop.clone()));
        let inner = Inner {
            shared,
            address,
            runtime,
            server: Mutex::new(Some(server)),
            tasks: Mutex::new(vec![clockwork]),
            stop,
        };
        Ok(Self {
            inner: Arc::new(inner),
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

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.shared().clock
    }

    /// Adds a business number; several may share a WABA.
    ///
    /// # Errors
    /// [`SandboxError::NumberExists`], or `Invalid` when an id or secret is empty or the number has no digits.
    pub fn add_number(&self, config: NumberConfig) -> Result<(), SandboxError> {
        let filled = [
            &config.phone_number_id,
            &config.waba_id,
            &config.access_token,
            &config.app_secret,
        ];
        let has_digits =
            validate::digits(&config.display_phone_number).is_some_and(|digits| !digits.is_empty());
        if filled
            .into_iter()
            .any(|text| text.is_empty() || text.len() > 1_024)
            || !has_digits
        {
            let what =
                "phone_number_id, waba_id, access_token, app_secret and display_phone_number are required";
            return Err(SandboxError::Invalid(what.to_owned()));
        }
        let lanes: Vec<Arc<Lane>> = (0..self.shared().config.webhooks.lanes.clamp(1, 64))
            .map(|_| Arc::new(Lane::default()))
            .collect();
        let number = self
            .shared()
            .accounts
            .add(config, lanes)
            .ok_or(SandboxError::NumberExists)?;
        let mut tasks = self.inner.tasks.lock();
        for lane in &number.lanes {
            let work = webhooks::run(
                Arc::clone(self.shared()),
                Arc::clone(&number),
                Arc::clone(lane),
                self.inner.stop.clone(),
            );
            tasks.push(self.inner.runtime.spawn(work));
        }
        Ok(())
    }

    /// Sets or clears the app's callback of a number, without a handshake.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn set_webhook_url(&self, phone_number_id: &str, url: Option<&str>) -> Result<(), SandboxError> {
        let number = self
            .shared()
            .accounts
            .number(phone_number_id)
            .ok_or(SandboxError::UnknownNumber)?;
        number.state.lock().app_webhook = url.map(str::to_owned);
        Ok(())
    }

    /// Does the verification GET with the number's verify token, as when the callback is entered in the app's settings.
    ///
    /// # Errors
    /// Why the callback was not accepted; a number without a callback counts as unreachable.
    pub async fn verify_webhook(&self, phone_number_id: &str) -> Result<(), HandshakeError> {
        let number = self.shared().accounts.number(phone_number_id);
        let number =
            number.ok_or_else(|| HandshakeError::Unreachable("no such phone number id".to_owned()))?;
        let target = number.app_target();
        let url = target.ok_or_else(|| HandshakeError::Unreachable("no webhook URL is set".to_owned()))?;
        let shared = self.shared();
        handshake::verify(&shared.client, &shared.rng, &url, &number.config.verify_token).await
    }

    /// Adds or replaces a template of a WABA.
    pub fn add_template(&self, waba_id: &str, template: TemplateConfig) {
        let waba = self.shared().accounts.waba_or_new(waba_id);
        let mut state = waba.state.lock();
        state.templates.retain(|known| {
            known.definition.name != template.name
                || !same_language(&known.definition.language, &template.language)
        });
        let id = reviews::fresh_id(self.shared());
        state.templates.push(Template {
            id,
            definition: template,
            rejected_reason: None,
            quality: "GREEN",
        });
    }

    /// Adds a template that the account had before, unless it has it; `reason` is why it was rejected.
    pub fn restore_template(&self, waba_id: &str, template: TemplateConfig, reason: Option<&str>) {
        let waba = self.shared().accounts.waba_or_new(waba_id);
        let mut state = waba.state.lock();
        let known = state.templates.iter().any(|known| {
            known.definition.name == template.name
                && same_language(&known.definition.language, &template.language)
        });
        if known {
            return;
        }
        let id = reviews::fresh_id(self.shared());
        let rejected_reason = match template.status.as_str() {
            "REJECTED" => reason.map(Into::into),
            _ => None,
        };
        state.templates.push(Template {
            id,
            definition: template,
            rejected_reason,
            quality: "GREEN",
        });
    }

    /// Sets a template's state (`APPROVED`, `PAUSED`, `DISABLED`, `REJECTED`, …) and sends the webhook.
    ///
    /// # Errors
    /// [`SandboxError::UnknownTemplate`].
    pub fn set_template_status(
        &self,
        waba_id: &str,
        name: &str,
        language: &str,
        status: &str,
    ) -> Result<(), SandboxError> {
        let waba = self
            .shared()
            .accounts
            .waba(waba_id)
            .ok_or(SandboxError::UnknownTemplate)?;
        let found = waba
            .state
            .lock()
            .templates
            .iter()
            .find(|template| {
                template.definition.name == name && same_language(&template.definition.language, language)
            })
            .map(|template| template.id);
        let id = found.ok_or(SandboxError::UnknownTemplate)?;
        reviews::set_status(self.shared(), &waba, id, status, "NONE");
        Ok(())
    }

    /// Sets a template's quality (`GREEN`, `YELLOW`, `RED`, `UNKNOWN`) and sends the webhook.
    ///
    /// # Errors
    /// [`SandboxError::UnknownTemplate`], or `Invalid` for another score.
    pub fn set_template_quality(
        &self,
        waba_id: &str,
        name: &str,
        language: &str,
        score: &str,
    ) -> Result<(), SandboxError> {
        let waba = self
            .shared()
            .accounts
            .waba(waba_id)
            .ok_or(SandboxError::UnknownTemplate)?;
        reviews::set_quality(self.shared(), &waba, name, language, score)
    }

    /// Writes as a customer, who becomes known with it; returns the message's id.
    ///
    /// # Errors
    /// Unknown number, ids of a wrong form, or a limit.
    pub fn customer_says(
        &self,
        phone_number_id: &str,
        customer: &Customer,
        message: CustomerMessage,
    ) -> Result<String, SandboxError> {
        inbound::say(self.shared(), phone_number_id, customer, message)
    }

    /// The customer opens the chat: delivered messages turn read. Returns how many.
    ///
    /// # Errors
    /// Unknown number or customer.
    pub fn customer_reads(&self, phone_number_id: &str, customer: &str) -> Result<usize, SandboxError> {
        inbound::read(self.shared(), phone_number_id, customer)
    }

    /// Makes a customer known, or changes who they are.
    ///
    /// # Errors
    /// Ids of a wrong form, or a full directory.
    pub fn put_customer(&self, customer: &Customer) -> Result<(), SandboxError> {
        inbound::checked_key(customer)?;
        self.shared()
            .customers
            .put(customer)
            .map(drop)
            .ok_or(SandboxError::Full("customers"))
    }

    /// How one customer acts from now on; `None` returns to the default. A phone that is switched on again receives
    /// what has waited for it.
    ///
    /// # Errors
    /// [`SandboxError::UnknownCustomer`].
    pub fn set_behaviour(&self, customer: &str, behaviour: Option<Behaviour>) -> Result<(), SandboxError> {
        let key = self.shared().customers.resolve(customer);
        let known = statuses::behave(self.shared(), &key, behaviour);
        if known {
            Ok(())
        } else {
            Err(SandboxError::UnknownCustomer)
        }
    }

    /// Up to `limit` customers with their own behaviour, in order of their ids.
    #[must_use]
    pub fn customers(&self, limit: usize) -> Vec<(Customer, Option<Behaviour>)> {
        self.shared().customers.list(limit)
    }

    /// The messages between a number and a customer, oldest first. Empty for unknown ones.
    #[must_use]
    pub fn transcript(&self, phone_number_id: &str, customer: &str) -> Vec<TranscriptEntry> {
        let key = self.shared().customers.resolve(customer);
        let read = self.shared().customers.with(&key, |record| {
            let thread = record.known_thread(phone_number_id)?;
            Some(thread.entries().map(|entry| entry.clone()).collect())
        });
        read.flatten().unwrap_or_default()
    }

    /// A file in the provider's store: its type and bytes.
    #[must_use]
    pub fn media(&self, id: &str) -> Option<(String, bytes::Bytes)> {
        let shared = self.shared();
        shared.media.read(id, shared.clock.now_ms())
    }

    /// Changes on customers' phones. A listener that lags misses the oldest and is told so by the channel.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<PhoneEvent> {
        self.shared().events.subscribe()
    }

    /// Sends any change (account notices, quality, preferences, future fields) as a signed webhook.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn emit_change(
        &self,
        phone_number_id: &str,
        field: &str,
        value: Value,
        account: bool,
    ) -> Result<(), SandboxError> {
        let number = self
            .shared()
            .accounts
            .number(phone_number_id)
            .ok_or(SandboxError::UnknownNumber)?;
        let update = Update::Change {
            field: field.to_owned(),
            value: Arc::new(value),
            account,
        };
        webhooks::enqueue(self.shared(), &number, field, update);
        Ok(())
    }

    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared().faults.get()
    }

    /// Replaces all faults; `Faults::default()` heals the provider.
    pub fn set_faults(&self, faults: Faults) {
        self.shared().faults.set(faults);
    }

    #[must_use]
    pub fn counters(&self) -> CounterReading {
        self.shared().read_counters()
    }

    /// Messages accepted for a recipient (its `wa_id`, or user id).
    #[must_use]
    pub fn accepted_for(&self, recipient: &str) -> u32 {
        self.shared()
            .ledger
            .to_recipient(&self.shared().customers.resolve(recipient))
    }

    /// Messages accepted with this `biz_opaque_callback_data`.
    #[must_use]
    pub fn accepted_with(&self, callback: &str) -> u32 {
        self.shared().ledger.with_callback(callback)
    }

    /// Distinct `biz_opaque_callback_data` accepted.
    #[must_use]
    pub fn distinct_callbacks(&self) -> usize {
        self.shared().ledger.callbacks()
    }

    /// `biz_opaque_callback_data` accepted more than once, with counts: empty when nothing was sent twice.
    #[must_use]
    pub fn doubled_callbacks(&self) -> Vec<(String, u32)> {
        self.shared().ledger.doubled(1_000)
    }

    /// Closes the port, so that connections are refused; everything else goes on.
    pub async fn go_offline(&self) {
        let server = self.inner.server.lock().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }

    /// Opens the same port again.
    ///
    /// # Errors
    /// That of binding, should another program have taken the port.
    pub fn go_online(&self) -> io::Result<()> {
        let mut server = self.inner.server.lock();
        if server.is_none() {
            let listener = reopen(self.inner.address)?;
            *server = Some(server::start(self.shared(), listener, &self.inner.runtime)?);
        }
        Ok(())
    }

    /// Stops serving and delivering; what was queued is forgotten.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.go_offline().await;
        let tasks: Vec<_> = self.inner.tasks.lock().drain(..).collect();
        for task in tasks {
            if let Err(error) = tokio::time::timeout(Duration::from_secs(5), task).await {
                tracing::warn!(%error, "a task of the simulator did not end in time");
            }
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}
