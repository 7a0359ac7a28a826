//! Twilio: SMS and WhatsApp through its Messages API.
//!
//! Owns the translation between Twilio's forms and the domain, and the HTTP calls. Must not know the store, the actors or
//! any clock. Facts come from the provider contract, which names Twilio's pages.
//!
//! Files that came in carry Twilio's address as `url`; files that go out are fetched by Twilio from a `link`.

mod call;
mod client;
mod content;
mod errors;
mod files;
mod form;
mod interactive;
mod limits;
mod made;
mod missed;
mod parse;
mod probe;
mod render;
mod settings;
mod shape;
mod signature;
mod status;
mod templates;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::settings::Medium;
use crate::channels::contents::{MadeContents, Shape};
use crate::channels::media::{MediaError, MediaSource, OutboundMedia};
use crate::channels::missed::Missed;
use crate::channels::{
    Address, BoxFuture, Capabilities, ChannelAccess, Check, ContentLimits, Delivery, FieldError, ParseError,
    Provider, Templates, WebhookRequest,
};
use crate::domain::inbound::StatusUpdate;
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::policy::{MessagingRules, Quotes};
use crate::domain::tariff::Tariff;
use crate::domain::template::Definition;
use crate::domain::template::news::{ListPage, News, Submission, Submitted};
use crate::domain::{Content, Identity, Timestamp};

/// The provider.
#[derive(Clone, Copy, Default, Debug)]
pub struct Twilio;

/// What a send is refused with that names a content which is not there (contract, `errors.json`).
const INVALID_CONTENT_SID: &str = "21655";

static SMS: Capabilities = Capabilities {
    rules: MessagingRules::SMS,
    text_max: limits::TEXT,
    sends: &render::SMS_KINDS,
    counts_segments: true,
    quotes: Quotes::Never,
    tariff: Tariff::Segments,
    default_rate_per_s: limits::SMS_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

/// A sender without MMS.
static SMS_ONLY: Capabilities = Capabilities {
    rules: MessagingRules::SMS,
    text_max: limits::TEXT,
    sends: &["text"],
    counts_segments: true,
    quotes: Quotes::Never,
    tariff: Tariff::Segments,
    default_rate_per_s: limits::SMS_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

static WHATSAPP: Capabilities = Capabilities {
    rules: MessagingRules::WHATSAPP,
    text_max: limits::TEXT,
    sends: &render::WHATSAPP_KINDS,
    counts_segments: false,
    quotes: Quotes::Never,
    tariff: Tariff::Whatsapp,
    default_rate_per_s: limits::WHATSAPP_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

impl Provider for Twilio {
    fn capabilities(&self) -> &'static Capabilities {
        &SMS
    }

    fn capabilities_for(&self, settings: &BTreeMap<String, String>) -> &'static Capabilities {
        match settings::medium(settings) {
            Medium::Sms if settings::has_mms(settings) => &SMS,
            Medium::Sms => &SMS_ONLY,
            Medium::Whatsapp => &WHATSAPP,
        }
    }

    fn rules(&self, settings: &BTreeMap<String, String>) -> MessagingRules {
        self.capabilities_for(settings).rules
    }

    fn content_limits(&self, settings: &BTreeMap<String, String>) -> ContentLimits {
        limits::catalogue(settings::medium(settings), settings::has_mms(settings))
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        settings::validate(access)
    }

    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address> {
        settings::addresses(settings)
    }

    fn signing_secrets(&self) -> &'static [&'static str] {
        &["auth_token"]
    }

    fn signature_fits(
        &self,
        secret: &secrecy::SecretString,
        webhook_url: &str,
        request: &WebhookRequest<'_>,
    ) -> bool {
        signature::fits(secret, webhook_url, request)
    }

    fn is_delivery(&self, raw: &[u8]) -> bool {
        parse::is_delivery(raw)
    }

    fn kept<'a>(&self, request: &WebhookRequest<'a>) -> Cow<'a, [u8]> {
        status::with_callback(request)
    }

    fn recipient(&self, settings: &BTreeMap<String, String>, to: &str) -> Option<Identity> {
        settings::recipient(settings, to)
    }

    fn peek_addresses(&self, _: &[u8]) -> Vec<Address> {
        vec![Address::Posted]
    }

    fn parse(&self, raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
        parse::deliveries(raw)
    }

    fn keep_only(&self, raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>> {
        keep(&Address::Posted).then(|| raw.to_vec())
    }

    fn validate_content(&self, content: &Content) -> Result<(), FieldError> {
        render::validate(content, Medium::Whatsapp)
    }

    fn validate_content_for(
        &self,
        settings: &BTreeMap<String, String>,
        content: &Content,
    ) -> Result<(), FieldError> {
        let medium = settings::medium(settings);
        match medium == Medium::Sms && content.kind != "text" && !settings::has_mms(settings) {
            true => Err(FieldError::new(
                "type",
                "cannot be sent: this sender has no MMS, so it sends texts only.",
            )),
            false => render::validate(content, medium),
        }
    }

    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        request: &'a SendRequest,
    ) -> BoxFuture<'a, SendOutcome> {
        Box::pin(client::send(http, access, request))
    }

    fn mark_read<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: &'a ChannelAccess,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        // Twilio has no read receipts for what customers write.
        Box::pin(std::future::ready(Ok(())))
    }

    fn media_rules(&self, settings: &BTreeMap<String, String>) -> &'static [MediaRule] {
        files::rules(settings::medium(settings), settings::has_mms(settings))
    }

    fn outbound_media(&self) -> OutboundMedia {
        OutboundMedia::Link
    }

    fn locate_media<'a>(
        &'a self,
        _: &'a reqwest::Client,
        access: &'a ChannelAccess,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<MediaSource, MediaError>> {
        Box::pin(std::future::ready(files::locate(access, reference)))
    }

    fn can_look_up(&self) -> bool {
        true
    }

    fn look_up<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        request: &'a SendRequest,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<StatusUpdate>, ProviderError>> {
        Box::pin(client::look_up(http, access, request, since))
    }

    fn fetch_status<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StatusUpdate>, ProviderError>> {
        Box::pin(client::fetch(http, access, provider_message_id))
    }

    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(probe::run(http, access))
    }

    fn missed(&self) -> Option<&dyn Missed> {
        Some(&missed::MessageList)
    }

    fn made_contents(&self) -> Option<&dyn MadeContents> {
        Some(self)
    }

    fn templates(&self) -> Option<&dyn Templates> {
        Some(self)
    }
}

