//! Killed while customers' files are being fetched, and while ours are uploaded and given to the provider.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::sandbox::{Customer, CustomerMessage, Simulator, Upload};
use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::Client;
use crate::desk::Desk;
use crate::dice::{Dice, rounds};
use crate::ingest::die_and_return;
use crate::meta::NUMBER;
use crate::sending::{is_final, provider};
use crate::world::{add_channel, conversations, messages, string, until};

const CUSTOMERS: u64 = 4;
const PICTURES: u64 = 6;
const OURS: u64 = 5;

/// A picture of about a megabyte, unlike every other.
fn picture(n: u64) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(64, 48)
        .write_to(&mut out, ImageFormat::Png)
        .expect("a picture");
    let mut bytes = out.into_inner();
    // What stands behind a picture's end is nobody's business.
    bytes.extend(std::iter::repeat_n(n.to_be_bytes(), 120_000).flatten());
    bytes
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Posts until it is taken.
async fn insist(owner: &Client, path: &str, key: &str, kind: &str, body: Vec<u8>, status: u16) -> Value {
    let end = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(answer) = post(owner, path, key, kind, body.clone(), status).await {
            return answer;
        }
        assert!(tokio::time::Instant::now() < end, "never taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn post(
    owner: &Client,
    path: &str,
    key: &str,
    kind: &str,
    body: Vec<u8>,
    status: u16,
) -> Option<Value> {
    let request = owner
        .request(reqwest::Method::POST, path)
        .header("content-type", kind);
    let answer = request
        .header("idempotency-key", key)
        .body(body)
        .send()
        .await
        .ok()?;
    let got = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    // A file that is being written when the writer ends is told as not having come whole.
    assert!(
        got == status || got == 503 || got == 500 || got == 400,
        "{got} {text}"
    );
    (got == status).then(|| serde_json::from_str(&text).expect("JSON"))
}

/// Uploads pictures and sends each, insisting until it is taken. Answers the messages' ids.
async fn agent(owner: Client, conversation: String, customer: u64) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..OURS {
        let bytes = picture(10_000 + customer * 100 + n);
        let given = insist(&owner, "/api/v1/media", "none", "image/png", bytes, 201).await;
        let body = json!({ "type": "image", "image": { "media_id": given["media_id"] } }).to_string();
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let key = format!("{conversation}-{n}");
        let taken = insist(&owner, &path, &key, "application/json", body.into_bytes(), 202).await;
        ids.push(string(&taken["id"]));
    }
    ids
}

async fn everybody_shows(simulator: &Simulator, owner: &Client) -> Vec<(String, BTreeSet<String>)> {
    let mut sums = Vec::new();
    for customer in 0..CUSTOMERS {
        let person = Customer::new(&format!("2547330{customer:05}"), "Amina");
        let mut theirs = BTreeSet::new();
        for n in 0..PICTURES {
            let bytes = picture(customer * 100 + n);
            theirs.insert(sum(&bytes));
            let said = CustomerMessage::media("image", Upload::new("image/png", bytes));
            simulator
                .customer_says(NUMBER, &person, said)
                .expect("a known number");
        }
        sums.push((format!("2547330{customer:05}"), theirs));
    }
    let known = until("conversations", async || {
        let known = conversations(owner).await;
        (known.len() as u64 == CUSTOMERS).then_some(known)
    })
    .await;
    let found = sums
        .into_iter()
        .map(|(number, sums)| (known[&number].clone(), sums));
    found.collect()
}

fn unfinished(desk: &Desk) -> usize {
    std::fs::read_dir(desk.data().join("media/unfinished")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_file_comes_whole_and_goes_once() {
    let dice = Arc::new(Dice::new("media"));
    let mut desk = Desk::started();
    let simulator = provider(&desk);
    let owner = desk.owner().await;
    add_channel(&owner, simulator.base_url()).await;
    let known = everybody_shows(&simulator, &owner).await;
    let agents: Vec<_> = (0..)
        .zip(&known)
        .map(|(customer, (conversation, _))| {
            tokio::spawn(agent(owner.clone(), conversation.clone(), customer))
        })
        .collect();
    for _ in 0..rounds() {
        tokio::time::sleep(dice.millis(100, 900)).await;
        tokio::task::block_in_place(|| die_and_return(&mut desk, &dice));
    }
    for ((conversation, sums), agent) in known.iter().zip(agents) {
        let ids = agent.await.expect("everything is taken in the end");
        let settled = until("end of all files", async || {
            let all = messages(&owner, conversation).await;
            let (theirs, ours): (Vec<Value>, Vec<Value>) = all
                .into_iter()
                .partition(|message| message["direction"] == "inbound");
            let fetched = theirs
                .iter()
                .all(|message| message["media"][0]["state"] == "stored");
            let gone = ours.iter().all(|message| is_final(&simulator, message));
            (fetched && gone && theirs.len() as u64 == PICTURES).then_some((theirs, ours))
        });
        let (theirs, ours) = settled.await;
        let found: BTreeSet<String> = theirs
            .iter()
            .map(|message| string(&message["media"][0]["sha256"]))
            .collect();
        assert_eq!(&found, sums, "each picture, whole");
        let found: Vec<String> = ours.iter().map(|message| string(&message["id"])).collect();
        assert_eq!(found, ids, "each of ours once, in order");
        for message in theirs.iter().chain(&ours) {
            let path = string(&message["media"][0]["url"]);
            let read = owner
                .request(reqwest::Method::GET, &path)
                .send()
                .await
                .expect("an answer");
            let bytes = read.bytes().await.expect("whole");
            assert_eq!(sum(&bytes), string(&message["media"][0]["sha256"]));
        }
    }
    assert_eq!(simulator.doubled_callbacks(), [], "nothing went out twice");
    assert_eq!(unfinished(&desk), 0, "nothing half is left");
    tokio::task::block_in_place(|| desk.stop());
    desk.verify();
    simulator.stop().await;
}
