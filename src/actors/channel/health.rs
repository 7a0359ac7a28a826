//! What a provider's notices change for the channels that they concern: noted in the frame that marks them as worked in, and
//! acted on where the account is stopped.

use std::collections::BTreeMap;

use crate::actors::core::new_trace;
use crate::actors::registry::ChannelEntry;
use crate::channels::NoticeScope;
use crate::domain::health::{ChannelHealth, HealthChange};
use crate::domain::inbound::ChannelNotice;
use crate::domain::{ChannelId, EventKind, WorkspaceId};
use crate::storage::keys::ChannelHealthKey;
use crate::storage::{Batch, Seal};

use super::ChannelWork;
use super::drain::RoundError;

impl ChannelWork {
    /// The channels of this workspace that a notice speaks of: the number that it names, else all of the account. The
    /// delivery itself came to one of them only.
    pub(super) fn concerned(&self, entry: &ChannelEntry, notice: &ChannelNotice) -> Vec<ChannelId> {
        let Some(provider) = self.core.provider(entry.kind) else {
            return vec![entry.channel.id];
        };
        let account = |entry: &ChannelEntry| entry.channel.settings.get("waba_id").cloned();
        let own = account(entry);
        let siblings: Vec<_> = self
            .core
            .registry
            .list(entry.workspace)
            .into_iter()
            .filter(|other| {
                other.channel.id == entry.channel.id || (own.is_some() && account(other.as_ref()) == own)
            })
            .collect();
        let found: Vec<ChannelId> = match provider.notice_scope(notice) {
            NoticeScope::Account => siblings.iter().map(|it| it.channel.id).collect(),
            NoticeScope::Number(digits) => siblings
                .iter()
                .filter(|it| number(it) == digits)
                .map(|it| it.channel.id)
                .collect(),
        };
        match found.is_empty() {
            true => vec![entry.channel.id],
            false => found,
        }
    }

    /// Closes a round with changes of health. What stops or resumes a channel comes first: if the program dies in between,
    /// the round is repeated, and doing it twice changes nothing.
    pub(super) async fn close_with_health(
        &self,
        workspace: WorkspaceId,
        changes: Vec<(ChannelId, HealthChange)>,
        closing: Batch,
    ) -> Result<(), RoundError> {
        for (channel, change) in &changes {
            self.act_on(workspace, *channel, change).await;
        }
        self.core.change_health(workspace, changes, closing).await?;
        // A changed rate is taken over at once.
        for entry in self.core.registry.list(workspace) {
            entry.outbox.notify_one();
        }
        Ok(())
    }

    async fn act_on(&self, workspace: WorkspaceId, channel: ChannelId, change: &HealthChange) {
        let blocked = match change {
            HealthChange::Stop(why) => Some(why.clone()),
            HealthChange::Resume => None,
            _ => return,
        };
        let now = self.core.clock.now();
        let changing = self
            .core
            .registry
            .change(workspace, channel, now, new_trace(), |channel| {
                channel.blocked = blocked
            });
        if let Err(error) = changing.await {
            tracing::error!(%channel, %error, "a channel that the provider stopped or resumed could not be changed");
        }
    }
}

fn number(entry: &ChannelEntry) -> String {
    let shown = entry
        .channel
        .settings
        .get("display_phone_number")
        .map_or("", String::as_str);
    shown.chars().filter(char::is_ascii_digit).collect()
}

impl crate::actors::Core {
    /// Writes changes of health down, together with `beside`. One at a time, so that none is lost.
    ///
    /// # Errors
    /// The store cannot be read, or refuses.
    pub async fn change_health(
        &self,
        workspace: WorkspaceId,
        changes: Vec<(ChannelId, HealthChange)>,
        beside: Batch,
    ) -> Result<(), HealthError> {
        let _writing = self.standings.writing_health.lock().await;
        let now = self.clock.now();
        let mut healths: BTreeMap<ChannelId, ChannelHealth> = BTreeMap::new();
        for (channel, change) in changes {
            let health = match healths.remove(&channel) {
                Some(health) => health,
                None => (*self.health(workspace, channel)?).clone(),
            };
            let mut health = health;
            health.apply(change, now);
            healths.insert(channel, health);
        }
        let mut batch = beside;
        for (channel, health) in &healths {
            let channel = *channel;
            batch.put(&ChannelHealthKey { workspace, channel }, health, &Seal::Open);
            batch.event(workspace, now, new_trace(), EventKind::ChannelUpdated(channel));
        }
        self.store.commit(batch).await?;
        for (channel, health) in healths {
            self.standings.note_health(channel, health);
        }
        Ok(())
    }
}

/// Why a change of health was not written down.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] crate::storage::StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] crate::storage::CommitError),
}

impl From<HealthError> for RoundError {
    fn from(error: HealthError) -> Self {
        match error {
            HealthError::Storage(error) => Self::Storage(error),
            HealthError::Commit(error) => Self::Commit(error),
        }
    }
}
