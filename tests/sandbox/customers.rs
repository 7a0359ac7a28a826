//! Customers: what they write, how they answer, what their phone shows, and the control API.

use std::time::Duration;

use frontdesk::sandbox::whatsapp::{
    AutoReply, Behaviour, Customer, CustomerMessage, Delay, Direction, EntryState, PhoneChange, ReadPolicy,
    Upload,
};
use serde_json::{Value, json};

use crate::support::{AMINA, NUMBER, Stage, TOKEN, amina, names, values};

/// Each kind of the project's own fixture arrives as written there, ids and times apart.
#[tokio::test]
async fn every_inbound_kind_arrives_as_the_provider_would_send_it() {
    let fixtures: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/sandbox/inbound.json")).expect("JSON");
    let stage = Stage::new();
    for (n, fixture) in fixtures.iter().enumerate() {
        let customer: Customer = serde_json::from_value(fixture["customer"].clone()).expect("a customer");
        let message = CustomerMessage::from_json(fixture["say"].clone()).expect("a message");
        let id = stage
            .simulator
            .customer_says(NUMBER, &customer, message)
            .expect("accepted");
        let got = stage.receiver.until("the message", |got| got.len() > n).await;
        let value = values(&got)[n]["value"].clone();
        let mut arrived = value["messages"][0].clone();
        assert_eq!(arrived["id"], id.as_str());
        assert!(arrived["timestamp"].is_string());
        for own in ["id", "timestamp"] {
            arrived.as_object_mut().expect("an object").remove(own);
        }
        assert_eq!(arrived, fixture["message"], "{}", fixture["name"]);
        assert_eq!(
            value.get("contacts"),
            fixture.get("contacts"),
            "{}",
            fixture["name"]
        );
    }
    stage.end().await;
}

#[tokio::test]
async fn constructors_write_the_contracts_shapes() {
    let of = "wamid.HBgMX";
    let business = json!({"from": "254700555010", "id": of});
    let cases = [
        (
            CustomerMessage::text("Hi"),
            json!({"type": "text", "text": {"body": "Hi"}}),
        ),
        (
            CustomerMessage::text("Yes").replying_to(of),
            json!({"type": "text", "text": {"body": "Yes"}, "context": business}),
        ),
        (
            CustomerMessage::text("F").forwarded(false),
            json!({"type": "text", "text": {"body": "F"}, "context": {"forwarded": true}}),
        ),
        (
            CustomerMessage::location(-1.28, 36.8).content_field("name", json!("Shop")),
            json!({"type": "location", "location": {"latitude": -1.28, "longitude": 36.8, "name": "Shop"}}),
        ),
        (
            CustomerMessage::reaction(of, Some("👍")),
            json!({"type": "reaction", "reaction": {"message_id": of, "emoji": "👍"}}),
        ),
        (
            CustomerMessage::reaction(of, None),
            json!({"type": "reaction", "reaction": {"message_id": of}}),
        ),
        (
            CustomerMessage::button_reply(of, "a", "A"),
            json!({"type": "interactive", "context": business, "interactive": {"type": "button_reply", "button_reply": {"id": "a", "title": "A"}}}),
        ),
        (
            CustomerMessage::list_reply(of, "r", "R", Some("row")),
            json!({"type": "interactive", "context": business, "interactive": {"type": "list_reply", "list_reply": {"id": "r", "title": "R", "description": "row"}}}),
        ),
        (
            CustomerMessage::form_reply(of, "flow", "Sent", &json!({"rating": "4"})),
            json!({"type": "interactive", "context": business, "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{\"rating\":\"4\"}"}}}),
        ),
        (
            CustomerMessage::template_button(of, "STOP", "Stop"),
            json!({"type": "button", "context": business, "button": {"payload": "STOP", "text": "Stop"}}),
        ),
        (
            CustomerMessage::order(
                "55",
                "soon",
                json!([{"product_retailer_id": "A", "quantity": 2, "item_price": 1850, "currency": "KES"}]),
            ),
            json!({"type": "order", "order": {"catalog_id": "55", "text": "soon", "product_items": [{"product_retailer_id": "A", "quantity": 2, "item_price": 1850, "currency": "KES"}]}}),
        ),
        (
            CustomerMessage::request_welcome(),
            json!({"type": "request_welcome"}),
        ),
        (
            CustomerMessage::revoke(of),
            json!({"type": "revoke", "revoke": {"original_message_id": of}}),
        ),
        (
            CustomerMessage::other("hologram", json!({"shape": "cube"})),
            json!({"type": "hologram", "hologram": {"shape": "cube"}}),
        ),
    ];
    let stage = Stage::new();
    for (n, (message, expected)) in cases.into_iter().enumerate() {
        stage
            .simulator
            .customer_says(NUMBER, &amina(), message)
            .expect("accepted");
        let mut arrived = stage.receiver.messages(n + 1).await[n].clone();
        for own in ["id", "timestamp", "from"] {
            arrived.as_object_mut().expect("an object").remove(own);
        }
        assert_eq!(arrived, expected);
    }
    stage.end().await;
}

