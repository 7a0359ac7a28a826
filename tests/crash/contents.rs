//! Killed while interactive messages go out, each of which needs a content made at the provider first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use frontdesk::sandbox::whatsapp::Delay;
use frontdesk::sandbox::{
    ContentFaults, Customer, CustomerMessage, Direction, Faults, PhoneBook, SenderConfig, TwilioConfig,
    TwilioSimulator,
};
use serde_json::{Value, json};

use crate::client::Client;
use crate::desk::Desk;
use crate::dice::{Dice, rounds};
use crate::ingest::die_and_return;
use crate::world::{conversations, messages, string, until};

const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
const TOKEN: &str = "a-token-of-our-own";
const SENDER: &str = "whatsapp:+14155550100";
const CUSTOMERS: u64 = 6;
const MESSAGES: u64 = 10;

fn line() -> String {
    format!("{ACCOUNT}/{SENDER}")
}

fn number_of(customer: u64) -> String {
    format!("2547330{customer:05}")
}

/// A provider whose calls take long enough that many a kill meets one under way, and which loses some answers.
fn provider() -> TwilioSimulator {
    let simulator = TwilioSimulator::start(TwilioConfig {
        sent: Delay::new(0, 40),
        delivered: Delay::new(0, 80),
        ..TwilioConfig::default()
    });
    let simulator = simulator.expect("a free port");
    simulator
        .add_sender(SenderConfig::new(ACCOUNT, TOKEN, SENDER))
        .expect("a sender");
    let faults = ContentFaults {
        delay_ms: 30,
        drop_answers: 3,
        ..ContentFaults::default()
    };
    simulator.set_content_faults(ACCOUNT, faults).expect("an account");
    let slow = Faults {
        answer_delay: Delay::new(5, 40),
        ..Faults::default()
    };
    simulator.set_faults_of(&line(), slow).expect("a line");
    simulator
}

async fn connect(owner: &Client, simulator: &TwilioSimulator, desk: &Desk) {
    let settings = json!({"account_sid": ACCOUNT, "from": SENDER, "api_base": simulator.base_url()});
    let body = json!({"provider": "twilio", "name": "Twilio", "settings": settings, "secrets": {"auth_token": TOKEN}});
    let channel = owner.post("/api/v1/channels", &body).await.expect(201);
    simulator.deliver_to(&desk.base());
    simulator
        .set_webhook(&line(), channel["webhook_url"].as_str())
        .expect("a line");
}

/// Posts questions whose labels nobody else has, each until it is taken.
async fn agent(owner: Client, conversation: String, customer: u64) {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for n in 0..MESSAGES {
        // Every other one shares its shape with another customer's.
        let title = format!("T{}-{n}", customer / 2);
        let body = json!({"type": "interactive", "interactive": {"type": "button",
            "body": {"text": format!("question {customer}-{n}")},
            "action": {"buttons": [{"type": "reply", "reply": {"id": title, "title": title}}]}}});
        let end = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let request = owner.request(reqwest::Method::POST, &path);
            let request = request.header("idempotency-key", format!("{conversation}-{n}"));
            match request.json(&body).send().await {
                Ok(answer) if answer.status() == 202 => break,
                Ok(answer) => assert_eq!(answer.status(), 503),
                Err(_) => {}
            }
            assert!(tokio::time::Instant::now() < end, "never taken");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn phone_shows(simulator: &TwilioSimulator, customer: &str) -> Vec<String> {
    let entries = simulator.transcript(&line(), customer).into_iter();
    let ours = entries.filter(|entry| entry.direction == Direction::FromBusiness);
    ours.map(|entry| string(&entry.content["body"]["text"])).collect()
}

fn words(message: &Value) -> String {
    string(&message["interactive"]["body"]["text"])
}

/// The messages of ours once each has arrived, or nobody can know and the phone has it not.
async fn settled(
    owner: &Client,
    conversation: &str,
    simulator: &TwilioSimulator,
    number: &str,
) -> Vec<Value> {
    until("end of all sends", async || {
        let found = messages(owner, conversation).await.into_iter();
        let ours: Vec<Value> = found.filter(|it| it["direction"] == "outbound").collect();
        let phone = phone_shows(simulator, number);
        let is_final = |message: &Value| match message["status"].as_str() {
            Some("delivered" | "read") => phone.contains(&words(message)),
            Some("doubtful") => !phone.contains(&words(message)),
            _ => false,
        };
        ours.iter().all(is_final).then_some(ours)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_content_is_made_twice_and_no_message_sent_twice() {
    let dice = Arc::new(Dice::new("contents"));
    let mut desk = Desk::started();
    let simulator = provider();
    let owner = desk.owner().await;
    connect(&owner, &simulator, &desk).await;
    for customer in 0..CUSTOMERS {
        let who = Customer::new(&number_of(customer), "Amina");
        simulator
            .customer_says(&line(), &who, CustomerMessage::text("hello"))
            .expect("a line");
    }
    let known: BTreeMap<String, String> = until("conversations", async || {
        let known = conversations(&owner).await;
        (known.len() as u64 == CUSTOMERS).then_some(known)
    })
    .await;
    let agents: Vec<_> = (0..CUSTOMERS)
        .map(|customer| {
            let conversation = known[&number_of(customer)].clone();
            tokio::spawn(agent(owner.clone(), conversation, customer))
        })
        .collect();
    for _ in 0..rounds() {
        tokio::time::sleep(dice.millis(50, 500)).await;
        tokio::task::block_in_place(|| die_and_return(&mut desk, &dice));
    }
    for agent in agents {
        agent.await.expect("every question is taken in the end");
    }
    for (number, conversation) in &known {
        let ours = settled(&owner, conversation, &simulator, number).await;
        assert_eq!(ours.len() as u64, MESSAGES);
        let phone = phone_shows(&simulator, number);
        let distinct: BTreeSet<&String> = phone.iter().collect();
        assert_eq!(distinct.len(), phone.len(), "nothing twice: {phone:?}");
    }
    let names: Vec<String> = simulator
        .contents(ACCOUNT)
        .into_iter()
        .map(|(_, name, _)| name)
        .collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "one content for each shape");
    assert!(names.len() as u64 <= CUSTOMERS / 2 * MESSAGES);
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
    simulator.stop().await;
}
