//! Instagram simulator: Meta's Graph API for messages, comments, profiles, ice breakers and both logins on a loopback port,
//! signed webhooks in their shapes, customers with an app, and faults on request.
//!
//! Start one with [`InstagramSimulator::start`], add accounts, and point a channel's `api_base` at
//! [`InstagramSimulator::base_url`]. The protocol is that of the project's Instagram contract.

mod chats;
mod comments;
mod config;
mod control;
mod error;
mod graph;
mod oauth;
mod phones;
mod send;
mod state;
mod validate;
mod webhooks;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use config::{InstagramAccount, InstagramConfig, InstagramFaults};
pub use phones::{InstagramAction, InstagramError};
pub use state::{InstagramCustomer, InstagramEntry};

use super::clock::SimClock;
use super::schedule;
use super::whatsapp::HandshakeError;
use super::whatsapp::handshake::verify;
use state::{Account, AccountState, Comment, Shared};

/// A running simulator. Cheap to clone.
#[derive(Clone)]
pub struct InstagramSimulator {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    runtime: Handle,
    server: ServerHandle,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
        // The command is sent by the call; the future only waits for the end.
        drop(self.server.stop(false));
    }
}

/// How a chat looks in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct InstagramChat {
    pub customer: InstagramCustomer,
    /// Messages of the business that were not seen.
    pub unread: usize,
    pub business_typing: bool,
    /// One line of the newest message.
    pub preview: Option<String>,
    pub last_ms: i64,
}

