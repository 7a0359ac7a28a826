//! Backups made under load, brought back, cut, flipped, and made on a disk that fills up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use frontdesk::domain::operations::RawState;
use frontdesk::domain::{EventKind, MessageId, MessageStatus, RawEventId, Timestamp};
use frontdesk::storage::backup::{
    BackupError, Every, Restore, Restored, Schedule, Until, export, export_since, list, make_scheduled,
    note_verified, restore, trim_journal, verify_backup,
};
use frontdesk::storage::keys::{
    ConversationKey, MessageKey, PositionKey, Prefix, RawBlobKey, RawByStateKey, RawEventKey,
};
use frontdesk::storage::{Batch, Keep, MasterKey, Seal, StorageError, Store};

use super::world::*;

const CONVERSATION_KEY: ConversationKey = ConversationKey {
    workspace: WORKSPACE,
    conversation: CONVERSATION,
};

/// Writes the next message of the conversation, and a delivery, as one change with one event. Answers its seq.
pub fn say(store: &Store) -> u64 {
    let seal = store.contact_seal(WORKSPACE, CONTACT).expect("key");
    let mut conversation = store.get(&CONVERSATION_KEY).expect("read").expect("there");
    let mut batch = Batch::new();
    batch.delete(&list_row(&conversation));
    for row in store.label_rows(WORKSPACE, &conversation).expect("hashes") {
        batch.delete(&row);
    }
    let id = conversation.take_next();
    let provider_id = format!("wamid.{}", id.n);
    let mut message = message(id.n, MessageStatus::Received, Some(&provider_id));
    message.created_at = AT.plus(i64::from(id.n));
    conversation.note_last(&message);
    put_message(store, &mut batch, &message, &seal);
    put_conversation(&mut batch, &conversation, &seal);
    put_labels(store, &mut batch, &conversation);
    put_raw(
        &mut batch,
        &raw_event(u64::from(id.n), RawState::Pending),
        &[id.n as u8; 300],
        &seal,
    );
    batch.event(
        WORKSPACE,
        message.created_at,
        TRACE,
        EventKind::MessageCreated(id),
    );
    commit(store, batch)
}

/// A message far larger than the engine likes in one piece.
fn say_at_length(store: &Store) {
    let seal = store.contact_seal(WORKSPACE, CONTACT).expect("key");
    let mut conversation = store.get(&CONVERSATION_KEY).expect("read").expect("there");
    let mut batch = Batch::new();
    let mut long = message(conversation.take_next().n, MessageStatus::Received, None);
    let text: String = (0..20_000u32)
        .map(|n| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 25) as u8 % 90))
        .collect();
    long.content = frontdesk::domain::Content::text(&text);
    conversation.note_last(&long);
    put_message(store, &mut batch, &long, &seal);
    put_conversation(&mut batch, &conversation, &seal);
    put_labels(store, &mut batch, &conversation);
    commit(store, batch);
}

fn say_often(store: &Store, times: u32) {
    for _ in 0..times {
        say(store);
    }
}

fn options<'a>(place: &Place, backups: &'a [PathBuf], dir: &'a Path) -> Restore<'a> {
    Restore {
        backups,
        dir,
        master_key: place.key(),
        write_key: true,
        newer_journal: None,
        until: Until::End,
    }
}

fn bring_back(place: &Place, backups: &[PathBuf], until: Until) -> Result<Restored, BackupError> {
    let dir = place.path("restored");
    restore(Restore {
        until,
        ..options(place, backups, &dir)
    })
}

/// Every message, delivery and byte, as the store answers them.
fn content(store: &Store) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let prefix = Prefix::<MessageKey>::table();
    for (key, message) in store.scan(&prefix, None, 10_000).expect("scan") {
        all.insert(format!("{key:?}"), format!("{message:?}"));
    }
    for (key, raw) in store
        .scan(&Prefix::<RawEventKey>::table(), None, 10_000)
        .expect("scan")
    {
        let bytes = store.blob(&RawBlobKey { raw: raw.blob }).expect("readable");
        all.insert(format!("{key:?}"), format!("{raw:?} {bytes:?}"));
    }
    let conversation = store.get(&CONVERSATION_KEY).expect("read");
    all.insert("conversation".into(), format!("{conversation:?}"));
    all
}

