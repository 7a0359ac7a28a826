//! What only this floor can plant: rows whose bytes or keys are wrong.

use super::*;
use crate::storage::batch::Op;
use crate::storage::keys::{PositionKey, UserKey};
use crate::storage::store::StoreOptions;
use crate::storage::vault::MasterKey;

fn problems(plant: impl Fn(&mut Batch)) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(StoreOptions {
        dir: folder.path().join("data"),
        master_key: MasterKey::load(folder.path()).expect("key"),
    });
    let store = store.expect("opens");
    let mut batch = Batch::new();
    plant(&mut batch);
    store.commit_blocking(batch).expect("committed");
    let report = verify(&store, Options { repair: true }).expect("readable");
    assert_eq!(report.repaired, 0);
    assert!(report.to_string().contains("1 problems, 0 mended"), "{report}");
    let told = report.problems.into_iter();
    told.map(|problem| (problem.table, problem.what)).collect()
}

fn put(batch: &mut Batch, key: Vec<u8>, value: &[u8]) {
    let value = value.to_vec();
    batch.ops.push(Op::Put { key, value });
}

#[test]
fn a_value_that_is_no_record_is_found() {
    let found = problems(|batch| put(batch, PositionKey { reader: 1 }.to_bytes(), b"garbage"));
    assert_eq!(found[0].0, "Position");
    assert!(found[0].1.starts_with("cannot be read"), "{}", found[0].1);
}

#[test]
fn a_record_of_another_kind_is_found() {
    let found = problems(|batch| {
        let key = UserKey {
            workspace: WorkspaceId([1; 16]),
            user: crate::domain::UserId([2; 16]),
        };
        let value = Seal::Open.wrap(&key.to_bytes(), &7u64);
        put(batch, key.to_bytes(), &value);
    });
    assert_eq!(found[0].0, "User");
}

#[test]
fn a_key_of_another_layout_is_found() {
    let found = problems(|batch| put(batch, vec![Table::User as u8, 1, 2, 3], b"x"));
    assert_eq!(found, [("User".to_owned(), STRANGE_KEY.to_owned())]);
}

#[test]
fn a_table_that_does_not_exist_is_found() {
    let found = problems(|batch| put(batch, vec![77, 1], b"x"));
    assert_eq!(found[0].0, "unknown");
}
