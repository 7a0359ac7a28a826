//! Files beside the records: in backups and out of them again, missed when they are gone, unreadable once their person is
//! erased, changed or cut.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use frontdesk::domain::media::{Media, MediaState};
use frontdesk::domain::{MediaId, MediaKind};
use frontdesk::storage::backup::{Restore, Until, export, export_since, restore, verify_backup};
use frontdesk::storage::keys::MediaKey;
use frontdesk::storage::media::{Part, WriteError};
use frontdesk::storage::verify::{Options, verify};
use frontdesk::storage::{Batch, StorageError, Store};

use super::world::*;

/// Three pieces and a bit, no two bytes in a row alike.
fn content(seed: u8) -> Vec<u8> {
    (0..200_000u32)
        .map(|n| (n.wrapping_mul(31) >> 3) as u8 ^ seed)
        .collect()
}

fn keep(store: &Store, n: u8, bytes: &[u8]) -> MediaKey {
    let id = MediaId([n; 16]);
    let mut writer = store
        .media()
        .begin(WORKSPACE, id, Part::Whole, 1 << 20)
        .expect("a file");
    bytes
        .chunks(10_007)
        .for_each(|chunk| writer.write(chunk).expect("room"));
    let written = writer.finish().expect("durable");
    let mut media = Media::pending(id, MediaKind::Document, AT);
    media.state = MediaState::Stored;
    media.contact = Some(CONTACT);
    media.size = written.file.size;
    media.file = Some(written.file);
    let key = MediaKey {
        workspace: WORKSPACE,
        media: id,
    };
    let seal = store.contact_seal(WORKSPACE, CONTACT).expect("key");
    let mut batch = Batch::new();
    batch.put(&key, &media, &seal);
    store.commit_blocking(batch).expect("committed");
    key
}

fn read(store: &Store, key: &MediaKey) -> Result<Vec<u8>, String> {
    let media = store
        .get(key)
        .map_err(|error| error.to_string())?
        .ok_or("no record")?;
    let file = media.file.ok_or("no file")?;
    let reader = store
        .media()
        .open(WORKSPACE, &file)
        .map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    reader
        .ok_or("gone")?
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries
        .flat_map(|entry| below(entry.expect("an entry").path()))
        .collect()
}

#[test]
fn files_go_into_backups_and_come_out_again() {
    let place = Place::new();
    let store = place.open("a");
    fill(&store);
    let first = keep(&store, 1, &content(1));
    let whole = export(&store, &place.path("whole.fdbackup"), AT).expect("made");
    assert_eq!(whole.verified.totals.files, 1);
    let second = keep(&store, 2, &content(2));
    let later = export_since(&store, &whole.verified, &place.path("later.fdbackup"), AT).expect("made");
    assert!(later.verified.totals.files >= 1);
    let third = keep(&store, 3, &content(3));
    store.close();

    let backups = [whole.path, later.path];
    let restored = restore(Restore {
        backups: &backups,
        dir: &place.path("b"),
        master_key: place.key(),
        write_key: false,
        newer_journal: Some(&place.path("a")),
        until: Until::End,
    })
    .expect("restored");
    assert!(restored.report.is_sound(), "{}", restored.report);
    let store = open(&place.path("b"), place.key());
    for (key, seed) in [(first, 1), (second, 2), (third, 3)] {
        assert_eq!(read(&store, &key), Ok(content(seed)));
    }
    // A cut backup is never taken for a whole one.
    let bytes = fs::read(&backups[0]).expect("read");
    for cut in [bytes.len() / 2, bytes.len() - 1] {
        let path = place.path(&format!("cut-{cut}"));
        fs::write(&path, &bytes[..cut]).expect("written");
        assert!(verify_backup(&path).is_err());
    }
}