#[test]
fn a_backup_made_while_writing_goes_on_is_the_state_at_its_last_event() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    say_at_length(&store);
    let before: Vec<u64> = (0..200).map(|_| say(&store)).collect();
    let stop = AtomicBool::new(false);
    let path = place.path("a.fdbackup");
    let made = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut said = 0;
            while !stop.load(Ordering::Relaxed) {
                say(&store);
                said += 1;
                if said == 50 {
                    store.rotate_journal();
                }
            }
            said
        });
        let made = export(&store, &path, AT).expect("a backup");
        // Something was written meanwhile in any case: the export takes longer than a few commits.
        let more = export(&store, &place.path("b.fdbackup"), AT).expect("a backup");
        stop.store(true, Ordering::Relaxed);
        assert!(writer.join().expect("writer") > 0);
        assert!(more.verified.totals.last_seq >= made.verified.totals.last_seq);
        made
    });
    assert_eq!(verify_backup(&path).expect("whole"), made.verified);
    let last_seq = made.verified.totals.last_seq;
    assert!(last_seq >= before[199], "what was acknowledged before is in it");

    let restored = bring_back(&place, &[path], Until::End).expect("restored");
    assert_eq!(restored.report.problems, vec![]);
    assert_eq!(restored.last_seq, last_seq);
    let back = place.open("restored");
    assert_eq!(*back.watch_events().borrow(), last_seq);
    // Each event is one message: the state is exactly the one at that event.
    let events = back.events_after(1, 10_000).expect("journal");
    let last = events.last().map(|event| (event.seq, event.kind.clone()));
    let conversation = back.get(&CONVERSATION_KEY).expect("read").expect("there");
    let n = conversation.next_n - 1;
    let id = MessageId {
        conversation: CONVERSATION,
        n,
    };
    assert_eq!(last, Some((last_seq, EventKind::MessageCreated(id))));
    // And all of it is what the running store holds up to there.
    let (ours, theirs) = (content(&back), content(&store));
    let differ = ours
        .iter()
        .find(|(key, value)| *key != "conversation" && theirs.get(*key) != Some(value));
    assert_eq!(differ, None);
    // It goes on from there.
    assert_eq!(say(&back), last_seq + 1);
}

#[test]
fn backups_that_go_on_from_one_another_restore_to_any_event() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    say_often(&store, 20);
    let [full, one, two] = ["full", "one", "two"].map(|name| place.path(&format!("{name}.fdbackup")));
    let first = export(&store, &full, AT).expect("complete");
    say_often(&store, 10);
    store.rotate_journal();
    say_often(&store, 10);
    let second = export_since(&store, &first.verified, &one, AT).expect("changes");
    let (middle, middle_content) = (say(&store), content(&store));
    say_often(&store, 10);
    export_since(&store, &second.verified, &two, AT).expect("changes");
    assert!(second.verified.bytes < first.verified.bytes + 20_000);
    let end = content(&store);
    let chain = [full.clone(), one.clone(), two.clone()];

    bring_back(&place, &chain, Until::End).expect("restored");
    assert_eq!(content(&place.open("restored")), end);
    fs::remove_dir_all(place.path("restored")).expect("removed");

    let restored = bring_back(&place, &chain, Until::Seq(middle)).expect("restored");
    assert_eq!(restored.last_seq, middle);
    assert_eq!(content(&place.open("restored")), middle_content);
    fs::remove_dir_all(place.path("restored")).expect("removed");

    let last_of_middle = store.events_after(middle - 1, 1).expect("events")[0].at;
    let restored = bring_back(&place, &chain, Until::Time(last_of_middle)).expect("restored");
    assert_eq!(restored.last_seq, middle);
    fs::remove_dir_all(place.path("restored")).expect("removed");

    let refused = |chain: &[PathBuf], until| bring_back(&place, chain, until).expect_err("refused");
    assert!(
        matches!(refused(&chain, Until::Seq(3)), BackupError::TooEarly { earliest_seq } if earliest_seq == first.verified.totals.last_seq)
    );
    assert!(matches!(
        refused(std::slice::from_ref(&one), Until::End),
        BackupError::Order(_)
    ));
    assert!(matches!(
        refused(&[full.clone(), two], Until::End),
        BackupError::Order(_)
    ));
    assert!(matches!(
        refused(&[full.clone(), full], Until::End),
        BackupError::Order(_)
    ));
    assert!(matches!(refused(&[], Until::End), BackupError::Order(_)));
    assert!(
        !place.names().iter().any(|name| name.starts_with("restored")),
        "{:?}",
        place.names()
    );
}

