//! A number at 360dialog, from connecting it to a conversation with files and a template, through the simulator.

use frontdesk::sandbox::whatsapp::{Customer, CustomerMessage, NumberConfig, Upload};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::wait_for;
use crate::common::{Answer, Client, TestApp};

const NUMBER: &str = "360600100200300";
const KEY: &str = "key-of-the-shop";
const PHONE: &str = "254711000777";

fn customer() -> Customer {
    Customer::new(PHONE, "Zuri Wanjala")
}

/// A channel of the first workspace at a number of the simulator.
async fn connect(app: &TestApp) -> String {
    let simulator = &app.app.simulators.whatsapp;
    let number = NumberConfig {
        access_token: KEY.to_owned(),
        ..NumberConfig::new(NUMBER, &format!("9{NUMBER}"), "+254 700 555360")
    };
    simulator.add_number(number).expect("a new number");
    let body = json!({
        "provider": "dialog360", "name": "Shop",
        "settings": {"display_phone_number": "+254 700 555360", "api_base": simulator.base_url()},
        "secrets": {"api_key": KEY, "webhook_secret": "only-we-know-this"},
    });
    let channel = app.a.owner.post("/api/v1/channels", &body).await.expect(201);
    channel["id"].as_str().expect("an id").to_owned()
}

/// Asks the simulator as 360dialog is asked.
async fn ask(app: &TestApp, method: Method, path: &str, body: &Value) -> Value {
    let url = format!("{}{path}", app.app.simulators.whatsapp.base_url());
    let request = app
        .stranger
        .http
        .request(method.clone(), url)
        .header("d360-api-key", KEY);
    let request = if method == Method::GET {
        request
    } else {
        request.json(body)
    };
    Answer::of(request).await.expect(200)
}

/// The test of the connection has webhooks come to the public address; here they are sent to where the program really listens.
async fn bring_home(app: &TestApp, channel: &str) {
    let path = format!("/api/v1/channels/{channel}/test");
    let told = app.a.owner.post(&path, &Value::Null).await.expect(200);
    assert!(!told.to_string().contains("\"ok\":false"), "{told}");
    let mut webhook = ask(app, Method::GET, "/v1/configs/webhook", &Value::Null).await;
    let public = format!("http://desk.example/webhooks/360dialog/{channel}");
    assert_eq!(webhook["url"], public.as_str(), "{webhook}");
    webhook["url"] = format!("{}/webhooks/360dialog/{channel}", app.base).into();
    ask(app, Method::POST, "/v1/configs/webhook", &webhook).await;
}

fn says(app: &TestApp, message: CustomerMessage) -> String {
    let simulator = &app.app.simulators.whatsapp;
    simulator
        .customer_says(NUMBER, &customer(), message)
        .expect("a known number")
}

async fn send(client: &Client, conversation: &str, body: &Value, key: &str) -> Value {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = client.request(Method::POST, &path).header("idempotency-key", key);
    Answer::of(request.json(body)).await.expect(202)
}

fn find<'a>(page: &'a Value, name: &str, value: &Value) -> &'a Value {
    let mut items = page["items"].as_array().expect("a list").iter();
    items.find(|item| item[name] == *value).unwrap_or(&Value::Null)
}

