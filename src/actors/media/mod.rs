//! Files: fetched after their message is committed, examined, kept, given to providers, let go in time.
//!
//! Owns the jobs that fetch (a row in the message's own frame, so that none is forgotten), the one place where a file's
//! bytes are taken in, and the care of what is kept. Doing a job twice ends the same. Must not know routes.

mod attach;
mod cards;
mod care;
mod change;
mod desk;
mod duration;
mod examine;
mod fetch;
mod inbound;
mod outbound;
mod picture;
mod portrait;
mod receive;
mod settings;

pub use attach::{AttachError, Attached};
pub use change::{ChangeError, fetch_again, forget, keep_upload};
pub use desk::{MediaDesk, link};
pub use examine::{Examined, agree, examine, sniff};
pub use fetch::show_picture;
pub use inbound::{bring, resolve};
pub use outbound::{OpenError, is_uploaded_first, open, plain_name, prepare, surely_unsent};
pub use portrait::portrait_url;
pub use receive::{MAX_BYTES, ReceiveError, receive, stream};
pub use settings::{MAX_DAYS, Retention, read as retention, write as keep_retention};

pub(in crate::actors) use inbound::note;
pub(in crate::actors) use portrait::{note_portrait, portrait_due};

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::domain::{MediaId, Timestamp};
use crate::storage::keys::MediaJobKey;
use crate::storage::{Prefix, StorageError};

use super::core::Core;
use super::hub::Hub;

/// Files fetched at the same time.
const MAX_FETCHES: usize = 4;
/// Rows looked at in one go.
const PAGE: usize = 64;
/// The longest sleep: bounds how late a clock that was set forward is noticed.
const MAX_SLEEP: Duration = Duration::from_secs(30);
/// Rest between two looks: many commits in a moment are looked at together.
const REST: Duration = Duration::from_millis(50);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// How often what is old is let go and rubbish is swept.
const CARE: Duration = Duration::from_secs(24 * 3600);
/// The first time, after the start.
const FIRST_CARE: Duration = Duration::from_secs(600);

/// Runs until told to stop.
pub async fn run(core: Arc<Core>, hub: Hub, token: CancellationToken) {
    let mut jobs = Jobs {
        core: core.clone(),
        hub,
        under_way: HashSet::new(),
        running: FuturesUnordered::new(),
    };
    let mut commits = core.store.watch_events();
    let mut next_care = tokio::time::Instant::now() + FIRST_CARE;
    loop {
        commits.mark_unchanged();
        let wait = match jobs.look() {
            Ok(next) => until(&core, next),
            Err(error) => {
                tracing::warn!(%error, "files wait: they cannot be looked for at present");
                core.board.error("media", &error.to_string());
                PAUSE
            }
        };
        if next_care <= tokio::time::Instant::now() {
            next_care += CARE;
            care::care(&core).await;
        }
        tokio::select! {
            () = token.cancelled() => return,
            Some(done) = jobs.running.next(), if !jobs.running.is_empty() => {
                jobs.under_way.remove(&done);
            }
            () = core.media.woken() => {}
            changed = commits.changed(), if jobs.has_room() => match changed {
                Ok(()) => tokio::time::sleep(REST).await,
                Err(_) => return token.cancelled().await,
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn until(core: &Core, next: Option<Timestamp>) -> Duration {
    let now = core.clock.now();
    let wait = next.map(|at| Duration::from_micros(at.since(now).max(0).unsigned_abs()));
    wait.unwrap_or(MAX_SLEEP).clamp(REST, MAX_SLEEP)
}

/// What is being fetched.
struct Jobs {
    core: Arc<Core>,
    hub: Hub,
    under_way: HashSet<MediaId>,
    running: FuturesUnordered<LocalBoxFuture<'static, MediaId>>,
}

impl Jobs {
    fn has_room(&self) -> bool {
        self.under_way.len() < MAX_FETCHES
    }

    /// Begins what is due, as far as there is room. Answers when to look again.
    fn look(&mut self) -> Result<Option<Timestamp>, StorageError> {
        let now = self.core.clock.now();
        let prefix = Prefix::<MediaJobKey>::table();
        let mut after = None;
        while self.has_room() {
            let page = self.core.store.scan_keys(&prefix, after.as_ref(), PAGE)?;
            for key in &page {
                if key.at > now {
                    return Ok(Some(key.at));
                }
                if self.has_room() && self.under_way.insert(key.media) {
                    self.begin(*key);
                }
            }
            after = page.last().copied();
            if page.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    fn begin(&mut self, key: MediaJobKey) {
        let (core, hub) = (self.core.clone(), self.hub.clone());
        self.running.push(Box::pin(async move {
            if let Err(error) = inbound::carry_out(&core, &hub, key).await {
                tracing::warn!(media = %key.media, %error, "a file could not be worked in; it is tried again");
                core.board.error("media", &error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
            key.media
        }));
    }
}
