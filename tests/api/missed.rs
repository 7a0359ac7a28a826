//! Messages whose webhooks never came: asked of the provider at a start, or on demand, and worked in once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Client, Options, TestApp};
use frontdesk::sandbox::{
    ContentFaults, Customer, CustomerMessage, InstagramAccount, InstagramAction, InstagramConfig,
    InstagramCustomer, InstagramFaults, InstagramSimulator, PhoneBook, SenderConfig, TwilioConfig,
    TwilioSimulator, Upload,
};

const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
const TOKEN: &str = "a-token-of-our-own";
const SENDER: &str = "+14155550100";
const AMINA: &str = "254711000234";
const IG: &str = "17841400000000001";
const PNG: &[u8] = include_bytes!("../../data/sandbox/cake.png");

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), wait).await;
    in_time.unwrap_or_else(|_| panic!("not in time: {what}"));
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("a time")
}

fn line() -> String {
    format!("{ACCOUNT}/{SENDER}")
}

/// Twilio as it was so many minutes ago, with a sender whose webhooks go nowhere.
fn twilio(minutes_ago: i64) -> TwilioSimulator {
    let simulator = TwilioSimulator::start(TwilioConfig {
        start_ms: Some(now_ms() - minutes_ago * 60_000),
        ..TwilioConfig::default()
    });
    let simulator = simulator.expect("a simulator");
    let sender = SenderConfig::new(ACCOUNT, TOKEN, SENDER);
    simulator.add_sender(sender).expect("a sender");
    simulator
}

async fn twilio_channel(client: &Client, simulator: &TwilioSimulator) -> Value {
    let settings = json!({"account_sid": ACCOUNT, "from": SENDER, "api_base": simulator.base_url()});
    let body = json!({"provider": "twilio", "name": "Texts", "settings": settings, "secrets": {"auth_token": TOKEN}});
    client.post("/api/v1/channels", &body).await.expect(201)
}

fn says(simulator: &TwilioSimulator, message: CustomerMessage) {
    let customer = Customer::new(AMINA, "Amina");
    let said = simulator.customer_says(&line(), &customer, message);
    said.expect("it is said");
}

fn missed_path(channel: &Value) -> String {
    format!(
        "/api/v1/channels/{}/missed",
        channel["id"].as_str().expect("an id")
    )
}

/// The only conversation, once it has so many messages, oldest first.
async fn thread(client: &Client, count: usize) -> (Value, Vec<Value>) {
    let mut found = (Value::Null, Vec::new());
    until("the messages", async || {
        let page = client.get("/api/v1/conversations").await.expect(200);
        let Some(id) = page["items"][0]["id"].as_str() else {
            return false;
        };
        let path = format!("/api/v1/conversations/{id}/messages");
        let page = client.get(&path).await.expect(200);
        let mut items = page["items"].as_array().expect("a list").clone();
        items.reverse();
        let page = client.get("/api/v1/conversations").await.expect(200);
        found = (page["items"][0].clone(), items);
        found.1.len() >= count
    })
    .await;
    found
}

async fn raw_events(client: &Client) -> Vec<Value> {
    let page = client.get("/api/v1/raw-events").await.expect(200);
    page["items"].as_array().expect("a list").clone()
}

/// The kinds of alerts.
async fn alerts(client: &Client) -> Vec<String> {
    let page = client.get("/api/v1/alerts").await.expect(200);
    let items = page["items"].as_array().expect("a list");
    let kind = |it: &Value| it["kind"].as_str().expect("a kind").to_owned();
    items.iter().map(kind).collect()
}

