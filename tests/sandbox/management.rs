//! Templates, media, numbers, subscriptions, tokens, handshake.

use frontdesk::sandbox::whatsapp::{HandshakeError, TemplateConfig};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, VERIFY, WABA};

fn template(name: &str, text: &str) -> Value {
    json!({
        "name": name, "language": "en_US", "category": "UTILITY",
        "components": [{"type": "BODY", "text": text, "example": {"body_text": [["Amina", "1042"]]}}],
    })
}

fn send(name: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<_> = parameters
        .iter()
        .map(|text| json!({"type": "text", "text": text}))
        .collect();
    let mut template = json!({"name": name, "language": {"code": "en_US"}});
    if !parameters.is_empty() {
        template["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    json!({"messaging_product": "whatsapp", "to": AMINA, "type": "template", "template": template})
}

#[tokio::test]
async fn a_template_is_reviewed_used_paused_and_deleted() {
    let stage = Stage::with(|config| config.delays.template_review.base_ms = 30);
    let path = format!("{WABA}/message_templates");
    let (status, created) = stage
        .post(
            &path,
            &template("order_shipped", "Hi {{1}}, order {{2}} has left our shop."),
        )
        .await;
    assert_eq!(
        (status, &created["status"], &created["category"]),
        (200, &json!("PENDING"), &json!("UTILITY"))
    );
    let id = created["id"].as_str().expect("an id").to_owned();
    let (status, answer) = stage.send(&send("order_shipped", &["Amina", "1042"])).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!(132_001)),
        "not yet approved"
    );
    let change = stage
        .receiver
        .changes("message_template_status_update", 1)
        .await[0]
        .clone();
    assert_eq!(
        change,
        json!({
            "event": "APPROVED", "message_template_id": id.parse::<u64>().expect("digits"), "reason": "NONE",
            "message_template_name": "order_shipped", "message_template_language": "en_US",
            "message_template_category": "UTILITY",
        })
    );
    let entry = stage.receiver.deliveries()[0].body["entry"][0].clone();
    assert!(entry["time"].is_i64() && entry["id"] == WABA);
    assert_eq!(
        stage
            .send(&send("order_shipped", &["Amina", "1042"]))
            .await
            .0,
        200
    );
    let (status, answer) = stage.send(&send("order_shipped", &["Amina"])).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(132_000)));
    assert_eq!(
        answer["error"]["error_data"]["details"],
        "body: number of localizable_params (1) does not match the expected number of params (2)"
    );
    for (state, code) in [("PAUSED", 132_015), ("DISABLED", 132_016)] {
        stage
            .simulator
            .set_template_status(WABA, "order_shipped", "en-US", state)
            .expect("known");
        assert_eq!(
            stage
                .send(&send("order_shipped", &["Amina", "1042"]))
                .await
                .1["error"]["code"],
            code
        );
    }
    stage
        .simulator
        .set_template_status(WABA, "order_shipped", "en_US", "PAUSED")
        .expect("known");
    assert_eq!(
        stage.post(&format!("{id}/unpause"), &json!({})).await,
        (200, json!({"success": true}))
    );
    let changes = stage
        .receiver
        .changes("message_template_status_update", 5)
        .await;
    assert!(
        changes
            .iter()
            .any(|change| change["other_info"]["title"] == "FIRST_PAUSE")
    );
    assert!(
        changes
            .iter()
            .any(|change| change["other_info"]["title"] == "UNPAUSE"
                && change["event"] == "APPROVED")
    );
    let delete = stage
        .client
        .delete(stage.url(&format!("{path}?name=order_shipped")))
        .bearer_auth(TOKEN);
    assert_eq!(
        delete
            .try_clone()
            .expect("no body")
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
    let gone: Value = delete
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(gone["error"]["error_subcode"], 2_593_002);
    let (_, again) = stage
        .post(
            &path,
            &template("order_shipped", "Hi {{1}}, order {{2}} has left our shop."),
        )
        .await;
    assert_eq!(
        again["error"]["error_subcode"], 2_388_023,
        "the name is blocked for a while"
    );
    stage.end().await;
}

