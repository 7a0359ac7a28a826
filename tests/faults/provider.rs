//! A provider that answers nonsense, refuses, limits, or loses its own answers.

use std::time::Duration;

use frontdesk::sandbox::Direction;
use frontdesk::sandbox::whatsapp::{Down, ErrorFault, Often};
use rstest::rstest;
use serde_json::{Value, json};

use crate::common::Answer;
use crate::meta::{NUMBER, TOKEN};
use crate::stage::{Stage, next, number_of};
use crate::world::{string, until};

fn code(code: u32, often: Often) -> Vec<ErrorFault> {
    vec![ErrorFault {
        code,
        details: None,
        often,
    }]
}

async fn dead_letters(stage: &Stage) -> Vec<Value> {
    let list = stage.owner().get("/api/v1/dead-letters").await.expect(200);
    list["items"].as_array().expect("a list").clone()
}

#[actix_web::test]
async fn nonsense_for_an_answer_leaves_doubt_which_only_a_person_ends() {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| faults.garbage = next(1));
    let id = stage.reply(&conversation, "first").await;
    stage.until_status(&conversation, &id, "doubtful").await;
    // What comes after it goes out, and it itself does not.
    let later = stage.reply(&conversation, "second").await;
    stage.until_status(&conversation, &later, "delivered").await;
    assert_eq!((stage.calls(), stage.provider.accepted_with(&id)), (2, 0));
    let doubtful = stage.owner().get("/api/v1/doubtful").await.expect(200);
    assert_eq!(doubtful["items"][0]["id"], *id);
    assert_eq!(
        stage.app.b.owner.get("/api/v1/doubtful").await.expect(200)["items"],
        json!([])
    );
    let path = format!("/api/v1/messages/{id}/settle");
    stage
        .owner()
        .post(&path, &json!({ "outcome": "retry" }))
        .await
        .expect(200);
    stage.until_status(&conversation, &id, "delivered").await;
    assert_eq!(stage.provider.accepted_with(&id), 1);
}

#[rstest]
#[case::dropped("dropped")]
#[case::html_after("html")]
#[actix_web::test]
async fn an_answer_lost_after_the_provider_took_the_message_is_settled_by_its_statuses(#[case] how: &str) {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| {
        let lost = if how == "html" {
            &mut faults.error_after_accept
        } else {
            &mut faults.drop_answer
        };
        *lost = next(3);
        faults.hold_webhooks = true;
    });
    let mut ids = Vec::new();
    for n in 0..3 {
        let id = stage.reply(&conversation, &format!("reply {n}")).await;
        stage.until_status(&conversation, &id, "doubtful").await;
        ids.push(id);
    }
    stage.provider_does(|_| {});
    for id in &ids {
        stage.until_status(&conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    assert_eq!(stage.calls(), 3);
    assert_eq!(
        stage.owner().get("/api/v1/doubtful").await.expect(200)["items"],
        json!([])
    );
}

#[actix_web::test]
async fn a_passing_trouble_is_tried_three_times_and_no_more() {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| faults.graph_server_error = next(2));
    let id = stage.reply(&conversation, "third time lucky").await;
    stage.until_status(&conversation, &id, "delivered").await;
    assert_eq!(stage.calls(), 3);
    stage.provider_does(|faults| faults.graph_server_error = Often::always());
    let lost = stage.reply(&conversation, "never").await;
    let failed = stage.until_status(&conversation, &lost, "failed").await;
    assert_eq!(
        (stage.calls(), failed["error"]["code"].as_str()),
        (6, Some("131000"))
    );
    let letters = dead_letters(&stage).await;
    assert_eq!((letters.len(), &letters[0]["attempts"]), (1, &json!(3)));
    assert_eq!(letters[0]["message_id"], *lost);
    let path = format!("/api/v1/dead-letters/{lost}/retry");
    stage
        .app
        .b
        .owner
        .post(&path, &json!({}))
        .await
        .expect_problem(404, "not_found");
    stage.provider_does(|_| {});
    let retried = Answer::of(stage.owner().request(reqwest::Method::POST, &path)).await;
    retried.expect(202);
    stage.until_status(&conversation, &lost, "delivered").await;
    assert_eq!(stage.provider.accepted_with(&lost), 1);
    assert!(dead_letters(&stage).await.is_empty());
}

