//! Reads the journal: acts on notices about templates, and counts what became of messages made from them.
//!
//! Owns its place in the journal (reader 40). Every event may come twice: states are absolute, and what was counted of a
//! message stands in a row of its own, written with the count.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::errors::TemplateError;
use super::{performance, sync};
use crate::actors::core::Core;
use crate::actors::templates::account_of;
use crate::domain::{ChannelId, Event, EventKind, WorkspaceId};
use crate::storage::keys::{NoticeKey, PositionKey};
use crate::storage::{Batch, Seal};

/// This reader's number among positions. Stored: never change or reuse it.
const READER: u8 = 40;
/// Events read in one go.
const PAGE: usize = 512;
/// How often the place is written down while nothing concerns us, so that the journal can be trimmed.
const NOTE_AFTER: u64 = 4_096;
const PAUSE: Duration = Duration::from_secs(5);

/// Runs until told to stop.
pub(super) async fn run(core: Arc<Core>, token: CancellationToken) {
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            result = follow(&core) => if let Err(error) = result {
                tracing::error!(%error, "templates cannot be followed at present; it is tried again");
                core.board.error("templates", &error.to_string());
            } else {
                return;
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Goes on from the last place, for ever; ends when the store closes.
async fn follow(core: &Arc<Core>) -> Result<(), TemplateError> {
    let mut events = core.store.watch_events();
    let key = PositionKey { reader: READER };
    let mut noted = core.store.get(&key)?.unwrap_or(0);
    let mut place = noted.max(core.store.oldest_event().saturating_sub(1));
    loop {
        let last = *events.borrow_and_update();
        if place >= last {
            if events.changed().await.is_err() {
                return Ok(());
            }
            continue;
        }
        let page = core.store.events_after(place, PAGE)?;
        let Some(end) = page.last().map(|event| event.seq) else {
            place = last;
            continue;
        };
        let mut batch = Batch::bulk();
        let touched = work(core, &page, &mut batch).await?;
        place = end;
        if touched || place.saturating_sub(noted) >= NOTE_AFTER {
            batch.put(&key, &place, &Seal::Open);
            core.store.commit(batch).await?;
            noted = place;
        }
    }
}

/// Works in a page of events. Counts go into `batch`; answers whether anything concerned us.
async fn work(core: &Arc<Core>, page: &[Event], batch: &mut Batch) -> Result<bool, TemplateError> {
    let mut lists: BTreeSet<(WorkspaceId, ChannelId)> = BTreeSet::new();
    let mut touched = false;
    let mut counts = performance::Counts::default();
    for event in page {
        match event.kind {
            EventKind::NoticeCreated(notice) => {
                let key = NoticeKey {
                    workspace: event.workspace,
                    notice,
                };
                let Some(notice) = core.store.get(&key)? else {
                    continue;
                };
                let read = heed(core, event.workspace, &notice).await?;
                touched |= read.is_some();
                if read == Some(sync::Then::ReadList) {
                    lists.insert((event.workspace, notice.channel));
                }
            }
            EventKind::MessageCreated(message) | EventKind::MessageUpdated(message) => {
                touched |= counts.look(core, event.workspace, message)?;
            }
            _ => {}
        }
    }
    counts.write(core, batch)?;
    for (workspace, channel) in lists {
        read_list(core, workspace, channel).await;
    }
    Ok(touched)
}

/// Acts on a notice if it is about a template.
async fn heed(
    core: &Core,
    workspace: WorkspaceId,
    notice: &crate::domain::operations::Notice,
) -> Result<Option<sync::Then>, TemplateError> {
    let Some(entry) = core.registry.find(workspace, notice.channel) else {
        return Ok(None);
    };
    let news = core
        .provider(entry.kind)
        .and_then(|provider| provider.template_news(&notice.field, &notice.body));
    let (Some(news), Some(account)) = (news, account_of(core, &entry)) else {
        return Ok(None);
    };
    sync::act(core, workspace, &account, &news).await.map(Some)
}

/// A list that cannot be read now is read by the poll.
async fn read_list(core: &Core, workspace: WorkspaceId, channel: ChannelId) {
    let Some(entry) = core.registry.find(workspace, channel) else {
        return;
    };
    let Some(account) = account_of(core, &entry) else {
        return;
    };
    if let Err(error) = sync::account(core, &entry, &account).await {
        tracing::warn!(%error, channel = %channel, "the templates' list could not be read");
    }
}
