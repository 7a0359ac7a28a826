//! The commands of the operator, on a store at rest and on one in use.

use std::process::{Command, Output};

use frontdesk::cli::control::{Control, Request, ask};
use frontdesk::clock::Clock;
use frontdesk::storage::keys::{ConversationKey, PositionKey};
use frontdesk::storage::{Batch, MasterKey, Seal};

use super::backup::say;
use super::world::*;

fn run(args: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(args)
        .env_remove("FRONTDESK_DATA")
        .output()
        .expect("the program runs");
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.success(), text.concat())
}

/// A data directory with its key in it, as the program itself keeps it.
fn place() -> (Place, [String; 3]) {
    let place = Place::new();
    place
        .key()
        .replace_file(&place.path("data"))
        .expect("key is written");
    let names = ["data", "a.fdbackup", "restored"].map(|name| place.path(name).display().to_string());
    (place, names)
}

#[test]
fn a_store_at_rest_is_verified_backed_up_and_restored() {
    let (place, [data, file, restored]) = place();
    let store = place.open("data");
    fill(&store);
    let last = say(&store);
    drop(store);
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok && text.contains("0 problems"), "{text}");
    let (ok, text) = run(&["backup", "--data", &data, "--to", &file]);
    assert!(ok && text.contains("complete, made "), "{text}");
    let (ok, text) = run(&["verify", "--backup", &file]);
    assert!(ok && text.contains(&format!("up to event {last}")), "{text}");
    let key = format!("{data}/master.key");
    let (ok, text) = run(&["restore", "--data", &restored, "--key", &key, &file]);
    assert!(ok && text.contains(&format!("up to event {last}")), "{text}");
    let (ok, text) = run(&["verify", "--data", &restored]);
    assert!(ok, "{text}");
    let (ok, text) = run(&["backup", "--data", &data]);
    assert!(ok && text.contains("/backups/manual-"), "{text}");
}

#[test]
fn what_is_wrong_is_said_and_the_exit_status_tells() {
    let (place, [data, file, restored]) = place();
    let store = place.open("data");
    fill(&store);
    let mut batch = Batch::new();
    batch.put(&PositionKey { reader: 1 }, &1000, &Seal::Open);
    let conversation = ConversationKey {
        workspace: WORKSPACE,
        conversation: CONVERSATION,
    };
    let conversation = store.get(&conversation).expect("read").expect("there");
    batch.delete(&list_row(&conversation));
    commit(&store, batch);
    drop(store);
    let (ok, text) = run(&["verify", "--data", &data, "--repair"]);
    assert!(
        !ok && text.contains("2 problems, 1 mended") && text.contains("not sound"),
        "{text}"
    );
    let other = place.path("other");
    MasterKey::generate()
        .expect("random")
        .replace_file(&other)
        .expect("written");
    let (key, other) = (
        format!("{data}/master.key"),
        format!("{}/master.key", other.display()),
    );
    assert!(run(&["backup", "--data", &data, "--to", &file]).0);
    let table: [(&[&str], &str); 6] = [
        (&["backup", "--data", &data, "--to", &file], "exists already"),
        (
            &["restore", "--data", &restored, "--key", &other, &file],
            "does not fit",
        ),
        (
            &["restore", "--data", &data, "--key", &key, &file],
            "exists already",
        ),
        (
            &["restore", "--data", &restored, "--key", &key, &key],
            "not a Frontdesk backup",
        ),
        (
            &[
                "restore",
                "--data",
                &restored,
                "--key",
                &key,
                "--until-time",
                "noon",
                &file,
            ],
            "--until-time",
        ),
        (&["verify", "--data", &restored], "holds no data"),
    ];
    for (args, says) in table {
        let (ok, text) = run(args);
        assert!(!ok && text.contains(says), "{args:?}: {text}");
    }
    assert!(!place.path("restored").exists());
}

#[test]
fn a_running_program_is_asked() {
    let (place, [data, file, restored]) = place();
    let store = place.open("data");
    fill(&store);
    let control = Control::start(store.clone(), &place.path("data"), Clock::System).expect("listens");
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok && text.contains("0 problems"), "{text}");
    let last = say(&store);
    let (ok, text) = run(&["backup", "--data", &data, "--to", &file]);
    assert!(ok && text.contains(&format!("up to event {last}")), "{text}");
    let more = say(&store);
    let changes = place.path("b.fdbackup").display().to_string();
    let (ok, text) = run(&["backup", "--data", &data, "--to", &changes, "--since", &file]);
    assert!(ok && text.contains("changes only"), "{text}");
    let key = format!("{data}/master.key");
    let (ok, text) = run(&["restore", "--data", &restored, "--key", &key, &file, &changes]);
    assert!(ok && text.contains(&format!("up to event {more}")), "{text}");
    drop(control);
    let asked = ask(&place.path("data"), &Request::Verify { repair: false }).expect("answered");
    assert_eq!(asked, None, "nobody listens any more");
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(!ok && text.contains("another process uses"), "{text}");
}

