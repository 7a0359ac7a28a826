//! Faults do what they say, and nothing else.

use std::collections::HashMap;
use std::time::Duration;

use frontdesk::sandbox::Faults;
use frontdesk::sandbox::whatsapp::{Delay, Down, ErrorFault, Often};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, names, text};

async fn raw(stage: &Stage, body: &Value) -> reqwest::Result<reqwest::Response> {
    stage
        .client
        .post(stage.url(&format!("{NUMBER}/messages")))
        .bearer_auth(TOKEN)
        .json(body)
        .send()
        .await
}

fn tagged(tag: &str) -> Value {
    let mut body = text(AMINA, "x");
    body["biz_opaque_callback_data"] = tag.into();
    body
}

#[tokio::test]
async fn a_dropped_answer_is_a_message_all_the_same() {
    let stage = Stage::greeted().await;
    stage.simulator.set_faults(Faults {
        drop_answer: Often::next(1),
        ..Faults::default()
    });
    let error = raw(&stage, &tagged("row=1"))
        .await
        .expect_err("the connection was cut");
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    let statuses = stage.receiver.statuses(3).await;
    assert_eq!(names(&statuses), ["sent", "delivered", "read"]);
    assert_eq!(statuses[0]["biz_opaque_callback_data"], "row=1");
    assert_eq!(
        raw(&stage, &tagged("row=2"))
            .await
            .expect("only one was dropped")
            .status(),
        200
    );
    let counters = stage.simulator.counters();
    assert_eq!((counters.sends_accepted, counters.answers_lost), (2, 1));
    assert_eq!(
        (
            stage.simulator.accepted_with("row=1"),
            stage.simulator.distinct_callbacks()
        ),
        (1, 2)
    );
    assert!(stage.simulator.doubled_callbacks().is_empty());
    // A client that repeats blindly is found out.
    raw(&stage, &tagged("row=1")).await.expect("an answer");
    assert_eq!(stage.simulator.doubled_callbacks(), [("row=1".to_owned(), 2)]);
    stage.end().await;
}

#[tokio::test]
async fn failures_before_acceptance_accept_nothing() {
    let stage = Stage::greeted().await;
    let cases = [
        (
            Faults {
                server_error: Often::next(1),
                ..Faults::default()
            },
            500,
            None,
        ),
        (
            Faults {
                graph_server_error: Often::next(1),
                ..Faults::default()
            },
            500,
            Some(131_000),
        ),
        (
            Faults {
                garbage: Often::next(1),
                ..Faults::default()
            },
            200,
            None,
        ),
        (
            Faults {
                errors: vec![ErrorFault {
                    code: 80_007,
                    details: None,
                    often: Often::next(1),
                }],
                ..Faults::default()
            },
            400,
            Some(80_007),
        ),
        (
            Faults {
                errors: vec![ErrorFault {
                    code: 999_999,
                    details: Some("odd".to_owned()),
                    often: Often::next(1),
                }],
                ..Faults::default()
            },
            400,
            Some(999_999),
        ),
    ];
    for (faults, status, code) in cases {
        stage.simulator.set_faults(faults);
        let answer = raw(&stage, &text(AMINA, "x")).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        let body = answer.bytes().await.expect("a body");
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        assert_eq!(
            parsed.as_ref().and_then(|body| body["error"]["code"].as_u64()),
            code,
            "{parsed:?}"
        );
        assert_eq!(
            stage.send(&text(AMINA, "healed")).await.0,
            200,
            "for one call only"
        );
    }
    let counters = stage.simulator.counters();
    assert_eq!((counters.sends_accepted, counters.sends_faulted), (5, 5));
    stage.end().await;
}

#[tokio::test]
async fn an_error_after_acceptance_and_a_failure_by_webhook() {
    let stage = Stage::greeted().await;
    let failures = vec![ErrorFault {
        code: 131_049,
        details: None,
        often: Often::next(1),
    }];
    stage.simulator.set_faults(Faults {
        error_after_accept: Often::next(1),
        failures,
        ..Faults::default()
    });
    assert_eq!(
        raw(&stage, &text(AMINA, "x")).await.expect("an answer").status(),
        500
    );
    let statuses = stage.receiver.statuses(1).await;
    assert_eq!(
        (&statuses[0]["status"], &statuses[0]["errors"][0]["code"]),
        (&json!("failed"), &json!(131_049))
    );
    assert_eq!(stage.simulator.counters().sends_accepted, 1);
    stage.end().await;
}

