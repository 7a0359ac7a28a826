//! Media in templates: samples by upload, and everything that a message of a template may need filled in.

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, ImageFormat};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const TO: &str = "+15550123456";

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

async fn channel(client: &Client) -> Value {
    let body = json!({ "provider": "sandbox", "name": "Shop" });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let id = channel["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&path).await.status == 200).await;
    channel
}

fn picture() -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(32, 24)
        .write_to(&mut out, ImageFormat::Png)
        .expect("a picture");
    out.into_inner()
}

async fn upload(client: &Client, mime: &str, bytes: Vec<u8>) -> String {
    let path = "/api/v1/media?filename=sample";
    let given = client.raw(Method::POST, path, mime, bytes).await.expect(201);
    given["id"].as_str().expect("an id").to_owned()
}

fn with_header(channel: &Value, name: &str, format: &str, media: &str) -> Value {
    json!({
        "channel_id": channel["id"], "name": name, "language": "en", "category": "marketing",
        "components": [
            {"type": "HEADER", "format": format, "example": {"media_id": media}},
            {"type": "BODY", "text": "Our baskets are back in all colours."},
        ],
    })
}

async fn create(client: &Client, body: &Value) -> Value {
    client.post("/api/v1/templates", body).await.expect(201)
}

fn at(template: &Value, rest: &str) -> String {
    format!(
        "/api/v1/templates/{}{rest}",
        template["id"].as_str().expect("an id")
    )
}

async fn approved(client: &Client, template: &Value) -> Value {
    client
        .post(&at(template, "/submit"), &json!({}))
        .await
        .expect(200);
    let mut seen = Value::Null;
    until(async || {
        seen = client.get(&at(template, "")).await.expect(200);
        seen["status"] == "approved"
    })
    .await;
    seen
}

async fn send(client: &Client, channel: &Value, template: Value) -> Answer {
    let body = json!({"channel_id": channel["id"], "to": TO, "type": "template", "template": template});
    client.post("/api/v1/messages", &body).await
}

#[actix_web::test]
async fn a_sample_is_uploaded_given_to_the_provider_and_sent() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    let body = json!({ "name": "Amina", "phone": TO, "language": "en" });
    owner.post("/api/v1/sandbox/customers", &body).await.expect(201);
    let media = upload(owner, "image/png", picture()).await;
    let template = create(owner, &with_header(&channel, "baskets", "IMAGE", &media)).await;
    // The preview shows the sample; nothing is amiss.
    let checked = json!({"name": "baskets", "language": "en", "definition": template["definition"]});
    let checked = owner
        .post("/api/v1/templates/validate", &checked)
        .await
        .expect(200);
    assert_eq!(checked["problems"], json!([]), "{checked}");
    assert_eq!(checked["preview"]["header"]["media"], media);
    // The simulator takes a media header only with a handle of its own upload.
    let seen = approved(owner, &template).await;
    let header = &seen["definition"]["components"][0];
    assert_eq!(header["example"]["media_id"], media, "ours is kept: {seen}");
    // Without the picture nothing goes out, and the refusal says what is missing.
    let name = json!({"name": "baskets", "language": "en"});
    let refused = send(owner, &channel, name.clone()).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.json()["detail"].to_string().contains("header"),
        "{refused:?}"
    );
    let mut filled = name;
    filled["header"] = json!({"type": "image", "image": {"media_id": media}});
    let sent = send(owner, &channel, filled).await.expect(202);
    let conversation = sent["conversation_id"].as_str().expect("a conversation");
    let thread = format!("/api/v1/conversations/{conversation}/messages");
    until(async || {
        let status = owner.get(&thread).await.expect(200)["items"][0]["status"].clone();
        assert_ne!(status, "failed");
        status == "delivered" || status == "read"
    })
    .await;
    // It stays the workspace's file, with which the next customer is written to as well.
    let kept = owner
        .get(&format!("/api/v1/media/{media}/details"))
        .await
        .expect(200);
    assert_eq!(kept["state"], "stored");
    let path = format!("/api/v1/media/{media}/details");
    app.b.owner.get(&path).await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn samples_that_will_not_do_are_named() {
    let app = TestApp::start().await;
    let (owner, other) = (&app.a.owner, &app.b.owner);
    let channel = channel(owner).await;
    let media = upload(owner, "image/png", picture()).await;
    let theirs = upload(other, "image/png", picture()).await;
    for (name, format, media) in [
        ("video_it_is_not", "VIDEO", &media),
        ("of_somebody_else", "IMAGE", &theirs),
    ] {
        let template = create(owner, &with_header(&channel, name, format, media)).await;
        let refused = owner.post(&at(&template, "/submit"), &json!({})).await;
        assert_eq!(refused.json()["field"], "components.0.example");
        refused.expect_problem(422, "template_rule");
        assert_eq!(owner.get(&at(&template, "")).await.expect(200)["status"], "draft");
    }
}

