//! What every actor needs: store, clock, providers, the registry of channels. Cheap to clone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::channels::{Provider, ProviderKind};
use crate::clock::Clock;
use crate::domain::policy::MessagingRules;
use crate::domain::tariff::Tariff;
use crate::domain::{TraceId, WorkspaceId};
use crate::storage::search::SearchIndex;
use crate::storage::{StorageError, Store};

use super::board::Board;
use super::contents::ContentsDesk;
use super::media::MediaDesk;
use super::registry::{ChannelEntry, Registry};
use super::standing::Standings;
use super::tally::Tally;

/// The providers by kind.
pub type Providers = BTreeMap<ProviderKind, Arc<dyn Provider>>;

/// Shared by all actors.
pub struct Core {
    /// Where everything is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// How each provider is spoken to.
    pub providers: Providers,
    /// The channels.
    pub registry: Registry,
    /// Full-text search.
    pub search: SearchIndex,
    /// Who runs, and how they are.
    pub board: Board,
    /// Consent, health, limits and money, as far as they are remembered.
    pub standings: Standings,
    /// Counts for the watchdog.
    pub tally: Tally,
    /// For calls to providers.
    pub http: reqwest::Client,
    /// What everybody who handles files shares.
    pub media: MediaDesk,
    /// What those who have contents made at providers share.
    pub contents: ContentsDesk,
}

impl Core {
    /// The provider of a kind. Every kind that can be stored is registered at start.
    pub fn provider(&self, kind: ProviderKind) -> Option<&Arc<dyn Provider>> {
        self.providers.get(&kind)
    }

    /// When the provider of a channel lets one write.
    pub fn rules(&self, entry: &ChannelEntry) -> MessagingRules {
        let rules = |provider: &Arc<dyn Provider>| provider.rules(&entry.channel.settings);
        self.provider(entry.kind).map_or(MessagingRules::SMS, rules)
    }

    /// How a channel's messages come to be charged.
    pub fn tariff(&self, entry: &ChannelEntry) -> Tariff {
        let tariff = |provider: &Arc<dyn Provider>| provider.capabilities_for(&entry.channel.settings).tariff;
        self.provider(entry.kind).map_or(Tariff::Free, tariff)
    }

    /// A keyed hash of a provider's message id, for look-ups.
    ///
    /// # Errors
    /// The workspace's keys cannot be read.
    pub fn provider_id_hash(&self, workspace: WorkspaceId, id: &str) -> Result<[u8; 16], StorageError> {
        self.store.provider_id_hash(workspace, id)
    }
}

/// A new trace.
pub fn new_trace() -> TraceId {
    TraceId::from_uuid(uuid::Uuid::now_v7())
}
