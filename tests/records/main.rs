//! Every record that was ever released must stay readable, byte for byte.
//!
//! `tests/fixtures/records/` holds one file for each kind and version, with one line `label = hex` for each sample.
//! They are never changed. After adding a kind or version, add its samples to `samples.rs` and write the files that are
//! missing (existing ones are left alone) with `FRONTDESK_WRITE_FIXTURES=1 cargo test --test records`.

mod properties;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use frontdesk::storage::records::CATALOGUE;

use samples::{Case, cases};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records")
}

fn file_name(kind: u16, version: u16) -> String {
    let entry = CATALOGUE.iter().find(|entry| entry.kind == kind);
    let name = entry.map_or("gone", |entry| entry.name);
    format!("{kind:03}-{name}-v{version}.txt")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "odd number of digits");
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// The samples of every kind and version, by file.
fn by_file() -> BTreeMap<String, Vec<Case>> {
    let mut files: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases() {
        let file = file_name(case.kind, case.version);
        files.entry(file).or_default().push(case);
    }
    files
}

fn golden(file: &str) -> BTreeMap<String, Vec<u8>> {
    let text = fs::read_to_string(folder().join(file)).unwrap_or_else(|error| {
        panic!("{file}: {error}. For a new kind or version see the top of this file.");
    });
    let line = |line: &str| {
        let (label, digits) = line.split_once(" = ").expect("label = hex");
        (label.to_owned(), unhex(digits))
    };
    text.lines().map(line).collect()
}

#[test]
fn todays_encoder_writes_the_golden_bytes() {
    if std::env::var_os("FRONTDESK_WRITE_FIXTURES").is_some() {
        write_missing();
    }
    for (file, cases) in by_file() {
        let golden = golden(&file);
        assert_eq!(golden.len(), cases.len(), "{file}: samples and lines differ");
        for case in cases.iter().filter(|case| case.is_newest()) {
            let expected = golden.get(&case.label).map(|bytes| hex(bytes));
            assert_eq!(Some(hex(&case.encoded)), expected, "{file}: {}", case.label);
        }
    }
}

fn write_missing() {
    for (file, cases) in by_file() {
        let path = folder().join(&file);
        if path.exists() {
            continue;
        }
        let lines = cases
            .iter()
            .map(|case| format!("{} = {}\n", case.label, hex(&case.encoded)));
        fs::write(&path, lines.collect::<String>()).expect("fixture is written");
    }
}

#[test]
fn every_golden_file_reads_as_its_sample() {
    for (file, cases) in by_file() {
        let golden = golden(&file);
        for case in cases {
            let bytes = &golden[&case.label];
            let read = (case.compare)(case.version, bytes);
            assert_eq!(read, Ok(true), "{file}: {}", case.label);
        }
    }
}

#[test]
fn every_kind_is_unique_and_every_version_has_a_file_and_samples() {
    let kinds: BTreeSet<u16> = CATALOGUE.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), CATALOGUE.len(), "a kind stands twice");
    let expected: BTreeSet<String> = CATALOGUE
        .iter()
        .flat_map(|entry| {
            entry
                .versions
                .iter()
                .map(|version| file_name(entry.kind, *version))
        })
        .collect();
    let sampled: BTreeSet<String> = by_file().into_keys().collect();
    assert_eq!(sampled, expected, "samples and catalogue differ");
    let listed = fs::read_dir(folder()).expect("fixture folder");
    let present: BTreeSet<String> = listed
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(present, expected, "files and catalogue differ");
}

#[test]
fn a_record_cut_short_or_with_bytes_behind_it_is_refused() {
    for (file, cases) in by_file() {
        let golden = golden(&file);
        for case in cases {
            // As it was written in its own time: today's encoder writes the newest version only.
            let whole = &golden[&case.label];
            let mut longer = whole.clone();
            longer.push(0);
            assert!((case.compare)(case.version, &longer).is_err(), "{}", case.label);
            for end in 0..whole.len() {
                let cut = &whole[..end];
                assert_ne!((case.compare)(case.version, cut), Ok(true), "{}", case.label);
            }
        }
    }
}

#[test]
fn an_unknown_version_is_named() {
    for case in cases() {
        for version in [0, 9999] {
            let said = (case.compare)(version, &case.encoded).expect_err("unknown version");
            assert!(said.contains(&format!("version {version} is unknown")), "{said}");
        }
    }
}

#[test]
fn a_short_inbound_text_stays_small() {
    let all = cases();
    let case = all
        .iter()
        .find(|case| case.label == "inbound_text")
        .expect("sample");
    // Text 17 and provider's id 57 bytes; the rest is what a message costs.
    assert!(case.encoded.len() <= 17 + 57 + 80, "{} bytes", case.encoded.len());
}
