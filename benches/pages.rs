//! The inbox over HTTP with many conversations: pages of the list, a thread, a change, a search.
//!
//! `cargo bench --bench pages`. Environment: `FRONTDESK_BENCH_CONVERSATIONS` (default 20,000; the bar is for 100,000),
//! `FRONTDESK_BENCH_REQUESTS` of each kind (default 400).

mod support;

use std::time::Instant;

use frontdesk::actors::Command;
use frontdesk::actors::core::new_trace;
use frontdesk::channels::ProviderKind;
use frontdesk::domain::decide::ConversationPatch;
use frontdesk::domain::{ConversationId, ConversationStatus};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};

use support::desk::{Desk, simulator};
use support::http::Connection;
use support::report::{Bar, Report};
use support::seed::Numbers;
use support::{resident_mb, seed, size};

/// Messages in the longest thread.
const LONG: u64 = 1_000;

/// A busy team's inbox: a third done, a tenth mine, a twentieth with a label, a few with a rare one.
async fn sort_out(desk: &Desk, conversations: &[ConversationId]) {
    let commands = conversations.iter().enumerate().filter_map(|(n, conversation)| {
        let status = match n % 12 {
            0..=2 => Some(ConversationStatus::Resolved),
            3 => Some(ConversationStatus::Closed),
            4 => Some(ConversationStatus::Pending),
            _ => None,
        };
        let labels: Vec<String> = match (n % 20, n % 2_500) {
            (_, 7) => vec!["rare".into()],
            (3, _) => vec!["wholesale".into()],
            _ => vec![],
        };
        let assignee = (n % 10 == 9).then_some(Some(desk.owner));
        let patch = ConversationPatch {
            status,
            assignee,
            labels: (!labels.is_empty()).then_some(labels),
            priority: None,
            snoozed_until: None,
        };
        let changes = patch.status.is_some() || patch.assignee.is_some() || patch.labels.is_some();
        changes.then_some((*conversation, patch))
    });
    let send = |(conversation, patch)| async move {
        let command = Command::Update {
            patch,
            if_version: None,
        };
        let sent = desk
            .app
            .house
            .hub
            .send(desk.workspace, conversation, command, new_trace())
            .await;
        sent.expect("it is changed");
    };
    stream::iter(commands).for_each_concurrent(512, send).await;
}

struct Caller<'a> {
    connection: Connection,
    token: &'a str,
    report: &'a mut Report,
    requests: u64,
}

impl Caller<'_> {
    /// Times requests one after the other; the first few are not counted.
    async fn time(
        &mut self,
        what: &str,
        bar: f64,
        request: impl Fn(u64) -> (&'static str, String, Option<Value>),
    ) {
        let mut times = Vec::new();
        for n in 0..self.requests + 20 {
            let (method, path, body) = request(n);
            let asked = Instant::now();
            let answer = self
                .connection
                .api(method, &path, self.token, body.as_ref())
                .await;
            let took = asked.elapsed().as_secs_f64() * 1000.0;
            assert!(
                answer.status < 300,
                "{path}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            if n >= 20 {
                times.push(took);
            }
        }
        times.sort_by(f64::total_cmp);
        let quantile = |q: f64| times[((times.len() - 1) as f64 * q).round() as usize];
        self.report
            .row(format!("{what}, p50"), quantile(0.5), "ms", Bar::None);
        self.report
            .row(format!("{what}, p95"), quantile(0.95), "ms", Bar::None);
        self.report.row(
            format!("{what}, p99"),
            quantile(0.99),
            "ms",
            if bar.is_finite() {
                Bar::AtMost(bar)
            } else {
                Bar::None
            },
        );
    }

    async fn cursor(&mut self, path: &str) -> String {
        let page = self.connection.get(path, self.token).await.expect(200);
        page["next_cursor"].as_str().expect("a further page").to_owned()
    }
}

async fn lists(caller: &mut Caller<'_>) {
    let list = |query: &'static str| move |_| ("GET", format!("/api/v1/conversations{query}"), None);
    caller.time("list, all", 10.0, list("")).await;
    caller.time("list, open", 10.0, list("?status=open")).await;
    caller.time("list, mine", 10.0, list("?assignee=me")).await;
    caller
        .time(
            "list, nobody's and open",
            10.0,
            list("?status=open&assignee=none"),
        )
        .await;
    caller
        .time(
            "list, by a label that 1 in 20 has",
            10.0,
            list("?label=wholesale"),
        )
        .await;
    caller
        .time("list, by a label that 1 in 2,500 has", 10.0, list("?label=rare"))
        .await;
    caller.time("list, 100 at once", 10.0, list("?limit=100")).await;
    let mut cursor = caller.cursor("/api/v1/conversations").await;
    let second = cursor.clone();
    caller
        .time("list, second page", 10.0, |_| {
            ("GET", format!("/api/v1/conversations?cursor={second}"), None)
        })
        .await;
    for _ in 0..20 {
        cursor = caller
            .cursor(&format!("/api/v1/conversations?limit=100&cursor={cursor}"))
            .await;
    }
    caller
        .time("list, after 2,000", 10.0, |_| {
            ("GET", format!("/api/v1/conversations?cursor={cursor}"), None)
        })
        .await;
}

