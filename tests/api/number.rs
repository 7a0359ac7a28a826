//! What a business decides about its number, with the simulator behind it: whom it blocks, its picture, its shop, what a new
//! chat offers, its PIN; and templates that the provider keeps back.

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, ImageFormat};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const AMINA: &str = "254711000234";

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

/// A sandbox channel's address, once the simulator plays it.
async fn channel(client: &Client) -> (String, String) {
    let body = json!({ "provider": "sandbox", "name": "Shop" });
    let channel = client.post("/api/v1/channels", &body).await.expect(201);
    let id = channel["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/sandbox/faults?channel_id={id}");
    until(async || client.get(&path).await.status == 200).await;
    (format!("/api/v1/channels/{id}"), id)
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

async fn writes(client: &Client, text: &str) {
    let amina = json!({ "name": "Amina", "phone": format!("+{AMINA}"), "language": "en" });
    client.post("/api/v1/sandbox/customers", &amina).await;
    let said = json!({"type": "text", "text": {"body": text}});
    let path = format!("/api/v1/sandbox/customers/{AMINA}/messages");
    client.post(&path, &said).await.expect(201);
}

async fn texts(client: &Client) -> Vec<String> {
    let list = client.get("/api/v1/conversations").await.expect(200);
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|it| {
            it["last_message"]["preview"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[actix_web::test]
async fn who_wrote_lately_can_be_blocked_and_heard_again() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let (place, _) = channel(owner).await;
    let list = format!("{place}/blocked");
    let amina = json!({ "to": format!("+{AMINA}") });
    let none = json!({"items": [], "next_cursor": null});
    assert_eq!(agent.get(&list).await.expect(200), none);

    let early = agent.post(&list, &amina).await.expect_problem(409, "wrong_state");
    let said = early["detail"].as_str().expect("words");
    assert!(said.contains("within the last 24 hours"), "{said}");
    assert_eq!(early["detail_phrase"]["code"], "block_refused_because", "{early}");

    writes(agent, "hello").await;
    until(async || texts(agent).await == ["hello"]).await;
    let blocked = agent.post(&list, &amina).await.expect(200);
    assert_eq!(
        (&blocked["to"], &blocked["contact"]["name"]),
        (&json!(AMINA), &json!("Amina"))
    );
    assert_eq!(agent.get(&list).await.expect(200)["items"], json!([blocked]));

    writes(agent, "unheard").await;
    let end = format!("{list}?to=%2B{AMINA}");
    assert_eq!(agent.delete(&end).await.status, 204);
    writes(agent, "heard").await;
    until(async || texts(agent).await == ["heard"]).await;
    assert_eq!(agent.get(&list).await.expect(200), none);
    let late = agent.delete(&end).await.expect_problem(409, "wrong_state");
    assert_eq!(late["detail_phrase"]["code"], "unblock_refused_because");

    for wrong in [
        json!({"to": ""}),
        json!({"to": "nobody"}),
        json!({}),
        json!({"to": AMINA, "x": 1}),
    ] {
        assert_eq!(agent.post(&list, &wrong).await.status, 422, "{wrong}");
    }
    assert_eq!(app.b.agent.get(&list).await.status, 404);
    assert_eq!(app.b.agent.post(&list, &amina).await.status, 404);
    assert_eq!(app.b.agent.delete(&end).await.status, 404);
}

fn picture(side: u32, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(side, side)
        .write_to(&mut out, format)
        .expect("a picture");
    out.into_inner()
}

async fn upload(client: &Client, mime: &str, bytes: Vec<u8>) -> String {
    let given = client
        .raw(Method::POST, "/api/v1/media?filename=us", mime, bytes)
        .await
        .expect(201);
    given["id"].as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn a_profile_gets_a_picture_that_is_shown() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (place, _) = channel(owner).await;
    let (profile, shown) = (format!("{place}/profile"), format!("{place}/profile/picture"));
    owner.get(&shown).await.expect_problem(404, "not_found");
    let with = |picture: &str| {
        json!({"about": "Handmade baskets", "address": "", "description": "", "email": "", "websites": [],
            "vertical": "RETAIL", "picture": picture})
    };
    let png = picture(200, ImageFormat::Png);
    let good = upload(owner, "image/png", png.clone()).await;
    let saved = put(owner, &profile, &with(&good)).await.expect(200);
    assert!(saved["picture_url"].is_string(), "{saved}");
    let answer = owner
        .request(Method::GET, &shown)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.bytes().await.expect("bytes"), png);

    // A profile that is changed without a picture keeps the one it has.
    let mut without = with("");
    without.as_object_mut().expect("an object").remove("picture");
    assert_eq!(
        put(owner, &profile, &without).await.expect(200)["picture_url"],
        saved["picture_url"]
    );

    let small = upload(owner, "image/png", picture(100, ImageFormat::Png)).await;
    let webp = upload(owner, "image/webp", picture(200, ImageFormat::WebP)).await;
    for (wrong, phrase) in [
        (small.as_str(), "picture_too_small"),
        (&webp, "picture_type"),
        ("nothing", "picture_gone"),
    ] {
        let problem = put(owner, &profile, &with(wrong))
            .await
            .expect_problem(422, "invalid_field");
        assert_eq!(
            (&problem["field"], &problem["detail_phrase"]["code"]),
            (&json!("picture"), &json!(phrase))
        );
    }
    let theirs = upload(&app.b.owner, "image/png", png).await;
    put(owner, &profile, &with(&theirs))
        .await
        .expect_problem(422, "invalid_field");
    assert_eq!(app.b.owner.get(&shown).await.status, 404);
    assert_eq!(app.a.agent.get(&shown).await.status, 403);
}

#[actix_web::test]
async fn the_shop_the_welcome_and_the_pin_are_the_owners() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let (place, _) = channel(owner).await;
    let shop = format!("{place}/shop");
    let both = json!({"catalog_visible": true, "cart_enabled": true});
    assert_eq!(owner.get(&shop).await.expect(200), both);
    let hidden = json!({"catalog_visible": false, "cart_enabled": true});
    assert_eq!(put(owner, &shop, &hidden).await.expect(200), hidden);
    assert_eq!(owner.get(&shop).await.expect(200), hidden);
    assert_eq!(put(agent, &shop, &both).await.status, 403);

    let welcome = format!("{place}/welcome");
    let offered = json!({"greets": true, "menu": [],
        "ice_breakers": [{"question": "Where is my order?", "payload": "Where is my order?"}],
        "commands": [{"name": "orders", "description": "Show my orders"}]});
    assert_eq!(put(owner, &welcome, &offered).await.expect(200), offered);
    assert_eq!(owner.get(&welcome).await.expect(200), offered);
    let five = vec![json!({"question": "Why?", "payload": "Why?"}); 5];
    for (wrong, field) in [
        (json!({ "ice_breakers": five }), "ice_breakers"),
        (
            json!({"commands": [{"name": "/orders", "description": "x"}]}),
            "commands.0.name",
        ),
        (
            json!({"commands": [{"name": "orders", "description": "x".repeat(257)}]}),
            "commands.0.description",
        ),
        (json!({"menu": [{"title": "Menu", "payload": "M"}]}), "menu"),
    ] {
        let problem = put(owner, &welcome, &wrong)
            .await
            .expect_problem(422, "invalid_field");
        assert_eq!(problem["field"], field);
    }

    let pin = format!("{place}/pin");
    assert_eq!(put(owner, &pin, &json!({"pin": "284913"})).await.status, 204);
    for wrong in ["28491", "2849130", "28491a"] {
        put(owner, &pin, &json!({ "pin": wrong }))
            .await
            .expect_problem(422, "invalid_field");
    }
    assert_eq!(put(agent, &pin, &json!({"pin": "284913"})).await.status, 403);
    assert_eq!(
        put(&app.b.owner, &pin, &json!({"pin": "284913"})).await.status,
        404
    );

    // Instagram leaves none of it to decide.
    let body = json!({ "provider": "sandbox_instagram", "name": "Insta" });
    let other = owner.post("/api/v1/channels", &body).await.expect(201);
    let other = format!("/api/v1/channels/{}", other["id"].as_str().expect("an id"));
    let problem = owner
        .get(&format!("{other}/blocked"))
        .await
        .expect_problem(409, "wrong_state");
    assert_eq!(problem["detail_phrase"]["code"], "not_offered_here");
}

#[actix_web::test]
async fn a_template_that_is_kept_back_says_so_until_it_goes_out() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (_, id) = channel(owner).await;
    let draft = json!({"channel_id": id, "name": "news", "language": "en", "category": "marketing",
        "components": [{"type": "BODY", "text": "Our baskets are back."}]});
    let template = owner.post("/api/v1/templates", &draft).await.expect(201);
    let at = format!("/api/v1/templates/{}", template["id"].as_str().expect("an id"));
    owner.post(&format!("{at}/submit"), &json!({})).await.expect(200);
    until(async || owner.get(&at).await.expect(200)["status"] == "approved").await;
    let body = json!({"channel_id": id, "to": "+254709990903", "type": "template",
        "template": {"name": "news", "language": "en"}});
    let message = owner.post("/api/v1/messages", &body).await.expect(202);
    assert_eq!(message["held"], json!(null));
    let path = format!(
        "/api/v1/conversations/{}/messages",
        message["conversation_id"].as_str().expect("an id")
    );
    let mut seen = Vec::new();
    until(async || {
        let now = owner.get(&path).await.expect(200)["items"][0].clone();
        seen.push((now["status"].clone(), now["held"].clone()));
        ["sent", "delivered", "read"].contains(&now["status"].as_str().unwrap_or_default())
    })
    .await;
    assert!(
        seen.contains(&(json!("accepted"), json!("held_for_quality_assessment"))),
        "{seen:?}"
    );
    assert_eq!(seen.last().expect("seen").1, json!(null));
}

