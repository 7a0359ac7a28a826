//! Planted damage: torn tails, flipped bytes, left-over and truncated snapshots.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::storage::keys::RawBlobKey;
use crate::storage::{CommitError, StoreState};

fn segments(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    files.sort();
    files
}

/// A closed store with `count` texts, one frame each after the first.
fn filled(count: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=count {
        put(&store, n, &format!("text {n}"));
    }
    store.close();
    dir
}

fn copy(from: &Path) -> tempfile::TempDir {
    fn tree(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                tree(&path, &to)
            } else {
                fs::copy(&path, &to).map(drop).unwrap()
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    tree(from, to.path());
    to
}

fn read_only(store: &Store) -> String {
    match store.watch_state().borrow().clone() {
        StoreState::ReadOnly(why) => why,
        StoreState::Ok => panic!("the store can be written"),
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_frames_before_it_stand() {
    let dir = filled(2);
    let journal = &segments(dir.path())[0];
    let before = fs::metadata(journal).unwrap().len();
    let state = copy(dir.path());
    put(&open(dir.path()), 3, "the last one");
    let whole = fs::read(journal).unwrap();
    for len in before..=whole.len() as u64 {
        // The state has not seen the last frame, as after a crash between writing and acknowledging.
        let dir = copy(state.path());
        fs::write(&segments(dir.path())[0], &whole[..len as usize]).unwrap();
        let store = open(dir.path());
        let found = store.scan_keys(&all(), None, 9).unwrap().len();
        assert_eq!(
            found,
            if len == whole.len() as u64 { 3 } else { 2 },
            "cut at {len}"
        );
        assert_eq!(put(&store, 4, "goes on"), found as u64 + 1);
        store.close();
        let store = open(dir.path());
        assert_eq!(store.get(&N(4)).unwrap(), Some(text("goes on")));
        store.verify_journal().unwrap();
        if len > before && len < whole.len() as u64 {
            assert_eq!(
                fs::read(dir.path().join("journal/last-torn-frame"))
                    .unwrap()
                    .len() as u64,
                len - before
            );
        }
    }
}

#[test]
fn a_tail_of_zeros_is_cut() {
    let dir = filled(2);
    let journal = &segments(dir.path())[0];
    let mut bytes = fs::read(journal).unwrap();
    bytes.extend_from_slice(&[0; 5000]);
    fs::write(journal, bytes).unwrap();
    assert_eq!(put(&open(dir.path()), 3, "x"), 3);
}

#[test]
fn a_byte_flipped_before_whole_frames_makes_the_store_read_only_and_loses_nothing() {
    let dir = filled(6);
    let whole = fs::read(&segments(dir.path())[0]).unwrap();
    for at in (40..whole.len() - 600).step_by(97) {
        let dir = copy(dir.path());
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&segments(dir.path())[0], &bytes).unwrap();
        let store = open(dir.path());
        assert!(read_only(&store).contains("byte"), "{}", read_only(&store));
        assert_eq!(store.scan_keys(&all(), None, 9).unwrap().len(), 6, "byte {at}");
        assert!(matches!(
            store.commit_blocking(telling()),
            Err(CommitError::ReadOnly(_))
        ));
        assert!(store.verify_journal().is_err());
        let mut seq = 0;
        while let Ok(events) = store.events_after(seq, 1) {
            seq = events[0].seq;
            assert!(seq < 7, "a reader must be told, not left waiting");
        }
        store.close();
        assert_eq!(
            fs::read(&segments(dir.path())[0]).unwrap(),
            bytes,
            "evidence is left as it is"
        );
    }
}

#[test]
fn a_damaged_segment_header_is_refused_by_name() {
    let dir = filled(1);
    let journal = &segments(dir.path())[0];
    let mut bytes = fs::read(journal).unwrap();
    bytes[20] ^= 1;
    fs::write(journal, bytes).unwrap();
    let error = open_with(dir.path(), tuning()).err().unwrap().to_string();
    assert!(error.contains("00000000000000000001.seg"), "{error}");
}

#[test]
fn a_newer_segment_is_refused_as_newer() {
    let dir = filled(1);
    let journal = &segments(dir.path())[0];
    let mut bytes = fs::read(journal).unwrap();
    bytes[11] = 9;
    let crc = crc32fast::hash(&bytes[..28]).to_be_bytes();
    bytes[28..32].copy_from_slice(&crc);
    fs::write(journal, bytes).unwrap();
    assert!(matches!(
        open_with(dir.path(), tuning()),
        Err(StorageError::TooNew { found: 9, known: 1 })
    ));
}

#[test]
fn a_journal_that_ends_before_the_state_is_noticed() {
    let dir = filled(3);
    let journal = &segments(dir.path())[0];
    let bytes = fs::read(journal).unwrap();
    fs::write(journal, &bytes[..bytes.len() - 10]).unwrap();
    let store = open(dir.path());
    assert!(read_only(&store).contains("frame"), "{}", read_only(&store));
    assert_eq!(store.get(&N(3)).unwrap(), Some(text("text 3")));
}

#[test]
fn a_missing_journal_and_a_missing_state_are_told_apart() {
    let dir = filled(3);
    let no_journal = copy(dir.path());
    fs::remove_dir_all(no_journal.path().join("journal")).unwrap();
    let error = open_with(no_journal.path(), tuning()).err().unwrap().to_string();
    assert!(error.contains("no journal"), "{error}");
    let no_state = copy(dir.path());
    fs::remove_dir_all(no_state.path().join("store")).unwrap();
    assert_eq!(open(no_state.path()).get(&N(3)).unwrap(), Some(text("text 3")));
}

#[test]
fn unfinished_snapshots_are_deleted() {
    let dir = filled(3);
    let planted = dir.path().join("store/snap.00000000000000AA.generating");
    fs::write(&planted, b"half a snapshot").unwrap();
    let store = open(dir.path());
    assert_eq!(store.get(&N(3)).unwrap(), Some(text("text 3")));
    assert!(!planted.exists());
}

fn snapshots(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("store"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("snap."))
        .collect()
}

#[test]
fn truncated_and_flipped_snapshots_cost_nothing() {
    let dir = filled(50);
    // Opening writes the snapshot.
    open(dir.path()).close();
    let found = snapshots(dir.path());
    assert!(!found.is_empty(), "the engine makes snapshots");
    let whole = fs::read(&found[0]).unwrap();
    for damage in 0..4 {
        let dir = copy(dir.path());
        let mut bytes = whole.clone();
        match damage {
            0 => bytes.clear(),
            1 => bytes.truncate(whole.len() / 2),
            2 => bytes[whole.len() / 2] ^= 0xff,
            _ => bytes[0] ^= 0xff,
        }
        fs::write(&snapshots(dir.path())[0], bytes).unwrap();
        let store = open(dir.path());
        assert_eq!(store.scan(&all(), None, 99).unwrap().len(), 50, "damage {damage}");
        assert_eq!(put(&store, 99, "goes on"), 51);
    }
}

#[test]
fn flipped_bytes_in_the_engines_files_never_lose_or_change_a_record() {
    let dir = filled(300);
    let file = dir.path().join("store/db");
    let len = fs::metadata(&file).unwrap().len() as usize;
    let whole = fs::read(&file).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap_or(len);
    for step in 0..24 {
        let dir = copy(dir.path());
        let mut bytes = whole.clone();
        let at = used * step / 24;
        bytes[at..(at + 16).min(len)]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x55);
        fs::write(dir.path().join("store/db"), bytes).unwrap();
        expect_all(dir.path(), 300, at);
    }
}

/// Every record is there, at once or after the restart that a broken state asks for.
fn expect_all(dir: &Path, count: u64, at: usize) {
    for _restart in 0..2 {
        let store = open(dir);
        let wrong =
            |n: &u64| !matches!(store.get(&N(*n)), Ok(Some(value)) if value == text(&format!("text {n}")));
        if (1..=count).find(wrong).is_none() {
            return;
        }
        store.close();
    }
    panic!("records are wrong after flipping bytes at {at}");
}

/// A closed store of which the first `packed` texts stand in the pack, the rest in the tree.
fn half_packed(packed: u64, count: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=packed {
        put(&store, n, &format!("text {n}"));
    }
    store.compact().unwrap();
    for n in packed + 1..=count {
        put(&store, n, &format!("text {n}"));
    }
    store.close();
    dir
}

#[test]
fn flipped_bytes_in_the_pack_never_lose_or_change_a_record() {
    let dir = half_packed(300, 310);
    let whole = fs::read(dir.path().join("store/pack")).unwrap();
    for step in 0..24 {
        let dir = copy(dir.path());
        let mut bytes = whole.clone();
        let at = (whole.len() - 1) * step / 23;
        bytes[at] ^= 0x55;
        fs::write(dir.path().join("store/pack"), bytes).unwrap();
        expect_all(dir.path(), 310, at);
    }
    for what in ["gone", "cut", "another's"] {
        let dir = copy(dir.path());
        let pack = dir.path().join("store/pack");
        match what {
            "gone" => fs::remove_file(&pack).unwrap(),
            "cut" => fs::write(&pack, &whole[..whole.len() / 2]).unwrap(),
            _ => drop(fs::copy(half_packed(5, 5).path().join("store/pack"), &pack).unwrap()),
        }
        expect_all(dir.path(), 310, 0);
    }
}

#[test]
fn a_lost_tree_goes_on_from_the_pack_although_the_journal_before_it_is_gone() {
    let dir = half_packed(300, 310);
    fs::write(dir.path().join("store/db"), vec![0x55; 4 << 20]).unwrap();
    let store = open_with(
        dir.path(),
        Tuning {
            segment_bytes: 1,
            ..tuning()
        },
    )
    .unwrap();
    for n in 1..=310 {
        assert_eq!(store.get(&N(n)).unwrap(), Some(text(&format!("text {n}"))));
    }
}

#[test]
fn an_exchange_of_a_damaged_state_that_a_crash_broke_off_is_finished() {
    for between in [false, true] {
        let dir = half_packed(20, 25);
        fs::create_dir_all(dir.path().join("store-fresh")).unwrap();
        fs::copy(dir.path().join("store/pack"), dir.path().join("store-fresh/pack")).unwrap();
        fs::write(dir.path().join("store.rebuild"), b"damaged").unwrap();
        if between {
            fs::rename(dir.path().join("store"), dir.path().join("store.damaged-1")).unwrap();
        }
        expect_all(dir.path(), 25, 0);
        assert!(!dir.path().join("store-fresh").exists());
    }
}

const RAW: RawBlobKey = RawBlobKey {
    raw: crate::domain::RawEventId(9),
};

fn small_segments() -> Tuning {
    Tuning {
        segment_bytes: 2_000,
        ..tuning()
    }
}

/// As [`half_packed`], with a backup between and no journal before it.
fn trimmed(with_backup: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), small_segments()).unwrap();
    for n in 1..=200 {
        put(&store, n, &format!("text {n}"));
    }
    let mut batch = telling();
    batch.put_blob(&RAW, b"a raw event", &store.system_seal());
    store.commit_blocking(batch).unwrap();
    store.compact().unwrap();
    let folder = if with_backup {
        store.backups_dir()
    } else {
        dir.path().join("elsewhere")
    };
    let made =
        crate::storage::backup::make_automatic(&store, &folder, Timestamp(1_792_400_001_000_002)).unwrap();
    let keep = Keep {
        age: std::time::Duration::MAX,
        bytes: 0,
    };
    for n in 201..=300 {
        put(&store, n, &format!("text {n}"));
    }
    let exported = made.verified.totals.last_frame;
    let gone = store.retire_journal(keep, std::time::SystemTime::now(), exported, u64::MAX, u64::MAX);
    assert!(gone.unwrap() > 3);
    store.close();
    dir
}

