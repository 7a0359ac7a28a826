//! The channel's actor: works raw events in, strictly in order of arrival per conversation, and marks them done in the
//! same frame as their effects. What cannot be worked in is parked with its reason and holds up nobody.

mod drain;
mod health;
mod moves;
mod notes;
mod read;
mod sync;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::actors::backlog::Backlog;
use crate::domain::ChannelId;

pub use health::HealthError;

use super::core::Core;
use super::directory::DirectoryHandle;
use super::hub::Hub;
use super::profiles::Profiles;

/// What channels' actors share.
#[derive(Clone)]
pub struct ChannelWork {
    /// Store, clock, registry.
    pub core: Arc<Core>,
    /// Conversations.
    pub hub: Hub,
    /// Identities.
    pub directory: DirectoryHandle,
    /// Raw events that wait, over all channels.
    pub backlog: Arc<Backlog>,
    /// Names of customers.
    pub profiles: Profiles,
}

/// The longest pause after a failure.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Runs until told to stop or the channel is gone.
pub async fn run(work: ChannelWork, channel: ChannelId, token: CancellationToken) {
    let name = format!("channel {channel}");
    let mut pause = Duration::from_millis(50);
    while let Some(entry) = work.core.registry.get(channel) {
        let next = match work.drain(&entry).await {
            Ok(0) => None,
            Ok(worked_in) => {
                work.backlog.remove(worked_in);
                work.backlog.rest().await;
                pause = Duration::from_millis(50);
                Some(Duration::ZERO)
            }
            Err(error) => {
                tracing::warn!(%channel, %error, ?pause, "raw events wait: they cannot be worked in at present");
                work.core.board.error(&name, &error.to_string());
                let wait = pause;
                pause = (pause * 2).min(MAX_PAUSE);
                Some(wait)
            }
        };
        tokio::select! {
            () = token.cancelled() => return,
            () = entry.inbox.notified(), if next.is_none() => {}
            () = tokio::time::sleep(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
    token.cancelled().await;
}
