//! SMS from a customer's phone to the inbox and back, and 360dialog's own entrance, in two workspaces.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const PHONE: &str = "14155550123";

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it happens in time");
}

/// An SMS sandbox with one customer, once the simulator plays it.
async fn sms(client: &Client) -> String {
    let body = json!({"provider": "sandbox_sms", "name": "Texts"});
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    assert_eq!(channel["capabilities"]["counts_segments"], true);
    assert_eq!(channel["capabilities"]["has_window"], false);
    let sends = channel["capabilities"]["sends"].to_string();
    assert!(
        !sends.contains("template") && !sends.contains("location"),
        "{sends}"
    );
    // An American number has MMS; templates, places and voice notes in Ogg have no way into a text message.
    let kinds: Vec<&str> = channel["media"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(|rule| rule["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["image", "video", "audio", "document"]);
    assert!(!channel["media"].to_string().contains("ogg"));
    assert_eq!(channel["capabilities"]["has_templates"], false);
    assert_eq!(channel["capabilities"]["limits"]["interactive"], json!([]));
    let id = channel["id"].as_str().expect("an id").to_owned();
    assert!(
        channel["webhook_url"]
            .as_str()
            .expect("text")
            .ends_with(&format!("/webhooks/twilio/{id}"))
    );
    let ready = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&ready).await.status == 200).await;
    let body = json!({"name": "Ana", "phone": format!("+{PHONE}")});
    client
        .post(&format!("/api/v1/sandbox/customers?channel_id={id}"), &body)
        .await
        .expect(201);
    id
}

#[actix_web::test]
async fn a_sender_without_mms_takes_texts_only() {
    let app = TestApp::start().await;
    let client = &app.a.owner;
    let settings = json!({"from": "+254700000100"});
    let body = json!({"provider": "sandbox_sms", "name": "Texts", "settings": settings});
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    assert_eq!(channel["capabilities"]["sends"], json!(["text"]));
    assert_eq!(channel["media"], json!([]));
    let id = channel["id"].as_str().expect("an id");
    let body = json!({"channel_id": id, "to": "+254700555010", "type": "image",
        "image": {"link": "https://shop.example/a.png"}});
    let refused = client.post("/api/v1/messages", &body).await;
    assert!(
        refused.json()["detail"].to_string().contains("no MMS"),
        "{refused:?}"
    );
    assert_eq!(refused.status, 422);
    let other = app.b.owner.get(&format!("/api/v1/channels/{id}")).await;
    assert_eq!(other.status, 404);
}

async fn say(client: &Client, channel: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/sandbox/customers/{PHONE}/messages?channel_id={channel}");
    client.post(&path, body).await
}

async fn thread(client: &Client, count: usize) -> (String, Vec<Value>) {
    let mut found = (String::new(), Vec::new());
    until(async || {
        let page = client.get("/api/v1/conversations").await.expect(200);
        let Some(id) = page["items"][0]["id"].as_str() else {
            return false;
        };
        let messages = client
            .get(&format!("/api/v1/conversations/{id}/messages"))
            .await
            .expect(200);
        found = (
            id.to_owned(),
            messages["items"].as_array().expect("a list").clone(),
        );
        found.1.len() >= count
    })
    .await;
    found
}

async fn send(client: &Client, conversation: &str, body: &Value, key: &str) -> Answer {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = client.request(Method::POST, &path).header("idempotency-key", key);
    Answer::of(request.json(body)).await
}

async fn status_of(client: &Client, conversation: &str, message: &str) -> Value {
    let messages = client
        .get(&format!("/api/v1/conversations/{conversation}/messages"))
        .await
        .expect(200);
    let items = messages["items"].as_array().expect("a list").clone();
    items
        .into_iter()
        .find(|item| item["id"] == message)
        .unwrap_or_default()
}

#[actix_web::test]
async fn sms_goes_round_and_stays_in_its_workspace() {
    let app = TestApp::start().await;
    let channel = sms(&app.a.owner).await;
    let other = sms(&app.b.owner).await;
    say(
        &app.a.owner,
        &channel,
        &json!({"type": "text", "text": {"body": "Are you open?"}}),
    )
    .await
    .expect(201);
    let (conversation, messages) = thread(&app.a.owner, 1).await;
    assert_eq!(messages[0]["text"]["body"], "Are you open?");
    assert_eq!(messages[0]["extra"]["segments"], 1);

    let body = json!({"type": "text", "text": {"body": "Until six."}});
    let sent = send(&app.a.owner, &conversation, &body, "one").await.expect(202);
    let id = sent["id"].as_str().expect("an id").to_owned();
    until(async || status_of(&app.a.owner, &conversation, &id).await["status"] == "delivered").await;
    let path = format!("/api/v1/sandbox/customers/{PHONE}/messages?channel_id={channel}");
    let phone = app.a.owner.get(&path).await.expect(200);
    assert_eq!(phone["items"][0]["text"]["body"], "Until six.");

    // What SMS cannot carry is refused before it is queued, and what the phone cannot play as well.
    let place = json!({"type": "location", "location": {"latitude": 1.0, "longitude": 2.0}});
    assert_eq!(send(&app.a.owner, &conversation, &place, "two").await.status, 422);
    assert_eq!(say(&app.a.owner, &channel, &place).await.status, 422);

    // The other workspace has the same customer and saw nothing of this.
    assert!(
        app.b.owner.get("/api/v1/conversations").await.expect(200)["items"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    assert_eq!(app.b.owner.get(&path).await.status, 404);
    assert_ne!(channel, other);
}

#[actix_web::test]
async fn whoever_said_stop_gets_no_more_and_lost_answers_are_settled_by_their_status() {
    let app = TestApp::start().await;
    let channel = sms(&app.a.owner).await;
    say(
        &app.a.owner,
        &channel,
        &json!({"type": "text", "text": {"body": "hello"}}),
    )
    .await
    .expect(201);
    let (conversation, _) = thread(&app.a.owner, 1).await;

    let faults = json!({"drop_answer_next": 1});
    let path = format!("/api/v1/sandbox/faults?channel_id={channel}");
    Answer::of(app.a.owner.request(Method::PUT, &path).json(&faults))
        .await
        .expect(200);
    let body = json!({"type": "text", "text": {"body": "The answer to this is lost."}});
    let sent = send(&app.a.owner, &conversation, &body, "lost").await.expect(202);
    let id = sent["id"].as_str().expect("an id").to_owned();
    until(async || status_of(&app.a.owner, &conversation, &id).await["status"] == "delivered").await;
    assert_eq!(app.app.simulators.sms.taken(), 1);

    say(
        &app.a.owner,
        &channel,
        &json!({"type": "text", "text": {"body": "STOP"}}),
    )
    .await
    .expect(201);
    thread(&app.a.owner, 3).await;
    let sent = send(
        &app.a.owner,
        &conversation,
        &json!({"type": "text", "text": {"body": "Sale!"}}),
        "sale",
    )
    .await;
    // Where consent is heeded before the send, it is refused at once; else Twilio refuses it.
    if sent.status == 202 {
        let id = sent.json()["id"].as_str().expect("an id").to_owned();
        until(async || status_of(&app.a.owner, &conversation, &id).await["status"] == "failed").await;
        let shown = status_of(&app.a.owner, &conversation, &id).await;
        let code = shown["error"]["code"].as_str().unwrap_or_default().to_owned();
        assert!(["21610", "opted_out"].contains(&code.as_str()), "{shown}");
    } else {
        assert_eq!(sent.status, 409);
    }
}

#[actix_web::test]
async fn what_twilio_answers_by_itself_is_recorded_and_not_answered_again() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = sms(owner).await;
    let mut count = 0;
    let mut says = async |text: &str| {
        say(owner, &channel, &json!({"type": "text", "text": {"body": text}}))
            .await
            .expect(201);
        count += 1;
        thread(owner, count).await
    };
    for (word, permission) in [
        ("hello", "unknown"),
        ("HELP", "unknown"),
        ("STOP", "nothing"),
        ("START", "opted_in"),
    ] {
        let (conversation, messages) = says(word).await;
        assert!(
            messages.iter().all(|message| message["direction"] == "inbound"),
            "{word}: {messages:?}"
        );
        let shown = owner
            .get(&format!("/api/v1/conversations/{conversation}"))
            .await
            .expect(200);
        let contact = shown["contact"]["id"].as_str().expect("an id").to_owned();
        let consent = owner
            .get(&format!("/api/v1/contacts/{contact}/consents"))
            .await
            .expect(200);
        assert_eq!(consent["items"][0]["permission"], permission, "{word}: {consent}");
    }
}

#[actix_web::test]
async fn only_twilio_gets_into_twilios_entrance() {
    let app = TestApp::start().await;
    let channel = sms(&app.a.owner).await;
    let url = format!("/webhooks/twilio/{channel}");
    let form = b"MessageSid=SM1&From=%2B14155550123&Body=hi".to_vec();
    let kind = "application/x-www-form-urlencoded";
    let anyone = &app.stranger;
    assert_eq!(
        anyone.raw(Method::POST, &url, kind, form.clone()).await.status,
        401
    );
    let request = anyone
        .request(Method::POST, &url)
        .header("x-twilio-signature", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
    assert_eq!(
        Answer::of(request.header("content-type", kind).body(form))
            .await
            .status,
        401
    );
    assert_eq!(anyone.get(&format!("{url}?MessageSid=SM1")).await.status, 401);
    assert!(
        app.a.owner.get("/api/v1/conversations").await.expect(200)["items"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
}

async fn dialog360(client: &Client, secret: &str) -> String {
    let body = json!({
        "provider": "dialog360", "name": "Shop",
        "settings": {"display_phone_number": "+254 700 555010", "api_base": "http://127.0.0.1:9"},
        "secrets": {"api_key": "key-of-the-shop", "webhook_secret": secret},
    });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    channel["id"].as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn dialog360_is_known_by_our_own_secret_and_speaks_old_and_new() {
    let app = TestApp::start().await;
    let channel = dialog360(&app.a.owner, "only-we-know-this").await;
    let other = dialog360(&app.b.owner, "another-secret").await;
    let anyone = &app.stranger;
    let post = async |channel: &str, secret: &str, body: &Value| {
        let request = anyone.request(Method::POST, &format!("/webhooks/360dialog/{channel}"));
        Answer::of(
            request
                .header("authorization", format!("Bearer {secret}"))
                .json(body),
        )
        .await
        .status
    };
    let legacy = json!({
        "contacts": [{"profile": {"name": "Zuri"}, "wa_id": "254700000001"}],
        "messages": [{"from": "254700000001", "id": "OLD.1", "timestamp": "1792400001", "type": "text", "text": {"body": "old"}}],
    });
    let cloud = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "9"},
        "contacts": [{"profile": {"name": "Zuri"}, "wa_id": "254700000001"}],
        "messages": [{"from": "254700000001", "id": "NEW.1", "timestamp": "1792400002", "type": "text", "text": {"body": "new"}}],
    }}]}]});
    assert_eq!(post(&channel, "wrong", &cloud).await, 401);
    assert_eq!(post(&other, "only-we-know-this", &cloud).await, 401);
    assert_eq!(post(&channel, "only-we-know-this", &legacy).await, 200);
    assert_eq!(post(&channel, "only-we-know-this", &cloud).await, 200);
    assert_eq!(post(&channel, "only-we-know-this", &cloud).await, 200);
    let (_, messages) = thread(&app.a.owner, 2).await;
    let texts: Vec<&str> = messages
        .iter()
        .filter_map(|message| message["text"]["body"].as_str())
        .collect();
    assert_eq!(texts, ["new", "old"]);
    assert!(
        app.b.owner.get("/api/v1/conversations").await.expect(200)["items"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
}

#[actix_web::test]
async fn a_lost_send_that_no_webhook_tells_of_is_found_in_twilios_list() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = sms(owner).await;
    say(
        owner,
        &channel,
        &json!({"type": "text", "text": {"body": "hello"}}),
    )
    .await
    .expect(201);
    let (conversation, _) = thread(owner, 1).await;
    // From now on every callback is lost, and the answer to the next send.
    app.app.simulators.sms.deliver_to("http://127.0.0.1:9");
    let path = format!("/api/v1/sandbox/faults?channel_id={channel}");
    let faults = json!({"drop_answer_next": 1});
    Answer::of(owner.request(Method::PUT, &path).json(&faults))
        .await
        .expect(200);
    let body = json!({"type": "text", "text": {"body": "Found again."}});
    let sent = send(owner, &conversation, &body, "lost").await.expect(202);
    let id = sent["id"].as_str().expect("an id").to_owned();
    until(async || status_of(owner, &conversation, &id).await["status"] == "doubtful").await;
    until(async || status_of(owner, &conversation, &id).await["status"] == "delivered").await;
    let found = status_of(owner, &conversation, &id).await;
    assert!(
        found["provider_message_id"]
            .as_str()
            .is_some_and(|sid| sid.starts_with("SM"))
    );
    assert_eq!(app.app.simulators.sms.taken(), 1, "nothing was sent twice");
}