#[actix_web::test]
async fn a_conversation_goes_round_with_files_and_steps() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = connect(&app).await;
    bring_home(&app, &channel).await;

    let said = says(&app, CustomerMessage::text("Mko wazi?"));
    let list = wait_for(owner, "/api/v1/conversations", |page| {
        page["items"][0]["id"].is_string()
    })
    .await;
    assert_eq!(list["items"][0]["contact"]["name"], "Zuri Wanjala");
    let conversation = list["items"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let page = wait_for(owner, &path, |page| !page["items"][0].is_null()).await;
    assert_eq!(
        find(&page, "provider_message_id", &json!(said))["text"]["body"],
        "Mko wazi?"
    );

    let sent = send(
        owner,
        &conversation,
        &json!({"type": "text", "text": {"body": "Hadi saa kumi."}}),
        "one",
    )
    .await;
    let reached = |page: &Value| {
        ["delivered", "read"]
            .iter()
            .any(|step| find(page, "id", &sent["id"])["status"] == *step)
    };
    wait_for(owner, &path, reached).await;

    // A file comes from Meta's host by way of 360dialog's, and one goes out.
    let picture = Upload::new("text/plain", &b"bei ya kikapu: 450"[..]).named("bei.txt");
    let brought = says(&app, CustomerMessage::media("document", picture));
    let stored =
        |page: &Value| find(page, "provider_message_id", &json!(brought))["media"][0]["state"] == "stored";
    let page = wait_for(owner, &path, stored).await;
    let media = &find(&page, "provider_message_id", &json!(brought))["media"][0];
    let bytes = owner
        .get(&format!("/api/v1/media/{}", media["id"].as_str().expect("an id")))
        .await;
    assert_eq!((bytes.status, bytes.text.as_str()), (200, "bei ya kikapu: 450"));
    let upload = owner
        .raw(
            Method::POST,
            "/api/v1/media?filename=orodha.txt",
            "text/plain",
            b"orodha".to_vec(),
        )
        .await
        .expect(201);
    let body = json!({"type": "document", "document": {"media_id": upload["id"], "filename": "orodha.txt"}});
    let sent = send(owner, &conversation, &body, "two").await;
    let reached = |page: &Value| {
        ["delivered", "read"]
            .iter()
            .any(|step| find(page, "id", &sent["id"])["status"] == *step)
    };
    wait_for(owner, &path, reached).await;

    // The other workspace saw nothing of it.
    let theirs = app.b.owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(theirs["items"], json!([]));
    assert_eq!(app.b.owner.get(&path).await.status, 404);
}

#[actix_web::test]
async fn a_wrong_key_is_told_before_and_after() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let body = json!({
        "provider": "dialog360", "name": "Shop",
        "settings": {"display_phone_number": "+254 700 555361", "api_base": app.app.simulators.whatsapp.base_url()},
        "secrets": {"api_key": "nobodys", "webhook_secret": "only-we-know-this"},
    });
    let channel = owner.post("/api/v1/channels", &body).await.expect(201);
    let path = format!("/api/v1/channels/{}/test", channel["id"].as_str().expect("an id"));
    let told = owner.post(&path, &Value::Null).await.expect(200).to_string();
    assert!(
        told.contains("\"ok\":false") && told.contains("Invalid api key."),
        "{told}"
    );
}

#[actix_web::test]
async fn a_template_is_submitted_approved_by_webhook_and_sent() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = connect(&app).await;
    bring_home(&app, &channel).await;
    let draft = json!({
        "channel_id": channel, "name": "agizo_tayari", "language": "sw", "category": "utility",
        "components": [{"type": "BODY", "text": "Habari {{1}}, agizo lako liko tayari.",
            "example": {"body_text": [["Zuri"]]}}],
    });
    let template = owner.post("/api/v1/templates", &draft).await.expect(201);
    let path = format!("/api/v1/templates/{}", template["id"].as_str().expect("an id"));
    owner
        .post(&format!("{path}/submit"), &json!({}))
        .await
        .expect(200);
    wait_for(owner, &path, |template| template["status"] == "approved").await;
    let body = json!({"channel_id": channel, "to": PHONE, "type": "template",
        "template": {"name": "agizo_tayari", "language": "sw", "variables": {"1": "Zuri"}}});
    let request = owner
        .request(Method::POST, "/api/v1/messages")
        .header("idempotency-key", "t");
    let sent = Answer::of(request.json(&body)).await.expect(202);
    let path = format!(
        "/api/v1/conversations/{}/messages",
        sent["conversation_id"].as_str().expect("an id")
    );
    let reached = |page: &Value| {
        ["delivered", "read"]
            .iter()
            .any(|step| find(page, "id", &sent["id"])["status"] == *step)
    };
    wait_for(owner, &path, reached).await;
}

