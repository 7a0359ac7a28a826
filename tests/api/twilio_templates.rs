//! Content templates of Twilio beside WhatsApp's: made, approved, listed, sent by their SID.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Client, TestApp};
use frontdesk::sandbox::{SenderConfig, TwilioConfig, TwilioSimulator};

const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
const TOKEN: &str = "a-token-of-our-own";
const SENDER: &str = "whatsapp:+14155550100";

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

fn simulator() -> TwilioSimulator {
    let simulator = TwilioSimulator::start(TwilioConfig {
        time_scale: 100.0,
        ..TwilioConfig::default()
    });
    let simulator = simulator.expect("a simulator");
    simulator
        .add_sender(SenderConfig::new(ACCOUNT, TOKEN, SENDER))
        .expect("a sender");
    simulator
}

async fn channel(client: &Client, simulator: &TwilioSimulator, from: &str) -> Value {
    let settings = json!({"account_sid": ACCOUNT, "from": from, "api_base": simulator.base_url()});
    let body = json!({"provider": "twilio", "name": "Twilio", "settings": settings, "secrets": {"auth_token": TOKEN}});
    client.post("/api/v1/channels", &body).await.expect(201)
}

fn order(channel: &Value, name: &str) -> Value {
    json!({
        "channel_id": channel["id"], "name": name, "language": "en", "category": "utility",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1042"]}},
            {"type": "BODY", "text": "Hi {{1}}, your order is ready.", "example": {"body_text": [["Amina"]]}},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thanks"},
                {"type": "URL", "text": "See it", "url": "https://shop.example/{{1}}", "example": ["1042"]}]},
        ],
    })
}

fn at(template: &Value, rest: &str) -> String {
    format!(
        "/api/v1/templates/{}{rest}",
        template["id"].as_str().expect("an id")
    )
}

async fn read_until(client: &Client, channel: &Value, template: &Value, status: &str) -> Value {
    let which = json!({"channel_id": channel["id"]});
    let mut seen = Value::Null;
    until(async || {
        client.post("/api/v1/templates/sync", &which).await.expect(200);
        seen = client.get(&at(template, "")).await.expect(200);
        seen["status"] == status
    })
    .await;
    seen
}

