//! Feeds the search index from the journal. The index's own commit holds its position, so that what was not committed is
//! fed again; an index too far behind, or ahead of a restored journal, is rebuilt from the records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::domain::{ContactId, Conversation, ConversationId, EventKind, MessageId, WorkspaceId};
use crate::storage::keys::{ContactKey, ConversationKey, MessageKey};
use crate::storage::search::{Rebuild, SearchDocument, SearchError, SearchIndex};
use crate::storage::{Prefix, StorageError, Store};

use super::core::Core;
use super::registry::all_workspaces;

/// Events fed in one go.
const PAGE: usize = 512;
/// Changes, and time, after which what was fed is committed and can be found.
const COMMIT_CHANGES: usize = 1_000;
const COMMIT_AFTER: Duration = Duration::from_millis(700);
/// After this long a position is noted even if nothing that is searched has changed.
const NOTE_AFTER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(2);
const SCAN: usize = 1_024;

/// Why feeding was broken off; it goes on from the index's position.
#[derive(Debug, thiserror::Error)]
pub enum IndexerError {
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The index could not be written.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The work was broken off.
    #[error("indexing was broken off; see the log")]
    BrokenOff,
}

/// What was fed and not committed yet.
#[derive(Clone, Copy)]
struct Progress {
    /// Last event fed.
    fed: u64,
    changes: usize,
    since: Instant,
}

/// Runs until told to stop.
pub async fn run(core: Arc<Core>, token: CancellationToken) {
    let mut events = core.store.watch_events();
    loop {
        match follow(&core, &mut events, &token).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, "the search index cannot be fed at present");
                core.board.error("indexer", &error.to_string());
                note_lag(&core, *events.borrow(), core.search.position());
                if let Err(error) = core.search.recover() {
                    tracing::error!(%error, "the search index cannot be brought back; it is rebuilt");
                }
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn follow(
    core: &Arc<Core>,
    events: &mut tokio::sync::watch::Receiver<u64>,
    token: &CancellationToken,
) -> Result<(), IndexerError> {
    let last = *events.borrow_and_update();
    if needs_rebuild(core, last) {
        let core = core.clone();
        blocking(move || rebuild(&core.store, &core.search)).await?;
    }
    let mut progress = Progress {
        fed: core.search.position(),
        changes: 0,
        since: Instant::now(),
    };
    loop {
        let feeding = core.clone();
        progress = blocking(move || feed(&feeding, progress)).await?;
        metrics::gauge!("frontdesk_search_position").set(to_gauge(core.search.position()));
        let last = *events.borrow_and_update();
        note_lag(core, last, progress.fed);
        let behind = last > progress.fed;
        if behind {
            continue;
        }
        let left = COMMIT_AFTER.saturating_sub(progress.since.elapsed());
        tokio::select! {
            () = token.cancelled() => {
                let core = core.clone();
                return blocking(move || commit(&core, progress).map(|_| ())).await;
            }
            changed = events.changed() => if changed.is_err() { return Ok(()) },
            () = tokio::time::sleep(left), if progress.changes > 0 => {}
            () = tokio::time::sleep(NOTE_AFTER), if progress.fed > core.search.position() => {
                let core = core.clone();
                progress = blocking(move || commit(&core, progress)).await?;
            }
        }
    }
}

#[allow(clippy::cast_precision_loss)] // a gauge is a float
const fn to_gauge(n: u64) -> f64 {
    n as f64
}

/// What the board shows as waiting: events that were not fed yet.
fn note_lag(core: &Core, last: u64, fed: u64) {
    let lag = usize::try_from(last.saturating_sub(fed)).unwrap_or(usize::MAX);
    core.board.mailbox("indexer", lag);
}

fn needs_rebuild(core: &Core, last: u64) -> bool {
    let position = core.search.position();
    position > last || position + 1 < core.store.oldest_event()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexerError> + Send + 'static,
) -> Result<T, IndexerError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(IndexerError::BrokenOff))
}