#[actix_web::test]
async fn sms_are_counted_by_segment_once_and_stopped_by_the_budget() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = sms(owner).await;
    let prices = json!({"currency": "USD", "budget": "0.05", "warn_percent": 50, "hard_stop": true, "rates": [
        {"category": "sms", "country": "US", "from": "2020-01-01", "price": "0.01"}]});
    Answer::of(
        owner
            .request(Method::PUT, "/api/v1/settings/prices")
            .json(&prices),
    )
    .await
    .expect(200);
    say(
        owner,
        &channel,
        &json!({"type": "text", "text": {"body": "Are you open?"}}),
    )
    .await
    .expect(201);
    let (conversation, _) = thread(owner, 1).await;
    // Three segments, and two.
    for (key, text) in [("one", "a".repeat(307)), ("two", "ж".repeat(71))] {
        let body = json!({"type": "text", "text": {"body": text}});
        let sent = send(owner, &conversation, &body, key).await.expect(202);
        assert_eq!(sent["pricing"], Value::Null, "nobody has taken it yet");
        let id = sent["id"].as_str().expect("an id").to_owned();
        until(async || status_of(owner, &conversation, &id).await["status"] == "delivered").await;
        let pricing = status_of(owner, &conversation, &id).await["pricing"].clone();
        let units = if key == "one" { 3 } else { 2 };
        assert_eq!(
            (&pricing["category"], &pricing["type"], &pricing["units"]),
            (&json!("sms"), &json!("regular"), &json!(units))
        );
    }
    let usage = owner.get("/api/v1/usage").await.expect(200);
    assert_eq!(
        usage["by_category"],
        json!([{"key": "sms", "messages": 2, "charged": 2, "units": 5, "cost": "0.05"}]),
        "{usage}"
    );
    assert_eq!(usage["rows"][0]["country"], "US");
    let csv = owner.get("/api/v1/usage.csv").await;
    assert!(
        csv.text.contains(",sms,US,regular,2,0.05,\"USD\",5\r\n"),
        "{}",
        csv.text
    );
    // The sum is believed for some seconds.
    until(async || owner.get("/api/v1/usage/month").await.expect(200)["percent"] == 100).await;
    let body = json!({"type": "text", "text": {"body": "One more."}});
    let refused = send(owner, &conversation, &body, "three")
        .await
        .expect_problem(409, "budget_used_up");
    assert_eq!(refused["alternatives"][1]["kind"], "other_channel", "{refused}");
    until(async || {
        let alerts = owner.get("/api/v1/alerts").await.expect(200);
        alerts.to_string().contains("\"budget\"")
    })
    .await;
    let nothing = app.b.owner.get("/api/v1/usage").await.expect(200);
    assert_eq!(nothing["messages"], 0);
    let store = app.app.house.core.store.clone();
    let report = frontdesk::storage::verify::verify(&store, Default::default()).expect("readable");
    assert!(report.is_sound(), "{report}");
}