#[test]
fn a_backup_of_another_appliance_does_not_join() {
    let (ours, theirs) = (Place::new(), Place::new());
    let (store, other) = (ours.open("data"), theirs.open("data"));
    fill(&store);
    fill(&other);
    let full = export(&store, &ours.path("a.fdbackup"), AT).expect("complete");
    let foreign = export_since(&other, &full.verified, &ours.path("b.fdbackup"), AT);
    assert!(matches!(foreign, Err(BackupError::OtherStore)));
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_written() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    say_often(&store, 30);
    let path = place.path("a.fdbackup");
    export(&store, &path, AT).expect("a backup");
    let whole = fs::read(&path).expect("readable");
    let names = place.names();
    // Spread over the file, with its very ends.
    let step = whole.len() / 40;
    let places = (0..whole.len()).step_by(step).chain([whole.len() - 1]);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).expect("written");
        let error = bring_back(&place, std::slice::from_ref(&path), Until::End).expect_err("damaged");
        let clear = matches!(error, BackupError::Damaged(_) | BackupError::NotABackup);
        assert!(clear, "flipped at {at}: {error}");
        assert_eq!(place.names(), names, "flipped at {at}");
        fs::write(&path, &whole[..at]).expect("written");
        assert!(verify_backup(&path).is_err(), "cut at {at}");
    }
}

#[test]
fn another_key_an_occupied_place_and_a_foreign_file_are_refused() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let path = place.path("a.fdbackup");
    export(&store, &path, AT).expect("a backup");
    let again = export(&store, &path, AT);
    assert!(matches!(again, Err(BackupError::Exists(_))));
    let backups = [path.clone()];
    let dir = place.path("restored");
    let wrong = restore(Restore {
        master_key: MasterKey::generate().expect("random"),
        ..options(&place, &backups, &dir)
    });
    assert!(matches!(wrong, Err(BackupError::WrongKey)));
    let occupied = place.path("data");
    let occupied = restore(options(&place, &backups, &occupied));
    assert!(matches!(occupied, Err(BackupError::Exists(_))));
    let foreign = [place.path("foreign")];
    fs::write(
        &foreign[0],
        b"PK and so on, but certainly no backup of ours at all",
    )
    .expect("written");
    let refused = restore(options(&place, &foreign, &dir));
    assert!(matches!(refused, Err(BackupError::NotABackup)));
    assert_eq!(place.names(), ["a.fdbackup", "data", "foreign"]);
}

#[test]
fn an_empty_target_and_a_restore_that_was_killed_are_no_obstacle() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let path = place.path("a.fdbackup");
    export(&store, &path, AT).expect("a backup");
    fs::create_dir(place.path("restored")).expect("made");
    let killed = place.path("restored.restoring");
    fs::create_dir_all(killed.join("journal")).expect("made");
    fs::write(killed.join("RESTORE-UNFINISHED"), b"").expect("written");
    fs::write(killed.join("journal/half.seg"), b"half").expect("written");
    bring_back(&place, &[path], Until::End).expect("restored");
    assert_eq!(place.names(), ["a.fdbackup", "data", "restored"]);
    assert!(place.path("restored/master.key").exists());
    assert!(!place.path("restored/RESTORE-UNFINISHED").exists());
}

