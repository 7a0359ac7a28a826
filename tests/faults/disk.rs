//! A full disk and a slow one.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontdesk::clock::Clock;
use frontdesk::sandbox::Delays;
use frontdesk::sandbox::whatsapp::Delay;
use frontdesk::storage::{Fault, FaultPoint};
use serde_json::json;

use crate::meta;
use crate::stage::{Stage, number_of};
use crate::world::{conversations, messages, texts, until};

fn text(customer: u32, n: u32) -> Vec<u8> {
    let number = number_of(customer);
    let text = meta::text(&number, &format!("wamid.{number}.{n}"), &format!("text {n}"));
    meta::delivery(&[text], &[])
}

#[actix_web::test]
async fn a_full_disk_is_said_everywhere_reading_goes_on_and_it_recovers_by_itself() {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.disk.pretend_free_bytes(Some(1_000));
    let refused = stage.try_reply(&conversation, "k1", "while it is full").await;
    assert!(refused.header("retry-after").parse::<u32>().expect("seconds") > 0);
    let problem = refused.expect_problem(503, "read_only");
    assert!(
        problem["detail"].as_str().expect("text").contains("make room"),
        "{problem}"
    );
    let (http, base) = (meta::connection(), &stage.app.base);
    assert!(!meta::post(&http, base, &text(0, 1)).await, "never acknowledged");
    let note = json!({ "body": "a note" });
    let path = format!("/api/v1/conversations/{conversation}/notes");
    stage
        .owner()
        .post(&path, &note)
        .await
        .expect_problem(503, "read_only");
    let ready = stage.app.stranger.get("/readyz").await.problem();
    assert!(
        ready["detail"].as_str().expect("text").contains("read-only"),
        "{ready}"
    );
    assert_eq!(stage.app.stranger.get("/healthz").await.status, 200, "it lives");
    let system = stage.system().await;
    assert_eq!(system["state"], "read_only");
    assert!(
        system["state_reason"]
            .as_str()
            .expect("text")
            .contains("make room"),
        "{system}"
    );
    assert_eq!(
        messages(stage.owner(), &conversation).await.len(),
        1,
        "reading goes on"
    );
    stage.disk.pretend_free_bytes(None);
    stage.until_store(true).await;
    assert_eq!(stage.app.stranger.get("/readyz").await.status, 200);
    meta::deliver(&http, base, &text(0, 1)).await;
    let id = stage.reply(&conversation, "k1").await;
    stage.until_status(&conversation, &id, "delivered").await;
    let found = messages(stage.owner(), &conversation).await;
    assert_eq!(texts(&found, "inbound"), ["hello", "text 1"]);
    assert_eq!(stage.provider.accepted_with(&id), 1);
}

#[actix_web::test]
async fn what_a_provider_took_while_the_disk_was_full_is_recorded_afterwards_and_not_sent_again() {
    let delays = Delays {
        answer: Delay::new(300, 0),
        sent: Delay::new(500, 0),
        ..Delays::none()
    };
    let stage = Stage::with(Clock::System, delays).await;
    let conversations = stage.customers(3).await;
    let mut ids = Vec::new();
    for conversation in &conversations {
        ids.push(stage.reply(conversation, conversation).await);
    }
    until("calls under way", async || (stage.calls() == 3).then_some(())).await;
    stage.disk.pretend_free_bytes(Some(0));
    // Its answers, and soon its statuses, meet a store that takes nothing.
    until("answers", async || {
        (stage.provider.counters().webhooks_failed > 0).then_some(())
    })
    .await;
    stage.disk.pretend_free_bytes(None);
    for (conversation, id) in conversations.iter().zip(&ids) {
        stage.until_status(conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    assert_eq!(stage.system().await["queues"][0]["doubtful"], 0);
}

#[actix_web::test]
async fn space_that_runs_out_within_a_frame_again_and_again_loses_nothing() {
    let stage = Stage::new().await;
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..6)
        .map(|customer| {
            let (base, stop) = (stage.app.base.clone(), stop.clone());
            tokio::spawn(async move {
                let http = meta::connection();
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) && n < 200 {
                    meta::deliver(&http, &base, &text(customer, n)).await;
                    n += 1;
                }
                n
            })
        })
        .collect();
    for point in [
        FaultPoint::JournalWrite,
        FaultPoint::JournalSync,
        FaultPoint::JournalWrite,
    ] {
        stage.disk.plan(point, Fault::Error(ErrorKind::StorageFull), 5, 2);
        stage.until_store(false).await;
        stage.until_store(true).await;
    }
    stage.disk.clear();
    stop.store(true, Ordering::Relaxed);
    for (customer, sender) in (0..).zip(senders) {
        let expected: Vec<String> = (0..sender.await.expect("ends well"))
            .map(|n| format!("text {n}"))
            .collect();
        let found = until("all texts", async || {
            let known = conversations(stage.owner()).await;
            let found = messages(stage.owner(), known.get(&number_of(customer))?).await;
            (found.len() == expected.len()).then_some(found)
        });
        assert_eq!(texts(&found.await, "inbound"), expected);
    }
    stage.app.app.house.core.store.verify_journal().expect("whole");
}

#[actix_web::test]
async fn a_slow_disk_costs_time_but_no_order_and_one_busy_conversation_does_not_starve_the_others() {
    let stage = Stage::new().await;
    stage.disk.plan(
        FaultPoint::JournalSync,
        Fault::Delay(Duration::from_millis(30)),
        0,
        u64::MAX,
    );
    let base = stage.app.base.clone();
    // One customer writes without a pause, over several connections at once …
    let busy: Vec<_> = (0..8)
        .map(|lane| {
            let base = base.clone();
            tokio::spawn(async move {
                let http = meta::connection();
                for n in 0..25 {
                    meta::deliver(&http, &base, &text(0, lane * 100 + n)).await;
                }
            })
        })
        .collect();
    // … and others a word each, meanwhile.
    let http = meta::connection();
    for n in 0..3 {
        for customer in 1..4 {
            let begun = Instant::now();
            meta::deliver(&http, &base, &text(customer, n)).await;
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "acknowledged after {:?}",
                begun.elapsed()
            );
        }
    }
    // Nine words, one after the other, against twenty-five of each connection.
    assert!(
        busy.iter().any(|lane| !lane.is_finished()),
        "the others waited until the busy one was done"
    );
    for customer in 1..4 {
        let begun = Instant::now();
        let found = until("the others' texts", async || {
            let known = conversations(stage.owner()).await;
            let found = messages(stage.owner(), known.get(&number_of(customer))?).await;
            (found.len() == 3).then_some(found)
        });
        assert_eq!(texts(&found.await, "inbound"), ["text 0", "text 1", "text 2"]);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "shown after {:?}",
            begun.elapsed()
        );
    }
    for lane in busy {
        lane.await.expect("ends well");
    }
    let found = until("all of the busy one's", async || {
        let known = conversations(stage.owner()).await;
        let found = messages(stage.owner(), &known[&number_of(0)]).await;
        (found.len() == 200).then_some(found)
    });
    let found = texts(&found.await, "inbound");
    for lane in 0..8 {
        let of_lane: Vec<String> = (0..25).map(|n| format!("text {}", lane * 100 + n)).collect();
        let order: Vec<&String> = found.iter().filter(|text| of_lane.contains(text)).collect();
        assert_eq!(
            order,
            of_lane.iter().collect::<Vec<_>>(),
            "each connection's order is kept"
        );
    }
}
