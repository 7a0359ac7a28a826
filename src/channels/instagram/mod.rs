//! Instagram messaging, by Instagram login and by Facebook login.
//!
//! Owns the translation between the provider's payloads and the domain, and the HTTP calls. Must not know the store, the
//! actors or any clock. Facts come from the provider contract, which names Meta's pages.
//!
//! Content has WhatsApp's names wherever it has one; what only Instagram has keeps the provider's (see `parse/content.rs`
//! for where media stand). A message that answers a comment goes out as the comment's one private reply; `comment_reply`
//! answers it publicly, `comment_action` hides, shows or deletes it.

mod client;
mod comments;
mod doctor;
mod errors;
mod files;
mod limits;
mod login;
mod missed;
mod parse;
mod probe;
mod render;
mod settings;
mod subscription;
mod welcome;

use std::collections::BTreeMap;

use crate::channels::login::Login;
use crate::channels::media::{MediaError, MediaSource, OutboundMedia};
use crate::channels::missed::Missed;
use crate::channels::{
    Address, BoxFuture, Capabilities, ChannelAccess, Check, ContentLimits, Delivery, FieldError, Managed,
    ParseError, Profile, Provider, Subscription, WebhookRequest, Welcome, meta_signature,
};
use crate::domain::marks::concerns_comment;
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use crate::domain::policy::{MessagingRules, Quotes};
use crate::domain::tariff::Tariff;
use crate::domain::{Content, Identity};
use subscription::Standing;

/// The provider.
#[derive(Clone, Copy, Default, Debug)]
pub struct Instagram;

static CAPABILITIES: Capabilities = Capabilities {
    counts_segments: false,
    quotes: Quotes::Comments,
    tariff: Tariff::Free,
    rules: MessagingRules::INSTAGRAM,
    text_max: limits::TEXT_BYTES,
    sends: &render::KINDS,
    default_rate_per_s: limits::DEFAULT_RATE_PER_S,
    max_rate_per_s: limits::MAX_RATE_PER_S,
    pair_burst: limits::PAIR_BURST,
    pair_spacing_s: limits::PAIR_SPACING_S,
};

impl Provider for Instagram {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn content_limits(&self, _: &BTreeMap<String, String>) -> ContentLimits {
        limits::CATALOGUE
    }

    fn media_rules(&self, _: &BTreeMap<String, String>) -> &'static [MediaRule] {
        &files::RULES
    }

    fn outbound_media(&self) -> OutboundMedia {
        OutboundMedia::Link
    }

    fn locate_media<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: &'a ChannelAccess,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<MediaSource, MediaError>> {
        Box::pin(std::future::ready(files::locate(reference)))
    }

    fn rules(&self, settings: &BTreeMap<String, String>) -> MessagingRules {
        settings::rules(settings)
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        settings::validate(access)
    }

    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address> {
        settings::addresses(settings)
    }

    fn signing_secrets(&self) -> &'static [&'static str] {
        &["app_secret", "facebook_app_secret"]
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

    fn reading_covers_earlier(&self) -> bool {
        true
    }

    fn login(&self) -> Option<&dyn Login> {
        Some(&login::InstagramLogin)
    }

    fn echoes_our_sends(&self) -> bool {
        true
    }

    fn has_profiles(&self) -> bool {
        true
    }

    fn profile<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        customer: &'a Identity,
    ) -> BoxFuture<'a, Result<Option<Profile>, ProviderError>> {
        Box::pin(client::profile(http, access, &customer.value))
    }

    fn check_welcome(&self, welcome: &Welcome) -> Result<(), FieldError> {
        welcome::check(welcome)
    }

    fn welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Welcome>, ProviderError>> {
        Box::pin(async move { welcome::read(http, access).await.map(Some) })
    }

    fn set_welcome<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        welcome: &'a Welcome,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(welcome::write(http, access, welcome))
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
        match concerns_comment(&request.content) {
            true => Box::pin(comments::send(http, access, request)),
            false => Box::pin(client::send(http, access, request)),
        }
    }

    fn mark_read<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(client::mark_read(http, access, provider_message_id))
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

    fn subscription<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Option<Subscription>>> {
        Box::pin(async move {
            let standing = subscription::read(http, access).await?;
            Ok(Some(match standing {
                Standing::Complete(_) => Subscription::Complete,
                Standing::Nobody => Subscription::Nobody,
                Standing::Lacks(field) => Subscription::Lacks(field.to_owned()),
            }))
        })
    }

    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(subscription::begin(http, access))
    }

    fn unsubscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<()>> {
        Box::pin(subscription::end(http, access))
    }

    fn missed(&self) -> Option<&dyn Missed> {
        Some(&missed::Conversations)
    }

    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(probe::run(http, access))
    }
}
