//! What became of sends of which no webhook told: asked of providers that keep a list of what they took.
//!
//! Owns a short queue of messages without a final status, the look-up of doubtful sends, and the pace of asking. Must not send
//! anything: a doubtful send that the provider does not know is given back to the team, who may retry it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::domain::decide::Settlement;
use crate::domain::inbound::StatusUpdate;
use crate::domain::message::MessageStatus;
use crate::domain::operations::DueWork;
use crate::domain::outbound::SendRequest;
use crate::domain::time::{HOUR, SECOND};
use crate::domain::{Message, MessageId, Timestamp, WorkspaceId};
use crate::storage::keys::{ContactKey, ConversationKey, DoubtfulKey, MessageByProviderIdKey, MessageKey};
use crate::storage::{Batch, CommitError, Prefix, Seal, StorageError};

use super::conversation::{ApplyItem, Command, CommandError};
use super::core::{Core, new_trace};
use super::due::due_key;
use super::hub::Hub;
use super::registry::ChannelEntry;

/// When a message that was taken is asked after, unless its status has come: after this time, and again, each later.
pub(super) const ASK_AFTER: [i64; 3] = [600 * SECOND, HOUR, 12 * HOUR];
/// Messages that may wait to be asked after; further ones come back a minute later.
const QUEUE: usize = 1_000;
/// How often doubtful sends are looked for.
const ROUND: Duration = Duration::from_secs(5);
/// Doubtful sends of one workspace that are looked for in one round.
const MOST: usize = 20;
/// Doubtful sends younger than this may still be settled by a status.
const TOO_FRESH: i64 = 10 * SECOND;
/// When a send that the provider's list does not have counts as not sent: its list may be behind by seconds.
const SURELY_ABSENT: i64 = 180 * SECOND;
/// How long before it was found doubtful a send may have begun.
const BEGUN_BEFORE: i64 = 120 * SECOND;
/// Pause between two questions.
const PACE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("{0}")]
    Provider(String),
}

/// Asks providers. Cheap to clone.
#[derive(Clone)]
pub struct Reconciler {
    core: Arc<Core>,
    hub: Hub,
    asking: mpsc::Sender<(WorkspaceId, MessageId)>,
    waiting: Arc<Mutex<mpsc::Receiver<(WorkspaceId, MessageId)>>>,
}