#[actix_web::test]
async fn what_twilio_could_not_deliver_is_fetched_once_and_stands_where_it_was_said() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = twilio(30 * 60);
    let channel = twilio_channel(owner, &simulator).await;
    assert_eq!(channel["capabilities"]["fetches_missed"], true);
    let path = missed_path(&channel);
    says(&simulator, CustomerMessage::text("Are you open?"));
    let picture = Upload::new("image/png", PNG.to_vec());
    says(&simulator, CustomerMessage::media("image", picture));

    simulator.deliver_to(&app.base);
    let url = channel["webhook_url"].as_str();
    simulator.set_webhook(&line(), url).expect("a line");
    says(&simulator, CustomerMessage::text("Hello?"));
    let (_, came) = thread(owner, 1).await;
    assert_eq!(came[0]["text"]["body"], "Hello?");

    app.a
        .agent
        .post(&path, &json!({}))
        .await
        .expect_problem(403, "forbidden");
    app.b
        .owner
        .post(&path, &json!({}))
        .await
        .expect_problem(404, "not_found");
    app.b.owner.get(&path).await.expect_problem(404, "not_found");
    let before = owner.get(&path).await.expect(200);
    assert_eq!(
        (&before["looked_at"], &before["found"]),
        (&Value::Null, &json!(0))
    );

    let looked = owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(
        (&looked["found"], &looked["new"]),
        (&json!(3), &json!(2)),
        "{looked}"
    );
    assert_eq!((&looked["more"], &looked["error"]), (&json!(false), &Value::Null));
    let (conversation, messages) = thread(owner, 3).await;
    let kinds: Vec<_> = messages
        .iter()
        .map(|it| it["type"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        kinds,
        ["text", "image", "text"],
        "in the order in which they were said"
    );
    assert_eq!(messages[0]["text"]["body"], "Are you open?");
    assert_eq!(messages[2]["text"]["body"], "Hello?");
    assert!(messages[0]["created_at"].as_str() < messages[2]["created_at"].as_str());
    assert_eq!(conversation["unread"], 3);
    assert_eq!(conversation["last_message"]["preview"], "Hello?");

    let again = owner.post(&path, &json!({})).await;
    assert!(
        again
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|wait| wait <= 30)
    );
    again.expect_problem(429, "rate_limited");
    let known = app.a.agent.get(&path).await.expect(200);
    assert_eq!(
        (&known["new"], &known["looked_until"]),
        (&json!(2), &looked["looked_until"])
    );

    let events = raw_events(owner).await;
    let fetched: Vec<_> = events.iter().filter(|event| event["fetched"] == true).collect();
    assert_eq!((events.len(), fetched.len()), (2, 1));
    let event = format!("/api/v1/raw-events/{}", fetched[0]["id"].as_str().expect("an id"));
    let event = owner.get(&event).await.expect(200);
    assert!(event["payload"].to_string().contains("Are you open?"));
    assert_eq!(event["messages"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        alerts(owner).await,
        [""; 0],
        "a webhook could not tell of what was before the channel"
    );
    assert!(raw_events(&app.b.owner).await.is_empty());
}

#[actix_web::test]
async fn a_file_that_was_missed_comes_with_its_message() {
    let app = TestApp::start().await;
    let simulator = twilio(0);
    let channel = twilio_channel(&app.a.owner, &simulator).await;
    let picture = Upload::new("image/png", PNG.to_vec());
    says(&simulator, CustomerMessage::media("image", picture));
    app.a
        .owner
        .post(&missed_path(&channel), &json!({}))
        .await
        .expect(200);
    let mut message = Value::Null;
    until("the file", async || {
        let (_, messages) = thread(&app.a.owner, 1).await;
        message = messages[0].clone();
        message["media"][0]["state"] == "stored"
    })
    .await;
    assert_eq!(message["media"][0]["mime_type"], "image/png", "{message}");
    assert_eq!(
        alerts(&app.a.owner).await,
        ["messages_missed"],
        "a webhook should have told"
    );
}

#[actix_web::test]
async fn a_start_fetches_what_was_missed_meanwhile_however_many_pages_it_fills() {
    let app = TestApp::start().await;
    let simulator = twilio(10);
    let channel = twilio_channel(&app.a.owner, &simulator).await;
    let path = missed_path(&channel);
    app.a.owner.post(&path, &json!({})).await.expect(200);
    for n in 0..120 {
        says(&simulator, CustomerMessage::text(&format!("Question {n}")));
    }
    let app = app.restart(Options::default()).await;
    let owner = &app.a.owner;
    until("a look", async || {
        owner.get(&path).await.expect(200)["new"] == 120
    })
    .await;
    let mut conversation = Value::Null;
    until("all of them", async || {
        (conversation, _) = thread(owner, 1).await;
        conversation["unread"] == 120
    })
    .await;
    assert_eq!(conversation["last_message"]["preview"], "Question 119");
}

#[actix_web::test]
async fn what_was_said_just_now_is_left_to_its_webhook_unless_somebody_asks() {
    let app = TestApp::start().await;
    let simulator = twilio(0);
    let channel = twilio_channel(&app.a.owner, &simulator).await;
    let path = missed_path(&channel);
    app.a.owner.post(&path, &json!({})).await.expect(200);
    says(&simulator, CustomerMessage::text("Just now"));
    let app = app.restart(Options::default()).await;
    let owner = &app.a.owner;
    until("a look", async || {
        owner.get(&path).await.expect(200)["found"] == 1
    })
    .await;
    assert_eq!(owner.get(&path).await.expect(200)["new"], 0);
    assert!(raw_events(owner).await.is_empty());
}

#[actix_web::test]
async fn a_refusal_is_told_and_nothing_is_lost_by_it() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = twilio(10);
    let channel = twilio_channel(owner, &simulator).await;
    let path = missed_path(&channel);
    says(&simulator, CustomerMessage::text("Anybody there?"));
    let faults = ContentFaults {
        throttle_lists: 1,
        ..ContentFaults::default()
    };
    simulator.set_content_faults(ACCOUNT, faults).expect("an account");
    let refused = owner.post(&path, &json!({})).await;
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    refused.expect_problem(429, "rate_limited");
    let known = owner.get(&path).await.expect(200);
    assert!(
        known["error"]
            .as_str()
            .is_some_and(|error| error.contains("20429")),
        "{known}"
    );
    assert_eq!(known["looked_until"], Value::Null);

    let app = app.restart(Options::default()).await;
    let (_, messages) = thread(&app.a.owner, 1).await;
    assert_eq!(messages[0]["text"]["body"], "Anybody there?");
    until("it is well again", async || {
        app.a.owner.get(&path).await.expect(200)["error"].is_null()
    })
    .await;
}

