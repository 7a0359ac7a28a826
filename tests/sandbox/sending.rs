//! Sending, statuses, prices, rates.

use std::time::Duration;

use frontdesk::sandbox::whatsapp::{Behaviour, Customer, CustomerMessage, ReadPolicy, TemplateConfig};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, WABA, amina, items, names, text, values};

#[tokio::test]
async fn a_text_is_answered_and_becomes_read_step_by_step() {
    let stage = Stage::greeted().await;
    let mut body = text("+254 711-000234", "Señor 😀, see https://shop.example/o/1042");
    body["biz_opaque_callback_data"] = "cmp=77;row=1203".into();
    let (status, answer) = stage.send(&body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["messaging_product"], "whatsapp");
    assert_eq!(
        answer["contacts"],
        json!([{"input": "+254 711-000234", "wa_id": AMINA}])
    );
    let id = answer["messages"][0]["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("wamid.HBgMMjU0NzExMDAwMjM0"), "{id}");
    assert_eq!(answer["messages"][0].as_object().expect("object").len(), 1);

    let statuses = stage.receiver.statuses(3).await;
    assert_eq!(names(&statuses), ["sent", "delivered", "read"]);
    for status in &statuses {
        assert_eq!(status["id"], id.as_str());
        assert_eq!(status["recipient_id"], AMINA);
        assert_eq!(status["recipient_user_id"], "KE.90012345678901234567");
        assert_eq!(status["biz_opaque_callback_data"], "cmp=77;row=1203");
        let seconds: i64 = status["timestamp"]
            .as_str()
            .expect("a string")
            .parse()
            .expect("seconds");
        assert!(seconds > 1_700_000_000);
    }
    let free = json!({"billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"});
    assert_eq!((&statuses[0]["pricing"], &statuses[1]["pricing"]), (&free, &free));
    assert!(statuses[2].get("pricing").is_none() && statuses[0].get("conversation").is_none());

    let change = values(&stage.receiver.deliveries())
        .into_iter()
        .find(|change| change["value"]["statuses"].is_array());
    let value = change.expect("a status change")["value"].clone();
    assert_eq!(
        value["metadata"],
        json!({"display_phone_number": "254700555010", "phone_number_id": NUMBER})
    );
    assert_eq!(
        value["contacts"],
        json!([{"profile": {"name": "Amina Otieno"}, "wa_id": AMINA, "user_id": "KE.90012345678901234567"}])
    );
    assert_eq!(
        (
            stage.simulator.accepted_with("cmp=77;row=1203"),
            stage.simulator.accepted_for(AMINA)
        ),
        (1, 1)
    );
    assert!(stage.simulator.doubled_callbacks().is_empty());
    stage.end().await;
}

#[tokio::test]
async fn webhooks_are_plain_ascii_with_escaped_slashes() {
    let stage = Stage::new();
    let zoe = Customer::new("254711000299", "Zoë 😀");
    stage
        .simulator
        .customer_says(NUMBER, &zoe, CustomerMessage::text("https://a.example/?q=ü"))
        .expect("accepted");
    let got = stage.receiver.until("a message", |got| !got.is_empty()).await;
    let raw = std::str::from_utf8(&got[0].raw).expect("ASCII");
    assert!(raw.is_ascii());
    assert!(
        raw.contains("Zo\\u00eb \\ud83d\\ude00") && raw.contains("https:\\/\\/a.example\\/?q=\\u00fc"),
        "{raw}"
    );
    assert_eq!(
        items(&got, "messages")[0]["text"]["body"],
        "https://a.example/?q=ü"
    );
    stage.end().await;
}

#[tokio::test]
async fn outside_the_window_free_text_fails_later_and_templates_pass() {
    let stage = Stage::new();
    stage.template(TemplateConfig::counted("hello_shop", "en_US", "UTILITY", 0));
    stage.text(AMINA, "too late").await;
    let failed = stage.receiver.statuses(1).await;
    assert_eq!(failed[0]["status"], "failed");
    assert_eq!(failed[0]["errors"][0]["code"], 131_047);
    assert_eq!(failed[0]["errors"][0]["title"], "Re-engagement message");
    assert!(
        failed[0]["errors"][0]["error_data"]["details"]
            .as_str()
            .expect("details")
            .contains("24 hours")
    );

    let template = json!({
        "messaging_product": "whatsapp", "to": AMINA, "type": "template",
        "template": {"name": "hello_shop", "language": {"code": "en_US"}},
    });
    let (status, answer) = stage.send(&template).await;
    assert_eq!(
        (status, &answer["messages"][0]["message_status"]),
        (200, &json!("accepted"))
    );
    let statuses = stage.receiver.statuses(4).await;
    let billed = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"});
    assert_eq!(statuses[1]["pricing"], billed);

    stage.greet().await;
    stage.send(&template).await;
    stage.text(AMINA, "in time").await;
    let statuses = stage.receiver.statuses(10).await;
    assert_eq!(statuses[4]["pricing"]["type"], "free_customer_service");
    assert!(
        statuses[4..].iter().all(|status| status["status"] != "failed"),
        "{statuses:#?}"
    );

    stage
        .simulator
        .clock()
        .advance(Duration::from_secs(24 * 3_600 + 1));
    stage.text(AMINA, "a day later").await;
    assert_eq!(
        stage.receiver.statuses(11).await[10]["errors"][0]["code"],
        131_047
    );
    stage.end().await;
}

#[tokio::test]
async fn an_answer_to_an_ad_is_free_for_three_days() {
    let stage = Stage::new();
    stage.template(TemplateConfig::counted("hello_shop", "en_US", "UTILITY", 0));
    let referral =
        json!({"source_url": "https://fb.me/exampleAd1", "source_id": "1200", "source_type": "ad"});
    let message = CustomerMessage::text("I saw your ad").from_ad(referral.clone());
    stage
        .simulator
        .customer_says(NUMBER, &amina(), message)
        .expect("accepted");
    assert_eq!(stage.receiver.messages(1).await[0]["referral"], referral);
    stage.text(AMINA, "Welcome").await;
    let sent = stage.receiver.statuses(3).await[0].clone();
    assert_eq!(sent["pricing"]["type"], "free_entry_point");
    assert_eq!(sent["conversation"]["origin"]["type"], "referral_conversion");
    // The free time is longer than that in which one may write freely: after a day only templates go, free of charge.
    stage.simulator.clock().advance(Duration::from_secs(71 * 3_600));
    stage.text(AMINA, "too late for free words").await;
    let told = stage.receiver.statuses(4).await;
    assert_eq!(told[3]["errors"][0]["code"], 131_047, "{told:#?}");
    let template = json!({
        "messaging_product": "whatsapp", "to": AMINA, "type": "template",
        "template": {"name": "hello_shop", "language": {"code": "en_US"}},
    });
    assert_eq!(stage.send(&template).await.0, 200);
    let told = stage.receiver.statuses(5).await;
    assert_eq!(told[4]["pricing"]["type"], "free_entry_point", "{told:#?}");
    stage.end().await;
}

#[tokio::test]
async fn the_pair_rate_allows_a_burst_of_45_and_then_one_in_six_seconds() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.time_scale = 0.001;
    });
    for n in 0..45 {
        stage.text(AMINA, &format!("message {n}")).await;
    }
    let (status, answer) = stage.send(&text(AMINA, "one too many")).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!(131_056)),
        "{answer}"
    );
    stage.text("254711000235", "others are not concerned").await;
    stage.simulator.clock().advance(Duration::from_secs(6));
    stage.text(AMINA, "six seconds later").await;
    assert_eq!(stage.send(&text(AMINA, "and again")).await.0, 400);
    assert_eq!(stage.simulator.accepted_for(AMINA), 46);
    stage.end().await;
}

