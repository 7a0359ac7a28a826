//! Opt-out: heard, proven, heeded before anything that waits can go out, and kept apart between workspaces.

use std::time::Duration;

use frontdesk::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::{add_channel, entry, post, wait_for};
use crate::common::{Answer, Client, TestApp};

/// One entry of another kind of change.
fn change(number: &str, field: &str, value: Value) -> Value {
    let mut value = value;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "15550001111", "phone_number_id": number});
    json!({"id": format!("9{number}"), "changes": [{"field": field, "value": value}]})
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).await.expect(200)["items"]
        .as_array()
        .expect("a list")
        .clone()
}

/// The conversation that a customer's first message began, and their contact.
async fn begin(app: &TestApp, client: &Client, number: &str) -> (String, String) {
    post(
        app,
        &format!("secret-{number}"),
        &[entry(number, &format!("wamid.first.{number}"), "hello")],
    )
    .await;
    let is_there = |list: &Value| list["items"][0]["last_message"].is_object();
    let list = wait_for(client, "/api/v1/conversations", is_there).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    (
        text(&list["items"][0]["id"]),
        text(&list["items"][0]["contact"]["id"]),
    )
}

async fn say(client: &Client, conversation: &str, text: &str, key: &str) -> Answer {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = client.request(Method::POST, &path).header("idempotency-key", key);
    Answer::of(request.json(&json!({"type": "text", "text": {"body": text}}))).await
}

async fn consent_of(client: &Client, contact: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/contacts/{contact}/consents");
    let found = wait_for(client, &path, |list| wished(&list["items"][0])).await;
    found["items"][0].clone()
}

#[actix_web::test]
async fn stop_gives_up_what_waits_and_only_answers_go_out_afterwards() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let channel = add_channel(owner, "whatsapp_cloud", "7001", "secret-7001").await;
    add_channel(&app.b.owner, "whatsapp_cloud", "7002", "secret-7002").await;
    let (conversation, contact) = begin(&app, owner, "7001").await;
    let (_, stranger) = begin(&app, &app.b.owner, "7002").await;
    // Nobody listens at the provider: both wait.
    for key in ["one", "two"] {
        say(agent, &conversation, key, key).await.expect(202);
    }
    post(&app, "secret-7001", &[entry("7001", "wamid.stop", " Stop! ")]).await;
    let consent = consent_of(agent, &contact, |it| it["permission"] == "nothing").await;
    assert_eq!(consent["channel_id"], channel["id"]);
    assert_eq!(
        (&consent["replies_allowed"], &consent["marketing_allowed"]),
        (&json!(false), &json!(false))
    );
    let proof = &consent["history"][0];
    assert_eq!(
        (&proof["source"], &proof["note"]),
        (&json!("keyword"), &json!(" Stop! "))
    );
    let messages = items(agent, &format!("/api/v1/conversations/{conversation}/messages")).await;
    let stop = messages
        .iter()
        .find(|it| it["provider_message_id"] == "wamid.stop")
        .expect("kept");
    assert_eq!(proof["proof_message_id"], stop["id"]);
    for text in ["one", "two"] {
        let message = messages
            .iter()
            .find(|it| it["text"]["body"] == text)
            .expect("kept");
        assert_eq!(
            (&message["status"], &message["error"]["code"]),
            (&json!("failed"), &json!("opted_out"))
        );
    }
    let confirmation = &messages[0];
    assert_eq!(
        (&confirmation["author"]["kind"], &confirmation["status"]),
        (&json!("system"), &json!("queued"))
    );

    let refused = say(agent, &conversation, "three", "three")
        .await
        .expect_problem(409, "opted_out");
    assert!(
        refused["alternatives"]
            .as_array()
            .is_some_and(|list| list.len() >= 2),
        "{refused}"
    );
    // They write again: an answer is welcome, and START brings everything back.
    post(
        &app,
        "secret-7001",
        &[entry("7001", "wamid.again", "and where is my cake?")],
    )
    .await;
    consent_of(agent, &contact, |it| it["replies_allowed"] == true).await;
    say(agent, &conversation, "on its way", "four").await.expect(202);
    post(&app, "secret-7001", &[entry("7001", "wamid.start", "START")]).await;
    let back = consent_of(agent, &contact, |it| it["permission"] == "opted_in").await;
    assert_eq!(back["history"].as_array().map(Vec::len), Some(2));
    // The same person in the other workspace never said so.
    let other = consent_of(&app.b.owner, &stranger, |_| true).await;
    assert_eq!(
        (&other["permission"], &other["replies_allowed"]),
        (&json!("unknown"), &json!(true))
    );
}