#[actix_web::test]
async fn a_content_is_made_approved_and_sent_by_its_sid() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = simulator();
    let channel = channel(owner, &simulator, SENDER).await;
    assert_eq!(channel["capabilities"]["manages_templates"], true);
    let template = owner
        .post("/api/v1/templates", &order(&channel, "order_ready"))
        .await
        .expect(201);
    let sent = owner
        .post(&at(&template, "/submit"), &json!({}))
        .await
        .expect(200);
    assert_eq!(sent["status"], "in_review");
    let sid = sent["provider_id"].as_str().expect("a SID").to_owned();
    assert!(sid.starts_with("HX"), "{sid}");
    let seen = read_until(owner, &channel, &template, "approved").await;
    assert_eq!(
        seen["definition"], template["definition"],
        "what Twilio lists is what was written"
    );

    let message = |values: Value| {
        let mut template = json!({"name": "order_ready", "language": "en"});
        for (name, value) in values.as_object().expect("values") {
            template[name] = value.clone();
        }
        json!({"channel_id": channel["id"], "to": "+254711000234", "type": "template", "template": template})
    };
    let lacking = owner
        .post("/api/v1/messages", &message(json!({"variables": ["Amina"]})))
        .await;
    assert_eq!(lacking.status, 409);
    let values = json!({"variables": ["Amina"], "header": "1042", "buttons": [{"index": 1, "text": "1042"}]});
    let sent = owner.post("/api/v1/messages", &message(values)).await.expect(202);
    assert_eq!(sent["template"]["content_sid"], sid.as_str(), "{sent}");
    let conversation = sent["conversation_id"].as_str().expect("a conversation");
    let thread = format!("/api/v1/conversations/{conversation}/messages");
    until(async || {
        let message = owner.get(&thread).await.expect(200)["items"][0].clone();
        assert_ne!(message["status"], "failed", "{message}");
        !message["provider_message_id"].is_null()
    })
    .await;
    // Twilio tells no price: it counts as its category, once, outside the window at a charge.
    let usage = owner.get("/api/v1/usage").await.expect(200);
    let row = json!({"key": "utility", "messages": 1, "charged": 1, "units": 1, "cost": "0.00"});
    assert_eq!(
        (&usage["by_category"], &usage["unpriced"]),
        (&json!([row]), &json!(1))
    );
    assert_eq!(usage["rows"][0]["charge"], "regular");
    // Twilio has no edit: the change stays a draft, and the reason is said.
    let patch =
        json!({"definition": {"category": "utility", "components": [{"type": "BODY", "text": "Ready."}]}});
    owner.patch(&at(&template, ""), &patch).await.expect(200);
    let refused = owner.post(&at(&template, "/submit"), &json!({})).await;
    assert!(
        refused.json()["detail"].to_string().contains("cannot be edited"),
        "{refused:?}"
    );
    // Another workspace sees none of it.
    app.b
        .owner
        .get(&at(&template, ""))
        .await
        .expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_rejection_and_what_twilio_has_not_are_told() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = simulator();
    let whatsapp = channel(owner, &simulator, SENDER).await;
    let template = owner
        .post("/api/v1/templates", &order(&whatsapp, "reject_me"))
        .await
        .expect(201);
    owner
        .post(&at(&template, "/submit"), &json!({}))
        .await
        .expect(200);
    let seen = read_until(owner, &whatsapp, &template, "rejected").await;
    assert_eq!(seen["reason"]["code"], "INVALID_FORMAT", "{seen}");
    let mut place = order(&whatsapp, "with_place");
    place["components"][0] = json!({"type": "HEADER", "format": "LOCATION"});
    let template = owner.post("/api/v1/templates", &place).await.expect(201);
    let refused = owner.post(&at(&template, "/submit"), &json!({})).await;
    assert!(
        refused.json()["detail"].to_string().contains("location header"),
        "{refused:?}"
    );
    assert_eq!(owner.get(&at(&template, "")).await.expect(200)["status"], "draft");
    // By SMS there is nothing to approve.
    let sms = channel(owner, &simulator, "+14155550199").await;
    assert_eq!(sms["capabilities"]["manages_templates"], false);
    owner
        .post("/api/v1/templates", &order(&sms, "by_sms"))
        .await
        .expect_problem(422, "invalid_field");
}

/// A small picture, as a file of the workspace.
async fn upload(client: &Client) -> String {
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([200, 120, 40]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture");
    let uploaded = client
        .raw(
            reqwest::Method::POST,
            "/api/v1/media",
            "image/png",
            bytes.into_inner(),
        )
        .await;
    uploaded.expect(201)["id"].as_str().expect("an id").to_owned()
}

async fn sent(client: &Client, message: &Value) -> Value {
    let posted = client.post("/api/v1/messages", message).await.expect(202);
    let conversation = posted["conversation_id"].as_str().expect("a conversation");
    let thread = format!("/api/v1/conversations/{conversation}/messages");
    let mut seen = Value::Null;
    until(async || {
        let page = client.get(&thread).await.expect(200);
        let all = page["items"].as_array().expect("a list").clone();
        seen = all
            .into_iter()
            .find(|it| it["id"] == posted["id"])
            .unwrap_or_default();
        assert_ne!(seen["status"], "failed", "{seen}");
        !seen["provider_message_id"].is_null()
    })
    .await;
    seen
}

fn body_on_phone(simulator: &TwilioSimulator) -> String {
    use frontdesk::sandbox::PhoneBook;
    let line = format!("{ACCOUNT}/{SENDER}");
    let entry = simulator.transcript(&line, "254711000234").pop();
    let rendered = entry.and_then(|entry| entry.rendered).unwrap_or_default();
    rendered["body"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn named_variables_are_numbered_on_the_way_and_stay_named_here() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = simulator();
    let channel = channel(owner, &simulator, SENDER).await;
    let named = json!({
        "channel_id": channel["id"], "name": "order_named", "language": "en", "category": "utility",
        "parameter_format": "named",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Order {{order_id}}",
                "example": {"header_text_named_params": [{"param_name": "order_id", "example": "1042"}]}},
            {"type": "BODY", "text": "Hi {{first_name}}, it is at {{place}} now.",
                "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Amina"},
                    {"param_name": "place", "example": "Kibanda"}]}},
        ],
    });
    let template = owner.post("/api/v1/templates", &named).await.expect(201);
    owner
        .post(&at(&template, "/submit"), &json!({}))
        .await
        .expect(200);
    let (_, _, types) = simulator.contents(ACCOUNT)[0].clone();
    assert_eq!(types["whatsapp/card"]["body"], "Hi {{1}}, it is at {{2}} now.");
    let seen = read_until(owner, &channel, &template, "approved").await;
    assert_eq!(seen["definition"], template["definition"], "its names are kept");
    let values = json!({"name": "order_named", "language": "en", "header": "7",
        "variables": {"first_name": "Ben", "place": "the door"}});
    let message =
        json!({"channel_id": channel["id"], "to": "+254711000234", "type": "template", "template": values});
    let seen = sent(owner, &message).await;
    assert_eq!(
        seen["template"]["variables"]["first_name"], "Ben",
        "kept as it was written"
    );
    assert_eq!(body_on_phone(&simulator), "Hi Ben, it is at the door now.");
}

