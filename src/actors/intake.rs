//! Where webhooks come in: signature over the raw body, the raw event made durable, and only then the acknowledgement.
//! Nothing is interpreted here but whom the body speaks to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::channels::{Address, Provider, ProviderKind, WebhookRequest};
use crate::domain::operations::{RawEvent, RawState};
use crate::domain::{ChannelId, RawEventId, Timestamp, TraceId};
use crate::storage::keys::{RawBlobKey, RawEventKey, RawPendingKey};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::backlog::Backlog;
use super::core::Core;
use super::registry::{ChannelEntry, all_workspaces};
use super::rotation::Retired;

/// Largest webhook body that is taken (WhatsApp Cloud API: payloads up to 3 MB), in bytes.
pub const MAX_BODY: usize = 4 << 20;
/// Raw events that may wait to be worked in; beyond it senders are asked to come back.
pub const MAX_WAITING: usize = 500_000;
/// Channels that one body may speak to.
pub(super) const MAX_TARGETS: usize = 64;

/// The providers whose webhooks arrive at one path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entrance {
    /// `/webhooks/whatsapp`: WhatsApp Cloud API, and the sandbox that speaks it.
    Whatsapp,
    /// `/webhooks/instagram`: Instagram by either login, and the sandbox that speaks it.
    Instagram,
    /// `/webhooks/twilio/{channel_id}`.
    Twilio(ChannelId),
    /// `/webhooks/360dialog/{channel_id}`.
    Dialog360(ChannelId),
}

impl Entrance {
    /// Whether deliveries to a channel come in here.
    fn leads_to(self, entry: &ChannelEntry) -> bool {
        let (family, channel) = match self {
            Self::Whatsapp => (ProviderKind::WhatsappCloud, None),
            Self::Instagram => (ProviderKind::Instagram, None),
            Self::Twilio(channel) => (ProviderKind::Twilio, Some(channel)),
            Self::Dialog360(channel) => (ProviderKind::Dialog360, Some(channel)),
        };
        entry.kind.family() == family && channel.is_none_or(|channel| channel == entry.channel.id)
    }
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// No signature that fits any configured secret.
    #[error("the signature does not fit")]
    BadSignature,
    /// Signed, but nothing that the provider would send.
    #[error("the body is not a delivery of this provider")]
    NotADelivery,
    /// Too much is waiting to be worked in.
    #[error("too many webhooks are waiting")]
    Full,
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The raw event was not committed, so it is not acknowledged.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The intake. Shared by all web workers.
pub struct Intake {
    core: Arc<Core>,
    next: AtomicU64,
    backlog: Arc<Backlog>,
}

impl Intake {
    /// Continues after the last raw event in the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(core: Arc<Core>, backlog: Arc<Backlog>) -> Result<Self, StorageError> {
        let last = core
            .store
            .scan_keys_back(&Prefix::<RawBlobKey>::table(), None, 1)?;
        let mut last = last.first().map_or(0, |key| key.raw.0);
        // A replay may have given numbers to events without bytes of their own.
        for workspace in all_workspaces(&core.store)? {
            let prefix = Prefix::<RawEventKey>::table().with(workspace.id);
            let events = core.store.scan_keys_back(&prefix, None, 1)?;
            last = last.max(events.first().map_or(0, |key| key.raw.0));
        }
        let next = if last == 0 { 1 } else { last + MAX_TARGETS as u64 };
        Ok(Self {
            core,
            next: AtomicU64::new(next),
            backlog,
        })
    }

