//! What stays, what goes: reopening, damage, rebuilding, erasure.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn index_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("the directory is there");
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(index_files(&path)),
            false => files.push(path),
        }
    }
    files
}

/// Closes the index and answers its directory.
fn closed(bench: Bench) -> tempfile::TempDir {
    let Bench { dir, index, .. } = bench;
    drop(index);
    dir
}

fn reopened(dir: tempfile::TempDir) -> Bench {
    let index = SearchIndex::open(dir.path()).expect("it opens");
    Bench {
        dir,
        index,
        names: Names::default(),
    }
}

#[test]
fn position_and_documents_are_there_after_reopening_and_what_was_not_committed_is_not() {
    let bench = Bench::with(&["cake"]);
    bench.index.commit(4711).expect("a commit succeeds");
    bench.put(&message(2, "cake not committed"));
    let bench = reopened(closed(bench));
    assert_eq!((bench.index.position(), bench.index.documents()), (4711, 1));
    assert_eq!(bench.find("cake"), [1]);
}

#[test]
fn only_one_may_have_it_open() {
    let bench = Bench::with(&["cake"]);
    let second = SearchIndex::open(bench.dir.path()).map(|_| ());
    assert!(matches!(second, Err(SearchError::Locked(_))), "{second:?}");
    assert_eq!(bench.find("cake"), [1], "and it is unharmed");
}

#[test]
fn every_kind_of_damage_is_noticed_and_leaves_an_empty_index_at_position_0() {
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 5] = [
        ("flipped byte", |file| {
            let mut bytes = fs::read(file).expect("a file");
            let middle = bytes.len() / 3;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 0x55;
            }
            fs::write(file, bytes).expect("writable");
        }),
        ("cut off", |file| {
            let bytes = fs::read(file).expect("a file");
            fs::write(file, &bytes[..bytes.len() / 2]).expect("writable");
        }),
        ("empty", |file| fs::write(file, []).expect("writable")),
        ("gone", |file| fs::remove_file(file).expect("removable")),
        ("junk", |file| {
            fs::write(file, b"{\"junk\": [1, 2, 3]}").expect("writable")
        }),
    ];
    let is_vital = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name == "meta.json" || name.contains('.') && !name.starts_with('.') && !name.ends_with(".json")
    };
    for (what, damage) in damages {
        let dir = closed(Bench::with(&["cake 蛋糕 254711000234", "more cake"]));
        let files: Vec<PathBuf> = index_files(dir.path()).into_iter().filter(is_vital).collect();
        assert!(files.len() > 4, "{files:?}");
        let step = if what == "flipped byte" { 1 } else { 5 };
        for n in (0..files.len()).step_by(step) {
            let dir = closed(Bench::with(&["cake 蛋糕 254711000234", "more cake"]));
            let file = index_files(dir.path())
                .into_iter()
                .filter(is_vital)
                .nth(n)
                .expect("as many files");
            damage(&file);
            let bench = reopened(dir);
            let state = (bench.index.position(), bench.index.documents());
            assert_eq!(state, (0, 0), "{what}: {}", file.display());
            bench.put(&message(1, "cake again"));
            bench.commit();
            assert_eq!(bench.find("cake"), [1], "{what}: {}", file.display());
        }
    }
}

#[test]
fn an_index_of_another_version_and_left_overs_are_removed() {
    let dir = closed(Bench::with(&["cake"]));
    let names = ["v0", "v999", "v1.new", "v1.old", "v1.old.x"];
    for name in names {
        fs::create_dir_all(dir.path().join(name)).expect("a directory");
        fs::write(dir.path().join(name).join("words"), b"someone's words").expect("a file");
    }
    fs::create_dir_all(dir.path().join("vault")).expect("a directory");
    let bench = reopened(dir);
    assert_eq!(bench.find("cake"), [1]);
    for name in names {
        assert!(!bench.dir.path().join(name).exists(), "{name}");
    }
    assert!(bench.dir.path().join("vault").exists(), "not ours, not touched");
}

#[test]
fn an_index_with_other_fields_begins_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("v1");
    fs::create_dir_all(&path).expect("a directory");
    let mut schema = tantivy::schema::Schema::builder();
    schema.add_text_field("other", tantivy::schema::TEXT);
    tantivy::Index::create_in_dir(&path, schema.build()).expect("an index");
    let bench = reopened(dir);
    assert_eq!(bench.index.position(), 0);
    bench.put(&message(1, "cake"));
    bench.commit();
    assert_eq!(bench.find("cake"), [1]);
}

