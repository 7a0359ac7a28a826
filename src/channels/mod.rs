//! Providers as folders: pure translation between a provider's payloads and the domain, plus a thin client.
//!
//! Owns what each provider can do, how its webhooks are signed and read, and how a message is sent to it. Must not see
//! the store, the actors or the clock of anything but its own HTTP calls.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use crate::domain::health::HealthChange;
use crate::domain::inbound::{ChannelNotice, StatusUpdate};
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::policy::{MessagingRules, Quotes};
use crate::domain::tariff::Tariff;
use crate::domain::{Content, Identity, Timestamp};

mod address;
mod checks;
pub mod contents;
mod errors;
mod fields;
mod graph;
pub mod http;
pub mod instagram;
mod kind;
mod limits;
pub mod login;
mod management;
pub mod media;
mod meta_signature;
pub mod missed;
pub mod number;
mod payload;
mod settings;
mod templates;
pub mod twilio;
mod welcome;
pub mod whatsapp;

pub use address::{Address, Delivery};
pub use errors::{FieldError, ParseError};
pub use kind::ProviderKind;
pub use welcome::{Command, IceBreaker, MenuEntry, Profile, Welcome};

pub use checks::Check;
use contents::MadeContents;
pub use limits::ContentLimits;
use management::not_offered;
pub use management::{BusinessProfile, Managed, NoticeScope, Subscription};
use media::{MediaError, MediaSource, MediaUpload, OutboundMedia, UploadedMedia};
pub use number::{Blocked, BlockedPage, NumberCare, Shop};

pub use templates::Templates;

/// What a provider can do and where its limits are: one catalogue for composer, API validation and policy.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// When one may write.
    pub rules: MessagingRules,
    /// Longest text in UTF-16 units.
    pub text_max: usize,
    /// Types of content that can be sent.
    pub sends: &'static [&'static str],
    /// Texts are charged by SMS segments, which the composer counts.
    pub counts_segments: bool,
    /// Which messages an answer can quote.
    pub quotes: Quotes,
    /// How messages come to be charged.
    pub tariff: Tariff,
    /// Messages a second for one number unless the channel's settings say otherwise.
    pub default_rate_per_s: u32,
    /// The highest rate that the provider grants.
    pub max_rate_per_s: u32,
    /// Burst to one recipient before spacing sets in.
    pub pair_burst: u32,
    /// Seconds between messages to one recipient once the burst is used up.
    pub pair_spacing_s: u32,
}

/// Everything a client needs to talk to the provider for one channel.
#[derive(Clone)]
pub struct ChannelAccess {
    /// The channel's settings (`phone_number_id`, `api_base` …).
    pub settings: BTreeMap<String, String>,
    /// Its secrets (`access_token` …). `Debug` is not derived, so that they cannot be logged by accident.
    pub secrets: BTreeMap<String, secrecy::SecretString>,
    /// The public address to which the provider posts this channel's webhooks; part of what some providers sign, and told
    /// to those that want it with each send. Empty where nothing is to come back.
    pub webhook_url: String,
}

/// A webhook as it came, for the check of who sent it.
pub struct WebhookRequest<'a> {
    /// What stood behind the `?`, as it came.
    pub query: &'a str,
    /// A header of the request, by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// It came by GET: `body` is a copy of the query.
    pub by_get: bool,
    /// The raw body.
    pub body: &'a [u8],
}

