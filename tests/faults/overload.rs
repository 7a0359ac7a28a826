//! More than fits, and the order to stop in the middle of it: nothing is lost, and whoever is refused is told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use frontdesk::storage::keys::MessageKey;
use frontdesk::storage::{Fault, FaultPoint, MasterKey, Prefix, Store, StoreOptions};
use futures_util::future::join_all;

use crate::common::TestApp;
use crate::meta;
use crate::stage::{Stage, number_of};
use crate::world::{messages, string, until};

#[actix_web::test]
async fn a_conversation_that_is_asked_too_much_says_so_and_loses_nothing() {
    let stage = Stage::new().await;
    let conversations = stage.customers(2).await;
    // So slow that what is asked for piles up.
    stage.disk.plan(
        FaultPoint::JournalSync,
        Fault::Delay(Duration::from_millis(50)),
        0,
        20,
    );
    let asked = (0..200).map(|n| {
        let (stage, conversation) = (&stage, &conversations[0]);
        async move {
            stage
                .try_reply(conversation, &format!("k{n}"), &format!("reply {n}"))
                .await
        }
    });
    let answers = join_all(asked).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    assert!(!refused.is_empty() && taken.len() >= 64, "{} taken", taken.len());
    for answer in refused {
        assert!(answer.header("retry-after").parse::<u32>().expect("seconds") > 0);
        answer.expect_problem(503, "busy");
    }
    let mut acknowledged: Vec<String> = taken.iter().map(|answer| string(&answer.json()["id"])).collect();
    let found = messages(stage.owner(), &conversations[0]).await;
    let mut there: Vec<String> = found
        .iter()
        .skip(1)
        .map(|message| string(&message["id"]))
        .collect();
    acknowledged.sort_unstable();
    there.sort_unstable();
    assert_eq!(
        there, acknowledged,
        "what was taken is there, what was refused is not"
    );
    let other = stage.reply(&conversations[1], "somebody else").await;
    stage.until_status(&conversations[1], &other, "delivered").await;
}

#[actix_web::test]
async fn told_to_stop_under_load_it_ends_within_ten_seconds_and_loses_nothing() {
    let stage = Stage::new().await;
    let conversations = stage.customers(4).await;
    stage.provider_does(|faults| faults.answer_delay = frontdesk::sandbox::whatsapp::Delay::new(50, 200));
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let senders: Vec<_> = (10..16)
        .map(|customer| {
            let (base, stop, acknowledged) = (stage.app.base.clone(), stop.clone(), acknowledged.clone());
            tokio::spawn(async move {
                let (http, number, mut n) = (meta::connection(), number_of(customer), 0);
                while !stop.load(Ordering::Relaxed) {
                    let text = meta::text(&number, &format!("wamid.{number}.{n}"), &format!("text {n}"));
                    if meta::post(&http, &base, &meta::delivery(&[text], &[])).await {
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        n += 1;
                    }
                }
            })
        })
        .collect();
    let mut ids = Vec::new();
    for n in 0..20 {
        for conversation in &conversations {
            ids.push(
                stage
                    .reply(conversation, &format!("reply {n} {conversation}"))
                    .await,
            );
        }
    }
    until("load", async || {
        (acknowledged.load(Ordering::Relaxed) > 50 && stage.calls() > 5).then_some(())
    })
    .await;
    let Stage { app, provider, .. } = stage;
    let TestApp { app, dir, .. } = app;
    let begun = Instant::now();
    app.stop().await;
    println!("stopped within {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("ends well");
    }
    expect_whole(dir.path(), &ids, acknowledged.load(Ordering::Relaxed));
    assert_eq!(provider.doubled_callbacks(), []);
}

/// Looks into the stopped program's store.
fn expect_whole(dir: &std::path::Path, ids: &[String], acknowledged: usize) {
    let master_key = MasterKey::load(dir).expect("the key");
    let store = Store::open(StoreOptions {
        dir: dir.to_owned(),
        master_key,
    })
    .expect("opens");
    let report = frontdesk::storage::verify::verify(&store, Default::default()).expect("readable");
    assert!(report.is_sound(), "{report}");
    let keys = store
        .scan_keys(&Prefix::<MessageKey>::table(), None, 100_000)
        .expect("readable");
    let found: Vec<String> = keys.iter().map(|key| key.message.to_string()).collect();
    assert!(
        ids.iter().all(|id| found.contains(id)),
        "every reply that was taken is there"
    );
    let waiting = store.scan_keys(
        &Prefix::<frontdesk::storage::keys::RawEventKey>::table(),
        None,
        100_000,
    );
    assert!(
        waiting.expect("readable").len() >= acknowledged,
        "every delivery that was acknowledged is there"
    );
    store.close();
}
