//! Webhooks: how many a second are made durable, how fast each is acknowledged at a steady rate, how soon a browser sees
//! it, and that none is lost. Beside it, in the same run, a bare actix-web server that only checks the signature.
//!
//! `cargo bench --bench ingest`. Environment: `FRONTDESK_BENCH_SECONDS` for each phase (default 5),
//! `FRONTDESK_BENCH_CONNECTIONS` at saturation (default 256: as many as keep both cores busy while commits wait for the disk).

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use frontdesk::actors::House;
use frontdesk::channels::ProviderKind;
use frontdesk::domain::WorkspaceId;
use frontdesk::storage::Prefix;
use frontdesk::storage::keys::MessageKey;
use futures_util::StreamExt;
use hdrhistogram::Histogram;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::oneshot;

use support::desk::{Desk, simulator};
use support::http::Connection;
use support::report::{Bar, Report};
use support::{resident_mb, seed, size};

/// Threads of the load generator.
const GENERATORS: u64 = 2;
const CUSTOMERS: u64 = 1_000;
/// Deliveries a second at the steady rate, and the connections that they come by.
const RATE: u64 = 1_000;
const STEADY_CONNECTIONS: u64 = 32;
const NUMBER: &str = "100000000000001";

static NEXT: AtomicU64 = AtomicU64::new(1);