#[actix_web::test]
async fn the_same_stop_twice_is_confirmed_once_and_sentences_are_no_keywords() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "7001", "secret-7001").await;
    let (conversation, contact) = begin(&app, owner, "7001").await;
    let entries = [
        entry("7001", "wamid.1", "please do not stop the order"),
        entry("7001", "wamid.2", "acha"),
        entry("7001", "wamid.2", "acha"),
        entry("7001", "wamid.3", "STOP"),
    ];
    post(&app, "secret-7001", &entries).await;
    let consent = consent_of(owner, &contact, |it| {
        it["history"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    assert_eq!(consent["permission"], "nothing");
    let messages = items(owner, &format!("/api/v1/conversations/{conversation}/messages")).await;
    let by_us = messages
        .iter()
        .filter(|it| it["author"]["kind"] == "system")
        .collect::<Vec<_>>();
    assert_eq!(by_us.len(), 1, "{messages:?}");
    let text = by_us[0]["text"]["body"].as_str().expect("a text");
    assert!(
        text.contains("Hutapokea"),
        "a Swahili word is answered in Swahili: {text}"
    );
}

#[actix_web::test]
async fn whatsapps_own_switch_is_about_marketing() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "7001", "secret-7001").await;
    let (conversation, contact) = begin(&app, owner, "7001").await;
    let now = Clock::System.now().0 / 1_000_000;
    let switch = |value: &str| {
        change(
            "7001",
            "user_preferences",
            json!({"user_preferences": [{
                "wa_id": "15550002222", "detail": "User requested it", "category": "marketing_messages",
                "value": value, "timestamp": now,
            }]}),
        )
    };
    post(&app, "secret-7001", &[switch("stop")]).await;
    let consent = consent_of(owner, &contact, |it| it["permission"] == "no_marketing").await;
    assert_eq!(
        (&consent["marketing_allowed"], &consent["replies_allowed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(consent["history"][0]["source"], "provider");
    say(owner, &conversation, "your order is ready", "k")
        .await
        .expect(202);
    post(&app, "secret-7001", &[switch("resume")]).await;
    consent_of(owner, &contact, |it| it["permission"] == "opted_in").await;
    // Meta did not hear our first answer and tells the first choice once more.
    post(&app, "secret-7001", &[switch("stop")]).await;
    let worked_in = |list: &Value| list["items"].as_array().is_some_and(Vec::is_empty);
    wait_for(owner, "/api/v1/raw-events?state=pending&limit=1", worked_in).await;
    consent_of(owner, &contact, |it| it["permission"] == "opted_in").await;
    let notices = items(owner, "/api/v1/notices").await;
    assert!(
        notices.iter().all(|notice| notice["kind"] == "preferences") && notices.len() == 2,
        "{notices:?}"
    );
}

#[actix_web::test]
async fn the_team_records_consent_with_a_reason_and_only_its_own() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let channel = add_channel(owner, "whatsapp_cloud", "7001", "secret-7001").await;
    let foreign = add_channel(&app.b.owner, "whatsapp_cloud", "7002", "secret-7002").await;
    let (conversation, contact) = begin(&app, owner, "7001").await;
    say(agent, &conversation, "waits", "waits").await.expect(202);
    let path = format!("/api/v1/contacts/{contact}/consents");
    let body = |permission: &str, reason: &str| json!({"channel_id": channel["id"], "permission": permission, "reason": reason});
    for (wrong, field) in [
        (body("nothing", "  "), "reason"),
        (body("maybe", "x"), "permission"),
        (
            json!({"channel_id": foreign["id"], "permission": "nothing", "reason": "x"}),
            "channel_id",
        ),
        (
            json!({"channel_id": channel["id"], "permission": "nothing", "reason": "x", "proof_message_id": "y"}),
            "proof_message_id",
        ),
    ] {
        let answer = agent.post(&path, &wrong).await;
        assert_eq!(
            (answer.status, &answer.problem()["field"]),
            (422, &json!(field)),
            "{}",
            answer.text
        );
    }
    app.b
        .owner
        .post(&path, &body("nothing", "mine"))
        .await
        .expect_problem(404, "not_found");
    app.b.owner.get(&path).await.expect_problem(404, "not_found");
    let view = agent
        .post(&path, &body("nothing", "called the shop"))
        .await
        .expect(200);
    let change = &view["history"][0];
    assert_eq!(
        (&change["source"], &change["by"], &change["note"]),
        (
            &json!("agent"),
            &json!("Agent of alpha"),
            &json!("called the shop")
        )
    );
    let messages = items(agent, &format!("/api/v1/conversations/{conversation}/messages")).await;
    let waited = messages
        .iter()
        .find(|it| it["text"]["body"] == "waits")
        .expect("kept");
    assert_eq!(waited["status"], "failed");
    say(agent, &conversation, "no", "no")
        .await
        .expect_problem(409, "opted_out");
    agent
        .post(&path, &body("opted_in", "signed the form"))
        .await
        .expect(200);
    say(agent, &conversation, "yes", "yes").await.expect(202);
}

#[actix_web::test]
async fn owners_say_how_keywords_are_heeded() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "7001", "secret-7001").await;
    let (conversation, contact) = begin(&app, owner, "7001").await;
    let path = "/api/v1/settings/consent";
    let put = |client: &Client, body: Value| Answer::of(client.request(Method::PUT, path).json(&body));
    let settings = json!({
        "stop_means": "no_marketing", "confirms": true, "answers_help": true, "stop_reply": "Bye!",
        "start_reply": null, "help_reply": "Ask us anything.", "extra_stop": ["Genug jetzt!"],
    });
    put(&app.a.agent, settings.clone())
        .await
        .expect_problem(403, "forbidden");
    let mut wrong = settings.clone();
    wrong["stop_means"] = json!("opted_in");
    assert_eq!(put(owner, wrong).await.problem()["field"], "stop_means");
    assert_eq!(put(owner, settings.clone()).await.expect(200), settings);
    assert_eq!(
        app.b.owner.get(path).await.expect(200)["stop_means"],
        "nothing",
        "the other workspace's are its own"
    );
    let entries = [
        entry("7001", "wamid.1", "help"),
        entry("7001", "wamid.2", "genug jetzt"),
    ];
    post(&app, "secret-7001", &entries).await;
    consent_of(owner, &contact, |it| it["permission"] == "no_marketing").await;
    let messages = items(owner, &format!("/api/v1/conversations/{conversation}/messages")).await;
    let texts: Vec<&str> = messages
        .iter()
        .filter_map(|it| it["text"]["body"].as_str())
        .collect();
    assert_eq!(&texts[..4], ["Bye!", "genug jetzt", "Ask us anything.", "help"]);
}