#[tokio::test]
async fn template_rules_and_rejection() {
    let stage = Stage::new();
    let path = format!("{WABA}/message_templates");
    let long = format!("Hi {{{{1}}}}, {}.", "x".repeat(1_030));
    let cases = [
        (template("edges", "{{1}} is at the start"), json!(2_388_299)),
        (template("long", &long), json!(2_388_040)),
        (template("Upper", "Hello"), Value::Null),
        (
            json!({"name": "x", "language": "en_US", "category": "UTILITY", "components": []}),
            Value::Null,
        ),
        (
            json!({"name": "x", "language": "en_US", "category": "NEWS", "components": [{"type": "BODY", "text": "x"}]}),
            Value::Null,
        ),
        (
            json!({"name": "x", "language": "en_US", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hi {{1}} there"}]}),
            json!(2_388_072),
        ),
    ];
    for (body, subcode) in cases {
        let (status, answer) = stage.post(&path, &body).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["code"], &error["error_subcode"]),
            (400, &json!(100), &subcode),
            "{body} {answer}"
        );
        if !subcode.is_null() {
            assert_eq!(error["is_transient"], false);
            assert!(error["error_user_title"].is_string() && error["error_user_msg"].is_string());
        }
    }
    stage
        .post(
            &path,
            &template("please_reject_me", "Hi {{1}}, see {{2}} now"),
        )
        .await;
    let change = stage
        .receiver
        .changes("message_template_status_update", 1)
        .await[0]
        .clone();
    assert_eq!(
        (&change["event"], &change["reason"]),
        (&json!("REJECTED"), &json!("INVALID_FORMAT"))
    );
    let (_, twice) = stage
        .post(
            &path,
            &template("please_reject_me", "Hi {{1}}, see {{2}} now"),
        )
        .await;
    assert_eq!(twice["error"]["error_subcode"], 2_388_024);
    stage.end().await;
}

