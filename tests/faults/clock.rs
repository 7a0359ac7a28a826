//! A machine's clock that is set forward and back while everything runs.

use std::sync::atomic::{AtomicI64, Ordering};

use frontdesk::clock::Clock;
use frontdesk::domain::time::HOUR;
use frontdesk::sandbox::{Delays, Direction};
use serde_json::{Value, json};

use crate::meta::NUMBER;
use crate::stage::{Stage, number_of};
use crate::world::{messages, string, texts, until};

/// A clock that stands where the test puts it.
struct Hands(&'static AtomicI64);

impl Hands {
    fn new() -> Self {
        Self(Box::leak(Box::new(AtomicI64::new(Clock::System.now().0))))
    }

    fn turn(&self, by: i64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

fn on_the_phone(stage: &Stage) -> Vec<String> {
    let entries = stage.provider.transcript(NUMBER, &number_of(0)).into_iter();
    let ours = entries.filter(|entry| entry.direction == Direction::FromBusiness);
    ours.map(|entry| string(&entry.content["body"])).collect()
}

#[actix_web::test]
async fn order_and_window_stay_right_whichever_way_it_jumps() {
    let hands = Hands::new();
    let stage = Stage::with(Clock::Stepped(hands.0), Delays::none()).await;
    let conversation = stage.customers(1).await.remove(0);
    let mut expected = vec!["hello".to_owned()];
    let mut ids = Vec::new();
    for (n, jump) in [0, 5 * HOUR, -9 * HOUR, 2 * HOUR, -HOUR, 3 * HOUR]
        .into_iter()
        .enumerate()
    {
        hands.turn(jump);
        let (reply, text) = (format!("reply {n}"), format!("text {n}"));
        let id = stage.reply(&conversation, &reply).await;
        stage.until_status(&conversation, &id, "delivered").await;
        ids.push(id);
        expected.push(reply);
        stage.say(0, &text);
        expected.push(text);
        until("the text", async || {
            let found = messages(stage.owner(), &conversation).await;
            (found.len() == expected.len()).then_some(())
        })
        .await;
    }
    let found = messages(stage.owner(), &conversation).await;
    let shown: Vec<String> = found
        .iter()
        .map(|message| string(&message["text"]["body"]))
        .collect();
    assert_eq!(shown, expected, "the order in which things happened");
    assert_eq!(on_the_phone(&stage), texts(&found, "outbound"));
    let window = |conversation: &Value| conversation["window"]["open"].clone();
    let path = format!("/api/v1/conversations/{conversation}");
    assert_eq!(window(&stage.owner().get(&path).await.expect(200)), true);
    hands.turn(30 * HOUR);
    assert_eq!(window(&stage.owner().get(&path).await.expect(200)), false);
    let closed = stage.try_reply(&conversation, "late", "late").await;
    closed.expect_problem(409, "window_closed");
    hands.turn(-30 * HOUR);
    assert_eq!(window(&stage.owner().get(&path).await.expect(200)), true);
    let id = stage.reply(&conversation, "in time after all").await;
    stage.until_status(&conversation, &id, "delivered").await;
}

#[actix_web::test]
async fn what_waits_while_the_clock_is_set_back_goes_out_at_once_and_first() {
    let hands = Hands::new();
    let stage = Stage::with(Clock::Stepped(hands.0), Delays::none()).await;
    let conversation = stage.customers(1).await.remove(0);
    stage.provider.go_offline().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(stage.reply(&conversation, &format!("reply {n}")).await);
        hands.turn(1_000);
    }
    hands.turn(-2 * HOUR);
    for n in 3..5 {
        ids.push(stage.reply(&conversation, &format!("reply {n}")).await);
        hands.turn(1_000);
    }
    stage.provider_comes_back().await;
    for id in &ids {
        stage.until_status(&conversation, id, "delivered").await;
        assert_eq!(stage.provider.accepted_with(id), 1);
    }
    assert_eq!(
        on_the_phone(&stage),
        ["reply 0", "reply 1", "reply 2", "reply 3", "reply 4"]
    );
}

#[actix_web::test]
async fn a_snooze_ends_when_its_time_is_reached_and_not_before() {
    let hands = Hands::new();
    let stage = Stage::with(Clock::Stepped(hands.0), Delays::none()).await;
    let conversation = stage.customers(1).await.remove(0);
    let path = format!("/api/v1/conversations/{conversation}");
    let until_time = Clock::Stepped(hands.0).now().plus(2 * HOUR);
    let snooze = json!({ "status": "snoozed", "snoozed_until": until_time.to_string() });
    stage.owner().patch(&path, &snooze).await.expect(200);
    hands.turn(-6 * HOUR);
    hands.turn(7 * HOUR);
    // The scheduler looks at the clock every second: give it a chance to be wrong.
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let snoozed = stage.owner().get(&path).await.expect(200);
    assert_eq!(snoozed["status"], "snoozed");
    hands.turn(2 * HOUR);
    until("the end of the snooze", async || {
        let conversation = stage.owner().get(&path).await.expect(200);
        (conversation["status"] == "open").then_some(())
    })
    .await;
}