impl Reconciler {
    /// An empty queue.
    pub fn new(core: Arc<Core>, hub: Hub) -> Self {
        let (asking, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        Self {
            core,
            hub,
            asking,
            waiting,
        }
    }

    /// Has a message asked after. False if too many wait.
    pub(super) fn ask(&self, workspace: WorkspaceId, message: MessageId) -> bool {
        self.asking.try_send((workspace, message)).is_ok()
    }

    /// Runs until told to stop.
    pub async fn run(self, token: CancellationToken) {
        let waiting = self.waiting.clone();
        let mut waiting = waiting.lock().await;
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = token.cancelled() => return,
                Some((workspace, message)) = waiting.recv() => self.check(workspace, message).await,
                _ = rounds.tick() => self.look_for_doubtful().await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "a provider could not be asked what became of a send");
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// The message, and its channel if that keeps a list.
    fn find(
        &self,
        workspace: WorkspaceId,
        id: MessageId,
    ) -> Result<Option<(Message, Arc<ChannelEntry>)>, StorageError> {
        let Some(message) = self.core.store.get(&MessageKey {
            workspace,
            message: id,
        })?
        else {
            return Ok(None);
        };
        let conversation = id.conversation;
        let found = self.core.store.get(&ConversationKey {
            workspace,
            conversation,
        })?;
        let entry = found.and_then(|it| self.core.registry.find(workspace, it.channel));
        let keeps_list = |entry: &Arc<ChannelEntry>| {
            entry.channel.blocked.is_none()
                && self.core.provider(entry.kind).is_some_and(|it| it.can_look_up())
        };
        Ok(entry.filter(keeps_list).map(|entry| (message, entry)))
    }

    /// Asks after a message that was taken, and comes back to it if that tells nothing final.
    async fn check(&self, workspace: WorkspaceId, id: MessageId) -> Result<(), ReconcileError> {
        let Some((message, entry)) = self.find(workspace, id)? else {
            return Ok(());
        };
        let is_open = matches!(message.status, MessageStatus::Accepted | MessageStatus::Sent);
        let (Some(sid), true) = (message.provider_message_id, is_open) else {
            return Ok(());
        };
        let Some(provider) = self.core.provider(entry.kind) else {
            return Ok(());
        };
        let told = provider.fetch_status(&self.core.http, &entry.access, &sid).await;
        let is_final =
            |it: &StatusUpdate| !matches!(it.status, MessageStatus::Accepted | MessageStatus::Sent);
        if !told
            .as_ref()
            .is_ok_and(|told| told.as_ref().is_some_and(is_final))
        {
            self.come_back(workspace, id, message.created_at).await?;
        }
        match told {
            Ok(Some(update)) => self.apply(workspace, id, update).await,
            Ok(None) => Ok(()),
            Err(error) => Err(ReconcileError::Provider(format!(
                "{}: {}",
                error.code, error.detail
            ))),
        }
    }

    /// Plans the next question, until they are used up.
    async fn come_back(
        &self,
        workspace: WorkspaceId,
        id: MessageId,
        created: Timestamp,
    ) -> Result<(), ReconcileError> {
        let now = self.core.clock.now();
        let next = ASK_AFTER
            .iter()
            .map(|wait| created.plus(*wait))
            .find(|at| *at > now);
        let Some(at) = next else { return Ok(()) };
        let mut batch = Batch::bulk();
        let work = DueWork::ReviewDoubtful(id);
        batch.put(&due_key(at, workspace, &work), &work, &Seal::Open);
        self.core.store.commit(batch).await?;
        Ok(())
    }

    async fn apply(
        &self,
        workspace: WorkspaceId,
        id: MessageId,
        update: StatusUpdate,
    ) -> Result<(), ReconcileError> {
        let command = Command::Apply {
            items: vec![ApplyItem::Status(id, Box::new(update))],
            done: Vec::new(),
        };
        self.hub
            .send(workspace, id.conversation, command, new_trace())
            .await?;
        Ok(())
    }

    async fn look_for_doubtful(&self) -> Result<(), ReconcileError> {
        let all = self.core.registry.all().into_iter();
        let workspaces: BTreeMap<WorkspaceId, ()> = all
            .filter(|entry| self.core.provider(entry.kind).is_some_and(|it| it.can_look_up()))
            .map(|entry| (entry.workspace, ()))
            .collect();
        for workspace in workspaces.into_keys() {
            let prefix = Prefix::<DoubtfulKey>::table().with(workspace);
            for (key, since) in self.core.store.scan(&prefix, None, MOST)? {
                if self.core.clock.now().since(since) >= TOO_FRESH {
                    self.look_for(workspace, key.message, since).await?;
                    tokio::time::sleep(PACE).await;
                }
            }
        }
        Ok(())
    }

    /// Looks for one doubtful send: what the provider has and no other message of ours is, is it.
    async fn look_for(
        &self,
        workspace: WorkspaceId,
        id: MessageId,
        since: Timestamp,
    ) -> Result<(), ReconcileError> {
        let Some((message, entry)) = self.find(workspace, id)? else {
            return Ok(());
        };
        let Some(request) = self.request(workspace, message)? else {
            return Ok(());
        };
        let Some(provider) = self.core.provider(entry.kind) else {
            return Ok(());
        };
        let begun = since.plus(-BEGUN_BEFORE);
        let found = provider
            .look_up(&self.core.http, &entry.access, &request, begun)
            .await;
        let found =
            found.map_err(|error| ReconcileError::Provider(format!("{}: {}", error.code, error.detail)))?;
        for update in found {
            let key = MessageByProviderIdKey {
                workspace,
                channel: entry.channel.id,
                provider_id: self
                    .core
                    .provider_id_hash(workspace, &update.provider_message_id)?,
            };
            if !self.core.store.contains(&key)? {
                tracing::info!(message = %id, "a doubtful send was found in the provider's list");
                return self.apply(workspace, id, update).await;
            }
        }
        if self.core.clock.now().since(since) >= SURELY_ABSENT {
            tracing::info!(message = %id, "a doubtful send is not in the provider's list");
            let command = Command::Settle(id, Settlement::Failed);
            self.hub
                .send(workspace, id.conversation, command, new_trace())
                .await?;
        }
        Ok(())
    }

    /// The send as it was made.
    fn request(&self, workspace: WorkspaceId, message: Message) -> Result<Option<SendRequest>, StorageError> {
        let conversation = message.id.conversation;
        let found = self.core.store.get(&ConversationKey {
            workspace,
            conversation,
        })?;
        let contact = match found {
            Some(found) => self.core.store.get(&ContactKey {
                workspace,
                contact: found.contact,
            })?,
            None => None,
        };
        Ok(contact.map(|contact| SendRequest {
            message: message.id,
            to: contact.identities,
            content: message.content,
            reply_to: None,
            outside_window: false,
            identity_hash: None,
        }))
    }
}
