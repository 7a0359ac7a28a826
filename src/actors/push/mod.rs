//! Tells people of news on devices on which no page is open, by web push.
//!
//! Owns its place in the journal (reader 100), the devices and the key that signs. It reads committed events; whom it tells is
//! the domain's to say. What waits is in memory: after a restart it reads again from the last event that was not told, and
//! passes over what is no longer news. A device can therefore be told twice of the same, which replaces itself; it is never
//! told of something old. Must not know how a browser shows it.

mod compose;
mod devices;
mod post;
mod queue;
mod vapid;
mod words;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::time::SECOND;
use crate::domain::{Event, EventKind, Timestamp, UserId, WorkspaceId};
use crate::storage::keys::{PositionKey, PushDeviceKey};
use crate::storage::{Batch, CommitError, Fingerprint, Prefix, Seal, StorageError};

use super::core::Core;
use super::delivery::GuardedClient;
use super::presence::Presence;
use compose::{Choices, Subject};
pub use devices::{
    Device, MAX_DEVICES, MAX_ENDPOINT, SubscribeError, Unfit, key, of_user, remove, subscribe, user_agent,
};
pub use post::Outcome;
use queue::{Queue, Waiting};
use vapid::Vapid;

/// This reader's number among positions. Stored: never change or reuse it.
const READER: u8 = 100;
/// Events read in one go.
const PAGE: usize = 256;
/// Devices of one workspace that are told.
const MAX_AUDIENCE: usize = 10_000;
/// Calls at once, over all push services.
const CALLS: usize = 16;
/// Older events are not told any more, in microseconds: after a restart they are no news.
const NEWS: i64 = 5 * 60 * SECOND;
/// How long a notice is tried, in microseconds.
const GIVE_UP_AFTER: i64 = 15 * 60 * SECOND;
/// How often the place in the journal is written down while something is told, and while nothing is.
const NOTE_SOON: Duration = Duration::from_secs(1);
const NOTE_PLACE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(5);

/// How push messages leave the house.
pub struct PushOptions {
    /// For the push services' addresses, which browsers name.
    pub client: GuardedClient,
    /// Where a push service's operator reaches ours: an `https:` or `mailto:` address.
    pub contact: String,
    /// Push services may be called without TLS: for tests.
    pub allow_plain: bool,
}

/// Tells devices. Cheap to clone.
#[derive(Clone)]
pub struct Push {
    core: Arc<Core>,
    presence: Presence,
    options: Arc<PushOptions>,
    vapid: Arc<OnceCell<Arc<Vapid>>>,
}

/// Why something could not be told.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A message could not be sealed or signed.
    #[error("a push message cannot be sealed: {0}")]
    Key(String),
}

/// Where reading stands.
struct Place {
    /// The last event read.
    read: u64,
    /// What stands in the store.
    noted: u64,
    /// When that was written.
    at: Instant,
    /// Something was told since then: a crash would tell it again.
    told: bool,
}

impl Place {
    /// When it is to be written down.
    fn due(&self) -> Instant {
        self.at + if self.told { NOTE_SOON } else { NOTE_PLACE }
    }
}

impl Push {
    /// Over the store of `core`; who looks at what stands in `presence`.
    pub fn new(core: Arc<Core>, presence: Presence, options: PushOptions) -> Self {
        Self {
            core,
            presence,
            options: Arc::new(options),
            vapid: Arc::default(),
        }
    }

    /// The public key that browsers subscribe with, in base64url. Made and stored the first time.
    ///
    /// # Errors
    /// The store fails, or what stands there is no key.
    pub async fn public_key(&self) -> Result<String, PushError> {
        Ok(self.vapid().await?.public().to_owned())
    }

    async fn vapid(&self) -> Result<&Arc<Vapid>, PushError> {
        let load = || async { Vapid::load(&self.core.store).await.map(Arc::new) };
        self.vapid.get_or_try_init(load).await
    }

    /// Whether a subscription is one that can be told.
    ///
    /// # Errors
    /// Says which part of it is wrong.
    pub fn check(&self, device: &Device) -> Result<(), Unfit> {
        device.keys()?;
        let url = device.url()?;
        let sealed = url.scheme() == "https" || self.options.allow_plain;
        let allowed = sealed && self.options.client.post(&device.endpoint).is_ok();
        allowed.then_some(()).ok_or(Unfit::Endpoint)
    }