#[test]
fn a_lost_state_is_made_whole_from_the_backup_and_the_journal() {
    let dir = trimmed(true);
    let bytes = fs::read(dir.path().join("store/pack")).unwrap();
    for (what, moves) in [
        ("a damaged pack", &[][..]),
        ("the whole state gone", &[][..]),
        (
            "a crash before the exchange",
            &[("store", "healed/store"), ("journal", "healed/journal")][..],
        ),
        ("a crash within it", &[("store", "healed/store")][..]),
        (
            "a crash while it was restored",
            &[("lock", "healed/RESTORE-UNFINISHED")][..],
        ),
    ] {
        let dir = copy(dir.path());
        match what {
            "the whole state gone" => fs::remove_dir_all(dir.path().join("store")).unwrap(),
            _ if moves.iter().any(|(_, to)| to.ends_with("store")) => {}
            _ => {
                let mut damaged = bytes.clone();
                damaged
                    .iter_mut()
                    .skip(40)
                    .step_by(50)
                    .for_each(|byte| *byte ^= 1);
                fs::write(dir.path().join("store/pack"), damaged).unwrap();
            }
        }
        for (from, to) in moves {
            let to = dir.path().join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::rename(dir.path().join(from), to).unwrap();
        }
        let store = open_with(dir.path(), small_segments()).unwrap_or_else(|error| panic!("{what}: {error}"));
        for n in 1..=300 {
            assert_eq!(
                store.get(&N(n)).unwrap(),
                Some(text(&format!("text {n}"))),
                "{what}: {n}"
            );
        }
        assert_eq!(
            store.blob(&RAW).unwrap().as_deref(),
            Some(b"a raw event".as_slice()),
            "{what}"
        );
        assert_eq!(put(&store, 301, "goes on"), 302, "{what}");
        store.verify_journal().unwrap();
        assert!(!dir.path().join("healed").exists() && !dir.path().join("healed.restoring").exists());
    }
}

#[test]
fn without_a_backup_a_lost_state_is_said_to_be_lost() {
    let dir = trimmed(false);
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    for _ in 0..2 {
        let error = open_with(dir.path(), small_segments()).err().unwrap().to_string();
        assert!(error.contains("restore the last backup"), "{error}");
    }
}