/// Feeds what is new; commits when it is time.
fn feed(core: &Core, mut progress: Progress) -> Result<Progress, IndexerError> {
    let events = core.store.events_after(progress.fed, PAGE)?;
    if progress.changes == 0 {
        progress.since = Instant::now();
    }
    for event in &events {
        let document = match &event.kind {
            EventKind::MessageCreated(id) | EventKind::MessageRevised(id) => {
                message_document(&core.store, event.workspace, *id)?
            }
            EventKind::ContactCreated(id) | EventKind::ContactUpdated(id) => {
                contact_document(&core.store, event.workspace, *id)?
            }
            // Nothing that is searched changes; the index need not hear of it.
            EventKind::MessageUpdated(_)
            | EventKind::ConversationCreated(_)
            | EventKind::ConversationUpdated(_)
            | EventKind::ChannelUpdated(_)
            | EventKind::ChannelRemoved(_)
            | EventKind::RawEventParked(_)
            | EventKind::DeadLetterCreated(_)
            | EventKind::DeadLetterRemoved(_)
            | EventKind::NoticeCreated(_)
            | EventKind::UserUpdated(_)
            | EventKind::AlertRaised(_)
            | EventKind::AlertCleared(_) => None,
        };
        if let Some(document) = document {
            core.search.upsert(&document)?;
            progress.changes += 1;
        }
        progress.fed = event.seq;
    }
    let due = progress.changes >= COMMIT_CHANGES || progress.since.elapsed() >= COMMIT_AFTER;
    if progress.changes > 0 && due {
        commit(core, progress)
    } else {
        Ok(progress)
    }
}

fn commit(core: &Core, progress: Progress) -> Result<Progress, IndexerError> {
    if progress.fed > core.search.position() {
        core.search.commit(progress.fed)?;
    }
    Ok(Progress {
        changes: 0,
        since: Instant::now(),
        ..progress
    })
}

/// A record that was erased or cannot be read is not searched; it must not stop what follows.
fn readable<T>(found: Result<Option<T>, StorageError>) -> Result<Option<T>, StorageError> {
    match found {
        Err(StorageError::Erased | StorageError::Damaged { .. }) => Ok(None),
        other => other,
    }
}

fn message_document(
    store: &Store,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<SearchDocument>, StorageError> {
    let conversation = readable(store.get(&ConversationKey {
        workspace,
        conversation: id.conversation,
    }))?;
    let message = readable(store.get(&MessageKey {
        workspace,
        message: id,
    }))?;
    Ok(conversation.zip(message).map(|(conversation, message)| {
        SearchDocument::of_message(workspace, conversation.channel, conversation.contact, &message)
    }))
}

fn contact_document(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Option<SearchDocument>, StorageError> {
    let contact = readable(store.get(&ContactKey { workspace, contact }))?;
    Ok(contact.map(|contact| SearchDocument::of_contact(workspace, &contact)))
}

/// Builds the index anew from the records, beside the old one, which answers until it is done.
///
/// # Errors
/// The store cannot be read or the index not written.
pub fn rebuild(store: &Store, index: &SearchIndex) -> Result<(), IndexerError> {
    let started = Instant::now();
    // What is committed from here on is fed afterwards, so nothing is missed; what is fed twice replaces itself.
    let position = *store.watch_events().borrow();
    let build = index.rebuild()?;
    for workspace in all_workspaces(store)? {
        add_contacts(store, &build, workspace.id)?;
        add_messages(store, &build, workspace.id)?;
    }
    build.finish(position)?;
    tracing::info!(documents = index.documents(), took = ?started.elapsed(), "the search index was rebuilt");
    Ok(())
}

fn add_contacts(store: &Store, build: &Rebuild, workspace: WorkspaceId) -> Result<(), IndexerError> {
    let mut after: Option<ContactKey> = None;
    loop {
        let keys = store.scan_keys(
            &Prefix::<ContactKey>::table().with(workspace),
            after.as_ref(),
            SCAN,
        )?;
        for key in &keys {
            if let Some(document) = contact_document(store, workspace, key.contact)? {
                build.add(&document)?;
            }
        }
        after = keys.last().copied();
        if keys.len() < SCAN {
            return Ok(());
        }
    }
}

fn add_messages(store: &Store, build: &Rebuild, workspace: WorkspaceId) -> Result<(), IndexerError> {
    let mut after: Option<MessageKey> = None;
    let mut current: Option<(ConversationId, Option<Conversation>)> = None;
    loop {
        let keys = store.scan_keys(
            &Prefix::<MessageKey>::table().with(workspace),
            after.as_ref(),
            SCAN,
        )?;
        for key in &keys {
            let id = key.message.conversation;
            if current.as_ref().is_none_or(|(known, _)| *known != id) {
                let found = readable(store.get(&ConversationKey {
                    workspace,
                    conversation: id,
                }))?;
                current = Some((id, found));
            }
            let Some((_, Some(conversation))) = &current else {
                continue;
            };
            if let Some(message) = readable(store.get(key))? {
                let (channel, contact) = (conversation.channel, conversation.contact);
                build.add(&SearchDocument::of_message(workspace, channel, contact, &message))?;
            }
        }
        after = keys.last().copied();
        if keys.len() < SCAN {
            return Ok(());
        }
    }
}