/// The outcome of a future that a provider's client returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A provider.
pub trait Provider: Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// What a channel with these settings can do, where that differs within a provider.
    fn capabilities_for(&self, settings: &BTreeMap<String, String>) -> &'static Capabilities {
        let _ = settings;
        self.capabilities()
    }

    /// When one may write on a channel with these settings: the catalogue's rules, unless an account has others.
    fn rules(&self, settings: &BTreeMap<String, String>) -> MessagingRules {
        let _ = settings;
        self.capabilities().rules
    }

    /// What a channel with these settings takes in a message, for composer and builder. Nothing beyond texts unless a
    /// provider says so.
    fn content_limits(&self, settings: &BTreeMap<String, String>) -> ContentLimits {
        ContentLimits {
            text: self.capabilities_for(settings).text_max,
            ..ContentLimits::NONE
        }
    }

    /// Checks settings and secrets of a new or changed channel.
    ///
    /// # Errors
    /// Names the first field that is missing, unknown or malformed.
    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError>;

    /// The addresses under which payloads reach a channel with these settings.
    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address>;

    /// The names of the secrets with which webhooks are signed, the one in use first. Any that is set and fits is enough.
    fn signing_secrets(&self) -> &'static [&'static str] {
        &["app_secret"]
    }

    /// Whether the request was signed with `secret` by whoever calls `access.webhook_url` (constant time).
    fn signature_fits(
        &self,
        secret: &secrecy::SecretString,
        webhook_url: &str,
        request: &WebhookRequest<'_>,
    ) -> bool;

    /// Whether a signed body can be a delivery at all; what cannot is refused instead of kept.
    fn is_delivery(&self, raw: &[u8]) -> bool {
        http::is_json_object(raw)
    }

    /// What is kept of a delivery whose signature fits: its body, with whatever else of the request says what it is about.
    fn kept<'a>(&self, request: &WebhookRequest<'a>) -> Cow<'a, [u8]> {
        Cow::Borrowed(request.body)
    }

    /// The identity that someone means who wants to write to `to`, or `None` if this provider has no such recipients.
    fn recipient(&self, settings: &BTreeMap<String, String>, to: &str) -> Option<Identity>;

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

    /// Whether news that a message was read mean that all before it were, too.
    fn reading_covers_earlier(&self) -> bool {
        false
    }

    /// Whether a message can be meant for one identity of a customer only.
    fn checks_identities(&self) -> bool {
        false
    }

    /// Whether what we send comes back as a webhook, as what is sent in the provider's own app does.
    fn echoes_our_sends(&self) -> bool {
        false
    }

    /// How an account is connected by logging in, where the provider has that.
    fn login(&self) -> Option<&dyn login::Login> {
        None
    }

    /// Whether customers' names must be asked for: their messages carry none.
    fn has_profiles(&self) -> bool {
        false
    }

    /// What a customer shows of themselves; `None` if that is not for us to see.
    fn profile<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        customer: &'a Identity,
    ) -> BoxFuture<'a, Result<Option<Profile>, ProviderError>> {
        let _ = (http, access, customer);
        Box::pin(async { Ok(None) })
    }

    /// Checks what someone wants a new chat to offer.
    ///
    /// # Errors
    /// Names the field and the limit; any, if the provider has no such thing.
    fn check_welcome(&self, welcome: &Welcome) -> Result<(), FieldError> {
        let _ = welcome;
        Err(FieldError::new(
            "provider",
            "offers nothing before a customer writes.",
        ))
    }

    /// What a new chat offers now; `None` if the provider has no such thing.
    fn welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Welcome>, ProviderError>> {
        let _ = (http, access);
        Box::pin(async { Ok(None) })
    }

    /// Sets what a new chat offers, after [`Provider::check_welcome`].
    fn set_welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        welcome: &'a Welcome,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let _ = (http, access, welcome);
        Box::pin(async { Ok(()) })
    }

    /// Checks content that someone wants to send against the provider's limits.
    ///
    /// # Errors
    /// Names the field and the limit.
    fn validate_content(&self, content: &Content) -> Result<(), FieldError>;

    /// The same for a channel with these settings, where limits differ within a provider.
    ///
    /// # Errors
    /// Names the field and the limit.
    fn validate_content_for(
        &self,
        settings: &BTreeMap<String, String>,
        content: &Content,
    ) -> Result<(), FieldError> {
        let _ = settings;
        self.validate_content(content)
    }

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
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Whether the provider keeps a list of what was sent, in which a send whose answer was lost can be found, and tells where
    /// a message stands. Others tell by webhooks alone.
    fn can_look_up(&self) -> bool {
        false
    }

    /// Messages that the provider took since `since` and that may be `request`: the same words to the same recipient.
    fn look_up<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        request: &'a SendRequest,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<StatusUpdate>, ProviderError>> {
        let _ = (http, access, request, since);
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Where a message stands by the provider's own records; `None` if it does not know the message.
    fn fetch_status<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StatusUpdate>, ProviderError>> {
        let _ = (http, access, provider_message_id);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// What a channel with these settings takes of each kind of file; a kind that is not listed cannot be sent.
    fn media_rules(&self, settings: &BTreeMap<String, String>) -> &'static [MediaRule] {
        let _ = settings;
        &[]
    }

    /// How files reach it.
    fn outbound_media(&self) -> OutboundMedia {
        OutboundMedia::Unsupported
    }

    /// Where a customer's file can be fetched from right now: `reference` is what stood in the message. May ask the
    /// provider; makes no call for the file itself.
    fn locate_media<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<MediaSource, MediaError>> {
        let _ = (http, access, reference);
        Box::pin(std::future::ready(Err(MediaError::Unsupported)))
    }

    /// Gives the provider a file to be sent; only where [`OutboundMedia::Upload`]. Tried again by the caller.
    fn upload_media<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Result<UploadedMedia, MediaError>> {
        let _ = (http, access, upload);
        Box::pin(std::future::ready(Err(MediaError::Unsupported)))
    }

    /// Checks the connection step by step.
    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>>;

    /// What a notice changes for the health of the channels that it concerns.
    fn health_changes(&self, _notice: &ChannelNotice) -> Vec<HealthChange> {
        Vec::new()
    }

    /// Whom a notice concerns.
    fn notice_scope(&self, _notice: &ChannelNotice) -> NoticeScope {
        NoticeScope::Account
    }

    /// A notice in plain English, where the adapter has words for it.
    fn notice_in_words(&self, _field: &str, _body: &serde_json::Value) -> Option<String> {
        None
    }

    /// Asks the provider how the channel stands.
    fn fetch_health<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Vec<HealthChange>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Shows the customer that someone is typing, in answer to this message of theirs; marks it as read.
    fn show_typing<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
        _provider_message_id: &'a str,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Finds out why nothing arrives, as far as the provider can tell. `webhook_url` is where it should post.
    fn diagnose<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        _webhook_url: &'a str,
    ) -> BoxFuture<'a, Vec<Check>> {
        self.test_connection(http, access)
    }

    /// Whether the account's webhooks are sent to the app; `None` where that is not told.
    fn subscription<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Option<Subscription>>> {
        Box::pin(async { Ok(None) })
    }

    /// Has the account's webhooks sent here.
    fn subscribe<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(async { not_offered() })
    }

    /// Has the account's webhooks sent here no longer.
    fn unsubscribe<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(async { not_offered() })
    }

    /// Takes back what only this channel had changed there; called when it is disconnected, whoever else is left.
    fn release<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(async { Ok(()) })
    }

    /// The business profile.
    fn business_profile<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<BusinessProfile>> {
        Box::pin(async { not_offered() })
    }

    /// Changes the business profile.
    fn set_business_profile<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        _access: &'a ChannelAccess,
        _profile: &'a BusinessProfile,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(async { not_offered() })
    }

    /// Checks a profile against the provider's limits.
    ///
    /// # Errors
    /// Names the field and the limit.
    fn validate_profile(&self, _profile: &BusinessProfile) -> Result<(), FieldError> {
        Ok(())
    }

    /// How it is asked for messages whose webhooks never came; `None` where it keeps no list of them.
    fn missed(&self) -> Option<&dyn missed::Missed> {
        None
    }

    /// What it wants made before messages can name it; `None` where every message goes out as it is.
    fn made_contents(&self) -> Option<&dyn MadeContents> {
        None
    }

    /// What can be decided about a number; `None` where the provider leaves nothing to decide from here.
    fn number_care(&self) -> Option<&dyn NumberCare> {
        None
    }

    /// How its message templates are managed; `None` where it has none.
    fn templates(&self) -> Option<&dyn Templates> {
        None
    }
}
