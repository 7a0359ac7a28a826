//! Random batches against a map, with reopening.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::storage::Seal;

#[derive(Clone, Debug)]
enum Step {
    Put(u64, usize),
    Delete(u64),
}

#[derive(Clone, Debug)]
enum Move {
    Commit(Vec<Step>),
    /// Only if the key is absent.
    Claim(u64),
    Reopen,
    /// Reopen with the engine's directory gone: rebuilt from the journal.
    Rebuild,
    Rotate,
    /// Pack the state.
    Compact,
    /// Reopen with the tree damaged beyond use: gone on from the pack and the journal.
    LoseTree,
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![0usize..200, Just(4_000), 4_090usize..4_100, Just(20_000)];
    prop_oneof![
        (0u64..20, len).prop_map(|(n, len)| Step::Put(n, len)),
        (0u64..20).prop_map(Step::Delete)
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        10 => prop::collection::vec(step(), 0..8).prop_map(Move::Commit),
        3 => (0u64..20).prop_map(Move::Claim),
        1 => Just(Move::Reopen),
        1 => Just(Move::Rebuild),
        1 => Just(Move::Rotate),
        3 => Just(Move::Compact),
        1 => Just(Move::LoseTree),
    ]
}

/// Text that does not compress, so that its stored size is its length.
fn noise(len: usize, salt: usize) -> Text {
    let mut state = salt as u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + (state >> 33) as u8 % 94)
    };
    Text((0..len).map(|_| next()).collect())
}

fn check(store: &Store, model: &BTreeMap<u64, Text>) {
    let rows = store.scan(&all(), None, 100).unwrap();
    let expected: Vec<(N, Text)> = model.iter().map(|(n, value)| (N(*n), value.clone())).collect();
    assert_eq!(rows, expected);
    let mut back = store.scan_back(&all(), None, 100).unwrap();
    back.reverse();
    assert_eq!(back, expected);
    for n in 0..20 {
        assert_eq!(store.get(&N(n)).unwrap().as_ref(), model.get(&n));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_store_is_a_map(moves in prop::collection::vec(a_move(), 1..30)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let (mut model, mut events) = (BTreeMap::new(), 0);
        for (i, a_move) in moves.into_iter().enumerate() {
            match a_move {
                Move::Commit(steps) => {
                    let mut batch = telling();
                    for (j, step) in steps.into_iter().enumerate() {
                        match step {
                            Step::Put(n, len) => {
                                let value = noise(len, i * 100 + j);
                                batch.put(&N(n), &value, &if j % 2 == 0 { store.system_seal() } else { Seal::Open });
                                model.insert(n, value);
                            }
                            Step::Delete(n) => {
                                batch.delete(&N(n));
                                model.remove(&n);
                            }
                        }
                    }
                    events += 1;
                    prop_assert_eq!(store.commit_blocking(batch).unwrap().seq, events);
                }
                Move::Claim(n) => {
                    let mut batch = Batch::new();
                    batch.require_absent(&N(n)).put(&N(n), &text("claimed"), &Seal::Open);
                    prop_assert_eq!(store.commit_blocking(batch).is_ok(), !model.contains_key(&n));
                    model.entry(n).or_insert_with(|| text("claimed"));
                }
                Move::Compact => {
                    store.compact().unwrap();
                    check(&store, &model);
                }
                Move::Reopen | Move::Rebuild | Move::LoseTree => {
                    store.close();
                    if matches!(a_move, Move::LoseTree) {
                        std::fs::write(dir.path().join("store.rebuild"), b"damaged").unwrap();
                    }
                    if matches!(a_move, Move::Rebuild) {
                        std::fs::remove_dir_all(dir.path().join("store")).unwrap();
                    }
                    store = open(dir.path());
                    check(&store, &model);
                }
                Move::Rotate => store.rotate_journal(),
            }
        }
        check(&store, &model);
        let seqs: Vec<u64> = store.events_after(0, 100).unwrap().iter().map(|event| event.seq).collect();
        prop_assert_eq!(seqs, (1..=events).collect::<Vec<_>>());
        store.verify_journal().unwrap();
    }
}
