//! WhatsApp through 360dialog: the Cloud API with another address, another login, and webhooks that Meta does not sign.
//!
//! Owns what differs: settings, the check of who posts, the old payloads without `entry`, and the webhook's set-up. What is
//! said is the Cloud API's. Source: the provider contract of 360dialog.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::dialect::{self, KEY};
use super::payload::{RawObject, text_at};
use super::{WhatsappCloud, client, dialog360_templates, doctor, files, manage, parse, settings, templates};
use crate::channels::http::TIMEOUT;
use crate::channels::media::{MediaError, MediaSource, MediaUpload, OutboundMedia, UploadedMedia};
use crate::channels::settings::{Schema, is_base, is_id, is_phone};
use crate::channels::{
    Address, BoxFuture, BusinessProfile, Capabilities, ChannelAccess, Check, ContentLimits, Delivery,
    FieldError, Managed, NoticeScope, ParseError, Provider, Templates, WebhookRequest,
};
use crate::domain::health::HealthChange;
use crate::domain::inbound::{ChannelNotice, Inbound};
use crate::domain::media::MediaRule;
use crate::domain::outbound::{ErrorClass, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::template::news::{ListPage, News, Submission, Submitted};
use crate::domain::{Content, Identity};

/// The provider.
#[derive(Clone, Copy, Default, Debug)]
pub struct Dialog360;

/// Our own secret, which 360dialog sends back with each webhook as `Authorization: Bearer …`.
const WEBHOOK_SECRET: &str = "webhook_secret";
/// The platform's secret, for partners whose webhooks are signed.
const PLATFORM_SECRET: &str = "platform_secret";
/// What a legacy body may have at its top (the On-Premise API).
const LEGACY: [&str; 4] = ["messages", "statuses", "contacts", "errors"];

const SCHEMA: Schema<'static> = Schema {
    settings: &[
        ("display_phone_number", true, is_phone),
        ("phone_number_id", false, is_id),
        ("waba_id", false, is_id),
        ("api_base", false, is_base),
        ("rate_per_s", false, settings::is_rate),
        ("read_receipts", false, crate::channels::settings::is_switch),
        ("typing_indicator", false, crate::channels::settings::is_switch),
    ],
    secrets: &[(KEY, true), (WEBHOOK_SECRET, true), (PLATFORM_SECRET, false)],
    missing: "Copy it from the 360dialog hub.",
};

/// Whether the request carries our own secret, or a signature made with it. Both are compared in constant time, and there is
/// no way in without one of them.
fn fits(secret: &SecretString, request: &WebhookRequest<'_>) -> bool {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return false;
    }
    let header = (request.header)("authorization").unwrap_or_default();
    let is_ours = header.as_bytes().ct_eq(format!("Bearer {secret}").as_bytes());
    let signature = (request.header)("x-360dialog-signature").unwrap_or_default();
    let signature = signature
        .trim()
        .strip_prefix("sha256=")
        .unwrap_or(signature.trim());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(request.body);
    let digest = mac.finalize().into_bytes();
    let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let is_signed = expected
        .as_bytes()
        .ct_eq(signature.to_ascii_lowercase().as_bytes());
    (is_ours | is_signed).into()
}

/// Reads a body of either shape. Everything is for the channel that it was posted to.
fn deliveries(raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
    let items = match (wrapped(raw), own_event(raw)) {
        (Some(wrapped), _) => parse::deliveries(&wrapped)?
            .into_iter()
            .flat_map(items_of)
            .collect(),
        (None, Some(event)) => vec![event],
        (None, None) => parse::deliveries(raw)?.into_iter().flat_map(items_of).collect(),
    };
    Ok(vec![Delivery {
        address: Address::Posted,
        items,
    }])
}

fn items_of(delivery: Delivery) -> Vec<Inbound> {
    delivery.items
}

/// News of 360dialog's own about a channel or a template: an object that is no delivery of Meta's.
fn own_event(raw: &[u8]) -> Option<Inbound> {
    let body: Value = serde_json::from_slice(raw).ok()?;
    let is_metas = body.get("object").is_some() || body.get("entry").is_some();
    (body.is_object() && !is_metas).then(|| {
        Inbound::Notice(ChannelNotice {
            field: "360dialog".to_owned(),
            body,
            known: false,
        })
    })
}

/// A legacy body as a change of the Cloud API's; `None` for any other.
fn wrapped(raw: &[u8]) -> Option<Vec<u8>> {
    let fields: RawObject<'_> = serde_json::from_slice(raw).ok()?;
    let is_list = |name: &&str| fields.get(name).is_some_and(|raw| raw.get().starts_with('['));
    let is_metas = fields.get("object").is_some() || fields.get("entry").is_some();
    let is_legacy = !is_metas && LEGACY.iter().any(is_list);
    let value: &RawValue = serde_json::from_slice(raw).ok()?;
    is_legacy.then(|| {
        let change = format!(r#"[{{"field":"messages","value":{}}}]"#, value.get());
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"360dialog","changes":{change}}}]}}"#
        )
        .into_bytes()
    })
}

