//! Tells alerts to people outside: by signed webhook and by letter, at least once, for up to a day.
//!
//! Owns its place in the journal (reader 1) and each workspace's book of tellings. It reads committed events, so an alert
//! that was raised is told even if the program ends in between. Must not know how alerts come about.

mod guard;
mod mail;
mod settings;
mod webhook;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::operations::Alert;
use crate::domain::{Event, EventKind, Timestamp, WorkspaceId};
use crate::storage::keys::{AlertKey, PositionKey};
use crate::storage::{Batch, Seal, StorageError};

use super::core::Core;
use super::registry::all_workspaces;

pub use guard::GuardedClient;
pub use mail::{MailOptions, MailTls, Mailer};
pub use settings::{AlertAddresses, Book, News, Telling, TellingState, Way};
pub use webhook::{Attempt, new_secret};
use words::{Told, letter, telling_id, webhook_body};

/// This reader's number among positions. Stored: never change or reuse it.
const READER: u8 = 1;
/// Events read in one go.
const PAGE: usize = 512;
/// How often the place in the journal is written down while nothing concerns us, so that the journal can be trimmed.
const NOTE_PLACE: Duration = Duration::from_secs(60);
/// The longest sleep between looks at what is due.
const TICK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(5);
/// How long something is tried to be told.
const GIVE_UP_AFTER: i64 = 24 * 3_600 * SECOND;
const SECOND: i64 = 1_000_000;
/// Pauses after the first, second … failure, in seconds; the last one repeats.
const PAUSES: [i64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600];

/// How alerts leave the house.
pub struct DeliveryOptions {
    /// Where people reach the app; stands in what is told.
    pub public_url: String,
    /// For workspaces' webhooks.
    pub client: GuardedClient,
    /// The mail server; `None` if the operator named none.
    pub mailer: Option<Mailer>,
}

/// Tells alerts. Cheap to clone.
#[derive(Clone)]
pub struct Delivery {
    core: Arc<Core>,
    options: Arc<DeliveryOptions>,
}

#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] crate::storage::CommitError),
}

impl Delivery {
    /// Over the store of `core`.
    pub fn new(core: Arc<Core>, options: DeliveryOptions) -> Self {
        Self {
            core,
            options: Arc::new(options),
        }
    }

    /// Whether letters can be sent.
    pub fn has_mail(&self) -> bool {
        self.options.mailer.is_some()
    }

