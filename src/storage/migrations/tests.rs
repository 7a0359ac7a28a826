//! Migrations of a store of settings, under a list made for the test.

use std::cell::Cell;

use super::*;
use crate::domain::WorkspaceId;
use crate::storage::keys::{Key, Prefix, SettingKey};
use crate::storage::records::Json;
use crate::storage::store::StoreOptions;
use crate::storage::vault::MasterKey;

/// Rows of a page, so that there are several.
const PAGE: usize = 3;
const ROWS: u8 = 10;

fn open(dir: &std::path::Path) -> Store {
    let store = Store::open(StoreOptions {
        dir: dir.join("data"),
        master_key: MasterKey::load(dir).expect("key"),
    });
    store.expect("opens")
}

fn settings(store: &Store) -> Vec<(SettingKey, Json)> {
    store.scan(&Prefix::table(), None, 100).expect("scan")
}

fn fill(store: &Store) {
    let mut batch = Batch::new();
    for setting in 0..ROWS {
        let workspace = WorkspaceId([1; 16]);
        let key = SettingKey { workspace, setting };
        batch.put(&key, &Json(format!("{{\"n\":{setting}}}")), &Seal::Open);
    }
    commit(store, &batch).expect("committed");
}

/// Makes a page of one rewriting step.
fn page(store: &Store, after: Option<&[u8]>, change: impl Fn(&str) -> String) -> Result<Page, StorageError> {
    let after = after.and_then(|bytes| SettingKey::read(&bytes[1..]));
    let rows = store.scan(&Prefix::<SettingKey>::table(), after.as_ref(), PAGE)?;
    let mut batch = Batch::bulk();
    for (key, Json(text)) in &rows {
        batch.put(key, &Json(change(text)), &Seal::Open);
    }
    let next = rows.last().map(|(key, _)| key.to_bytes());
    Ok(Page { batch, next })
}

/// Wraps each text in a list. What is wrapped already stays as it is, so that repeating is harmless.
fn wrap(store: &Store, after: Option<&[u8]>) -> Result<Page, StorageError> {
    page(store, after, |text| match text.starts_with('[') {
        true => text.to_owned(),
        false => format!("[{text}]"),
    })
}

/// Adds a mark to what the first made.
fn mark(store: &Store, after: Option<&[u8]>) -> Result<Page, StorageError> {
    page(store, after, |text| match text.ends_with(",1]") {
        true => text.to_owned(),
        false => text.replace(']', ",1]"),
    })
}

thread_local! {
    static PAGES_LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// The first step, on a machine that loses power after some pages.
fn wrap_until_power_fails(store: &Store, after: Option<&[u8]>) -> Result<Page, StorageError> {
    let left = PAGES_LEFT.get();
    if left == 0 {
        return Err(StorageError::Io {
            doing: "migrating",
            cause: "planned failure".into(),
        });
    }
    PAGES_LEFT.set(left - 1);
    wrap(store, after)
}

const fn step(to: u32, page: fn(&Store, Option<&[u8]>) -> Result<Page, StorageError>) -> Migration {
    Migration {
        to,
        name: "test",
        page,
    }
}

/// Two steps after those that are shipped.
const NEXT: u32 = SCHEMA + 1;
const LIST: &[Migration] = &[step(NEXT, wrap), step(NEXT + 1, mark)];

fn expected() -> Vec<String> {
    (0..ROWS).map(|n| format!("[{{\"n\":{n}}},1]")).collect()
}

fn texts(store: &Store) -> Vec<String> {
    settings(store).into_iter().map(|(_, Json(text))| text).collect()
}

#[test]
fn the_shipped_list_has_no_gaps_and_ends_at_the_version_that_is_written() {
    let versions: Vec<u32> = ALL.iter().map(|migration| migration.to).collect();
    let expected: Vec<u32> = (2..).take(ALL.len()).collect();
    assert_eq!(versions, expected);
    assert_eq!(versions.last().copied().unwrap_or(1), SCHEMA);
}

#[test]
fn a_new_store_is_of_the_newest_version() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    assert_eq!(version(&store).expect("read"), Some(SCHEMA));
}

#[test]
fn every_step_runs_once_after_one_snapshot() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    fill(&store);
    let snapshots = Cell::new(0);
    let snapshot = || {
        assert_eq!(texts(&store)[0], "{\"n\":0}", "before anything changed");
        snapshots.set(snapshots.get() + 1);
        Ok(())
    };
    let migrated = run(&store, LIST, snapshot).expect("migrated");
    assert_eq!(
        migrated,
        Migrated {
            from: SCHEMA,
            to: NEXT + 1
        }
    );
    assert_eq!(texts(&store), expected());
    let again = run(&store, LIST, || Err(StorageError::Erased)).expect("nothing to do");
    assert_eq!(
        again,
        Migrated {
            from: NEXT + 1,
            to: NEXT + 1
        }
    );
    assert_eq!(snapshots.get(), 1);
}

#[test]
fn a_crash_after_any_page_leaves_the_old_version_and_the_next_start_finishes() {
    for pages in 0..4 {
        let folder = tempfile::tempdir().expect("folder");
        let store = open(folder.path());
        fill(&store);
        PAGES_LEFT.set(pages);
        let failing = [step(NEXT, wrap_until_power_fails), step(NEXT + 1, mark)];
        assert!(run(&store, &failing, || Ok(())).is_err(), "after {pages} pages");
        assert_eq!(version(&store).expect("read"), Some(SCHEMA));
        drop(store);
        let store = open(folder.path());
        run(&store, LIST, || Ok(())).expect("migrated");
        assert_eq!(texts(&store), expected(), "after {pages} pages");
    }
}

#[test]
fn without_its_snapshot_nothing_is_changed() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    fill(&store);
    let before = texts(&store);
    assert!(run(&store, LIST, || Err(StorageError::Erased)).is_err());
    assert_eq!(texts(&store), before);
    assert_eq!(version(&store).expect("read"), Some(SCHEMA));
}

#[test]
fn the_snapshot_is_a_backup_of_the_old_state_and_is_made_once() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    fill(&store);
    snapshot(&store).expect("made");
    let path = folder
        .path()
        .join(format!("data/backups/before-migration-from-{SCHEMA}.fdbackup"));
    let first = std::fs::read(&path).expect("there");
    snapshot(&store).expect("still there");
    assert_eq!(std::fs::read(&path).expect("there"), first);
    std::fs::write(&path, &first[..first.len() / 2]).expect("cut");
    snapshot(&store).expect("made again");
    assert!(backup::verify_backup(&path).is_ok());
}

#[test]
fn a_store_of_a_newer_version_is_refused_in_a_clear_sentence() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path());
    commit(&store, &to_version(Batch::bulk(), 999)).expect("committed");
    store.close();
    drop(store);
    let opened = Store::open(StoreOptions {
        dir: folder.path().join("data"),
        master_key: MasterKey::load(folder.path()).expect("key"),
    });
    let error = opened.err().expect("refused").to_string();
    assert_eq!(
        error,
        format!("the data was written by a newer version (999); this one reads up to {SCHEMA}")
    );
}
