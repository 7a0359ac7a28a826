//! Contacts and conversations with their look-up rows, and the places of messages.

use crate::domain::identity::MAX_IDENTITIES;
use crate::domain::{Contact, ContactId, Conversation, ConversationId, MessageId, UserId};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    ContactByIdentityKey, ContactKey, ContactMergeKey, ConversationByContactKey, ConversationByLabelKey,
    ConversationKey, ConversationListKey, ConversationUnreadKey, ConversationWaitingKey, MessageKey, Newest,
    Prefix, WorkspaceKey,
};
use crate::storage::listing::{unread_row, waiting_row};
use crate::storage::records::Json;

use super::{Findings, PAGE, Tables, Walk, dangling, missing};

pub(super) fn check(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    tables.table::<ContactKey>(contact)?;
    tables.table::<ContactByIdentityKey>(contact_by_identity)?;
    tables.table::<ContactMergeKey>(contact_merge)?;
    tables.table::<ConversationKey>(conversation)?;
    tables.table::<ConversationByContactKey>(conversation_by_contact)?;
    tables.table::<ConversationListKey>(conversation_list)?;
    tables.table::<ConversationByLabelKey>(conversation_by_label)?;
    tables.table::<ConversationWaitingKey>(conversation_waiting)?;
    tables.table::<ConversationUnreadKey>(conversation_unread)
}

type Checked = Result<(), StorageError>;

fn contact(walk: &Walk<'_>, key: &ContactKey, value: &Contact, out: &mut Findings) -> Checked {
    out.unless(value.id == key.contact, "holds another contact");
    let workspace = WorkspaceKey {
        workspace: key.workspace,
    };
    out.unless(walk.store.contains(&workspace)?, "its workspace is missing");
    for identity in value
        .identities
        .iter()
        .filter(|identity| identity.kind.is_lookup())
    {
        let index = ContactByIdentityKey {
            workspace: key.workspace,
            identity: walk.store.identity_hash(key.workspace, identity)?,
        };
        // Two contacts may carry one identity: it finds the one that had it first.
        if !walk.store.contains(&index)? {
            out.mendable("cannot be found by an identity", missing(&index, &key.contact));
        }
    }
    for id in &value.conversations {
        let conversation = ConversationKey {
            workspace: key.workspace,
            conversation: *id,
        };
        let found = walk.store.get(&conversation)?;
        let fits = found.is_some_and(|conversation| conversation.contact == key.contact);
        out.unless(fits, "names a conversation that is another's or gone");
    }
    Ok(())
}

fn contact_by_identity(
    walk: &Walk<'_>,
    key: &ContactByIdentityKey,
    value: &ContactId,
    out: &mut Findings,
) -> Checked {
    let contact = ContactKey {
        workspace: key.workspace,
        contact: *value,
    };
    let Some(Contact { identities, .. }) = walk.store.get(&contact)? else {
        out.mendable("finds a contact that is gone", dangling(key));
        return Ok(());
    };
    // Beyond the limit an identity is no longer noted in the contact, but still finds it.
    let mut fits = identities.len() >= MAX_IDENTITIES;
    for identity in identities.iter().filter(|identity| identity.kind.is_lookup()) {
        fits |= walk.store.identity_hash(key.workspace, identity)? == key.identity;
    }
    out.unless(fits, "finds a contact without that identity");
    Ok(())
}

/// Both contacts of a merge know of it.
fn contact_merge(walk: &Walk<'_>, key: &ContactMergeKey, value: &Json, out: &mut Findings) -> Checked {
    let mirrored = ContactMergeKey {
        workspace: key.workspace,
        contact: key.other,
        other: key.contact,
    };
    let contact = |contact| ContactKey {
        workspace: key.workspace,
        contact,
    };
    let both = walk.store.contains(&contact(key.contact))? && walk.store.contains(&contact(key.other))?;
    if !both || !walk.store.contains(&mirrored)? {
        out.mendable("is known to one of two contacts only", dangling(key));
    }
    let is_json = serde_json::from_str::<serde_json::Value>(&value.0).is_ok();
    out.unless(is_json, "is no JSON");
    Ok(())
}

/// The row that must stand in the list.
fn list_row(key: &ConversationKey, value: &Conversation) -> ConversationListKey {
    ConversationListKey {
        workspace: key.workspace,
        assignee: value.assignee.unwrap_or(UserId([0; 16])),
        status: value.status as u8,
        activity: Newest(value.last_activity_at),
        conversation: key.conversation,
    }
}

