//! One attempt: the call to the provider, and its outcome on record.

use std::time::Duration;

use tokio::time::Instant;

use crate::actors::contents;
use crate::actors::conversation::{Command, CommandError};
use crate::actors::core::new_trace;
use crate::actors::directory::Learn;
use crate::actors::media;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates;
use crate::channels::Provider;
use crate::domain::consent::Intent;
use crate::domain::decide::{AttemptResult, STOPPED, is_confirmation};
use crate::domain::marks::concerns_comment;
use crate::domain::message::MessageStatus;
use crate::domain::operations::{OutboxEntry, SendPriority};
use crate::domain::outbound::{ErrorClass, MessageReaction, ProviderError, SendOutcome, SendRequest};
use crate::domain::phrases;
use crate::domain::standing::{is_unasked, purpose};
use crate::domain::{ConversationId, Message, MessageId};
use crate::storage::keys::{ConsentKey, ContactKey, ConversationKey, MadeContentKey, MessageKey, OutboxKey};
use crate::storage::{Prefix, StorageError};

use super::held::Held;
use super::{Dispatch, RecoverError, select};

const PAGE: usize = 512;
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A message marked active.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub key: OutboxKey,
    pub entry: OutboxEntry,
    pub priority: SendPriority,
}

/// What became of a message when its turn came.
enum Ready {
    /// It goes out.
    Send(SendRequest),
    /// Its customer wants no more.
    Stopped(ProviderError),
    /// It is settled already, or its customer is gone.
    Settled,
}

/// A random number in 0..1.
pub(super) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the spread is lost, not the retry.
    if getrandom::fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

impl Dispatch {
    /// Whether something must be given to the provider before the message itself: files, or what it names. That takes as
    /// long as it takes, and is done before the message's slot.
    pub(super) fn wants_preparing(&self, entry: &ChannelEntry, attempt: &Attempt) -> bool {
        let (workspace, message) = (entry.workspace, attempt.entry.message);
        let found = self.core.store.get(&MessageKey { workspace, message });
        let (Ok(Some(message)), Some(provider)) = (found, self.core.provider(entry.kind)) else {
            return false;
        };
        media::is_uploaded_first(provider.as_ref(), &message.content)
            || contents::is_made_first(provider.as_ref(), entry, &message.content)
    }

    /// Gives the provider what the message needs. Answers what came of the attempt if nothing can be sent.
    pub(super) async fn prepare(&self, entry: &ChannelEntry, attempt: &Attempt) -> Option<SendOutcome> {
        let provider = self.core.provider(entry.kind)?;
        self.prepared(provider.as_ref(), entry, attempt).await.err()
    }

    /// The request with everything in it that the provider needs.
    async fn prepared(
        &self,
        provider: &dyn Provider,
        entry: &ChannelEntry,
        attempt: &Attempt,
    ) -> Result<(SendRequest, Option<MadeContentKey>), SendOutcome> {
        let message = attempt.entry.message;
        let mut request = match self.request(entry, attempt) {
            Ok(Ready::Send(request)) => request,
            Ok(Ready::Stopped(error)) => return Err(SendOutcome::Refused(error)),
            // A status has settled it meanwhile: nothing to send, nothing to doubt.
            Ok(Ready::Settled) => {
                return Err(SendOutcome::Unknown("it was settled before it was sent".into()));
            }
            Err(error) => return Err(SendOutcome::NotSent(error.to_string())),
        };
        if let Err(outcome) = media::prepare(&self.core, provider, entry, &mut request).await {
            tracing::warn!(%message, ?outcome, "a file could not be given to the provider");
            return Err(outcome);
        }
        if let Err(outcome) = templates::number(&self.core, entry, &mut request) {
            tracing::warn!(%message, ?outcome, "a template's values could not be numbered");
            return Err(outcome);
        }
        match contents::prepare(&self.core, provider, entry, &mut request).await {
            Ok(made) => Ok((request, made)),
            Err(outcome) => {
                tracing::warn!(%message, ?outcome, "a content could not be made at the provider");
                Err(outcome)
            }
        }
    }

