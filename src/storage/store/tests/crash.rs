//! A child process that writes and is killed: everything that it saw acknowledged is there, in order.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;
use crate::storage::Seal;

const CHILD_DIR: &str = "FRONTDESK_TEST_CRASH_DIR";
const COMPACT: &str = "FRONTDESK_TEST_CRASH_COMPACT";
const FAULT: &str = "FRONTDESK_TEST_CRASH_FAULT";

/// Not a test of its own: what the child process does, until it is killed.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let faults = std::env::var(FAULT).unwrap_or_default();
    let faults = Some(std::sync::Arc::new(
        crate::storage::Faults::parse(&faults).unwrap(),
    ));
    let store = open_with(
        Path::new(&dir),
        Tuning {
            segment_bytes: 64 << 10,
            faults,
            ..tuning()
        },
    )
    .unwrap();
    let first = store
        .scan_keys_back(&all(), None, 1)
        .unwrap()
        .first()
        .map_or(0, |last| last.0 + 1);
    if std::env::var_os(COMPACT).is_some() {
        let store = store.clone();
        std::thread::spawn(move || {
            while let Ok(compacted) = store.compact() {
                println!("compacted {compacted:?}");
            }
            println!("compaction failed");
            std::process::abort();
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut n = first;
        loop {
            let batches = (n..n + 20).map(|n| {
                let mut batch = telling();
                batch.require_absent(&N(n)).put(
                    &N(n),
                    &text(&format!("{n} {}", "x".repeat(n as usize % 9000))),
                    &Seal::Open,
                );
                let commit = store.commit(batch);
                async move { (n, commit.await.unwrap().seq) }
            });
            let mut out = std::io::stdout().lock();
            for (n, seq) in futures_util::future::join_all(batches).await {
                writeln!(out, "ack {n} {seq}").unwrap();
            }
            out.flush().unwrap();
            n += 20;
        }
    });
}

/// Runs the child until it has acknowledged `acks` batches, kills it, and says the last acknowledged one.
fn run_and_kill(dir: &Path, acks: usize, fault: &str) -> Option<(u64, u64)> {
    run_command_and_kill(
        &mut Command::new(std::env::current_exe().unwrap()),
        dir,
        acks,
        fault,
    )
}

fn run_command_and_kill(command: &mut Command, dir: &Path, acks: usize, fault: &str) -> Option<(u64, u64)> {
    let mut child = command
        .args(["--exact", "storage::store::tests::crash::child", "--nocapture"])
        .env(CHILD_DIR, dir)
        .env(FAULT, fault)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut seen = lines.filter_map(|line| {
        assert!(
            !line.contains("compaction failed"),
            "the child's compaction failed"
        );
        let mut words = line.split_once("ack ")?.1.split(' ').map(str::to_owned);
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    });
    let mut last = None;
    for _ in 0..acks {
        let Some(ack) = seen.next() else { break };
        last = Some(ack);
    }
    drop(child.kill());
    // What it said before it died counts too.
    last = seen.last().or(last);
    child.wait().unwrap();
    last
}

fn expect_whole(dir: &Path, acknowledged: Option<(u64, u64)>) {
    let store = open(dir);
    let keys = store.scan_keys(&all(), None, 10_000).unwrap();
    let expected: Vec<N> = (0..keys.len() as u64).map(N).collect();
    assert_eq!(keys, expected, "no gap, nothing double");
    let events = store.events_after(0, 10_000).unwrap();
    assert_eq!(events.len(), keys.len(), "an event for each");
    if let Some((n, seq)) = acknowledged {
        assert!(
            keys.len() as u64 > n,
            "{n} was acknowledged, {} are there",
            keys.len()
        );
        assert_eq!(seq, n + 1, "order is kept");
        for n in 0..=n {
            let value = store.get(&N(n)).unwrap().unwrap().0;
            assert!(value.starts_with(&format!("{n} ")) && value.len() > n as usize % 9000);
        }
    }
    store.verify_journal().unwrap();
    store.close();
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    for acks in [1, 40, 7, 300, 90] {
        let acknowledged = run_and_kill(dir.path(), acks, "");
        assert!(acknowledged.is_some());
        expect_whole(dir.path(), acknowledged);
    }
}

#[test]
fn dying_inside_the_commit_path_loses_nothing_acknowledged() {
    let faults = [
        "journal_write:abort:3",
        "journal_sync:abort:5",
        "apply:abort:4",
        "journal_sync:abort",
        "apply:abort:1",
    ];
    let dir = tempfile::tempdir().unwrap();
    for fault in faults {
        let acknowledged = run_and_kill(dir.path(), usize::MAX, fault);
        expect_whole(dir.path(), acknowledged);
    }
}

#[test]
fn killed_while_it_is_compacted_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    for acks in [200, 3, 150, 61, 400, 20, 333, 90] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let acknowledged = run_command_and_kill(command.env(COMPACT, "1"), dir.path(), acks, "");
        assert!(acknowledged.is_some());
        expect_whole(dir.path(), acknowledged);
    }
}
