//! Meta's WhatsApp Cloud API, and everything that speaks it (the built-in simulator).
//!
//! Owns the translation between the provider's payloads and the domain, and the HTTP calls. Must not know the store, the
//! actors or any clock. Facts come from the provider contract, which names Meta's pages.
//!
//! Content has WhatsApp's own shape in both directions, with one difference: a media object's `id` is `media_id` here.

mod answer;
mod client;
mod dialect;
mod dialog360;
mod dialog360_templates;
mod doctor;
mod errors;
mod files;
mod limits;
mod login;
mod manage;
mod media;
mod notice_words;
mod notices;
mod number;
mod parse;
mod probe;
mod render;
mod samples;
mod settings;
mod templates;

use std::collections::BTreeMap;

use crate::channels::media::{MediaError, MediaSource, MediaUpload, OutboundMedia, UploadedMedia};
use crate::channels::{
    Address, BlockedPage, BoxFuture, BusinessProfile, Capabilities, ChannelAccess, Check, ContentLimits,
    Delivery, FieldError, Managed, NoticeScope, NumberCare, ParseError, Provider, Shop, Templates,
    WebhookRequest, Welcome, meta_signature, payload,
};
use crate::domain::health::HealthChange;
use crate::domain::inbound::ChannelNotice;
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::policy::{MessagingRules, Quotes};
use crate::domain::tariff::Tariff;
use crate::domain::template::news::{ListPage, News, Submission, Submitted};
use crate::domain::{Content, Identity};

pub use dialog360::Dialog360;

/// The provider.
#[derive(Clone, Copy, Default, Debug)]
pub struct WhatsappCloud;

static CAPABILITIES: Capabilities = Capabilities {
    rules: MessagingRules::WHATSAPP,
    text_max: limits::TEXT,
    sends: &render::KINDS,
    counts_segments: false,
    quotes: Quotes::Any,
    tariff: Tariff::Told,
    default_rate_per_s: limits::DEFAULT_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

impl Provider for WhatsappCloud {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn content_limits(&self, _: &BTreeMap<String, String>) -> ContentLimits {
        limits::CATALOGUE
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        settings::validate(access)
    }

    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address> {
        settings::addresses(settings)
    }

    fn signature_fits(&self, secret: &secrecy::SecretString, _: &str, request: &WebhookRequest<'_>) -> bool {
        let header = (request.header)("x-hub-signature-256");
        meta_signature::fits(secret, request.body, header.unwrap_or_default())
    }

    fn recipient(&self, _: &BTreeMap<String, String>, to: &str) -> Option<Identity> {
        settings::recipient(to)
    }

    fn peek_addresses(&self, raw: &[u8]) -> Vec<Address> {
        parse::peek_addresses(raw)
    }

    fn parse(&self, raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
        parse::deliveries(raw)
    }

    fn keep_only(&self, raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>> {
        parse::keep_only(raw, keep)
    }

    fn checks_identities(&self) -> bool {
        true
    }

    fn validate_content(&self, content: &Content) -> Result<(), FieldError> {
        render::validate(content)
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
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(client::mark_read(http, access, provider_message_id))
    }

    fn media_rules(&self, _: &BTreeMap<String, String>) -> &'static [MediaRule] {
        &files::RULES
    }

    fn outbound_media(&self) -> OutboundMedia {
        OutboundMedia::Upload
    }

    fn locate_media<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<MediaSource, MediaError>> {
        Box::pin(files::locate(http, access, reference))
    }

    fn upload_media<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Result<UploadedMedia, MediaError>> {
        Box::pin(files::upload(http, access, upload))
    }

    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(probe::run(http, access))
    }

    fn health_changes(&self, notice: &ChannelNotice) -> Vec<HealthChange> {
        notices::changes(notice)
    }

    fn notice_scope(&self, notice: &ChannelNotice) -> NoticeScope {
        notices::scope(notice)
    }

    fn notice_in_words(&self, field: &str, body: &serde_json::Value) -> Option<String> {
        notices::in_words(field, body)
    }

    fn fetch_health<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Vec<HealthChange>>> {
        Box::pin(manage::health(http, access))
    }

    fn show_typing<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(client::show_typing(http, access, provider_message_id))
    }

    fn diagnose<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        webhook_url: &'a str,
    ) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(doctor::run(http, access, webhook_url))
    }

    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(manage::subscribe(http, access))
    }

    fn unsubscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(manage::unsubscribe(http, access))
    }

    fn release<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(manage::release(http, access))
    }

    fn business_profile<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<BusinessProfile>> {
        Box::pin(manage::profile(http, access))
    }

    fn set_business_profile<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        profile: &'a BusinessProfile,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(manage::set_profile(http, access, profile))
    }

    fn validate_profile(&self, profile: &BusinessProfile) -> Result<(), FieldError> {
        manage::validate_profile(profile)
    }

    fn check_welcome(&self, welcome: &Welcome) -> Result<(), FieldError> {
        number::check_welcome(welcome)
    }

    fn welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Welcome>, ProviderError>> {
        Box::pin(async { number::welcome(http, access).await.map(Some) })
    }

    fn set_welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        welcome: &'a Welcome,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(number::set_welcome(http, access, welcome))
    }

    fn number_care(&self) -> Option<&dyn NumberCare> {
        Some(self)
    }

    fn templates(&self) -> Option<&dyn Templates> {
        Some(self)
    }

    fn login(&self) -> Option<&dyn crate::channels::login::Login> {
        Some(&login::WhatsappLogin)
    }
}

impl NumberCare for WhatsappCloud {
    fn blocked<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Managed<BlockedPage>> {
        Box::pin(number::blocked(http, access, after))
    }

    fn set_blocked<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        who: &'a Identity,
        blocked: bool,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(number::set_blocked(http, access, who, blocked))
    }

    fn shop<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Option<Shop>>> {
        Box::pin(number::shop(http, access))
    }

    fn set_shop<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        shop: Shop,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(number::set_shop(http, access, shop))
    }

    fn upload_picture<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Managed<String>> {
        Box::pin(samples::upload(http, access, upload))
    }

    fn set_pin<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        pin: &'a str,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(number::set_pin(http, access, pin))
    }
}

impl Templates for WhatsappCloud {
    fn outbound_samples(&self) -> OutboundMedia {
        OutboundMedia::Upload
    }

    fn upload_sample<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(samples::upload(http, access, upload))
    }

    fn account(&self, settings: &BTreeMap<String, String>) -> Option<String> {
        settings.get("waba_id").filter(|id| !id.is_empty()).cloned()
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
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(templates::delete(http, access, id, name))
    }

    fn unpause<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(templates::unpause(http, access, id))
    }

    fn news(&self, field: &str, body: &serde_json::Value) -> Option<News> {
        templates::news(field, body)
    }
}
