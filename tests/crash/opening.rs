//! Killed while it opens, replays, makes itself at home in an empty folder, or is restored from a backup.

use std::path::Path;
use std::time::Duration;

use crate::client::Client;
use crate::desk::{Desk, program, run};
use crate::dice::{Dice, rounds};
use crate::meta;
use crate::world::{add_channel, conversations, messages, until};

/// Customers and texts of each that a filled desk holds.
pub const CUSTOMERS: u64 = 5;
pub const TEXTS: u64 = 8;

/// A desk that holds something and was stopped in good order.
pub async fn filled() -> Desk {
    let mut desk = Desk::started();
    let owner = desk.owner().await;
    add_channel(&owner, "http://127.0.0.1:9").await;
    let http = meta::connection();
    for n in 0..TEXTS {
        let texts = (0..CUSTOMERS).map(|customer| {
            let number = format!("2547440{customer:05}");
            meta::text(&number, &format!("wamid.{number}.{n}"), &format!("text {n}"))
        });
        let texts: Vec<_> = texts.collect();
        meta::deliver(&http, &desk.base(), &meta::delivery(&texts, &[])).await;
    }
    expect_all(&owner).await;
    tokio::task::block_in_place(|| desk.stop());
    desk
}

/// Everything that a filled desk holds is there.
pub async fn expect_all(owner: &Client) {
    until("all texts", async || {
        let known = conversations(owner).await;
        for conversation in known.values() {
            if messages(owner, conversation).await.len() as u64 != TEXTS {
                return None;
            }
        }
        (known.len() as u64 == CUSTOMERS).then_some(())
    })
    .await;
}

/// Starts a filled desk, checks that all is there and that it can be written, and stops it.
pub async fn expect_whole(desk: &mut Desk) {
    tokio::task::block_in_place(|| desk.start());
    let owner = desk.owner().await;
    expect_all(&owner).await;
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_replays_its_journal_it_loses_nothing() {
    let dice = Dice::new("opening");
    let desk = filled().await;
    for state_is_lost in [false, true] {
        let mut desk = desk.copy();
        if state_is_lost {
            // All of the journal must be carried in again.
            std::fs::remove_dir_all(desk.data().join("store")).expect("removed");
        }
        for _ in 0..2 * rounds() {
            tokio::task::block_in_place(|| desk.start_and_kill(dice.millis(5, 120)));
        }
        expect_whole(&mut desk).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_an_empty_folder_it_begins_again() {
    let dice = Dice::new("first start");
    for _ in 0..rounds() {
        let mut desk = Desk::new();
        for _ in 0..3 {
            tokio::task::block_in_place(|| desk.start_and_kill(dice.millis(5, 150)));
        }
        tokio::task::block_in_place(|| desk.start());
        let owner = desk.owner().await;
        let me = owner.get("/api/v1/me").await.expect(200);
        assert_eq!(me["workspace"]["name"], "My business");
        tokio::task::block_in_place(|| desk.stop());
        desk.verify();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_dies_inside_a_commit_begins_again() {
    for plan in [
        "journal_write:abort",
        "journal_sync:abort",
        "apply:abort",
        "journal_sync:abort:1",
        "apply:abort:1",
    ] {
        let mut desk = Desk::new();
        let mut command = desk.serve();
        command.env("FRONTDESK_FAULT", plan);
        let log = tokio::task::block_in_place(|| desk.spawn(command)).expect_err(plan);
        assert!(!log.contains("panicked"), "{plan}: {log}");
        tokio::task::block_in_place(|| desk.start());
        desk.owner().await.get("/api/v1/me").await.expect(200);
        tokio::task::block_in_place(|| desk.stop());
        desk.verify();
    }
}

/// Restores into `to`; with a time it is killed then, wherever it is.
fn restore(key: &Path, backup: &Path, to: &Path, kill_after: Option<Duration>) -> (bool, String) {
    let text = |path: &Path| path.display().to_string();
    let (key, backup, to) = (text(key), text(backup), text(to));
    let args = ["restore", "--data", &to, "--key", &key, &backup];
    let Some(after) = kill_after else {
        return run(&args);
    };
    let mut child = program()
        .args(args)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(after);
    let _ = child.kill();
    (child.wait().expect("it is ours").success(), String::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_was_killed_leaves_nothing_half_and_can_be_done_again() {
    let dice = Dice::new("restore");
    let desk = filled().await;
    let (key, backup) = (desk.data().join("master.key"), desk.path("a.fdbackup"));
    let (data, file) = (desk.data().display().to_string(), backup.display().to_string());
    let (ok, text) = run(&["backup", "--data", &data, "--to", &file]);
    assert!(ok, "{text}");
    let mut restored = Desk::new();
    let to = restored.data();
    for _ in 0..3 * rounds() {
        let (ended, _) = restore(&key, &backup, &to, Some(dice.millis(2, 80)));
        assert!(to.exists() || !ended, "it says that it is done");
        if to.exists() {
            break;
        }
    }
    if !to.exists() {
        let (ok, text) = restore(&key, &backup, &to, None);
        assert!(ok, "{text}");
    }
    expect_whole(&mut restored).await;
    // Killed after its folder was made and before anything was in it.
    let mut restored = Desk::new();
    std::fs::create_dir_all(restored.path("data.restoring")).expect("planted");
    let (ok, text) = restore(&key, &backup, &restored.data(), None);
    assert!(ok, "{text}");
    expect_whole(&mut restored).await;
}
