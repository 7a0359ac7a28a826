//! Killed while messages go out through a provider that counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::sandbox::whatsapp::Delay;
use frontdesk::sandbox::{
    Customer, CustomerMessage, Delays, Direction, NumberConfig, Simulator, SimulatorConfig,
};
use serde_json::{Value, json};

use crate::client::Client;
use crate::desk::Desk;
use crate::dice::{Dice, rounds};
use crate::ingest::die_and_return;
use crate::meta::{NUMBER, SECRET, TOKEN, VERIFY, WABA};
use crate::world::{add_channel, conversations, messages, string, try_reply, until};

const CUSTOMERS: u64 = 8;
/// Below the burst that the provider grants to one recipient.
const MESSAGES: u64 = 30;

fn number_of(customer: u64) -> String {
    format!("2547220{customer:05}")
}

pub fn provider(desk: &Desk) -> Simulator {
    let mut config = SimulatorConfig {
        // Long enough that many a kill meets calls under way.
        delays: Delays {
            answer: Delay::new(5, 60),
            sent: Delay::new(0, 40),
            delivered: Delay::new(0, 80),
            ..Delays::none()
        },
        ..SimulatorConfig::default()
    };
    config.webhooks.retry_base = std::time::Duration::from_millis(20);
    config.webhooks.retry_cap = std::time::Duration::from_millis(100);
    let simulator = Simulator::start(config).expect("a free port");
    let number = NumberConfig {
        access_token: TOKEN.to_owned(),
        app_secret: SECRET.to_owned(),
        verify_token: VERIFY.to_owned(),
        webhook_url: Some(format!("{}/webhooks/whatsapp", desk.base())),
        ..NumberConfig::new(NUMBER, WABA, "+15550001111")
    };
    simulator.add_number(number).expect("a new number");
    simulator
}

/// Posts replies to one conversation, each until it is taken, then some of them once more. Answers the ids.
async fn agent(owner: Client, conversation: String, dice: Arc<Dice>) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..MESSAGES {
        let (key, body) = (format!("{conversation}-{n}"), format!("reply {n}"));
        let taken = reply(&owner, &conversation, &key, &body).await;
        let id = string(&taken["id"]);
        if dice.below(3) == 0 {
            tokio::time::sleep(dice.millis(1, 200)).await;
            let again = reply(&owner, &conversation, &key, &body).await;
            assert_eq!(string(&again["id"]), id, "one key, one message");
        }
        ids.push(id);
    }
    ids
}

/// Posts a reply until it is taken.
async fn reply(owner: &Client, conversation: &str, key: &str, body: &str) -> Value {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(taken) = try_reply(owner, conversation, key, body).await {
            return taken;
        }
        assert!(tokio::time::Instant::now() < end, "never taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How a message must stand in the end, by what the provider knows of it.
pub fn is_final(simulator: &Simulator, message: &Value) -> bool {
    let taken = simulator.accepted_with(&string(&message["id"])) > 0;
    match message["status"].as_str() {
        Some("delivered" | "read") => taken,
        // The program died after it had noted the attempt and before the call: a person must look.
        Some("doubtful") => !taken,
        _ => false,
    }
}

async fn everybody_writes(simulator: &Simulator, owner: &Client) -> BTreeMap<String, String> {
    for customer in 0..CUSTOMERS {
        let customer = Customer::new(&number_of(customer), "Amina");
        let said = simulator.customer_says(NUMBER, &customer, CustomerMessage::text("hello"));
        said.expect("a known number");
    }
    until("conversations", async || {
        let known = conversations(owner).await;
        (known.len() as u64 == CUSTOMERS).then_some(known)
    })
    .await
}

fn phone_shows(simulator: &Simulator, customer: &str) -> Vec<String> {
    let entries = simulator.transcript(NUMBER, customer).into_iter();
    let ours = entries.filter(|entry| entry.direction == Direction::FromBusiness);
    ours.map(|entry| string(&entry.content["body"])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_out_twice_and_nothing_vanishes() {
    let dice = Arc::new(Dice::new("sending"));
    let mut desk = Desk::started();
    let simulator = provider(&desk);
    let owner = desk.owner().await;
    add_channel(&owner, simulator.base_url()).await;
    let known = everybody_writes(&simulator, &owner).await;
    let agents: BTreeMap<_, _> = known
        .iter()
        .map(|(number, conversation)| {
            let agent = agent(owner.clone(), conversation.clone(), dice.clone());
            (number.clone(), tokio::spawn(agent))
        })
        .collect();
    for _ in 0..rounds() {
        tokio::time::sleep(dice.millis(100, 700)).await;
        tokio::task::block_in_place(|| die_and_return(&mut desk, &dice));
    }
    let mut doubtful = Vec::new();
    for (number, agent) in agents {
        let ids = agent.await.expect("every reply is taken in the end");
        let settled = until("end of all sends", async || {
            let found = messages(&owner, &known[&number]).await;
            let ours: Vec<Value> = found
                .into_iter()
                .filter(|m| m["direction"] == "outbound")
                .collect();
            ours.iter()
                .all(|message| is_final(&simulator, message))
                .then_some(ours)
        });
        let settled = settled.await;
        let found: Vec<String> = settled.iter().map(|message| string(&message["id"])).collect();
        assert_eq!(
            found, ids,
            "each reply once, in the order in which it was written"
        );
        let is_doubtful = |message: &&Value| message["status"] == "doubtful";
        let sent = settled.iter().filter(|message| !is_doubtful(message));
        let sent: Vec<String> = sent.map(|message| string(&message["text"]["body"])).collect();
        assert_eq!(phone_shows(&simulator, &number), sent, "in order on the phone");
        doubtful.extend(
            settled
                .iter()
                .filter(is_doubtful)
                .map(|message| string(&message["id"])),
        );
    }
    println!("{} sends never reached the provider", doubtful.len());
    settle(&owner, &simulator, &doubtful).await;
    assert_eq!(simulator.doubled_callbacks(), []);
    assert_eq!(simulator.distinct_callbacks() as u64, CUSTOMERS * MESSAGES);
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
    simulator.stop().await;
}

/// Somebody looks at the doubtful ones and has them sent: each goes out, once.
async fn settle(owner: &Client, simulator: &Simulator, doubtful: &[String]) {
    for id in doubtful {
        let path = format!("/api/v1/messages/{id}/settle");
        owner
            .post(&path, &json!({ "outcome": "retry" }))
            .await
            .expect(200);
        until("second send", async || {
            (simulator.accepted_with(id) == 1).then_some(())
        })
        .await;
    }
}