/// The other way round: what is on its way when the customer says STOP is stopped by the dispatcher itself.
#[actix_web::test]
async fn nothing_leaves_a_sandbox_channel_after_stop() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let channel = owner
        .post("/api/v1/channels", &json!({"provider": "sandbox", "name": "Try"}))
        .await
        .expect(201);
    let id = channel["id"].as_str().expect("an id");
    let faults = format!("/api/v1/sandbox/faults?channel_id={id}");
    let plays = async {
        while agent.get(&faults).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), plays)
        .await
        .expect("the simulator plays the number");
    owner
        .patch(
            &format!("/api/v1/channels/{id}"),
            &json!({"settings": {"rate_per_s": "1"}}),
        )
        .await
        .expect(200);
    let customer = json!({"name": "Amina", "phone": "+15550123456", "language": "en"});
    agent
        .post("/api/v1/sandbox/customers", &customer)
        .await
        .expect(201);
    let chat = "/api/v1/sandbox/customers/15550123456/messages";
    let written = |text: &str| json!({"type": "text", "text": {"body": text}});
    agent.post(chat, &written("hello")).await.expect(201);
    let list = wait_for(agent, "/api/v1/conversations", |list| {
        list["items"][0]["last_message"].is_object()
    })
    .await;
    let conversation = list["items"][0]["id"].as_str().expect("an id").to_owned();
    // One a second: of thirty, most still wait when the customer has had enough.
    for n in 0..30 {
        say(agent, &conversation, &format!("offer {n}"), &format!("key-{n}"))
            .await
            .expect(202);
    }
    agent.post(chat, &written("STOP")).await.expect(201);
    let contact = list["items"][0]["contact"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    consent_of(agent, &contact, |it| it["permission"] == "nothing").await;
    let path = format!("/api/v1/conversations/{conversation}/messages?limit=100");
    let settled = wait_for(agent, &path, |list| {
        let items = list["items"].as_array().expect("a list");
        items.iter().all(|it| it["status"] != "queued")
    })
    .await;
    let all = settled["items"].as_array().expect("a list");
    let failed = all.iter().filter(|it| it["error"]["code"] == "opted_out").count();
    assert!(failed >= 25, "{failed} of 30 were stopped");
    let phone = items(agent, &format!("{chat}?limit=100")).await;
    let offers = phone
        .iter()
        .filter(|it| it.to_string().contains("offer "))
        .count();
    assert_eq!(offers + failed, 30, "what is shown as stopped never arrived");
    assert!(
        phone.iter().any(|it| it.to_string().contains("no more messages")),
        "the choice is confirmed"
    );
}