#[tokio::test]
async fn templates_are_listed_by_pages_and_filters() {
    let stage = Stage::new();
    for n in 0..7 {
        stage.template(TemplateConfig::counted(
            &format!("t{n}"),
            "en_US",
            if n % 2 == 0 { "UTILITY" } else { "MARKETING" },
            n,
        ));
    }
    let mut url = stage.url(&format!(
        "{WABA}/message_templates?limit=3&summary=total_count"
    ));
    let mut found = Vec::new();
    loop {
        let page: Value = stage
            .client
            .get(&url)
            .bearer_auth(TOKEN)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        found.extend(
            page["data"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|template| template["name"].clone()),
        );
        match page["paging"]["next"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(
        found,
        (0..7).map(|n| json!(format!("t{n}"))).collect::<Vec<_>>()
    );
    let (_, page) = stage
        .get(&format!(
            "{WABA}/message_templates?category=MARKETING&fields=name,quality_score"
        ))
        .await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        page["data"][0]
            .as_object()
            .expect("an object")
            .keys()
            .collect::<Vec<_>>(),
        ["id", "name", "quality_score"]
    );
    let (_, one) = stage
        .get(page["data"][0]["id"].as_str().expect("an id"))
        .await;
    assert_eq!(
        (&one["name"], &one["status"]),
        (&json!("t1"), &json!("APPROVED"))
    );
    assert_eq!(
        stage
            .get(&format!("{WABA}/message_templates?after=zzz"))
            .await
            .0,
        400
    );
    stage.end().await;
}

#[tokio::test]
async fn headers_buttons_and_named_parameters_are_checked() {
    let stage = Stage::new();
    let components = json!([
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}},
        {"type": "BODY", "text": "Hi {{first_name}}, order {{order_no}} is here."},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Ok"}, {"type": "URL", "text": "Track", "url": "https://a.example/{{1}}"}]},
    ]);
    stage.template(TemplateConfig {
        components: components.as_array().cloned().expect("a list"),
        parameter_format: "NAMED".to_owned(),
        body_only: false,
        ..TemplateConfig::counted("full", "en_US", "UTILITY", 0)
    });
    let header =
        json!({"type": "header", "parameters": [{"type": "image", "image": {"id": "7001"}}]});
    let body = json!({"type": "body", "parameters": [
        {"type": "text", "parameter_name": "first_name", "text": "Amina"},
        {"type": "text", "parameter_name": "order_no", "text": "1042"},
    ]});
    let unnamed = json!({"type": "body", "parameters": [{"type": "text", "text": "Amina"}, {"type": "text", "text": "1042"}]});
    let video =
        json!({"type": "header", "parameters": [{"type": "video", "video": {"id": "7001"}}]});
    let button = json!({"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "1042"}]});
    let stray = json!({"type": "button", "sub_type": "url", "index": 5, "parameters": [{"type": "text", "text": "1042"}]});
    let cases = [
        (json!([header, body, button]), Value::Null, ""),
        (
            json!([body, button]),
            json!(132_012),
            "header: Format mismatch, expected IMAGE, received UNKNOWN",
        ),
        (
            json!([video, body, button]),
            json!(132_012),
            "header: Format mismatch, expected IMAGE, received VIDEO",
        ),
        (
            json!([header, unnamed, button]),
            json!(132_012),
            "body: Parameter name is missing or empty (first_name)",
        ),
        (
            json!([header, body]),
            json!(131_008),
            "buttons: Button at index 1 of type URL requires a parameter",
        ),
        (
            json!([header, body, button, stray]),
            json!(132_018),
            "buttons: There is no button at index 5",
        ),
    ];
    for (components, code, details) in cases {
        let mut message = send("full", &[]);
        message["template"]["components"] = components;
        let (_, answer) = stage.send(&message).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(
            answer["error"]["error_data"]["details"]
                .as_str()
                .unwrap_or(""),
            details
        );
    }
    let (status, answer) = stage.send(&send("no_such", &[])).await;
    assert_eq!(
        (status, &answer["error"]["error_data"]["details"]),
        (
            404,
            &json!("template name (no_such) does not exist in en_US")
        )
    );
    stage.template(TemplateConfig::counted(
        "code",
        "en_US",
        "AUTHENTICATION",
        0,
    ));
    let mut to_user = send("code", &[]);
    to_user["recipient"] = "KE.9001".into();
    to_user.as_object_mut().expect("an object").remove("to");
    assert_eq!(stage.send(&to_user).await.1["error"]["code"], 131_062);
    stage.end().await;
}

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
        upload(Form::new().text("messaging_product", "whatsapp"))
            .await
            .1["error"]["code"],
        100
    );
    assert_eq!(
        upload(Form::new().part("file", file("image/png", 10)))
            .await
            .1["error"]["code"],
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
    assert_eq!(
        stage.receiver.statuses(4).await[3]["errors"][0]["code"],
        131_053
    );
    stage.end().await;
}

#[tokio::test]
async fn numbers_tokens_and_profiles() {
    let stage = Stage::new();
    let (_, number) = stage.get(&format!("{NUMBER}?fields=status,quality_rating,throughput,whatsapp_business_manager_messaging_limit")).await;
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
    let profile =
        json!({"messaging_product": "whatsapp", "about": "Handmade baskets", "vertical": "RETAIL"});
    assert_eq!(
        stage
            .post(&format!("{NUMBER}/whatsapp_business_profile"), &profile)
            .await
            .0,
        200
    );
    let (_, read) = stage
        .get(&format!("{NUMBER}/whatsapp_business_profile"))
        .await;
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
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!(100)),
        "{answer}"
    );
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