fn conversation(walk: &Walk<'_>, key: &ConversationKey, value: &Conversation, out: &mut Findings) -> Checked {
    out.unless(value.id == key.conversation, "holds another conversation");
    let contact = ContactKey {
        workspace: key.workspace,
        contact: value.contact,
    };
    out.unless(walk.store.contains(&contact)?, "its contact is missing");
    let row = list_row(key, value);
    if !walk.store.contains(&row)? {
        out.mendable("is not in the list", missing(&row, &()));
    }
    if let Some(row) = waiting_row(key.workspace, value)
        && !walk.store.contains(&row)?
    {
        out.mendable("is not among those who wait", missing(&row, &()));
    }
    if let Some(row) = unread_row(key.workspace, value)
        && !walk.store.contains(&row)?
    {
        out.mendable("is not among the unread", missing(&row, &()));
    }
    for row in walk.store.label_rows(key.workspace, value)? {
        if !walk.store.contains(&row)? {
            out.mendable("cannot be found by a label", missing(&row, &()));
        }
    }
    let index = ConversationByContactKey {
        workspace: key.workspace,
        contact: value.contact,
        channel: value.channel,
    };
    match walk.store.get(&index)? {
        None => out.mendable(
            "cannot be found by its contact",
            missing(&index, &key.conversation),
        ),
        Some(found) => out.unless(
            found == key.conversation,
            "its contact has another conversation on that channel",
        ),
    }
    last_message(walk, key, value, out)?;
    places(walk, key, value, out)
}

fn last_message(walk: &Walk<'_>, key: &ConversationKey, value: &Conversation, out: &mut Findings) -> Checked {
    let Some(last) = &value.last_message else {
        out.unless(value.next_n <= 1, "has messages but no last one");
        return Ok(());
    };
    let message = MessageKey {
        workspace: key.workspace,
        message: last.id,
    };
    let Some(message) = walk.store.get(&message)? else {
        out.add("its last message is missing");
        return Ok(());
    };
    let ours = (last.id.conversation, last.direction, last.status, last.at);
    let theirs = (
        key.conversation,
        message.direction,
        message.status,
        message.created_at,
    );
    let agrees = ours == theirs && last.kind == message.content.kind;
    out.unless(agrees, "what it shows of its last message is not that message");
    Ok(())
}

/// Messages stand at 1, 2, 3 … up to the place before the next.
fn places(walk: &Walk<'_>, key: &ConversationKey, value: &Conversation, out: &mut Findings) -> Checked {
    let prefix = || {
        Prefix::<MessageKey>::table()
            .with(key.workspace)
            .with(key.conversation)
    };
    let mut expected = 1;
    let mut after = None;
    loop {
        let page = walk.store.scan_keys(&prefix(), after.as_ref(), PAGE)?;
        for MessageKey {
            message: MessageId { n, .. },
            ..
        } in &page
        {
            if *n != expected {
                out.add(format!("message {expected} is missing"));
                return Ok(());
            }
            expected += 1;
        }
        match page.last() {
            Some(last) => after = Some(*last),
            None => break,
        }
    }
    if expected != value.next_n {
        let (found, counted) = (expected - 1, value.next_n.saturating_sub(1));
        out.add(format!("holds {found} messages but counts {counted}"));
    }
    Ok(())
}

fn conversation_by_contact(
    walk: &Walk<'_>,
    key: &ConversationByContactKey,
    value: &ConversationId,
    out: &mut Findings,
) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: *value,
    };
    let found = walk.store.get(&conversation)?;
    let fits = found.is_some_and(|found| (found.contact, found.channel) == (key.contact, key.channel));
    if !fits {
        out.mendable("finds a conversation that is another's or gone", dangling(key));
    }
    Ok(())
}

fn conversation_list(walk: &Walk<'_>, key: &ConversationListKey, (): &(), out: &mut Findings) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: key.conversation,
    };
    let found = walk.store.get(&conversation)?;
    let fits = found.is_some_and(|found| list_row(&conversation, &found) == *key);
    if !fits {
        out.mendable(
            "lists a conversation that stands elsewhere or is gone",
            dangling(key),
        );
    }
    Ok(())
}

fn conversation_waiting(
    walk: &Walk<'_>,
    key: &ConversationWaitingKey,
    (): &(),
    out: &mut Findings,
) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: key.conversation,
    };
    let found = walk.store.get(&conversation)?;
    let row = found.and_then(|found| waiting_row(key.workspace, &found));
    if row != Some(*key) {
        out.mendable(
            "lists someone who does not wait, or not since then",
            dangling(key),
        );
    }
    Ok(())
}

fn conversation_unread(walk: &Walk<'_>, key: &ConversationUnreadKey, (): &(), out: &mut Findings) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: key.conversation,
    };
    let found = walk.store.get(&conversation)?;
    let row = found.and_then(|found| unread_row(key.workspace, &found));
    if row != Some(*key) {
        out.mendable(
            "lists a conversation that is read or stands elsewhere",
            dangling(key),
        );
    }
    Ok(())
}

fn conversation_by_label(
    walk: &Walk<'_>,
    key: &ConversationByLabelKey,
    (): &(),
    out: &mut Findings,
) -> Checked {
    let conversation = ConversationKey {
        workspace: key.workspace,
        conversation: key.conversation,
    };
    let fits = match walk.store.get(&conversation)? {
        Some(found) => walk.store.label_rows(key.workspace, &found)?.contains(key),
        None => false,
    };
    if !fits {
        let what = "finds by a label a conversation that stands elsewhere or is gone";
        out.mendable(what, dangling(key));
    }
    Ok(())
}
