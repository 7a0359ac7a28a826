//! The conversation's actor: the one writer of a conversation. Loads what a command needs, decides purely, commits the
//! decision with everything that belongs to it in one frame, then answers.
//!
//! Commands are taken strictly one after the other. State is a cache: it is only believed as long as the store agrees
//! (every commit requires the conversation's row to be unchanged), so that even two actors could not lose an update.

mod apply;
mod commands;
mod consent;
mod count;
mod echo;
mod outcome;
mod persist;

mod post;
mod private;
mod settle;

use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message as ActixMessage,
    WrapFuture,
};

use tokio::time::Instant;

use crate::domain::decide::{Decision, Rejection, mark_read, mark_unread, unsnooze, update};
use crate::domain::{Conversation, ConversationId, Message, TraceId, WorkspaceId};
use crate::storage::keys::ConversationKey;
use crate::storage::{Batch, CommitError, Fingerprint, Seal, StorageError};

pub use commands::{ApplyItem, CardsRead, Command, ConsentWish, PostMessage, RawDone, Reply};
pub(super) use persist::list_key;

use super::core::Core;
use super::hub::Hub;

/// How often a decision is taken anew because someone else changed the conversation meanwhile.
const MAX_TRIES: u32 = 8;

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// No such conversation in this workspace.
    #[error("no such conversation")]
    NotFound,
    /// A rightful no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The record is not at the version that the caller saw.
    #[error("the conversation was changed meanwhile (now at version {current})")]
    VersionMismatch {
        /// The version that it is at.
        current: u64,
    },
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The change was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Too much work is waiting.
    #[error("too much work is waiting")]
    Busy,
    /// The actor died on this command, twice.
    #[error("the command could not be carried out; see the log")]
    Crashed,
}

/// A command with what it is about.
pub(super) struct Envelope {
    pub command: Command,
    pub trace: TraceId,
}

impl ActixMessage for Envelope {
    type Result = Result<Reply, CommandError>;
}

/// The state, as the store has it.
#[derive(Clone)]
pub(super) struct Loaded {
    pub conversation: Conversation,
    pub fingerprint: Fingerprint,
    pub seal: Seal,
}

/// What a command leads to, ready to be committed.
pub(super) struct Plan {
    pub decision: Decision,
    /// Rows beside the decision's own, in the same frame.
    pub beside: Batch,
    pub reply: PlanReply,
}

/// What to answer once the plan is committed.
pub(super) enum PlanReply {
    Done,
    /// The decision's last message.
    Message,
    /// A message that was there before.
    Existing(Box<Message>),
    Conversation,
}

impl Plan {
    pub(super) fn of(decision: Decision, reply: PlanReply) -> Self {
        Self {
            decision,
            beside: Batch::new(),
            reply,
        }
    }
}

/// The actor.
pub(super) struct ConversationActor {
    core: Arc<Core>,
    hub: Hub,
    workspace: WorkspaceId,
    id: ConversationId,
    state: Option<Loaded>,
    /// When the last command came.
    used: Instant,
}

impl ConversationActor {
    pub(super) fn new(core: Arc<Core>, hub: Hub, workspace: WorkspaceId, id: ConversationId) -> Self {
        Self {
            core,
            hub,
            workspace,
            id,
            state: None,
            used: Instant::now(),
        }
    }
}

impl Actor for ConversationActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(super::hub::MAILBOX);
        ctx.run_interval(super::hub::IDLE_CHECK, |actor, ctx| {
            if actor
                .hub
                .may_stop(actor.workspace, actor.id, actor.used.elapsed())
            {
                actix::ActorContext::stop(ctx);
            }
        });
    }
}

impl Handler<Envelope> for ConversationActor {
    type Result = AtomicResponse<Self, Result<Reply, CommandError>>;

    fn handle(&mut self, envelope: Envelope, _ctx: &mut Self::Context) -> Self::Result {
        let worker = Worker {
            core: self.core.clone(),
            workspace: self.workspace,
            id: self.id,
        };
        self.used = Instant::now();
        let state = self.state.take();
        let work = async move { worker.run(state, envelope).await };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(
            |(state, result), actor, _| {
                actor.state = state;
                result
            },
        )))
    }
}

/// Carries one command out.
pub(super) struct Worker {
    pub core: Arc<Core>,
    pub workspace: WorkspaceId,
    pub id: ConversationId,
}