#[tokio::test]
async fn a_picture_can_be_fetched_until_its_url_expires() {
    let stage = Stage::new();
    let upload = Upload::new("image/jpeg", &b"\xff\xd8\xff a picture"[..]);
    let message = CustomerMessage::media("image", upload).content_field("caption", json!("My broken handle"));
    stage
        .simulator
        .customer_says(NUMBER, &amina(), message)
        .expect("accepted");
    let image = stage.receiver.messages(1).await[0]["image"].clone();
    assert_eq!(
        (&image["mime_type"], &image["caption"]),
        (&json!("image/jpeg"), &json!("My broken handle"))
    );
    let (status, found) = stage.get(image["id"].as_str().expect("an id")).await;
    assert_eq!((status, &found["file_size"]), (200, &json!("13")), "{found}");
    let url = found["url"].as_str().expect("a url");
    let fetch = |token: &'static str| stage.client.get(url).bearer_auth(token).send();
    let answer = fetch(TOKEN).await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"image/jpeg".parse().expect("a header"))
    );
    assert_eq!(
        &answer.bytes().await.expect("the file")[..],
        b"\xff\xd8\xff a picture"
    );
    assert_eq!(fetch("wrong").await.expect("an answer").status(), 401);
    let tampered = url.replace("hash=", "hash=0");
    assert_eq!(
        stage
            .client
            .get(tampered)
            .bearer_auth(TOKEN)
            .send()
            .await
            .expect("an answer")
            .status(),
        404
    );
    stage.simulator.clock().advance(Duration::from_secs(301));
    assert_eq!(fetch(TOKEN).await.expect("an answer").status(), 404);
    stage.end().await;
}

#[tokio::test]
async fn scripted_customers_answer_and_press_buttons_the_same_way_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let stage = Stage::greeted().await;
        let texts = (0..20).map(|n| format!("answer {n}")).collect();
        let auto = AutoReply {
            probability: 0.7,
            delay: Delay::new(0, 0),
            texts,
            presses: true,
            limit: 6,
        };
        stage.behave(Behaviour {
            auto_reply: Some(auto),
            ..Behaviour::default()
        });
        for n in 0..20 {
            stage.text(AMINA, &format!("question {n}")).await;
            stage.receiver.statuses(3 * (n + 1)).await;
        }
        stage.receiver.messages(7).await;
        runs.push(
            stage
                .simulator
                .transcript(NUMBER, AMINA)
                .iter()
                .filter(|entry| entry.direction == Direction::FromCustomer)
                .map(|entry| entry.content.clone())
                .collect::<Vec<_>>(),
        );
        stage.end().await;
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0].len(), 7, "the greeting and, by the limit, six answers");

    let stage = Stage::greeted().await;
    let auto = AutoReply {
        delay: Delay::new(0, 0),
        ..AutoReply::default()
    };
    stage.behave(Behaviour {
        auto_reply: Some(auto),
        ..Behaviour::default()
    });
    let body = json!({
        "messaging_product": "whatsapp", "to": AMINA, "type": "interactive",
        "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": [{"type": "reply", "reply": {"id": "track", "title": "Track"}}]}},
    });
    let (_, answer) = stage.send(&body).await;
    let pressed = stage.receiver.messages(2).await[1].clone();
    assert_eq!(
        pressed["interactive"]["button_reply"],
        json!({"id": "track", "title": "Track"})
    );
    assert_eq!(
        pressed["context"],
        json!({"from": "254700555010", "id": answer["messages"][0]["id"]})
    );
    stage.text(AMINA, "nothing to press, nothing to say").await;
    stage.receiver.statuses(6).await;
    assert_eq!(stage.simulator.counters().customer_messages, 2);
    stage.end().await;
}

