//! A provider's adapter with bugs on request, and one that can be out of reach for as long as a clock says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use frontdesk::actors::Providers;
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{
    Address, BoxFuture, Capabilities, ChannelAccess, Check, Delivery, FieldError, ParseError, Provider,
    ProviderKind, WebhookRequest,
};
use frontdesk::domain::outbound::{ProviderError, SendOutcome, SendRequest};
use frontdesk::domain::{Content, Identity};

/// Panics in some calls: negative values let calls pass first.
#[derive(Default)]
pub struct Panics {
    left: AtomicI64,
    pass: AtomicI64,
}

impl Panics {
    /// The next `pass` calls go well, then so many panic.
    pub fn plan(&self, pass: i64, panics: i64) {
        self.left.store(panics, Ordering::SeqCst);
        self.pass.store(pass, Ordering::SeqCst);
    }

    fn strike(&self, where_: &str) {
        if self.pass.fetch_sub(1, Ordering::SeqCst) > 0 {
            return;
        }
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        assert!(left <= 0, "a bug in {where_}, on purpose");
    }
}

type Send = dyn Fn(&SendRequest) -> SendOutcome + std::marker::Send + Sync;

/// WhatsApp Cloud with something in between.
#[derive(Default)]
pub struct StandIn {
    pub parse: Panics,
    pub addresses: Panics,
    pub capabilities: Panics,
    pub send: Panics,
    /// Answers sends in the place of the provider.
    pub answers: Option<Box<Send>>,
}

impl StandIn {
    pub fn providers(self: &Arc<Self>) -> Providers {
        let it: Arc<dyn Provider> = self.clone();
        BTreeMap::from([
            (ProviderKind::WhatsappCloud, it.clone()),
            (ProviderKind::Sandbox, it),
        ])
    }
}

impl Provider for StandIn {
    fn capabilities(&self) -> &'static Capabilities {
        self.capabilities.strike("capabilities");
        WhatsappCloud.capabilities()
    }

    fn validate(&self, access: &ChannelAccess) -> Result<(), FieldError> {
        WhatsappCloud.validate(access)
    }

    fn addresses(&self, settings: &BTreeMap<String, String>) -> Vec<Address> {
        self.addresses.strike("addresses");
        WhatsappCloud.addresses(settings)
    }

    fn signature_fits(
        &self,
        secret: &secrecy::SecretString,
        webhook_url: &str,
        request: &WebhookRequest<'_>,
    ) -> bool {
        WhatsappCloud.signature_fits(secret, webhook_url, request)
    }

    fn recipient(&self, settings: &BTreeMap<String, String>, to: &str) -> Option<Identity> {
        WhatsappCloud.recipient(settings, to)
    }

    fn peek_addresses(&self, raw: &[u8]) -> Vec<Address> {
        WhatsappCloud.peek_addresses(raw)
    }

    fn parse(&self, raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
        self.parse.strike("parse");
        WhatsappCloud.parse(raw)
    }

    fn keep_only(&self, raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>> {
        WhatsappCloud.keep_only(raw, keep)
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
        Box::pin(async move {
            self.send.strike("send");
            match &self.answers {
                Some(answers) => answers(request),
                None => WhatsappCloud.send(http, access, request).await,
            }
        })
    }

    fn mark_read<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        provider_message_id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        WhatsappCloud.mark_read(http, access, provider_message_id)
    }

    fn test_connection<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Vec<Check>> {
        WhatsappCloud.test_connection(http, access)
    }
}