#[actix_web::test]
async fn an_address_of_its_own_answers_our_own_handshake() {
    let app = TestApp::start().await;
    let texts = sms(&app.a.owner).await;
    let shop = dialog360(&app.a.owner, "only-we-know-this").await;
    let anyone = &app.stranger;
    for place in [
        format!("/webhooks/twilio/{texts}"),
        format!("/webhooks/360dialog/{shop}"),
    ] {
        let answer = anyone.get(&format!("{place}?frontdesk.challenge=abc-1")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "abc-1"), "{place}");
        assert!(answer.header("content-type").starts_with("text/plain"));
        let answer = anyone.get(&format!("{place}?frontdesk.challenge=a%20b")).await;
        assert_eq!(answer.status, 400, "{place}");
        let (front, _) = place.rsplit_once('/').expect("a path");
        let stranger = format!("{front}/ch_01890000000070008000000000000000?frontdesk.challenge=a");
        assert_eq!(anyone.get(&stranger).await.status, 403, "{stranger}");
    }
    // It counts as no attempt to get in.
    assert_eq!(app.app.house.core.tally.read().bad_signatures, 0);
    let examined = app
        .a
        .owner
        .post(&format!("/api/v1/channels/{shop}/doctor"), &Value::Null)
        .await
        .expect(200);
    let checks = examined["checks"].as_array().expect("a list");
    let handshake = checks.iter().find(|check| check["name"] == "handshake");
    // The tests' public address is nobody's: that is told, and not passed over.
    assert_eq!(
        handshake.map(|check| &check["ok"]),
        Some(&json!(false)),
        "{examined}"
    );
}

