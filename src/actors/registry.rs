//! The channels, held in memory as they stand in the store. The one writer of channel records.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, Notify, watch};

use crate::channels::{Address, ChannelAccess, FieldError, ProviderKind};
use crate::domain::policy::ChannelCondition;
use crate::domain::{Channel, ChannelId, EventKind, Timestamp, TraceId, Workspace, WorkspaceId};
use crate::storage::keys::{ChannelKey, WorkspaceKey};
use crate::storage::{Batch, CommitError, Prefix, StorageError, Store};

use super::core::Providers;
use super::rotation::{Retired, in_use, retired};

/// Most channels in one workspace.
pub const MAX_CHANNELS: usize = 200;
const SCAN_PAGE: usize = 256;

/// A channel with what is needed to work with it.
pub struct ChannelEntry {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The record.
    pub channel: Channel,
    /// Which provider.
    pub kind: ProviderKind,
    /// Settings and secrets, ready for the provider's client.
    pub access: ChannelAccess,
    /// The secrets that sign its webhooks, the one in use first.
    pub signers: Vec<SecretString>,
    /// Secrets that were replaced; each is accepted until its end.
    pub retired: Vec<Retired>,
    /// Wakes the channel's actor: raw events wait.
    pub inbox: Arc<Notify>,
    /// Wakes the channel's dispatcher: messages wait, or the channel changed.
    pub outbox: Arc<Notify>,
}

impl ChannelEntry {
    /// How policy sees it.
    pub const fn condition(&self) -> ChannelCondition {
        if self.channel.paused {
            ChannelCondition::Paused
        } else {
            ChannelCondition::Active
        }
    }

    /// Whether whoever signs the webhooks of one signs the other's too: the same app, by the same secret. Two channels
    /// without a secret have nothing in common.
    pub fn is_signed_like(&self, other: &Self) -> bool {
        let secrets = |entry: &Self| -> Vec<String> {
            let first = entry
                .signers
                .first()
                .map(|secret| secret.expose_secret().to_owned());
            // While one app's secret is being replaced, some of its channels have the new one and some the old.
            let replaced = entry.retired.iter().filter(|it| it.name != "verify_token");
            let replaced = replaced.map(|it| it.secret.expose_secret().to_owned());
            first.into_iter().chain(replaced).collect()
        };
        let (own, others) = (secrets(self), secrets(other));
        let alike = own.iter().any(|secret| others.contains(secret));
        self.kind.family() == other.kind.family() && (alike || (own.is_empty() && others.is_empty()))
    }
}

#[derive(Default)]
struct Snapshot {
    by_id: HashMap<ChannelId, Arc<ChannelEntry>>,
    by_address: HashMap<Address, Vec<ChannelId>>,
}

/// Where this process stands: what a channel's record cannot know.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Under which address providers reach this appliance.
    pub public_url: String,
    /// Under which address the simulators reach it, on this machine.
    pub local_url: String,
    /// Settings that hold for every channel of a kind, over what stands in its record: where its simulator listens.
    pub overrides: BTreeMap<ProviderKind, BTreeMap<String, String>>,
}

/// The registry. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    store: Store,
    providers: Providers,
    surroundings: Arc<Surroundings>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    changes: Arc<watch::Sender<u64>>,
    writing: Arc<Mutex<()>>,
}