    /// Runs until told to stop.
    pub async fn run(self, token: CancellationToken) {
        while let Err(error) = self.follow(&token).await {
            tracing::warn!(%error, "alerts wait to be told: it cannot be done at present");
            self.core.board.error("alert delivery", &error.to_string());
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn follow(&self, token: &CancellationToken) -> Result<(), DeliveryError> {
        let store = &self.core.store;
        let mut events = store.watch_events();
        let mut place = self.first_place().await?;
        let mut noted = tokio::time::Instant::now();
        let mut busy = self.with_pending()?;
        loop {
            let last = *events.borrow_and_update();
            while place < last && !token.is_cancelled() {
                let page = store.events_after(place, PAGE)?;
                let Some(end) = page.last().map(|event| event.seq) else {
                    break;
                };
                if self.note(&page, end, &mut busy).await? {
                    noted = tokio::time::Instant::now();
                }
                place = end;
            }
            if noted.elapsed() >= NOTE_PLACE {
                noted = tokio::time::Instant::now();
                self.write_place(place).await?;
            }
            self.tell_what_is_due(&mut busy, token).await?;
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                changed = events.changed() => if changed.is_err() { return Ok(()) },
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Where reading begins: after what was handled, or from now on the first time.
    async fn first_place(&self) -> Result<u64, DeliveryError> {
        let store = &self.core.store;
        let last = *store.watch_events().borrow();
        let stored = store.get(&PositionKey { reader: READER })?;
        // A restored journal may be shorter than the place, a trimmed one may begin later.
        let place = stored.unwrap_or(last).min(last);
        let oldest = store.oldest_event().saturating_sub(1);
        if place < oldest {
            tracing::warn!(
                place,
                oldest,
                "alerts of events that are no longer in the journal are not told"
            );
        }
        let place = place.max(oldest.min(last));
        if stored != Some(place) {
            self.write_place(place).await?;
        }
        Ok(place)
    }

    async fn write_place(&self, place: u64) -> Result<(), DeliveryError> {
        let mut batch = Batch::bulk();
        batch.put(&PositionKey { reader: READER }, &place, &Seal::Open);
        self.core.store.commit(batch).await?;
        Ok(())
    }

    fn with_pending(&self) -> Result<BTreeSet<WorkspaceId>, DeliveryError> {
        let mut busy = BTreeSet::new();
        for workspace in all_workspaces(&self.core.store)? {
            let book = Book::load(&self.core.store, workspace.id)?;
            if book
                .tellings
                .iter()
                .any(|telling| telling.state == TellingState::Pending)
            {
                busy.insert(workspace.id);
            }
        }
        Ok(busy)
    }

    /// Enters what is to be told into the books, together with the place in the journal. Answers whether it was written.
    async fn note(
        &self,
        page: &[Event],
        end: u64,
        busy: &mut BTreeSet<WorkspaceId>,
    ) -> Result<bool, DeliveryError> {
        let store = &self.core.store;
        let mut written = false;
        for event in page {
            let (alert, news) = match event.kind {
                EventKind::AlertRaised(alert) => (alert, News::Raised),
                EventKind::AlertCleared(alert) => (alert, News::Cleared),
                _ => continue,
            };
            let addresses = AlertAddresses::load(store, event.workspace)?;
            let mut book = Book::load(store, event.workspace)?;
            let ways = [
                addresses.webhook_url.is_some().then_some(Way::Webhook),
                addresses.email.is_some().then_some(Way::Email),
            ];
            let now = self.core.clock.now();
            let mut is_new = false;
            for way in ways.into_iter().flatten() {
                // The end of something is told by the ways by which its beginning was.
                let begun = book
                    .tellings
                    .iter()
                    .any(|telling| telling.alert == alert && telling.way == way);
                if news == News::Raised || begun {
                    is_new |= book.add(alert, news, way, now);
                }
            }
            if is_new {
                let mut batch = Batch::new();
                book.put(&mut batch, store, event.workspace)?;
                batch.put(&PositionKey { reader: READER }, &event.seq, &Seal::Open);
                store.commit(batch).await?;
                busy.insert(event.workspace);
                written = true;
            }
        }
        if written {
            self.write_place(end).await?;
        }
        Ok(written)
    }

    async fn tell_what_is_due(
        &self,
        busy: &mut BTreeSet<WorkspaceId>,
        token: &CancellationToken,
    ) -> Result<(), DeliveryError> {
        for workspace in busy.clone() {
            let store = &self.core.store;
            let book = Book::load(store, workspace)?;
            let is_pending = |telling: &&Telling| telling.state == TellingState::Pending;
            let pending: Vec<_> = book.tellings.iter().filter(is_pending).cloned().collect();
            if pending.is_empty() {
                busy.remove(&workspace);
                continue;
            }
            let now = self.core.clock.now();
            for telling in pending.into_iter().filter(|telling| telling.at <= now.0) {
                if token.is_cancelled() {
                    return Ok(());
                }
                let told = self.tell(workspace, telling).await?;
                let mut book = Book::load(store, workspace)?;
                book.replace(told);
                let mut batch = Batch::new();
                book.put(&mut batch, store, workspace)?;
                store.commit(batch).await?;
            }
        }
        Ok(())
    }

    /// Tries once. Answers how it stands then.
    async fn tell(&self, workspace: WorkspaceId, mut telling: Telling) -> Result<Telling, DeliveryError> {
        let addresses = AlertAddresses::load(&self.core.store, workspace)?;
        let key = AlertKey {
            workspace,
            alert: telling.alert,
        };
        let attempt = match self.core.store.get(&key)? {
            Some(alert) => {
                self.attempt(workspace, &addresses, &alert, telling.news, telling.way)
                    .await
            }
            None => Attempt::Hopeless("the alert is no longer known".into()),
        };
        telling.attempts = telling.attempts.saturating_add(1);
        let now = self.core.clock.now();
        let (way, alert) = (telling.way, telling.alert);
        match &attempt {
            Attempt::Delivered(detail) => tracing::info!(%workspace, alert, ?way, detail, "alert told"),
            Attempt::Failed(detail) | Attempt::Hopeless(detail) => {
                tracing::warn!(%workspace, alert, ?way, attempts = telling.attempts, detail, "alert not told");
            }
        }
        Ok(settle(telling, attempt, now))
    }

    async fn attempt(
        &self,
        workspace: WorkspaceId,
        addresses: &AlertAddresses,
        alert: &Alert,
        news: News,
        way: Way,
    ) -> Attempt {
        let told = Told {
            workspace,
            alert,
            news,
            public_url: &self.options.public_url,
            at: self.core.clock.now(),
        };
        match (way, addresses) {
            (
                Way::Webhook,
                AlertAddresses {
                    webhook_url: Some(url),
                    webhook_secret,
                    ..
                },
            ) => {
                let secret = webhook_secret.as_deref().unwrap_or_default();
                let (id, body) = (telling_id(&told), webhook_body(&told));
                webhook::post(&self.options.client, url, secret, &id, told.at, body).await
            }
            (Way::Email, AlertAddresses { email: Some(to), .. }) => match &self.options.mailer {
                Some(mailer) => mailer.send(&letter(&told, to)).await,
                None => {
                    Attempt::Hopeless("no mail server is configured; see [smtp] in the configuration".into())
                }
            },
            _ => Attempt::Hopeless("the address was taken out of the settings".into()),
        }
    }

    /// Tells a made-up alert by every way that is set, once, and says how it went.
    pub async fn test(&self, workspace: WorkspaceId, addresses: &AlertAddresses) -> Vec<(Way, Attempt)> {
        let now = self.core.clock.now();
        let alert = Alert {
            id: 0,
            kind: "test".into(),
            subject: String::new(),
            detail: "This is a test. Nothing is wrong; alerts will look like this.".into(),
            raised_at: now,
            cleared_at: None,
            acknowledged_by: None,
        };
        let mut outcomes = Vec::new();
        for (way, is_set) in [
            (Way::Webhook, addresses.webhook_url.is_some()),
            (Way::Email, addresses.email.is_some()),
        ] {
            if is_set {
                let attempt = self
                    .attempt(workspace, addresses, &alert, News::Raised, way)
                    .await;
                outcomes.push((way, attempt));
            }
        }
        outcomes
    }
}

/// How a telling stands after an attempt.
fn settle(mut telling: Telling, attempt: Attempt, now: Timestamp) -> Telling {
    telling.at = now.0;
    (telling.state, telling.detail) = match attempt {
        Attempt::Delivered(detail) => (TellingState::Delivered, detail),
        Attempt::Hopeless(detail) => (TellingState::Failed, detail),
        Attempt::Failed(detail) => {
            let failures = usize::try_from(telling.attempts).unwrap_or(usize::MAX).max(1);
            let pause = PAUSES[(failures - 1).min(PAUSES.len() - 1)];
            let next = now.0.saturating_add(pause * SECOND);
            if next.saturating_sub(telling.since) > GIVE_UP_AFTER {
                (TellingState::Failed, format!("given up after a day; {detail}"))
            } else {
                telling.at = next;
                (TellingState::Pending, detail)
            }
        }
    };
    telling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Telling {
        let mut book = Book::default();
        book.add(1, News::Raised, Way::Webhook, Timestamp(0));
        book.tellings.remove(0)
    }

    #[test]
    fn what_fails_is_tried_ever_more_rarely_for_a_day() {
        let (mut telling, mut now, mut pauses) = (fresh(), 0, Vec::new());
        while telling.state == TellingState::Pending {
            telling.attempts += 1;
            let tried = now;
            telling = settle(telling, Attempt::Failed("no".into()), Timestamp(now));
            now = telling.at;
            pauses.push((now - tried) / SECOND);
        }
        assert_eq!(
            pauses,
            [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600, 0]
        );
        assert_eq!(telling.state, TellingState::Failed);
        assert!(
            now < GIVE_UP_AFTER && telling.detail.contains("given up"),
            "{}",
            telling.detail
        );
    }

    #[test]
    fn success_and_hopelessness_end_it() {
        let delivered = settle(fresh(), Attempt::Delivered("204".into()), Timestamp(9));
        assert_eq!((delivered.state, delivered.at), (TellingState::Delivered, 9));
        let failed = settle(fresh(), Attempt::Hopeless("410".into()), Timestamp(9));
        assert_eq!(failed.state, TellingState::Failed);
    }

    #[test]
    fn the_book_holds_each_telling_once_and_only_the_newest() {
        let mut book = Book::default();
        assert!(book.add(1, News::Raised, Way::Email, Timestamp(0)));
        assert!(
            !book.add(1, News::Raised, Way::Email, Timestamp(1)),
            "acknowledged: the event again"
        );
        assert!(book.add(1, News::Cleared, Way::Email, Timestamp(2)));
        for alert in 2..500 {
            book.add(alert, News::Raised, Way::Email, Timestamp(3));
        }
        assert_eq!((book.tellings.len(), book.tellings[199].alert), (200, 499));
    }
}
