//! A decision written down: records, index rows, outbox rows and events, all in one batch.

use crate::domain::decide::{Decision, Effect};
use crate::domain::operations::{DeadLetter, DueWork};
use crate::domain::{Conversation, EventKind, Message, TraceId, WorkspaceId};
use crate::storage::keys::{
    ConversationKey, ConversationListKey, DeadLetterKey, DoubtfulKey, MessageByProviderIdKey, MessageKey,
    Newest, OutboxKey,
};
use crate::storage::listing::{NOBODY, unread_row, waiting_row};
use crate::storage::{Batch, Key, Seal, StorageError};

use super::{Loaded, Worker};
use crate::actors::due::due_key;
use crate::actors::media;
use crate::domain::time::SECOND;

/// After this long a doubtful send is brought before a person.
const DOUBT_REVIEW: i64 = 15 * 60 * SECOND;

/// A batch and the state once it is committed.
pub(super) struct Persisted {
    pub batch: Batch,
    pub loaded: Loaded,
}

/// The conversation's row in the list.
pub(in crate::actors) fn list_key(
    workspace: WorkspaceId,
    conversation: &Conversation,
) -> ConversationListKey {
    ConversationListKey {
        workspace,
        assignee: conversation.assignee.unwrap_or(NOBODY),
        status: conversation.status as u8,
        activity: Newest(conversation.last_activity_at),
        conversation: conversation.id,
    }
}

impl Worker {
    pub(super) fn persist(
        &self,
        before: &Loaded,
        decision: Decision,
        beside: Batch,
        trace: TraceId,
    ) -> Result<Persisted, StorageError> {
        let Decision {
            conversation,
            messages,
            events,
            effects,
        } = decision;
        let workspace = self.workspace;
        let mut batch = beside;
        let messages = self.priced(&conversation, messages)?;
        for message in &messages {
            batch.put(
                &MessageKey {
                    workspace,
                    message: message.id,
                },
                message,
                &before.seal,
            );
        }
        self.count_priced(&mut batch, &conversation, &messages)?;
        self.place_in_time(&mut batch, &before.conversation, &messages)?;
        self.note_files(&mut batch, before, &messages, &events)?;
        for effect in effects {
            self.write_effect(&mut batch, &conversation, &before.seal, effect)?;
        }
        let now = self.core.clock.now();
        for event in without_repeats(events) {
            batch.event(workspace, now, trace, event);
        }
        let loaded = self.write_conversation(&mut batch, before, conversation)?;
        Ok(Persisted { batch, loaded })
    }

    /// Files of messages that are new are fetched from now on.
    fn note_files(
        &self,
        batch: &mut Batch,
        before: &Loaded,
        messages: &[Message],
        events: &[EventKind],
    ) -> Result<(), StorageError> {
        let now = self.core.clock.now();
        let owner = (self.workspace, &before.conversation);
        for message in messages {
            if events.contains(&EventKind::MessageCreated(message.id)) {
                media::note(&self.core.store, batch, owner, message, &before.seal, now)?;
            }
        }
        Ok(())
    }

    fn write_conversation(
        &self,
        batch: &mut Batch,
        before: &Loaded,
        conversation: Conversation,
    ) -> Result<Loaded, StorageError> {
        let workspace = self.workspace;
        let key = ConversationKey {
            workspace,
            conversation: conversation.id,
        };
        batch.require_unchanged(&key, before.fingerprint);
        if conversation == before.conversation {
            return Ok(before.clone());
        }
        let (old, new) = (
            list_key(workspace, &before.conversation),
            list_key(workspace, &conversation),
        );
        if old != new {
            batch.delete(&old).put(&new, &(), &Seal::Open);
        }
        move_row(
            batch,
            waiting_row(workspace, &before.conversation),
            waiting_row(workspace, &conversation),
        );
        move_row(
            batch,
            unread_row(workspace, &before.conversation),
            unread_row(workspace, &conversation),
        );
        self.write_labels(batch, &before.conversation, &conversation)?;
        if let Some(until) = conversation
            .snoozed_until
            .filter(|_| conversation.snoozed_until != before.conversation.snoozed_until)
        {
            let work = DueWork::Unsnooze(conversation.id);
            batch.put(&due_key(until, workspace, &work), &work, &Seal::Open);
        }
        let fingerprint = batch.put_tracked(&key, &conversation, &before.seal);
        Ok(Loaded {
            conversation,
            fingerprint,
            seal: before.seal.clone(),
        })
    }

    /// The rows that find it by its labels follow labels, status and activity.
    fn write_labels(
        &self,
        batch: &mut Batch,
        before: &Conversation,
        after: &Conversation,
    ) -> Result<(), StorageError> {
        let old = self.core.store.label_rows(self.workspace, before)?;
        let new = self.core.store.label_rows(self.workspace, after)?;
        for gone in old.iter().filter(|row| !new.contains(row)) {
            batch.delete(gone);
        }
        for row in new.iter().filter(|row| !old.contains(row)) {
            batch.put(row, &(), &Seal::Open);
        }
        Ok(())
    }

    fn write_effect(
        &self,
        batch: &mut Batch,
        conversation: &Conversation,
        seal: &Seal,
        effect: Effect,
    ) -> Result<(), StorageError> {
        let (workspace, channel) = (self.workspace, conversation.channel);
        match effect {
            Effect::Claim {
                provider_message_id,
                message,
            } => {
                let provider_id = self.core.provider_id_hash(workspace, &provider_message_id)?;
                let key = MessageByProviderIdKey {
                    workspace,
                    channel,
                    provider_id,
                };
                batch.require_absent(&key).put(&key, &message, &Seal::Open);
            }
            Effect::Enqueue { entry, priority } => {
                let key = OutboxKey {
                    workspace,
                    channel,
                    priority: priority as u8,
                    due: entry.due,
                    message: entry.message,
                };
                batch.put(&key, &entry, &Seal::Open);
            }
            Effect::Bury {
                message,
                error,
                attempts,
            } => {
                let failed_at = self.core.clock.now();
                let letter = DeadLetter {
                    message,
                    channel,
                    error,
                    attempts,
                    failed_at,
                };
                batch.put(&DeadLetterKey { workspace, message }, &letter, seal);
            }
            Effect::Unbury(message) => {
                batch.delete(&DeadLetterKey { workspace, message });
            }
            Effect::Doubt { message, since } => {
                let review = DueWork::ReviewDoubtful(message);
                batch.put(&DoubtfulKey { workspace, message }, &since, &Seal::Open);
                batch.put(
                    &due_key(since.plus(DOUBT_REVIEW), workspace, &review),
                    &review,
                    &Seal::Open,
                );
            }
            Effect::Undoubt(message) => {
                batch.delete(&DoubtfulKey { workspace, message });
            }
        }
        Ok(())
    }
}

/// Keeps a look-up row where it belongs.
fn move_row<K: Key<Value = ()> + PartialEq>(batch: &mut Batch, old: Option<K>, new: Option<K>) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        batch.delete(&old);
    }
    if let Some(new) = new {
        batch.put(&new, &(), &Seal::Open);
    }
}

/// One decision tells each thing once, at the last place where it stood.
fn without_repeats(events: Vec<EventKind>) -> Vec<EventKind> {
    let is_last = |index: usize, event: &EventKind| !events[index + 1..].contains(event);
    events
        .iter()
        .enumerate()
        .filter(|(index, event)| is_last(*index, event))
        .map(|(_, event)| event.clone())
        .collect()
}
