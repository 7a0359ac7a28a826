//! Sealing: who can read what, and when no longer.

use super::*;
use crate::domain::ContactId;
use crate::storage::{CommitError, Seal};

const CONTACT: ContactId = ContactId([9; 16]);

fn with_keys(store: &Store) -> Seal {
    let mut batch = Batch::new();
    store.create_workspace_keys(WS, &mut batch);
    let seal = store.create_contact_key(WS, CONTACT, &mut batch).unwrap();
    batch.put(&N(1), &text("personal"), &seal);
    store.commit_blocking(batch).unwrap();
    seal
}

#[test]
fn keys_made_in_a_batch_seal_it_and_are_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(store.workspace_seal(WS).is_err() && store.contact_seal(WS, CONTACT).is_err());
    with_keys(&store);
    let hash = store.lookup_hash(WS, "+15550001111").unwrap();
    let system = store.system_hash("owner@example.org");
    store.close();
    let store = open(dir.path());
    assert_eq!(store.get(&N(1)).unwrap(), Some(text("personal")));
    assert_eq!(store.lookup_hash(WS, "+15550001111").unwrap(), hash);
    assert_eq!(store.system_hash("owner@example.org"), system);
    assert_ne!(store.system_hash("+15550001111"), hash);
    store.workspace_seal(WS).unwrap();
    store.contact_seal(WS, CONTACT).unwrap();
}

#[test]
fn a_destroyed_key_erases_what_it_sealed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    with_keys(&store);
    put(&store, 2, "kept");
    let mut batch = Batch::new();
    assert!(store.destroy_contact_key(WS, CONTACT, &mut batch).unwrap());
    assert!(
        !store
            .destroy_contact_key(WS, ContactId([1; 16]), &mut batch)
            .unwrap()
    );
    store.commit_blocking(batch).unwrap();
    for reopened in [false, true] {
        let store = if reopened { open(dir.path()) } else { store.clone() };
        assert!(matches!(store.get(&N(1)), Err(StorageError::Erased)));
        assert!(matches!(
            store.contact_seal(WS, CONTACT),
            Err(StorageError::Erased)
        ));
        assert_eq!(store.scan(&all(), None, 9).unwrap(), [(N(2), text("kept"))]);
        assert_eq!(
            store.status().unwrap().damaged_records,
            0,
            "erased is not damaged"
        );
        store.close();
    }
}

#[test]
fn what_is_sealed_with_a_key_that_never_was_stored_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    with_keys(&store);
    let other = ContactId([8; 16]);
    let mut never_committed = Batch::new();
    let seal = store.create_contact_key(WS, other, &mut never_committed).unwrap();
    let mut batch = Batch::new();
    batch.put(&N(5), &text("lost"), &seal);
    assert!(matches!(
        store.commit_blocking(batch.clone()),
        Err(CommitError::Conflict { table: "WrappedKey" })
    ));
    store.commit_blocking(never_committed).unwrap();
    store.commit_blocking(batch).unwrap();
    assert_eq!(store.get(&N(5)).unwrap(), Some(text("lost")));
}

#[test]
fn of_two_keys_for_one_contact_the_first_stands() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    with_keys(&store);
    let mut second = Batch::new();
    store.create_contact_key(WS, CONTACT, &mut second).unwrap();
    assert!(matches!(
        store.commit_blocking(second),
        Err(CommitError::Conflict { .. })
    ));
    let mut batch = Batch::new();
    batch.put(&N(6), &text("more"), &store.contact_seal(WS, CONTACT).unwrap());
    store.commit_blocking(batch).unwrap();
    store.close();
    assert_eq!(open(dir.path()).get(&N(6)).unwrap(), Some(text("more")));
}

#[test]
fn a_value_moved_to_another_key_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "mine");
    let value = store.inner.shared.engine.get(&N(1).to_bytes()).unwrap().unwrap();
    let mut batch = Batch::new();
    batch.ops.push(crate::storage::batch::Op::Put {
        key: N(2).to_bytes(),
        value,
    });
    store.commit_blocking(batch).unwrap();
    assert!(matches!(
        store.get(&N(2)),
        Err(StorageError::Damaged { table: "Setting", .. })
    ));
    assert_eq!(store.status().unwrap().damaged_records, 1);
    assert_eq!(store.scan(&all(), None, 9).unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_master_key_opens_everything_and_the_old_one_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    with_keys(&store);
    let new = MasterKey::generate().unwrap();
    assert!(
        store.rewrap(&new, &master()).await.is_err(),
        "the old key must be proven"
    );
    store.rewrap(&master(), &new).await.unwrap();
    drop(store);
    assert!(open_with(dir.path(), tuning()).is_err());
    let store = Store::open_with(
        StoreOptions {
            dir: dir.path().into(),
            master_key: new,
        },
        tuning(),
    )
    .unwrap();
    assert_eq!(store.get(&N(1)).unwrap(), Some(text("personal")));
}

#[test]
fn the_key_file_is_made_once_and_refused_if_others_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let first = MasterKey::load(dir.path()).unwrap();
    assert_eq!(*MasterKey::load(dir.path()).unwrap().0, *first.0);
    let path = dir.path().join("master.key");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = MasterKey::load(dir.path()).err().unwrap().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, b"short").unwrap();
    assert!(
        MasterKey::load(dir.path())
            .err()
            .unwrap()
            .to_string()
            .contains("32 bytes")
    );
}
