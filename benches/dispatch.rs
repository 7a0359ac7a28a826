//! Sending: whether a number's rate is held and never exceeded, as the provider sees it, and how soon an agent's reply
//! overtakes a campaign that is going out.
//!
//! `cargo bench --bench dispatch`. Environment: `FRONTDESK_BENCH_SECONDS` of sending at each rate (default 10),
//! `FRONTDESK_BENCH_QUEUED` bulk messages before the replies (default 5000), `FRONTDESK_BENCH_REPLIES` (default 60).

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk::actors::Command;
use frontdesk::actors::conversation::PostMessage;
use frontdesk::actors::core::new_trace;
use frontdesk::channels::ProviderKind;
use frontdesk::domain::operations::SendPriority;
use frontdesk::domain::{Author, Content, ConversationId};
use frontdesk::sandbox::whatsapp::{Direction, PhoneChange};
use frontdesk::storage::Prefix;
use frontdesk::storage::keys::OutboxKey;
use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;
use serde_json::json;

use support::desk::{Desk, simulator};
use support::http::Connection;
use support::report::{Bar, Report};
use support::{seed, size};

/// What the provider took: text, its own time in milliseconds, and when we heard of it.
type Taken = Arc<Mutex<HashMap<String, (i64, Instant)>>>;

/// Listens to the customers' phones on a thread of its own.
fn listen(desk: &Desk) -> Taken {
    let taken = Taken::default();
    let (mut events, seen) = (desk.app.simulators.whatsapp.events(), taken.clone());
    std::thread::spawn(move || {
        loop {
            match events.blocking_recv() {
                Ok(event) => {
                    if let PhoneChange::Message { entry } = event.change
                        && entry.direction != Direction::FromCustomer
                    {
                        let text = entry.content["body"].as_str().unwrap_or_default().to_owned();
                        seen.lock().insert(text, (entry.at_ms, Instant::now()));
                    }
                }
                Err(tokio::sync::broadcast::error::RecvError::Lagged(n)) => panic!("{n} events were missed"),
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    taken
}

async fn enqueue(desk: &Desk, conversations: &[ConversationId], label: &str, count: u64) {
    let posts = (0..count).map(|n| {
        let conversation = conversations[n as usize % conversations.len()];
        let post = PostMessage {
            author: Author::User(desk.owner),
            content: Content::text(&format!("{label} {n}")),
            reply_to: None,
            priority: SendPriority::Bulk,
            idempotency: None,
            links: Vec::new(),
            identity_hash: None,
        };
        async move {
            let command = Command::Post(Box::new(post));
            let sent = desk
                .app
                .house
                .hub
                .send(desk.workspace, conversation, command, new_trace())
                .await;
            sent.expect("it is queued");
        }
    });
    stream::iter(posts).for_each_concurrent(256, |post| post).await;
}

async fn until_taken(taken: &Taken, label: &str, count: u64) {
    let begun = Instant::now();
    let prefix = format!("{label} ");
    while (taken
        .lock()
        .keys()
        .filter(|text| text.starts_with(&prefix))
        .count() as u64)
        < count
    {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "not everything was sent"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The rate in the middle of the run, and the most in any second of all of it.
fn rates(taken: &Taken, label: &str, skip: Duration) -> (f64, u64) {
    let prefix = format!("{label} ");
    let held = taken.lock();
    let mut times: Vec<i64> = held
        .iter()
        .filter(|(text, _)| text.starts_with(&prefix))
        .map(|(_, (at, _))| *at)
        .collect();
    times.sort_unstable();
    let most = (0..times.len()).map(|from| {
        let end = times.partition_point(|at| *at < times[from] + 1_000);
        (end - from) as u64
    });
    let most = most.max().unwrap_or(0);
    let (first, last) = (times[0] + skip.as_millis() as i64, times[times.len() - 1] - 500);
    let middle = times.iter().filter(|at| (first..last).contains(*at)).count();
    (middle as f64 * 1000.0 / (last - first) as f64, most)
}

async fn hold(desk: &Desk, report: &mut Report, taken: &Taken, rate: u64, seconds: u64) {
    let number = format!("20000000000{rate:04}");
    let channel = desk
        .open_channel(ProviderKind::Sandbox, &number, rate as u32)
        .await;
    let count = rate * seconds;
    let first = rate * 10_000;
    let conversations =
        seed::conversations(&desk.app.house, desk.workspace, channel, first, count.div_ceil(4)).await;
    seed::messages(&desk.app.house, desk.workspace, &conversations, 1, 1).await;
    let label = format!("rate{rate}");
    let begun = Instant::now();
    enqueue(desk, &conversations, &label, count).await;
    let enqueued = begun.elapsed();
    until_taken(taken, &label, count).await;
    let (achieved, most) = rates(taken, &label, enqueued.min(Duration::from_secs(seconds / 3)));
    let wanted = rate as f64;
    let (what, bar) = (
        format!("sent at {rate}/s"),
        Bar::Within(wanted * 0.98, wanted * 1.02),
    );
    report.beside(what, achieved, "/s", wanted, bar);
    report.row(
        format!("most in any one second at {rate}/s"),
        most as f64,
        "",
        Bar::AtMost(wanted),
    );
    report.row(
        format!("queueing {count}"),
        count as f64 / enqueued.as_secs_f64(),
        "/s",
        Bar::None,
    );
}

async fn overtake(desk: &Desk, report: &mut Report, taken: &Taken, rate: u64) {
    let (queued, replies) = (
        size("FRONTDESK_BENCH_QUEUED", 5_000),
        size("FRONTDESK_BENCH_REPLIES", 60),
    );
    let number = format!("30000000000{rate:04}");
    let channel = desk
        .open_channel(ProviderKind::Sandbox, &number, rate as u32)
        .await;
    let first = 20_000_000 + rate * 10_000;
    let conversations = seed::conversations(
        &desk.app.house,
        desk.workspace,
        channel,
        first,
        queued.div_ceil(5),
    )
    .await;
    seed::messages(&desk.app.house, desk.workspace, &conversations, 1, 1).await;
    let label = format!("bulk{rate}");
    enqueue(desk, &conversations, &label, queued).await;
    let mut connection = Connection::open(desk.app.address).await;
    let mut times = Vec::new();
    let prefix = Prefix::<OutboxKey>::table()
        .with(desk.workspace)
        .with(channel)
        .with(SendPriority::Bulk as u8);
    for n in 0..replies {
        let left = desk
            .app
            .house
            .core
            .store
            .scan_keys(&prefix, None, 1)
            .expect("readable");
        if left.is_empty() {
            break;
        }
        let conversation = conversations[(n * 37) as usize % conversations.len()];
        let text = format!("reply{rate} {n}");
        let body = json!({"type": "text", "text": {"body": text}});
        let asked = Instant::now();
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let answer = connection.api("POST", &path, &desk.token, Some(&body)).await;
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
        let at = loop {
            if let Some((_, at)) = taken.lock().get(&text) {
                break *at;
            }
            assert!(
                asked.elapsed() < Duration::from_secs(30),
                "the reply was not sent"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        times.push((at - asked).as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!times.is_empty(), "the campaign was over before a reply was sent");
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[((times.len() - 1) as f64 * q).round() as usize];
    report.row(
        format!("replies during a campaign at {rate}/s"),
        times.len() as f64,
        "",
        Bar::None,
    );
    report.row(
        format!("reply to the provider at {rate}/s, p50"),
        quantile(0.5),
        "ms",
        Bar::None,
    );
    report.row(
        format!("reply to the provider at {rate}/s, p99"),
        quantile(0.99),
        "ms",
        Bar::AtMost(100.0),
    );
}

async fn measure() {
    let seconds = size("FRONTDESK_BENCH_SECONDS", 10);
    let mut report = Report::new("dispatch");
    let dir = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(dir.path(), simulator()).await;
    let taken = listen(&desk);
    for rate in [80, 1_000] {
        hold(&desk, &mut report, &taken, rate, seconds).await;
    }
    for rate in [80, 1_000] {
        overtake(&desk, &mut report, &taken, rate).await;
    }
    let counters = desk.app.simulators.whatsapp.counters();
    report.row(
        "refused by the provider for the rate or otherwise",
        counters.sends_refused as f64,
        "",
        Bar::AtMost(0.0),
    );
    let doubled = desk.app.simulators.whatsapp.doubled_callbacks().len();
    report.row("sent twice", doubled as f64, "", Bar::AtMost(0.0));
    desk.app.stop().await;
    report.finish();
}

fn main() {
    if !support::is_only_a_test() {
        actix_web::rt::System::new().block_on(measure());
    }
}
