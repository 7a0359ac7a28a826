//! Changes of the store's layout between versions: an ordered list, run at opening, one file each.
//!
//! Owns the schema's version (a row of `Meta`) and the way from every older one. A migration goes page by page, each page
//! one commit of absolute puts and deletes; the last page carries the new version. A crash in between leaves the old
//! version standing, and the next start begins that migration anew: each must be harmless to repeat over its own work.
//! Before the first one a backup is made.
//!
//! Most changes need none: a record's new version is read beside the old ones (see [`super::records`]). A migration is for
//! a new look-up table, a changed key, or a rewrite of all rows.

use super::batch::Batch;
use super::error::StorageError;
use super::keys::{MetaKey, Prefix, WorkspaceKey};
use super::store::Store;
use super::vault::Seal;

/// The version that this program writes. Goes up by one with each entry in [`ALL`].
pub const SCHEMA: u32 = 1;

/// The row of `Meta` that holds the version.
pub const SCHEMA_ROW: MetaKey = MetaKey { name: 1 };

/// Every migration, in order. The first leads to version 2.
pub const ALL: &[Migration] = &[];

/// One step from a version to the next.
pub struct Migration {
    /// The version that it leads to.
    pub to: u32,
    /// For the log.
    pub name: &'static str,
    /// Makes the changes of the page that begins after a row's key (`None` for the first page).
    pub page: fn(&Store, Option<&[u8]>) -> Result<Page, StorageError>,
}

/// The changes of one page.
pub struct Page {
    /// What to commit; small enough for one frame.
    pub batch: Batch,
    /// The last row's key; `None` if that was the last page.
    pub next: Option<Vec<u8>>,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Migrated {
    /// The version found.
    pub from: u32,
    /// The version now.
    pub to: u32,
}

/// The version of a store.
///
/// # Errors
/// The row cannot be read.
pub fn version(store: &Store) -> Result<Option<u32>, StorageError> {
    let found = store.get(&SCHEMA_ROW)?;
    Ok(found.map(|version| u32::try_from(version).unwrap_or(u32::MAX)))
}

/// Brings a store to the newest version of `list`, which starts at version 2 and has no gaps. `snapshot` is called once,
/// before the first change to a store that holds something.
///
/// # Errors
/// [`StorageError::TooNew`] for a store of a newer version. After any other error the store is still of an older version
/// and whole; opening it again goes on.
pub(super) fn run(
    store: &Store,
    list: &[Migration],
    snapshot: impl FnOnce() -> Result<(), StorageError>,
) -> Result<Migrated, StorageError> {
    let newest = list.last().map_or(1, |migration| migration.to);
    let from = match version(store)? {
        Some(version) => version,
        None if is_empty(store)? => {
            commit(store, to_version(Batch::bulk(), newest))?;
            return Ok(Migrated {
                from: newest,
                to: newest,
            });
        }
        None => 1,
    };
    if from > newest {
        return Err(StorageError::TooNew {
            found: from,
            known: newest,
        });
    }
    let due: Vec<&Migration> = list.iter().filter(|migration| migration.to > from).collect();
    if due.is_empty() {
        return Ok(Migrated { from, to: from });
    }
    snapshot()?;
    for migration in due {
        tracing::info!(to = migration.to, name = migration.name, "migrating the store");
        one(store, migration)?;
    }
    Ok(Migrated { from, to: newest })
}

/// Nobody has set it up yet.
fn is_empty(store: &Store) -> Result<bool, StorageError> {
    let workspaces = store.scan_keys(&Prefix::<WorkspaceKey>::table(), None, 1)?;
    Ok(workspaces.is_empty())
}

fn one(store: &Store, migration: &Migration) -> Result<(), StorageError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let Page { batch, next } = (migration.page)(store, after.as_deref())?;
        match next {
            Some(next) => {
                commit(store, batch)?;
                after = Some(next);
            }
            None => return commit(store, to_version(batch, migration.to)),
        }
    }
}

fn to_version(mut batch: Batch, version: u32) -> Batch {
    batch.put(&SCHEMA_ROW, &u64::from(version), &Seal::Open);
    batch
}

fn commit(store: &Store, batch: Batch) -> Result<(), StorageError> {
    if batch.is_empty() {
        return Ok(());
    }
    let committed = super::wait::wait(store.commit(batch));
    committed.map(|_| ()).map_err(|error| StorageError::Io {
        doing: "migrating the store",
        cause: error.to_string(),
    })
}