/// Checks the key, and has webhooks come here if they do not.
async fn probe(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    let check = |name, ok, detail: String| Check { name, ok, detail };
    if let Err(error) = Dialog360.validate(access) {
        return vec![check("settings", false, error.to_string())];
    }
    let mut checks = vec![check("settings", true, phrases::CHECK_COMPLETE.text().into())];
    let told = match webhook(http, access, None).await {
        Ok(answer) => text_at(&answer, "url").unwrap_or_default(),
        // Nothing set yet is no trouble with the key.
        Err(error) if error.class == ErrorClass::Permanent => String::new(),
        Err(error) => {
            checks.push(check("api_key", false, said(&error)));
            return checks;
        }
    };
    checks.push(check("api_key", true, phrases::CHECK_360_KNOWS.text().into()));
    let set = match told == access.webhook_url {
        true => Ok(phrases::CHECK_COMES_HERE.text().to_owned()),
        false => {
            let done = webhook(http, access, Some(&wanted(access))).await;
            done.map(|_| phrases::CHECK_360_SET.text().to_owned())
        }
    };
    checks.push(match set {
        Ok(detail) => check("webhooks", true, detail),
        Err(error) => check("webhooks", false, said(&error)),
    });
    checks
}

/// The connection test, and what the number may send.
async fn diagnose(http: &reqwest::Client, access: &ChannelAccess) -> Vec<Check> {
    let mut checks = probe(http, access).await;
    if checks.iter().any(|check| check.name == "api_key" && check.ok) {
        checks.push(doctor::sending_by(
            manage::record_at_360dialog(http, access).await,
        ));
    }
    checks
}

fn said(error: &ProviderError) -> String {
    let advice = match error.class {
        ErrorClass::Transient => phrases::ADVICE_TRY_LATER.text(),
        class => class.advice(),
    };
    error.with_advice(advice)
}

/// The webhook as it should be: our address, and our secret with it.
fn wanted(access: &ChannelAccess) -> Value {
    let secret = access
        .secrets
        .get(WEBHOOK_SECRET)
        .map_or("", |secret| secret.expose_secret());
    json!({"url": access.webhook_url, "headers": {"Authorization": format!("Bearer {secret}")}})
}

async fn webhook(
    http: &reqwest::Client,
    access: &ChannelAccess,
    set: Option<&Value>,
) -> Result<Value, ProviderError> {
    let url = dialect::bare(access, &["v1", "configs", "webhook"]);
    let url = url.map_err(|error| crate::channels::graph::config(error.to_string()))?;
    let request = match set {
        Some(body) => http.post(url).json(body),
        None => http.get(url),
    };
    let answer = dialect::call_within(request, access, TIMEOUT).await;
    answer
        .map_err(client::unanswered)?
        .success(super::errors::class_of)
}

impl Provider for Dialog360 {
    fn capabilities(&self) -> &'static Capabilities {
        WhatsappCloud.capabilities()
    }

    fn content_limits(&self, settings: &BTreeMap<String, String>) -> ContentLimits {
        WhatsappCloud.content_limits(settings)
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        crate::channels::settings::validate(access, &SCHEMA)
    }

    fn addresses(&self, _: &BTreeMap<String, String>) -> Vec<Address> {
        vec![Address::Posted]
    }

    fn signing_secrets(&self) -> &'static [&'static str] {
        &[WEBHOOK_SECRET, PLATFORM_SECRET]
    }

    fn signature_fits(&self, secret: &SecretString, _: &str, request: &WebhookRequest<'_>) -> bool {
        fits(secret, request)
    }

    fn recipient(&self, _: &BTreeMap<String, String>, to: &str) -> Option<Identity> {
        settings::recipient(to)
    }

    fn peek_addresses(&self, _: &[u8]) -> Vec<Address> {
        vec![Address::Posted]
    }

    fn parse(&self, raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
        deliveries(raw)
    }

    fn keep_only(&self, raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>> {
        keep(&Address::Posted).then(|| raw.to_vec())
    }

    fn checks_identities(&self) -> bool {
        true
    }

    fn validate_content(&self, content: &Content) -> Result<(), FieldError> {
        WhatsappCloud.validate_content(content)
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
        Box::pin(probe(http, access))
    }

    fn health_changes(&self, notice: &ChannelNotice) -> Vec<HealthChange> {
        WhatsappCloud.health_changes(notice)
    }

    fn notice_scope(&self, notice: &ChannelNotice) -> NoticeScope {
        WhatsappCloud.notice_scope(notice)
    }

    fn notice_in_words(&self, field: &str, body: &Value) -> Option<String> {
        WhatsappCloud.notice_in_words(field, body)
    }

    fn fetch_health<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Vec<HealthChange>>> {
        Box::pin(manage::health_at_360dialog(http, access))
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
        _: &'a str,
    ) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(diagnose(http, access))
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

    fn templates(&self) -> Option<&dyn Templates> {
        Some(self)
    }
}

impl Templates for Dialog360 {
    fn account(&self, settings: &BTreeMap<String, String>) -> Option<String> {
        let number = settings
            .get("waba_id")
            .or_else(|| settings.get("display_phone_number"))?;
        Some(format!("360dialog:{number}"))
    }

    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListPage, ProviderError>> {
        Box::pin(dialog360_templates::list(http, access, after))
    }

    fn submit<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        submission: Submission<'a>,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>> {
        Box::pin(dialog360_templates::submit(http, access, submission))
    }

    fn delete<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        _: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(dialog360_templates::delete(http, access, name))
    }

    fn unpause<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: &'a ChannelAccess,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::ready(Err(dialog360_templates::refused(
            "A pause can only be ended in 360dialog's own hub.",
        ))))
    }

    /// 360dialog fetches the sample from an address that stands where Meta wants a handle (not in its reference; a client
    /// that is in use does it so).
    fn outbound_samples(&self) -> OutboundMedia {
        OutboundMedia::Link
    }

    fn news(&self, field: &str, body: &Value) -> Option<News> {
        templates::news(field, body)
    }
}
