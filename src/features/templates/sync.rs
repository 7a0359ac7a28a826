//! What the provider has, taken over: its whole list, and single notices.

use std::collections::BTreeMap;

use super::errors::TemplateError;
use super::routes::blank;
use super::store::{self, Entry};
use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates::by_name;
use crate::domain::template::news::{About, Listed, News, What};
use crate::domain::template::{
    Account, CategoryChange, ChangeKind, Definition, State, Template, diff, tracked,
};
use crate::domain::{TemplateId, Timestamp, WorkspaceId};
use crate::storage::keys::TemplateAccountKey;
use crate::storage::{Batch, StorageError};

/// Pages of a list that are read; an account has at most 6,000 templates.
const MAX_PAGES: usize = 200;
/// Longest error that is kept.
const MAX_ERROR: usize = 500;

/// What reading a list found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SyncView {
    /// Templates on the list.
    pub listed: usize,
    /// Those that were not known here.
    pub added: usize,
    /// Those that differ from what was known.
    pub changed: usize,
    /// Those that were known and are no longer on the list.
    pub gone: usize,
}

/// Reads an account's whole list and takes it over.
pub(super) async fn account(
    core: &Core,
    entry: &ChannelEntry,
    account: &str,
) -> Result<SyncView, TemplateError> {
    let started = core.clock.now();
    let read = read_all(core, entry).await;
    let result = match read {
        Ok(listed) => take_over(core, entry, account, listed, started).await,
        Err(error) => Err(error),
    };
    note(core, entry.workspace, account, started, &result).await?;
    result
}

async fn read_all(core: &Core, entry: &ChannelEntry) -> Result<Vec<Listed>, TemplateError> {
    let Some(provider) = core
        .provider(entry.kind)
        .and_then(|provider| provider.templates())
    else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = provider.list(&core.http, &entry.access, after.as_deref()).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() || all.len() >= store::MAX_TEMPLATES {
            break;
        }
    }
    all.truncate(store::MAX_TEMPLATES);
    Ok(all)
}

async fn take_over(
    core: &Core,
    entry: &ChannelEntry,
    account: &str,
    listed: Vec<Listed>,
    started: Timestamp,
) -> Result<SyncView, TemplateError> {
    let known = store::all(core, entry.workspace)?;
    let known = known.into_iter().filter(|template| template.account == account);
    let mut known: BTreeMap<(String, String), Template> = known
        .map(|template| ((template.name.clone(), template.language.clone()), template))
        .collect();
    let mut view = SyncView {
        listed: listed.len(),
        ..SyncView::default()
    };
    for one in listed {
        match known.remove(&(one.name.clone(), one.language.clone())) {
            Some(template) => view.changed += usize::from(update(core, entry, &template, &one).await?),
            None => view.added += usize::from(adopt(core, entry, account, one).await?),
        }
    }
    for template in known.into_values() {
        // What was submitted while the list was read may be missing from it.
        let is_new = template.submitted_at.is_some_and(|at| at >= started);
        if template.state.is_at_provider() && !is_new {
            gone(core, entry.workspace, template.id).await?;
            view.gone += 1;
        }
    }
    Ok(view)
}

/// Takes a template over that was not known. Answers whether it was added.
async fn adopt(
    core: &Core,
    entry: &ChannelEntry,
    account: &str,
    listed: Listed,
) -> Result<bool, TemplateError> {
    let id = TemplateId::from_uuid(uuid::Uuid::now_v7());
    let head = (listed.name.as_str(), listed.language.as_str());
    let mut template = blank(id, (entry, account), head, None, core.clock.now());
    absorb(&mut template, &listed, &|_| None);
    match store::add(
        core,
        entry.workspace,
        template,
        Entry::new(ChangeKind::Provider, None, ""),
    )
    .await
    {
        Err(TemplateError::Exists) => Ok(false),
        other => other.map(|_| true),
    }
}

async fn update(
    core: &Core,
    entry: &ChannelEntry,
    template: &Template,
    listed: &Listed,
) -> Result<bool, TemplateError> {
    let mut changed = false;
    let provider = core
        .provider(entry.kind)
        .and_then(|provider| provider.templates());
    let as_listed = |definition: &Definition| provider?.as_listed(&entry.access, &tracked::wire(definition));
    let decide = |template: &mut Template| {
        let kind = absorb(template, listed, &as_listed);
        changed = kind.is_some();
        Ok(kind.map(|kind| Entry::new(kind, None, template.reason.clone().unwrap_or_default())))
    };
    store::change(core, entry.workspace, template.id, None, decide).await?;
    Ok(changed)
}

/// Whether two definitions differ in more than samples, which come back as addresses that change with every answer.
fn differ(one: Option<&Definition>, other: &Definition) -> bool {
    diff::between(one, Some(other))
        .iter()
        .any(|difference| !difference.part.starts_with("sample."))
}

/// What the house has, if the list says the same in the provider's way; of the category that the list names.
fn said_otherwise(
    live: Option<&Definition>,
    listed: &Definition,
    as_listed: &dyn Fn(&Definition) -> Option<Definition>,
) -> Option<Definition> {
    let ours = Definition {
        category: listed.category,
        ..live?.clone()
    };
    let same = as_listed(&ours).is_some_and(|theirs| !differ(Some(&theirs), listed));
    same.then_some(ours)
}

