//! Rewriting the state while it is used.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn long(n: u64) -> String {
    format!(
        "{n} {}",
        (0..900u64)
            .map(|i| char::from(b'a' + (i.wrapping_mul(n + 7) >> 3) as u8 % 26))
            .collect::<String>()
    )
}

#[test]
fn while_it_is_compacted_everything_can_be_read_and_written_and_less_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for round in 0..6 {
        for n in 0..400 {
            put(&store, n, &long(n + round));
        }
    }
    let compacted = store.compact().unwrap();
    assert!(compacted.after < compacted.before, "{compacted:?}");
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 1000;
            while !stop.load(Ordering::Relaxed) {
                put(&store, n, &long(n));
                n += 1;
            }
            n
        });
        let reader = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(store.get(&N(17)).unwrap(), Some(Text(long(22))));
                assert!(store.scan(&all(), None, 300).unwrap().len() == 300);
            }
        });
        for _ in 0..2 {
            store.compact().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        writer.join().unwrap()
    });
    for reopened in [false, true] {
        let store = if reopened { open(dir.path()) } else { store.clone() };
        for n in (0..400)
            .map(|n| (n, n + 5))
            .chain((1000..written).map(|n| (n, n)))
        {
            assert_eq!(store.get(&N(n.0)).unwrap(), Some(Text(long(n.1))), "{n:?}");
        }
        let rows = store.scan_keys(&all(), None, 10_000).unwrap().len() as u64;
        assert_eq!(rows, 400 + written - 1000);
        std::fs::read_dir(dir.path()).unwrap().for_each(|entry| {
            let name = entry.unwrap().file_name();
            assert!(
                !["store-copy", "store-old"].contains(&name.to_str().unwrap()),
                "left behind: {name:?}"
            );
        });
        store.close();
    }
}

#[test]
fn an_exchange_that_a_crash_broke_off_is_finished_or_taken_back() {
    for (moves, what) in [
        (&[("store", "store-old")][..], "between the two renames"),
        (&[][..], "before them"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put(&open(dir.path()), 1, "x");
        std::fs::create_dir_all(dir.path().join("store-copy")).unwrap();
        std::fs::write(dir.path().join("store-copy/db"), b"half a copy").unwrap();
        for (from, to) in moves {
            std::fs::rename(dir.path().join(from), dir.path().join(to)).unwrap();
        }
        let store = open(dir.path());
        assert_eq!(store.get(&N(1)).unwrap(), Some(text("x")), "{what}");
        assert!(
            !dir.path().join("store-copy").exists() && !dir.path().join("store-old").exists(),
            "{what}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1, "x");
    std::fs::create_dir_all(dir.path().join("store-old")).unwrap();
    assert_eq!(
        open(dir.path()).get(&N(1)).unwrap(),
        Some(text("x")),
        "after them"
    );
    assert!(!dir.path().join("store-old").exists());
}

#[test]
fn a_closed_store_is_not_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.close();
    assert!(store.compact().is_err());
}