#[tokio::test]
async fn a_delayed_answer_takes_its_time() {
    let stage = Stage::greeted().await;
    stage.simulator.set_faults(Faults {
        answer_delay: Delay::new(150, 0),
        ..Faults::default()
    });
    let started = std::time::Instant::now();
    stage.text(AMINA, "x").await;
    assert!(started.elapsed() >= Duration::from_millis(150));
    stage.end().await;
}

#[tokio::test]
async fn an_expired_token_and_a_provider_that_is_down() {
    let stage = Stage::greeted().await;
    stage.simulator.set_faults(Faults {
        token_expired: true,
        ..Faults::default()
    });
    for (status, answer) in [stage.send(&text(AMINA, "x")).await, stage.get(NUMBER).await] {
        assert_eq!(
            (
                status,
                &answer["error"]["code"],
                &answer["error"]["error_subcode"]
            ),
            (401, &json!(190), &json!(463))
        );
        let message = answer["error"]["message"].as_str().expect("a text");
        assert!(
            message.starts_with("Error validating access token: Session has expired on "),
            "{message}"
        );
        assert!(
            message.ends_with("PST.") || message.ends_with("PDT."),
            "{message}"
        );
    }
    stage.simulator.set_faults(Faults {
        down: Down::Unavailable,
        ..Faults::default()
    });
    assert_eq!(
        raw(&stage, &text(AMINA, "x")).await.expect("an answer").status(),
        503
    );
    stage.simulator.set_faults(Faults {
        down: Down::Close,
        ..Faults::default()
    });
    raw(&stage, &text(AMINA, "x")).await.expect_err("no answer");
    let (status, _) = stage.control(reqwest::Method::PUT, "faults", &json!({})).await;
    assert_eq!(status, 200, "the control API works meanwhile");
    stage.text(AMINA, "back").await;
    assert_eq!(stage.simulator.counters().sends_accepted, 1);
    stage.end().await;
}

#[tokio::test]
async fn offline_refuses_connections_until_online_again() {
    let stage = Stage::greeted().await;
    stage.simulator.go_offline().await;
    let error = raw(&stage, &text(AMINA, "x")).await.expect_err("nobody listens");
    assert!(error.is_connect(), "{error:?}");
    // An outgoing connection of another test may have been given the port for a moment.
    let back = tokio::time::timeout(Duration::from_secs(10), async {
        while stage.simulator.go_online().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("the port is free");
    stage.simulator.go_online().expect("and twice is harmless");
    stage.text(AMINA, "back").await;
    stage.receiver.statuses(3).await;
    stage.end().await;
}

#[tokio::test]
async fn duplicated_and_reordered_webhooks() {
    let stage = Stage::greeted().await;
    stage.simulator.set_faults(Faults {
        duplicate_webhooks: 1.0,
        ..Faults::default()
    });
    stage.text(AMINA, "twice").await;
    let statuses = stage.receiver.statuses(6).await;
    assert_eq!(
        names(&statuses),
        ["sent", "sent", "delivered", "delivered", "read", "read"]
    );
    assert_eq!(statuses[0], statuses[1]);
    let reorder = Faults {
        reorder_webhooks: 0.5,
        reorder_by_ms: 60,
        ..Faults::default()
    };
    stage.simulator.set_faults(reorder);
    for _ in 0..20 {
        stage.text(AMINA, "mixed").await;
    }
    let statuses = stage.receiver.statuses(6 + 60).await;
    let mut steps: HashMap<&str, Vec<&str>> = HashMap::new();
    for status in &statuses[6..] {
        let text = |name: &str| status[name].as_str().expect("a text");
        steps.entry(text("id")).or_default().push(text("status"));
    }
    let in_order = ["sent", "delivered", "read"];
    assert!(
        steps.values().any(|steps| *steps != in_order),
        "some message is out of order"
    );
    for mut steps in steps.into_values() {
        steps.sort_unstable();
        assert_eq!(steps, ["delivered", "read", "sent"], "none is lost or doubled");
    }
    stage.end().await;
}

#[tokio::test]
async fn refused_webhooks_are_tried_again_with_the_same_bytes() {
    let stage = Stage::greeted().await;
    stage.receiver.refuse_next(4);
    let id = stage.text(AMINA, "x").await;
    let statuses = stage.receiver.statuses(3).await;
    assert!(statuses.iter().all(|status| status["id"] == id.as_str()));
    let counters = stage.simulator.counters();
    assert_eq!(
        (counters.webhooks_failed, counters.webhook_updates_dropped),
        (4, 0)
    );
    stage.end().await;
}

#[tokio::test]
async fn lost_webhooks_are_counted() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.webhooks.queue = 5;
        config.webhooks.lanes = 1;
    });
    stage.simulator.set_faults(Faults {
        hold_webhooks: true,
        ..Faults::default()
    });
    for n in 0..10 {
        stage.text(&format!("2547110007{n:02}"), "x").await;
    }
    while stage.simulator.counters().statuses_read < 10 {
        tokio::task::yield_now().await;
    }
    let counters = stage.simulator.counters();
    assert_eq!(
        counters.webhook_updates_queued + counters.webhook_updates_dropped,
        30
    );
    assert_eq!(counters.webhook_updates_queued, 5);
    stage.simulator.set_faults(Faults::default());
    stage.receiver.statuses(5).await;
    stage
        .simulator
        .set_webhook_url(NUMBER, None)
        .expect("a known number");
    stage.text("254711000799", "nobody to tell").await;
    while stage.simulator.counters().webhook_updates_dropped < 28 {
        tokio::task::yield_now().await;
    }
    stage.end().await;
}

