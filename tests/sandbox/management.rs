//! Media, numbers, subscriptions, tokens, handshake.

use frontdesk::sandbox::whatsapp::HandshakeError;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, VERIFY, WABA};

#[tokio::test]
async fn media_go_up_and_come_back() {
    let stage = Stage::with(|config| config.rules.media_ids = true);
    stage.greet().await;
    let url = stage.url(&format!("{NUMBER}/media"));
    let upload = |form: Form| async {
        let answer = stage
            .client
            .post(&url)
            .bearer_auth(TOKEN)
            .multipart(form)
            .send()
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.expect("JSON"),
        )
    };
    let file = |mime: &str, size: usize| {
        Part::bytes(vec![7_u8; size])
            .file_name("a.bin")
            .mime_str(mime)
            .expect("a type")
    };
    let form = |part: Part| {
        Form::new()
            .text("messaging_product", "whatsapp")
            .part("file", part)
    };
    let (status, stored) = upload(form(file("image/png", 1_000))).await;
    assert_eq!(status, 200, "{stored}");
    let id = stored["id"].as_str().expect("an id");
    let (_, found) = stage.get(&format!("{id}?phone_number_id={NUMBER}")).await;
    assert_eq!(
        (&found["mime_type"], &found["file_size"], &found["id"]),
        (&json!("image/png"), &json!("1000"), &json!(id))
    );
    assert_eq!(found["sha256"].as_str().map(str::len), Some(64));
    let bytes = stage
        .client
        .get(found["url"].as_str().expect("a url"))
        .bearer_auth(TOKEN)
        .send()
        .await
        .expect("an answer");
    assert_eq!(bytes.bytes().await.expect("bytes").len(), 1_000);
    for (part, code) in [
        (file("image/png", (5 << 20) + 1), 131_053),
        (file("application/x-msdownload", 10), 100),
    ] {
        assert_eq!(upload(form(part)).await.1["error"]["code"], code);
    }
    assert_eq!(
        upload(Form::new().text("messaging_product", "whatsapp")).await.1["error"]["code"],
        100
    );
    assert_eq!(
        upload(Form::new().part("file", file("image/png", 10))).await.1["error"]["code"],
        100
    );
    assert_eq!(
        stage
            .post(&format!("{NUMBER}/media"), &json!({"file": "x"}))
            .await
            .1["error"]["code"],
        100
    );
    let image = |id: &str| json!({"messaging_product": "whatsapp", "to": AMINA, "type": "image", "image": {"id": id}});
    stage.send(&image(id)).await;
    assert!(
        stage
            .receiver
            .statuses(3)
            .await
            .iter()
            .all(|status| status["status"] != "failed")
    );
    let delete = stage
        .client
        .delete(stage.url(id))
        .bearer_auth(TOKEN)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        delete.json::<Value>().await.expect("JSON"),
        json!({"success": true})
    );
    assert_eq!(stage.get(id).await.1["error"]["error_subcode"], 33);
    stage.send(&image(id)).await;
    assert_eq!(stage.receiver.statuses(4).await[3]["errors"][0]["code"], 131_053);
    stage.end().await;
}

#[tokio::test]
async fn numbers_tokens_and_profiles() {
    let stage = Stage::new();
    let (_, number) = stage
        .get(&format!(
            "{NUMBER}?fields=status,quality_rating,throughput,whatsapp_business_manager_messaging_limit"
        ))
        .await;
    assert_eq!(
        number,
        json!({
            "id": NUMBER, "status": "CONNECTED", "quality_rating": "GREEN", "throughput": {"level": "STANDARD"},
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
        })
    );
    assert_eq!(
        stage.get(NUMBER).await.1["display_phone_number"],
        "+254 700 555010"
    );
    let (_, list) = stage.get(&format!("{WABA}/phone_numbers")).await;
    assert_eq!(list["data"][0]["id"], NUMBER);
    assert_eq!(stage.get(WABA).await.1["id"], WABA);
    let (_, token) = stage.get(&format!("debug_token?input_token={TOKEN}")).await;
    assert_eq!(token["data"]["is_valid"], true);
    assert_eq!(
        token["data"]["granular_scopes"][1],
        json!({"scope": "whatsapp_business_messaging", "target_ids": [WABA]})
    );
    assert_eq!(
        stage.get("debug_token?input_token=other").await.1["data"]["is_valid"],
        false
    );
    let profile = json!({"messaging_product": "whatsapp", "about": "Handmade baskets", "vertical": "RETAIL"});
    assert_eq!(
        stage
            .post(&format!("{NUMBER}/whatsapp_business_profile"), &profile)
            .await
            .0,
        200
    );
    let (_, read) = stage.get(&format!("{NUMBER}/whatsapp_business_profile")).await;
    assert_eq!(
        (&read["data"][0]["about"], &read["data"][0]["vertical"]),
        (&json!("Handmade baskets"), &json!("RETAIL"))
    );
    let register = format!("{NUMBER}/register");
    assert_eq!(
        stage
            .post(
                &register,
                &json!({"messaging_product": "whatsapp", "pin": "28491"})
            )
            .await
            .0,
        400
    );
    assert_eq!(
        stage
            .post(
                &register,
                &json!({"messaging_product": "whatsapp", "pin": "284913"})
            )
            .await
            .0,
        200
    );
    stage.end().await;
}

