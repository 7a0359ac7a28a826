//! Channels. Secrets never leave: only whether each is set.

use super::PhraseView;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use super::MediaRuleView;
use crate::actors::Core;
use crate::actors::rotation::in_use;
use crate::channels::{ContentLimits, Provider};
use crate::domain::operations::SendPriority;
use crate::domain::policy::Quotes;
use crate::domain::time::SECOND;
use crate::domain::{Channel, ChannelId, Timestamp, WorkspaceId};
use crate::storage::keys::{ConversationKey, DeadLetterKey, DoubtfulKey, OutboxKey};
use crate::storage::{Prefix, StorageError};

/// How long counted figures are shown before they are counted again, in microseconds.
const FRESH: i64 = SECOND;
/// Most rows that are counted of one channel's queue, and of a workspace's dead letters and doubtful sends.
const MAX_COUNTED: usize = 20_000;
/// Most rows of one priority that are looked at for sends under way; they stand first.
const MAX_ACTIVE: usize = 1_000;
/// Most dead letters and doubtful sends that are told apart by channel.
const MAX_TROUBLE: usize = 1_000;

/// Whether a secret is set.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct SecretView {
    /// It is.
    pub set: bool,
}

/// What waits in front of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct QueueView {
    /// Messages that wait to be sent.
    pub queued: usize,
    /// Messages that are being sent right now.
    pub active: usize,
    /// Sends whose answer was lost.
    pub doubtful: usize,
    /// Messages that were given up and wait for a person.
    pub dead: usize,
    /// There is more than was counted: the figures are lower bounds.
    pub more: bool,
}

/// Whether anything goes out.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct BreakerView {
    /// `closed`: messages flow. `open`: the provider refuses everything, the queue waits. `half_open`: one message is
    /// being tried.
    #[schema(schema_with = crate::http::words::breaker)]
    pub state: &'static str,
    /// Why it is open.
    #[schema(required)]
    pub reason: Option<String>,
    /// `reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_phrase: Option<PhraseView>,
}

impl BreakerView {
    /// As the channel and its queue show it.
    pub fn new(channel: &Channel, queue: &QueueView) -> Self {
        let state = match (&channel.blocked, queue.active) {
            (None, _) => "closed",
            (Some(_), 0) => "open",
            (Some(_), _) => "half_open",
        };
        Self {
            state,
            reason: channel.blocked.clone(),
            reason_phrase: PhraseView::of_some(channel.blocked.as_ref()),
        }
    }
}

/// A channel.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChannelView {
    /// Its id.
    pub id: String,
    /// `whatsapp_cloud` or `sandbox`.
    #[schema(value_type = String)]
    #[schema(required)]
    pub provider: Option<crate::channels::ProviderKind>,
    /// What the team calls it.
    pub name: String,
    /// `active`, `paused` or `blocked`.
    #[schema(schema_with = crate::http::words::channel_status)]
    pub status: &'static str,
    /// Why it is blocked.
    #[schema(required)]
    pub status_reason: Option<String>,
    /// `status_reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason_phrase: Option<PhraseView>,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
    /// Which secrets are set.
    pub secrets: BTreeMap<String, SecretView>,
    /// What can be sent over it.
    pub capabilities: CapabilitiesView,
    /// Where the provider posts its webhooks.
    pub webhook_url: String,
    /// When it was added.
    pub created_at: String,
    /// What waits in front of it.
    pub queue: QueueView,
    /// Whether anything goes out.
    pub breaker: BreakerView,
    /// What it takes of files; a kind that is not listed cannot be sent.
    pub media: Vec<MediaRuleView>,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

/// What can be sent over a channel, and the limits on it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CapabilitiesView {
    /// Free-form messages only within 24 hours after the customer wrote.
    pub has_window: bool,
    /// Types of content.
    pub sends: Vec<&'static str>,
    /// Message templates can be sent, at any time.
    pub has_templates: bool,
    /// Its templates are written, submitted and listed here.
    pub manages_templates: bool,
    /// It can be asked for messages whose webhooks never came.
    pub fetches_missed: bool,
    /// Texts are charged by SMS segments.
    pub counts_segments: bool,
    /// Which messages an answer can quote (`context`): `any`, `comments` or `none`.
    #[schema(schema_with = crate::http::words::quotes)]
    pub quotes: &'static str,
    /// The limits on it.
    pub limits: ContentLimits,
}