#[tokio::test]
async fn above_the_throughput_of_the_number_sends_are_refused() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.time_scale = 0.001;
    });
    let slow = frontdesk::sandbox::NumberConfig {
        phone_number_id: "205300400500999".to_owned(),
        throughput_mps: 5,
        ..crate::support::number(&stage.receiver.url)
    };
    stage.simulator.add_number(slow).expect("a new number");
    let mut codes = Vec::new();
    for n in 0..8 {
        let (status, answer) = stage
            .post("205300400500999/messages", &text(&format!("25471100030{n}"), "x"))
            .await;
        codes.push(if status == 200 {
            0
        } else {
            answer["error"]["code"].as_u64().expect("a code")
        });
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 130_429, 130_429, 130_429]);
    stage.end().await;
}

#[tokio::test]
async fn a_message_to_a_user_id_reaches_the_person_and_hides_the_number() {
    let stage = Stage::greeted().await;
    let body = json!({
        "messaging_product": "whatsapp", "recipient": "KE.90012345678901234567", "type": "text", "text": {"body": "x"},
    });
    let (status, answer) = stage.send(&body).await;
    assert_eq!(status, 200, "{answer}");
    let user = "KE.90012345678901234567";
    assert_eq!(answer["contacts"], json!([{"input": user, "user_id": user}]));
    let statuses = stage.receiver.statuses(3).await;
    assert_eq!(names(&statuses), ["sent", "delivered", "read"]);
    assert!(
        statuses
            .iter()
            .all(|status| status.get("recipient_id").is_none() && status["recipient_user_id"] == user)
    );
    assert_eq!(
        stage.simulator.transcript(NUMBER, AMINA).len(),
        2,
        "her greeting and the answer"
    );
    stage.end().await;
}

