//! The sandbox phone: customers who write, read and misbehave on request, in two workspaces with the same people.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const PHONE: &str = "15550123456";

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

/// A sandbox channel, once the simulator plays it.
async fn sandbox(client: &Client, name: &str) -> String {
    let body = json!({ "provider": "sandbox", "name": name });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let id = channel["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&path).await.status == 200).await;
    id
}

async fn add(client: &Client, name: &str) -> Value {
    let body = json!({ "name": name, "phone": format!("+{PHONE}"), "language": "sw" });
    client.post("/api/v1/sandbox/customers", &body).await.expect(201)
}

/// Waits for something that the program does by itself. The condition is asked anew every few milliseconds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}

fn at(rest: &str) -> String {
    format!("/api/v1/sandbox/customers/{PHONE}{rest}")
}

async fn say(client: &Client, body: &Value) -> Value {
    client.post(&at("/messages"), body).await.expect(201)
}

async fn chat(client: &Client) -> Vec<Value> {
    let page = client.get(&at("/messages")).await.expect(200);
    page["items"].as_array().expect("a list").clone()
}

/// The only conversation of a workspace, once it has `count` messages.
async fn conversation(client: &Client, count: usize) -> (String, Vec<Value>) {
    let mut found = (String::new(), Vec::new());
    until(async || {
        let page = client.get("/api/v1/conversations").await.expect(200);
        let Some(id) = page["items"][0]["id"].as_str() else {
            return false;
        };
        let path = format!("/api/v1/conversations/{id}/messages");
        let messages = client.get(&path).await.expect(200);
        let messages = messages["items"].as_array().expect("a list").clone();
        found = (id.to_owned(), messages);
        found.1.len() >= count
    })
    .await;
    found
}

async fn reply(client: &Client, conversation: &str, text: &str, key: &str) -> String {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = client.request(Method::POST, &path).header("idempotency-key", key);
    let body = json!({ "type": "text", "text": { "body": text } });
    let message = Answer::of(request.json(&body)).await.expect(202);
    message["id"].as_str().expect("an id").to_owned()
}

async fn status_of(client: &Client, conversation: &str, id: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let messages = client.get(&path).await.expect(200);
    let messages = messages["items"].as_array().expect("a list").clone();
    let found = messages.into_iter().find(|message| message["id"] == id);
    found.map_or(Value::Null, |message| message["status"].clone())
}

#[actix_web::test]
async fn a_workspace_without_sandbox_is_told_what_to_do() {
    let app = TestApp::start().await;
    for path in [
        "/api/v1/sandbox/customers",
        "/api/v1/sandbox/faults",
        &at("/messages"),
    ] {
        let problem = app.a.agent.get(path).await.expect_problem(404, "not_found");
        assert!(
            problem["detail"]
                .as_str()
                .expect("text")
                .contains("Add a channel")
        );
    }
}

#[actix_web::test]
async fn a_customer_writes_reads_and_reacts() {
    let app = TestApp::start().await;
    let agent = &app.a.agent;
    sandbox(&app.a.owner, "Phone").await;
    let customer = add(agent, "Amina").await;
    assert_eq!(
        (&customer["wa_id"], &customer["language"]),
        (&json!(PHONE), &json!("sw"))
    );
    put(agent, &at("/behaviour"), &json!({ "read": "manual" }))
        .await
        .expect(200);
    let first = say(
        agent,
        &json!({ "type": "text", "text": { "body": "Do you have mandazi?" } }),
    )
    .await;
    say(
        agent,
        &json!({ "type": "image", "image": { "sample": "cake", "caption": "Or this?" } }),
    )
    .await;
    say(
        agent,
        &json!({ "type": "location", "location": { "latitude": -1.28, "longitude": 36.8, "name": "Here" } }),
    )
    .await;
    let (id, messages) = conversation(agent, 3).await;
    let kinds: Vec<_> = messages
        .iter()
        .rev()
        .map(|message| message["type"].clone())
        .collect();
    assert_eq!(kinds, ["text", "image", "location"]);
    assert_eq!(messages[2]["provider_message_id"], first["id"]);
    let ours = reply(agent, &id, "We do!", "1").await;
    until(async || status_of(agent, &id, &ours).await == "delivered").await;
    let listed = agent.get("/api/v1/sandbox/customers").await.expect(200);
    assert_eq!(listed["items"][0]["unread"], 1, "{listed}");
    assert_eq!(listed["items"][0]["last_message"]["preview"], "We do!");
    assert_eq!(agent.post(&at("/typing"), &json!({})).await.status, 204);
    assert_eq!(agent.post(&at("/read"), &json!({})).await.status, 204);
    until(async || status_of(agent, &id, &ours).await == "read").await;
    let shown = chat(agent).await;
    assert_eq!(
        (&shown[0]["direction"], &shown[0]["status"]),
        (&json!("outbound"), &json!("read"))
    );
    let wamid = shown[0]["id"].clone();
    say(
        agent,
        &json!({ "type": "reaction", "reaction": { "message_id": wamid, "emoji": "🙏" } }),
    )
    .await;
    say(
        agent,
        &json!({ "type": "text", "text": { "body": "Two please" }, "context_id": wamid }),
    )
    .await;
    let shown = chat(agent).await;
    assert_eq!(shown[0]["context_id"], wamid);
    assert_eq!(
        shown[1]["reactions"],
        json!([{ "emoji": "🙏", "direction": "inbound" }])
    );
    let (_, messages) = conversation(agent, 5).await;
    assert_eq!(messages[0]["context"]["provider_message_id"], wamid);
    let page = agent.get(&at("/messages?limit=2")).await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let rest = agent
        .get(&at(&format!("/messages?limit=100&cursor={cursor}")))
        .await
        .expect(200);
    assert_eq!(rest["items"].as_array().expect("a list").len(), shown.len() - 2);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[actix_web::test]
async fn refusal_silence_and_faults_are_had_on_request() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    sandbox(owner, "Phone").await;
    add(owner, "Amina").await;
    say(owner, &json!({ "type": "text", "text": { "body": "Hello" } })).await;
    let (id, _) = conversation(owner, 1).await;

    put(owner, &at("/behaviour"), &json!({ "offline": true }))
        .await
        .expect(200);
    let waits = reply(owner, &id, "Are you there?", "1").await;
    until(async || status_of(owner, &id, &waits).await == "sent").await;
    put(owner, &at("/behaviour"), &json!({})).await.expect(200);
    until(async || status_of(owner, &id, &waits).await == "read").await;

    put(owner, &at("/behaviour"), &json!({ "refuse": true }))
        .await
        .expect(200);
    let refused = reply(owner, &id, "Not for you", "2").await;
    until(async || status_of(owner, &id, &refused).await == "failed").await;
    assert_eq!(chat(owner).await[0]["error"]["code"], 131_026);

    put(owner, &at("/behaviour"), &json!({})).await.expect(200);
    let faults = json!({ "refuse_next": 1, "duplicate_webhooks": true });
    let set = put(owner, "/api/v1/sandbox/faults", &faults).await.expect(200);
    assert_eq!(
        (&set["refuse_next"], &set["duplicate_webhooks"]),
        (&json!(1), &json!(true))
    );
    let refused = reply(owner, &id, "Fails once", "3").await;
    until(async || status_of(owner, &id, &refused).await == "failed").await;
    let counted = owner.get("/api/v1/sandbox/faults").await.expect(200);
    assert_eq!(counted["refuse_next"], 0, "counts down");

    let answers = json!({ "auto_reply": true });
    put(owner, &at("/behaviour"), &answers).await.expect(200);
    let before = conversation(owner, 0).await.1.len();
    reply(owner, &id, "Please answer", "4").await;
    conversation(owner, before + 2).await;

    for (body, field) in [
        (json!({ "delay_ms": 600_001 }), "delay_ms"),
        (json!({ "read": "sometimes" }), "read"),
        (json!({ "mood": "good" }), "mood"),
    ] {
        let problem = put(owner, &at("/behaviour"), &body).await.problem();
        assert_eq!(
            (&problem["status"], &problem["field"]),
            (&json!(422), &json!(field))
        );
    }
    let agent = put(&app.a.agent, "/api/v1/sandbox/faults", &faults).await;
    agent.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn two_workspaces_with_the_same_person_see_their_own() {
    let app = TestApp::start().await;
    let (a, b) = (&app.a.owner, &app.b.owner);
    let channel_a = sandbox(a, "A").await;
    sandbox(b, "B").await;
    add(a, "Amina of alpha").await;
    let missing = b.get("/api/v1/sandbox/customers").await.expect(200);
    assert_eq!(missing["items"], json!([]));
    for path in ["", "/messages"] {
        b.get(&at(path)).await.expect_problem(404, "not_found");
    }
    for path in ["/read", "/typing"] {
        b.post(&at(path), &json!({}))
            .await
            .expect_problem(404, "not_found");
    }
    put(b, &at("/behaviour"), &json!({ "refuse": true }))
        .await
        .expect_problem(404, "not_found");

    add(b, "Amina of beta").await;
    put(
        b,
        &at("/behaviour"),
        &json!({ "read": "never", "auto_reply": true }),
    )
    .await
    .expect(200);
    put(b, "/api/v1/sandbox/faults", &json!({ "down": true }))
        .await
        .expect(200);
    let hello = |whose: &str| json!({ "type": "text", "text": { "body": format!("To {whose}") } });
    say(a, &hello("alpha")).await;
    say(b, &hello("beta")).await;
    let seen = a.get("/api/v1/sandbox/customers").await.expect(200);
    assert_eq!(seen["items"][0]["name"], "Amina of alpha");
    assert_eq!(seen["items"][0]["behaviour"]["read"], "auto");
    let texts: Vec<_> = chat(a)
        .await
        .iter()
        .map(|message| message["text"]["body"].clone())
        .collect();
    assert_eq!(texts, ["To alpha"]);
    let (id, _) = conversation(a, 1).await;
    let shown = a.get(&format!("/api/v1/conversations/{id}")).await.expect(200);
    assert_eq!(shown["contact"]["name"], "Amina of alpha");
    let ours = reply(a, &id, "Hello", "1").await;
    until(async || status_of(a, &id, &ours).await == "read").await;

    // Of another workspace's channel nothing can be had, not even that it exists.
    for path in [
        "/api/v1/sandbox/customers",
        "/api/v1/sandbox/faults",
        &at("/messages"),
    ] {
        let foreign = b.get(&format!("{path}?channel_id={channel_a}")).await;
        foreign.expect_problem(404, "not_found");
    }
    let foreign = format!("/api/v1/sandbox/faults?channel_id={channel_a}");
    put(b, &foreign, &json!({ "down": true }))
        .await
        .expect_problem(404, "not_found");
    let faults = a.get("/api/v1/sandbox/faults").await.expect(200);
    assert_eq!(faults["down"], false);
}

#[actix_web::test]
async fn the_customer_sees_that_their_message_was_read_unless_it_is_switched_off() {
    let app = TestApp::start().await;
    let agent = &app.a.agent;
    let channel = sandbox(&app.a.owner, "Phone").await;
    add(agent, "Amina").await;
    say(agent, &json!({ "type": "text", "text": { "body": "hello" } })).await;
    let (id, _) = conversation(agent, 1).await;
    let switch = |value: &str| json!({ "settings": { "read_receipts": value } });
    let place = format!("/api/v1/channels/{channel}");
    app.a.owner.patch(&place, &switch("maybe")).await.problem();
    app.a.owner.patch(&place, &switch("off")).await.expect(200);
    let read = format!("/api/v1/conversations/{id}/read");
    agent.post(&read, &json!({})).await.expect(200);
    let marks = || app.app.simulators.whatsapp.counters().read_marks;
    app.a.owner.patch(&place, &switch("on")).await.expect(200);
    assert_eq!(marks(), 0, "it was switched off");
    agent.post(&read, &json!({})).await.expect(200);
    until(async || marks() == 1).await;
}
