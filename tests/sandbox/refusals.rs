//! Bad input gets the documented error: never a panic, never a 5xx of our own, and nothing is accepted.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, text};

/// Each case of the project's own fixture: body, HTTP status, code and details.
#[tokio::test]
async fn every_broken_body_gets_its_error() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/sandbox/refusals.json")).expect("JSON");
    let stage = Stage::with(|config| config.rules.window = false);
    for case in &cases {
        let mut body = json!({"messaging_product": "whatsapp", "to": AMINA});
        for (name, value) in case["body"].as_object().expect("an object") {
            body[name] = expanded(value);
        }
        for name in case["without"].as_array().into_iter().flatten() {
            body.as_object_mut()
                .expect("an object")
                .remove(name.as_str().expect("a name"));
        }
        let (status, answer) = stage.send(&body).await;
        let error = &answer["error"];
        assert_eq!(error["code"], case["code"], "{}: {answer}", case["name"]);
        assert_eq!(status, 400, "{}", case["name"]);
        assert_eq!(error["type"], "OAuthException");
        assert_eq!(error["error_data"]["messaging_product"], "whatsapp");
        assert!(
            error["fbtrace_id"]
                .as_str()
                .is_some_and(|trace| trace.starts_with('A'))
        );
        let message = error["message"].as_str().expect("a text");
        assert!(message.starts_with(&format!("(#{})", case["code"])), "{message}");
        if let Some(details) = case.get("details") {
            assert_eq!(&error["error_data"]["details"], details, "{}", case["name"]);
        }
    }
    assert_eq!(stage.simulator.counters().sends_accepted, 0);
    stage.end().await;
}

