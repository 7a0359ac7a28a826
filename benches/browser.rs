//! The inbox in a real browser over many real conversations: a store is seeded in this process, the built program serves it,
//! Chromium opens, scrolls, jumps, reads and searches (`ui/e2e/perf-desk.ts`). After it: how soon the app can be used on a slow
//! phone, what keys and switching take (`perf-start.ts`), and frames at 50 updates a second (`perf.ts`).
//!
//! `cargo bench --bench browser`. Environment: `FRONTDESK_BENCH_CONVERSATIONS` (default 100,000), `FRONTDESK_BENCH_FOLDER`
//! (a seeded folder that is kept, and used again where it is seeded already). Needs Node, the browser app's packages and
//! Chromium; says so and measures nothing where they are missing.

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use frontdesk::actors::Command as Wish;
use frontdesk::actors::core::new_trace;
use frontdesk::channels::ProviderKind;
use frontdesk::domain::decide::ConversationPatch;
use frontdesk::domain::{ConversationId, ConversationStatus};
use futures_util::{StreamExt, stream};

use support::desk::{Desk, EMAIL, PASSWORD, simulator};
use support::{process_mb, seed, size};

/// Messages in the longest thread.
const LONG: u64 = 2_000;
/// How long the program may take to start.
const START: Duration = Duration::from_secs(60);

/// A busy inbox: a twelfth done, a tenth mine, some labels.
async fn sort_out(desk: &Desk, conversations: &[ConversationId]) {
    let change = |(n, conversation): (usize, &ConversationId)| {
        let patch = ConversationPatch {
            status: (n % 12 == 0).then_some(ConversationStatus::Resolved),
            assignee: (n % 10 == 9).then_some(Some(desk.owner)),
            labels: (n % 20 == 3).then(|| vec!["wholesale".into()]),
            priority: None,
            snoozed_until: None,
        };
        let changes = patch.status.is_some() || patch.assignee.is_some() || patch.labels.is_some();
        changes.then_some((*conversation, patch))
    };
    let send = |(conversation, patch)| async move {
        let wish = Wish::Update {
            patch,
            if_version: None,
        };
        let hub = &desk.app.house.hub;
        let sent = hub.send(desk.workspace, conversation, wish, new_trace()).await;
        sent.expect("it is changed");
    };
    let changes = conversations.iter().enumerate().filter_map(change);
    stream::iter(changes).for_each_concurrent(512, send).await;
}

async fn fill(dir: &Path, count: u64) {
    let begun = Instant::now();
    let desk = Desk::start(dir, simulator()).await;
    let channel = desk
        .open_channel(ProviderKind::Sandbox, "100000000000001", 80)
        .await;
    let house = desk.app.house.clone();
    let all = seed::conversations(&house, desk.workspace, channel, 0, count).await;
    seed::messages(&house, desk.workspace, &all, 3, 3).await;
    sort_out(&desk, &all).await;
    seed::messages(&house, desk.workspace, &all[..1], LONG, 100).await;
    seed::settled(&house).await;
    desk.app.stop().await;
    eprintln!("{count} conversations seeded in {:.1?}", begun.elapsed());
}

/// Ends with this, whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(dir: &Path) -> (Running, String) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port");
    let child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(dir)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let (running, begun) = (Running(child), Instant::now());
    while std::net::TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < START, "the program does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("the program listens after {:.2?}", begun.elapsed());
    (running, format!("http://{address}"))
}

/// Runs one of the browser's measurements; `PERF` names it, `with` is told to it beside.
fn click_through(measurement: &str, with: &[(&str, &str)]) -> bool {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    println!("-- {measurement}");
    let done = Command::new("npx")
        .args(["playwright", "test", "-c", "e2e/playwright.config.ts"])
        .current_dir(ui)
        .env("PERF", measurement)
        .envs(with.iter().copied())
        .status();
    done.is_ok_and(|status| status.success())
}

fn is_ready() -> bool {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/node_modules/@playwright/test");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    packages.exists() && Path::new(&chromium).exists()
}

fn main() {
    if support::is_only_a_test() {
        return;
    }
    if !is_ready() {
        println!("browser: not measured, for want of Chromium or of ui/node_modules (`make ui`)");
        return;
    }
    let count = size("FRONTDESK_BENCH_CONVERSATIONS", 100_000);
    let scratch = tempfile::tempdir().expect("a directory");
    let kept = std::env::var_os("FRONTDESK_BENCH_FOLDER").map(PathBuf::from);
    let dir = kept.unwrap_or_else(|| scratch.path().to_owned());
    if !dir.join("SEEDED").exists() {
        actix_web::rt::System::new().block_on(fill(&dir, count));
        std::fs::write(dir.join("SEEDED"), count.to_string()).expect("written");
    }
    let (running, url) = serve(&dir);
    let went_well = click_through(
        "desk",
        &[
            ("FRONTDESK_URL", &url),
            ("FRONTDESK_EMAIL", EMAIL),
            ("FRONTDESK_PASSWORD", PASSWORD),
        ],
    );
    println!(
        "the program afterwards: {:.0} MB resident",
        process_mb(&running.0.id().to_string(), "VmRSS")
    );
    drop(running);
    // The others begin on a demo of their own.
    let program = [("FRONTDESK_BIN", env!("CARGO_BIN_EXE_frontdesk"))];
    let others = ["start", "list"].map(|measurement| click_through(measurement, &program));
    assert!(
        went_well && others.iter().all(|well| *well),
        "a bar was missed; see above"
    );
}
