//! Segments, retention, readers, rows for backups.

use std::time::{Duration, SystemTime};

use super::*;
use crate::storage::Seal;

fn small_segments() -> Tuning {
    Tuning {
        segment_bytes: 4096,
        ..tuning()
    }
}

fn seqs(store: &Store, after: u64, limit: usize) -> Vec<u64> {
    store
        .events_after(after, limit)
        .unwrap()
        .iter()
        .map(|event| event.seq)
        .collect()
}

#[test]
fn segments_follow_one_another_and_events_are_found_in_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), small_segments()).unwrap();
    for n in 1..=200 {
        put(&store, n, "some text that takes its place in the journal");
    }
    assert!(store.status().unwrap().segments > 5);
    for store in [store.clone(), {
        store.close();
        open_with(dir.path(), small_segments()).unwrap()
    }] {
        for (after, limit) in [(0, 500), (0, 3), (57, 10), (199, 9), (200, 9), (u64::MAX, 9)] {
            let expected: Vec<u64> = (after.saturating_add(1)..=200).take(limit).collect();
            assert_eq!(seqs(&store, after, limit), expected, "after {after}, {limit}");
        }
        assert_eq!(store.verify_journal().unwrap(), 201);
    }
}

#[test]
fn events_come_from_the_files_when_memory_has_let_them_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for _ in 0..3 {
        let mut batch = telling();
        for _ in 1..5000 {
            batch.append(telling());
        }
        store.commit_blocking(batch).unwrap();
    }
    let all: Vec<u64> = (1..=15_000).collect();
    assert_eq!(seqs(&store, 0, 10_000), all[..10_000]);
    assert_eq!(
        seqs(&store, 6_500, 1_000),
        all[6_500..7_500],
        "across what memory holds"
    );
    assert_eq!(seqs(&store, 14_990, 1_000), all[14_990..]);
}

#[test]
fn old_segments_go_only_when_they_are_old_exported_and_not_needed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), small_segments()).unwrap();
    let mut batch = Batch::new();
    batch.put_blob(&N(1000), b"bytes in the first segment", &Seal::Open);
    store.commit_blocking(batch).unwrap();
    for n in 1..=100 {
        put(&store, n, "some text that takes its place in the journal");
    }
    let before = store.status().unwrap();
    let (now, day) = (SystemTime::now(), Duration::from_secs(86_400));
    let later = now + 2 * day;
    let never = u64::MAX;
    let keep = Keep {
        age: day,
        bytes: u64::MAX,
    };
    let retire = |now, exported, frame, seq| store.retire_journal(keep, now, exported, frame, seq).unwrap();
    assert_eq!(retire(now, never, never, never), 0, "too young");
    assert_eq!(retire(later, 3, never, never), 0, "not exported");
    assert_eq!(retire(later, never, 2, never), 0, "a frame is needed");
    assert_eq!(retire(later, never, never, 1), 0, "an event is needed");
    assert!(store.blob(&N(1000)).unwrap().is_some());
    assert_eq!(
        retire(later, never, never, never),
        before.segments - 1,
        "never the one being written"
    );
    assert_eq!(store.blob(&N(1000)).unwrap(), None, "gone, and said so");
    let oldest = store.oldest_event();
    assert!(oldest > 1);
    assert_eq!(seqs(&store, oldest - 1, 500), (oldest..=100).collect::<Vec<_>>());
    store.close();
    let store = open_with(dir.path(), small_segments()).unwrap();
    assert_eq!((store.oldest_event(), put(&store, 5, "x")), (oldest, 101));
    assert_eq!(store.scan_keys(&all(), None, 500).unwrap().len(), 101);
    store.close();
    std::fs::remove_dir_all(dir.path().join("store")).unwrap();
    let error = open_with(dir.path(), small_segments()).err().unwrap().to_string();
    assert!(error.contains("restore the last backup"), "{error}");
}