#[test]
fn the_journal_is_trimmed_only_as_far_as_a_verified_backup_and_all_readers_are() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let later = || SystemTime::now() + Duration::from_secs(3600);
    let keep = Keep {
        age: Duration::ZERO,
        bytes: u64::MAX,
    };
    let trim = || trim_journal(&store, keep, later()).expect("trimmed");
    let rotate = || {
        store.rotate_journal();
        say(&store)
    };
    rotate();
    rotate();
    assert_eq!(trim(), 0, "nothing was ever exported");
    let made = export(&store, &place.path("a.fdbackup"), AT).expect("a backup");
    note_verified(&store, &made.verified).expect("noted");
    rotate();
    assert_eq!(trim(), 0, "a reader has handled nothing yet");
    let mut batch = Batch::new();
    let last = *store.watch_events().borrow();
    batch.put(&PositionKey { reader: 1 }, &last, &Seal::Open);
    commit(&store, batch);
    assert_eq!(trim(), 0, "a pending delivery lies in the first segment");
    let parked = RawByStateKey {
        workspace: WORKSPACE,
        state: RawState::Parked as u8,
        raw: RawEventId(3),
    };
    let mut batch = Batch::new();
    batch.delete(&pending_row(1));
    commit(&store, batch);
    assert_eq!(trim(), 0, "a parked delivery lies there, too");
    let mut batch = Batch::new();
    batch.delete(&parked);
    commit(&store, batch);
    assert!(trim() > 0);
    // The backup made afterwards, from a journal that begins later, is as good.
    let path = place.path("b.fdbackup");
    export(&store, &path, AT).expect("a backup");
    bring_back(&place, &[path], Until::End).expect("restored");
    let (ours, theirs) = (content(&place.open("restored")), content(&store));
    assert_eq!(ours, theirs);
    let gone = export_since(&store, &made.verified, &place.path("c.fdbackup"), AT);
    assert!(gone.is_ok() || matches!(gone, Err(BackupError::JournalGone)));
}

#[test]
fn a_lost_state_comes_back_from_an_old_backup_and_its_own_journal_whole() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    say_often(&store, 10);
    let path = place.path("a.fdbackup");
    export(&store, &path, AT).expect("a backup");
    say_often(&store, 10);
    store.rotate_journal();
    say_often(&store, 10);
    let (end, content_then) = (*store.watch_events().borrow(), content(&store));
    let (backups, data, dir) = ([path], place.path("data"), place.path("restored"));
    let with_journal = || {
        restore(Restore {
            newer_journal: Some(&data),
            ..options(&place, &backups, &dir)
        })
    };
    let in_use = with_journal();
    assert!(
        matches!(in_use, Err(BackupError::Storage(StorageError::Locked(_)))),
        "{in_use:?}"
    );
    drop(store);
    fs::remove_dir_all(data.join("store")).expect("the state is lost");
    let restored = with_journal().expect("restored");
    assert_eq!(restored.last_seq, end);
    assert_eq!(restored.report.problems, vec![]);
    assert_eq!(content(&place.open("restored")), content_then);

    let other = Place::new();
    fill(&other.open("data"));
    let foreign = other.path("data");
    fs::remove_dir_all(&dir).expect("removed");
    let refused = restore(Restore {
        newer_journal: Some(&foreign),
        ..options(&place, &backups, &dir)
    });
    assert!(matches!(refused, Err(BackupError::OtherStore)), "{refused:?}");
    assert_eq!(place.names(), ["a.fdbackup", "data"]);
}