/// Takes over what the provider lists. Answers what kind of change that is, if it is one.
fn absorb(
    template: &mut Template,
    listed: &Listed,
    as_listed: &dyn Fn(&Definition) -> Option<Definition>,
) -> Option<ChangeKind> {
    let before = template.clone();
    template.provider_id = Some(listed.id.clone());
    template.state = listed.state;
    template.quality = listed.quality.unwrap_or(template.quality);
    if listed.state == State::Approved {
        template.reason = None;
        template.reason_detail = None;
    }
    template.reason = listed.reason.clone().or_else(|| template.reason.take());
    // Our samples, and our names of variables, are kept while the texts agree.
    let theirs = said_otherwise(template.live.as_ref(), &listed.definition, as_listed)
        .unwrap_or_else(|| listed.definition.clone());
    let content = differ(template.live.as_ref(), &theirs);
    if content {
        template.live = Some(theirs);
        if template.draft.as_ref() == Some(&listed.definition) {
            template.draft = None;
        }
    }
    match () {
        () if content => Some(ChangeKind::Provider),
        () if *template != before => Some(ChangeKind::State),
        () => None,
    }
}

async fn gone(core: &Core, workspace: WorkspaceId, id: TemplateId) -> Result<(), TemplateError> {
    let decide = |template: &mut Template| {
        template.state = State::Deleted;
        Ok(Some(Entry::new(ChangeKind::State, None, "")))
    };
    store::change(core, workspace, id, None, decide).await.map(drop)
}

/// Writes down when the list was read, or why it was not.
async fn note(
    core: &Core,
    workspace: WorkspaceId,
    account: &str,
    at: Timestamp,
    result: &Result<SyncView, TemplateError>,
) -> Result<(), TemplateError> {
    let key = TemplateAccountKey {
        workspace,
        account: core.store.template_account_hash(workspace, account)?,
    };
    let before = core.store.get(&key)?;
    let record = Account {
        account: account.to_owned(),
        synced_at: match result {
            Ok(_) => Some(at),
            Err(_) => before.as_ref().and_then(|before| before.synced_at),
        },
        tried_at: at,
        error: result
            .as_ref()
            .err()
            .map(|error| error.to_string().chars().take(MAX_ERROR).collect()),
        count: match result {
            Ok(view) => u32::try_from(view.listed).unwrap_or(u32::MAX),
            Err(_) => before.map_or(0, |before| before.count),
        },
    };
    let seal = core.store.workspace_seal(workspace)?;
    let mut batch = Batch::new();
    batch.put(&key, &record, &seal);
    core.store.commit(batch).await?;
    Ok(())
}

/// What follows from a notice beside the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// Nothing.
    Done,
    /// The list must be read: the notice speaks of something that is not known here, or says too little.
    ReadList,
}

/// Acts on one notice.
pub(super) async fn act(
    core: &Core,
    workspace: WorkspaceId,
    account: &str,
    news: &News,
) -> Result<Then, TemplateError> {
    let Some(id) = spoken_of(core, workspace, account, &news.about)? else {
        return Ok(Then::ReadList);
    };
    if news.what == What::Content {
        return Ok(Then::ReadList);
    }
    let about = &news.about;
    let decide = |template: &mut Template| Ok(take_news(template, about, &news.what));
    match store::change(core, workspace, id, None, decide).await {
        Ok(_) | Err(TemplateError::NotFound) => Ok(Then::Done),
        Err(error) => Err(error),
    }
}

fn spoken_of(
    core: &Core,
    workspace: WorkspaceId,
    account: &str,
    about: &About,
) -> Result<Option<TemplateId>, StorageError> {
    let found = by_name(core, workspace, account, &about.name, &about.language)?;
    Ok(found.map(|template| template.id))
}

/// Makes the change that a notice tells of; `None` if it is so already. The same notice twice changes nothing.
fn take_news(template: &mut Template, about: &About, what: &What) -> Option<Entry> {
    let before = template.clone();
    template.provider_id = about.id.clone().or_else(|| template.provider_id.take());
    let mut kind = ChangeKind::State;
    let mut note = String::new();
    match what {
        What::State {
            state,
            reason,
            detail,
        } => {
            template.state = *state;
            template.reason = reason.clone();
            template.reason_detail = detail.clone().filter(|_| !state.is_sendable());
            // It came back before the answer to its submission was written down.
            if template.live.is_none() && state.is_at_provider() {
                template.live = template.draft.take();
            }
            let parts = [reason.as_deref(), detail.as_deref()];
            note = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
        }
        What::Quality(quality) => {
            template.quality = *quality;
            note = format!("quality {}", quality.as_str());
        }
        What::Category { to, at: Some(at) } => {
            template.category_change = Some(CategoryChange { to: *to, at: *at });
            kind = ChangeKind::Provider;
        }
        What::Category { to, at: None } => {
            template.category_change = None;
            if let Some(live) = &mut template.live {
                live.category = *to;
            }
            kind = ChangeKind::Provider;
        }
        What::Content => {}
    }
    (*template != before).then(|| Entry::new(kind, None, note))
}
