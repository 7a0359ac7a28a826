//! Bytes of raw events through compactions.

use super::*;
use crate::domain::RawEventId;
use crate::storage::keys::{RawBlobKey, RawBundleKey};
use crate::storage::verify;

fn key(raw: u64) -> RawBlobKey {
    RawBlobKey { raw: RawEventId(raw) }
}

/// As webhooks are: long, and much alike.
fn body(raw: u64) -> Vec<u8> {
    let len = match raw {
        77 => 600_000,
        78 => 200_000,
        _ => 600,
    };
    let noise = (0..len as u64).map(|i| char::from(b'a' + (i.wrapping_mul(i ^ 7) >> 3) as u8 % 26));
    format!(
        "{{\"object\":\"whatsapp_business_account\",\"n\":{raw},\"text\":\"{}\"}}",
        noise.collect::<String>()
    )
    .into_bytes()
}

fn fill(store: &Store, raws: std::ops::Range<u64>) {
    for raw in raws {
        let mut batch = telling();
        batch.put_blob(&key(raw), &body(raw), &store.system_seal());
        store.commit_blocking(batch).unwrap();
    }
}

fn delete(store: &Store, raws: impl Iterator<Item = u64>) {
    let mut batch = telling();
    for raw in raws {
        batch.delete(&key(raw));
    }
    store.commit_blocking(batch).unwrap();
}

fn expect(store: &Store, raws: impl Iterator<Item = u64>) {
    for raw in raws {
        assert_eq!(store.blob(&key(raw)).unwrap(), Some(body(raw)), "{raw}");
    }
    let report = verify::verify(store, verify::Options::default()).unwrap();
    let raw = |problem: &&verify::Problem| problem.table.starts_with("Raw");
    assert_eq!(report.problems.iter().filter(raw).count(), 0, "{report:?}");
}

fn bundles(store: &Store) -> usize {
    store
        .scan_keys(&Prefix::<RawBundleKey>::table(), None, 1000)
        .unwrap()
        .len()
}

#[test]
fn bodies_are_bundled_by_a_compaction_and_need_the_journal_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let tuned = || Tuning {
        segment_bytes: 64 << 10,
        ..tuning()
    };
    let store = open_with(dir.path(), tuned()).unwrap();
    fill(&store, 1..400);
    expect(&store, 1..400);
    store.compact().unwrap();
    let first = bundles(&store);
    assert!((3..12).contains(&first), "{first}");
    expect(&store, 1..400);
    store.compact().unwrap();
    assert_eq!(bundles(&store), first, "whole bundles stay as they are");
    fill(&store, 400..500);
    delete(&store, 1..40);
    delete(&store, 200..201);
    store.compact().unwrap();
    let left = || (40..200).chain(201..500);
    expect(&store, left());
    assert_eq!(store.blob(&key(3)).unwrap(), None);
    // The largest stays in the journal; everything else is there when that is gone.
    let keep = Keep {
        age: std::time::Duration::ZERO,
        bytes: 0,
    };
    store.rotate_journal();
    put(&store, 1, "x");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    assert!(
        store
            .retire_journal(keep, later, u64::MAX, u64::MAX, u64::MAX)
            .unwrap()
            > 1
    );
    assert_eq!(store.blob(&key(77)).unwrap(), None);
    expect(&store, left().filter(|raw| *raw != 77));
    store.close();
    let store = open_with(dir.path(), tuned()).unwrap();
    expect(&store, left().filter(|raw| *raw != 77));
    delete(&store, left());
    store.compact().unwrap();
    assert_eq!(bundles(&store), 0, "an empty bundle goes");
}

#[test]
fn bodies_are_read_while_compactions_move_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 1..60);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for raw in 30..60 {
                    assert_eq!(store.blob(&key(raw)).unwrap(), Some(body(raw)), "{raw}");
                }
            }
        });
        for gone in 1..12 {
            delete(&store, gone..gone + 1);
            store.compact().unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap();
    });
}