#[tokio::test]
async fn subscriptions_are_verified_by_a_handshake() {
    let stage = Stage::with(|config| config.rules.subscription = true);
    assert_eq!(stage.simulator.verify_webhook(NUMBER).await, Ok(()));
    let path = format!("{WABA}/subscribed_apps");
    assert_eq!(stage.get(&path).await.1, json!({"data": []}));
    stage
        .simulator
        .customer_says(
            NUMBER,
            &crate::support::amina(),
            frontdesk::sandbox::CustomerMessage::text("unheard"),
        )
        .expect("accepted");
    assert_eq!(stage.simulator.counters().webhook_updates_unsubscribed, 1);
    assert_eq!(
        stage.post(&path, &json!({})).await,
        (200, json!({"success": true}))
    );
    stage.greet().await;
    let other = crate::support::Receiver::start();
    let wrong = json!({"override_callback_uri": other.url, "verify_token": "wrong"});
    let (status, answer) = stage.post(&path, &wrong).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)), "{answer}");
    let right = json!({"override_callback_uri": other.url, "verify_token": VERIFY});
    assert_eq!(stage.post(&path, &right).await.0, 200);
    assert_eq!(
        stage.get(&path).await.1["data"][0]["override_callback_uri"],
        other.url.as_str()
    );
    stage.text(AMINA, "to the override").await;
    other.statuses(3).await;
    let own = json!({"webhook_configuration": {"override_callback_uri": stage.receiver.url, "verify_token": VERIFY}});
    assert_eq!(stage.post(NUMBER, &own).await.0, 200);
    stage.text(AMINA, "the number's own comes first").await;
    stage.receiver.statuses(3).await;
    other.stop().await;
    stage
        .simulator
        .set_webhook_url(NUMBER, Some("http://127.0.0.1:1/"))
        .expect("known");
    assert!(matches!(
        stage.simulator.verify_webhook(NUMBER).await,
        Err(HandshakeError::Unreachable(_))
    ));
    stage.end().await;
}

#[tokio::test]
async fn what_a_blocked_customer_writes_does_not_arrive() {
    let stage = Stage::new();
    let path = format!("{NUMBER}/block_users");
    let user = json!({"messaging_product": "whatsapp", "block_users": [{"user": format!("+{AMINA}")}]});
    let (status, early) = stage.post(&path, &user).await;
    assert_eq!((status, &early["error"]["code"]), (400, &json!(139_100)));
    assert_eq!(
        early["block_users"]["failed_users"][0]["wa_id"], AMINA,
        "has not written"
    );
    stage.greet().await;
    let (_, answer) = stage.post(&path, &user).await;
    assert_eq!(
        answer["block_users"]["added_users"][0]["wa_id"], AMINA,
        "{answer}"
    );
    let (_, list) = stage.get(&path).await;
    assert_eq!(list["data"][0]["block_users"][0]["wa_id"], AMINA, "{list}");
    let says = |text: &str| {
        stage
            .simulator
            .customer_says(
                NUMBER,
                &crate::support::amina(),
                frontdesk::sandbox::CustomerMessage::text(text),
            )
            .expect("accepted")
    };
    says("unheard");
    let unblocked = stage
        .client
        .delete(stage.url(&path))
        .bearer_auth(TOKEN)
        .json(&user)
        .send();
    assert_eq!(unblocked.await.expect("an answer").status(), 200);
    says("heard");
    let heard = stage.receiver.messages(2).await;
    assert_eq!(heard[1]["text"]["body"], "heard", "{heard:?}");
    let (status, _) = stage.post(&path, &json!({"block_users": []})).await;
    assert_eq!(status, 400);
    stage.end().await;
}

#[tokio::test]
async fn the_shop_and_the_greetings_are_settings_of_the_number() {
    let stage = Stage::new();
    let path = format!("{NUMBER}/whatsapp_commerce_settings");
    let shown = |answer: &Value| {
        (
            answer["data"][0]["is_cart_enabled"].clone(),
            answer["data"][0]["is_catalog_visible"].clone(),
        )
    };
    assert_eq!(shown(&stage.get(&path).await.1), (json!(true), json!(true)));
    assert_eq!(stage.post(&path, &json!({"is_cart_enabled": false})).await.0, 200);
    assert_eq!(shown(&stage.get(&path).await.1), (json!(false), json!(true)));
    let automation = format!("{NUMBER}/conversational_automation");
    assert_eq!(
        stage.post(&automation, &json!({"prompts": ["a", "b"]})).await.0,
        200
    );
    assert_eq!(
        stage
            .post(&automation, &json!({"prompts": ["a", "b", "c", "d", "e"]}))
            .await
            .0,
        400
    );
    let (_, number) = stage
        .get(&format!("{NUMBER}?fields=conversational_automation"))
        .await;
    assert_eq!(
        number["conversational_automation"]["prompts"],
        json!(["a", "b"]),
        "{number}"
    );
    stage.end().await;
}
