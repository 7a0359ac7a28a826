//! A disk that fails.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::storage::{CommitError, Fault, FaultPoint, Faults, Lane, Seal, StoreState};

fn faulty() -> (tempfile::TempDir, Store, Arc<Faults>) {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let tuning = Tuning {
        min_free_bytes: 1000,
        faults: Some(Arc::clone(&faults)),
        ..tuning()
    };
    let store = open_with(dir.path(), tuning).unwrap();
    put(&store, 1, "before");
    (dir, store, faults)
}

fn one(n: u64) -> Batch {
    let mut batch = telling();
    batch.put(&N(n), &text("one"), &Seal::Open);
    batch
}

async fn until_writable(store: &Store) {
    let mut state = store.watch_state();
    let waited = state.wait_for(|state| *state == StoreState::Ok);
    tokio::time::timeout(Duration::from_secs(20), waited)
        .await
        .expect("writable again")
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_cleanly_and_recovers_by_itself() {
    for point in [FaultPoint::JournalWrite, FaultPoint::JournalSync] {
        let (dir, store, faults) = faulty();
        faults.plan(point, Fault::Error(ErrorKind::StorageFull), 0, 1);
        assert!(matches!(
            store.commit(one(2)).await,
            Err(CommitError::ReadOnly(_))
        ));
        assert_eq!(store.get(&N(2)).unwrap(), None);
        until_writable(&store).await;
        assert_eq!(
            store.commit(one(3)).await.unwrap().seq,
            2,
            "the refused batch took no place"
        );
        drop(store);
        let store = open(dir.path());
        assert_eq!(store.scan_keys(&all(), None, 9).unwrap(), [N(1), N(3)]);
        store.verify_journal().unwrap();
    }
}

#[tokio::test]
async fn below_the_floor_nothing_is_written_until_there_is_space() {
    let (_dir, store, faults) = faulty();
    faults.pretend_free_bytes(Some(999));
    let error = store.commit(one(2)).await.unwrap_err();
    assert!(
        matches!(&error, CommitError::ReadOnly(why) if why.contains("make room")),
        "{error}"
    );
    assert!(matches!(&*store.watch_state().borrow(), StoreState::ReadOnly(_)));
    faults.pretend_free_bytes(Some(1000));
    until_writable(&store).await;
    store.commit(one(2)).await.unwrap();
}

#[tokio::test]
async fn a_failing_disk_stops_writing_until_the_next_start() {
    let (dir, store, faults) = faulty();
    faults.plan(FaultPoint::JournalSync, Fault::Error(ErrorKind::Other), 0, 1);
    assert!(matches!(
        store.commit(one(2)).await,
        Err(CommitError::ReadOnly(_))
    ));
    assert!(matches!(
        store.commit(one(3)).await,
        Err(CommitError::ReadOnly(_))
    ));
    assert_eq!(store.get(&N(1)).unwrap(), Some(text("before")), "reading goes on");
    drop(store);
    assert_eq!(open(dir.path()).scan_keys(&all(), None, 9).unwrap(), [N(1)]);
}

#[tokio::test]
async fn what_cannot_be_undone_is_unknown() {
    let (_dir, store, faults) = faulty();
    faults.plan(
        FaultPoint::JournalWrite,
        Fault::Error(ErrorKind::StorageFull),
        0,
        1,
    );
    faults.plan(FaultPoint::JournalTruncate, Fault::Error(ErrorKind::Other), 0, 1);
    assert!(matches!(store.commit(one(2)).await, Err(CommitError::Unknown)));
    assert!(matches!(
        store.commit(one(3)).await,
        Err(CommitError::ReadOnly(_))
    ));
}

#[tokio::test]
async fn what_the_engine_did_not_take_is_carried_in_at_the_next_start() {
    let (dir, store, faults) = faulty();
    faults.plan(FaultPoint::Apply, Fault::Error(ErrorKind::Other), 0, 1);
    assert!(matches!(store.commit(one(2)).await, Err(CommitError::Unknown)));
    assert!(matches!(
        store.commit(one(3)).await,
        Err(CommitError::ReadOnly(_))
    ));
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.scan_keys(&all(), None, 9).unwrap(), [N(1), N(2)]);
    assert_eq!(store.events_after(0, 9).unwrap().len(), 2);
}

