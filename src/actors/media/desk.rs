//! What everybody who handles files shares.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use super::outbound::ending;
use crate::actors::delivery::GuardedClient;
use crate::domain::media::Media;
use crate::domain::{ChannelId, MediaId, Timestamp, WorkspaceId};
use crate::storage::Store;
use crate::storage::media::{MediaLink, Part};

/// How long a signed address holds at least, in microseconds: as long as someone may leave a page open.
const LINK_LIFE: i64 = 12 * 3600 * 1_000_000;
/// Addresses made within this time are the same, so that browsers keep what they fetched.
const LINK_STEP: i64 = 3600 * 1_000_000;

/// Uploads that are taken in at the same time.
const MAX_RECEIVING: usize = 32;

type Uploading = HashMap<(MediaId, ChannelId), Arc<tokio::sync::Mutex<()>>>;

/// Shared by jobs, dispatchers and routes.
pub struct MediaDesk {
    /// Where providers reach this appliance.
    public_url: String,
    /// For addresses that providers name.
    pub(super) client: GuardedClient,
    /// Pictures are looked at one at a time: each may take much memory.
    pub(super) examining: Semaphore,
    /// Uploads that are taken in at the same time: each holds a thread.
    receiving: Semaphore,
    wake: Notify,
    uploading: Mutex<Uploading>,
}

impl MediaDesk {
    /// `allow_private`: providers may name private addresses (an operator's proxy).
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(public_url: &str, allow_private: bool) -> Result<Self, reqwest::Error> {
        Ok(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            client: GuardedClient::new(allow_private)?,
            examining: Semaphore::new(1),
            receiving: Semaphore::new(MAX_RECEIVING),
            wake: Notify::new(),
            uploading: Mutex::default(),
        })
    }

    /// Leave to take an upload in; `None` while too many are.
    pub fn may_receive(&self) -> Option<SemaphorePermit<'_>> {
        self.receiving.try_acquire().ok()
    }

    /// Look for work now.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// One upload of a file to a channel at a time: the others find it done.
    pub(super) fn upload_lock(&self, media: MediaId, channel: ChannelId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.uploading.lock();
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks.entry((media, channel)).or_default().clone()
    }

    /// Where the appliance is reached from outside, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The address under which a provider can fetch a file for a while. It ends as the file's name would: Twilio and
    /// WhatsApp tell by that what they get.
    pub fn provider_link(
        &self,
        store: &Store,
        workspace: WorkspaceId,
        media: &Media,
        now: Timestamp,
    ) -> String {
        let link = link(store, workspace, media.id, Part::Whole, now);
        match ending(&media.mime) {
            Some(ending) => format!("{}{link}.{ending}", self.public_url),
            None => format!("{}{link}", self.public_url),
        }
    }
}

/// A signed address of a file on this server, without its host.
pub fn link(store: &Store, workspace: WorkspaceId, media: MediaId, part: Part, now: Timestamp) -> String {
    let begun = now.0.div_euclid(LINK_STEP) * LINK_STEP;
    let token = store.media_token(&MediaLink {
        workspace,
        media,
        part,
        expires_at: Timestamp(begun + LINK_STEP + LINK_LIFE),
    });
    format!("/media/{token}")
}
