//! Meta's WhatsApp Cloud API, and everything that speaks it (the built-in simulator).
//!
//! Owns the translation between the provider's payloads and the domain, and the HTTP calls. Must not know the store, the
//! actors or any clock. Facts come from the provider contract, which names Meta's pages.
//!
//! Content has WhatsApp's own shape in both directions, with one difference: a media object's `id` is `media_id` here.

mod answer;
mod client;
mod errors;
mod limits;
mod media;
mod parse;
mod payload;
mod probe;
mod render;
mod settings;
mod signature;
mod templates;

use std::collections::BTreeMap;

use crate::channels::{
    Address, BoxFuture, Capabilities, ChannelAccess, Check, Delivery, FieldError, ParseError, Provider,
};
use crate::domain::Content;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::template::news::{ListPage, News, Submission, Submitted};

pub use client::{CONNECT_TIMEOUT, TIMEOUT, http_client};

/// The provider.
#[derive(Clone, Copy, Default, Debug)]
pub struct WhatsappCloud;

static CAPABILITIES: Capabilities = Capabilities {
    has_window: true,
    text_max: limits::TEXT,
    sends: &render::KINDS,
    default_rate_per_s: limits::DEFAULT_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

impl Provider for WhatsappCloud {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        settings::validate(access)
    }

    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address> {
        settings::addresses(settings)
    }

    fn signature_fits(&self, secret: &secrecy::SecretString, raw: &[u8], header: &str) -> bool {
        signature::fits(secret, raw, header)
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
