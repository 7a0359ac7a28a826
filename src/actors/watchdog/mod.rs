//! Looks at the house once in a while and raises what a person should know: a blocked or silent channel, parked raw events,
//! failing sends, a full disk, a store that cannot be written. Clears it again when it is over.
//!
//! Owns the figures' recent past, in memory. What they mean, [`rules`] says. What concerns the whole appliance is told to
//! the workspaces of those who run it, and to no others.

mod history;
mod rules;
mod standing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::operations::{RawState, SendPriority};
use crate::domain::phrases;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::storage::keys::{OutboxKey, RawByStateKey, RawEventKey, UserKey};
use crate::storage::{Prefix, StorageError, StoreState};

use super::core::Core;
use super::intake::MAX_WAITING;
use super::registry::{ChannelEntry, all_workspaces};
use super::scheduler::Schedule;
use history::History;
use rules::Verdict;

const INTERVAL: std::time::Duration = std::time::Duration::from_secs(5);
/// Rounds after which what was raised and cleared is looked up anew, and the slower figures are read.
const SLOW_ROUNDS: u32 = 12;
/// Raw events looked at to learn a workspace's habits.
const MAX_ARRIVALS: usize = 500;
/// Users looked at in a workspace.
const MAX_USERS: usize = 1_000;

/// Runs until told to stop.
pub async fn run(schedule: Schedule, token: CancellationToken) {
    let mut watch = Watch {
        schedule,
        history: History::default(),
        known: HashMap::new(),
        round: 0,
    };
    loop {
        if let Err(error) = watch.look().await {
            tracing::error!(%error, "the watchdog cannot see everything at present");
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

type AlertId = (WorkspaceId, &'static str, String);

struct Watch {
    schedule: Schedule,
    history: History,
    /// Alerts as they were last written: whether they hold.
    known: HashMap<AlertId, bool>,
    round: u32,
}

impl Watch {
    async fn look(&mut self) -> Result<(), StorageError> {
        let core = self.schedule.core.clone();
        let read_only = match &*core.store.watch_state().borrow() {
            StoreState::Ok => None,
            StoreState::ReadOnly(why) => Some(why.clone()),
        };
        metrics::gauge!("frontdesk_store_read_only").set(f64::from(u8::from(read_only.is_some())));
        if let Some(why) = read_only {
            // Cannot be written as an alert; health, the API's answers and the log say it.
            tracing::error!(why, "nothing can be written");
            return Ok(());
        }
        let is_slow_round = self.round.is_multiple_of(SLOW_ROUNDS);
        self.round = self.round.wrapping_add(1);
        if is_slow_round {
            self.known.clear();
        }
        self.history
            .add(Instant::now(), core.tally.read(), search_lag(&core));
        let workspaces: Vec<WorkspaceId> = all_workspaces(&core.store)?.into_iter().map(|w| w.id).collect();
        self.look_at_channels(&core).await?;
        self.look_at_parked(&core, &workspaces).await?;
        self.look_at_appliance(&core, &workspaces).await?;
        if is_slow_round {
            self.look_at_silence(&core, &workspaces).await?;
        }
        Ok(())
    }

    /// Writes a verdict down if it is new.
    async fn judge(&mut self, workspace: WorkspaceId, kind: &'static str, subject: &str, verdict: Verdict) {
        let alerts = &self.schedule.alerts;
        let id = (workspace, kind, subject.to_owned());
        let known = self.known.get(&id).copied();
        match verdict {
            Verdict::Raise(detail) if known != Some(true) => {
                alerts.raise(workspace, kind, subject, &detail).await;
                self.known.insert(id, true);
            }
            Verdict::Clear if known != Some(false) => {
                alerts.clear(workspace, kind, subject).await;
                self.known.insert(id, false);
            }
            Verdict::Raise(_) | Verdict::Clear | Verdict::Keep => {}
        }
    }

    async fn look_at_channels(&mut self, core: &Core) -> Result<(), StorageError> {
        for entry in core.registry.all() {
            let (workspace, subject) = (entry.workspace, entry.channel.id.to_string());
            let blocked = match &entry.channel.blocked {
                Some(why) => Verdict::Raise(why.clone()),
                None => Verdict::Clear,
            };
            let may_send = entry.channel.blocked.is_none() && !entry.channel.paused;
            self.judge(workspace, "channel_blocked", &subject, blocked).await;
            for (kind, verdict) in standing::of_channel(core, &entry)? {
                self.judge(workspace, kind, &subject, verdict).await;
            }
            let sends = self.history.sends(entry.channel.id);
            self.judge(workspace, "send_errors", &subject, rules::send_errors(sends))
                .await;
            let age = match may_send {
                true => oldest_due(core, &entry)?.map_or(0, |due| core.clock.now().since(due)),
                false => 0,
            };
            self.judge(workspace, "queue_old", &subject, rules::queue_age(age))
                .await;
        }
        Ok(())
    }

    async fn look_at_parked(&mut self, core: &Core, workspaces: &[WorkspaceId]) -> Result<(), StorageError> {
        for workspace in workspaces {
            let prefix = Prefix::<RawByStateKey>::table()
                .with(*workspace)
                .with(RawState::Parked as u8);
            let verdict = match core.store.scan_keys(&prefix, None, 1)?.is_empty() {
                true => Verdict::Clear,
                false => Verdict::Raise(phrases::DELIVERIES_PARKED.text().into()),
            };
            self.judge(*workspace, "raw_events_parked", "", verdict).await;
            let budget = standing::of_budget(core, *workspace)?;
            self.judge(*workspace, "budget", "", budget).await;
        }
        Ok(())
    }

    async fn look_at_appliance(
        &mut self,
        core: &Core,
        workspaces: &[WorkspaceId],
    ) -> Result<(), StorageError> {
        let status = core.store.status()?;
        let waiting = self.schedule.backlog.waiting();
        let verdicts = [
            (
                "webhook_signature",
                rules::signatures(self.history.bad_signatures()),
            ),
            ("webhook_backlog", rules::backlog(waiting, MAX_WAITING)),
            ("disk_low", rules::disk(status.free_bytes, status.min_free_bytes)),
            ("damaged_records", rules::damage(status.damaged_records)),
            ("search_lag", rules::search_lag(self.history.least_lag())),
        ];
        for workspace in operators(core, workspaces)? {
            for (kind, verdict) in &verdicts {
                self.judge(workspace, kind, "", verdict.clone()).await;
            }
        }
        Ok(())
    }

    async fn look_at_silence(&mut self, core: &Core, workspaces: &[WorkspaceId]) -> Result<(), StorageError> {
        let now = core.clock.now();
        for workspace in workspaces {
            let arrivals = arrivals(core, *workspace)?;
            for entry in core.registry.list(*workspace) {
                // The sandbox's customers are silent whenever nobody plays them.
                if entry.kind.is_sandbox() {
                    continue;
                }
                let subject = entry.channel.id.to_string();
                let verdict = match (entry.channel.paused, arrivals.get(&entry.channel.id)) {
                    (false, Some(arrivals)) => rules::silence(arrivals, now),
                    _ => Verdict::Clear,
                };
                self.judge(*workspace, "channel_silent", &subject, verdict).await;
            }
        }
        Ok(())
    }
}

/// Events that cannot be found yet.
fn search_lag(core: &Core) -> u64 {
    let lines = core.board.list();
    let indexer = lines.iter().find(|line| line.name == "indexer");
    indexer.map_or(0, |line| line.mailbox as u64)
}

/// Since when the oldest message is due.
fn oldest_due(core: &Core, entry: &Arc<ChannelEntry>) -> Result<Option<Timestamp>, StorageError> {
    let mut oldest = None;
    for priority in [SendPriority::Reply, SendPriority::Bulk] {
        let prefix = Prefix::<OutboxKey>::table()
            .with(entry.workspace)
            .with(entry.channel.id)
            .with(priority as u8);
        let first = core.store.scan_keys(&prefix, None, 1)?;
        let due = first.first().map(|key| key.due);
        oldest = match (oldest, due) {
            (Some(a), Some(b)) => Some(std::cmp::min::<Timestamp>(a, b)),
            (a, b) => a.or(b),
        };
    }
    Ok(oldest)
}

/// The workspaces of those who run the appliance.
pub(super) fn operators(core: &Core, workspaces: &[WorkspaceId]) -> Result<Vec<WorkspaceId>, StorageError> {
    let mut found = Vec::new();
    for workspace in workspaces {
        let users = core
            .store
            .scan(&Prefix::<UserKey>::table().with(*workspace), None, MAX_USERS)?;
        if users.iter().any(|(_, user)| user.operator) {
            found.push(*workspace);
        }
    }
    Ok(found)
}

/// When webhooks came, by channel, oldest first.
fn arrivals(
    core: &Core,
    workspace: WorkspaceId,
) -> Result<BTreeMap<ChannelId, Vec<Timestamp>>, StorageError> {
    let prefix = Prefix::<RawEventKey>::table().with(workspace);
    let rows = core.store.scan_back(&prefix, None, MAX_ARRIVALS)?;
    let mut found: BTreeMap<ChannelId, Vec<Timestamp>> = BTreeMap::new();
    for (_, raw) in rows.into_iter().rev() {
        found.entry(raw.channel).or_default().push(raw.received_at);
    }
    Ok(found)
}