#[actix_web::test]
async fn a_carousel_is_submitted_listed_and_sent_with_a_file_for_each_card() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = simulator();
    let channel = channel(owner, &simulator, SENDER).await;
    let media = upload(owner).await;
    let card = |text: &str| {
        json!({"components": [
            {"type": "HEADER", "format": "IMAGE", "example": {"media_id": media}},
            {"type": "BODY", "text": text},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "More"},
                {"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}", "example": ["a"]}]},
        ]})
    };
    let carousel = |first: &str| {
        json!({
            "channel_id": channel["id"], "name": format!("cards_{}", first.len()), "language": "en", "category": "marketing",
            "components": [{"type": "BODY", "text": "Hi {{1}}, have a look.", "example": {"body_text": [["Amina"]]}},
                {"type": "CAROUSEL", "cards": [card(first), card("Mat")]}],
        })
    };
    let template = owner
        .post("/api/v1/templates", &carousel("Basket"))
        .await
        .expect(201);
    owner
        .post(&at(&template, "/submit"), &json!({}))
        .await
        .expect(200);
    let (_, _, types) = simulator.contents(ACCOUNT)[0].clone();
    let made = &types["twilio/carousel"]["cards"];
    assert_eq!(made[0]["body"], "Basket");
    assert_eq!(made[0]["media"], "http://desk.example/{{2}}");
    let seen = read_until(owner, &channel, &template, "approved").await;
    assert_eq!(
        seen["definition"], template["definition"],
        "samples of ours are kept"
    );
    let parts = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"media_id": media}}]},
        {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "x"}]},
    ]);
    let values = json!({"name": "cards_6", "language": "en", "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "Ben"}]},
        {"type": "carousel", "cards": [{"card_index": 0, "components": parts}, {"card_index": 1, "components": parts}]}]});
    let message =
        json!({"channel_id": channel["id"], "to": "+254711000234", "type": "template", "template": values});
    sent(owner, &message).await;
    assert_eq!(body_on_phone(&simulator), "Hi Ben, have a look.");

    // What Twilio cannot have is refused with the card, and stays a draft.
    let mut odd = carousel("For {{1}} only");
    odd["components"][1]["cards"][0]["components"][1]["example"] = json!({"body_text": [["you"]]});
    let look = json!({"name": "cards_x", "language": "en", "channel_id": channel["id"],
        "definition": {"category": "marketing", "components": odd["components"]}});
    let looked = owner.post("/api/v1/templates/validate", &look).await.expect(200);
    assert_eq!(looked["ok"], false);
    assert_eq!(looked["problems"][0]["rule"], "provider");
    let theirs = app
        .b
        .owner
        .post("/api/v1/templates/validate", &look)
        .await
        .expect(200);
    assert_eq!(theirs["problems"], json!([]), "nobody learns of others' channels");
    let odd = owner.post("/api/v1/templates", &odd).await.expect(201);
    let refused = owner.post(&at(&odd, "/submit"), &json!({})).await;
    assert!(
        refused.json()["detail"]
            .to_string()
            .contains("card 1 has a variable"),
        "{refused:?}"
    );
    assert_eq!(owner.get(&at(&odd, "")).await.expect(200)["status"], "draft");
}