fn signature(body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// A delivery as the provider sends it, signed. `stamp` is told in the message's text.
fn delivery(path: &str, stamp: u64) -> Vec<u8> {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let phone = seed::phone(n % CUSTOMERS);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let body = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"90001\",\"changes\":[{{\"value\":{{\
         \"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"15550001111\",\
         \"phone_number_id\":\"{NUMBER}\"}},\"contacts\":[{{\"profile\":{{\"name\":\"Customer {phone}\"}},\
         \"wa_id\":\"{phone}\"}}],\"messages\":[{{\"from\":\"{phone}\",\"id\":\
         \"wamid.HBgLMTU1NTAwMDIyMjIVAgASGCBBMTIzNDU2Nzg5{n:012}\",\"timestamp\":\"{now}\",\"text\":{{\"body\":\
         \"{stamp} {}\"}},\"type\":\"text\"}}]}},\"field\":\"messages\"}}]}}]}}",
        seed::text(n),
    );
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: facebookexternalua\r\naccept: */*\r\n\
         content-type: application/json\r\nx-hub-signature-256: sha256={}\r\ncontent-length: {}\r\n\r\n",
        hex(&signature(body.as_bytes())),
        body.len(),
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Runs the load on threads of its own, apart from the server's.
async fn on_own_threads<T: Send + 'static, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    F: Future<Output = T>,
{
    let (done, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(GENERATORS as usize)
            .enable_all()
            .build()
            .expect("a runtime");
        if done.send(runtime.block_on(work())).is_err() {
            eprintln!("nobody waits for the load any more");
        }
    });
    answer.await.expect("the load generator ran to its end")
}

/// One request after the other on each connection, for a time. Answers how many were taken, and how long that took.
async fn saturate(address: SocketAddr, path: &'static str, connections: u64, time: Duration) -> (u64, f64) {
    on_own_threads(move || async move {
        let begun = Instant::now();
        let tasks = (0..connections).map(|_| {
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut taken = 0;
                while begun.elapsed() < time {
                    let answer = connection.raw(&delivery(path, 0)).await;
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    taken += 1;
                }
                taken
            })
        });
        let mut taken = 0;
        for task in tasks.collect::<Vec<_>>() {
            taken += task.await.expect("a connection's work");
        }
        (taken, begun.elapsed().as_secs_f64())
    })
    .await
}

/// A steady rate whatever the server does. Each time counts from the moment at which the request was due, so that a
/// stall counts for all that it held up (no coordinated omission).
async fn steady(address: SocketAddr, epoch: Instant, time: Duration) -> Histogram<u64> {
    on_own_threads(move || async move {
        let begun = Instant::now() + Duration::from_millis(20);
        let spacing = Duration::from_secs(1) * STEADY_CONNECTIONS as u32 / RATE as u32;
        let tasks = (0..STEADY_CONNECTIONS).map(|lane| {
            tokio::spawn(async move {
                let mut times = Histogram::<u64>::new(3).expect("three digits");
                let mut connection = Connection::open(address).await;
                let mut due = begun + spacing * lane as u32 / STEADY_CONNECTIONS as u32;
                while due < begun + time {
                    tokio::time::sleep_until(due.into()).await;
                    let request = delivery("/webhooks/whatsapp", (due - epoch).as_micros() as u64);
                    let answer = connection.raw(&request).await;
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    times
                        .record(due.elapsed().as_micros() as u64)
                        .expect("within range");
                    due += spacing;
                }
                times
            })
        });
        let mut all = Histogram::<u64>::new(3).expect("three digits");
        for task in tasks.collect::<Vec<_>>() {
            all.add(task.await.expect("a connection's work"))
                .expect("the same range");
        }
        all
    })
    .await
}

/// A browser that watches: the time from when a delivery was due to its frame here.
async fn watch(address: SocketAddr, token: String, epoch: Instant, stop: Arc<AtomicBool>) -> Histogram<u64> {
    on_own_threads(move || async move {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest;
        let url = format!("ws://{address}/api/v1/live");
        let mut request = url.into_client_request().expect("a request");
        let header = format!("Bearer {token}").parse().expect("a header");
        request.headers_mut().insert("authorization", header);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
        let mut times = Histogram::<u64>::new(3).expect("three digits");
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(1), socket.next()).await;
            let text = match frame {
                Err(_) if stop.load(Ordering::Relaxed) => return times,
                Err(_) => continue,
                Ok(Some(Ok(frame))) => frame.into_text().expect("text"),
                Ok(_) => panic!("the live feed closed"),
            };
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            assert_ne!(frame["type"], "reset", "the live feed fell behind");
            if frame["type"] != "message.created" {
                continue;
            }
            let body = frame["data"]["message"]["text"]["body"]
                .as_str()
                .expect("the message's text");
            let stamp = body
                .split(' ')
                .next()
                .and_then(|word| word.parse::<u64>().ok())
                .expect("a stamp");
            if stamp > 0 {
                times
                    .record((epoch.elapsed().as_micros() as u64).saturating_sub(stamp))
                    .expect("within range");
            }
        }
    })
    .await
}

/// The ceiling: actix-web with as many workers, which checks the same signature and answers.
async fn bare(connections: u64, time: Duration) -> f64 {
    async fn check(req: actix_web::HttpRequest, body: web::Bytes) -> HttpResponse {
        let header = req
            .headers()
            .get("x-hub-signature-256")
            .and_then(|value| value.to_str().ok());
        let expected = format!("sha256={}", hex(&signature(&body)));
        let fits = subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), header.unwrap_or_default().as_bytes());
        match bool::from(fits) {
            true => HttpResponse::Ok().finish(),
            false => HttpResponse::Unauthorized().finish(),
        }
    }
    let server = HttpServer::new(|| WebApp::new().route("/hook", web::post().to(check)))
        .workers(std::thread::available_parallelism().map_or(2, usize::from))
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a port");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    saturate(address, "/hook", connections, time / 5).await;
    let (taken, seconds) = saturate(address, "/hook", connections, time).await;
    handle.stop(true).await;
    taken as f64 / seconds
}

/// Waits until everything taken is worked in; answers how long that took.
async fn drained(house: &House) -> f64 {
    let begun = Instant::now();
    while house.backlog.waiting() > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(600),
            "raw events are not worked in"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed().as_secs_f64()
}

fn count_messages(house: &House, workspace: WorkspaceId) -> u64 {
    let prefix = Prefix::<MessageKey>::table().with(workspace);
    let (mut after, mut count) = (None, 0);
    loop {
        let page = house
            .core
            .store
            .scan_keys(&prefix, after.as_ref(), 4_096)
            .expect("readable");
        count += page.len() as u64;
        after = page.last().copied();
        if page.len() < 4_096 {
            return count;
        }
    }
}

fn ms(times: &Histogram<u64>, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1000.0
}

async fn measure() {
    let time = Duration::from_secs(size("FRONTDESK_BENCH_SECONDS", 5));
    let connections = size("FRONTDESK_BENCH_CONNECTIONS", 256);
    let mut report = Report::new("ingest");
    let dir = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(dir.path(), simulator()).await;
    desk.open_channel(ProviderKind::WhatsappCloud, NUMBER, 80).await;
    let (house, address) = (desk.app.house.clone(), desk.app.address);
    let mut taken = 0;
    // Everyone has written once: afterwards only messages are new, not customers.
    taken += saturate(address, "/webhooks/whatsapp", connections, time / 5)
        .await
        .0;
    drained(&house).await;
    let resident_before = resident_mb();

    let ceiling = bare(connections, time).await;
    let before = house.core.store.status().expect("a status");
    let (saturated, seconds) = saturate(address, "/webhooks/whatsapp", connections, time).await;
    taken += saturated;
    let backlog = house.backlog.waiting() as f64;
    let after = house.core.store.status().expect("a status");
    let resident_saturated = resident_mb();
    let drain = drained(&house).await;
    let rate = saturated as f64 / seconds;
    report.beside(
        "durable webhooks at saturation",
        rate,
        "/s",
        ceiling,
        Bar::AtLeast(10_000.0),
    );
    report.row(
        "share of bare actix-web that only checks the signature",
        rate / ceiling * 100.0,
        "%",
        Bar::AtLeast(15.0),
    );
    let groups = (after.groups - before.groups) as f64;
    report.row(
        "batches in a group at saturation",
        (after.batches - before.batches) as f64 / groups,
        "",
        Bar::None,
    );
    report.row(
        "mean time of a group since the start",
        after.mean_commit_us as f64 / 1000.0,
        "ms",
        Bar::None,
    );
    report.row("waiting to be worked in after saturation", backlog, "", Bar::None);
    report.row(
        "worked in, while taking and after",
        saturated as f64 / (seconds + drain),
        "/s",
        Bar::None,
    );

    let (epoch, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let watching = actix_web::rt::spawn(watch(address, desk.token.clone(), epoch, stop.clone()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let resident_steady = resident_mb();
    let times = steady(address, epoch, time * 2).await;
    let resident_after = resident_mb();
    taken += times.len();
    drained(&house).await;
    stop.store(true, Ordering::Relaxed);
    let feed = watching.await.expect("the watcher ran to its end");
    report.row("acknowledged at 1,000/s, p50", ms(&times, 0.5), "ms", Bar::None);
    report.row(
        "acknowledged at 1,000/s, p99",
        ms(&times, 0.99),
        "ms",
        Bar::AtMost(20.0),
    );
    report.row(
        "acknowledged at 1,000/s, p99.9",
        ms(&times, 0.999),
        "ms",
        Bar::None,
    );
    report.row(
        "webhook to live feed at 1,000/s, p50",
        ms(&feed, 0.5),
        "ms",
        Bar::None,
    );
    report.row(
        "webhook to live feed at 1,000/s, p99",
        ms(&feed, 0.99),
        "ms",
        Bar::AtMost(250.0),
    );
    report.row(
        "not seen on the live feed",
        times.len() as f64 - feed.len() as f64,
        "",
        Bar::AtMost(0.0),
    );
    let stored = count_messages(&house, desk.workspace);
    report.row(
        "acknowledged and lost",
        taken as f64 - stored as f64,
        "",
        Bar::Within(0.0, 0.0),
    );
    report.row(
        "resident before (with the load generator)",
        resident_before,
        "MB",
        Bar::None,
    );
    report.row("resident after saturation", resident_saturated, "MB", Bar::None);
    report.row(
        "resident growth while steady",
        resident_after - resident_steady,
        "MB",
        Bar::AtMost(20.0),
    );
    report.row("resident at the end", resident_mb(), "MB", Bar::None);
    desk.app.stop().await;
    report.finish();
}

fn main() {
    if !support::is_only_a_test() {
        actix_web::rt::System::new().block_on(measure());
    }
}