#[test]
fn what_is_too_much_goes_however_young_once_it_is_packed_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_with(dir.path(), small_segments()).unwrap();
    for n in 1..=100 {
        put(&store, n, "some text that takes its place in the journal");
    }
    let keep = Keep {
        age: Duration::from_secs(86_400),
        bytes: 4_000,
    };
    let (now, never) = (SystemTime::now(), u64::MAX);
    let retire = |exported| store.retire_journal(keep, now, exported, never, never).unwrap();
    assert_eq!(retire(never), 0, "not packed: the tree alone would hold it");
    store.compact().unwrap();
    assert_eq!(retire(0), 0, "not exported");
    assert!(retire(never) > 0);
    let left = store.status().unwrap();
    assert!(
        left.segments >= 1 && left.journal_bytes <= 4_000 + 2_000,
        "{left:?}"
    );
    for n in 1..=100 {
        assert!(store.get(&N(n)).unwrap().is_some(), "{n}");
    }
    store.close();
    // The tree is lost: the pack and what is left of the journal hold everything.
    std::fs::write(dir.path().join("store.rebuild"), b"damaged").unwrap();
    let store = open_with(dir.path(), small_segments()).unwrap();
    assert_eq!(store.scan_keys(&all(), None, 500).unwrap().len(), 100);
    assert_eq!(put(&store, 101, "goes on"), 101);
}

#[test]
fn rows_and_journal_files_make_a_store_again_even_if_it_was_written_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=50 {
        put(&store, n, "before");
    }
    let large = Text(
        (0..30_000u32)
            .map(|n| char::from(b' ' + (n.wrapping_mul(n) >> 7) as u8 % 90))
            .collect(),
    );
    let mut batch = telling();
    batch
        .put(&N(60), &large, &Seal::Open)
        .put_blob(&N(61), b"blob", &store.system_seal());
    store.commit_blocking(batch).unwrap();
    let (frame, next_seq) = store.carried().unwrap();
    let mut rows = store.raw_rows(None, 20).unwrap();
    put(&store, 1, "changed meanwhile");
    put(&store, 70, "new meanwhile");
    while let Some(last) = rows.last().map(|(key, _)| key.clone()) {
        let page = store.raw_rows(Some(&last), 7).unwrap();
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    let copy = tempfile::tempdir().unwrap();
    let count = rows.len() as u64;
    let loaded = Store::restore_rows(copy.path(), rows.into_iter().map(Ok), frame, next_seq).unwrap();
    assert_eq!(loaded, count);
    let journal = Store::journal_dir(copy.path());
    std::fs::create_dir_all(&journal).unwrap();
    for file in store.journal_files() {
        std::fs::copy(&file.path, journal.join(file.path.file_name().unwrap())).unwrap();
    }
    let restored = open(copy.path());
    assert_eq!(
        restored.scan(&all(), None, 60).unwrap(),
        store.scan(&all(), None, 60).unwrap()
    );
    assert_eq!(restored.get(&N(60)).unwrap(), Some(large));
    assert_eq!(restored.blob(&N(61)).unwrap().as_deref(), Some(&b"blob"[..]));
    assert_eq!(put(&restored, 80, "goes on"), 54);
    assert!(
        Store::restore_rows(copy.path(), std::iter::empty(), 1, 1).is_err(),
        "in use"
    );
    drop(restored);
    assert!(
        Store::restore_rows(copy.path(), std::iter::empty(), 1, 1).is_err(),
        "not empty"
    );
}

#[test]
fn a_restore_without_a_journal_goes_on_counting() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "x");
    let rows = store.raw_rows(None, 100).unwrap();
    let (frame, next_seq) = store.carried().unwrap();
    let copy = tempfile::tempdir().unwrap();
    Store::restore_rows(copy.path(), rows.into_iter().map(Ok), frame, next_seq).unwrap();
    let restored = open(copy.path());
    assert_eq!(restored.get(&N(1)).unwrap(), Some(text("x")));
    assert_eq!(put(&restored, 2, "y"), 2);
    drop(restored);
    assert_eq!(open(copy.path()).get(&N(2)).unwrap(), Some(text("y")));
}

#[test]
fn a_restore_that_was_broken_off_is_not_taken_for_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, 1, "x");
    let failure = || Err(StorageError::Erased);
    let rows = store.raw_rows(None, 100).unwrap();
    let rows = rows
        .into_iter()
        .cycle()
        .take(2_000)
        .map(Ok)
        .chain(std::iter::once_with(failure));
    let copy = tempfile::tempdir().unwrap();
    assert!(Store::restore_rows(copy.path(), rows, 2, 2).is_err());
    let error = open_with(copy.path(), tuning()).err().unwrap().to_string();
    assert!(error.contains("broken off"), "{error}");
}
