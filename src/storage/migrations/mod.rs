//! Changes of the store's layout between versions: an ordered list, run at opening, one file each.
//!
//! Owns the schema's version (a row of `Meta`) and the way from every older one. A migration goes page by page, each page
//! one commit of absolute puts and deletes; the last page carries the new version. A crash in between leaves the old
//! version standing, and the next start begins that migration anew: each must be harmless to repeat over its own work.
//! Before the first one a backup is made.
//!
//! Most changes need none: a record's new version is read beside the old ones (see [`super::records`]). A migration is for
//! a new look-up table, a changed key, or a rewrite of all rows.

mod labels;

use crate::clock::Clock;

use super::backup;
use super::batch::Batch;
use super::error::StorageError;
use super::journal::io_error;
use super::keys::MetaKey;
use super::store::Store;
use super::vault::Seal;

/// The version that this program writes. Goes up by one with each entry in [`ALL`].
pub const SCHEMA: u32 = 2;

/// The row of `Meta` that holds the version.
pub const SCHEMA_ROW: MetaKey = MetaKey { name: 1 };

/// Every migration, in order. The first leads to version 2.
pub const ALL: &[Migration] = &[labels::MIGRATION];

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

/// Notes the newest version in a new store's first change.
pub(super) fn stamp(batch: &mut Batch) {
    batch.put(&SCHEMA_ROW, &u64::from(SCHEMA), &Seal::Open);
}

/// Brings a store that was just opened to the newest version.
///
/// # Errors
/// See [`run`].
pub(super) fn at_open(store: &Store) -> Result<(), StorageError> {
    let migrated = run(store, ALL, || snapshot(store))?;
    if migrated.from < migrated.to {
        tracing::info!(from = migrated.from, to = migrated.to, "migrated the store");
    }
    Ok(())
}

/// A backup before the first change. One that an earlier try has finished is as good: nothing but that try has written
/// since.
fn snapshot(store: &Store) -> Result<(), StorageError> {
    let version = version(store)?.unwrap_or(1);
    let dir = store.backups_dir();
    std::fs::create_dir_all(&dir).map_err(io_error("making the folder for backups"))?;
    let path = dir.join(format!("before-migration-from-{version}.fdbackup"));
    if path.exists() && backup::verify_backup(&path).is_ok() {
        return Ok(());
    }
    if path.exists() {
        std::fs::remove_file(&path).map_err(io_error("removing a damaged backup"))?;
    }
    let made = backup::export_without_files(store, &path, Clock::System.now());
    made.map(|_| ()).map_err(|error| StorageError::Io {
        doing: "making a backup before the migration",
        cause: error.to_string(),
    })
}

/// Brings a store to the newest version of `list`, which starts at version 2 and has no gaps. `snapshot` is called once,
/// before the first change.
///
/// # Errors
/// [`StorageError::TooNew`] for a store of a newer version. After any other error the store is still of an older version
/// and whole; opening it again goes on.
fn run(
    store: &Store,
    list: &[Migration],
    snapshot: impl FnOnce() -> Result<(), StorageError>,
) -> Result<Migrated, StorageError> {
    let newest = list.last().map_or(1, |migration| migration.to);
    let from = version(store)?.unwrap_or(1);
    if from > newest {
        return Err(StorageError::TooNew {
            found: from,
            known: newest,
        });
    }
    let due: Vec<&Migration> = list.iter().filter(|migration| migration.to > from).collect();
    if !due.is_empty() {
        snapshot()?;
    }
    for migration in due {
        tracing::info!(to = migration.to, name = migration.name, "migrating the store");
        one(store, migration)?;
    }
    Ok(Migrated { from, to: newest })
}

fn one(store: &Store, migration: &Migration) -> Result<(), StorageError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let Page { batch, next } = (migration.page)(store, after.as_deref())?;
        match next {
            Some(next) => {
                commit(store, &batch)?;
                after = Some(next);
            }
            None => return commit(store, &to_version(batch, migration.to)),
        }
    }
}

fn to_version(mut batch: Batch, version: u32) -> Batch {
    batch.put(&SCHEMA_ROW, &u64::from(version), &Seal::Open);
    batch
}

fn commit(store: &Store, batch: &Batch) -> Result<(), StorageError> {
    if batch.is_empty() {
        return Ok(());
    }
    let committed = store.commit_patiently(batch);
    committed.map(|_| ()).map_err(|error| StorageError::Io {
        doing: "migrating the store",
        cause: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