/// Queues batches while the writer is held up, so that they meet in one group.
async fn in_one_group(store: &Store, faults: &Faults, batches: Vec<Batch>) -> Vec<Result<u64, CommitError>> {
    let groups = store.status().unwrap().groups;
    faults.plan(
        FaultPoint::JournalSync,
        Fault::Delay(Duration::from_millis(300)),
        0,
        1,
    );
    let first = tokio::spawn({
        let store = store.clone();
        async move { store.commit(telling()).await }
    });
    // The writer has taken the first batch once its queue is empty again and no group has been counted.
    tokio::time::timeout(Duration::from_secs(5), async {
        while faults.is_planned() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let commits = batches.into_iter().map(|batch| store.commit(batch));
    let answers = futures_util::future::join_all(commits).await;
    first.await.unwrap().unwrap();
    assert_eq!(
        store.status().unwrap().groups,
        groups + 2,
        "they met in one group"
    );
    answers
        .into_iter()
        .map(|answer| answer.map(|committed| committed.seq))
        .collect()
}

#[tokio::test]
async fn within_a_group_a_batch_sees_the_earlier_ones_and_a_conflict_stays_alone() {
    let (_dir, store, faults) = faulty();
    let (_, read) = store.get_for_update(&N(1)).unwrap().unwrap();
    let change = |value: &str| {
        let mut batch = telling();
        batch
            .require_unchanged(&N(1), read)
            .put(&N(1), &text(value), &Seal::Open);
        batch
    };
    let claim = |n: u64| {
        let mut batch = telling();
        batch
            .require_absent(&N(n))
            .put(&N(n), &text("claimed"), &Seal::Open);
        batch
    };
    let mut delete = telling();
    delete.require_present(&N(7)).delete(&N(7));
    let batches = vec![
        change("first"),
        change("second"),
        claim(7),
        claim(7),
        delete.clone(),
        delete,
        claim(7),
    ];
    let answers = in_one_group(&store, &faults, batches).await;
    let won: Vec<Option<u64>> = answers.into_iter().map(Result::ok).collect();
    assert_eq!(won, [Some(3), None, Some(4), None, Some(5), None, Some(6)]);
    assert_eq!(store.get(&N(1)).unwrap(), Some(text("first")));
    assert_eq!(store.get(&N(7)).unwrap(), Some(text("claimed")));
}

#[tokio::test]
async fn the_interactive_lane_goes_first() {
    let (_dir, store, faults) = faulty();
    let with_lane = |lane: Lane| {
        let mut batch = telling();
        batch.lane = lane;
        batch
    };
    let batches = vec![
        with_lane(Lane::Bulk),
        with_lane(Lane::Bulk),
        with_lane(Lane::Interactive),
    ];
    let answers = in_one_group(&store, &faults, batches).await;
    assert_eq!(
        answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        [4, 5, 3]
    );
}

#[tokio::test]
async fn a_writer_that_fails_answers_everyone_and_the_next_start_goes_on() {
    let (dir, store, faults) = faulty();
    faults.plan(FaultPoint::Apply, Fault::Panic, 0, 1);
    let answers = futures_util::future::join_all((2..200).map(|n| store.commit(one(n)))).await;
    let mut unknown = 0;
    for answer in answers {
        match answer {
            Err(CommitError::Unknown) => unknown += 1,
            Err(CommitError::ReadOnly(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(unknown > 0);
    let says_so = |state: &StoreState| matches!(state, StoreState::ReadOnly(why) if why.contains("restart"));
    store
        .watch_state()
        .wait_for(says_so)
        .await
        .expect("the store is open");
    assert_eq!(store.get(&N(1)).unwrap(), Some(text("before")), "reading goes on");
    drop(store);
    let store = open(dir.path());
    assert!(store.contains(&N(2)).unwrap(), "durable before the failure");
    store.commit(one(500)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_busy_after_two_seconds_and_loses_nothing_that_it_took() {
    let (_dir, store, faults) = faulty();
    faults.plan(
        FaultPoint::JournalSync,
        Fault::Delay(Duration::from_millis(400)),
        0,
        1,
    );
    let commits = (2..1000).map(|n| {
        let mut batch = one(n);
        batch.lane = Lane::Bulk;
        let commit = store.commit(batch);
        async move { (n, commit.await) }
    });
    let (mut done, mut busy) = (0, 0);
    for (n, answer) in futures_util::future::join_all(commits).await {
        match answer {
            Ok(_) => done += 1,
            Err(CommitError::Busy) => busy += 1,
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(store.contains(&N(n)).unwrap(), answer.is_ok());
    }
    assert!(done >= 512 && busy > 0, "{done} done, {busy} busy");
    store
        .commit(one(5000))
        .await
        .expect("the other lane has its own slots, and this one has room again");
}
