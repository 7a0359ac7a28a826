//! Started on planted damage: what can be mended is mended without a loss; what cannot leaves the store readable, says
//! so and takes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use frontdesk::storage::keys::RawEventKey;
use frontdesk::storage::{MasterKey, Prefix, Store, StoreOptions};

use crate::desk::{Desk, copy_tree, run};
use crate::meta;
use crate::opening::{CUSTOMERS, TEXTS, expect_whole, filled};

/// Damages an index's folder.
type Damage<'a> = Box<dyn Fn(&Path) + 'a>;

fn newest(dir: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(dir)
        .expect("readable")
        .map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
        .pop()
        .unwrap_or_else(|| panic!("no {ending} in {}", dir.display()))
}

fn journal(desk: &Desk) -> PathBuf {
    newest(&desk.data().join("journal"), ".seg")
}

fn snapshots(desk: &Desk) -> Vec<PathBuf> {
    let files = fs::read_dir(desk.data().join("store")).expect("readable");
    let files = files.map(|entry| entry.expect("readable").path());
    files
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("snap."))
        })
        .collect()
}

/// A filled desk, and its journal with one more acknowledged delivery that its state does not have yet.
async fn with_unseen_tail() -> (Desk, Vec<u8>, usize) {
    let mut desk = filled().await;
    let before = fs::metadata(journal(&desk)).expect("there").len();
    let state = desk.copy();
    tokio::task::block_in_place(|| desk.start());
    let text = meta::text("2547440099999", "wamid.last", "the last one");
    meta::deliver(&meta::connection(), &desk.base(), &meta::delivery(&[text], &[])).await;
    tokio::task::block_in_place(|| desk.kill());
    let whole = fs::read(journal(&desk)).expect("readable");
    (state, whole, usize::try_from(before).expect("small"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_journal_tail_is_cut_and_everything_before_it_stands() {
    let (state, whole, before) = with_unseen_tail().await;
    assert!(whole.len() > before + 64);
    let more = whole.len() - before;
    for torn in [1, 7, 31, 33, more / 3, more / 2, more - 1] {
        let mut desk = state.copy();
        fs::write(journal(&desk), &whole[..before + torn]).expect("planted");
        expect_whole_but_for(&mut desk, "2547440099999").await;
        assert!(desk.logged().contains("cut"), "it is said: {}", desk.logged());
    }
    // A tail that the file system filled with zeros.
    let mut desk = state.copy();
    let zeros = [whole[..before].to_vec(), vec![0; 5_000]].concat();
    fs::write(journal(&desk), zeros).expect("planted");
    expect_whole(&mut desk).await;
}

/// Like [`expect_whole`], where this customer's text may be there or not.
async fn expect_whole_but_for(desk: &mut Desk, customer: &str) {
    tokio::task::block_in_place(|| desk.start());
    let owner = desk.owner().await;
    let known = crate::world::until("the others' texts", async || {
        let mut known = crate::world::conversations(&owner).await;
        known.remove(customer);
        (known.len() as u64 == CUSTOMERS).then_some(known)
    });
    for conversation in known.await.values() {
        assert_eq!(
            crate::world::messages(&owner, conversation).await.len() as u64,
            TEXTS
        );
    }
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn left_over_and_truncated_engine_snapshots_cost_nothing() {
    let mut desk = filled().await;
    // The engine makes a snapshot when it opens what it has.
    expect_whole(&mut desk).await;
    let whole = fs::read(&snapshots(&desk)[0]).expect("readable");
    let plants: [(&str, Vec<u8>); 4] = [
        ("empty", vec![]),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("junk", vec![0x5a; 400]),
        ("flipped", whole.iter().map(|byte| byte ^ 0xff).collect()),
    ];
    for (name, bytes) in plants {
        let mut desk = desk.copy();
        fs::write(&snapshots(&desk)[0], &bytes).expect("planted");
        fs::write(desk.data().join("store/snap.00000000000000AA.generating"), &bytes).expect("planted");
        println!("{name}");
        expect_whole(&mut desk).await;
        assert!(
            !desk
                .data()
                .join("store/snap.00000000000000AA.generating")
                .exists()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_in_the_engines_files_lose_nothing() {
    let desk = filled().await;
    let whole = fs::read(desk.data().join("store/db")).expect("readable");
    let used = whole.iter().rposition(|byte| *byte != 0).expect("something");
    for step in 0..8 {
        let mut desk = desk.copy();
        let mut bytes = whole.clone();
        let at = used * step / 8;
        bytes[at..at + 16].iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(desk.data().join("store/db"), bytes).expect("planted");
        println!("flipped at {at}");
        expect_sound_after_restarts(&mut desk).await;
    }
}

/// Damage that shows only when its place is read is mended at the next start; until then it is said.
async fn expect_sound_after_restarts(desk: &mut Desk) {
    let data = desk.data().display().to_string();
    for _ in 0..2 {
        tokio::task::block_in_place(|| desk.start());
        // Walks every row, so that whatever is damaged is met.
        let (sound, text) = tokio::task::block_in_place(|| run(&["verify", "--data", &data]));
        assert!(!text.contains("panicked"), "{text}");
        tokio::task::block_in_place(|| desk.kill());
        if sound {
            break;
        }
    }
    expect_whole(desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_flipped_inside_the_journal_leaves_it_readable_says_so_and_takes_nothing() {
    let desk = filled().await;
    let whole = fs::read(journal(&desk)).expect("readable");
    for place in [whole.len() / 4, whole.len() / 2] {
        let mut desk = desk.copy();
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        fs::write(journal(&desk), &bytes).expect("planted");
        tokio::task::block_in_place(|| desk.start());
        let stranger = crate::client::Client::stranger(&desk.base());
        let ready = stranger.get("/readyz").await.problem();
        let detail = ready["detail"].as_str().expect("a text");
        assert!(
            detail.contains("read-only") && detail.contains(".seg"),
            "names the file: {detail}"
        );
        let text = meta::text("254744000000", "wamid.new", "is not taken");
        assert!(!meta::post(&meta::connection(), &desk.base(), &meta::delivery(&[text], &[])).await);
        tokio::task::block_in_place(|| desk.stop());
        assert_eq!(
            fs::read(journal(&desk)).expect("readable"),
            bytes,
            "evidence is left as it is"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_search_index_is_rebuilt_from_the_records() {
    let desk = filled().await;
    let dir = desk.data().join("search/v1");
    let meta_file = fs::read(dir.join("meta.json")).expect("readable");
    let plants: [(&str, Damage<'_>); 4] = [
        (
            "half a meta.json",
            Box::new(|dir| plant(&dir.join("meta.json"), &meta_file[..meta_file.len() / 2])),
        ),
        (
            "junk for files",
            Box::new(|dir| each_file(dir, |path| plant(path, &[0x5a; 64]))),
        ),
        ("flipped bytes", Box::new(|dir| each_file(dir, flip_middle))),
        (
            "no files",
            Box::new(|dir| fs::remove_dir_all(dir).expect("removed")),
        ),
    ];
    for (name, damage) in plants {
        let mut desk = desk.copy();
        damage(&desk.data().join("search/v1"));
        println!("{name}");
        expect_whole(&mut desk).await;
        let index =
            frontdesk::storage::search::SearchIndex::open(&desk.data().join("search")).expect("opens");
        index.verify().expect(name);
        assert_eq!(index.documents(), CUSTOMERS * (TEXTS + 1), "{name}");
    }
}

fn plant(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("planted");
}

fn each_file(dir: &Path, damage: impl Fn(&Path)) {
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            damage(&path);
        }
    }
}

fn flip_middle(path: &Path) {
    let mut bytes = fs::read(path).expect("readable");
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 0x10;
    }
    plant(path, &bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_without_its_journal_is_refused_and_a_journal_without_its_state_is_enough() {
    let desk = filled().await;
    let mut no_journal = desk.copy();
    fs::remove_dir_all(no_journal.data().join("journal")).expect("removed");
    let why = tokio::task::block_in_place(|| no_journal.refuses());
    assert!(
        why.contains("no journal") && why.contains("restore from a backup"),
        "{why}"
    );
    let mut no_state = desk.copy();
    fs::remove_dir_all(no_state.data().join("store")).expect("removed");
    expect_whole(&mut no_state).await;
    // The raw deliveries are there as well, with their bytes.
    let (dir, master_key) = (
        no_state.data(),
        MasterKey::load(&no_state.data()).expect("the key"),
    );
    let store = Store::open(StoreOptions { dir, master_key }).expect("opens");
    let raws = store
        .scan(&Prefix::<RawEventKey>::table(), None, 1_000)
        .expect("readable");
    assert_eq!(raws.len() as u64, TEXTS);
    for (_, raw) in raws {
        let bytes = store
            .blob(&frontdesk::storage::keys::RawBlobKey { raw: raw.blob })
            .expect("readable");
        assert_eq!(bytes.map(|bytes| bytes.len()), Some(raw.size as usize));
    }
    store.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_state_is_brought_forward_by_the_journal() {
    let desk = filled().await;
    let old = desk.path("old store");
    copy_tree(&desk.data().join("store"), &old);
    let mut desk = desk;
    tokio::task::block_in_place(|| desk.start());
    let text = meta::text("254744000000", "wamid.newer", "newer than the copy");
    meta::deliver(&meta::connection(), &desk.base(), &meta::delivery(&[text], &[])).await;
    tokio::task::block_in_place(|| desk.stop());
    fs::remove_dir_all(desk.data().join("store")).expect("removed");
    copy_tree(&old, &desk.data().join("store"));
    tokio::task::block_in_place(|| desk.start());
    let owner = desk.owner().await;
    let known = crate::world::conversations(&owner).await;
    let found = crate::world::until("the newer text", async || {
        let found = crate::world::messages(&owner, &known["254744000000"]).await;
        (found.len() as u64 == TEXTS + 1).then_some(found)
    });
    assert_eq!(found.await[8]["text"]["body"], "newer than the copy");
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
}
