//! The whole machinery, started and stopped in the right order.

use std::sync::Arc;

use std::time::Duration;

use actix::{Addr, Arbiter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::ChannelId;
use crate::storage::keys::RawPendingKey;
use crate::storage::{Prefix, StorageError};

use super::alerts::Alerts;
use super::backlog::Backlog;
use super::channel::{self, ChannelWork};
use super::core::Core;
use super::courtesy::Courtesy;
use super::directory::DirectoryHandle;
use super::dispatcher::{self, Dispatch};
use super::hub::Hub;
use super::indexer;
use super::intake::Intake;
use super::missed::MissedDesk;
use super::presence::Presence;
use super::profiles::Profiles;
use super::reconcile::Reconciler;
use super::registry::all_workspaces;
use super::scheduler::{self, Schedule};
use super::supervisor::{Body, Release, Supervise, Supervisor};
use super::{media, renewals, upkeep, watchdog};

/// How long jobs may take to end.
const STOP_WAIT: Duration = Duration::from_secs(8);
const PAGE: usize = 4096;

/// The machinery, running.
pub struct House {
    /// What every actor shares.
    pub core: Arc<Core>,
    /// Conversations.
    pub hub: Hub,
    /// Identities.
    pub directory: DirectoryHandle,
    /// Webhooks.
    pub intake: Arc<Intake>,
    /// Messages whose webhooks never came.
    pub missed: MissedDesk,
    /// What customers are told beside messages.
    pub courtesy: Courtesy,
    /// Who of the team looks at which conversation.
    pub presence: Presence,
    /// What needs attention.
    pub alerts: Alerts,
    /// Raw events that wait to be worked in.
    pub backlog: Arc<Backlog>,
    profiles: Profiles,
    supervisor: Addr<Supervisor>,
    running: watch::Receiver<usize>,
    stop: CancellationToken,
    arbiters: Vec<Arbiter>,
}

impl House {
    /// Starts everything. Must be called within an actix system.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn start(core: Arc<Core>) -> Result<Self, StorageError> {
        let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 4));
        Self::start_on(core, (0..threads).map(|_| Arbiter::new()).collect()).await
    }

    /// [`Self::start`] with all actors on these arbiters, of which there is at least one.
    ///
    /// # Errors
    /// The same.
    pub async fn start_on(core: Arc<Core>, arbiters: Vec<Arbiter>) -> Result<Self, StorageError> {
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let hub = Hub::new(core.clone(), handles.clone());
        let directory = DirectoryHandle::start(core.clone(), handles[0].clone());
        let backlog = Arc::new(Backlog::new(count_waiting(&core)?));
        let intake = Arc::new(Intake::new(core.clone(), backlog.clone())?);
        let alerts = Alerts::new(core.clone());
        let missed = MissedDesk::new(core.clone(), intake.clone(), alerts.clone());
        let profiles = Profiles::new(core.clone(), directory.clone());
        let stop = CancellationToken::new();
        let (supervisor, running) =
            Supervisor::start_in(core.board.clone(), core.clock, handles, stop.clone());
        let house = Self {
            core,
            hub,
            directory,
            intake,
            missed,
            courtesy: Courtesy::default(),
            presence: Presence::default(),
            alerts,
            backlog,
            profiles,
            supervisor,
            running,
            stop,
            arbiters,
        };
        for entry in house.core.registry.all() {
            house.attach(entry.channel.id).await;
        }
        house.start_jobs().await;
        Ok(house)
    }

    /// Starts what runs beside the channels.
    async fn start_jobs(&self) {
        let schedule = Schedule {
            core: self.core.clone(),
            hub: self.hub.clone(),
            alerts: self.alerts.clone(),
            backlog: self.backlog.clone(),
            reconciler: Reconciler::new(self.core.clone(), self.hub.clone()),
        };
        let reconciler = schedule.reconciler.clone();
        self.supervise("reconciler".into(), "reconciler", move |token| {
            reconciler.clone().run(token)
        })
        .await;
        let watching = schedule.clone();
        let (courtesy, core) = (self.courtesy.clone(), self.core.clone());
        self.supervise("courtesy".into(), "courtesy", move |token| {
            courtesy.clone().run(core.clone(), token)
        })
        .await;
        let (renewing, alerting) = (self.core.clone(), self.alerts.clone());
        self.supervise("tokens".into(), "tokens", move |token| {
            renewals::run(renewing.clone(), alerting.clone(), token)
        })
        .await;
        let asking = self.profiles.clone();
        self.supervise("profiles".into(), "profiles", move |token| {
            asking.clone().run(token)
        })
        .await;
        let missed = self.missed.clone();
        self.supervise("missed messages".into(), "missed", move |token| {
            missed.clone().run(token)
        })
        .await;
        let tidying = self.core.clone();
        self.supervise("upkeep".into(), "upkeep", move |token| {
            upkeep::run(tidying.clone(), token)
        })
        .await;
        let indexing = self.core.clone();
        self.supervise("indexer".into(), "reader", move |token| {
            indexer::run(indexing.clone(), token)
        })
        .await;
        self.supervise("scheduler".into(), "scheduler", move |token| {
            scheduler::run(schedule.clone(), token)
        })
        .await;
        let fetching = (self.core.clone(), self.hub.clone());
        self.supervise("media".into(), "media", move |token| {
            media::run(fetching.0.clone(), fetching.1.clone(), token)
        })
        .await;
        self.supervise("watchdog".into(), "watchdog", move |token| {
            watchdog::run(watching.clone(), token)
        })
        .await;
    }

    /// Puts a job under supervision.
    pub async fn supervise<F>(
        &self,
        name: String,
        kind: &'static str,
        body: impl Fn(CancellationToken) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + 'static,
    {
        let body: Body = Arc::new(move |token| Box::pin(body(token)));
        if self
            .supervisor
            .send(Supervise { name, kind, body })
            .await
            .is_err()
        {
            tracing::error!(kind, "the supervisor is gone; the job does not run");
        }
    }

    /// Starts a channel's actor and dispatcher.
    pub async fn attach(&self, channel: ChannelId) {
        let work = ChannelWork {
            core: self.core.clone(),
            hub: self.hub.clone(),
            directory: self.directory.clone(),
            backlog: self.backlog.clone(),
            profiles: self.profiles.clone(),
        };
        let name = format!("channel {channel}");
        self.supervise(name, "channel", move |token| {
            channel::run(work.clone(), channel, token)
        })
        .await;
        let (core, hub, directory) = (self.core.clone(), self.hub.clone(), self.directory.clone());
        let dispatch = Dispatch { core, hub, directory };
        let name = format!("dispatcher {channel}");
        self.supervise(name, "dispatcher", move |token| {
            dispatcher::run(dispatch.clone(), channel, token)
        })
        .await;
    }

    /// Ends a removed channel's actor and dispatcher.
    pub async fn detach(&self, channel: ChannelId) {
        for name in [format!("channel {channel}"), format!("dispatcher {channel}")] {
            if self.supervisor.send(Release { name }).await.is_err() {
                tracing::error!("the supervisor is gone");
            }
        }
    }

    /// Whether the machinery is still meant to run.
    pub fn is_running(&self) -> bool {
        !self.stop.is_cancelled() && self.supervisor.connected()
    }

    /// Ends every job in good order, as far as that takes no longer than a few seconds.
    pub async fn stop(&self) {
        self.stop.cancel();
        let mut running = self.running.clone();
        let ended = running.wait_for(|count| *count == 0);
        if tokio::time::timeout(STOP_WAIT, ended).await.is_err() {
            tracing::warn!(
                "some jobs did not end in time; what they did not finish goes on at the next start"
            );
        }
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
    }
}

fn count_waiting(core: &Core) -> Result<usize, StorageError> {
    let mut count = 0;
    for workspace in all_workspaces(&core.store)? {
        let mut after: Option<RawPendingKey> = None;
        loop {
            let page = core.store.scan_keys(
                &Prefix::<RawPendingKey>::table().with(workspace.id),
                after.as_ref(),
                PAGE,
            )?;
            count += page.len();
            after = page.last().copied();
            if page.len() < PAGE {
                break;
            }
        }
    }
    Ok(count)
}