#[actix_web::test]
async fn a_card_that_comes_as_a_file_becomes_a_contact_card() {
    let app = TestApp::start().await;
    let client = &app.a.owner;
    let channel = sms(client).await;
    // BEGIN:VCARD … FN:Nasra Abdi, TEL;TYPE=CELL:+254 722 000111 …
    let data = "QkVHSU46VkNBUkQNClZFUlNJT046My4wDQpGTjpOYXNyYSBBYmRpDQpURUw7VFlQRT1DRUxMOisyNTQgNzIyIDAwMDExMQ0KRU5EOlZDQVJEDQo=";
    let file = json!({"type": "document", "document": {"data": data, "mime_type": "text/vcard"}});
    say(client, &channel, &file).await.expect(201);
    let mut seen = Value::Null;
    until(async || {
        seen = thread(client, 1).await.1[0].clone();
        seen["contacts"][0]["name"]["formatted_name"] == "Nasra Abdi"
    })
    .await;
    assert_eq!(seen["type"], "contacts");
    assert_eq!(
        seen["contacts"][0]["phones"],
        json!([{"phone": "+254 722 000111", "type": "CELL"}])
    );
    until(async || {
        let page = client.get("/api/v1/conversations").await.expect(200);
        let found = client.get("/api/v1/search?q=Nasra").await.expect(200);
        seen = thread(client, 1).await.1[0].clone();
        page["items"][0]["last_message"]["preview"] == "Nasra Abdi"
            && found["items"].as_array().is_some_and(|hits| !hits.is_empty())
            && seen["media"][0]["state"] == "stored"
    })
    .await;
    let other = app.b.owner.get("/api/v1/search?q=Nasra").await.expect(200);
    assert_eq!(other["items"], json!([]));
}
