//! Killed while webhooks come in over many connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use frontdesk::sandbox::{NumberConfig, Simulator, SimulatorConfig};
use serde_json::Value;

use crate::client::Client;
use crate::desk::Desk;
use crate::dice::{Dice, rounds};
use crate::meta::{self, NUMBER, TOKEN, WABA};
use crate::world::{add_channel, conversations, messages, string, texts, try_reply, until};

const SENDERS: u64 = 16;
/// Messages that one sender posts at most, so that a fast machine does not make a long test.
const MOST: u64 = 250;

fn number_of(sender: u64) -> String {
    format!("2547110{sender:05}")
}

/// A message of ours that a customer has, whose statuses come back in a wild order.
#[derive(Clone)]
struct Sent {
    message: String,
    provider_id: String,
}

/// Somebody who writes without a pause, and waits for each acknowledgement before writing on.
struct Sender {
    number: String,
    base: String,
    dice: Arc<Dice>,
    stop: Arc<AtomicBool>,
    sent: Sent,
}

impl Sender {
    /// Answers how many texts were acknowledged.
    async fn run(self) -> u64 {
        let http = meta::connection();
        let mut statuses = vec!["sent", "delivered", "read"];
        let mut n = 0;
        while !self.stop.load(Ordering::Relaxed) && n < MOST {
            let batch = 1 + self.dice.below(3);
            let texts: Vec<Value> = (n + 1..=n + batch).map(|n| self.text(n)).collect();
            let mut news = vec![];
            if !statuses.is_empty() && self.dice.below(8) == 0 {
                let at = usize::try_from(self.dice.below(statuses.len() as u64)).expect("small");
                news.push(meta::status(
                    &self.sent.provider_id,
                    statuses.remove(at),
                    &self.number,
                ));
            }
            let body = meta::delivery(&texts, &news);
            meta::deliver(&http, &self.base, &body).await;
            n += batch;
            if self.dice.below(5) == 0 {
                meta::deliver(&http, &self.base, &body).await;
            }
        }
        for status in statuses {
            let news = [meta::status(&self.sent.provider_id, status, &self.number)];
            meta::deliver(&http, &self.base, &meta::delivery(&[], &news)).await;
        }
        n
    }

    fn text(&self, n: u64) -> Value {
        meta::text(
            &self.number,
            &format!("wamid.{}.{n}", self.number),
            &format!("text {n}"),
        )
    }
}

/// A provider that takes messages and tells nothing: the statuses are ours to post.
pub fn silent_provider(config: SimulatorConfig) -> Simulator {
    let simulator = Simulator::start(config).expect("a free port");
    let number = NumberConfig {
        access_token: TOKEN.to_owned(),
        ..NumberConfig::new(NUMBER, WABA, "+15550001111")
    };
    simulator.add_number(number).expect("a new number");
    simulator
}

/// Everybody writes first and gets a reply.
async fn greet(owner: &Client, base: &str) -> BTreeMap<String, Sent> {
    let http = meta::connection();
    let hellos: Vec<Value> = (0..SENDERS)
        .map(number_of)
        .map(|number| meta::text(&number, &format!("wamid.{number}.0"), "text 0"))
        .collect();
    meta::deliver(&http, base, &meta::delivery(&hellos, &[])).await;
    let known = until("conversations", async || {
        let known = conversations(owner).await;
        (known.len() as u64 == SENDERS).then_some(known)
    })
    .await;
    let mut sent = BTreeMap::new();
    for (number, conversation) in known {
        let reply = try_reply(owner, &conversation, &number, "welcome")
            .await
            .expect("taken");
        let accepted = until("accepted reply", async || {
            let found = messages(owner, &conversation).await;
            let reply = found.into_iter().find(|message| message["id"] == reply["id"])?;
            (reply["status"] == "accepted").then_some(reply)
        });
        let reply = accepted.await;
        sent.insert(
            number,
            Sent {
                message: string(&reply["id"]),
                provider_id: string(&reply["provider_message_id"]),
            },
        );
    }
    sent
}

/// One death: by `kill -9` at a random moment, or of a random step within the commit path.
pub fn die_and_return(desk: &mut Desk, dice: &Dice) {
    desk.kill();
    if dice.below(2) == 0 {
        let point = dice.pick(&["journal_write", "journal_sync", "apply"]);
        let plan = format!("{point}:abort:{}", dice.below(60) + 3);
        let mut command = desk.serve();
        command.env("FRONTDESK_FAULT", &plan);
        match desk.spawn(command) {
            Ok(()) => {
                // Under load it dies within moments; if not, it is killed where it stands.
                desk.dies_within(Duration::from_secs(1));
                desk.kill();
            }
            // What was cut off is settled at the start: on a busy machine that is the step of which it dies, before it
            // says that it serves.
            Err(log) => assert!(!log.contains("panicked"), "{plan}: {log}"),
        }
    }
    desk.start();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_is_there_once_and_in_order() {
    let dice = Arc::new(Dice::new("ingest"));
    let mut desk = Desk::started();
    let simulator = silent_provider(SimulatorConfig::default());
    let owner = desk.owner().await;
    add_channel(&owner, simulator.base_url()).await;
    let sent = greet(&owner, &desk.base()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = sent
        .iter()
        .map(|(number, sent)| {
            let sender = Sender {
                number: number.clone(),
                base: desk.base(),
                dice: dice.clone(),
                stop: stop.clone(),
                sent: sent.clone(),
            };
            (number.clone(), tokio::spawn(sender.run()))
        })
        .collect();
    for _ in 0..rounds() {
        tokio::time::sleep(dice.millis(50, 600)).await;
        tokio::task::block_in_place(|| die_and_return(&mut desk, &dice));
    }
    stop.store(true, Ordering::Relaxed);
    let known = conversations(&owner).await;
    let mut total = 0;
    for (number, sender) in senders {
        let acknowledged = sender.await.expect("the sender ends well");
        total += acknowledged;
        let expected: Vec<String> = (0..=acknowledged).map(|n| format!("text {n}")).collect();
        let found = until("last text", async || {
            let found = messages(&owner, &known[&number]).await;
            let is_read = || {
                found
                    .iter()
                    .any(|m| m["id"] == *sent[&number].message && m["status"] == "read")
            };
            let is_whole = texts(&found, "inbound").len() >= expected.len();
            (is_whole && is_read()).then_some(found)
        });
        assert_eq!(texts(&found.await, "inbound"), expected, "{number}");
    }
    println!("{total} texts acknowledged");
    for (number, conversation) in &known {
        let found = messages(&owner, conversation).await;
        let reply = found
            .iter()
            .find(|message| message["id"] == *sent[number].message);
        assert_eq!(
            reply.expect("there")["status"],
            "read",
            "statuses only move forward"
        );
    }
    assert_eq!(conversations(&owner).await.len() as u64, SENDERS);
    assert_eq!(simulator.doubled_callbacks(), []);
    assert_eq!(
        simulator.counters().sends_accepted,
        SENDERS,
        "no reply goes out again"
    );
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
    simulator.stop().await;
}