impl CapabilitiesView {
    fn of(provider: Option<&Arc<dyn Provider>>, settings: &BTreeMap<String, String>) -> Self {
        let capabilities = provider.map(|provider| provider.capabilities_for(settings));
        Self {
            has_window: capabilities.is_some_and(|it| it.rules.has_window),
            sends: capabilities.map(|it| it.sends.to_vec()).unwrap_or_default(),
            has_templates: capabilities.is_some_and(|it| it.rules.has_templates),
            manages_templates: provider
                .and_then(|it| it.templates()?.account(settings))
                .is_some(),
            fetches_missed: provider.is_some_and(|it| it.missed().is_some()),
            counts_segments: capabilities.is_some_and(|it| it.counts_segments),
            quotes: capabilities.map_or(Quotes::Never, |it| it.quotes).as_str(),
            limits: provider.map_or(ContentLimits::NONE, |it| it.content_limits(settings)),
        }
    }
}

impl ChannelView {
    fn new(channel: &Channel, capabilities: CapabilitiesView, public_url: &str, queue: QueueView) -> Self {
        let kind = crate::channels::ProviderKind::from_u8(channel.provider);
        let path = kind.map_or(String::new(), |kind| kind.webhook_path(channel.id));
        let status = match (&channel.blocked, channel.paused) {
            (_, true) => "paused",
            (Some(_), false) => "blocked",
            (None, false) => "active",
        };
        Self {
            id: channel.id.to_string(),
            provider: kind,
            name: channel.name.clone(),
            status,
            status_reason: channel.blocked.clone(),
            status_reason_phrase: PhraseView::of_some(channel.blocked.as_ref()),
            settings: channel.settings.clone(),
            secrets: in_use(channel)
                .map(|(name, _)| (name.clone(), SecretView { set: true }))
                .collect(),
            webhook_url: format!("{}{path}", public_url.trim_end_matches('/')),
            capabilities,
            created_at: channel.created_at.to_string(),
            queue,
            breaker: BreakerView::new(channel, &queue),
            media: Vec::new(),
            version: channel.version,
        }
    }
}

type Queues = Arc<HashMap<ChannelId, QueueView>>;

/// Makes views of channels, with figures that are at most a second old. One for the whole server, in `web::Data`.
pub struct ChannelViews {
    core: Arc<Core>,
    public_url: String,
    counted: Mutex<HashMap<WorkspaceId, (Timestamp, Queues)>>,
}

impl ChannelViews {
    /// `public_url` is where the appliance is reached from outside.
    pub fn new(core: Arc<Core>, public_url: String) -> Self {
        Self {
            core,
            public_url,
            counted: Mutex::default(),
        }
    }