    /// A number that no raw event has.
    pub(super) fn reserve(&self) -> RawEventId {
        RawEventId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Answers the verification handshake: whether `token` is some channel's verify token.
    pub fn verify_token_fits(&self, entrance: Entrance, token: &str) -> bool {
        let mut fits = subtle::Choice::from(0);
        let now = self.core.clock.now();
        for entry in self.entries(entrance) {
            let replaced = accepted(&entry, now).filter(|it| it.name == "verify_token");
            let replaced = replaced.map(|it| &it.secret);
            for expected in entry
                .access
                .secrets
                .get("verify_token")
                .into_iter()
                .chain(replaced)
            {
                fits |= expected.expose_secret().as_bytes().ct_eq(token.as_bytes());
            }
        }
        fits.into()
    }

    fn entries(&self, entrance: Entrance) -> Vec<Arc<ChannelEntry>> {
        let all = self.core.registry.all().into_iter();
        all.filter(|entry| entrance.leads_to(entry)).collect()
    }

    /// Takes one delivery. Returns once it is durable.
    ///
    /// # Errors
    /// Says why it was not taken; then nothing of it is stored.
    pub async fn take(
        &self,
        entrance: Entrance,
        request: &WebhookRequest<'_>,
        trace: TraceId,
    ) -> Result<(), IntakeError> {
        let body = request.body;
        let signed = self.signed_by(entrance, request);
        let Some(first) = signed.first() else {
            metrics::counter!("frontdesk_webhook_rejected_total", "reason" => "signature").increment(1);
            self.core.tally.bad_signature();
            return Err(IntakeError::BadSignature);
        };
        let Some(provider) = self.core.provider(first.kind) else {
            return Err(IntakeError::BadSignature);
        };
        if !provider.is_delivery(body) {
            metrics::counter!("frontdesk_webhook_rejected_total", "reason" => "not_a_delivery").increment(1);
            return Err(IntakeError::NotADelivery);
        }
        if self.backlog.waiting() >= MAX_WAITING {
            return Err(IntakeError::Full);
        }
        let kept = provider.kept(request);
        let targets = targets(provider.as_ref(), &signed, &kept);
        let batch = self.batch(&targets, &kept, trace, false);
        let (core, backlog) = (self.core.clone(), self.backlog.clone());
        // In a task of its own: a sender that hangs up takes its request with it, but what is committed must be worked in.
        let committing = tokio::spawn(async move { commit(&core, &backlog, &targets, batch).await });
        committing.await.unwrap_or(Err(CommitError::Unknown))?;
        metrics::counter!("frontdesk_webhooks_total").increment(1);
        Ok(())
    }

    /// The channels one of whose secrets made this signature. Each distinct secret is tried once for each address.
    fn signed_by(&self, entrance: Entrance, request: &WebhookRequest<'_>) -> Vec<Arc<ChannelEntry>> {
        let mut by_secret: BTreeMap<(&str, &str), Vec<&Arc<ChannelEntry>>> = BTreeMap::new();
        let entries = self.entries(entrance);
        let now = self.core.clock.now();
        for entry in &entries {
            let replaced = accepted(entry, now).filter(|it| it.name != "verify_token");
            for secret in entry.signers.iter().chain(replaced.map(|it| &it.secret)) {
                let key = (secret.expose_secret(), entry.access.webhook_url.as_str());
                by_secret.entry(key).or_default().push(entry);
            }
        }
        let mut signed = BTreeMap::new();
        for ((secret, url), entries) in by_secret {
            let fits = self
                .core
                .provider(entries[0].kind)
                .is_some_and(|provider| provider.signature_fits(&secret.into(), url, request));
            if fits {
                signed.extend(entries.into_iter().map(|entry| (entry.channel.id, entry.clone())));
            }
        }
        signed.into_values().collect()
    }

    /// Takes what was asked of the provider for one channel as if it had come by webhook. Returns once it is durable.
    ///
    /// # Errors
    /// Says why it was not taken; then nothing of it is stored.
    pub async fn take_fetched(
        &self,
        entry: &Arc<ChannelEntry>,
        body: &[u8],
        trace: TraceId,
    ) -> Result<(), IntakeError> {
        if self.backlog.waiting() >= MAX_WAITING {
            return Err(IntakeError::Full);
        }
        let targets = BTreeMap::from([(entry.channel.id, entry.clone())]);
        let batch = self.batch(&targets, body, trace, true);
        let (core, backlog) = (self.core.clone(), self.backlog.clone());
        let committing = tokio::spawn(async move { commit(&core, &backlog, &targets, batch).await });
        committing.await.unwrap_or(Err(CommitError::Unknown))?;
        metrics::counter!("frontdesk_fetched_deliveries_total").increment(1);
        Ok(())
    }

    fn batch(
        &self,
        targets: &BTreeMap<ChannelId, Arc<ChannelEntry>>,
        body: &[u8],
        trace: TraceId,
        fetched: bool,
    ) -> Batch {
        let first = self.next.fetch_add(targets.len() as u64, Ordering::Relaxed);
        let blob = RawEventId(first);
        let received_at = self.core.clock.now();
        let mut batch = Batch::new();
        batch.put_blob(&RawBlobKey { raw: blob }, body, &self.core.store.system_seal());
        for (id, entry) in (first..).map(RawEventId).zip(targets.values()) {
            let (workspace, channel) = (entry.workspace, entry.channel.id);
            let raw = RawEvent {
                id,
                blob,
                channel,
                provider: entry.channel.provider,
                received_at,
                state: RawState::Pending,
                error: None,
                attempts: 0,
                size: u32::try_from(body.len()).unwrap_or(u32::MAX),
                trace,
                fetched,
            };
            batch.put(&RawEventKey { workspace, raw: id }, &raw, &Seal::Open);
            batch.put(
                &RawPendingKey {
                    workspace,
                    channel,
                    raw: id,
                },
                &(),
                &Seal::Open,
            );
        }
        batch
    }
}

/// Replaced secrets whose time has not ended.
fn accepted(entry: &ChannelEntry, now: Timestamp) -> impl Iterator<Item = &Retired> {
    entry.retired.iter().filter(move |it| it.until > now)
}

/// Commits a delivery and wakes its channels. It counts as waiting from before the commit on: a channel's actor may have
/// worked it in, and counted it off, before the commit's answer is here.
async fn commit(
    core: &Core,
    backlog: &Backlog,
    targets: &BTreeMap<ChannelId, Arc<ChannelEntry>>,
    batch: Batch,
) -> Result<(), CommitError> {
    let arrival = backlog.arrive();
    backlog.add(targets.len());
    let committed = core.store.commit(batch).await;
    if committed.is_err() {
        backlog.remove(targets.len());
    }
    drop(arrival);
    for entry in targets.values() {
        entry.inbox.notify_one();
    }
    committed.map(drop)
}

/// The channels that the body speaks to, of those whose secret fits. A body that speaks to nobody known goes to the
/// first of them, where it is kept and shown.
fn targets(
    provider: &dyn Provider,
    signed: &[Arc<ChannelEntry>],
    body: &[u8],
) -> BTreeMap<ChannelId, Arc<ChannelEntry>> {
    let mut targets = BTreeMap::new();
    for address in provider.peek_addresses(body) {
        if let Some(entry) = addressee(provider, signed, &address) {
            targets.insert(entry.channel.id, entry.clone());
        }
        if targets.len() == MAX_TARGETS {
            break;
        }
    }
    if targets.is_empty() {
        targets.extend(
            signed
                .iter()
                .min_by_key(|entry| entry.channel.id)
                .map(|e| (e.channel.id, e.clone())),
        );
    }
    targets
}

/// The channel of an address among `entries`; for an account with several numbers the oldest of them.
pub(super) fn addressee<'a>(
    provider: &dyn Provider,
    entries: &'a [Arc<ChannelEntry>],
    address: &Address,
) -> Option<&'a Arc<ChannelEntry>> {
    let has = |entry: &&Arc<ChannelEntry>| provider.addresses(&entry.channel.settings).contains(address);
    entries.iter().filter(has).min_by_key(|entry| entry.channel.id)
}