#[actix_web::test]
async fn messages_of_a_conversation_keep_their_order_when_one_must_be_tried_again() {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| faults.graph_server_error = next(2));
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(stage.reply(&conversation, &format!("reply {n}")).await);
    }
    for id in &ids {
        stage.until_status(&conversation, id, "delivered").await;
    }
    assert_eq!(
        on_the_phone(&stage, 0),
        ["reply 0", "reply 1", "reply 2", "reply 3", "reply 4"]
    );
}

/// What a customer's phone shows of ours.
fn on_the_phone(stage: &Stage, customer: u32) -> Vec<String> {
    let entries = stage
        .provider
        .transcript(NUMBER, &number_of(customer))
        .into_iter();
    let ours = entries.filter(|entry| entry.direction == Direction::FromBusiness);
    ours.map(|entry| string(&entry.content["body"])).collect()
}

#[rstest]
#[case::template(132_001)]
#[case::window(131_047)]
#[case::parameter(131_009)]
#[actix_web::test]
async fn what_will_never_work_fails_at_once_with_the_reason_and_can_be_discarded(#[case] refusal: u32) {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| faults.errors = code(refusal, next(1)));
    let id = stage.reply(&conversation, "refused").await;
    let failed = stage.until_status(&conversation, &id, "failed").await;
    assert_eq!(
        (stage.calls(), failed["error"]["code"].as_str()),
        (1, Some(&*refusal.to_string()))
    );
    assert!(
        failed["error"]["advice"]
            .as_str()
            .is_some_and(|advice| !advice.is_empty())
    );
    assert_eq!(dead_letters(&stage).await.len(), 1);
    let path = format!("/api/v1/dead-letters/{id}");
    assert_eq!(stage.app.b.owner.delete(&path).await.status, 404);
    assert_eq!(stage.owner().delete(&path).await.status, 204);
    assert!(dead_letters(&stage).await.is_empty());
    assert_eq!(
        stage.message(&conversation, &id).await["status"],
        "failed",
        "it stays in the conversation"
    );
}