#[actix_web::test]
async fn a_sample_of_a_header_goes_as_an_address() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = connect(&app).await;
    let pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n".to_vec();
    let file = "/api/v1/media?filename=menu.pdf";
    let file = owner
        .raw(Method::POST, file, "application/pdf", pdf)
        .await
        .expect(201);
    let draft = json!({
        "channel_id": channel, "name": "menyu_mpya", "language": "sw", "category": "marketing",
        "components": [{"type": "HEADER", "format": "DOCUMENT", "example": {"media_id": file["id"]}},
            {"type": "BODY", "text": "Menyu yetu mpya iko tayari."}],
    });
    let template = owner.post("/api/v1/templates", &draft).await.expect(201);
    let path = format!("/api/v1/templates/{}", template["id"].as_str().expect("an id"));
    owner
        .post(&format!("{path}/submit"), &json!({}))
        .await
        .expect(200);
    let listed = ask(&app, Method::GET, "/v1/configs/templates", &Value::Null).await;
    let template = find(
        &json!({"items": listed["waba_templates"]}),
        "name",
        &json!("menyu_mpya"),
    )
    .clone();
    let handle = template["components"][0]["example"]["header_handle"][0]
        .as_str()
        .unwrap_or_default();
    assert!(handle.starts_with("http://desk.example/"), "{template}");
    // Who has the address has the file; nobody is asked for more.
    let public = handle.trim_start_matches("http://desk.example");
    let given = app.stranger.get(public).await;
    assert_eq!(
        (given.status, given.header("content-type")),
        (200, "application/pdf")
    );
}

/// Posts to a channel as 360dialog does.
async fn deliver(app: &TestApp, channel: &str, field: &str, value: &Value) {
    let body = json!({"object": "whatsapp_business_account", "entry": [
        {"id": format!("9{NUMBER}"), "time": 1_792_400_300, "changes": [{"field": field, "value": value}]}]});
    let request = app
        .stranger
        .request(Method::POST, &format!("/webhooks/360dialog/{channel}"))
        .header("authorization", "Bearer only-we-know-this");
    assert_eq!(Answer::of(request.json(&body)).await.status, 200);
}

#[actix_web::test]
async fn notices_act_and_are_told_in_words_as_on_the_cloud() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = connect(&app).await;
    let place = format!("/api/v1/channels/{channel}");
    let health = format!("{place}/health");
    let flagged =
        json!({"display_phone_number": "254700555360", "event": "FLAGGED", "current_limit": "TIER_250"});
    deliver(&app, &channel, "phone_number_quality_update", &flagged).await;
    let told = wait_for(owner, &health, |it| it["quality"] == "red").await;
    assert_eq!(told["limit"], 250);
    let notices = owner.get("/api/v1/notices").await.expect(200).to_string();
    assert!(notices.contains("Marketing waits."), "{notices}");
    let ended = json!({"event": "ACCOUNT_DELETED"});
    deliver(&app, &channel, "account_update", &ended).await;
    wait_for(owner, &place, |it| it["status"] == "blocked").await;
    // What the number's record says holds until the next news.
    let asked = owner
        .post(&format!("{health}/refresh"), &Value::Null)
        .await
        .expect(200);
    assert_eq!(asked["quality"], "green", "{asked}");
    assert_eq!(app.b.owner.get(&health).await.status, 404);
}

#[actix_web::test]
async fn the_business_profile_and_what_may_be_sent_are_asked_by_the_key() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = connect(&app).await;
    let place = format!("/api/v1/channels/{channel}");
    let profile = json!({"about": "Bread", "address": "", "description": "A bakery", "email": "shop@example.org",
        "websites": ["https://shop.example"], "vertical": "RETAIL"});
    let request = owner.request(Method::PUT, &format!("{place}/profile"));
    let kept = Answer::of(request.json(&profile)).await.expect(200);
    assert_eq!(kept["description"], "A bakery");
    let shown = owner.get(&format!("{place}/profile")).await.expect(200);
    assert_eq!(
        (&shown["about"], &shown["vertical"]),
        (&json!("Bread"), &json!("RETAIL"))
    );
    let mut long = profile;
    long["about"] = "a".repeat(140).into();
    let request = owner.request(Method::PUT, &format!("{place}/profile"));
    assert_eq!(Answer::of(request.json(&long)).await.problem()["field"], "about");
    let found = owner
        .post(&format!("{place}/doctor"), &Value::Null)
        .await
        .expect(200);
    let checks = found["checks"].as_array().expect("a list");
    let sending = checks.iter().find(|check| check["name"] == "sending");
    assert_eq!(sending.map(|check| &check["ok"]), Some(&json!(true)), "{found}");
    assert_eq!(app.b.owner.get(&format!("{place}/profile")).await.status, 404);
}
