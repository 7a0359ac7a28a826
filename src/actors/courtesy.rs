//! Tells customers that their message was read, or that someone is typing an answer, where the provider can.
//!
//! Best effort, and never in the way of anything: a short queue, few calls at once, and what does not fit is left out. Nothing
//! of it is stored; a restart forgets what waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::message::Direction;
use crate::domain::time::HOUR;
use crate::domain::{Conversation, ConversationId, Message, WorkspaceId};
use crate::storage::keys::{ConversationKey, MessageKey};
use crate::storage::{Prefix, StorageError};

use super::core::Core;

/// Wishes that wait.
const QUEUE: usize = 1_024;
/// Calls at once, over all channels.
const CALLS: usize = 8;
/// How long one may take.
const TIME: Duration = Duration::from_secs(10);
/// The typing mark lasts 25 seconds (Meta: typing indicators); it is renewed a little before.
const TYPING_AGAIN: Duration = Duration::from_secs(20);
/// Messages looked through for the customer's last one.
const LOOK: usize = 50;
/// Marks that are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// Older messages cannot be marked (Meta: 30 days).
const OLDEST: i64 = 30 * 24 * HOUR;

/// What is wished.
#[derive(Clone, Copy, Debug)]
struct Wish {
    workspace: WorkspaceId,
    conversation: ConversationId,
    typing: bool,
}

/// What was told last in a conversation.
#[derive(Clone, Copy, Default)]
struct Told {
    /// Place of the message that is marked as read.
    read: u32,
    typing: Option<Instant>,
}

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Courtesy {
    queue: mpsc::Sender<Wish>,
    receiver: Arc<tokio::sync::Mutex<mpsc::Receiver<Wish>>>,
    told: Arc<Mutex<HashMap<ConversationId, Told>>>,
}

impl Default for Courtesy {
    fn default() -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        Self {
            queue,
            receiver: Arc::new(tokio::sync::Mutex::new(receiver)),
            told: Arc::default(),
        }
    }
}

impl Courtesy {
    /// Someone of the team has seen everything in a conversation.
    pub fn read(&self, workspace: WorkspaceId, conversation: ConversationId) {
        self.wish(workspace, conversation, false);
    }

    /// Someone of the team types an answer.
    pub fn typing(&self, workspace: WorkspaceId, conversation: ConversationId) {
        self.wish(workspace, conversation, true);
    }

    fn wish(&self, workspace: WorkspaceId, conversation: ConversationId, typing: bool) {
        let wish = Wish {
            workspace,
            conversation,
            typing,
        };
        if self.queue.try_send(wish).is_err() {
            metrics::counter!("frontdesk_courtesy_total", "result" => "left_out").increment(1);
        }
    }

    /// Runs until told to stop.
    pub async fn run(self, core: Arc<Core>, token: CancellationToken) {
        let mut receiver = self.receiver.lock().await;
        let wishes = poll_fn(|cx| receiver.poll_recv(cx)).take_until(token.cancelled());
        let told = &self.told;
        let each = |wish| {
            let core = core.clone();
            async move {
                if let Err(error) = fulfil(&core, told, wish).await {
                    tracing::debug!(?wish, %error, "a read mark could not be looked up");
                }
            }
        };
        wishes.for_each_concurrent(CALLS, each).await;
    }
}

async fn fulfil(
    core: &Core,
    told: &Mutex<HashMap<ConversationId, Told>>,
    wish: Wish,
) -> Result<(), StorageError> {
    let (workspace, conversation) = (wish.workspace, wish.conversation);
    let key = ConversationKey {
        workspace,
        conversation,
    };
    let Some(state) = core.store.get(&key)? else {
        return Ok(());
    };
    let Some(entry) = core.registry.find(workspace, state.channel) else {
        return Ok(());
    };
    let switch = if wish.typing {
        "typing_indicator"
    } else {
        "read_receipts"
    };
    let is_off = entry
        .channel
        .settings
        .get(switch)
        .is_some_and(|value| value == "off");
    if is_off || entry.channel.paused || entry.channel.blocked.is_some() {
        return Ok(());
    }
    let Some((place, id)) = last_of_customer(core, workspace, &state)? else {
        return Ok(());
    };
    if !is_news(told, conversation, place, wish.typing) {
        return Ok(());
    }
    let Some(provider) = core.provider(entry.kind) else {
        return Ok(());
    };
    let call = match wish.typing {
        true => provider.show_typing(&core.http, &entry.access, &id),
        false => provider.mark_read(&core.http, &entry.access, &id),
    };
    let result = match tokio::time::timeout(TIME, call).await {
        Ok(Ok(())) => "told",
        Ok(Err(error)) => {
            tracing::debug!(%conversation, code = error.code, "the provider did not take a read mark");
            "refused"
        }
        Err(_) => "late",
    };
    metrics::counter!("frontdesk_courtesy_total", "result" => result).increment(1);
    Ok(())
}

/// The customer's last message that can be marked, and its place.
fn last_of_customer(
    core: &Core,
    workspace: WorkspaceId,
    conversation: &Conversation,
) -> Result<Option<(u32, String)>, StorageError> {
    let prefix = Prefix::<MessageKey>::table()
        .with(workspace)
        .with(conversation.id);
    let now = core.clock.now();
    let fits = |message: &Message| {
        let is_group = message
            .extra
            .as_ref()
            .is_some_and(|extra| extra.get("group_id").is_some());
        message.direction == Direction::Inbound
            && message.content.kind != "system"
            && !message.is_imported()
            && !is_group
            && now.since(message.created_at) < OLDEST
    };
    let recent = core.store.scan_back(&prefix, None, LOOK)?;
    let found = recent.into_iter().map(|(_, message)| message).find(fits);
    Ok(found.and_then(|message| Some((message.id.n, message.provider_message_id?))))
}

/// Whether it says anything that was not said, and if so notes it as said.
fn is_news(
    told: &Mutex<HashMap<ConversationId, Told>>,
    conversation: ConversationId,
    place: u32,
    typing: bool,
) -> bool {
    let now = Instant::now();
    let mut told = told.lock();
    if told.len() >= MAX_REMEMBERED && !told.contains_key(&conversation) {
        // What is forgotten is at worst told twice.
        told.clear();
    }
    let known = told.entry(conversation).or_default();
    let is_new = match typing {
        true => known
            .typing
            .is_none_or(|at| now.duration_since(at) >= TYPING_AGAIN),
        false => place > known.read,
    };
    if is_new {
        // The typing mark reads as well.
        known.read = known.read.max(place);
        if typing {
            known.typing = Some(now);
        }
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_is_not_told_twice_in_a_row() {
        let told = Mutex::default();
        let it = ConversationId([1; 16]);
        let news = |place, typing| is_news(&told, it, place, typing);
        assert!(news(3, false) && !news(3, false) && news(4, false));
        assert!(news(4, true) && !news(4, true));
        tokio::time::advance(TYPING_AGAIN).await;
        assert!(news(5, true));
        assert!(!news(5, false), "the typing mark has marked it as read");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let courtesy = Courtesy::default();
        for _ in 0..QUEUE + 10 {
            courtesy.read(WorkspaceId([1; 16]), ConversationId([2; 16]));
        }
        assert_eq!(courtesy.queue.capacity(), 0);
    }
}
