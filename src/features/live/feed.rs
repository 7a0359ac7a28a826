//! From the journal to the sockets: each event is turned into its frame once, for all who listen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::presence::Presence;
use crate::actors::Core;
use crate::actors::courtesy::Courtesy;
use crate::domain::{ChannelId, ContactId, Event, EventKind, WorkspaceId};
use crate::http::views::{ChannelViews, Viewer, contact_view};
use crate::storage::StorageError;
use crate::storage::keys::{ChannelKey, ContactKey};

/// Frames that a slow socket may be behind before it must catch up from the journal.
const BUFFER: usize = 1024;
/// Events read in one go.
const PAGE: usize = 256;
const PAUSE: Duration = Duration::from_secs(1);

/// A frame as it goes out.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The event's place; `None` for presence, which is not kept.
    pub seq: Option<u64>,
    pub text: Arc<str>,
}

/// The feed. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    pub(super) core: Arc<Core>,
    pub(super) presence: Presence,
    channels: Arc<ChannelViews>,
    listeners: Arc<Mutex<HashMap<WorkspaceId, broadcast::Sender<Frame>>>>,
    pub(super) courtesy: Courtesy,
}

impl Feed {
    /// A feed over the store of `core`, which shows channels by `channels` and tells customers who types by `courtesy`.
    pub fn new(core: Arc<Core>, channels: Arc<ChannelViews>, courtesy: Courtesy) -> Self {
        Self {
            core,
            presence: Presence::default(),
            channels,
            listeners: Arc::default(),
            courtesy,
        }
    }

    /// Listens to a workspace from now on.
    pub(super) fn listen(&self, workspace: WorkspaceId) -> broadcast::Receiver<Frame> {
        let mut listeners = self.listeners.lock();
        listeners
            .entry(workspace)
            .or_insert_with(|| broadcast::channel(BUFFER).0)
            .subscribe()
    }

    /// Sends a frame to everyone of a workspace who listens.
    pub(super) fn tell(&self, workspace: WorkspaceId, frame: Frame) {
        let mut listeners = self.listeners.lock();
        if let Some(sender) = listeners.get(&workspace)
            && sender.send(frame).is_err()
        {
            listeners.remove(&workspace);
        }
    }

    fn has_listeners(&self, workspace: WorkspaceId) -> bool {
        self.listeners
            .lock()
            .get(&workspace)
            .is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// The frame of an event, with its records as they are now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn frame(&self, event: &Event) -> Result<Frame, StorageError> {
        let data = self.data(event)?;
        let frame = json!({
            "seq": event.seq,
            "type": event.kind.name(),
            "at": event.at,
            "trace_id": event.trace,
            "data": data,
        });
        Ok(Frame {
            seq: Some(event.seq),
            text: frame.to_string().into(),
        })
    }

    fn data(&self, event: &Event) -> Result<Value, StorageError> {
        let mut viewer = Viewer::new(&self.core.store, event.workspace, self.core.clock.now());
        Ok(match &event.kind {
            EventKind::MessageCreated(id) | EventKind::MessageUpdated(id) | EventKind::MessageRevised(id) => {
                json!({
                    "message_id": id,
                    "conversation_id": id.conversation,
                    "message": viewer.message_by_id(*id)?,
                    "conversation": viewer.conversation_by_id(id.conversation)?,
                })
            }
            EventKind::ConversationCreated(id) | EventKind::ConversationUpdated(id) => {
                json!({"conversation_id": id, "conversation": viewer.conversation_by_id(*id)?})
            }
            EventKind::ContactCreated(id) | EventKind::ContactUpdated(id) => {
                json!({"contact_id": id, "contact": self.contact(event.workspace, *id)?})
            }
            EventKind::ChannelUpdated(id) => {
                json!({"channel_id": id, "channel": self.channel(event.workspace, *id)?})
            }
            EventKind::ChannelRemoved(id) => json!({"channel_id": id}),
            EventKind::RawEventParked(id) => json!({"raw_event_id": id.to_string()}),
            EventKind::DeadLetterCreated(id) | EventKind::DeadLetterRemoved(id) => {
                json!({"message_id": id, "conversation_id": id.conversation})
            }
            EventKind::NoticeCreated(id) => json!({"notice_id": id.to_string()}),
            EventKind::UserUpdated(id) => json!({"user_id": id}),
            EventKind::AlertRaised(id) | EventKind::AlertCleared(id) => json!({"alert_id": id.to_string()}),
        })
    }

    fn contact(&self, workspace: WorkspaceId, contact: ContactId) -> Result<Option<Value>, StorageError> {
        let found = self.core.store.get(&ContactKey { workspace, contact })?;
        let (store, now) = (&self.core.store, self.core.clock.now());
        Ok(found.map(|contact| json!(contact_view(store, workspace, &contact, now))))
    }

    fn channel(&self, workspace: WorkspaceId, channel: ChannelId) -> Result<Option<Value>, StorageError> {
        // Not from the registry, which learns of a change only after the journal has it.
        let Some(channel) = self.core.store.get(&ChannelKey { workspace, channel })? else {
            return Ok(None);
        };
        Ok(Some(json!(self.channels.view(workspace, &channel)?)))
    }

    fn pass_on(&self, after: u64) -> Result<u64, StorageError> {
        let events = self.core.store.events_after(after, PAGE)?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(after);
        };
        for event in events.iter().filter(|event| self.has_listeners(event.workspace)) {
            match self.frame(event) {
                Ok(frame) => self.tell(event.workspace, frame),
                // One record that cannot be read must not silence the feed.
                Err(error) => tracing::error!(seq = event.seq, %error, "an event could not be shown live"),
            }
        }
        Ok(last)
    }
}

/// Runs until told to stop.
pub async fn run(feed: Feed, token: CancellationToken) {
    let mut events = feed.core.store.watch_events();
    let mut position = *events.borrow_and_update();
    loop {
        match feed.pass_on(position) {
            Ok(last) if last > position => {
                position = last;
                tokio::task::yield_now().await;
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "the live feed cannot read the journal");
                feed.core.board.error("live feed", &error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            changed = events.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}
