//! Reading back, order, preconditions, limits.

use super::*;
use crate::storage::{CommitError, Lane, Seal, StoreState};

#[test]
fn what_is_committed_is_read_in_order_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in [3, 1, 2, 300] {
        put(&store, n, &format!("text {n}"));
    }
    for reopened in [false, true] {
        let store = if reopened { open(dir.path()) } else { store.clone() };
        assert_eq!(store.get(&N(2)).unwrap(), Some(text("text 2")));
        assert_eq!(store.get(&N(9)).unwrap(), None);
        assert!(store.contains(&N(300)).unwrap() && !store.contains(&N(4)).unwrap());
        let keys = |rows: Vec<(N, Text)>| rows.into_iter().map(|(key, _)| key.0).collect::<Vec<_>>();
        assert_eq!(keys(store.scan(&all(), None, 10).unwrap()), [1, 2, 3, 300]);
        assert_eq!(keys(store.scan(&all(), Some(&N(1)), 2).unwrap()), [2, 3]);
        assert_eq!(keys(store.scan_back(&all(), None, 3).unwrap()), [300, 3, 2]);
        assert_eq!(keys(store.scan_back(&all(), Some(&N(3)), 9).unwrap()), [2, 1]);
        assert_eq!(
            keys(store.scan_back(&all(), Some(&N(0)), 9).unwrap()),
            Vec::<u64>::new()
        );
        assert_eq!(
            keys(store.scan(&all(), Some(&N(u64::MAX)), 9).unwrap()),
            Vec::<u64>::new()
        );
        assert_eq!(store.scan_keys(&all(), Some(&N(2)), 1).unwrap(), [N(3)]);
        assert_eq!(
            store.scan_keys_back(&all(), Some(&N(300)), 2).unwrap(),
            [N(3), N(2)]
        );
        assert!(store.scan(&all(), None, 0).unwrap().is_empty());
        let seqs: Vec<u64> = store
            .events_after(1, 2)
            .unwrap()
            .iter()
            .map(|event| event.seq)
            .collect();
        assert_eq!(seqs, [2, 3]);
        assert!(store.events_after(4, 10).unwrap().is_empty());
        assert_eq!((store.oldest_event(), *store.watch_events().borrow()), (1, 4));
        if !reopened {
            store.close();
        }
    }
}

#[test]
fn only_one_process_opens_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(matches!(
        open_with(dir.path(), tuning()),
        Err(StorageError::Locked(_))
    ));
    drop(store);
    open(dir.path());
}

#[test]
fn another_master_key_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path()), 1, "x");
    let master_key = MasterKey(zeroize::Zeroizing::new([4; 32]));
    let error = Store::open_with(
        StoreOptions {
            dir: dir.path().into(),
            master_key,
        },
        tuning(),
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("master key"), "{error}");
}

#[test]
fn large_values_are_stored_replaced_and_removed_and_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let noise = |len: usize, seed: u64| -> Text {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + (state >> 33) as u8 % 90)
        };
        Text((0..len).map(|_| next()).collect())
    };
    let commit = |value: Option<&Text>| {
        let mut batch = Batch::new();
        match value {
            Some(value) => batch.put(&N(1), value, &store.system_seal()),
            None => batch.delete(&N(1)),
        };
        store.commit_blocking(batch).unwrap();
        assert_eq!(store.get(&N(1)).unwrap().as_ref(), value);
        let found = store.scan(&all(), None, 1).unwrap();
        assert_eq!(found.first().map(|(_, value)| value), value);
    };
    for len in [4095, 100_000, 5_000, 900_000, 10, 60_000] {
        commit(Some(&noise(len, len as u64)));
    }
    commit(Some(&noise(30_000, 5)));
    put(&store, 2, "other");
    let mut two = Batch::new();
    two.put(&N(1), &noise(90_000, 6), &Seal::Open)
        .put(&N(1), &noise(20_000, 7), &Seal::Open);
    store.commit_blocking(two).unwrap();
    assert_eq!(store.get(&N(1)).unwrap(), Some(noise(20_000, 7)));
    store
        .commit_blocking({
            let mut b = Batch::new();
            b.delete(&N(2));
            b
        })
        .unwrap();
    commit(None);
    let mut chunks = 0;
    let count = |_: &[u8], _: crate::storage::engine::Value<'_>| {
        chunks += 1;
        std::ops::ControlFlow::Continue(())
    };
    store
        .inner
        .shared
        .engine
        .scan(&[0xfe], None, false, count)
        .unwrap();
    assert_eq!(chunks, 0, "chunk rows left behind");
}