#[test]
fn what_is_gone_or_changed_is_noticed() {
    let place = Place::new();
    let store = place.open("a");
    fill(&store);
    let key = keep(&store, 1, &content(1));
    assert!(verify(&store, Options::default()).expect("walked").is_sound());
    let [file] = &files(&place.path("a").join("media"))[..] else {
        panic!("one file")
    };
    let bytes = fs::read(file).expect("read");
    let lies = |plain: &[u8]| bytes.windows(64).any(|window| window == plain);
    assert!(!lies(&content(1)[1000..1064]), "it lies sealed");
    for at in [0, 8, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(file, &flipped).expect("written");
        assert!(read(&store, &key).is_err(), "byte {at}");
    }
    for len in [0, 8, 65_560, bytes.len() - 1] {
        fs::write(file, &bytes[..len]).expect("written");
        assert!(read(&store, &key).is_err(), "cut at {len}");
        assert!(!verify(&store, Options::default()).expect("walked").is_sound());
    }
    // Pieces in another order.
    let mut swapped = bytes.clone();
    let piece = (64 << 10) + 16;
    let (head, rest) = swapped.split_at_mut(8 + piece);
    head[8..].swap_with_slice(&mut rest[..piece]);
    fs::write(file, &swapped).expect("written");
    assert!(read(&store, &key).is_err());
    fs::write(file, &bytes).expect("written");
    assert_eq!(read(&store, &key), Ok(content(1)));
    fs::remove_file(file).expect("removed");
    assert_eq!(read(&store, &key), Err("gone".into()));
    assert!(!verify(&store, Options::default()).expect("walked").is_sound());
}

#[test]
fn parts_are_read_from_anywhere_and_limits_hold() {
    let place = Place::new();
    let store = place.open("a");
    fill(&store);
    let bytes = content(7);
    let key = keep(&store, 1, &bytes);
    let media = store.get(&key).expect("read").expect("there");
    let file = media.file.expect("a file");
    let mut reader = store
        .media()
        .open(WORKSPACE, &file)
        .expect("opens")
        .expect("there");
    for (at, len) in [
        (0, 1),
        (65_535, 2),
        (65_536, 65_536),
        (131_071, 3),
        (199_999, 1),
        (200_000, 0),
    ] {
        reader.seek(SeekFrom::Start(at)).expect("seeks");
        let mut part = vec![0; len];
        reader.read_exact(&mut part).expect("reads");
        let at = usize::try_from(at).expect("small");
        assert_eq!(part, bytes[at..at + len], "{at}");
    }
    let id = MediaId([9; 16]);
    let mut writer = store
        .media()
        .begin(WORKSPACE, id, Part::Whole, 10)
        .expect("a file");
    writer.write(&[0; 10]).expect("fits");
    assert!(matches!(
        writer.write(&[0]),
        Err(WriteError::TooLarge { limit: 10 })
    ));
    drop(writer);
    assert_eq!(
        files(&place.path("a").join("media")).len(),
        1,
        "nothing is left of it"
    );
    // What a crash left is gone after the next start; what no record knows is swept.
    let stray = store
        .media()
        .begin(WORKSPACE, id, Part::Whole, 10)
        .expect("a file");
    std::thread::scope(|_| stray.finish().expect("durable"));
    let folder = place.path("a").join("media/unfinished");
    fs::write(folder.join("half"), b"x").expect("written");
    store.close();
    drop(store);
    let store = place.open("a");
    assert!(!folder.join("half").exists());
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let swept = store.media().sweep(soon, |workspace, media, _| {
        store.contains(&MediaKey { workspace, media })
    });
    assert_eq!(swept.expect("swept"), 1);
    assert_eq!(read(&store, &key), Ok(bytes));
}

#[test]
fn erasing_a_person_makes_their_files_unreadable() {
    let place = Place::new();
    let store = place.open("a");
    fill(&store);
    let key = keep(&store, 1, &content(1));
    let mut batch = Batch::new();
    assert!(
        store
            .destroy_contact_key(WORKSPACE, CONTACT, &mut batch)
            .expect("read")
    );
    store.commit_blocking(batch).expect("committed");
    assert!(matches!(store.get(&key), Err(StorageError::Erased)));
}
