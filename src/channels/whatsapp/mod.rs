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
mod errors;
mod files;
mod limits;
mod media;
mod parse;
mod probe;
mod render;
mod settings;
mod templates;

use std::collections::BTreeMap;

use crate::channels::media::{MediaError, MediaSource, MediaUpload, OutboundMedia, UploadedMedia};
use crate::channels::{
    Address, BoxFuture, Capabilities, ChannelAccess, Check, ContentLimits, Delivery, FieldError, ParseError,
    Provider, WebhookRequest, meta_signature, payload,
};
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::policy::MessagingRules;
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
    default_rate_per_s: limits::DEFAULT_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

impl Provider for WhatsappCloud {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn content_limits(&self) -> ContentLimits {
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

    fn media_rules(&self) -> &'static [MediaRule] {
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

    fn template_account(&self, settings: &BTreeMap<String, String>) -> Option<String> {
        settings.get("waba_id").filter(|id| !id.is_empty()).cloned()
    }

    fn list_templates<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListPage, ProviderError>> {
        Box::pin(templates::list(http, access, after))
    }

    fn submit_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        submission: Submission<'a>,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>> {
        Box::pin(templates::submit(http, access, submission))
    }

    fn delete_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(templates::delete(http, access, id, name))
    }

    fn unpause_template<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(templates::unpause(http, access, id))
    }

    fn template_news(&self, field: &str, body: &serde_json::Value) -> Option<News> {
        templates::news(field, body)
    }
}