    /// Sends a device something to try it with, at once; `None` if there is no such device.
    ///
    /// # Errors
    /// The store fails, or the message cannot be sealed.
    pub async fn test(&self, key: &PushDeviceKey) -> Result<Option<Outcome>, PushError> {
        let store = &self.core.store;
        let Some((device, fingerprint)) = devices::load(store, key)? else {
            return Ok(None);
        };
        let payload = compose::test(store, key.workspace, key.user)?;
        let now = self.core.clock.now();
        let outcome = post::post(&self.options, self.vapid().await?, &device, (&payload, None), now).await?;
        self.write_down(key, device, fingerprint, &outcome).await?;
        Ok(Some(outcome))
    }

    /// Runs until told to stop.
    pub async fn run(self, token: CancellationToken) {
        while let Err(error) = self.follow(&token).await {
            tracing::warn!(%error, "devices cannot be told of news at present");
            self.core.board.error("push", &error.to_string());
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn follow(&self, token: &CancellationToken) -> Result<(), PushError> {
        let mut events = self.core.store.watch_events();
        let mut place = self.first_place().await?;
        let mut queue = Queue::default();
        let mut calls = FuturesUnordered::new();
        loop {
            let last = *events.borrow_and_update();
            let end = self.read(place.read, &mut queue)?;
            let behind = end > place.read && end < last;
            place.read = end;
            while calls.len() < CALLS
                && let Some(waiting) = queue.take(Instant::now())
            {
                calls.push(self.tell(waiting));
            }
            self.show_waiting(&queue, calls.len());
            if place.due() <= Instant::now()
                && let Err(error) = self.write_place(&mut place, &queue).await
            {
                // Telling goes on all the same: at worst some of it is repeated after a restart.
                tracing::warn!(%error, "the place in the journal of what was told cannot be written down");
                self.core.board.error("push", &error.to_string());
            }
            if behind {
                tokio::task::yield_now().await;
                continue;
            }
            let wake = queue.next_due().filter(|_| calls.len() < CALLS);
            let wake = wake.map_or(place.due(), |wake| wake.min(place.due()));
            tokio::select! {
                () = token.cancelled() => return self.write_place(&mut place, &queue).await,
                changed = events.changed() => if changed.is_err() { return Ok(()) },
                Some((waiting, outcome)) = calls.next(), if !calls.is_empty() => {
                    place.told = true;
                    settle(&mut queue, waiting, outcome, self.core.clock.now());
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Where reading begins: after what was told, or from now on the first time.
    async fn first_place(&self) -> Result<Place, PushError> {
        let store = &self.core.store;
        let last = *store.watch_events().borrow();
        let stored = store.get(&PositionKey { reader: READER })?;
        // A restored journal may be shorter than the place, a trimmed one may begin later.
        let oldest = store.oldest_event().saturating_sub(1);
        let read = stored.unwrap_or(last).min(last).max(oldest.min(last));
        let mut place = Place {
            read,
            noted: stored.unwrap_or(0),
            at: Instant::now(),
            told: false,
        };
        if stored != Some(read) {
            self.write_place(&mut place, &Queue::default()).await?;
        }
        Ok(place)
    }

    async fn write_place(&self, place: &mut Place, queue: &Queue) -> Result<(), PushError> {
        (place.at, place.told) = (Instant::now(), false);
        let told = queue.oldest().map_or(place.read, |seq| place.read.min(seq - 1));
        if told == place.noted {
            return Ok(());
        }
        let mut batch = Batch::bulk();
        batch.put(&PositionKey { reader: READER }, &told, &Seal::Open);
        self.core.store.commit(batch).await?;
        place.noted = told;
        Ok(())
    }

    /// Enters the news of the next events into the queue. Answers how far it read.
    fn read(&self, after: u64, queue: &mut Queue) -> Result<u64, PushError> {
        let page = self.core.store.events_after(after, PAGE)?;
        let oldest = self.core.clock.now().plus(-NEWS);
        let mut audiences: HashMap<WorkspaceId, Audience> = HashMap::new();
        for event in page.iter().filter(|event| event.at > oldest) {
            let subject = match event.kind {
                EventKind::MessageCreated(id) => Subject::Message(id),
                EventKind::AlertRaised(alert) => Subject::Alert(alert),
                _ => continue,
            };
            let audience = match audiences.entry(event.workspace) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(self.audience(event.workspace)?)
                }
            };
            self.enter(event, subject, audience, queue)?;
        }
        Ok(page.last().map_or(after, |event| event.seq))
    }

    fn audience(&self, workspace: WorkspaceId) -> Result<Audience, StorageError> {
        let prefix = Prefix::<PushDeviceKey>::table().with(workspace);
        Ok(Audience {
            devices: self.core.store.scan_keys(&prefix, None, MAX_AUDIENCE)?,
            choices: Choices::default(),
        })
    }

    fn enter(
        &self,
        event: &Event,
        subject: Subject,
        audience: &mut Audience,
        queue: &mut Queue,
    ) -> Result<(), PushError> {
        let store = &self.core.store;
        if audience.devices.is_empty() {
            return Ok(());
        }
        let Some(facts) = compose::facts(store, event.workspace, subject)? else {
            return Ok(());
        };
        if facts.is_stale(event.at) {
            return Ok(());
        }
        let now = Instant::now();
        let mut last: Option<(UserId, bool)> = None;
        for device in &audience.devices {
            let told = match last.filter(|(user, _)| *user == device.user) {
                Some((_, told)) => told,
                None => {
                    let choice = audience.choices.of(store, event.workspace, device.user)?;
                    let who = (event.workspace, device.user);
                    compose::kind_for(&self.core, &self.presence, who, &facts, choice).is_some()
                }
            };
            last = Some((device.user, told));
            if told && !queue.add(*device, subject, (event.seq, event.at), now) {
                count("left_out");
            }
        }
        Ok(())
    }

    /// Tells a device once. Answers what became of it; `None` if it is not to be told any more.
    async fn tell(&self, waiting: Waiting) -> (Waiting, Option<Outcome>) {
        let outcome = self.try_to_tell(&waiting.device, waiting.subject).await;
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, "a device could not be told");
            self.core.board.error("push", &error.to_string());
            Some(Outcome::Later {
                wait: None,
                detail: error.to_string(),
            })
        });
        (waiting, outcome)
    }

    async fn try_to_tell(&self, key: &PushDeviceKey, subject: Subject) -> Result<Option<Outcome>, PushError> {
        let (store, now) = (&self.core.store, self.core.clock.now());
        let Some((device, fingerprint)) = devices::load(store, key)? else {
            return Ok(Some(Outcome::Gone));
        };
        if !devices::is_signed_in(store, key, now)? {
            devices::change(store, key, fingerprint, None).await?;
            return Ok(Some(Outcome::Gone));
        }
        let who = (key.workspace, key.user);
        let Some(payload) = compose::payload(&self.core, &self.presence, who, subject)? else {
            return Ok(None);
        };
        let topic = post::topic(key.workspace, key.session.0, subject.group());
        let vapid = self.vapid().await?;
        let outcome = post::post(&self.options, vapid, &device, (&payload, Some(topic)), now).await?;
        self.write_down(key, device, fingerprint, &outcome).await?;
        Ok(Some(outcome))
    }

    /// Removes a device that is gone, and notes why one was not reached.
    async fn write_down(
        &self,
        key: &PushDeviceKey,
        mut device: Device,
        fingerprint: Fingerprint,
        outcome: &Outcome,
    ) -> Result<(), PushError> {
        let problem = match outcome {
            Outcome::Gone => {
                tracing::info!(workspace = %key.workspace, user = %key.user, "a device is told no more: its push service does not know it");
                return devices::change(&self.core.store, key, fingerprint, None).await;
            }
            Outcome::Taken => None,
            Outcome::Later { detail, .. } | Outcome::Refused(detail) => Some(detail.clone()),
        };
        if device.problem == problem {
            return Ok(());
        }
        device.problem = problem;
        devices::change(&self.core.store, key, fingerprint, Some(&device)).await
    }

    fn show_waiting(&self, queue: &Queue, calls: usize) {
        let waiting = queue.len() + calls;
        self.core.board.mailbox("push", waiting);
        #[allow(clippy::cast_precision_loss)] // a gauge is a float
        metrics::gauge!("frontdesk_push_waiting").set(waiting as f64);
    }
}

/// Whom an event could be told to, and what they want.
struct Audience {
    devices: Vec<PushDeviceKey>,
    choices: Choices,
}

fn count(result: &'static str) {
    metrics::counter!("frontdesk_push_total", "result" => result).increment(1);
}

/// What an attempt means for what waits.
fn settle(queue: &mut Queue, waiting: Waiting, outcome: Option<Outcome>, now: Timestamp) {
    let instant = Instant::now();
    let result = match outcome {
        None => "unwanted",
        Some(Outcome::Taken) => "taken",
        Some(Outcome::Gone) => {
            queue.forget(&waiting.device);
            return count("gone");
        }
        Some(Outcome::Refused(_)) => "refused",
        Some(Outcome::Later { wait, .. }) if now.since(waiting.since) < GIVE_UP_AFTER => {
            queue.again(waiting, wait, instant);
            return count("later");
        }
        Some(Outcome::Later { .. }) => "given_up",
    };
    queue.done(&waiting, instant);
    count(result);
}
