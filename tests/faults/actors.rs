//! Actors that die: a fresh one goes on where the dead one was, others do not notice, and the system page tells.

use std::sync::Arc;

use frontdesk::clock::Clock;
use frontdesk::sandbox::Delays;
use serde_json::{Value, json};

use crate::common::{Answer, Options};
use crate::meta;
use crate::stage::{Stage, number_of};
use crate::stand_in::StandIn;
use crate::world::{messages, string, texts, until};

async fn stage() -> (Stage, Arc<StandIn>) {
    let stand_in = Arc::new(StandIn::default());
    let options = Options {
        clock: Clock::System,
        providers: Some(stand_in.providers()),
        ..Options::default()
    };
    (Stage::on(options, Delays::none()).await, stand_in)
}

/// How often an actor of this kind was started anew, and how it is.
async fn restarts(stage: &Stage, kind: &str) -> (u64, Value) {
    let system = stage.system().await;
    let actors = system["actors"].as_array().expect("a list");
    let about = format!("{kind} {}", stage.channel);
    let actor = actors
        .iter()
        .find(|actor| actor["name"] == *about)
        .expect("on the board");
    (
        actor["restarts"].as_u64().expect("a number"),
        actor["state"].clone(),
    )
}

#[actix_web::test]
async fn a_delivery_that_brings_the_adapter_down_is_parked_holds_up_nobody_and_can_be_replayed() {
    let (stage, stand_in) = stage().await;
    let conversation = stage.customers(1).await.remove(0);
    let (http, base, number) = (meta::connection(), &stage.app.base, number_of(0));
    stand_in.parse.plan(0, 1);
    let text = |id: &str, body: &str| meta::delivery(&[meta::text(&number, id, body)], &[]);
    meta::deliver(&http, base, &text("wamid.bad", "brings it down")).await;
    let parked = until("parked delivery", async || {
        let list = stage
            .owner()
            .get("/api/v1/raw-events?state=parked")
            .await
            .expect(200);
        list["items"].get(0).cloned()
    })
    .await;
    assert!(
        parked["error"]
            .as_str()
            .expect("a reason")
            .contains("unexpectedly"),
        "{parked}"
    );
    meta::deliver(&http, base, &text("wamid.next", "comes after it")).await;
    until("the next text", async || {
        let found = messages(stage.owner(), &conversation).await;
        (texts(&found, "inbound") == ["hello", "comes after it"]).then_some(())
    })
    .await;
    assert_eq!(stage.system().await["raw_events"]["parked"], 1);
    let path = format!("/api/v1/raw-events/{}/replay", string(&parked["id"]));
    assert_eq!(stage.app.b.owner.post(&path, &json!({})).await.status, 404);
    Answer::of(stage.owner().request(reqwest::Method::POST, &path))
        .await
        .expect(202);
    until("the replayed text", async || {
        let found = messages(stage.owner(), &conversation).await;
        texts(&found, "inbound")
            .contains(&"brings it down".to_owned())
            .then_some(())
    })
    .await;
    assert_eq!(stage.system().await["raw_events"]["parked"], 0);
}

#[actix_web::test]
async fn a_channels_actor_that_dies_is_replaced_and_goes_on_with_what_waits() {
    let (stage, stand_in) = stage().await;
    let conversation = stage.customers(1).await.remove(0);
    let body = meta::delivery(&[meta::text(&number_of(0), "wamid.1", "in between")], &[]);
    // The first call is the entrance's, the next are the actor's.
    stand_in.addresses.plan(1, 2);
    meta::deliver(&meta::connection(), &stage.app.base, &body).await;
    until("the text", async || {
        let found = messages(stage.owner(), &conversation).await;
        (texts(&found, "inbound") == ["hello", "in between"]).then_some(())
    })
    .await;
    assert_eq!(restarts(&stage, "channel").await, (2, json!("running")));
    assert_eq!(restarts(&stage, "dispatcher").await, (0, json!("running")));
    let id = stage.reply(&conversation, "all well").await;
    stage.until_status(&conversation, &id, "delivered").await;
}

#[actix_web::test]
async fn a_conversations_actor_that_dies_on_a_command_gets_a_second_chance_and_then_says_so() {
    let (stage, stand_in) = stage().await;
    let conversations = stage.customers(2).await;
    stand_in.capabilities.plan(0, 1);
    let id = stage.reply(&conversations[0], "first").await;
    stage.until_status(&conversations[0], &id, "delivered").await;
    assert_eq!(stage.provider.accepted_with(&id), 1);
    stand_in.capabilities.plan(0, 2);
    let crashed = stage.try_reply(&conversations[0], "second", "second").await;
    crashed.expect_problem(500, "internal");
    // Neither it nor anybody else is the worse for it, and the same key may be used again.
    let id = stage.reply(&conversations[0], "second").await;
    stage.until_status(&conversations[0], &id, "delivered").await;
    let other = stage.reply(&conversations[1], "other").await;
    stage.until_status(&conversations[1], &other, "delivered").await;
    let found = messages(stage.owner(), &conversations[0]).await;
    assert_eq!(
        texts(&found, "outbound"),
        ["first", "second"],
        "nothing was half stored"
    );
}

#[actix_web::test]
async fn a_dispatcher_that_dies_during_a_call_leaves_doubt_and_its_successor_goes_on() {
    let (stage, stand_in) = stage().await;
    let conversations = stage.customers(2).await;
    stand_in.send.plan(0, 1);
    let id = stage.reply(&conversations[0], "in flight").await;
    stage.until_status(&conversations[0], &id, "doubtful").await;
    let next = stage.reply(&conversations[1], "afterwards").await;
    stage.until_status(&conversations[1], &next, "delivered").await;
    assert_eq!(restarts(&stage, "dispatcher").await, (1, json!("running")));
    assert_eq!(stage.provider.accepted_with(&id), 0, "never sent blindly again");
    let figures = stage.app.stranger.get("/metrics").await.text;
    assert!(figures.contains("frontdesk_actor_restarts_total"), "{figures}");
}