#[actix_web::test]
async fn a_message_can_be_meant_for_one_identity_only() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (_, id) = channel(owner).await;
    writes(owner, "hello").await;
    until(async || texts(owner).await == ["hello"]).await;
    let body = |channel: &str, hash: Value| {
        json!({"channel_id": channel, "to": AMINA, "type": "text", "text": {"body": "Your statement"},
            "recipient_identity_key_hash": hash})
    };
    let sent = owner
        .post("/api/v1/messages", &body(&id, json!("Zm9vYmFyMTIz")))
        .await
        .expect(202);
    assert_eq!(
        sent["extra"],
        json!({"recipient_identity_key_hash": "Zm9vYmFyMTIz"})
    );
    for wrong in [json!(""), json!(1), json!("x".repeat(257))] {
        let refused = owner.post("/api/v1/messages", &body(&id, wrong)).await;
        assert_eq!(
            refused.expect_problem(422, "invalid_field")["field"],
            "recipient_identity_key_hash"
        );
    }
    let sms = json!({ "provider": "sandbox_sms", "name": "SMS", "settings": {"from": "+254700000100"} });
    let sms = owner.post("/api/v1/channels", &sms).await.expect(201);
    let refused = owner
        .post(
            "/api/v1/messages",
            &body(sms["id"].as_str().expect("an id"), json!("Zm9v")),
        )
        .await;
    assert_eq!(
        refused.expect_problem(422, "invalid_field")["field"],
        "recipient_identity_key_hash"
    );
}