#[tokio::test]
async fn the_recipients_last_digits_choose_a_fault() {
    let stage = Stage::with(|config| config.rules.window = false);
    for (digits, code) in [
        ("9990429", 130_429),
        ("9990056", 131_056),
        ("9990048", 131_048),
        ("9990190", 190),
        ("9990501", 131_000),
    ] {
        let (_, answer) = stage.send(&text(&format!("25471{digits}"), "x")).await;
        assert_eq!(answer["error"]["code"], code, "{digits}");
    }
    assert_eq!(
        raw(&stage, &text("254719990500", "x"))
            .await
            .expect("an answer")
            .status(),
        500
    );
    assert_eq!(stage.simulator.counters().sends_accepted, 0);
    let mut failed = 0;
    for (digits, code) in [
        ("9990026", 131_026),
        ("9990047", 131_047),
        ("9990049", 131_049),
        ("9990050", 131_050),
        ("9990042", 131_042),
        ("9990053", 131_053),
        ("9990472", 130_472),
    ] {
        stage.text(&format!("25471{digits}"), "x").await;
        failed += 1;
        let statuses = stage.receiver.statuses(failed).await;
        assert_eq!(statuses[failed - 1]["errors"][0]["code"], code);
    }
    raw(&stage, &text("254719990408", "x"))
        .await
        .expect_err("cut after acceptance");
    assert_eq!(
        raw(&stage, &text("254719990502", "x"))
            .await
            .expect("an answer")
            .status(),
        500
    );
    assert_eq!(stage.simulator.accepted_for("254719990408"), 1);
    assert_eq!(stage.simulator.accepted_for("254719990502"), 1);
    stage.end().await;
}

#[tokio::test]
async fn a_late_answer_comes_after_a_minute_of_simulated_time() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.time_scale = 1_000.0;
    });
    let started = std::time::Instant::now();
    stage.text("254719990504", "x").await;
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert_eq!(stage.simulator.counters().answers_lost, 1);
    stage.end().await;
}

#[tokio::test]
async fn webhooks_are_given_up_in_the_end_and_counted() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.webhooks.retry_for = Duration::from_millis(60);
    });
    stage.receiver.refuse_next(u32::MAX);
    stage.text(AMINA, "x").await;
    while stage.simulator.counters().webhook_updates_dropped < 3 {
        tokio::task::yield_now().await;
    }
    let counters = stage.simulator.counters();
    assert!(counters.webhooks_failed > 3, "tried more than once: {counters:?}");
    assert_eq!(
        (
            counters.webhooks_delivered,
            counters.webhook_retries_waiting,
            counters.webhook_updates_queued
        ),
        (0, 0, 0)
    );
    stage.end().await;
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let config = frontdesk::sandbox::SimulatorConfig {
        listen: "0.0.0.0:0".parse().expect("an address"),
        ..frontdesk::sandbox::SimulatorConfig::default()
    };
    let error = frontdesk::sandbox::Simulator::start(config).expect_err("open to everybody");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_stopped_or_dropped_simulator_frees_its_port() {
    let stage = Stage::new();
    let address = stage.simulator.address();
    stage.end().await;
    let config = |listen| frontdesk::sandbox::SimulatorConfig {
        listen,
        ..Default::default()
    };
    let again = frontdesk::sandbox::Simulator::start(config(address)).expect("the port is free again");
    drop(again);
    for _ in 0..100 {
        match frontdesk::sandbox::Simulator::start(config(address)) {
            Ok(third) => return third.stop().await,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("the dropped simulator still holds its port");
}
