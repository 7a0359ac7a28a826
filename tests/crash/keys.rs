//! The master key missing, wrong or open to all, and data of a newer version: refused by name, nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use frontdesk::storage::migrations::SCHEMA_ROW;
use frontdesk::storage::{Batch, MasterKey, Seal, Store, StoreOptions};

use crate::opening::{expect_whole, filled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_master_key_it_refuses_and_harms_nothing() {
    let mut desk = filled().await;
    let (key, kept) = (desk.data().join("master.key"), desk.path("kept.key"));
    fs::rename(&key, &kept).expect("moved");
    let why = tokio::task::block_in_place(|| desk.refuses());
    assert!(
        why.contains("master key") || why.contains("master.key"),
        "missing: {why}"
    );
    assert!(
        !key.exists(),
        "a fresh key for old data would only hide what is wrong"
    );
    fs::write(&key, [7; 32]).expect("planted");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    let why = tokio::task::block_in_place(|| desk.refuses());
    assert!(why.contains("master key"), "wrong: {why}");
    fs::write(&key, [7; 5]).expect("planted");
    let why = tokio::task::block_in_place(|| desk.refuses());
    assert!(
        why.contains("master.key") && why.contains("32 bytes"),
        "short: {why}"
    );
    fs::remove_file(&key).expect("removed");
    fs::rename(&kept, &key).expect("moved back");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let why = tokio::task::block_in_place(|| desk.refuses());
    assert!(
        why.contains("master.key") && why.contains("chmod 600"),
        "open to all: {why}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    expect_whole(&mut desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_newer_version_is_refused_and_left_alone() {
    let desk = filled().await;
    let set = |version: u64| {
        let (dir, master_key) = (desk.data(), MasterKey::load(&desk.data()).expect("the key"));
        let store = Store::open(StoreOptions { dir, master_key }).expect("opens");
        let mut batch = Batch::new();
        batch.put(&SCHEMA_ROW, &version, &Seal::Open);
        store.commit_blocking(batch).expect("written");
        store.close();
    };
    set(99);
    let journal = || fs::read(desk.data().join("journal/00000000000000000001.seg")).expect("readable");
    let before = journal();
    let mut copy = desk.copy();
    let why = tokio::task::block_in_place(|| copy.refuses());
    assert!(why.contains("newer version") && why.contains("99"), "{why}");
    let after = fs::read(copy.data().join("journal/00000000000000000001.seg")).expect("readable");
    assert!(before == after, "nothing was written");
}
