//! Messages and everything that stands for one: provider ids, outbox, dead letters, doubtful sends, idempotency keys.

use std::collections::BTreeSet;

use crate::domain::operations::{DeadLetter, Draft, EarlyStatus, IdempotencyRecord, OutboxEntry};
use crate::domain::{Message, MessageId, MessageStatus, Timestamp, WorkspaceId};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    ConversationKey, DeadLetterKey, DoubtfulKey, DraftKey, EarlyStatusKey, IdempotencyKey, LinkKey,
    MessageByProviderIdKey, MessageKey, OutboxKey, Prefix,
};

use super::{Findings, MAX_QUEUED, PAGE, Tables, Walk, missing};

pub(super) fn check(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    tables.table::<MessageKey>(message)?;
    tables.table::<MessageByProviderIdKey>(message_by_provider_id)?;
    tables.table::<OutboxKey>(outbox)?;
    queued_without_row(tables)?;
    tables.table::<DeadLetterKey>(dead_letter)?;
    tables.table::<DoubtfulKey>(doubtful)?;
    tables.table::<EarlyStatusKey>(early_status)?;
    tables.table::<IdempotencyKey>(idempotency)?;
    tables.table::<DraftKey>(draft)?;
    tables.table::<LinkKey>(link)
}

type Checked = Result<(), StorageError>;

fn conversation_of(workspace: WorkspaceId, message: MessageId) -> ConversationKey {
    ConversationKey {
        workspace,
        conversation: message.conversation,
    }
}

fn status_of(
    walk: &Walk<'_>,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<Option<MessageStatus>, StorageError> {
    let found = walk.store.get(&MessageKey { workspace, message })?;
    Ok(found.map(|message| message.status))
}

fn message(walk: &Walk<'_>, key: &MessageKey, value: &Message, out: &mut Findings) -> Checked {
    out.unless(value.id == key.message, "holds another message");
    let Some(conversation) = walk.conversation(conversation_of(key.workspace, key.message))? else {
        out.add("its conversation is missing");
        return Ok(());
    };
    if let Some(id) = &value.provider_message_id {
        let index = MessageByProviderIdKey {
            workspace: key.workspace,
            channel: conversation.channel,
            provider_id: walk.store.provider_id_hash(key.workspace, id)?,
        };
        match walk.store.get(&index)? {
            None => out.mendable(
                "cannot be found by the provider's id",
                missing(&index, &key.message),
            ),
            Some(found) => out.unless(found == key.message, "the provider's id finds another message"),
        }
    }
    if value.status == MessageStatus::Doubtful {
        let (workspace, message) = (key.workspace, key.message);
        let listed = walk.store.contains(&DoubtfulKey { workspace, message })?;
        out.unless(listed, "is doubtful but not among the doubtful ones");
    }
    let mut queued = walk.queued.borrow_mut();
    if value.status == MessageStatus::Queued && queued.len() < MAX_QUEUED {
        queued.insert((key.workspace, key.message));
    }
    Ok(())
}

/// Only that the claim leads to a message on that channel: taking it away would let a repeated delivery in twice.
fn message_by_provider_id(
    walk: &Walk<'_>,
    key: &MessageByProviderIdKey,
    value: &MessageId,
    out: &mut Findings,
) -> Checked {
    let (workspace, message) = (key.workspace, *value);
    let found = walk.store.contains(&MessageKey { workspace, message })?;
    out.unless(found, "finds a message that is gone");
    let conversation = walk.conversation(conversation_of(workspace, message))?;
    let fits = conversation.is_none_or(|conversation| conversation.channel == key.channel);
    out.unless(fits, "finds a message on another channel");
    Ok(())
}

fn outbox(walk: &Walk<'_>, key: &OutboxKey, value: &OutboxEntry, out: &mut Findings) -> Checked {
    let same = (value.message, value.channel, value.due) == (key.message, key.channel, key.due);
    out.unless(same, "holds another message's entry");
    match status_of(walk, key.workspace, key.message)? {
        None => out.add("its message is gone"),
        // While a send is under way a status may have come already.
        Some(status) => out.unless(
            value.active || status == MessageStatus::Queued,
            "waits to send a message that is not queued",
        ),
    }
    walk.queued.borrow_mut().remove(&(key.workspace, key.message));
    Ok(())
}

/// What is left said that it is queued when its turn came, and no row was seen for it: look at both once more.
fn queued_without_row(tables: &mut Tables<'_>) -> Checked {
    let mut left = tables.walk.queued.take();
    if left.is_empty() {
        return Ok(());
    }
    let mut queued = BTreeSet::new();
    for (workspace, message) in left {
        if status_of(&tables.walk, workspace, message)? == Some(MessageStatus::Queued) {
            queued.insert((workspace, message));
        }
    }
    left = queued;
    let mut after: Option<OutboxKey> = None;
    while !left.is_empty() {
        let page = tables
            .walk
            .store
            .scan_keys(&Prefix::table(), after.as_ref(), PAGE)?;
        for key in &page {
            left.remove(&(key.workspace, key.message));
        }
        match page.last() {
            Some(last) => after = Some(*last),
            None => break,
        }
    }
    for (workspace, message) in left {
        if status_of(&tables.walk, workspace, message)? == Some(MessageStatus::Queued) {
            let key = format!("{:?}", MessageKey { workspace, message });
            tables.tell("Message", &key, "is queued but not in the outbox".into(), None);
        }
    }
    Ok(())
}

fn dead_letter(walk: &Walk<'_>, key: &DeadLetterKey, value: &DeadLetter, out: &mut Findings) -> Checked {
    out.unless(value.message == key.message, "holds another message's letter");
    let status = status_of(walk, key.workspace, key.message)?;
    out.unless(
        status == Some(MessageStatus::Failed),
        "its message is gone or has not failed",
    );
    Ok(())
}

fn doubtful(walk: &Walk<'_>, key: &DoubtfulKey, _: &Timestamp, out: &mut Findings) -> Checked {
    let status = status_of(walk, key.workspace, key.message)?;
    out.unless(
        status == Some(MessageStatus::Doubtful),
        "its message is gone or not doubtful",
    );
    Ok(())
}

fn early_status(walk: &Walk<'_>, key: &EarlyStatusKey, value: &EarlyStatus, out: &mut Findings) -> Checked {
    for update in &value.updates {
        let hash = walk
            .store
            .provider_id_hash(key.workspace, &update.provider_message_id)?;
        if hash != key.provider_id {
            out.add("holds a status of another message");
            break;
        }
    }
    Ok(())
}

fn idempotency(
    walk: &Walk<'_>,
    key: &IdempotencyKey,
    value: &IdempotencyRecord,
    out: &mut Findings,
) -> Checked {
    let message = MessageKey {
        workspace: key.workspace,
        message: value.message,
    };
    out.unless(walk.store.contains(&message)?, "its message is gone");
    Ok(())
}

/// Its message is there. It may have been taken back since, and its links with it.
fn link(walk: &Walk<'_>, _: &LinkKey, value: &(WorkspaceId, MessageId), out: &mut Findings) -> Checked {
    let (workspace, message) = *value;
    out.unless(
        walk.store.contains(&MessageKey { workspace, message })?,
        "its message is gone",
    );
    Ok(())
}

fn draft(walk: &Walk<'_>, key: &DraftKey, _: &Draft, out: &mut Findings) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: key.conversation,
    };
    out.unless(walk.store.contains(&conversation)?, "its conversation is missing");
    Ok(())
}
