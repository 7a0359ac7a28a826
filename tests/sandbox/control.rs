//! The control API: scripts drive the simulator as Rust code does.

use reqwest::Method;
use serde_json::json;

use crate::support::{AMINA, NUMBER, Stage, TOKEN, text};

#[tokio::test]
async fn the_control_api_does_what_the_rust_api_does() {
    let stage = Stage::new();
    let customer = json!({"wa_id": AMINA, "name": "Amina Otieno", "username": "@amina.o"});
    let say = json!({"phone_number_id": NUMBER, "customer": customer, "message": {"type": "text", "text": {"body": "Hi"}}});
    let (status, said) = stage.control(Method::POST, "say", &say).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(stage.receiver.messages(1).await[0]["id"], said["id"]);
    let (status, _) = stage
        .control(
            Method::PUT,
            &format!("customers/{AMINA}/behaviour"),
            &json!({"read": "manual"}),
        )
        .await;
    assert_eq!(status, 200);
    stage.text(AMINA, "hello").await;
    stage.receiver.statuses(2).await;
    let read = stage
        .control(
            Method::POST,
            "read",
            &json!({"phone_number_id": NUMBER, "customer": AMINA}),
        )
        .await;
    assert_eq!(read, (200, json!({"read": 1})));
    let (_, page) = stage
        .control(
            Method::GET,
            &format!("transcript?phone_number_id={NUMBER}&customer={AMINA}&limit=1"),
            &json!({}),
        )
        .await;
    assert_eq!(page["items"][0]["content"]["body"], "hello");
    let (_, counters) = stage
        .control(Method::GET, &format!("counters?recipient={AMINA}"), &json!({}))
        .await;
    assert_eq!(
        (&counters["accepted_for"], &counters["sends_accepted"]),
        (&json!(1), &json!(1))
    );
    let faults = json!({"errors": [{"code": 131_016, "often": {"next": 1}}], "duplicate_webhooks": 0.25});
    let (status, set) = stage.control(Method::PUT, "faults", &faults).await;
    assert_eq!((status, &set["errors"][0]["often"]["next"]), (200, &json!(1)));
    assert_eq!(stage.send(&text(AMINA, "x")).await.1["error"]["code"], 131_016);
    assert_eq!(
        stage.control(Method::GET, "faults", &json!({})).await.1["errors"][0]["often"]["next"],
        0
    );
    let (_, customers) = stage.control(Method::GET, "customers", &json!({})).await;
    assert_eq!(customers["items"][0]["customer"]["username"], "@amina.o");
    let (_, numbers) = stage.control(Method::GET, "numbers", &json!({})).await;
    assert_eq!(numbers["items"][0]["phone_number_id"], NUMBER);
    assert!(!numbers.to_string().contains(TOKEN), "secrets stay inside");
    let emit = json!({"phone_number_id": NUMBER, "field": "account_alerts", "value": {"entity_id": "4105"}, "account": true});
    assert_eq!(stage.control(Method::POST, "emit", &emit).await.0, 200);
    assert_eq!(
        stage.receiver.changes("account_alerts", 1).await,
        [json!({"entity_id": "4105"})]
    );
    let before = stage.simulator.clock().now_ms();
    stage
        .control(Method::POST, "clock/advance", &json!({"ms": 3_600_000}))
        .await;
    assert!(stage.simulator.clock().now_ms() >= before + 3_600_000);
    stage.end().await;
}

#[tokio::test]
async fn the_control_api_refuses_nonsense_and_browsers() {
    let stage = Stage::new();
    let cases = [
        (Method::PUT, "faults", json!({"unknown": 1}), 422),
        (Method::PUT, "faults", json!({"down": "perhaps"}), 422),
        (Method::PUT, "faults", json!([]), 422),
        (Method::POST, "say", json!({}), 422),
        (
            Method::POST,
            "say",
            json!({"phone_number_id": "1", "customer": {"wa_id": AMINA}, "message": {"type": "text"}}),
            404,
        ),
        (
            Method::POST,
            "say",
            json!({"phone_number_id": NUMBER, "customer": {"wa_id": "abc"}, "message": {"type": "text"}}),
            422,
        ),
        (
            Method::POST,
            "say",
            json!({"phone_number_id": NUMBER, "customer": {}, "message": {"type": "text"}}),
            422,
        ),
        (
            Method::POST,
            "say",
            json!({"phone_number_id": NUMBER, "customer": {"wa_id": AMINA}, "message": {"text": {}}}),
            422,
        ),
        (
            Method::POST,
            "say",
            json!({"phone_number_id": NUMBER, "customer": {"wa_id": AMINA}, "message": "hi"}),
            422,
        ),
        (
            Method::POST,
            "read",
            json!({"phone_number_id": NUMBER, "customer": "254799999999"}),
            404,
        ),
        (Method::PUT, "customers/254799999999/behaviour", json!({}), 404),
        (Method::GET, "transcript", json!({}), 422),
        (
            Method::GET,
            "transcript?phone_number_id=1&customer=2",
            json!({}),
            404,
        ),
        (Method::POST, "clock/advance", json!({"ms": -1}), 422),
        (Method::DELETE, "numbers", json!({}), 404),
        (Method::GET, "nothing/here", json!({}), 404),
    ];
    for (method, path, body, expected) in cases {
        let (status, answer) = stage.control(method.clone(), path, &body).await;
        assert_eq!(status, expected, "{method} {path} {body} {answer}");
        assert!(answer["detail"].is_string());
    }
    let url = format!("{}/_sandbox/faults", stage.simulator.base_url());
    for (name, value) in [("Origin", "https://evil.example"), ("Host", "evil.example:80")] {
        let answer = stage
            .client
            .get(&url)
            .header(name, value)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 403, "{name}");
    }
    stage.end().await;
}