#[tokio::test]
async fn behaviour_decides_how_far_a_message_comes() {
    let stage = Stage::greeted().await;
    let cases = [
        (
            Behaviour {
                read: ReadPolicy::Never,
                ..Behaviour::default()
            },
            vec!["sent", "delivered"],
        ),
        (
            Behaviour {
                refuse: true,
                ..Behaviour::default()
            },
            vec!["failed"],
        ),
        (Behaviour::default(), vec!["sent", "delivered", "read"]),
        (
            Behaviour {
                offline: true,
                ..Behaviour::default()
            },
            vec!["sent"],
        ),
    ];
    let mut seen = 0;
    for (behaviour, expected) in cases {
        stage.behave(behaviour);
        stage.text(AMINA, "How far?").await;
        let statuses = stage.receiver.statuses(seen + expected.len()).await;
        assert_eq!(names(&statuses[seen..]), expected);
        seen = statuses.len();
    }
    assert_eq!(
        stage.receiver.statuses(seen).await[2]["errors"][0]["code"],
        131_026
    );
    assert_eq!(
        stage.simulator.counters().steps_waiting,
        0,
        "nothing else follows"
    );
    stage.end().await;
}

#[tokio::test]
async fn reactions_are_only_sent_and_voice_notes_are_played() {
    let stage = Stage::greeted().await;
    let id = stage.simulator.transcript(NUMBER, AMINA)[0].id.clone();
    let reaction = |target: &str| json!({"messaging_product": "whatsapp", "to": AMINA, "type": "reaction", "reaction": {"message_id": target, "emoji": "👍"}});
    stage.send(&reaction(&id)).await;
    stage.receiver.statuses(1).await;
    stage.send(&reaction("wamid.UNKNOWN")).await;
    let statuses = stage.receiver.statuses(2).await;
    assert_eq!(names(&statuses), ["sent", "failed"]);
    assert_eq!(statuses[1]["errors"][0]["code"], 131_009);
    let voice = json!({"messaging_product": "whatsapp", "to": AMINA, "type": "audio", "audio": {"id": "7001", "voice": true}});
    stage.send(&voice).await;
    assert_eq!(
        names(&stage.receiver.statuses(6).await[2..]),
        ["sent", "delivered", "read", "played"]
    );
    stage.end().await;
}

#[tokio::test]
async fn statuses_share_webhooks_when_batching_is_on() {
    let stage = Stage::with(|config| {
        config.rules.window = false;
        config.webhooks.batch = 100;
        config.webhooks.lanes = 1;
        config.webhooks.linger = Duration::from_millis(100);
    });
    let mut faults = stage.simulator.faults();
    faults.hold_webhooks = true;
    stage.simulator.set_faults(faults);
    for n in 0..30 {
        stage.text(&format!("2547110005{n:02}"), "batch").await;
    }
    let mut events = stage.simulator.counters();
    while events.webhook_updates_queued < 90 {
        tokio::task::yield_now().await;
        events = stage.simulator.counters();
    }
    assert!(stage.receiver.deliveries().is_empty(), "held");
    stage.simulator.set_faults(frontdesk::sandbox::Faults::default());
    stage.receiver.statuses(90).await;
    let got = stage.receiver.deliveries();
    assert_eq!(got.len(), 1, "one webhook for all");
    assert_eq!(
        got[0].body["entry"][0]["changes"][0]["value"]["contacts"]
            .as_array()
            .map(Vec::len),
        Some(30)
    );
    let counters = stage.simulator.counters();
    assert_eq!(
        (counters.webhook_updates_queued, counters.webhook_updates_dropped),
        (0, 0)
    );
    stage.end().await;
}