impl MadeContents for Twilio {
    fn shape(&self, access: &ChannelAccess, content: &Content) -> Result<Option<Shape>, FieldError> {
        made::shape(access, content)
    }

    fn make<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        shape: &'a Shape,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(made::make(http, access, &shape.body))
    }

    fn find<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, ProviderError>> {
        Box::pin(made::find(http, access, name))
    }

    fn unmake<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(made::unmake(http, access, id))
    }

    fn naming(&self, id: &str, shape: Shape) -> Content {
        made::naming(id, shape)
    }

    fn is_gone(&self, error: &ProviderError) -> bool {
        error.code == INVALID_CONTENT_SID
    }
}

impl Templates for Twilio {
    /// Contents belong to the account; only WhatsApp has them approved.
    fn account(&self, settings: &BTreeMap<String, String>) -> Option<String> {
        let account = settings.get("account_sid").filter(|sid| !sid.is_empty());
        account
            .filter(|_| settings::medium(settings) == Medium::Whatsapp)
            .cloned()
    }

    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListPage, ProviderError>> {
        Box::pin(templates::list(http, access, after))
    }

    fn submit<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        submission: Submission<'a>,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>> {
        Box::pin(templates::submit(http, access, submission))
    }

    fn delete<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(templates::delete(http, access, id))
    }

    fn unpause<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: &'a ChannelAccess,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        let detail = phrases::TWILIO_NO_UNPAUSE.text();
        Box::pin(std::future::ready(Err(templates::refused(detail))))
    }

    fn sends_by_id(&self) -> bool {
        true
    }

    fn as_listed(&self, access: &ChannelAccess, definition: &Definition) -> Option<Definition> {
        shape::as_listed(definition, templates::base_of(access))
    }

    fn unfit(&self, definition: &Definition) -> Option<String> {
        shape::unfit(definition)
    }

    fn numbered(
        &self,
        access: &ChannelAccess,
        definition: &Definition,
        message: &Value,
    ) -> Result<Option<Map<String, Value>>, String> {
        shape::numbered(definition, templates::base_of(access), message)
    }

    fn outbound_samples(&self) -> OutboundMedia {
        OutboundMedia::Link
    }

    fn news(&self, _: &str, _: &Value) -> Option<News> {
        // Twilio tells nothing of reviews; the list is read from time to time.
        None
    }
}