#[test]
fn a_rebuild_serves_the_old_until_it_replaces_it() {
    let bench = Bench::with(&["old cake", "old tea"]);
    let rebuild = bench.index.rebuild().expect("a rebuild begins");
    assert!(bench.index.rebuild().is_err(), "one at a time");
    rebuild
        .add(&message(1, "new cake"))
        .expect("a document can be added");
    bench.put(&message(3, "meanwhile cake"));
    bench.commit();
    assert_eq!(bench.find("cake"), [1, 3]);
    assert_eq!(bench.find_exactly("new "), Vec::<u32>::new());
    rebuild.finish(17).expect("it replaces the old");
    assert_eq!((bench.index.position(), bench.index.documents()), (17, 1));
    assert_eq!(bench.find_exactly("new "), [1]);
    bench.put(&message(3, "meanwhile cake"));
    bench.index.commit(18).expect("it can be written");
    let bench = reopened(closed(bench));
    assert_eq!(bench.index.position(), 18);
    assert_eq!(bench.find("cake"), [1, 3]);
}

#[test]
fn a_rebuild_that_is_given_up_leaves_nothing() {
    let bench = Bench::with(&["old cake"]);
    let rebuild = bench.index.rebuild().expect("a rebuild begins");
    rebuild
        .add(&message(1, "new cake"))
        .expect("a document can be added");
    drop(rebuild);
    assert!(!bench.dir.path().join("v1.new").exists());
    assert_eq!(bench.find_exactly("old "), [1]);
    bench.index.rebuild().expect("another one may begin");
}

#[test]
fn a_swap_that_was_cut_off_is_ended_at_the_next_start() {
    let old = closed(Bench::with(&["old cake"]));
    let new = closed(Bench::with(&["new cake"]));
    fs::rename(old.path().join("v1"), old.path().join("v1.old")).expect("renamed");
    fs::rename(new.path().join("v1"), old.path().join("v1.new")).expect("renamed");
    let bench = reopened(old);
    assert_eq!(bench.find_exactly("new "), [1]);
}

/// Every term of every segment whose files lie in the directory; the dictionaries are compressed, so that looking for the
/// words among the bytes would prove nothing. Files of segments that are no longer in use fail the test.
fn terms_in_files(dir: &Path) -> Vec<String> {
    let index = tantivy::Index::open_in_dir(dir.join("v1")).expect("an index");
    let segments = index.searchable_segments().expect("its segments");
    let ids: Vec<String> = segments
        .iter()
        .map(|segment| segment.id().uuid_string())
        .collect();
    for file in index_files(dir) {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_known =
            name.starts_with('.') || name == "meta.json" || ids.iter().any(|id| name.starts_with(id));
        assert!(is_known, "{name} belongs to no living segment");
    }
    let mut terms = Vec::new();
    for segment in segments {
        let reader = tantivy::SegmentReader::open(&segment).expect("a segment");
        for (field, entry) in index.schema().fields() {
            if entry.is_indexed() {
                let inverted = reader.inverted_index(field).expect("a field");
                let mut stream = inverted.terms().stream().expect("its terms");
                while stream.advance() {
                    terms.push(String::from_utf8_lossy(stream.key()).into_owned());
                }
            }
        }
    }
    terms
}

