//! Messages whose webhooks never came: asked of providers that keep a list of them, and taken in as raw events.
//!
//! Owns when each channel is looked after, how far was looked, and the pace of asking. What is found goes the way of every
//! delivery and is claimed there by the provider's id, so that one that came by webhook as well changes nothing. Must not
//! write a message itself.

mod progress;
mod reach;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::channels::missed::{Listed, Missed};
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;
use crate::domain::time::SECOND;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::storage::StorageError;
use crate::storage::keys::MessageByProviderIdKey;
use crate::storage::settings::KeepError;

use super::alerts::Alerts;
use super::core::{Core, new_trace};
use super::intake::{Intake, IntakeError};
use super::registry::ChannelEntry;

pub use progress::Progress;
use progress::Run;
use reach::{could_be_told, since};

/// How often each channel is looked after.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// What was said so recently may still come by webhook, which says more; a look on demand takes it all the same.
const GRACE: i64 = 60 * SECOND;
/// When a look that was cut short, or that left recent messages alone, goes on.
const GO_ON: Duration = Duration::from_secs(60);
/// When a channel that was just added is first looked after.
const SETTLE: Duration = Duration::from_secs(30);
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// How often channels are gone through for those whose time has come.
const ROUND: Duration = Duration::from_secs(5);
/// Channels looked after at the same time.
const AT_ONCE: usize = 2;
/// Calls of one look, of its own accord and on demand. A page or conversation that is begun is finished.
const CALLS: usize = 120;
const CALLS_ON_DEMAND: usize = 30;
/// Time between two looks on demand.
const ON_DEMAND: Duration = Duration::from_secs(30);
/// Messages, and bytes, of one raw event.
const MAX_MESSAGES: usize = 200;
const MAX_BYTES: usize = 512 << 10;
/// The alert's kind.
const ALERT: &str = "messages_missed";

/// What came of a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looked {
    /// Messages that the provider named.
    pub found: u32,
    /// Those that were not here.
    pub new: u32,
    /// There is more; it is fetched soon.
    pub more: bool,
    /// Some were left alone because their webhooks may still come; they are asked for again soon.
    pub recent: bool,
}

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The provider keeps no list that could be asked.
    #[error("the provider keeps no list of messages")]
    NotOffered,
    /// A look is under way, or was a moment ago; come back after this time.
    #[error("this channel was just looked after")]
    TooSoon(Duration),
    /// The channel is blocked: the provider refuses everything.
    #[error("the channel is blocked: {0}")]
    Blocked(String),
    /// The provider refused, or did not answer.
    #[error("{}: {}", .0.code, .0.detail)]
    Provider(ProviderError),
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What was found was not taken in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// How far was looked could not be written down.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// What was found so far.
#[derive(Default)]
struct Gathered {
    messages: Vec<(Option<Timestamp>, Value)>,
    seen: HashSet<String>,
    calls: usize,
    /// Messages that were said after this are left alone.
    until: Option<Timestamp>,
    looked: Looked,
    /// Of those that were not here, how many a webhook should have brought.
    late: u32,
}

/// When a channel is looked after next.
#[derive(Clone, Copy)]
struct Turn {
    at: Instant,
    failures: u32,
}

/// Looks after channels. Cheap to clone.
#[derive(Clone)]
pub struct MissedDesk {
    core: Arc<Core>,
    intake: Arc<Intake>,
    alerts: Alerts,
    turns: Arc<Mutex<HashMap<ChannelId, Turn>>>,
    /// Until when nobody may ask for a look: one is under way, was a moment ago, or the provider asked to wait.
    held: Arc<Mutex<HashMap<ChannelId, Instant>>>,
}

/// A look under way; ends the hold, so that a look that was broken off holds up nobody.
struct Hold<'a> {
    desk: &'a MissedDesk,
    channel: ChannelId,
    after: Duration,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let until = Instant::now() + self.after;
        self.desk.held.lock().insert(self.channel, until);
    }
}

impl MissedDesk {
    /// Nothing is under way.
    pub fn new(core: Arc<Core>, intake: Arc<Intake>, alerts: Alerts) -> Self {
        Self {
            core,
            intake,
            alerts,
            turns: Arc::default(),
            held: Arc::default(),
        }
    }