#[test]
fn what_is_too_large_is_refused_by_size() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut batch = Batch::new();
    batch.put_blob(&N(1), &vec![0; 9 << 20], &Seal::Open);
    // Zeros compress to nothing; random bytes do not.
    assert!(store.commit_blocking(batch).is_ok());
    let mut noise = vec![0; 9 << 20];
    getrandom::fill(&mut noise).unwrap();
    let mut batch = Batch::new();
    batch.put_blob(&N(1), &noise, &Seal::Open);
    assert!(matches!(
        store.commit_blocking(batch),
        Err(CommitError::TooLarge { .. })
    ));
}

#[test]
fn preconditions_hold_or_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let conflict = |batch: Batch| match store.commit_blocking(batch) {
        Err(CommitError::Conflict { table }) => assert_eq!(table, "Setting"),
        other => panic!("{other:?}"),
    };
    let with = |n: u64, then: &dyn Fn(&mut Batch)| {
        let mut batch = telling();
        batch.put(&N(n), &text("new"), &Seal::Open);
        then(&mut batch);
        batch
    };
    conflict(with(1, &|batch| {
        batch.require_present(&N(1));
    }));
    assert_eq!(store.get(&N(1)).unwrap(), None);
    store
        .commit_blocking(with(1, &|batch| {
            batch.require_absent(&N(1));
        }))
        .unwrap();
    conflict(with(2, &|batch| {
        batch.require_absent(&N(1));
    }));
    let (_, read) = store.get_for_update(&N(1)).unwrap().unwrap();
    put(&store, 1, "meanwhile");
    conflict(with(1, &|batch| {
        batch.require_unchanged(&N(1), read);
    }));
    let (_, read) = store.get_for_update(&N(1)).unwrap().unwrap();
    store
        .commit_blocking(with(1, &|batch| {
            batch.require_unchanged(&N(1), read);
        }))
        .unwrap();
    assert_eq!(store.get(&N(2)).unwrap(), None);
    assert_eq!(
        *store.watch_events().borrow(),
        3,
        "refused batches take no place in the order"
    );
}

#[tokio::test]
async fn of_many_claims_at_once_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let claims = (0..200).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut batch = if n % 2 == 0 { Batch::new() } else { Batch::bulk() };
            assert_eq!(
                batch.lane,
                if n % 2 == 0 { Lane::Interactive } else { Lane::Bulk }
            );
            batch
                .require_absent(&N(1))
                .put(&N(1), &text(&n.to_string()), &Seal::Open);
            store.commit(batch).await.is_ok().then_some(n)
        })
    });
    let answers = futures_util::future::join_all(claims.collect::<Vec<_>>()).await;
    let winners: Vec<i32> = answers.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.get(&N(1)).unwrap(), Some(text(&winners[0].to_string())));
}

#[test]
fn blobs_lie_in_the_journal_and_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let body = vec![b'{'; 100_000];
    let mut batch = telling();
    batch
        .put_blob(&N(1), &body, &store.system_seal())
        .put_blob(&N(2), b"", &store.system_seal());
    store.commit_blocking(batch).unwrap();
    store.close();
    let store = open(dir.path());
    assert_eq!(store.blob(&N(1)).unwrap().as_deref(), Some(body.as_slice()));
    assert_eq!(store.blob(&N(2)).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.blob(&N(3)).unwrap(), None);
}

#[test]
fn a_closed_store_says_so_and_an_empty_batch_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seq = put(&store, 1, "x");
    assert_eq!(store.commit_blocking(Batch::new()).unwrap().seq, seq);
    assert_eq!(*store.watch_state().borrow(), StoreState::Ok);
    assert_eq!(store.status().unwrap().damaged_records, 0);
    store.close();
    assert!(matches!(
        store.commit_blocking(telling()),
        Err(CommitError::ReadOnly(_))
    ));
}
