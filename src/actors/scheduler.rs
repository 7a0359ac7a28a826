//! Work that is due at a time: sleeps to the next row, does it, removes it. Rows are durable, so nothing is forgotten by a
//! restart, and doing a thing twice has no second effect.

use std::sync::Arc;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::domain::operations::DueWork;
use crate::domain::phrases;
use crate::domain::time::SECOND;
use crate::storage::keys::{DoubtfulKey, DueKey, EarlyStatusKey, IdempotencyKey, LinkKey};
use crate::storage::{Batch, Prefix, Seal, StorageError};

use super::alerts::Alerts;
use super::backlog::Backlog;
use super::conversation::{Command, CommandError};
use super::core::{Core, new_trace};
use super::due::due_key;
use super::hub::Hub;
use super::reconcile::Reconciler;
use super::sessions::end_session_when_due;
use super::sweep::sweep;

/// Rows looked at in one go.
const PAGE: usize = 128;
/// The longest sleep: bounds how late a clock that was set forward is noticed.
const MAX_SLEEP: Duration = Duration::from_secs(1);
/// When a message is asked after again that found the queue full.
const MINUTE: i64 = 60 * SECOND;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// How often old raw events are forgotten.
const SWEEP: Duration = Duration::from_secs(3600);

/// What the scheduler needs.
#[derive(Clone)]
pub struct Schedule {
    /// Store and clock.
    pub core: Arc<Core>,
    /// Conversations.
    pub hub: Hub,
    /// Where what needs attention is written.
    pub alerts: Alerts,
    /// Raw events that wait to be worked in.
    pub backlog: Arc<Backlog>,
    /// Asks providers what became of a send.
    pub reconciler: Reconciler,
}

#[derive(Debug, thiserror::Error)]
enum DueError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] crate::storage::CommitError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// What one round came to.
struct Round {
    /// When the next work is due.
    next: Option<Timestamp>,
    /// What the last work said that could not be done.
    failed: Option<DueError>,
}

/// Runs until told to stop.
pub async fn run(schedule: Schedule, token: CancellationToken) {
    let mut next_sweep = tokio::time::Instant::now();
    loop {
        let Round { next, failed } = schedule.round().await;
        let now = schedule.core.clock.now();
        let until = |at: Timestamp| Duration::from_micros(at.since(now).max(0).unsigned_abs());
        let wait = next.map_or(MAX_SLEEP, until).min(MAX_SLEEP);
        let wait = match failed {
            None => wait,
            Some(error) => {
                tracing::warn!(%error, "due work waits: it cannot be done at present");
                schedule.core.board.error("scheduler", &error.to_string());
                // What is due meanwhile is not made late by what is tried again.
                next.map_or(PAUSE, until).min(PAUSE)
            }
        };
        if next_sweep <= tokio::time::Instant::now() {
            next_sweep += SWEEP;
            if let Err(error) = sweep(&schedule.core).await {
                tracing::warn!(%error, "old raw events could not be forgotten");
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

impl Schedule {
    /// Does what is due. What cannot be done stays for the next round and holds up nothing else, however much it is.
    async fn round(&self) -> Round {
        let mut failed = None;
        let mut after: Option<DueKey> = None;
        loop {
            let now = self.core.clock.now();
            let page = match self
                .core
                .store
                .scan(&Prefix::<DueKey>::table(), after.as_ref(), PAGE)
            {
                Ok(page) => page,
                Err(error) => {
                    let failed = Some(error.into());
                    return Round { next: None, failed };
                }
            };
            let next = page.iter().map(|(key, _)| key.at).find(|at| *at > now);
            let due: Vec<_> = page.into_iter().take_while(|(key, _)| key.at <= now).collect();
            let Some((last, _)) = due.last() else {
                return Round { next, failed };
            };
            after = Some(*last);
            for (key, work) in due {
                if let Err(error) = self.carry_out(&key, &work).await {
                    tracing::warn!(?work, %error, "due work cannot be done at present");
                    failed = Some(error);
                }
            }
        }
    }

    async fn carry_out(&self, key: &DueKey, work: &DueWork) -> Result<(), DueError> {
        let workspace = key.workspace;
        let mut batch = Batch::bulk();
        batch.delete(key);
        match work {
            DueWork::Unsnooze(conversation) => {
                match self
                    .hub
                    .send(workspace, *conversation, Command::Unsnooze, new_trace())
                    .await
                {
                    Ok(_) | Err(CommandError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            DueWork::ForgetIdempotencyKey(hash) => {
                batch.delete(&IdempotencyKey {
                    workspace,
                    key: *hash,
                });
            }
            DueWork::ReviewDoubtful(message) => {
                if self.core.store.contains(&DoubtfulKey {
                    workspace,
                    message: *message,
                })? {
                    let detail = phrases::DOUBTFUL_SEND.text();
                    self.alerts
                        .raise(workspace, "doubtful_send", &message.to_string(), detail)
                        .await;
                } else if !self.reconciler.ask(workspace, *message) {
                    let later = self.core.clock.now().plus(MINUTE);
                    batch.put(&due_key(later, workspace, work), work, &Seal::Open);
                }
            }
            DueWork::ForgetEarlyStatus(channel, provider_id) => {
                let (channel, provider_id) = (*channel, *provider_id);
                batch.delete(&EarlyStatusKey {
                    workspace,
                    channel,
                    provider_id,
                });
            }
            DueWork::ForgetLink(code) => {
                batch.delete(&LinkKey { code: *code });
            }
            DueWork::EndSession(secret) => {
                let now = self.core.clock.now();
                batch.append(end_session_when_due(&self.core.store, *secret, now)?);
            }
            // Raw events are forgotten by age, page by page; rows of earlier versions are only removed.
            DueWork::ForgetRawEvent(_) => {}
        }
        self.core.store.commit(batch).await?;
        Ok(())
    }
}