    /// A channel as the API shows it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn view(&self, workspace: WorkspaceId, channel: &Channel) -> Result<ChannelView, StorageError> {
        let queues = self.queues(workspace)?;
        let queue = queues.get(&channel.id).copied().unwrap_or_default();
        let kind = crate::channels::ProviderKind::from_u8(channel.provider);
        let provider = kind.and_then(|kind| self.core.provider(kind));
        Ok(ChannelView {
            media: MediaRuleView::all(provider.map_or(&[], |it| it.media_rules(&channel.settings))),
            ..ChannelView::new(
                channel,
                CapabilitiesView::of(provider, &channel.settings),
                &self.public_url,
                queue,
            )
        })
    }

    /// Where the appliance is reached from outside.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// What waits in front of each channel of a workspace.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn queues(&self, workspace: WorkspaceId) -> Result<Queues, StorageError> {
        let now = self.core.clock.now();
        if let Some((at, queues)) = self.counted.lock().get(&workspace)
            && now.since(*at).unsigned_abs() < FRESH.unsigned_abs()
        {
            return Ok(queues.clone());
        }
        let queues = Arc::new(self.count(workspace)?);
        self.counted.lock().insert(workspace, (now, queues.clone()));
        Ok(queues)
    }

    fn count(&self, workspace: WorkspaceId) -> Result<HashMap<ChannelId, QueueView>, StorageError> {
        let mut queues = HashMap::new();
        for entry in self.core.registry.list(workspace) {
            let id = entry.channel.id;
            queues.insert(id, self.count_outbox(workspace, id)?);
        }
        self.count_dead(workspace, &mut queues)?;
        self.count_doubtful(workspace, &mut queues)?;
        Ok(queues)
    }

    fn count_outbox(&self, workspace: WorkspaceId, channel: ChannelId) -> Result<QueueView, StorageError> {
        let store = &self.core.store;
        let prefix = || Prefix::<OutboxKey>::table().with(workspace).with(channel);
        let (mut rows, mut after) = (0, None);
        let more = loop {
            let page = store.scan_keys(&prefix(), after.as_ref(), MAX_COUNTED / 2)?;
            rows += page.len();
            if page.len() < MAX_COUNTED / 2 {
                break false;
            }
            if rows >= MAX_COUNTED {
                break true;
            }
            after = page.last().copied();
        };
        let mut active = 0;
        for priority in [SendPriority::Reply, SendPriority::Bulk] {
            let first = store.scan(&prefix().with(priority as u8), None, MAX_ACTIVE)?;
            active += first.iter().filter(|(_, row)| row.active).count();
        }
        Ok(QueueView {
            queued: rows.saturating_sub(active),
            active,
            more,
            ..QueueView::default()
        })
    }

    fn count_dead(
        &self,
        workspace: WorkspaceId,
        queues: &mut HashMap<ChannelId, QueueView>,
    ) -> Result<(), StorageError> {
        let prefix = Prefix::<DeadLetterKey>::table().with(workspace);
        let letters = self.core.store.scan(&prefix, None, MAX_TROUBLE)?;
        let more = letters.len() == MAX_TROUBLE;
        for (_, letter) in letters {
            if let Some(queue) = queues.get_mut(&letter.channel) {
                queue.dead += 1;
            }
        }
        queues.values_mut().for_each(|queue| queue.more |= more);
        Ok(())
    }

    fn count_doubtful(
        &self,
        workspace: WorkspaceId,
        queues: &mut HashMap<ChannelId, QueueView>,
    ) -> Result<(), StorageError> {
        let prefix = Prefix::<DoubtfulKey>::table().with(workspace);
        let doubtful = self.core.store.scan_keys(&prefix, None, MAX_TROUBLE)?;
        let more = doubtful.len() == MAX_TROUBLE;
        let mut channels = HashMap::new();
        for key in doubtful {
            let conversation = key.message.conversation;
            let channel = match channels.get(&conversation) {
                Some(known) => *known,
                None => {
                    let key = ConversationKey {
                        workspace,
                        conversation,
                    };
                    let found = self.core.store.get(&key)?.map(|found| found.channel);
                    channels.insert(conversation, found);
                    found
                }
            };
            if let Some(queue) = channel.and_then(|channel| queues.get_mut(&channel)) {
                queue.doubtful += 1;
            }
        }
        queues.values_mut().for_each(|queue| queue.more |= more);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(blocked: Option<&str>, paused: bool) -> Channel {
        Channel {
            id: ChannelId([1; 16]),
            provider: 1,
            name: "Shop".into(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::from([("app_secret".to_owned(), "hush-hush".to_owned())]),
            paused,
            blocked: blocked.map(str::to_owned),
            created_at: Timestamp(0),
            version: 3,
        }
    }

    #[test]
    fn a_view_tells_state_and_never_a_secret() {
        let queue = |active| QueueView {
            active,
            ..QueueView::default()
        };
        let table = [
            (channel(None, false), 2, "active", "closed"),
            (channel(None, true), 0, "paused", "closed"),
            (channel(Some("token"), false), 0, "blocked", "open"),
            (channel(Some("token"), false), 1, "blocked", "half_open"),
            (channel(Some("token"), true), 0, "paused", "open"),
        ];
        for (channel, active, status, breaker) in table {
            let view = ChannelView::new(
                &channel,
                CapabilitiesView::of(None, &BTreeMap::new()),
                "https://desk.example/",
                queue(active),
            );
            assert_eq!(
                (view.status, view.breaker.state),
                (status, breaker),
                "{channel:?}"
            );
            assert_eq!(view.webhook_url, "https://desk.example/webhooks/whatsapp");
            let text = serde_json::to_string(&view).expect("plain data");
            assert!(
                text.contains("\"app_secret\":{\"set\":true}") && !text.contains("hush"),
                "{text}"
            );
        }
    }
}
