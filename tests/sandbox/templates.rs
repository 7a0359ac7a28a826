//! Templates: creation, review, use, pause, listing.

use frontdesk::sandbox::whatsapp::{AutoReply, Behaviour, Delay, TemplateConfig};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, WABA};

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
    let change = stage.receiver.changes("message_template_status_update", 1).await[0].clone();
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
        stage.send(&send("order_shipped", &["Amina", "1042"])).await.0,
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
            stage.send(&send("order_shipped", &["Amina", "1042"])).await.1["error"]["code"],
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
    let changes = stage.receiver.changes("message_template_status_update", 5).await;
    assert!(
        changes
            .iter()
            .any(|change| change["other_info"]["title"] == "FIRST_PAUSE")
    );
    assert!(
        changes
            .iter()
            .any(|change| change["other_info"]["title"] == "UNPAUSE" && change["event"] == "APPROVED")
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
        .post(&path, &template("please_reject_me", "Hi {{1}}, see {{2}} now"))
        .await;
    let change = stage.receiver.changes("message_template_status_update", 1).await[0].clone();
    assert_eq!(
        (&change["event"], &change["reason"]),
        (&json!("REJECTED"), &json!("INVALID_FORMAT"))
    );
    let (_, twice) = stage
        .post(&path, &template("please_reject_me", "Hi {{1}}, see {{2}} now"))
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
    let mut url = stage.url(&format!("{WABA}/message_templates?limit=3&summary=total_count"));
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
    assert_eq!(found, (0..7).map(|n| json!(format!("t{n}"))).collect::<Vec<_>>());
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
    let (_, one) = stage.get(page["data"][0]["id"].as_str().expect("an id")).await;
    assert_eq!((&one["name"], &one["status"]), (&json!("t1"), &json!("APPROVED")));
    assert_eq!(
        stage.get(&format!("{WABA}/message_templates?after=zzz")).await.0,
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
    let header = json!({"type": "header", "parameters": [{"type": "image", "image": {"id": "7001"}}]});
    let body = json!({"type": "body", "parameters": [
        {"type": "text", "parameter_name": "first_name", "text": "Amina"},
        {"type": "text", "parameter_name": "order_no", "text": "1042"},
    ]});
    let unnamed = json!({"type": "body", "parameters": [{"type": "text", "text": "Amina"}, {"type": "text", "text": "1042"}]});
    let video = json!({"type": "header", "parameters": [{"type": "video", "video": {"id": "7001"}}]});
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
            answer["error"]["error_data"]["details"].as_str().unwrap_or(""),
            details
        );
    }
    let (status, answer) = stage.send(&send("no_such", &[])).await;
    assert_eq!(
        (status, &answer["error"]["error_data"]["details"]),
        (404, &json!("template name (no_such) does not exist in en_US"))
    );
    stage.template(TemplateConfig::counted("code", "en_US", "AUTHENTICATION", 0));
    let mut to_user = send("code", &[]);
    to_user["recipient"] = "KE.9001".into();
    to_user.as_object_mut().expect("an object").remove("to");
    assert_eq!(stage.send(&to_user).await.1["error"]["code"], 131_062);
    stage.end().await;
}

#[tokio::test]
async fn a_falling_quality_is_told() {
    let stage = Stage::new();
    stage.template(TemplateConfig::counted("promo", "en_US", "MARKETING", 0));
    stage
        .simulator
        .set_template_quality(WABA, "promo", "en_US", "RED")
        .expect("known");
    let change = stage.receiver.changes("message_template_quality_update", 1).await[0].clone();
    assert_eq!(
        (&change["previous_quality_score"], &change["new_quality_score"]),
        (&json!("GREEN"), &json!("RED"))
    );
    assert!(
        stage
            .simulator
            .set_template_quality(WABA, "promo", "en_US", "BLUE")
            .is_err()
    );
    assert!(
        stage
            .simulator
            .set_template_quality(WABA, "other", "en_US", "RED")
            .is_err()
    );
    stage.end().await;
}

#[tokio::test]
async fn the_phone_shows_a_template_with_its_texts_and_its_buttons_can_be_pressed() {
    let stage = Stage::greeted().await;
    let components = json!([
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
        {"type": "BODY", "text": "Hi {{1}}, order {{2}} has left our shop."},
        {"type": "FOOTER", "text": "Kibanda Crafts"},
        {"type": "BUTTONS", "buttons": [
            {"type": "URL", "text": "Track", "url": "https://shop.example/t/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Cancel order"},
        ]},
    ]);
    stage.template(TemplateConfig {
        components: components.as_array().cloned().expect("a list"),
        body_only: false,
        ..TemplateConfig::counted("order_shipped", "en_US", "UTILITY", 0)
    });
    let press = AutoReply {
        delay: Delay::new(0, 0),
        ..AutoReply::default()
    };
    stage.behave(Behaviour {
        auto_reply: Some(press),
        ..Behaviour::default()
    });
    let mut message = send("order_shipped", &["Amina", "1042"]);
    let parts = message["template"]["components"].as_array_mut().expect("a list");
    parts.push(json!({"type": "header", "parameters": [{"type": "text", "text": "1042"}]}));
    parts.push(json!({"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "1042"}]}));
    let (status, answer) = stage.send(&message).await;
    assert_eq!(status, 200, "{answer}");
    let pressed = stage.receiver.messages(2).await[1].clone();
    assert_eq!(
        pressed["button"],
        json!({"payload": "Cancel order", "text": "Cancel order"})
    );
    assert_eq!(pressed["context"]["id"], answer["messages"][0]["id"]);
    let shown = stage.simulator.transcript(NUMBER, AMINA)[1].rendered.clone();
    assert_eq!(
        shown,
        Some(json!({
            "header": "Order 1042",
            "body": "Hi Amina, order 1042 has left our shop.",
            "footer": "Kibanda Crafts",
            "buttons": [
                {"type": "URL", "text": "Track", "url": "https://shop.example/t/1042"},
                {"type": "QUICK_REPLY", "text": "Cancel order", "payload": "Cancel order"},
            ],
        }))
    );
    stage.end().await;
}