/// `{"$repeat": ["x", 5]}` stands for a text of five x.
fn expanded(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("$repeat") {
            Some(repeat) => {
                let count = usize::try_from(repeat[1].as_u64().expect("a count")).expect("small");
                repeat[0].as_str().expect("a text").repeat(count).into()
            }
            None => object
                .iter()
                .map(|(name, value)| (name.clone(), expanded(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        },
        Value::Array(items) => items.iter().map(expanded).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_longest_allowed_texts_pass() {
    let stage = Stage::with(|config| config.rules.window = false);
    for (body, code) in [
        ("x".repeat(4_096), 200),
        ("x".repeat(4_097), 400),
        ("😀".repeat(2_048), 200),
        ("😀".repeat(2_049), 400),
    ] {
        assert_eq!(stage.send(&text(AMINA, &body)).await.0, code);
    }
    stage.end().await;
}

#[tokio::test]
async fn tokens_and_objects() {
    let stage = Stage::new();
    let url = stage.url(&format!("{NUMBER}/messages"));
    let send = |token: Option<&str>| {
        let request = stage.client.post(&url).json(&text(AMINA, "x"));
        match token {
            Some(token) => request.bearer_auth(token).send(),
            None => request.send(),
        }
    };
    for token in [None, Some(""), Some("wrong"), Some("EAATESTTOKE")] {
        let answer = send(token).await.expect("an answer");
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(
            (
                &body["error"]["code"],
                &body["error"]["message"],
                body["error"].get("error_data")
            ),
            (
                &json!(190),
                &json!("Invalid OAuth access token - Cannot parse access token"),
                None
            )
        );
    }
    let by_query = stage
        .client
        .post(format!("{url}?access_token={TOKEN}"))
        .json(&text(AMINA, "x"))
        .send()
        .await;
    assert_eq!(by_query.expect("an answer").status(), 200);
    for path in [
        "999/messages",
        "999",
        "x/y/z",
        "999/media",
        "999/message_templates",
        "205300400500601/nothing",
        "",
    ] {
        let (status, answer) = stage.post(path, &text(AMINA, "x")).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!(100)),
            "{path}: {answer}"
        );
        assert_eq!(
            (&answer["error"]["error_subcode"], &answer["error"]["type"]),
            (&json!(33), &json!("GraphMethodException"))
        );
    }
    let (_, answer) = stage.post("205300400500602/messages", &json!({})).await;
    assert_eq!(
        answer["error"]["message"],
        "Unsupported post request. Object with ID '205300400500602' does not exist, cannot be loaded due to missing \
         permissions, or does not support this operation"
    );
    let plain = format!("{}/{NUMBER}/messages", stage.simulator.base_url());
    let answer = stage
        .client
        .post(plain)
        .bearer_auth(TOKEN)
        .json(&text(AMINA, "x"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200, "a call without version is served too");
    let proof = format!("{url}?appsecret_proof=00");
    let answer = stage
        .client
        .post(proof)
        .bearer_auth(TOKEN)
        .json(&text(AMINA, "x"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 400);
    stage.end().await;
}

#[tokio::test]
async fn unregistered_numbers_and_huge_bodies() {
    let stage = Stage::new();
    let url = stage.url(&format!("{NUMBER}/messages"));
    for raw in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"messaging_product\":\"whatsapp\"",
        "\u{0}\u{1}",
    ] {
        let answer = stage
            .client
            .post(&url)
            .bearer_auth(TOKEN)
            .body(raw)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 400, "{raw:?}");
        assert_eq!(
            answer.json::<Value>().await.expect("JSON")["error"]["code"],
            100,
            "{raw:?}"
        );
    }
    let huge = stage
        .client
        .post(&url)
        .bearer_auth(TOKEN)
        .body(vec![b' '; (1 << 20) + 1])
        .send()
        .await
        .expect("an answer");
    assert_eq!(huge.status(), 400);
    let deep = format!(
        "{{\"messaging_product\":\"whatsapp\",\"x\":{}",
        "[".repeat(100_000)
    );
    assert_eq!(
        stage
            .client
            .post(&url)
            .bearer_auth(TOKEN)
            .body(deep)
            .send()
            .await
            .expect("an answer")
            .status(),
        400
    );
    stage.post(&format!("{NUMBER}/deregister"), &json!({})).await;
    let (status, answer) = stage.send(&text(AMINA, "x")).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(133_010)));
    stage.end().await;
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("text"),
            Just("button"),
            Just("list"),
            Just("body"),
            Just("header"),
            Just("whatsapp"),
            Just("url")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof![
            Just("type"),
            Just("text"),
            Just("body"),
            Just("action"),
            Just("buttons"),
            Just("sections"),
            Just("rows"),
            Just("parameters"),
            Just("components"),
            Just("template"),
            Just("interactive"),
            Just("header"),
            Just("name"),
            Just("language"),
            Just("code"),
            Just("cards"),
            Just("id"),
            Just("link"),
            Just("index"),
            Just("reply"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((name, inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// A thousand random bodies of every type: answered with 200 or a 4xx envelope, and the next call still works.
#[test]
fn random_bodies_never_break_the_server() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let stage = Stage::with(|config| {
            config.rules.pair_rate = false;
            config.rules.throughput = false;
            config.rules.unknown_templates = true;
        });
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let kinds = [
            "text",
            "image",
            "audio",
            "document",
            "sticker",
            "location",
            "contacts",
            "reaction",
            "interactive",
            "template",
            "odd",
        ];
        for n in 0..1_000 {
            let kind = kinds[n % kinds.len()];
            let content = any_json().new_tree(&mut runner).expect("a value").current();
            let mut body = json!({"messaging_product": "whatsapp", "to": AMINA, "type": kind});
            body[kind] = content;
            let (status, answer) = stage.send(&body).await;
            let fine = match status {
                200 => answer["messages"][0]["id"].is_string(),
                400 | 404 => answer["error"]["code"].is_u64(),
                _ => false,
            };
            assert!(fine, "{status} {answer} for {body}");
        }
        stage.text("254711000235", "still alive").await;
        stage.end().await;
    });
}

#[tokio::test]
async fn odd_paths_methods_and_headers_get_an_envelope() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stage = Stage::new();
    let long = "x".repeat(4_000);
    let targets = [
        "/",
        "//",
        "/v24.0",
        "/v24.0/",
        "/v.0/x",
        "/v24/x",
        "/%00/%ff",
        "/v24.0/../../etc/passwd",
        "/v24.0/1/2/3/4/5",
        &format!("/{long}"),
        "/v24.0/debug_token",
        "/v24.0/104200300400501/message_templates?limit=-1&after=QVFIU99999999999999999999",
        "/v24.0/104200300400501/message_templates?limit=99999999999999999999",
        "/v24.0/_media/1?ext=-9223372036854775808&hash=",
        "/v24.0/_media/1?ext=x",
        "/v24.0/205300400500601?fields=,,,&fields=%F0%9F",
        "/v24.0/999999999999999999999999/unpause",
        "/v24.0/205300400500601/messages?access_token=%zz",
        "/_sandbox/%2e%2e",
        "/_sandboxx/numbers",
        "/_media/1",
    ];
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        for target in targets {
            for token in [TOKEN, "\u{e9}", ""] {
                let mut socket = tokio::net::TcpStream::connect(stage.simulator.address())
                    .await
                    .expect("a connection");
                let head = format!(
                    "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
                );
                socket.write_all(head.as_bytes()).await.expect("sent");
                let mut answer = Vec::new();
                socket.read_to_end(&mut answer).await.expect("an answer");
                let status: u16 = String::from_utf8_lossy(&answer)[9..12].parse().expect("a status");
                assert!((200..500).contains(&status), "{method} {target}: {status}");
            }
        }
    }
    stage.text(AMINA, "still alive").await;
    stage.end().await;
}

#[actix_web::test]
async fn an_actix_runtime_carries_the_simulator_too() {
    let stage = Stage::greeted().await;
    stage.text(AMINA, "hello from a single-threaded runtime").await;
    stage.receiver.statuses(3).await;
    stage.end().await;
}
