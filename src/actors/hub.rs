//! The directory of running conversations: starts an actor on demand, finds the running one, lets idle ones go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, ArbiterHandle};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::domain::{ConversationId, TraceId, WorkspaceId};

use super::conversation::{Command, CommandError, ConversationActor, Envelope, Reply};
use super::core::Core;

/// Commands that one conversation holds waiting; more are refused as busy.
pub(super) const MAILBOX: usize = 64;
/// How long a conversation without work stays in memory.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// How often a conversation asks whether it may go.
pub(super) const IDLE_CHECK: Duration = Duration::from_secs(5);
/// With more than this in memory, a conversation goes at its next check: each takes some kilobytes, and a campaign or an
/// import touches as many as there are.
const CROWD: usize = 2_000;
/// Commands under way over all conversations.
const MAX_UNDER_WAY: usize = 4096;
/// How long a caller waits for a place before it is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(2);

type Address = (WorkspaceId, ConversationId);

struct Running {
    address: Addr<ConversationActor>,
    under_way: usize,
}

struct Inner {
    core: Arc<Core>,
    arbiters: Vec<ArbiterHandle>,
    running: Mutex<HashMap<Address, Running>>,
    places: Semaphore,
}

/// The hub. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

/// Counts a command as ended, however it ends.
struct UnderWay {
    hub: Hub,
    address: Address,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(running) = self.hub.0.running.lock().get_mut(&self.address) {
            running.under_way = running.under_way.saturating_sub(1);
        }
    }
}

impl Hub {
    /// A hub that spreads conversations over `arbiters` (at least one).
    pub fn new(core: Arc<Core>, arbiters: Vec<ArbiterHandle>) -> Self {
        let (running, places) = (Mutex::new(HashMap::new()), Semaphore::new(MAX_UNDER_WAY));
        Self(Arc::new(Inner {
            core,
            arbiters,
            running,
            places,
        }))
    }

    /// Has a command carried out by the conversation, in its turn.
    ///
    /// # Errors
    /// The command's own, `Busy` if too much waits, `Crashed` if the actor died on it twice.
    pub async fn send(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        command: Command,
        trace: TraceId,
    ) -> Result<Reply, CommandError> {
        let place = tokio::time::timeout(MAX_WAIT, self.0.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(CommandError::Busy);
        };
        for _ in 0..2 {
            let envelope = Envelope {
                command: command.clone(),
                trace,
            };
            let (request, _under_way) = self.enqueue((workspace, conversation), envelope)?;
            match request.await {
                Ok(result) => return result,
                Err(error) => {
                    tracing::error!(%conversation, %error, "a conversation's actor died on a command")
                }
            }
            metrics::counter!("frontdesk_actor_restarts_total").increment(1);
        }
        Err(CommandError::Crashed)
    }

    fn enqueue(
        &self,
        address: Address,
        envelope: Envelope,
    ) -> Result<(actix::prelude::RecipientRequest<Envelope>, UnderWay), CommandError> {
        let mut map = self.0.running.lock();
        let running = map.entry(address).or_insert_with(|| self.start(address));
        if !running.address.connected() {
            *running = self.start(address);
        }
        if running.under_way >= MAILBOX {
            return Err(CommandError::Busy);
        }
        running.under_way += 1;
        // The place was counted above, so the mailbox cannot overflow: what is under way is all that can be in it.
        let request = running.address.clone().recipient().send(envelope);
        Ok((
            request,
            UnderWay {
                hub: self.clone(),
                address,
            },
        ))
    }

    fn start(&self, address: Address) -> Running {
        let (workspace, conversation) = address;
        let spread = usize::from(conversation.0[15]) % self.0.arbiters.len();
        let (core, hub) = (self.0.core.clone(), self.clone());
        let start = move |_: &mut actix::Context<ConversationActor>| {
            ConversationActor::new(core, hub, workspace, conversation)
        };
        Running {
            address: ConversationActor::start_in_arbiter(&self.0.arbiters[spread], start),
            under_way: 0,
        }
    }

    /// Asked by an actor that was last used `idle_for` ago: forgets it if it is time and nothing is on the way to it.
    pub(super) fn may_stop(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        idle_for: Duration,
    ) -> bool {
        let mut map = self.0.running.lock();
        if idle_for < IDLE && map.len() <= CROWD {
            return false;
        }
        let idle = map
            .get(&(workspace, conversation))
            .is_none_or(|running| running.under_way == 0);
        if idle {
            map.remove(&(workspace, conversation));
        }
        idle
    }

    /// How many conversations are in memory.
    pub fn running(&self) -> usize {
        self.0.running.lock().len()
    }
}
