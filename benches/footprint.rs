//! What many messages cost: on disk, at the start, in memory. The messages come in by the whole way, as webhooks.
//!
//! `cargo bench --bench footprint`. Environment: `FRONTDESK_BENCH_MESSAGES` (default 200,000; the bars are for 1,000,000),
//! `FRONTDESK_BIN` to start another build (the release) than this profile's, `FRONTDESK_BENCH_KEEP` to keep the data.

mod support;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use std::time::{Duration, Instant};

use frontdesk::actors::House;
use frontdesk::actors::core::new_trace;
use frontdesk::actors::intake::Entrance;
use frontdesk::actors::upkeep;
use frontdesk::channels::ProviderKind;
use frontdesk::channels::WebhookRequest;
use frontdesk::storage::Store;
use futures_util::StreamExt;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use support::desk::{Desk, simulator};
use support::report::{Bar, Report};
use support::{process_mb, seed, size, tree_bytes};

const NUMBER: &str = "100000000000001";
/// Messages in one conversation.
const EACH: u64 = 50;
/// Most raw events that wait while seeding.
const BACKLOG: usize = 20_000;
const STARTS: usize = 3;

fn delivery(n: u64, customers: u64) -> (String, String) {
    let phone = seed::phone(n % customers);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let body = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"90001\",\"changes\":[{{\"value\":{{\
         \"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"15550001111\",\
         \"phone_number_id\":\"{NUMBER}\"}},\"contacts\":[{{\"profile\":{{\"name\":\"Customer {phone}\"}},\
         \"wa_id\":\"{phone}\"}}],\"messages\":[{{\"from\":\"{phone}\",\"id\":\
         \"wamid.HBgLMTU1NTAwMDIyMjIVAgASGCBBMTIzNDU2Nzg5{n:012}\",\"timestamp\":\"{now}\",\"text\":{{\"body\":\
         \"{}\"}},\"type\":\"text\"}}]}},\"field\":\"messages\"}}]}}]}}",
        seed::text(n),
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any length");
    mac.update(body.as_bytes());
    let digest = mac.finalize().into_bytes();
    let signature: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    (body, format!("sha256={signature}"))
}