    /// Makes the call. Answers what came of it, and when the provider's answer came if it was asked.
    pub(super) async fn call(
        &self,
        entry: &ChannelEntry,
        attempt: &Attempt,
    ) -> (SendOutcome, Option<Instant>) {
        let Some(provider) = self.core.provider(entry.kind) else {
            return (
                SendOutcome::NotSent("the provider is not part of this version".into()),
                None,
            );
        };
        let (request, made) = match self.prepared(provider.as_ref(), entry, attempt).await {
            Ok(prepared) => prepared,
            Err(outcome) => return (outcome, None),
        };
        let started = Instant::now();
        let outcome = provider.send(&self.core.http, &entry.access, &request).await;
        let ended = Instant::now();
        metrics::histogram!("frontdesk_provider_call_seconds").record((ended - started).as_secs_f64());
        let outcome = contents::after(&self.core, provider.as_ref(), made, outcome).await;
        let (message, trace) = (attempt.entry.message, attempt.entry.trace);
        match &outcome {
            SendOutcome::Accepted { .. } => tracing::debug!(%message, %trace, "the provider took a message"),
            SendOutcome::Refused(error) => {
                tracing::warn!(%message, %trace, code = error.code, class = ?error.class, "the provider refused a message");
            }
            SendOutcome::NotSent(why) => {
                tracing::warn!(%message, %trace, why, "the provider cannot be reached")
            }
            SendOutcome::Unknown(why) => tracing::warn!(%message, %trace, why, "a send is doubtful"),
        }
        (outcome, Some(ended))
    }

    fn request(&self, entry: &ChannelEntry, attempt: &Attempt) -> Result<Ready, StorageError> {
        let workspace = entry.workspace;
        let id = attempt.entry.message;
        let message = self.core.store.get(&MessageKey {
            workspace,
            message: id,
        })?;
        let Some(message) = message.filter(|message| message.status == MessageStatus::Queued) else {
            return Ok(Ready::Settled);
        };
        if let Some(error) = self.stopped(entry, attempt, &message)? {
            return Ok(Ready::Stopped(error));
        }
        let contact = self.core.store.get(&ContactKey {
            workspace,
            contact: attempt.entry.contact,
        })?;
        let Some(contact) = contact else {
            return Ok(Ready::Settled);
        };
        let identity_hash = message.only_for().map(str::to_owned);
        let reply_to = message
            .context
            .map(|context| context.provider_message_id)
            .filter(|id| !id.is_empty());
        Ok(Ready::Send(SendRequest {
            message: id,
            to: contact.identities,
            content: message.content,
            reply_to,
            identity_hash,
            outside_window: self.is_outside_window(entry, id.conversation)?,
        }))
    }

    fn is_outside_window(
        &self,
        entry: &ChannelEntry,
        conversation: ConversationId,
    ) -> Result<bool, StorageError> {
        if !self.core.rules(entry).has_window {
            return Ok(false);
        }
        let key = ConversationKey {
            workspace: entry.workspace,
            conversation,
        };
        let now = self.core.clock.now();
        let found = self.core.store.get(&key)?;
        Ok(found.is_none_or(|conversation| !conversation.window_open(now)))
    }

    /// Whether a send that was cut off surely never reached the provider.
    fn never_began(&self, entry: &ChannelEntry, message: MessageId) -> Result<bool, StorageError> {
        let workspace = entry.workspace;
        let found = self.core.store.get(&MessageKey { workspace, message })?;
        let provider = self.core.provider(entry.kind);
        Ok(found.zip(provider).is_some_and(|(message, provider)| {
            let (core, provider) = (&self.core, provider.as_ref());
            media::surely_unsent(core, provider, entry, &message.content)
                || contents::surely_unsent(core, provider, entry, &message.content)
        }))
    }

    /// Asks once more, right before the call, whether the customer still allows it: they may have opted out since the
    /// message was queued.
    fn stopped(
        &self,
        entry: &ChannelEntry,
        attempt: &Attempt,
        message: &Message,
    ) -> Result<Option<ProviderError>, StorageError> {
        let consent = self.core.store.get(&ConsentKey {
            workspace: entry.workspace,
            contact: attempt.entry.contact,
            channel: entry.channel.id,
        })?;
        let Some(consent) =
            consent.filter(|_| !is_confirmation(message) && !concerns_comment(&message.content))
        else {
            return Ok(None);
        };
        let intent = Intent {
            purpose: purpose(
                &message.content,
                attempt.priority,
                templates::category(&self.core, entry, &message.content)?,
            ),
            unasked: is_unasked(&message.content),
        };
        let refusal = consent.objection(intent, self.core.clock.now());
        Ok(refusal.map(|refusal| ProviderError {
            class: ErrorClass::OptOut,
            code: STOPPED.into(),
            title: phrases::NOT_SENT_OPTED_OUT.text().into(),
            detail: refusal.reason,
            retry_after: None,
        }))
    }

