//! Hostile bodies and signatures through the real entrances: never a 5xx, never a body that holds up the next.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};

use super::bodies::{Body, Source};
use super::{all_of_ours, desk};

/// Bodies of each sort for each entrance.
const CASES: usize = 250;
const SOURCES: [Source; 4] = [
    Source::Whatsapp,
    Source::Instagram,
    Source::Twilio,
    Source::Dialog360,
];

fn runner() -> TestRunner {
    TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(0x0c02_9042),
        ..Config::default()
    })
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[{"a": []}]]]])),
        Just(json!(true)),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("x".repeat(70_000))),
        Just(json!("\u{0}\u{202e}\u{feff}")),
    ]
}

/// Paths of every value inside.
fn paths(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                paths(inner, format!("{path}/{name}"), all);
            }
        }
        Value::Array(list) => {
            for (place, inner) in list.iter().enumerate() {
                paths(inner, format!("{path}/{place}"), all);
            }
        }
        _ => {}
    }
    all.push(path);
}

/// A body of ours with some values replaced, doubled or wrapped.
fn tampered(source: Source) -> impl Strategy<Value = Body> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), odd(), 0..3_u8), 1..6);
    (prop::sample::select(all_of_ours(source)), changes).prop_map(|(mut body, changes)| {
        for (at, odd, how) in changes {
            let mut all = Vec::new();
            paths(&body.json, String::new(), &mut all);
            if let Some(place) = body.json.pointer_mut(&all[at.index(all.len())]) {
                let old = place.take();
                *place = match how {
                    0 => odd,
                    1 => json!([old, odd, old]),
                    _ => json!({"text": old, "id": odd}),
                };
            }
        }
        body
    })
}

/// Bytes that are hardly ever a body: noise, and bodies cut off or with a byte turned over.
fn noise(source: Source) -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::sample::select(all_of_ours(source));
    let turned = (whole, any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        turned.prop_map(|(body, at, byte, cut)| {
            let mut bytes = body.bytes();
            let at = at.index(bytes.len().max(1));
            match bytes.get_mut(at) {
                Some(_) if cut => bytes.truncate(at),
                Some(place) => *place = byte,
                None => {}
            }
            bytes
        }),
    ]
}

#[actix_web::test]
async fn no_signed_body_brings_an_entrance_down() {
    let desk = desk::Desk::open().await;
    let mut runner = runner();
    for source in SOURCES {
        let (bodies, noise) = (tampered(source), noise(source));
        for _ in 0..CASES {
            let body = bodies.new_tree(&mut runner).expect("a body").current();
            let status = desk.send(source, body.bytes()).await;
            assert!(matches!(status, 200 | 400), "{source:?} {status}: {}", body.json);
            let bytes = noise.new_tree(&mut runner).expect("bytes").current();
            let status = desk.send(source, bytes.clone()).await;
            let shown = String::from_utf8_lossy(&bytes);
            assert!(matches!(status, 200 | 400 | 401), "{source:?} {status}: {shown}");
        }
    }
    let shown = desk.shown().await;
    let crashed = shown.parked.iter().find(|why| why.contains("unexpectedly"));
    assert_eq!(crashed, None, "no reader panics");
    // Whoever comes next is served.
    let plain = all_of_ours(Source::Whatsapp).remove(1);
    assert_eq!(desk.post(&plain).await, None);
}

#[actix_web::test]
async fn no_forged_signature_gets_in_and_none_brings_an_entrance_down() {
    let desk = desk::Desk::open().await;
    let mut runner = runner();
    let signature = prop_oneof![
        "[ -~]{0,100}",
        "sha256=[0-9a-fA-F]{60,68}",
        "[A-Za-z0-9+/]{26,28}={0,2}",
        "Bearer [ -~]{0,40}",
    ];
    for source in SOURCES {
        let bodies = prop::sample::select(all_of_ours(source));
        for _ in 0..CASES {
            let body = bodies.new_tree(&mut runner).expect("a body").current();
            let signature = signature.new_tree(&mut runner).expect("a text").current();
            let status = desk.send_forged(source, &signature, body.bytes()).await;
            assert_eq!(status, 401, "{source:?} {signature}");
        }
    }
    assert!(desk.shown().await.messages.is_empty());
}

#[actix_web::test]
async fn no_question_brings_a_handshake_down() {
    let desk = desk::Desk::open().await;
    let mut runner = runner();
    let query = prop::collection::vec(
        (
            prop_oneof![
                Just("hub.mode".to_owned()),
                Just("hub.challenge".to_owned()),
                Just("hub.verify_token".to_owned()),
                any::<String>()
            ],
            prop_oneof![
                Just("subscribe".to_owned()),
                Just("v".to_owned()),
                any::<String>()
            ],
        ),
        0..5,
    );
    for path in [
        "/webhooks/whatsapp",
        "/webhooks/instagram",
        desk.twilio_path().as_str(),
    ] {
        for _ in 0..CASES {
            let pairs = query.new_tree(&mut runner).expect("a query").current();
            let status = desk.ask(Method::GET, path, &pairs).await;
            assert!(status < 500, "{path} {status}: {pairs:?}");
        }
    }
}