#[tokio::test]
async fn the_phone_shows_both_sides_and_reading_is_told() {
    let stage = Stage::greeted().await;
    let mut events = stage.simulator.events();
    stage.behave(Behaviour {
        read: ReadPolicy::Manual,
        ..Behaviour::default()
    });
    let id = stage.text(AMINA, "Read me").await;
    assert_eq!(names(&stage.receiver.statuses(2).await), ["sent", "delivered"]);
    let phone = stage.simulator.transcript(NUMBER, AMINA);
    assert_eq!(phone.len(), 2);
    assert_eq!(
        (phone[1].direction, phone[1].state),
        (Direction::FromBusiness, EntryState::Delivered)
    );
    assert_eq!(phone[1].content, json!({"body": "Read me"}));
    assert_eq!(stage.simulator.customer_reads(NUMBER, AMINA), Ok(1));
    assert_eq!(stage.simulator.customer_reads(NUMBER, AMINA), Ok(0));
    let statuses = stage.receiver.statuses(3).await;
    assert_eq!(
        (&statuses[2]["status"], &statuses[2]["id"]),
        (&json!("read"), &json!(id))
    );

    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": phone[0].id, "typing_indicator": {"type": "text"}});
    assert_eq!(stage.send(&mark).await, (200, json!({"success": true})));
    assert_eq!(
        stage.simulator.transcript(NUMBER, AMINA)[0].state,
        EntryState::Read
    );
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        assert_eq!(
            (event.phone_number_id.as_str(), event.customer.as_str()),
            (NUMBER, AMINA)
        );
        seen.push(match event.change {
            PhoneChange::Message { entry } => {
                format!("message {}", entry.content["body"].as_str().unwrap_or(""))
            }
            PhoneChange::State { state, .. } => format!("{state:?}"),
            PhoneChange::Typing => "typing".to_owned(),
        });
    }
    assert_eq!(
        seen,
        ["message Read me", "Sent", "Delivered", "Read", "Read", "typing"]
    );
    stage.end().await;
}

#[tokio::test]
async fn a_transcript_keeps_the_newest_only() {
    let stage = Stage::with(|config| config.limits.transcript = 3);
    for n in 0..5 {
        stage
            .simulator
            .customer_says(NUMBER, &amina(), CustomerMessage::text(&n.to_string()))
            .expect("accepted");
    }
    let kept: Vec<_> = stage
        .simulator
        .transcript(NUMBER, AMINA)
        .iter()
        .map(|entry| entry.content["body"].clone())
        .collect();
    assert_eq!(kept, [json!("2"), json!("3"), json!("4")]);
    assert!(stage.simulator.transcript("no such number", AMINA).is_empty());
    stage.end().await;
}

#[tokio::test]
async fn beyond_the_directorys_limit_messages_pass_and_are_counted() {
    let stage = Stage::with(|config| {
        config.limits.customers = 32;
        config.rules.throughput = false;
        config.rules.window = false;
    });
    for n in 0..100 {
        stage.text(&format!("2547110{n:05}"), "x").await;
    }
    stage.receiver.statuses(300).await;
    let counters = stage.simulator.counters();
    assert_eq!(counters.sends_accepted, 100);
    assert!(counters.customers_untracked >= 68, "{counters:?}");
    assert!(stage.simulator.customers(1_000).len() <= 32);
    stage.end().await;
}

#[tokio::test]
async fn a_phone_that_was_off_receives_everything_when_it_is_on() {
    let stage = Stage::greeted().await;
    stage.behave(Behaviour {
        offline: true,
        ..Behaviour::default()
    });
    let ids = [stage.text(AMINA, "one").await, stage.text(AMINA, "two").await];
    stage.receiver.statuses(2).await;
    stage.behave(Behaviour {
        offline: true,
        ..Behaviour::default()
    });
    stage.behave(Behaviour {
        delay: Delay::new(5, 5),
        ..Behaviour::default()
    });
    let statuses = stage.receiver.statuses(6).await;
    for id in &ids {
        let own: Vec<Value> = statuses
            .iter()
            .filter(|status| status["id"] == id.as_str())
            .cloned()
            .collect();
        assert_eq!(names(&own), ["sent", "delivered", "read"]);
    }
    stage.behave(Behaviour::default());
    stage.text(AMINA, "three").await;
    assert_eq!(
        stage.receiver.statuses(9).await.len(),
        9,
        "nothing was delivered twice"
    );
    stage.end().await;
}

#[tokio::test]
async fn who_somebody_is_can_change_without_losing_the_thread() {
    let stage = Stage::greeted().await;
    let renamed = Customer::new(AMINA, "Amina O.");
    stage.simulator.put_customer(&renamed).expect("accepted");
    let (known, _) = stage.simulator.customers(1).remove(0);
    assert_eq!(
        known.user_id.as_deref(),
        Some("KE.90012345678901234567"),
        "kept, as none was given"
    );
    assert_eq!(known.name, "Amina O.");
    let new_id = Customer {
        user_id: Some("KE.9111".to_owned()),
        ..renamed
    };
    stage.simulator.put_customer(&new_id).expect("accepted");
    assert_eq!(stage.simulator.transcript(NUMBER, "KE.9111").len(), 1);
    assert!(
        stage
            .simulator
            .transcript(NUMBER, "KE.90012345678901234567")
            .is_empty(),
        "the old id is nobody's"
    );
    stage.end().await;
}