impl InstagramSimulator {
    /// Listens and begins to serve. Must be called on a tokio (or actix) runtime.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is no loopback one or outside a runtime; else that of binding the port.
    pub fn start(config: InstagramConfig) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            let what = "the simulator listens on loopback addresses only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let runtime =
            Handle::try_current().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let listener = TcpListener::bind(config.listen)?;
        let shared = Arc::new(Shared::build(config, listener.local_addr()?)?);
        let data = web::Data::from(Arc::clone(&shared));
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(entry)))
                .workers(shared.config.workers.clamp(1, 16))
                .keep_alive(Duration::from_secs(75))
                .disable_signals()
                .shutdown_timeout(1)
                .listen(listener)?
                .run();
        let handle = server.handle();
        let serving = runtime.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the Instagram simulator's server ended");
            }
        });
        let stop = CancellationToken::new();
        let clockwork = runtime.spawn(schedule::run(Arc::clone(&shared), stop.clone()));
        let inner = Inner {
            shared,
            runtime,
            server: handle,
            tasks: Mutex::new(vec![serving, clockwork]),
            stop,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    fn account(&self, ig_id: &str) -> Result<Arc<Account>, InstagramError> {
        self.shared().account(ig_id).ok_or(InstagramError::UnknownAccount)
    }

    /// `http://127.0.0.1:port`: a channel's `api_base`, and the place of the login's pages.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared().base_url
    }

    /// The app that people log in to.
    #[must_use]
    pub fn config(&self) -> &InstagramConfig {
        &self.shared().config
    }

    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.shared().clock
    }

    /// Adds an account.
    ///
    /// # Errors
    /// An account of this id exists, or an id or secret is missing.
    pub fn add_account(&self, config: InstagramAccount) -> Result<(), InstagramError> {
        let filled = [
            &config.ig_id,
            &config.access_token,
            &config.app_secret,
            &config.username,
        ];
        if filled
            .into_iter()
            .any(|text| text.is_empty() || text.len() > 1_024)
        {
            return Err(InstagramError::Invalid(
                "ig_id, username, access_token and app_secret are required",
            ));
        }
        let (lane, waiting) = mpsc::channel(state::WEBHOOKS);
        let state = AccountState {
            webhook_url: config.webhook_url.clone(),
            ..AccountState::default()
        };
        let account = Arc::new(Account {
            config,
            state: Mutex::new(state),
            lane,
        });
        {
            let mut accounts = self.shared().accounts.lock();
            if accounts
                .iter()
                .any(|known| known.config.ig_id == account.config.ig_id)
            {
                return Err(InstagramError::Invalid("an account of this id exists"));
            }
            accounts.push(Arc::clone(&account));
        }
        let work = webhooks::run(
            Arc::clone(self.shared()),
            account,
            waiting,
            self.inner.stop.clone(),
        );
        self.inner.tasks.lock().push(self.inner.runtime.spawn(work));
        Ok(())
    }

    /// Sets where an account's webhooks go.
    ///
    /// # Errors
    /// No such account.
    pub fn set_webhook_url(&self, ig_id: &str, url: Option<&str>) -> Result<(), InstagramError> {
        self.account(ig_id)?.state.lock().webhook_url = url.map(str::to_owned);
        Ok(())
    }

    /// Asks the receiver of an account's webhooks for the verification handshake.
    ///
    /// # Errors
    /// No such account, no address of webhooks, or an answer that is not the challenge.
    pub async fn verify_webhook(&self, ig_id: &str) -> Result<(), HandshakeError> {
        let nothing = |what: &str| HandshakeError::Unreachable(what.to_owned());
        let account = self.shared().account(ig_id);
        let account = account.ok_or_else(|| nothing("no such account"))?;
        let url = account.state.lock().webhook_url.clone();
        let url = url.ok_or_else(|| nothing("no webhook URL is set"))?;
        let shared = self.shared();
        verify(&shared.client, &shared.rng, &url, &account.config.verify_token).await
    }

    /// The rights that an account's token lacks, by their names.
    ///
    /// # Errors
    /// No such account.
    pub fn set_lacking(&self, ig_id: &str, rights: &[&str]) -> Result<(), InstagramError> {
        let rights = rights.iter().map(|it| (*it).to_owned()).collect();
        self.account(ig_id)?.state.lock().lacking = rights;
        Ok(())
    }

    /// The fields that an account's app is subscribed to.
    ///
    /// # Errors
    /// No such account.
    pub fn subscribed(&self, ig_id: &str) -> Result<Vec<String>, InstagramError> {
        Ok(self.account(ig_id)?.state.lock().subscribed.clone())
    }

    /// Makes a customer known, or changes who they are.
    ///
    /// # Errors
    /// No such account, an id of a wrong form, or too many customers.
    pub fn put_customer(&self, ig_id: &str, customer: InstagramCustomer) -> Result<(), InstagramError> {
        phones::put(self.account(ig_id)?.as_ref(), customer)
    }

    /// An id that no customer has.
    #[must_use]
    pub fn fresh_customer_id(&self) -> String {
        self.shared().digits("9")
    }

    /// The chats of an account, last activity first.
    ///
    /// # Errors
    /// No such account.
    pub fn chats(&self, ig_id: &str, limit: usize) -> Result<Vec<InstagramChat>, InstagramError> {
        let account = self.account(ig_id)?;
        let state = account.state.lock();
        let now = self.shared().clock.now_ms();
        let mut chats: Vec<InstagramChat> = state
            .people
            .values()
            .map(|customer| {
                let thread = state.threads.get(&customer.id);
                let last = thread.and_then(|thread| thread.entries.back());
                let unseen = |entry: &&InstagramEntry| entry.from_business && !entry.read;
                InstagramChat {
                    unread: thread.map_or(0, |thread| thread.entries.iter().filter(unseen).count()),
                    business_typing: thread.is_some_and(|thread| thread.typing_until_ms > now),
                    preview: last.map(send::preview),
                    last_ms: last.map_or(0, |entry| entry.at_ms),
                    customer: customer.clone(),
                }
            })
            .collect();
        chats.sort_by(|a, b| {
            b.last_ms
                .cmp(&a.last_ms)
                .then_with(|| a.customer.id.cmp(&b.customer.id))
        });
        chats.truncate(limit);
        Ok(chats)
    }

    /// The messages between an account and a customer, oldest first.
    ///
    /// # Errors
    /// No such account or customer.
    pub fn transcript(&self, ig_id: &str, customer: &str) -> Result<Vec<InstagramEntry>, InstagramError> {
        let account = self.account(ig_id)?;
        let state = account.state.lock();
        if !state.people.contains_key(customer) {
            return Err(InstagramError::UnknownCustomer);
        }
        let thread = state.threads.get(customer);
        Ok(thread
            .map(|thread| thread.entries.iter().cloned().collect())
            .unwrap_or_default())
    }

    /// What a new chat offers: ice breakers and menu, as the app set them.
    ///
    /// # Errors
    /// No such account.
    pub fn offer(&self, ig_id: &str) -> Result<(Value, Value), InstagramError> {
        let account = self.account(ig_id)?;
        let state = account.state.lock();
        let actions = |value: &Value| value.pointer("/0/call_to_actions").cloned().unwrap_or_default();
        Ok((actions(&state.ice_breakers), actions(&state.menu)))
    }

    /// A customer does something; gives the id of what came of it.
    ///
    /// # Errors
    /// No such account, customer or message.
    pub fn act(
        &self,
        ig_id: &str,
        customer: &str,
        action: InstagramAction,
    ) -> Result<String, InstagramError> {
        phones::act(self.shared(), &self.account(ig_id)?, customer, action)
    }

    /// Messages that an account's sends were taken for.
    ///
    /// # Errors
    /// No such account.
    pub fn sent(&self, ig_id: &str) -> Result<u64, InstagramError> {
        Ok(self.account(ig_id)?.state.lock().sent)
    }

    /// What goes wrong on an account.
    ///
    /// # Errors
    /// No such account.
    pub fn faults(&self, ig_id: &str) -> Result<InstagramFaults, InstagramError> {
        Ok(self.account(ig_id)?.state.lock().faults.clone())
    }

    /// Replaces all faults of an account; the default heals it.
    ///
    /// # Errors
    /// No such account.
    pub fn set_faults(&self, ig_id: &str, faults: InstagramFaults) -> Result<(), InstagramError> {
        self.account(ig_id)?.state.lock().faults = faults;
        Ok(())
    }

    /// What the account's app knows of a chat from before: who, the last messages, and when the customer last wrote.
    ///
    /// # Errors
    /// No such account, or too many customers.
    pub fn restore_chat(
        &self,
        ig_id: &str,
        customer: InstagramCustomer,
        chat: Vec<InstagramEntry>,
        wrote_ms: Option<i64>,
    ) -> Result<(), InstagramError> {
        let account = self.account(ig_id)?;
        let id = customer.id.clone();
        phones::put(&account, customer)?;
        let mut state = account.state.lock();
        let thread = state.threads.entry(id.clone()).or_default();
        if thread.entries.is_empty() {
            let comments: Vec<Comment> = chat
                .iter()
                .filter_map(|entry| comments::restored(&id, entry))
                .collect();
            chat.into_iter().for_each(|entry| thread.push(entry));
            thread.wrote_ms = wrote_ms;
            comments.into_iter().for_each(|comment| state.comment(comment));
        }
        Ok(())
    }

    /// Stops serving and delivering; what was queued is forgotten.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.server.stop(false).await;
        let tasks: Vec<_> = self.inner.tasks.lock().drain(..).collect();
        for task in tasks {
            if let Err(error) = tokio::time::timeout(Duration::from_secs(5), task).await {
                tracing::warn!(%error, "a task of the Instagram simulator did not end in time");
            }
        }
    }
}

async fn entry(shared: web::Data<Shared>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    graph::handle(&shared.into_inner(), &request, payload).await
}