#[actix_web::test]
async fn a_wish_to_get_no_more_is_heeded_and_nothing_is_said_to_it() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = twilio(2 * 60);
    let channel = twilio_channel(owner, &simulator).await;
    says(&simulator, CustomerMessage::text("STOP"));
    owner.post(&missed_path(&channel), &json!({})).await.expect(200);
    let (conversation, messages) = thread(owner, 1).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let path = format!(
        "/api/v1/conversations/{}/messages",
        conversation["id"].as_str().expect("an id")
    );
    let body = json!({"type": "text", "text": {"body": "Hello"}});
    let refused = owner.post(&path, &body).await;
    assert_eq!(refused.status, 409, "{refused:?}");
}

#[actix_web::test]
async fn whatsapp_keeps_no_list_that_could_be_asked() {
    let app = TestApp::start().await;
    let body = json!({"provider": "sandbox", "name": "WhatsApp"});
    let channel = app.a.owner.post("/api/v1/channels", &body).await.expect(201);
    assert_eq!(channel["capabilities"]["fetches_missed"], false);
    let refused = app.a.owner.post(&missed_path(&channel), &json!({})).await;
    refused.expect_problem(409, "wrong_state");
}

fn instagram() -> InstagramSimulator {
    let simulator = InstagramSimulator::start(InstagramConfig::default()).expect("a simulator");
    let account = InstagramAccount {
        ig_id: IG.into(),
        page_id: "1059380000000001".into(),
        username: "kibandacrafts".into(),
        name: "Kibanda Crafts".into(),
        access_token: TOKEN.into(),
        app_secret: "an-app-secret".into(),
        verify_token: "a-verify-token".into(),
        webhook_url: None,
    };
    simulator.add_account(account).expect("an account");
    simulator
}

async fn instagram_channel(client: &Client, simulator: &InstagramSimulator) -> Value {
    let body = json!({"provider": "instagram", "name": "Kibanda",
        "settings": {"ig_id": IG, "api_base": simulator.base_url()},
        "secrets": {"access_token": TOKEN, "app_secret": "an-app-secret", "verify_token": "a-verify-token"}});
    client.post("/api/v1/channels", &body).await.expect(201)
}

fn person(n: usize) -> InstagramCustomer {
    InstagramCustomer {
        id: format!("99000123456{n:02}"),
        name: format!("Person {n}"),
        username: format!("person.{n}"),
        reads: false,
        unavailable: false,
    }
}

fn text(words: &str) -> InstagramAction {
    InstagramAction::Text {
        text: words.into(),
        reply_to: None,
    }
}

#[actix_web::test]
async fn what_instagram_gave_up_is_fetched_from_its_conversations() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = instagram();
    let channel = instagram_channel(owner, &simulator).await;
    let path = missed_path(&channel);
    for n in 0..2 {
        simulator.put_customer(IG, person(n)).expect("a customer");
    }
    let amina = person(0).id;
    let act = |who: &str, action| simulator.act(IG, who, action).expect("it is done");
    act(&amina, text("Do you ship to Kisumu?"));
    let picture = InstagramAction::File {
        kind: "image".into(),
        mime: "image/png".into(),
        bytes: PNG.into(),
    };
    act(&amina, picture);
    act(&person(1).id, text("Price?"));
    let gone = act(&person(1).id, text("Never mind"));
    act(&person(1).id, InstagramAction::Unsend { id: gone });

    let looked = owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(
        (&looked["found"], &looked["new"]),
        (&json!(3), &json!(3)),
        "{looked}"
    );
    let mut page = Value::Null;
    until("both conversations", async || {
        page = owner.get("/api/v1/conversations").await.expect(200);
        let items = page["items"].as_array().expect("a list");
        items
            .iter()
            .map(|it| it["unread"].as_u64().unwrap_or(0))
            .sum::<u64>()
            == 3
    })
    .await;
    let items = page["items"].as_array().expect("a list");
    let of_amina = items.iter().find(|it| it["unread"] == 2).expect("a conversation");
    assert_eq!(of_amina["window"]["open"], true);
    assert!(of_amina["contact"].to_string().contains("person.0"), "{of_amina}");
    let messages = format!(
        "/api/v1/conversations/{}/messages",
        of_amina["id"].as_str().expect("an id")
    );
    let messages = owner.get(&messages).await.expect(200);
    let kinds: Vec<_> = messages["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["type"])
        .collect();
    assert_eq!(kinds, ["image", "text"]);

    // The same by webhook changes nothing.
    simulator
        .set_faults(IG, InstagramFaults::default())
        .expect("an account");
    let app = app.restart(Options::default()).await;
    until("another look", async || {
        let known = app.a.owner.get(&path).await.expect(200);
        known["found"] == 3 && known["new"] == 0
    })
    .await;
    let page = app.a.owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
}