fn card(format: &str, media: &str, label: &str) -> Value {
    json!({"components": [
        {"type": "HEADER", "format": format, "example": {"media_id": media}},
        {"type": "BODY", "text": "Basket {{1}} in your colour", "example": {"body_text": [["Large"]]}},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": label},
            {"type": "URL", "text": "See it", "url": "https://shop.example/{{1}}", "example": ["a"]}]},
    ]})
}

#[actix_web::test]
async fn carousel_and_offer_are_filled_in_whole_or_refused() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    let amina = json!({ "name": "Amina", "phone": TO, "language": "en" });
    owner.post("/api/v1/sandbox/customers", &amina).await.expect(201);
    let body = json!({ "name": "Amina", "phone": TO, "language": "en" });
    owner.post("/api/v1/sandbox/customers", &body).await.expect(201);
    let media = upload(owner, "image/png", picture()).await;
    let carousel = json!({
        "channel_id": channel["id"], "name": "favourites", "language": "en", "category": "marketing",
        "components": [
            {"type": "BODY", "text": "Two favourites this month, for you."},
            {"type": "CAROUSEL", "cards": [card("IMAGE", &media, "More"), card("IMAGE", &media, "More")]},
        ],
    });
    let template = create(owner, &carousel).await;
    approved(owner, &template).await;
    let parts = |name: &str| {
        json!([
            {"type": "header", "parameters": [{"type": "image", "image": {"media_id": media}}]},
            {"type": "body", "parameters": [{"type": "text", "text": name}]},
            {"type": "button", "sub_type": "quick_reply", "index": 0, "parameters": [{"type": "payload", "payload": "card-1"}]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "large"}]},
        ])
    };
    let with = |cards: Value| {
        json!({"name": "favourites", "language": "en",
        "components": [{"type": "carousel", "cards": cards}]})
    };
    let first = json!({"card_index": 0, "components": parts("Large")});
    let refused = send(owner, &channel, with(json!([first]))).await;
    assert_eq!(refused.status, 409);
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("card 2: 1") && detail.contains("card 2: header"),
        "{detail}"
    );
    let second = json!({"card_index": 1, "components": parts("Small")});
    let whole = with(json!([first, second]));
    let looked = json!({"name": "favourites", "language": "en", "definition": template["definition"], "values": whole});
    let looked = owner
        .post("/api/v1/templates/validate", &looked)
        .await
        .expect(200);
    assert_eq!(
        looked["preview"]["cards"][1]["body"],
        "Basket Small in your colour"
    );
    assert_eq!(looked["preview"]["cards"][1]["header"]["media"], media);
    assert_eq!(looked["missing"], json!([]));
    let sent = send(owner, &channel, whole).await.expect(202);
    assert!(
        sent["template"]["rendered"].to_string().contains("Basket Small"),
        "{sent}"
    );
    // The simulated phone has every card, with its picture.
    let phone = format!("/api/v1/sandbox/customers/{}", TO.trim_start_matches('+'));
    let mut cards = Value::Null;
    until(async || {
        let chat = owner.get(&format!("{phone}/messages")).await;
        if chat.status == 200 {
            cards = chat.json()["items"][0]["template"]["cards"].clone();
        }
        cards[1].is_object()
    })
    .await;
    assert_eq!(cards[1]["body"], "Basket Small in your colour");
    let file = cards[1]["header"]["image"]["id"].as_str().expect("a file");
    let picture = owner.get(&format!("{phone}/files/{file}")).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/png")
    );
    assert_eq!(owner.get(&format!("{phone}/files/{file}1")).await.status, 404);

    let offer = json!({
        "channel_id": channel["id"], "name": "half_price", "language": "en", "category": "marketing",
        "components": [
            {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Half price", "has_expiration": true}},
            {"type": "BODY", "text": "Every basket at half price."},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "HALF"},
                {"type": "URL", "text": "Shop", "url": "https://shop.example"}]},
        ],
    });
    approved(owner, &create(owner, &offer).await).await;
    let code = json!({"type": "button", "sub_type": "copy_code", "index": 0,
        "parameters": [{"type": "coupon_code", "coupon_code": "HALF50"}]});
    let offer = |components: Value| json!({"name": "half_price", "language": "en", "components": components});
    let refused = send(owner, &channel, offer(json!([code]))).await;
    assert!(
        refused.json()["detail"].to_string().contains("offer"),
        "{refused:?}"
    );
    let ends = json!({"type": "limited_time_offer", "parameters": [{"type": "limited_time_offer",
        "limited_time_offer": {"expiration_time_ms": 1_900_000_000_000_i64}}]});
    send(owner, &channel, offer(json!([ends, code])))
        .await
        .expect(202);
}