#[test]
fn nonsense_on_the_socket_is_answered_and_does_not_end_the_service() {
    use std::io::{Read as _, Write as _};
    let (place, _) = place();
    let store = place.open("data");
    let data = place.path("data");
    let _control = Control::start(store, &data, Clock::System).expect("listens");
    for nonsense in ["{}\n".to_owned(), "\u{0}\n".into(), "x".repeat(100_000) + "\n"] {
        let mut stream =
            std::os::unix::net::UnixStream::connect(data.join("control/socket")).expect("listens");
        // A long line is cut off by the other side while it is written.
        let _cut = stream.write_all(nonsense.as_bytes());
        let mut answer = String::new();
        let _reset = stream.read_to_string(&mut answer);
        assert!(
            answer.contains("not a command") || nonsense.len() > 65_536,
            "{answer}"
        );
    }
    let asked = ask(&data, &Request::Verify { repair: false }).expect("answered");
    assert!(asked.is_some_and(|answer| answer.ok));
}

#[test]
fn the_master_key_is_exchanged_at_rest_and_in_use() {
    let (place, [data, file, restored]) = place();
    let path = place.path("data/master.key");
    let load = || MasterKey::from_file(&path).expect("a key");
    let store = open(&place.path("data"), load());
    fill(&store);
    drop(store);
    let (ok, text) = run(&["backup", "--data", &data, "--to", &file]);
    assert!(ok, "{text}");
    let first = load().check();
    let (ok, text) = run(&["key", "rotate", "--data", &data]);
    assert!(ok && text.contains("master.key.until-"), "{text}");
    let second = load().check();
    assert_ne!(first, second, "it is a new one");
    let store = open(&place.path("data"), load());
    let control = Control::start(store.clone(), &place.path("data"), Clock::System).expect("listens");
    let (ok, text) = run(&["key", "rotate", "--data", &data]);
    assert!(ok, "{text}");
    assert_ne!(load().check(), second);
    let last = say(&store);
    drop(control);
    store.close();
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok && text.contains("0 problems"), "{text}");
    // The backup from before needs the key of then, and has it beside it.
    let key = path.display().to_string();
    let (ok, text) = run(&["restore", "--data", &restored, "--key", &key, &file]);
    assert!(!ok && text.contains("key"), "{text}");
    let kept = std::fs::read_dir(place.path("data")).expect("readable");
    let kept = kept.map(|entry| entry.expect("readable").path());
    let mut kept: Vec<_> = kept
        .filter(|path| path.display().to_string().contains("master.key.until-"))
        .collect();
    kept.sort();
    assert_eq!(kept.len(), 2);
    let oldest = kept[0].display().to_string();
    let (ok, text) = run(&["restore", "--data", &restored, "--key", &oldest, &file]);
    assert!(ok, "{text}");
    // With the journal, which holds the exchanges, it is the present key again.
    let newest = place.path("newest").display().to_string();
    let (ok, text) = run(&[
        "restore",
        "--data",
        &newest,
        "--key",
        &key,
        &file,
        "--journal",
        &data,
    ]);
    assert!(ok && text.contains(&format!("up to event {last}")), "{text}");
}

#[test]
fn an_exchange_of_the_master_key_that_was_broken_off_leaves_a_key_that_fits() {
    let (place, [data, ..]) = place();
    let (path, next) = (place.path("data/master.key"), place.path("data/master.key.next"));
    let before = place.path("before.key");
    std::fs::copy(&path, &before).expect("copied");
    let store = open(&place.path("data"), MasterKey::from_file(&path).expect("a key"));
    fill(&store);
    drop(store);
    // Before the change was committed: the old key fits, the waiting one is of no use.
    MasterKey::generate()
        .expect("random")
        .replace_file(&place.path("other"))
        .expect("written");
    std::fs::copy(place.path("other/master.key"), &next).expect("copied");
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok, "{text}");
    let (ok, text) = run(&["key", "rotate", "--data", &data]);
    assert!(ok, "{text}");
    // After it, and before the new key took its place.
    std::fs::rename(&path, &next).expect("moved");
    std::fs::copy(&before, &path).expect("copied");
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok, "{text}");
    assert!(!next.exists(), "the exchange is finished");
    let (ok, text) = run(&["verify", "--data", &data]);
    assert!(ok, "{text}");
}