async fn threads(caller: &mut Caller<'_>, all: &[ConversationId]) {
    let some = |n: u64| all[(Numbers::new(n + 77).next() % all.len() as u64) as usize];
    let long = all[0];
    caller
        .time("thread, any", 10.0, |n| {
            ("GET", format!("/api/v1/conversations/{}/messages", some(n)), None)
        })
        .await;
    caller
        .time("thread of 1,000, newest page", 10.0, |_| {
            ("GET", format!("/api/v1/conversations/{long}/messages"), None)
        })
        .await;
    caller
        .time("conversation, any", 10.0, |n| {
            ("GET", format!("/api/v1/conversations/{}", some(n)), None)
        })
        .await;
    caller
        .time("conversation changed (durable)", 20.0, |n| {
            let body = json!({"labels": [format!("l{}", n % 7)]});
            ("PATCH", format!("/api/v1/conversations/{}", some(n)), Some(body))
        })
        .await;
}

async fn searches(caller: &mut Caller<'_>) {
    let probe = caller.connection.get("/api/v1/search?q=cake", caller.token).await;
    if probe.status == 404 {
        println!("search is not part of this version's API");
        return;
    }
    type Make = fn(u64) -> String;
    let queries: [(&str, Make); 4] = [
        ("search, a common word", |n| {
            format!("/api/v1/search?q={}", ["cake", "please", "order"][n as usize % 3])
        }),
        ("search, a rare word", |n| {
            format!("/api/v1/search?q=r{}", n * 31 % 20_000)
        }),
        ("search, two words", |n| {
            format!(
                "/api/v1/search?q={}",
                ["cake+birthday", "bread+fresh"][n as usize % 2]
            )
        }),
        ("search, a prefix", |n| {
            format!(
                "/api/v1/search?q={}",
                ["choc*", "deli*", "birth*"][n as usize % 3]
            )
        }),
    ];
    for (what, path) in queries {
        caller.time(what, 10.0, |n| ("GET", path(n), None)).await;
    }
}

async fn measure() {
    let count = size("FRONTDESK_BENCH_CONVERSATIONS", 20_000);
    let mut report = Report::new("pages");
    let dir = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(dir.path(), simulator()).await;
    let channel = desk
        .open_channel(ProviderKind::Sandbox, "100000000000001", 80)
        .await;
    let begun = Instant::now();
    let house = desk.app.house.clone();
    let all = seed::conversations(&house, desk.workspace, channel, 0, count).await;
    eprintln!("{count} conversations in {:.1?}", begun.elapsed());
    seed::messages(&house, desk.workspace, &all, 3, 3).await;
    seed::messages(&house, desk.workspace, &all[..1], LONG, 100).await;
    sort_out(&desk, &all).await;
    eprintln!("with messages and sorted out in {:.1?}", begun.elapsed());
    seed::settled(&house).await;
    eprintln!("and indexed in {:.1?}", begun.elapsed());
    report.row("conversations", count as f64, "", Bar::None);
    report.row(
        "of them in memory after seeding",
        house.hub.running() as f64,
        "",
        Bar::None,
    );
    report.row("resident after seeding", resident_mb(), "MB", Bar::None);
    let requests = size("FRONTDESK_BENCH_REQUESTS", 400);
    let mut caller = Caller {
        connection: Connection::open(desk.app.address).await,
        token: &desk.token,
        report: &mut report,
        requests,
    };
    caller
        .time("readiness: the floor of a request", f64::INFINITY, |_| {
            ("GET", "/readyz".into(), None)
        })
        .await;
    lists(&mut caller).await;
    threads(&mut caller, &all).await;
    searches(&mut caller).await;
    report.row("resident", resident_mb(), "MB", Bar::None);
    desk.app.stop().await;
    report.finish();
}

fn main() {
    if !support::is_only_a_test() {
        actix_web::rt::System::new().block_on(measure());
    }
}