#[test]
fn an_erased_contact_leaves_no_bytes() {
    const WORDS: [&str; 4] = ["xylophonist", "qwertzuiop", "5550", "蛋糕"];
    let bench = Bench::new();
    let erased = ContactId([66; 16]);
    for n in 1..=50 {
        let mut doc = message(n, "cake for everyone");
        if n % 10 == 0 {
            doc.contact = erased;
            doc.text = "xylophonist qwertzuiop +49 170 555 0199 蛋糕".into();
        }
        bench.put(&doc);
        if n % 7 == 0 {
            bench.commit();
        }
    }
    bench.put(&SearchDocument {
        contact: erased,
        ..contact(66, "Xylophonist Qwertzuiop")
    });
    bench.index.commit(99).expect("a commit succeeds");
    for word in ["xylophonist ", "qwertzuiop ", "555019", "蛋糕"] {
        assert!(
            !bench.find_exactly(word).is_empty(),
            "{word}: else the test proves nothing"
        );
    }
    assert_eq!(bench.find("xylophonist").len(), 6);

    bench.index.erase_contact(HOME, erased).expect("it is erased");
    let left = terms_in_files(bench.dir.path());
    assert!(left.contains(&"cake".to_owned()), "else the test sees nothing");
    assert!(!left.iter().any(|term| WORDS.contains(&term.as_str())));
    let contact = String::from_utf8_lossy(&erased.0).into_owned();
    assert!(
        !left.iter().any(|term| term.contains(&contact)),
        "nor does their id"
    );
    assert_eq!(bench.find("xylophonist "), Vec::<u32>::new());
    assert_eq!(bench.find("from:xylo"), Vec::<u32>::new());
    assert_eq!(bench.find("cake").len(), 45, "the others stay");
    assert_eq!(bench.index.position(), 99);
    bench.put(&message(51, "cake"));
    bench.commit();
    assert_eq!(bench.find("cake").len(), 46);
    let bench = reopened(closed(bench));
    assert_eq!(bench.index.documents(), 46);
}

#[test]
fn an_erased_workspace_leaves_the_others() {
    let bench = Bench::with(&["cake"]);
    let mut theirs = message(5, "xylophonist");
    theirs.workspace = OTHER;
    bench.put(&theirs);
    bench.commit();
    bench.index.erase_workspace(OTHER).expect("it is erased");
    assert!(bench.page_in(OTHER, "is:inbound", 10, None).hits.is_empty());
    assert!(!terms_in_files(bench.dir.path()).contains(&"xylophonist".to_owned()));
    assert_eq!(bench.find("cake"), [1]);
}

#[test]
fn a_removed_document_is_not_found() {
    let bench = Bench::with(&["cake", "cake"]);
    bench
        .index
        .remove(HOME, &message(1, "").id)
        .expect("it is removed");
    bench
        .index
        .remove(OTHER, &message(2, "").id)
        .expect("another workspace's id does nothing");
    bench.commit();
    assert_eq!(bench.find("cake"), [2]);
}

#[test]
fn a_failed_commit_closes_it_until_recovered_and_moves_no_position() {
    let bench = Bench::with(&["cake"]);
    let (there, away) = (bench.dir.path().join("v1"), bench.dir.path().join("away"));
    fs::rename(&there, &away).expect("renamed");
    bench.put(&message(2, "cake"));
    let failed = bench.index.commit(50);
    assert!(matches!(failed, Err(SearchError::Failed { .. })), "{failed:?}");
    assert_eq!(bench.index.position(), 1);
    let closed = bench.index.upsert(&message(3, "cake"));
    assert!(matches!(closed, Err(SearchError::Closed)), "{closed:?}");
    let closed = bench.index.commit(51);
    assert!(matches!(closed, Err(SearchError::Closed)), "{closed:?}");
    assert_eq!(bench.find("cake"), [1], "reading goes on");
    if there.exists() {
        fs::remove_dir_all(&there).expect("removable");
    }
    fs::rename(&away, &there).expect("renamed");
    assert_eq!(bench.index.recover().expect("it recovers"), 1, "where to go on");
    bench.put(&message(2, "cake"));
    bench.commit();
    assert_eq!(bench.find("cake"), [1, 2]);
}

#[test]
fn searching_goes_on_while_it_is_fed_rebuilt_and_erased_from() {
    let bench = Bench::with(&["cake"]);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let searches = std::thread::scope(|scope| {
        let searching = scope.spawn(|| {
            let mut searches = 0;
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                assert!(bench.find("cake").contains(&1));
                searches += 1;
            }
            searches
        });
        for n in 2..20 {
            bench.put(&SearchDocument {
                contact: ContactId([66; 16]),
                ..message(n, "cake")
            });
            bench.commit();
            if n % 5 == 0 {
                let rebuild = bench.index.rebuild().expect("a rebuild begins");
                rebuild.add(&message(1, "cake")).expect("a document can be added");
                rebuild.finish(u64::from(n)).expect("it replaces the old");
                bench
                    .index
                    .erase_contact(HOME, ContactId([66; 16]))
                    .expect("it is erased");
            }
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        searching.join().expect("no search failed")
    });
    assert!(searches > 0);
}
