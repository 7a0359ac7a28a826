//! A pack beside a plain sorted map.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

use proptest::prelude::*;

use super::*;

const CARRIED: Carried = Carried {
    frame: 7,
    next_seq: 9,
};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn packed(dir: &Path, rows: &Rows) -> Pack {
    let mut writer = PackWriter::begin(dir).unwrap();
    for (key, value) in rows {
        assert!(writer.add(key, value).unwrap());
    }
    assert_eq!(writer.finish(CARRIED, Some(3)).unwrap(), rows.len() as u64);
    let Ok(Some(pack)) = Pack::open(dir) else {
        panic!("the pack opens");
    };
    pack
}

fn walk(pack: &Pack, range: (Bound<&[u8]>, Bound<&[u8]>), reverse: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = PackRows::new(pack, range, reverse).ok().unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().ok().unwrap() {
        found.push((row.key().to_vec(), row.value().to_vec()));
    }
    found
}

use std::ops::Bound;

/// Some of the values look sealed, some are larger than a block.
fn many() -> Rows {
    (0_u32..60_000)
        .map(|n| {
            let key = [
                &[(n % 7) as u8 + 1],
                n.wrapping_mul(2_654_435_761).to_be_bytes().as_slice(),
            ]
            .concat();
            let len = if n % 9_999 == 5 { 40_000 } else { (n % 61) as usize };
            let value = [&[(n % 5) as u8 + 1], vec![(n % 251) as u8; len].as_slice()].concat();
            (key, value)
        })
        .collect()
}

#[test]
fn every_row_is_found_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let rows = many();
    let pack = packed(dir.path(), &rows);
    assert_eq!((pack.carried, pack.restored), (CARRIED, Some(3)));
    for (key, value) in &rows {
        let found = pack.get(key).ok().unwrap().expect("it is there");
        assert_eq!((found.key(), found.value()), (key.as_slice(), value.as_slice()));
        let longer = [key.as_slice(), &[0]].concat();
        assert!(pack.get(&longer).ok().unwrap().is_none());
    }
    assert!(pack.verify().is_ok());
    let all: Vec<_> = rows.clone().into_iter().collect();
    assert_eq!(walk(&pack, (Unbounded, Unbounded), false), all);
    let raw: u64 = rows
        .iter()
        .map(|(key, value)| (key.len() + value.len()) as u64)
        .sum();
    assert!(pack.len() < raw, "{} of {raw}", pack.len());
}

#[test]
fn an_empty_one_is_a_pack_too() {
    let dir = tempfile::tempdir().unwrap();
    let pack = packed(dir.path(), &Rows::new());
    assert!(pack.get(b"x").ok().unwrap().is_none());
    assert!(walk(&pack, (Unbounded, Unbounded), true).is_empty());
    assert!(pack.verify().is_ok());
}

#[test]
fn a_row_out_of_order_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = PackWriter::begin(dir.path()).unwrap();
    assert!(writer.add(b"b", b"1").unwrap());
    assert!(!writer.add(b"a", b"1").unwrap());
    assert!(!writer.add(b"b", b"1").unwrap());
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Rows = many().into_iter().take(300).collect();
    drop(packed(dir.path(), &rows));
    let whole = std::fs::read(path(dir.path())).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(path(dir.path()), &bytes).unwrap();
        let sound = Pack::open(dir.path()).is_ok_and(|pack| pack.is_some_and(|pack| pack.verify().is_ok()));
        assert!(!sound, "byte {at} of {}", whole.len());
    }
    for len in [0, 7, 30, whole.len() / 2, whole.len() - 1] {
        std::fs::write(path(dir.path()), &whole[..len]).unwrap();
        assert!(Pack::open(dir.path()).is_err(), "cut at {len}");
    }
}

proptest! {
    #[test]
    fn ranges_are_those_of_a_sorted_map(
        keys in proptest::collection::btree_set("[a-c]{1,4}", 0..60),
        from in "[a-d]{0,4}",
        to in "[a-d]{0,4}",
        kinds in 0_u8..9,
        reverse: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let rows: Rows = keys.iter().map(|key| (key.clone().into_bytes(), vec![1; 900])).collect();
        let pack = packed(dir.path(), &rows);
        let bound = |kind: u8, key: &'static str| match kind { 0 => Unbounded, 1 => Included(key), _ => Excluded(key) };
        let (from, to): (&'static str, &'static str) = (from.leak(), to.leak());
        let range = (bound(kinds / 3, from).map(str::as_bytes), bound(kinds % 3, to).map(str::as_bytes));
        prop_assume!(!crate::storage::engine::ranges::is_empty(range));
        let mut expected: Vec<_> = rows.range::<[u8], _>(range).map(|(k, v)| (k.clone(), v.clone())).collect();
        if reverse { expected.reverse(); }
        prop_assert_eq!(walk(&pack, range, reverse), expected);
    }
}