    /// Writes the outcome into the conversation. Goes on until it is written: it is the only knowledge of the send.
    pub(super) async fn record(
        &self,
        entry: &ChannelEntry,
        attempt: Attempt,
        outcome: SendOutcome,
        reaction: Option<MessageReaction>,
    ) {
        let trace = attempt.entry.trace;
        let (contact, conversation) = (attempt.entry.contact, attempt.entry.message.conversation);
        let learnt = match &outcome {
            SendOutcome::Accepted { learnt, .. } => learnt.clone(),
            SendOutcome::Refused(_) | SendOutcome::NotSent(_) | SendOutcome::Unknown(_) => Vec::new(),
        };
        let result = AttemptResult {
            entry: attempt.entry,
            priority: attempt.priority,
            outcome,
            reaction,
        };
        let mut pause = Duration::from_millis(50);
        loop {
            let command = Command::Outcome(Box::new(result.clone()));
            match self.hub.send(entry.workspace, conversation, command, trace).await {
                Ok(_) => break,
                Err(error @ (CommandError::Busy | CommandError::Storage(_) | CommandError::Commit(_))) => {
                    tracing::warn!(%conversation, %error, "an outcome cannot be recorded yet");
                }
                Err(error) => {
                    tracing::error!(%conversation, %error, "an outcome cannot be recorded; the send will be doubtful");
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        if !learnt.is_empty() {
            let learn = Learn {
                workspace: entry.workspace,
                contact,
                identities: learnt,
                trace,
            };
            if let Err(error) = self.directory.send(learn).await {
                tracing::warn!(%contact, %error, "an identity that the provider told could not be noted");
            }
        }
    }

    /// Notes in the channel's record that the provider refuses everything, or that it takes messages again.
    pub(super) async fn note_channel(&self, entry: &ChannelEntry, outcome: &SendOutcome, stop: bool) {
        let blocked = match outcome {
            SendOutcome::Refused(error) if stop => Some(phrases::PROVIDER_STOPPED.with(&[
                ("title", &error.title),
                ("code", &error.code),
                ("advice", &error.class.advice()),
            ])),
            SendOutcome::Accepted { .. } => None,
            SendOutcome::Refused(_) | SendOutcome::NotSent(_) | SendOutcome::Unknown(_) => return,
        };
        let current = self.core.registry.get(entry.channel.id);
        if current.is_none_or(|current| current.channel.blocked.is_some() == blocked.is_some()) {
            return;
        }
        let now = self.core.clock.now();
        let seen = entry.channel.version;
        let change =
            self.core
                .registry
                .change(entry.workspace, entry.channel.id, now, new_trace(), |channel| {
                    // Someone who acted meanwhile knows better than the outcome of an old call.
                    if channel.version == seen || blocked.is_none() {
                        channel.blocked = blocked;
                    }
                });
        if let Err(error) = change.await {
            tracing::error!(channel = %entry.channel.id, %error, "the channel's state cannot be recorded");
        }
    }

    /// Rows that are active at start belong to calls that were cut off: nobody knows whether they arrived. Answers those
    /// that were put back and go before the rest of their conversations.
    pub(super) async fn recover(&self, entry: &ChannelEntry) -> Result<Held, RecoverError> {
        let mut held = Held::default();
        let prefix = Prefix::<OutboxKey>::table()
            .with(entry.workspace)
            .with(entry.channel.id);
        let mut after = None;
        loop {
            let page = self.core.store.scan(&prefix, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| *key);
            for (key, row) in page {
                let priority = select::priority(&key);
                if !row.active {
                    if row.attempts > 0 {
                        held.put_back(row.message, priority);
                    }
                    continue;
                }
                let (conversation, trace) = (row.message.conversation, row.trace);
                let stopped = phrases::STOPPED_WHILE_SENDING.text().to_owned();
                // Its files are given to the provider first: as long as they were not, nothing was sent.
                let (outcome, reaction) = match self.never_began(entry, row.message)? {
                    true => {
                        held.put_back(row.message, priority);
                        (SendOutcome::NotSent(stopped), MessageReaction::Keep)
                    }
                    false => (SendOutcome::Unknown(stopped), MessageReaction::Doubt),
                };
                let result = AttemptResult {
                    entry: row,
                    priority,
                    outcome,
                    reaction: Some(reaction),
                };
                self.hub
                    .send(
                        entry.workspace,
                        conversation,
                        Command::Outcome(Box::new(result)),
                        trace,
                    )
                    .await?;
            }
            if is_last {
                return Ok(held);
            }
        }
    }
}