impl Worker {
    /// Answers the state to keep (`None`: read it anew) and the command's result.
    async fn run(
        &self,
        state: Option<Loaded>,
        envelope: Envelope,
    ) -> (Option<Loaded>, Result<Reply, CommandError>) {
        let mut state = state;
        for _ in 0..MAX_TRIES {
            let loaded = match state.take().map_or_else(|| self.load(), Ok) {
                Ok(loaded) => loaded,
                Err(error) => return (None, Err(error)),
            };
            let plan = match self.plan(&loaded, &envelope) {
                Ok(plan) => plan,
                Err(error) => return (Some(loaded), Err(error)),
            };
            match self.commit(loaded, plan, envelope.trace).await {
                Ok((loaded, reply)) => return (Some(loaded), Ok(reply)),
                Err(CommitError::Conflict { table }) => {
                    tracing::debug!(conversation = %self.id, table, "changed meanwhile, deciding again");
                }
                Err(error) => return (None, Err(error.into())),
            }
        }
        (None, Err(CommandError::Busy))
    }

    fn load(&self) -> Result<Loaded, CommandError> {
        let key = ConversationKey {
            workspace: self.workspace,
            conversation: self.id,
        };
        let (conversation, fingerprint) = self
            .core
            .store
            .get_for_update(&key)?
            .ok_or(CommandError::NotFound)?;
        let seal = self
            .core
            .store
            .contact_seal(self.workspace, conversation.contact)?;
        Ok(Loaded {
            conversation,
            fingerprint,
            seal,
        })
    }

    fn plan(&self, loaded: &Loaded, envelope: &Envelope) -> Result<Plan, CommandError> {
        let now = self.core.clock.now();
        let it = &loaded.conversation;
        let conversation = |decision| Ok(Plan::of(decision, PlanReply::Conversation));
        match &envelope.command {
            Command::Apply { items, done } => self.plan_apply(it, items, done, now),
            Command::Post(post) => self.plan_post(it, post, envelope.trace, now),
            Command::Outcome(result) => self.plan_outcome(it, result, now),
            Command::Retry(message) => self.plan_retry(it, *message, now),
            Command::Settle(message, settlement) => self.plan_settle(it, *message, *settlement, now),
            Command::DiscardDeadLetter(message) => self.plan_discard(it, *message),
            Command::Update { patch, if_version } => match if_version {
                Some(version) if *version != it.version => {
                    Err(CommandError::VersionMismatch { current: it.version })
                }
                _ => conversation(update(it, patch.clone(), now)?),
            },
            Command::Consent(wish) => self.plan_consent(it, wish, now),
            Command::MarkRead => conversation(mark_read(it)),
            Command::MarkUnread => conversation(mark_unread(it)),
            Command::Click(message, code) => self.plan_click(it, *message, code, now),
            Command::Cards(read) => self.plan_cards(it, read),
            Command::Unsnooze => conversation(unsnooze(it, now)),
        }
    }

    async fn commit(
        &self,
        loaded: Loaded,
        plan: Plan,
        trace: TraceId,
    ) -> Result<(Loaded, Reply), CommitError> {
        let Plan {
            decision,
            beside,
            reply,
        } = plan;
        let reply = match reply {
            PlanReply::Done => Reply::Done,
            PlanReply::Existing(message) => Reply::Message(message),
            PlanReply::Conversation => Reply::Conversation(Box::new(decision.conversation.clone())),
            PlanReply::Message => match decision.messages.last() {
                Some(message) => Reply::Message(Box::new(message.clone())),
                None => Reply::Done,
            },
        };
        if decision.is_empty() && beside.is_empty() {
            return Ok((loaded, reply));
        }
        let wake = decision
            .effects
            .iter()
            .any(|e| matches!(e, crate::domain::decide::Effect::Enqueue { .. }));
        let persisted = self.persist(&loaded, decision, beside, trace).map_err(|error| {
            tracing::error!(conversation = %self.id, %error, "a decision could not be written down");
            CommitError::Unknown
        })?;
        self.core.store.commit(persisted.batch).await?;
        if let Some(entry) = wake
            .then(|| self.core.registry.get(persisted.loaded.conversation.channel))
            .flatten()
        {
            entry.outbox.notify_one();
        }
        Ok((persisted.loaded, reply))
    }
}