#[tokio::test]
async fn several_numbers_keep_their_tokens_and_threads_apart() {
    let stage = Stage::greeted().await;
    let other = frontdesk::sandbox::NumberConfig {
        access_token: "EAAOTHER".to_owned(),
        phone_number_id: "205300400500999".to_owned(),
        waba_id: "104200300400999".to_owned(),
        ..crate::support::number(&stage.receiver.url)
    };
    stage.simulator.add_number(other.clone()).expect("a new number");
    assert!(stage.simulator.add_number(other).is_err(), "an id is taken once");
    let (status, answer) = stage
        .post("205300400500999/messages", &text(AMINA, "not my number"))
        .await;
    assert_eq!((status, &answer["error"]["error_subcode"]), (400, &json!(33)));
    let answer = stage
        .client
        .post(stage.url("205300400500999/messages"))
        .bearer_auth("EAAOTHER")
        .json(&text(AMINA, "another thread"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let failed = stage.receiver.statuses(1).await;
    assert_eq!(
        failed[0]["errors"][0]["code"], 131_047,
        "her window is open with the first number only"
    );
    let entries: Vec<Value> = stage
        .receiver
        .deliveries()
        .iter()
        .map(|got| got.body["entry"][0]["id"].clone())
        .collect();
    assert_eq!(entries, [json!(WABA), json!("104200300400999")]);
    assert_ne!(TOKEN, "EAAOTHER");
    stage.end().await;
}

#[tokio::test]
async fn groups_and_identity_hashes() {
    let stage = Stage::new();
    let known = Customer {
        identity_key_hash: Some("Zm9v".to_owned()),
        ..amina()
    };
    stage
        .simulator
        .customer_says(NUMBER, &known, CustomerMessage::text("Hi"))
        .expect("accepted");
    for (hash, status) in [("Zm9v", 200), ("b3RoZXI", 400)] {
        let mut body = text(AMINA, "private");
        body["recipient_identity_key_hash"] = hash.into();
        assert_eq!(stage.send(&body).await.0, status, "{hash}");
    }
    stage.receiver.statuses(3).await;
    let mut body = text("HBgMZ3JvdXBpZGV4YW1wbGUA", "hello all");
    body["recipient_type"] = "group".into();
    assert_eq!(stage.send(&body).await.0, 200);
    let statuses = stage.receiver.statuses(6).await;
    for status in &statuses[3..] {
        assert_eq!(
            (&status["recipient_id"], &status["recipient_type"]),
            (&json!("HBgMZ3JvdXBpZGV4YW1wbGUA"), &json!("group"))
        );
    }
    stage.end().await;
}

#[tokio::test]
async fn shapes_of_older_versions_on_request() {
    let stage = Stage::with(|config| {
        config.webhooks.user_ids = false;
        config.webhooks.status_contacts = false;
        config.webhooks.conversations = true;
        config.webhooks.escape_slashes = false;
    });
    stage.greet().await;
    stage.text(AMINA, "https://a.example/").await;
    let statuses = stage.receiver.statuses(3).await;
    assert_eq!(statuses[0]["conversation"]["origin"]["type"], "service");
    assert!(
        statuses
            .iter()
            .all(|status| status.get("recipient_user_id").is_none())
    );
    for change in values(&stage.receiver.deliveries()) {
        let contact = &change["value"]["contacts"][0];
        assert!(contact.get("user_id").is_none());
        assert_eq!(contact.is_null(), change["value"]["statuses"].is_array());
    }
    stage.end().await;
}

/// Template pacing: the answer says that the message is kept back, and its statuses come later, good or bad.
#[tokio::test]
async fn a_template_can_be_held_for_its_qualitys_sake() {
    let stage = Stage::greeted().await;
    stage.template(TemplateConfig::counted("news", "en_US", "MARKETING", 0));
    let template = json!({"name": "news", "language": {"code": "en_US"}});
    let body = |to: &str| json!({"messaging_product": "whatsapp", "to": to, "type": "template", "template": template});
    let word = |answer: &Value| answer["messages"][0]["message_status"].clone();
    let (_, held) = stage.send(&body("254709990903")).await;
    assert_eq!(word(&held), "held_for_quality_assessment");
    let (_, usual) = stage.send(&body(AMINA)).await;
    assert_eq!(word(&usual), "accepted");
    let first = stage.receiver.statuses(3).await;
    let ids = |statuses: &[Value]| statuses.iter().map(|it| it["id"].clone()).collect::<Vec<_>>();
    assert!(
        !ids(&first).contains(&held["messages"][0]["id"]),
        "it went out at once"
    );
    stage.simulator.clock().advance(Duration::from_secs(10));
    let all = stage.receiver.statuses(4).await;
    assert_eq!(all[3]["id"], held["messages"][0]["id"]);
    assert_eq!(all[3]["status"], "sent");
    stage.end().await;
}