#[actix_web::test]
async fn links_of_templates_are_counted_per_message() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = channel(owner).await;
    let body = json!({ "name": "Amina", "phone": TO, "language": "en" });
    owner.post("/api/v1/sandbox/customers", &body).await.expect(201);
    let shop = json!({"type": "URL", "text": "Shop", "url": "https://shop.example/baskets", "track": true});
    let template = json!({
        "channel_id": channel["id"], "name": "see_baskets", "language": "en", "category": "marketing",
        "components": [{"type": "BODY", "text": "Our baskets are back."}, {"type": "BUTTONS", "buttons": [shop]}],
    });
    let seen = approved(owner, &create(owner, &template).await).await;
    let button = &seen["definition"]["components"][1]["buttons"][0];
    assert!(
        button["url"].as_str().expect("text").ends_with("/l/{{1}}"),
        "{button}"
    );
    assert_eq!(button["track_to"], "https://shop.example/baskets");
    let sent = send(owner, &channel, json!({"name": "see_baskets", "language": "en"}))
        .await
        .expect(202);
    let link = &sent["links"][0];
    assert_eq!(
        (&link["url"], &link["button"]),
        (&json!("https://shop.example/baskets"), &json!("Shop")),
        "{sent}"
    );
    let code = sent["template"]["buttons"][0]["text"].as_str().expect("a code");
    let path = format!("/l/{code}");
    let browser = Client::stranger(&owner.base).request(Method::GET, &path);
    let answer =
        Answer::of(browser.header("user-agent", "Mozilla/5.0 (Android 15) Chrome/140.0 Mobile")).await;
    assert_eq!(answer.status, 302);
    until(async || {
        let figures = owner.get(&at(&seen, "")).await.expect(200)["performance"].clone();
        figures["clicked"] == 1 && figures["used"] == 1
    })
    .await;
    // The provider's list has the same: nothing is taken for a change.
    let synced = json!({"channel_id": channel["id"]});
    // The first reading may bring a quality.
    owner.post("/api/v1/templates/sync", &synced).await.expect(200);
    let report = owner.post("/api/v1/templates/sync", &synced).await.expect(200);
    assert_eq!(report["changed"], 0, "{report}");
    let kept = owner.get(&at(&seen, "")).await.expect(200);
    assert_eq!(kept["definition"]["components"][1]["buttons"][0]["track"], true);
}