    /// How far a channel was looked after.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn progress(&self, workspace: WorkspaceId, channel: ChannelId) -> Result<Progress, StorageError> {
        progress::read(&self.core, workspace, channel)
    }

    /// Looks after every channel in its turn until told to stop.
    pub async fn run(self, token: CancellationToken) {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let round = async {
                rounds.tick().await;
                let desk = &self;
                let look = |entry: Arc<ChannelEntry>| async move { desk.take_turn(&entry).await };
                iter(desk.due()).for_each_concurrent(AT_ONCE, look).await;
            };
            tokio::select! {
                () = token.cancelled() => return,
                () = round => {}
            }
        }
    }

    /// The channels whose turn it is. Sandboxes post on this machine and miss nothing; a blocked channel waits.
    fn due(&self) -> Vec<Arc<ChannelEntry>> {
        let now = Instant::now();
        let all = self.core.registry.all();
        let mut turns = self.turns.lock();
        turns.retain(|id, _| all.iter().any(|entry| entry.channel.id == *id));
        let is_due = |entry: &Arc<ChannelEntry>| {
            let turn = turns.entry(entry.channel.id).or_insert_with(|| Turn {
                at: now + self.first_wait(entry),
                failures: 0,
            });
            turn.at <= now
        };
        let offered = |entry: &Arc<ChannelEntry>| {
            let provider = self.core.provider(entry.kind);
            !entry.kind.is_sandbox()
                && entry.channel.blocked.is_none()
                && provider.is_some_and(|it| it.missed().is_some())
        };
        all.into_iter().filter(offered).filter(is_due).collect()
    }

    /// After a start every channel that was looked after before is looked after at once.
    fn first_wait(&self, entry: &ChannelEntry) -> Duration {
        match self.progress(entry.workspace, entry.channel.id) {
            Ok(Progress {
                looked_at: Some(_), ..
            }) => Duration::ZERO,
            Ok(_) | Err(_) => SETTLE,
        }
    }

    async fn take_turn(&self, entry: &Arc<ChannelEntry>) {
        let id = entry.channel.id;
        let outcome = self.look(entry, CALLS, Some(GRACE)).await;
        let mut turns = self.turns.lock();
        let failures = turns.get(&id).map_or(0, |turn| turn.failures);
        let (wait, failures) = match &outcome {
            Ok(Looked { more: true, .. } | Looked { recent: true, .. }) => (GO_ON, 0),
            Ok(_) => (EVERY, 0),
            Err(LookError::TooSoon(wait)) => (*wait, failures),
            Err(error) => {
                tracing::warn!(channel = %id, %error, "missed messages could not be asked for");
                let asked = match error {
                    LookError::Provider(error) => error.retry_after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let pause = EVERY.saturating_mul(1 << failures.min(3));
                (pause.min(LONGEST).max(asked), failures + 1)
            }
        };
        let at = Instant::now() + wait;
        turns.insert(id, Turn { at, failures });
    }

    /// Looks after a channel because somebody asks for it.
    ///
    /// # Errors
    /// Says why not; nothing of what was found before is lost.
    pub async fn ask(&self, entry: &Arc<ChannelEntry>) -> Result<Looked, LookError> {
        if let Some(why) = &entry.channel.blocked {
            return Err(LookError::Blocked(why.clone()));
        }
        self.look(entry, CALLS_ON_DEMAND, None).await
    }

    async fn look(
        &self,
        entry: &Arc<ChannelEntry>,
        calls: usize,
        grace: Option<i64>,
    ) -> Result<Looked, LookError> {
        let provider = self.core.provider(entry.kind).cloned();
        let missed = provider.as_ref().and_then(|provider| provider.missed());
        let missed = missed.ok_or(LookError::NotOffered)?;
        let mut hold = self.hold(entry.channel.id)?;
        let known = self.progress(entry.workspace, entry.channel.id)?;
        let now = self.core.clock.now();
        let mut run = known.run.clone().unwrap_or_else(|| Run {
            since: since(known.looked_until, now),
            until: now,
            next: None,
        });
        let mut gathered = Gathered {
            until: grace.map(|grace| now.plus(-grace)),
            ..Gathered::default()
        };
        let ended = self.gather(missed, entry, &mut run, &mut gathered, calls).await;
        let taken = self
            .take_in(missed, entry, std::mem::take(&mut gathered.messages))
            .await;
        let refused = match (ended, taken) {
            (Err(error @ LookError::Provider(_)), Ok(())) => Some(error),
            (Err(error), _) | (_, Err(error)) => return Err(error),
            (Ok(is_end), Ok(())) => {
                gathered.looked.more = !is_end;
                None
            }
        };
        if let Some(LookError::Provider(error)) = &refused {
            hold.after = error.retry_after.unwrap_or_default().max(ON_DEMAND);
        }
        self.note(entry, run, gathered.looked, refused.as_ref()).await?;
        self.tell(entry, &gathered).await;
        refused.map_or(Ok(gathered.looked), Err)
    }

    fn hold(&self, channel: ChannelId) -> Result<Hold<'_>, LookError> {
        let now = Instant::now();
        let mut held = self.held.lock();
        held.retain(|_, until| *until > now);
        if let Some(until) = held.get(&channel) {
            return Err(LookError::TooSoon(until.duration_since(now)));
        }
        // Far longer than any look; its end shortens it.
        held.insert(channel, now + LONGEST);
        Ok(Hold {
            desk: self,
            channel,
            after: ON_DEMAND,
        })
    }

    /// Reads the provider's list page by page. Answers whether it came to the end of it.
    async fn gather(
        &self,
        missed: &dyn Missed,
        entry: &ChannelEntry,
        run: &mut Run,
        gathered: &mut Gathered,
        calls: usize,
    ) -> Result<bool, LookError> {
        while gathered.calls < calls {
            let page = missed.list(&self.core.http, &entry.access, run.since, run.next.as_deref());
            let page = match page.await {
                Ok(page) => page,
                Err(error) => {
                    // A place that the provider no longer knows is forgotten: the list is begun anew.
                    if error.class == ErrorClass::Permanent {
                        run.next = None;
                    }
                    return Err(LookError::Provider(error));
                }
            };
            gathered.calls += 1;
            tokio::time::sleep(missed.pace()).await;
            for listed in page.listed {
                self.gather_one(missed, entry, gathered, listed).await?;
            }
            run.next = page.next;
            if run.next.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn gather_one(
        &self,
        missed: &dyn Missed,
        entry: &ChannelEntry,
        gathered: &mut Gathered,
        listed: Listed,
    ) -> Result<(), LookError> {
        if !gathered.seen.insert(listed.id.clone()) {
            return Ok(());
        }
        let at = listed.at;
        gathered.looked.found += 1;
        let provider_id = self.core.provider_id_hash(entry.workspace, &listed.id)?;
        let known = MessageByProviderIdKey {
            workspace: entry.workspace,
            channel: entry.channel.id,
            provider_id,
        };
        if self.core.store.contains(&known)? {
            return Ok(());
        }
        if at > gathered.until && gathered.until.is_some() {
            gathered.looked.recent = true;
            return Ok(());
        }
        let whole = match listed.is_whole {
            true => Some(listed.said),
            false => {
                let whole = missed.whole(&self.core.http, &entry.access, listed).await;
                gathered.calls += 1;
                tokio::time::sleep(missed.pace()).await;
                whole.map_err(LookError::Provider)?
            }
        };
        if let Some(whole) = whole {
            gathered.looked.new += 1;
            gathered.late += u32::from(could_be_told(entry.channel.created_at, at));
            gathered.messages.push((at, whole));
        }
        Ok(())
    }

    /// Takes messages in, oldest first.
    async fn take_in(
        &self,
        missed: &dyn Missed,
        entry: &Arc<ChannelEntry>,
        mut messages: Vec<(Option<Timestamp>, Value)>,
    ) -> Result<(), LookError> {
        // Lists tell the newest first, and their times are whole seconds.
        messages.reverse();
        messages.sort_by_key(|(at, _)| *at);
        let mut waiting = Vec::new();
        let mut bytes = 0;
        for (_, message) in messages {
            bytes += message.to_string().len();
            waiting.push(message);
            if waiting.len() == MAX_MESSAGES || bytes >= MAX_BYTES {
                let body = missed.body(&entry.access, std::mem::take(&mut waiting));
                self.intake.take_fetched(entry, &body, new_trace()).await?;
                bytes = 0;
            }
        }
        if !waiting.is_empty() {
            let body = missed.body(&entry.access, waiting);
            self.intake.take_fetched(entry, &body, new_trace()).await?;
        }
        Ok(())
    }

    /// Writes down how far was looked. A look that failed is begun, or gone on with, where it stood.
    async fn note(
        &self,
        entry: &ChannelEntry,
        run: Run,
        looked: Looked,
        refused: Option<&LookError>,
    ) -> Result<(), KeepError> {
        let error = refused.map(|refused| match refused {
            LookError::Provider(error) => error.with_advice(match error.class {
                ErrorClass::Transient | ErrorClass::Throttle => phrases::ADVICE_TRY_LATER.text(),
                class => class.advice(),
            }),
            other => other.to_string(),
        });
        let now = self.core.clock.now();
        progress::change(&self.core, entry, |progress| {
            let is_done = error.is_none() && run.next.is_none();
            *progress = Progress {
                looked_until: if is_done {
                    Some(run.until)
                } else {
                    progress.looked_until
                },
                looked_at: Some(now),
                found: looked.found,
                new: looked.new,
                error: error.clone(),
                run: run.next.is_some().then(|| run.clone()),
            };
        })
        .await
    }

    /// Tells the team once that messages did not come by webhook; each of them tells nobody when it is old.
    async fn tell(&self, entry: &ChannelEntry, gathered: &Gathered) {
        let (workspace, subject) = (entry.workspace, entry.channel.id.to_string());
        if gathered.late > 0 {
            let detail =
                phrases::MESSAGES_MISSED.with(&[("count", &gathered.late), ("name", &entry.channel.name)]);
            self.alerts.raise(workspace, ALERT, &subject, &detail).await;
        } else if !gathered.looked.more {
            self.alerts.clear(workspace, ALERT, &subject).await;
        }
    }
}
