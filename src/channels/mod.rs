//! Providers as folders: pure translation between a provider's payloads and the domain, plus a thin client.
//!
//! Owns what each provider can do, how its webhooks are signed and read, and how a message is sent to it. Must not see
//! the store, the actors or the clock of anything but its own HTTP calls.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use crate::domain::Content;
use crate::domain::inbound::Inbound;
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::template::news::{ListPage, News, Submission, Submitted};

pub mod whatsapp;

/// What the API calls a provider.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ProviderKind {
    /// Meta's WhatsApp Cloud API.
    WhatsappCloud = 1,
    /// The built-in simulator, which speaks WhatsApp Cloud API on this machine.
    Sandbox = 2,
}

impl ProviderKind {
    /// The kind for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::WhatsappCloud),
            2 => Some(Self::Sandbox),
            _ => None,
        }
    }
}

/// What a provider can do and where its limits are: one catalogue for composer, API validation and policy.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Capabilities {
    /// Free-form messages only within 24 hours after the customer wrote.
    pub has_window: bool,
    /// Longest text in UTF-16 units.
    pub text_max: usize,
    /// Types of content that can be sent.
    pub sends: &'static [&'static str],
    /// Messages a second for one number unless the channel's settings say otherwise.
    pub default_rate_per_s: u32,
    /// The highest rate that the provider grants.
    pub max_rate_per_s: u32,
    /// Burst to one recipient before spacing sets in.
    pub pair_burst: u32,
    /// Seconds between messages to one recipient once the burst is used up.
    pub pair_spacing_s: u32,
}

/// A setting, secret or piece of content that the provider would refuse.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct FieldError {
    /// Where it stands, as a path (`settings.phone_number_id`, `text.body`).
    pub field: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// A webhook body that makes no sense; it is parked, not lost.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub String);

/// Everything a client needs to talk to the provider for one channel.
#[derive(Clone)]
pub struct ChannelAccess {
    /// The channel's settings (`phone_number_id`, `api_base` …).
    pub settings: BTreeMap<String, String>,
    /// Its secrets (`access_token` …). `Debug` is not derived, so that they cannot be logged by accident.
    pub secrets: BTreeMap<String, secrecy::SecretString>,
}

/// The parts of a webhook delivery addressed to one channel: the provider's address and what stood there, in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// Provider's address inside the payload: `phone_number_id`, or the account id (`waba_id`) for account-level news.
    pub address: Address,
    /// What was said, in order.
    pub items: Vec<Inbound>,
}

/// How a payload names the channel that it is for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Address {
    /// A number: `metadata.phone_number_id`.
    Number(String),
    /// An account: `entry[].id`, for news that concern no single number.
    Account(String),
}

/// The outcome of a future that a provider's client returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One step of a connection test, in plain words.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was found, or what to do.
    pub detail: String,
}

/// A provider.
pub trait Provider: Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// Checks settings and secrets of a new or changed channel.
    ///
    /// # Errors
    /// Names the first field that is missing, unknown or malformed.
    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError>;

    /// The addresses under which payloads reach a channel with these settings.
    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address>;

    /// Whether the signature header fits the raw body under `secret` (constant time).
    fn signature_fits(&self, secret: &secrecy::SecretString, raw: &[u8], header: &str) -> bool;

    /// Only the addresses that a body speaks to, without reading the rest: cheap enough for the webhook's hot path.
    /// An empty list for a body of another shape.
    fn peek_addresses(&self, raw: &[u8]) -> Vec<Address>;

    /// Reads a whole body. Never fails on unknown fields, types or events: those become notices or unknown contents.
    ///
    /// # Errors
    /// Only for a body that is no JSON object of this provider at all.
    fn parse(&self, raw: &[u8]) -> Result<Vec<Delivery>, ParseError>;

    /// The body with only the parts whose address `keep` accepts, so that a delivery that spoke to several businesses can be
    /// shown to one of them. `None` for a body that cannot be taken apart.
    fn keep_only(&self, raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>>;

    /// Checks content that someone wants to send against the provider's limits.
    ///
    /// # Errors
    /// Names the field and the limit.
    fn validate_content(&self, content: &Content) -> Result<(), FieldError>;

    /// Sends one message. Never panics, never retries by itself.
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        request: &'a SendRequest,
    ) -> BoxFuture<'a, SendOutcome>;

    /// Tells the customer that their message was read, where the provider can.
    fn mark_read<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<(), crate::domain::outbound::ProviderError>>;

    /// Checks the connection step by step.
    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>>;

    /// The account that holds a channel's templates; channels with the same one share them. `None` where the provider
    /// has no templates, or the settings do not say.
    fn template_account(&self, settings: &BTreeMap<String, String>) -> Option<String> {
        let _ = settings;
        None
    }

    /// One page of the account's templates; `after` is the page before's `next`.
    fn list_templates<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListPage, ProviderError>> {
        let _ = (http, access, after);
        no_templates()
    }

    /// Gives the provider a new template or an edit.
    fn submit_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        submission: Submission<'a>,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>> {
        let _ = (http, access, submission);
        no_templates()
    }

    /// Deletes a template in one language.
    fn delete_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (http, access, id, name);
        no_templates()
    }

    /// Ends a template's pause.
    fn unpause_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (http, access, id);
        no_templates()
    }

    /// What a notice says of a template; `None` if it is about something else.
    fn template_news(&self, field: &str, body: &serde_json::Value) -> Option<News> {
        let _ = (field, body);
        None
    }
}

fn no_templates<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, ProviderError>> {
    Box::pin(std::future::ready(Err(ProviderError {
        class: ErrorClass::Permanent,
        code: "not_supported".into(),
        title: "No templates".into(),
        detail: "This provider has no templates that can be managed here.".into(),
        retry_after: None,
    })))
}