#[test]
fn scheduled_backups_are_kept_as_many_as_asked_and_free_the_journal() {
    let place = Place::new();
    let store = place.open("data");
    fill(&store);
    let schedule = Schedule {
        every: Every::Day { hour: 3, minute: 0 },
        timezone: "UTC".into(),
        keep: 2,
    };
    let folder = place.path("backups");
    assert_eq!(list(&folder).expect("no folder yet"), vec![]);
    fs::create_dir(&folder).expect("made");
    let foreign = [
        "frontdesk-9.fdbackup.part",
        "before-migration-from-1.fdbackup",
        "notes.txt",
    ];
    foreign
        .iter()
        .for_each(|name| fs::write(folder.join(name), b"x").expect("written"));
    let made: Vec<_> = (0..4)
        .map(|day| {
            say(&store);
            make_scheduled(&store, &folder, &schedule, AT.plus(day * 86_400_000_000)).expect("made")
        })
        .collect();
    let name = |made: &frontdesk::storage::backup::Scheduled| {
        made.made
            .path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    assert_eq!(made[1].pruned, Vec::<String>::new());
    assert_eq!(made[3].pruned, [name(&made[1])]);
    let listed = list(&folder).expect("readable");
    let names: Vec<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "before-migration-from-1.fdbackup",
            &name(&made[2]),
            &name(&made[3])
        ]
    );
    assert!(listed[0].header.is_none());
    assert_eq!(listed[2].header.as_ref(), Some(&made[3].made.verified.header));
    assert!(!folder.join("frontdesk-9.fdbackup.part").exists());
    assert!(folder.join("notes.txt").exists());
    bring_back(&place, &[made[3].made.path.clone()], Until::End).expect("restored");
}

/// Runs one of the tests below in a process that may write only small files, as on a disk that is full half-way.
fn with_small_files(test: &str, place: &Place) {
    let me = std::env::current_exe().expect("this program");
    let limit_kib = 2048;
    let script = format!("trap '' XFSZ; ulimit -f {limit_kib}; exec \"$0\" --exact {test} --ignored");
    let status = std::process::Command::new("bash")
        .args(["-c", &script])
        .arg(me)
        .env("CARE_FOLDER", place.path(""))
        .status()
        .expect("bash runs");
    assert!(status.success(), "{test}: {status}");
}

fn child_path(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("CARE_FOLDER").expect("run by its parent")).join(name)
}

/// Three megabytes that do not compress.
fn fill_large(store: &Store) {
    fill(store);
    for id in 10..13u64 {
        let mut state = id;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        })
        .take(1 << 20)
        .collect();
        let mut batch = Batch::new();
        put_raw(&mut batch, &raw_event(id, RawState::Pending), &noise, &Seal::Open);
        commit(store, batch);
    }
}

#[test]
fn a_disk_that_is_full_half_way_leaves_nothing_behind() {
    let place = Place::new();
    let store = place.open("data");
    fill_large(&store);
    export(&store, &place.path("a.fdbackup"), AT).expect("a backup");
    store.close();
    drop(store);
    let names = place.names();
    with_small_files("backup::child_export_fails", &place);
    assert_eq!(place.names(), names);
    with_small_files("backup::child_restore_fails", &place);
    assert_eq!(place.names(), names);
}

#[test]
#[ignore = "run by a_disk_that_is_full_half_way_leaves_nothing_behind"]
fn child_export_fails() {
    let key = MasterKey::load(&child_path("keys")).expect("key");
    let store = open(&child_path("data"), key);
    let failed = export(&store, &child_path("b.fdbackup"), Timestamp(0));
    assert!(matches!(failed, Err(BackupError::Io { .. })), "{failed:?}");
}

#[test]
#[ignore = "run by a_disk_that_is_full_half_way_leaves_nothing_behind"]
fn child_restore_fails() {
    let failed = restore(Restore {
        backups: &[child_path("a.fdbackup")],
        dir: &child_path("restored"),
        master_key: MasterKey::load(&child_path("keys")).expect("key"),
        write_key: true,
        newer_journal: None,
        until: Until::End,
    });
    assert!(matches!(failed, Err(BackupError::Io { .. })), "{failed:?}");
}