/// Why a channel could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No such channel in this workspace.
    #[error("no such channel")]
    NotFound,
    /// The provider's address is taken by another channel with the same secret.
    #[error("another channel already has this address")]
    AddressTaken,
    /// The workspace has as many as it may.
    #[error("a workspace has at most {MAX_CHANNELS} channels")]
    TooMany,
    /// It was changed since the caller read it.
    #[error("the channel was changed meanwhile")]
    VersionMismatch,
    /// The channel would be none that its provider can work with.
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Registry {
    /// Reads all channels of all workspaces.
    ///
    /// # Errors
    /// The store cannot be read. A single channel that cannot be read is logged and left out.
    pub fn load(
        store: Store,
        providers: Providers,
        surroundings: Surroundings,
    ) -> Result<Self, StorageError> {
        let registry = Self {
            store,
            providers,
            surroundings: Arc::new(surroundings),
            snapshot: Arc::new(ArcSwap::from_pointee(Snapshot::default())),
            changes: Arc::new(watch::Sender::new(0)),
            writing: Arc::new(Mutex::new(())),
        };
        let mut entries = Vec::new();
        for workspace in all_workspaces(&registry.store)? {
            let channels = registry.store.scan(
                &Prefix::<ChannelKey>::table().with(workspace.id),
                None,
                MAX_CHANNELS,
            )?;
            entries.extend(
                channels
                    .into_iter()
                    .filter_map(|(key, channel)| registry.entry(key.workspace, channel, None)),
            );
        }
        registry.publish(entries);
        Ok(registry)
    }

    fn entry(
        &self,
        workspace: WorkspaceId,
        channel: Channel,
        previous: Option<&ChannelEntry>,
    ) -> Option<Arc<ChannelEntry>> {
        let Some(kind) =
            ProviderKind::from_u8(channel.provider).filter(|kind| self.providers.contains_key(kind))
        else {
            tracing::error!(channel = %channel.id, provider = channel.provider, "channel of an unknown provider is left out");
            return None;
        };
        let secrets =
            in_use(&channel).map(|(name, secret)| (name.clone(), SecretString::from(secret.as_str())));
        let mut settings = channel.settings.clone();
        let around = &self.surroundings;
        settings.extend(around.overrides.get(&kind).cloned().unwrap_or_default());
        let base = match kind.is_sandbox() {
            true => &around.local_url,
            false => &around.public_url,
        };
        let access = ChannelAccess {
            settings,
            secrets: secrets.collect(),
            webhook_url: format!("{}{}", base.trim_end_matches('/'), kind.webhook_path(channel.id)),
        };
        let names = self.providers.get(&kind).map_or(&[][..], |p| p.signing_secrets());
        let signers = names.iter().filter_map(|name| access.secrets.get(*name)).cloned();
        let signers = signers.collect();
        let fresh = || Arc::new(Notify::new());
        Some(Arc::new(ChannelEntry {
            workspace,
            kind,
            access,
            signers,
            retired: retired(&channel, Timestamp(i64::MIN)),
            inbox: previous.map_or_else(fresh, |p| p.inbox.clone()),
            outbox: previous.map_or_else(fresh, |p| p.outbox.clone()),
            channel,
        }))
    }

    fn publish(&self, entries: Vec<Arc<ChannelEntry>>) {
        let mut snapshot = Snapshot::default();
        for entry in entries {
            let provider = self.providers.get(&entry.kind);
            for address in provider
                .map(|p| p.addresses(&entry.channel.settings))
                .unwrap_or_default()
            {
                snapshot
                    .by_address
                    .entry(address)
                    .or_default()
                    .push(entry.channel.id);
            }
            snapshot.by_id.insert(entry.channel.id, entry);
        }
        self.snapshot.store(Arc::new(snapshot));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells of every change once it can be seen here, which is a moment after its event stands in the journal.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A channel, whoever owns it. For machinery that has the id from a record.
    pub fn get(&self, channel: ChannelId) -> Option<Arc<ChannelEntry>> {
        self.snapshot.load().by_id.get(&channel).cloned()
    }

    /// A channel of this workspace.
    pub fn find(&self, workspace: WorkspaceId, channel: ChannelId) -> Option<Arc<ChannelEntry>> {
        self.get(channel).filter(|entry| entry.workspace == workspace)
    }

    /// All channels.
    pub fn all(&self) -> Vec<Arc<ChannelEntry>> {
        self.snapshot.load().by_id.values().cloned().collect()
    }

    /// All channels of a workspace, oldest first.
    pub fn list(&self, workspace: WorkspaceId) -> Vec<Arc<ChannelEntry>> {
        let mut entries: Vec<_> = self
            .all()
            .into_iter()
            .filter(|entry| entry.workspace == workspace)
            .collect();
        entries.sort_by_key(|entry| entry.channel.id);
        entries
    }

    /// The channels that a payload may be for.
    pub fn by_address(&self, address: &Address) -> Vec<Arc<ChannelEntry>> {
        let snapshot = self.snapshot.load();
        let ids = snapshot
            .by_address
            .get(address)
            .map(Vec::as_slice)
            .unwrap_or_default();
        ids.iter()
            .filter_map(|id| snapshot.by_id.get(id).cloned())
            .collect()
    }

    /// Adds a channel, already checked by its provider.
    ///
    /// # Errors
    /// Its address is taken, or the store refuses.
    pub async fn add(
        &self,
        workspace: WorkspaceId,
        channel: Channel,
        now: Timestamp,
        trace: TraceId,
    ) -> Result<Arc<ChannelEntry>, RegistryError> {
        let _writing = self.writing.lock().await;
        if self.list(workspace).len() >= MAX_CHANNELS {
            return Err(RegistryError::TooMany);
        }
        let event = EventKind::ChannelUpdated(channel.id);
        self.write(workspace, channel, None, event, now, trace).await
    }

    /// Changes a channel.
    ///
    /// # Errors
    /// No such channel, its new address is taken, or the store refuses.
    pub async fn change(
        &self,
        workspace: WorkspaceId,
        id: ChannelId,
        now: Timestamp,
        trace: TraceId,
        change: impl FnOnce(&mut Channel),
    ) -> Result<Arc<ChannelEntry>, RegistryError> {
        let change = |channel: &mut Channel| {
            change(channel);
            Ok(())
        };
        self.edit((workspace, id), None, now, trace, change).await
    }

    /// Changes a channel as someone wishes, if it is still at the version that they read. `change` must check the result
    /// with the provider.
    ///
    /// # Errors
    /// What `change` says; no such channel; another version; its new address is taken; or the store refuses.
    pub async fn edit(
        &self,
        (workspace, id): (WorkspaceId, ChannelId),
        if_version: Option<u64>,
        now: Timestamp,
        trace: TraceId,
        change: impl FnOnce(&mut Channel) -> Result<(), FieldError>,
    ) -> Result<Arc<ChannelEntry>, RegistryError> {
        let _writing = self.writing.lock().await;
        let previous = self.find(workspace, id).ok_or(RegistryError::NotFound)?;
        if if_version.is_some_and(|version| version != previous.channel.version) {
            return Err(RegistryError::VersionMismatch);
        }
        let mut channel = previous.channel.clone();
        change(&mut channel)?;
        if channel == previous.channel {
            return Ok(previous);
        }
        channel.version += 1;
        let event = EventKind::ChannelUpdated(id);
        let entry = self
            .write(workspace, channel, Some(&previous), event, now, trace)
            .await?;
        entry.outbox.notify_one();
        entry.inbox.notify_one();
        Ok(entry)
    }

    async fn write(
        &self,
        workspace: WorkspaceId,
        channel: Channel,
        previous: Option<&ChannelEntry>,
        event: EventKind,
        now: Timestamp,
        trace: TraceId,
    ) -> Result<Arc<ChannelEntry>, RegistryError> {
        let id = channel.id;
        let entry = self
            .entry(workspace, channel, previous)
            .ok_or(RegistryError::NotFound)?;
        self.check_address(&entry)?;
        let seal = self.store.workspace_seal(workspace)?;
        let mut batch = Batch::new();
        batch
            .put(
                &ChannelKey {
                    workspace,
                    channel: id,
                },
                &entry.channel,
                &seal,
            )
            .event(workspace, now, trace, event);
        self.store.commit(batch).await?;
        let others = self.all().into_iter().filter(|other| other.channel.id != id);
        self.publish(others.chain([entry.clone()]).collect());
        Ok(entry)
    }

    /// One number must lead to one channel: the same address with the same app secret cannot be told apart.
    fn check_address(&self, entry: &ChannelEntry) -> Result<(), RegistryError> {
        let Some(provider) = self.providers.get(&entry.kind) else {
            return Err(RegistryError::NotFound);
        };
        let numbers = provider
            .addresses(&entry.channel.settings)
            .into_iter()
            .filter(|a| matches!(a, Address::Number(_)));
        for address in numbers {
            let is_same = |other: &Arc<ChannelEntry>| {
                other.channel.id != entry.channel.id && other.is_signed_like(entry)
            };
            let taken = self.by_address(&address).iter().any(is_same);
            if taken {
                return Err(RegistryError::AddressTaken);
            }
        }
        Ok(())
    }

    /// Removes a channel. Its conversations stay, nothing can be sent in them.
    ///
    /// # Errors
    /// No such channel, or the store refuses.
    pub async fn remove(
        &self,
        workspace: WorkspaceId,
        id: ChannelId,
        now: Timestamp,
        trace: TraceId,
    ) -> Result<(), RegistryError> {
        let _writing = self.writing.lock().await;
        let entry = self.find(workspace, id).ok_or(RegistryError::NotFound)?;
        let mut batch = Batch::new();
        batch.delete(&ChannelKey {
            workspace,
            channel: id,
        });
        batch.event(workspace, now, trace, EventKind::ChannelRemoved(id));
        self.store.commit(batch).await?;
        self.publish(
            self.all()
                .into_iter()
                .filter(|other| other.channel.id != id)
                .collect(),
        );
        entry.outbox.notify_one();
        entry.inbox.notify_one();
        Ok(())
    }
}

/// Every workspace of the appliance.
///
/// # Errors
/// The store cannot be read.
pub fn all_workspaces(store: &Store) -> Result<Vec<Workspace>, StorageError> {
    let mut all = Vec::new();
    let mut after: Option<WorkspaceKey> = None;
    loop {
        let page = store.scan(&Prefix::<WorkspaceKey>::table(), after.as_ref(), SCAN_PAGE)?;
        after = page.last().map(|(key, _)| *key);
        let is_last = page.len() < SCAN_PAGE;
        all.extend(page.into_iter().map(|(_, workspace)| workspace));
        if is_last {
            return Ok(all);
        }
    }
}
