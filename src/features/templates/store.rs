//! Reading and writing templates: the record, its look-up row and its history in one commit.

use crate::actors::core::{Core, new_trace};
use crate::domain::template::{Change, ChangeKind, MAX_CHANGES, Template};
use crate::domain::{TemplateId, Timestamp, UserId, WorkspaceId};
use crate::storage::keys::{
    TemplateByNameKey, TemplateChangeKey, TemplateKey, TemplateTallyKey, TemplateUseKey,
};
use crate::storage::{Batch, CommitError, Fingerprint, Prefix, Seal, StorageError};

use super::errors::TemplateError;

/// Most templates of a workspace; WhatsApp allows a verified business 6,000.
pub(super) const MAX_TEMPLATES: usize = 6_000;
/// How often a change is decided anew because someone else was quicker.
const TRIES: usize = 5;
/// Use rows removed in one commit.
const FORGET_PAGE: usize = 2_000;

type Done<T> = Result<T, TemplateError>;

/// What is written into the history.
pub(super) struct Entry {
    pub kind: ChangeKind,
    pub user: Option<UserId>,
    pub note: String,
}

impl Entry {
    pub(super) fn new(kind: ChangeKind, user: Option<UserId>, note: impl Into<String>) -> Self {
        Self {
            kind,
            user,
            note: note.into(),
        }
    }
}

fn key(workspace: WorkspaceId, template: TemplateId) -> TemplateKey {
    TemplateKey { workspace, template }
}

/// A template as it stands.
pub(super) fn get(core: &Core, workspace: WorkspaceId, id: TemplateId) -> Done<Template> {
    core.store
        .get(&key(workspace, id))?
        .ok_or(TemplateError::NotFound)
}

/// Every template of a workspace.
pub(super) fn all(core: &Core, workspace: WorkspaceId) -> Result<Vec<Template>, StorageError> {
    let prefix = Prefix::<TemplateKey>::table().with(workspace);
    let rows = core.store.scan(&prefix, None, MAX_TEMPLATES)?;
    Ok(rows.into_iter().map(|(_, template)| template).collect())
}

/// Adds a template.
pub(super) async fn add(
    core: &Core,
    workspace: WorkspaceId,
    mut template: Template,
    entry: Entry,
) -> Done<Template> {
    let name = core
        .store
        .template_hash(workspace, &template.account, &template.name, &template.language)?;
    let index = TemplateByNameKey { workspace, name };
    let mut batch = Batch::new();
    batch
        .require_absent(&key(workspace, template.id))
        .require_absent(&index);
    batch.put(&index, &template.id, &Seal::Open);
    record(core, workspace, &mut template, entry, &mut batch)?;
    match core.store.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(TemplateError::Exists),
        other => Ok(other.map(|_| template)?),
    }
}

/// Puts the record and its history entry into a batch.
fn record(
    core: &Core,
    workspace: WorkspaceId,
    template: &mut Template,
    entry: Entry,
    batch: &mut Batch,
) -> Result<(), StorageError> {
    let seal = core.store.workspace_seal(workspace)?;
    let at = core.clock.now();
    template.version += 1;
    template.updated_at = at;
    template.changes += 1;
    let n = template.changes;
    let Entry { kind, user, note } = entry;
    let definition = template.working().cloned();
    let change = Change {
        at,
        user,
        kind,
        state: template.state,
        definition,
        note,
    };
    let at_n = |n| TemplateChangeKey {
        workspace,
        template: template.id,
        n,
    };
    batch.put(&at_n(n), &change, &seal);
    if let Some(oldest) = n.checked_sub(MAX_CHANGES).filter(|n| *n > 0) {
        batch.delete(&at_n(oldest));
    }
    batch.put(&key(workspace, template.id), template, &seal);
    Ok(())
}

/// Changes a template. `decide` is asked again if someone else was quicker; where it answers no entry, nothing is written.
pub(super) async fn change(
    core: &Core,
    workspace: WorkspaceId,
    id: TemplateId,
    if_version: Option<u64>,
    mut decide: impl FnMut(&mut Template) -> Done<Option<Entry>>,
) -> Done<Template> {
    for _ in 0..TRIES {
        let found = core.store.get_for_update(&key(workspace, id))?;
        let (mut template, fingerprint) = found.ok_or(TemplateError::NotFound)?;
        if if_version.is_some_and(|version| version != template.version) {
            return Err(TemplateError::VersionMismatch);
        }
        let Some(entry) = decide(&mut template)? else {
            return Ok(template);
        };
        match write(core, workspace, &mut template, fingerprint, entry).await {
            Err(TemplateError::Commit(CommitError::Conflict { .. })) => {}
            other => return other.map(|()| template),
        }
    }
    Err(TemplateError::Commit(CommitError::Busy))
}

async fn write(
    core: &Core,
    workspace: WorkspaceId,
    template: &mut Template,
    fingerprint: Fingerprint,
    entry: Entry,
) -> Done<()> {
    let mut batch = Batch::new();
    batch.require_unchanged(&key(workspace, template.id), fingerprint);
    record(core, workspace, template, entry, &mut batch)?;
    core.store.commit(batch).await?;
    Ok(())
}

/// Forgets a template with its history and figures.
pub(super) async fn remove(core: &Core, workspace: WorkspaceId, template: &Template) -> Done<()> {
    let id = template.id;
    let uses = Prefix::<TemplateUseKey>::table().with(workspace).with(id);
    loop {
        let rows = core.store.scan_keys(&uses, None, FORGET_PAGE)?;
        let mut batch = Batch::bulk();
        rows.iter().for_each(|row| {
            batch.delete(row);
        });
        if rows.is_empty() {
            break;
        }
        core.store.commit(batch).await?;
    }
    let name = core
        .store
        .template_hash(workspace, &template.account, &template.name, &template.language)?;
    let changes = Prefix::<TemplateChangeKey>::table().with(workspace).with(id);
    let mut batch = Batch::new();
    for row in core.store.scan_keys(&changes, None, MAX_CHANGES as usize + 1)? {
        batch.delete(&row);
    }
    batch.delete(&TemplateTallyKey {
        workspace,
        template: id,
    });
    batch.delete(&TemplateByNameKey { workspace, name });
    batch.delete(&key(workspace, id));
    core.store.commit(batch).await?;
    tracing::info!(template = %id, trace = %new_trace(), "a template was removed");
    Ok(())
}

/// A template's history, newest first, at most `limit` entries before number `before`.
pub(super) fn history(
    core: &Core,
    workspace: WorkspaceId,
    id: TemplateId,
    before: Option<TemplateChangeKey>,
    limit: usize,
) -> Result<Vec<(TemplateChangeKey, Change)>, StorageError> {
    let prefix = Prefix::<TemplateChangeKey>::table().with(workspace).with(id);
    core.store.scan_back(&prefix, before.as_ref(), limit)
}

/// Whether an approved template may be edited again (WhatsApp: once in 24 hours, ten times in 30 days).
pub(super) fn next_edit(template: &Template, now: Timestamp) -> Option<Timestamp> {
    const DAY: i64 = 24 * crate::domain::time::HOUR;
    let last = template.edits.last().map(|at| at.plus(DAY));
    let tenth = template.edits.iter().rev().nth(9).map(|at| at.plus(30 * DAY));
    last.max(tenth).filter(|next| *next > now)
}