async fn fill(house: &House, messages: u64) {
    let customers = messages.div_ceil(EACH);
    let deliveries = (0..messages).map(|n| async move {
        while house.backlog.waiting() > BACKLOG {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (body, signature) = delivery(n, customers);
        let request = WebhookRequest {
            query: "",
            header: &|_| Some(&signature),
            by_get: false,
            body: body.as_bytes(),
        };
        let taken = house.intake.take(Entrance::Whatsapp, &request, new_trace()).await;
        taken.expect("it is taken");
    });
    stream::iter(deliveries)
        .for_each_concurrent(128, |delivery| delivery)
        .await;
    seed::settled(house).await;
}

/// The program as it is installed.
struct Program {
    child: Child,
    ready_after: Duration,
}

impl Program {
    fn start(binary: &Path, dir: &Path) -> Self {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let begun = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be run");
        while !is_ready(address) {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "the program does not become ready"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        Self {
            child,
            ready_after: begun.elapsed(),
        }
    }

    fn memory_mb(&self, field: &str) -> f64 {
        process_mb(&self.child.id().to_string(), field)
    }

    fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(
            asked.is_ok_and(|status| status.success()),
            "the program can be told to stop"
        );
        self.child.wait().expect("the program ends");
    }
}

fn is_ready(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// What the rows of each table come to by themselves, keys included, without the engine's share. The largest first.
fn tables(store: &Store) -> Vec<(u8, u64)> {
    let mut tables = vec![0_u64; 256];
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = store.raw_rows(after.as_deref(), 2_000).expect("readable");
        for (key, value) in &rows {
            tables[usize::from(key[0])] += (key.len() + value.len()) as u64;
        }
        match rows.into_iter().next_back() {
            Some((key, _)) => after = Some(key),
            None => break,
        }
    }
    let mut tables: Vec<(u8, u64)> = (0..=u8::MAX).zip(tables).collect();
    tables.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    tables
}

async fn disk(report: &mut Report, dir: &Path, messages: u64) {
    let desk = Desk::start(dir, simulator()).await;
    desk.open_channel(ProviderKind::WhatsappCloud, NUMBER, 80).await;
    let begun = Instant::now();
    fill(&desk.app.house, messages).await;
    let took = begun.elapsed() - seed::REST;
    report.row(
        "messages taken, worked in and indexed",
        messages as f64 / took.as_secs_f64(),
        "/s",
        Bar::None,
    );
    report.row(
        "resident after that (with the generator)",
        support::resident_mb(),
        "MB",
        Bar::None,
    );
    let per_message = |bytes: u64| bytes as f64 / messages as f64;
    let status = desk.app.house.core.store.status().expect("a status");
    let search = tree_bytes(&dir.join("search"));
    report.row("journal", per_message(status.journal_bytes), "B/msg", Bar::None);
    report.row(
        "state before compaction",
        per_message(status.state_bytes),
        "B/msg",
        Bar::None,
    );
    report.row("search index", per_message(search), "B/msg", Bar::None);
    let store = desk.app.house.core.store.clone();
    let compacting = Instant::now();
    let compacted = tokio::task::spawn_blocking(move || store.compact())
        .await
        .expect("it runs");
    compacted.expect("a compaction");
    report.row(
        "compaction took",
        compacting.elapsed().as_secs_f64(),
        "s",
        Bar::None,
    );
    let (core, tidying) = (desk.app.house.core.clone(), Instant::now());
    let tidied = tokio::task::spawn_blocking(move || upkeep::tidy(&core, 0))
        .await
        .expect("it runs");
    tidied.expect("the disk is kept in order");
    report.row(
        "upkeep after it took: a backup, and the journal trimmed",
        tidying.elapsed().as_secs_f64(),
        "s",
        Bar::None,
    );
    let backups = tree_bytes(&dir.join("backups"));
    report.row("backup beside it", per_message(backups), "B/msg", Bar::None);
    let journal = desk
        .app
        .house
        .core
        .store
        .status()
        .expect("a status")
        .journal_bytes;
    report.row("journal that is left", per_message(journal), "B/msg", Bar::None);
    let state = desk.app.house.core.store.status().expect("a status").state_bytes;
    report.row("state after compaction", per_message(state), "B/msg", Bar::None);
    let tables = tables(&desk.app.house.core.store);
    let rows = tables.iter().map(|(_, bytes)| bytes).sum();
    report.row(
        "  rows in it by themselves",
        per_message(rows),
        "B/msg",
        Bar::None,
    );
    for (table, bytes) in tables.into_iter().take(5) {
        report.row(
            format!("    of table {table}"),
            per_message(bytes),
            "B/msg",
            Bar::None,
        );
    }
    desk.app.stop().await;
    report.row(
        "state, search index and journal on disk, stopped",
        per_message(tree_bytes(dir) - backups),
        "B/msg",
        Bar::None,
    );
    report.row(
        "everything on disk, stopped, with the backup",
        per_message(tree_bytes(dir)),
        "B/msg",
        Bar::AtMost(1024.0),
    );
}

fn starts(report: &mut Report, dir: &Path) {
    let named = std::env::var_os("FRONTDESK_BIN").map(PathBuf::from);
    let is_release = named.is_some();
    let binary = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_frontdesk").into());
    let mut times = Vec::new();
    for n in 1..=STARTS {
        let program = Program::start(&binary, dir);
        times.push(program.ready_after.as_secs_f64());
        if n == STARTS {
            std::thread::sleep(Duration::from_secs(5));
            report.row(
                "resident, idle",
                program.memory_mb("VmRSS"),
                "MB",
                Bar::AtMost(80.0),
            );
            report.row(
                "  of it its own, not files'",
                program.memory_mb("RssAnon"),
                "MB",
                Bar::None,
            );
        }
        program.stop();
    }
    times.sort_by(f64::total_cmp);
    report.row(
        "start until ready, median of three",
        times[STARTS / 2],
        "s",
        Bar::AtMost(2.0),
    );
    let bytes = std::fs::metadata(&binary).map_or(0, |meta| meta.len());
    let (what, bar) = match is_release {
        true => ("binary", Bar::AtMost(45.0)),
        false => ("binary of the bench profile, with symbols", Bar::None),
    };
    report.row(what, bytes as f64 / f64::from(1 << 20), "MB", bar);
}

fn main() {
    if support::is_only_a_test() {
        return;
    }
    let messages = size("FRONTDESK_BENCH_MESSAGES", 200_000);
    let mut report = Report::new("footprint");
    let dir = tempfile::tempdir().expect("a directory");
    report.row("messages", messages as f64, "", Bar::None);
    actix_web::rt::System::new().block_on(disk(&mut report, dir.path(), messages));
    starts(&mut report, dir.path());
    if std::env::var_os("FRONTDESK_BENCH_KEEP").is_some() {
        println!("kept in {}", dir.keep().display());
    }
    report.finish();
}
