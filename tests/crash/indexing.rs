//! Killed while the search index is fed: it goes on from its own position, so that everything is found, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use frontdesk::domain::{EventKind, WorkspaceId};
use frontdesk::storage::search::{Names, Query, SearchIndex, SearchRequest};
use frontdesk::storage::{MasterKey, Store, StoreOptions};
use jiff::tz::TimeZone;

use crate::client::Client;
use crate::desk::Desk;
use crate::dice::{Dice, rounds};
use crate::meta;
use crate::world::{add_channel, conversations, messages, string, until};

const SENDERS: u64 = 4;
/// Texts of one sender at most.
const MOST: u64 = 150;

/// A word that stands in one message only.
fn word(sender: u64, n: u64) -> String {
    let letters = |mut n: u64| {
        let mut word = String::new();
        for _ in 0..4 {
            word.push(char::from(b'a' + u8::try_from(n % 26).expect("a letter")));
            n /= 26;
        }
        word
    };
    format!("zq{}xy{}", letters(sender), letters(n))
}

async fn write(base: String, sender: u64, stop: Arc<AtomicBool>, written: Arc<AtomicU64>) -> u64 {
    let (http, number) = (meta::connection(), format!("2547330{sender:05}"));
    let mut n = 0;
    while n < MOST && !stop.load(Ordering::Relaxed) {
        let text = meta::text(
            &number,
            &format!("wamid.{number}.{n}"),
            &format!("about {}", word(sender, n)),
        );
        meta::deliver(&http, &base, &meta::delivery(&[text], &[])).await;
        n += 1;
        written.fetch_add(1, Ordering::Relaxed);
    }
    n
}

/// The position that the index has committed.
async fn position(owner: &Client) -> u64 {
    let system = owner.get("/api/v1/system").await.expect(200);
    system["search"]["position"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_message_is_found_and_the_position_is_right() {
    let dice = Dice::new("indexing");
    let mut desk = Desk::started();
    let owner = desk.owner().await;
    add_channel(&owner, "http://127.0.0.1:9").await;
    let me = owner.get("/api/v1/me").await.expect(200);
    let workspace: WorkspaceId = string(&me["workspace"]["id"]).parse().expect("an id");
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(write(desk.base(), sender, stop.clone(), written.clone())))
        .collect();
    for round in 0..rounds() {
        // Around the moments at which what was fed is committed.
        tokio::time::sleep(dice.millis(200, 1_000)).await;
        tokio::task::block_in_place(|| {
            desk.kill();
            desk.start();
        });
        let enough = (round + 1) * 10;
        until("more texts", async || {
            (written.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut counts = Vec::new();
    for writer in writers {
        counts.push(writer.await.expect("the writer ends well"));
    }
    let total: u64 = counts.iter().sum();
    until("all texts", async || {
        let found = conversations(&owner).await;
        let mut worked_in = 0;
        for conversation in found.values() {
            worked_in += messages(&owner, conversation).await.len() as u64;
        }
        (worked_in == total).then_some(())
    })
    .await;
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
    let last = searched(&open(&desk), 0).pop().expect("something to search for");
    tokio::task::block_in_place(|| desk.start());
    until("end of feeding", async || {
        (position(&owner).await >= last).then_some(())
    })
    .await;
    tokio::task::block_in_place(|| desk.stop());
    expect_found(&desk, workspace, &counts, total);
}

/// The stopped program's store.
fn open(desk: &Desk) -> Store {
    let master_key = MasterKey::load(&desk.data()).expect("the key");
    let dir = desk.data();
    Store::open(StoreOptions { dir, master_key }).expect("opens")
}

/// Where in the journal something is told that the index must hold, after `position`.
fn searched(store: &Store, position: u64) -> Vec<u64> {
    let is_searched =
        |kind: &EventKind| matches!(kind, EventKind::MessageCreated(_) | EventKind::ContactCreated(_));
    let events = store.events_after(position, 100_000).expect("readable");
    let searched = events.iter().filter(|event| is_searched(&event.kind));
    searched.map(|event| event.seq).collect()
}

/// Looks into the stopped program's files.
fn expect_found(desk: &Desk, workspace: WorkspaceId, counts: &[u64], total: u64) {
    let store = open(desk);
    let index = SearchIndex::open(&desk.data().join("search")).expect("opens");
    assert_eq!(
        searched(&store, index.position()),
        Vec::<u64>::new(),
        "position {}",
        index.position()
    );
    assert!(
        index.position() <= *store.watch_events().borrow(),
        "never ahead of the journal"
    );
    assert_eq!(
        index.documents(),
        total + SENDERS,
        "each message and contact once"
    );
    index.verify().expect("sound");
    for (sender, count) in (0..).zip(counts) {
        for n in 0..*count {
            expect_hit(&index, workspace, &word(sender, n));
        }
    }
    store.close();
}

fn expect_hit(index: &SearchIndex, workspace: WorkspaceId, word: &str) {
    let now = frontdesk::clock::Clock::System.now();
    let query = Query::parse(word, &TimeZone::UTC, now);
    let request = SearchRequest {
        query: &query,
        names: &Names::default(),
        kinds: &[],
        conversation: None,
        limit: 5,
        cursor: None,
        now,
        accept: &|_| true,
    };
    let page = index.search(workspace, &request).expect("searches");
    assert_eq!((page.hits.len(), page.fuzzy), (1, false), "{word}");
}
