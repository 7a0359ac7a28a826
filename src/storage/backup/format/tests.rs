//! What is written is read; whatever else is there is refused.

use super::*;
use proptest::prelude::*;
use std::io::Cursor;

fn header() -> Header {
    Header {
        complete: true,
        created_at: -7,
        store: [1; 16],
        schema: 3,
        base_frame: 4,
        base_next_seq: 5,
        program: "frontdesk 0.1.0".into(),
    }
}

fn end() -> Totals {
    Totals {
        last_frame: 9,
        last_seq: 10,
        end_segment: 1,
        end_offset: 256,
        ..Totals::default()
    }
}

fn sample() -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), &header()).expect("memory");
    for entry in entries() {
        writer.entry(&entry).expect("memory");
    }
    writer.finish(end()).expect("memory").0
}

fn entries() -> Vec<Entry> {
    vec![
        Entry::Rows(vec![(vec![1], vec![]), (vec![2, 3], vec![4; 5000])]),
        Entry::Segment {
            first_frame: 1,
            offset: 0,
        },
        Entry::Bytes((0..=255).collect()),
        Entry::File {
            path: "00/11/22-33.m".into(),
            len: 3,
        },
        Entry::Piece(vec![1, 2, 3]),
    ]
}

fn read_all(bytes: &[u8]) -> Result<(Header, Vec<Entry>, Totals), BackupError> {
    check_sum(&mut Cursor::new(bytes))?;
    decode(bytes)
}

fn decode(bytes: &[u8]) -> Result<(Header, Vec<Entry>, Totals), BackupError> {
    let (header, mut reader) = Reader::begin(Cursor::new(bytes), bytes.len() as u64)?;
    let mut found = vec![];
    while let Some(entry) = reader.next()? {
        found.push(entry);
    }
    let totals = reader.totals().expect("read to the end");
    found.pop();
    Ok((header, found, totals))
}

#[test]
fn what_was_written_is_read() {
    let (read, found, totals) = read_all(&sample()).expect("whole");
    assert_eq!((read, found), (header(), entries()));
    let expected = Totals {
        rows: 2,
        journal_bytes: 256,
        files: 1,
        file_bytes: 3,
        ..end()
    };
    assert_eq!(totals, expected);
}

#[test]
fn a_newer_format_and_foreign_files_are_told_apart() {
    let mut newer = sample();
    newer[11] = 9;
    let read = |bytes: &[u8]| decode(bytes).map(|_| ()).expect_err("not ours");
    assert!(matches!(read(&newer), BackupError::TooNew { found: 9, known: 2 }));
    assert!(matches!(read(&[7; 200]), BackupError::NotABackup));
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let bytes = sample();
    for end in 0..bytes.len() {
        assert!(read_all(&bytes[..end]).is_err(), "cut at {end}");
        assert!(
            decode(&bytes[..end]).is_err() || end >= bytes.len() - 40,
            "cut at {end}"
        );
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_found(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = sample();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(read_all(&bytes).is_err());
        // Without the checksum it must still answer, not panic.
        let _answered = decode(&bytes);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut ours = MAGIC.to_vec();
        ours.extend_from_slice(&bytes);
        let _answered = (read_all(&bytes).is_err(), decode(&ours).is_err());
    }
}
