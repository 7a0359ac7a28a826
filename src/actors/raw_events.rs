//! Raw events as people look at them: where each stands, what it said to this workspace, which messages came of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::channels::{Address, Delivery, Provider, ProviderKind};
use crate::domain::inbound::Inbound;
use crate::domain::operations::{RawEvent, RawState};
use crate::domain::{MessageId, WorkspaceId};
use crate::storage::keys::{MessageByProviderIdKey, RawBlobKey, RawPendingKey};
use crate::storage::{StorageError, Store};

use super::core::Core;

/// Most messages that are told of one raw event.
const MAX_MESSAGES: usize = 1_000;

/// What a raw event said.
pub struct Opened {
    /// The body as this workspace may see it; `None` once its bytes are no longer kept.
    pub payload: Option<String>,
    /// The messages that it brought or gave news of.
    pub messages: Vec<MessageId>,
}

/// Where a raw event stands. That it is worked in shows by its row among the waiting ones being gone.
///
/// # Errors
/// The store cannot be read.
pub fn state_of(store: &Store, workspace: WorkspaceId, event: &RawEvent) -> Result<RawState, StorageError> {
    let pending = RawPendingKey {
        workspace,
        channel: event.channel,
        raw: event.id,
    };
    match event.state {
        _ if store.contains(&pending)? => Ok(RawState::Pending),
        RawState::Parked => Ok(RawState::Parked),
        RawState::Pending | RawState::Done => Ok(RawState::Done),
    }
}

/// Reads what a raw event said to `workspace`.
///
/// # Errors
/// The store cannot be read.
pub fn open(core: &Core, workspace: WorkspaceId, event: &RawEvent) -> Result<Opened, StorageError> {
    let Some(bytes) = core.store.blob(&RawBlobKey { raw: event.blob })? else {
        return Ok(Opened {
            payload: None,
            messages: Vec::new(),
        });
    };
    let provider = ProviderKind::from_u8(event.provider).and_then(|kind| core.provider(kind));
    let Some(provider) = provider else {
        return Ok(Opened {
            payload: Some(String::from_utf8_lossy(&bytes).into_owned()),
            messages: Vec::new(),
        });
    };
    let Some(bytes) = visible(core, provider.as_ref(), workspace, event, &bytes) else {
        return Ok(Opened {
            payload: None,
            messages: Vec::new(),
        });
    };
    let messages = messages_of(core, provider.as_ref(), workspace, event, &bytes)?;
    Ok(Opened {
        payload: Some(String::from_utf8_lossy(&bytes).into_owned()),
        messages,
    })
}

/// The body as one workspace may see it: whole if it spoke to no other, else cut. Parts for numbers that nobody has are
/// for whoever got the delivery's first raw event.
fn visible<'a>(
    core: &Core,
    provider: &dyn Provider,
    workspace: WorkspaceId,
    event: &RawEvent,
    bytes: &'a [u8],
) -> Option<Cow<'a, [u8]>> {
    let keep = |address: &Address| {
        let channels = core.registry.by_address(address);
        match channels.is_empty() {
            true => event.id == event.blob,
            false => channels.iter().any(|entry| entry.workspace == workspace),
        }
    };
    if provider.peek_addresses(bytes).iter().all(keep) && event.id == event.blob {
        return Some(Cow::Borrowed(bytes));
    }
    provider.keep_only(bytes, &keep).map(Cow::Owned)
}

fn messages_of(
    core: &Core,
    provider: &dyn Provider,
    workspace: WorkspaceId,
    event: &RawEvent,
    bytes: &[u8],
) -> Result<Vec<MessageId>, StorageError> {
    // A body that brings the adapter down is shown all the same.
    let read = catch_unwind(AssertUnwindSafe(|| provider.parse(bytes)));
    let deliveries = read.ok().and_then(Result::ok).unwrap_or_default();
    let items = deliveries.iter().flat_map(|Delivery { items, .. }| items);
    let ids = items.filter_map(|item| match item {
        Inbound::Message(message) | Inbound::Echo(message) => Some(&message.provider_message_id),
        Inbound::Status(update) => Some(&update.provider_message_id),
        Inbound::Notice(_) | Inbound::Preference(_) => None,
    });
    let ids: BTreeSet<&String> = ids.collect();
    let mut messages = BTreeSet::new();
    for id in ids.into_iter().take(MAX_MESSAGES) {
        let key = MessageByProviderIdKey {
            workspace,
            channel: event.channel,
            provider_id: core.provider_id_hash(workspace, id)?,
        };
        messages.extend(core.store.get(&key)?);
    }
    Ok(messages.into_iter().collect())
}