#[actix_web::test]
async fn a_failure_that_is_told_later_ends_in_the_dead_letters_too() {
    let stage = Stage::new().await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider_does(|faults| faults.failures = code(131_026, next(1)));
    let id = stage.reply(&conversation, "undeliverable").await;
    let failed = stage.until_status(&conversation, &id, "failed").await;
    assert_eq!(failed["error"]["code"], "131026");
    assert_eq!(stage.calls(), 1);
    until("dead letter", async || {
        (dead_letters(&stage).await.len() == 1).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn throughput_limits_slow_the_number_down_and_cost_no_try() {
    let stage = Stage::new().await;
    let conversations = stage.customers(4).await;
    stage.provider_does(|faults| faults.errors = code(130_429, next(4)));
    let mut ids = Vec::new();
    for conversation in &conversations {
        ids.push(stage.reply(conversation, conversation).await);
    }
    for (conversation, id) in conversations.iter().zip(&ids) {
        stage.until_status(conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    assert!(dead_letters(&stage).await.is_empty());
}

/// The smallest picture there is.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x89, 0x99, 0x3d, 0x1d, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

#[actix_web::test]
async fn a_file_that_takes_long_holds_up_no_text_and_no_second_sees_more_than_the_rate_after_it() {
    const RATE: usize = 10;
    let stage = Stage::new().await;
    let conversations = stage.customers(16).await;
    let owner = stage.owner();
    let place = format!("/api/v1/channels/{}", stage.channel);
    let slow = json!({"settings": {"rate_per_s": RATE.to_string()}});
    owner.patch(&place, &slow).await.expect(200);
    stage.provider_does(|faults| faults.upload_delay = frontdesk::sandbox::whatsapp::Delay::new(1_500, 0));
    let upload = owner
        .request(reqwest::Method::POST, "/api/v1/media")
        .header("content-type", "image/png")
        .body(PICTURE);
    let given = Answer::of(upload).await.expect(201);
    let body = json!({"type": "image", "image": {"media_id": given["media_id"]}});
    let mut pictures = Vec::new();
    for conversation in &conversations[1..] {
        let path = format!("/api/v1/conversations/{conversation}/messages");
        pictures.push((
            conversation,
            string(&owner.post(&path, &body).await.expect(202)["id"]),
        ));
    }
    let text = stage.reply(&conversations[0], "no need to wait").await;
    stage.until_status(&conversations[0], &text, "delivered").await;
    assert_eq!(
        stage.message(pictures[0].0, &pictures[0].1).await["status"],
        "queued"
    );
    let mut arrived = Vec::new();
    for (customer, (conversation, id)) in (1..).zip(&pictures) {
        stage.until_status(conversation, id, "delivered").await;
        let entries = stage.provider.transcript(NUMBER, &number_of(customer));
        let ours = entries
            .iter()
            .filter(|entry| entry.direction == Direction::FromBusiness);
        arrived.extend(ours.map(|entry| entry.at_ms));
    }
    arrived.sort_unstable();
    assert_eq!(arrived.len(), pictures.len());
    let in_a_second = |first: &i64| {
        arrived
            .iter()
            .filter(|at| (*first..*first + 1_000).contains(*at))
            .count()
    };
    assert!(arrived.iter().map(in_a_second).max() <= Some(RATE), "{arrived:?}");
}

#[actix_web::test]
async fn a_recipients_limit_holds_up_nobody_else() {
    let stage = Stage::new().await;
    let conversations = stage.customers(2).await;
    stage.provider_does(|faults| faults.errors = code(131_056, next(1)));
    let limited = stage.reply(&conversations[0], "waits").await;
    until("the refusal", async || (stage.calls() == 1).then_some(())).await;
    let other = stage.reply(&conversations[1], "goes").await;
    stage.until_status(&conversations[1], &other, "delivered").await;
    assert_eq!(
        stage.message(&conversations[0], &limited).await["status"],
        "queued"
    );
    stage.until_status(&conversations[0], &limited, "delivered").await;
    assert_eq!(stage.provider.accepted_with(&limited), 1);
}

#[actix_web::test]
async fn an_expired_token_blocks_the_channel_keeps_the_queue_and_a_new_one_resumes_it() {
    let stage = Stage::new().await;
    let conversations = stage.customers(4).await;
    let path = format!("/api/v1/channels/{}", stage.channel);
    let old = json!({ "secrets": { "access_token": "EAAEXPIRED" } });
    stage.owner().patch(&path, &old).await.expect(200);
    let mut ids = Vec::new();
    for conversation in &conversations {
        // Refused from the moment at which the channel is known to be blocked: then there is no queue to grow.
        let answer = stage.try_reply(conversation, conversation, conversation).await;
        match answer.status {
            202 => ids.push((conversation, string(&answer.json()["id"]))),
            _ => drop(answer.expect_problem(409, "channel_blocked")),
        }
    }
    assert!(!ids.is_empty());
    let blocked = until("the block", async || {
        let channel = stage.owner().get(&path).await.expect(200);
        (channel["status"] == "blocked").then_some(channel)
    });
    assert!(
        blocked.await["status_reason"]
            .as_str()
            .expect("text")
            .contains("190")
    );
    for (conversation, id) in &ids {
        assert_eq!(
            stage.message(conversation, id).await["status"],
            "queued",
            "the queue is kept"
        );
    }
    until("alert", async || {
        let alerts = stage.owner().get("/api/v1/alerts").await.expect(200);
        alerts["items"]
            .as_array()?
            .iter()
            .any(|alert| alert["kind"] == "channel_blocked")
            .then_some(())
    })
    .await;
    let fresh = json!({ "secrets": { "access_token": TOKEN } });
    stage.owner().patch(&path, &fresh).await.expect(200);
    for (conversation, id) in &ids {
        stage.until_status(conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    assert_eq!(stage.owner().get(&path).await.expect(200)["status"], "active");
}

#[rstest]
#[case::refuses_connections(None)]
#[case::unavailable(Some(Down::Unavailable))]
#[actix_web::test]
async fn a_short_outage_loses_nothing_and_sends_nothing_twice(#[case] down: Option<Down>) {
    let stage = Stage::new().await;
    let conversations = stage.customers(3).await;
    match down {
        Some(down) => stage.provider_does(|faults| faults.down = down),
        None => stage.provider.go_offline().await,
    }
    let mut ids = Vec::new();
    for n in 0..2 {
        for conversation in &conversations {
            ids.push((
                conversation,
                stage
                    .reply(conversation, &format!("reply {n} {conversation}"))
                    .await,
            ));
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    match down {
        Some(_) => stage.provider_does(|_| {}),
        None => stage.provider_comes_back().await,
    }
    for (conversation, id) in &ids {
        stage.until_status(conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    for customer in 0..3 {
        let shown = on_the_phone(&stage, customer);
        assert!(
            shown[0].starts_with("reply 0") && shown[1].starts_with("reply 1"),
            "{shown:?}"
        );
    }
}
