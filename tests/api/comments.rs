//! What the team does with comments: public answers, hiding, deleting; through the API and the simulator.

use serde_json::{Value, json};

use crate::common::TestApp;
use crate::instagram::{Shop, put, until};

fn about(comment: &str, kind: &str, body: Value) -> Value {
    json!({"type": kind, kind: body, "context": {"message_id": comment}})
}

fn action(comment: &str, word: &str) -> Value {
    about(comment, "comment_action", json!({ "action": word }))
}

async fn is_done(shop: &Shop<'_>, conversation: &str, sent: &Value) {
    let id = sent["id"].as_str().expect("an id");
    until(async || shop.message(conversation, id).await["status"] == "sent").await;
}

#[actix_web::test]
async fn a_comment_is_answered_publicly_hidden_shown_and_deleted() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "comment", "text": "Price please"}))
        .await;
    let (conversation, messages) = shop.conversation(1).await;
    let comment = messages[0]["id"].as_str().expect("an id").to_owned();
    let state = async || shop.message(&conversation, &comment).await["comment_state"].clone();

    // No window is open: none is needed. The same key does it once.
    let reply = about(
        &comment,
        "comment_reply",
        json!({"text": "We sent you a message!"}),
    );
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let keyed = async || {
        let call = shop
            .client
            .request(reqwest::Method::POST, &path)
            .header("Idempotency-Key", "reply-1");
        crate::common::Answer::of(call.json(&reply)).await.expect(202)
    };
    let sent = keyed().await;
    assert_eq!(keyed().await["id"], sent["id"]);
    is_done(&shop, &conversation, &sent).await;
    let answered = state().await["answered"].clone();
    assert_eq!(
        (&answered["message_id"], answered["by"]["kind"].as_str()),
        (&sent["id"], Some("user"))
    );
    // Who did it is named although they wrote nothing in the comment itself.
    let me = shop.client.get("/api/v1/me").await.expect(200);
    assert_eq!(answered["by"]["name"], me["user"]["name"]);
    until(async || {
        shop.phone()
            .await
            .iter()
            .any(|entry| entry["kind"] == "comment_reply")
    })
    .await;
    let page = shop.client.get("/api/v1/conversations").await.expect(200);
    assert_eq!(
        page["items"][0]["last_message"]["preview"],
        "We sent you a message!"
    );

    let hidden = shop
        .say(&conversation, &action(&comment, "hide"))
        .await
        .expect(202);
    is_done(&shop, &conversation, &hidden).await;
    assert_eq!(state().await["hidden"]["message_id"], hidden["id"]);
    assert!(
        shop.phone()
            .await
            .iter()
            .any(|entry| entry["content"]["hidden"] == true)
    );
    for (again, code) in [
        (action(&comment, "hide"), "comment_hidden"),
        (reply.clone(), "comment_hidden"),
    ] {
        let refused = shop.say(&conversation, &again).await;
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (409, json!(code))
        );
    }
    let shown = shop
        .say(&conversation, &action(&comment, "unhide"))
        .await
        .expect(202);
    is_done(&shop, &conversation, &shown).await;
    assert!(state().await["hidden"].is_null());

    // A private answer is still free: the public one was none.
    let private = json!({"type": "text", "text": {"body": "1,850"}, "context": {"message_id": comment}});
    shop.say(&conversation, &private).await.expect(202);

    let deleted = shop
        .say(&conversation, &action(&comment, "delete"))
        .await
        .expect(202);
    is_done(&shop, &conversation, &deleted).await;
    let kept = shop.message(&conversation, &comment).await;
    assert_eq!(kept["comment_state"]["deleted"]["message_id"], deleted["id"]);
    assert_eq!(
        kept["comment"]["text"], "Price please",
        "what was said stays on record"
    );
    until(async || shop.phone().await.iter().any(|entry| entry["unsent"] == true)).await;
    let refused = shop.say(&conversation, &action(&comment, "unhide")).await;
    assert_eq!(refused.json()["code"], "comment_deleted");
}

#[actix_web::test]
async fn what_is_no_comment_cannot_be_managed() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "text", "text": "Hello"})).await;
    shop.does(json!({"type": "comment", "text": "Nice"})).await;
    let (conversation, messages) = shop.conversation(2).await;
    let find = |kind: &str| {
        let found = messages.iter().find(|message| message["type"] == kind);
        found
            .and_then(|found| found["id"].as_str())
            .expect("it is there")
            .to_owned()
    };
    let (text, comment) = (find("text"), find("comment"));
    let long = "x".repeat(2_201);
    let table = [
        (action(&text, "hide"), 409),
        (
            json!({"type": "comment_action", "comment_action": {"action": "hide"}}),
            422,
        ),
        (action(&comment, "burn"), 422),
        (about(&comment, "comment_reply", json!({"text": ""})), 422),
        (about(&comment, "comment_reply", json!({ "text": long })), 422),
        (
            about(&comment, "comment_reply", json!({"text": "x", "more": 1})),
            422,
        ),
    ];
    for (body, status) in table {
        let answer = shop.say(&conversation, &body).await;
        assert_eq!(answer.status, status, "{}", answer.json());
    }
    let reaction = json!({"type": "reaction", "reaction": {"message_id": comment, "emoji": "👍"}});
    assert_eq!(shop.say(&conversation, &reaction).await.status, 422);
    // Another workspace's conversation is nobody's.
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let stranger = app.b.owner.post(&path, &action(&comment, "hide")).await;
    assert_eq!(stranger.status, 404);
}

#[actix_web::test]
async fn a_failure_is_told_and_can_be_tried_again() {
    let app = TestApp::start().await;
    let shop = Shop::open(&app.a.owner, json!({})).await;
    shop.does(json!({"type": "comment", "text": "Nice"})).await;
    let (conversation, messages) = shop.conversation(1).await;
    let comment = messages[0]["id"].as_str().expect("an id").to_owned();
    let faults = "/api/v1/sandbox/instagram/faults";
    put(shop.client, faults, &json!({"refuse_next": 1}))
        .await
        .expect(200);
    let sent = shop
        .say(&conversation, &action(&comment, "hide"))
        .await
        .expect(202);
    let id = sent["id"].as_str().expect("an id");
    until(async || shop.message(&conversation, id).await["status"] == "failed").await;
    assert!(shop.message(&conversation, &comment).await["comment_state"].is_null());
    let retry = shop
        .client
        .post(&format!("/api/v1/messages/{id}/retry"), &json!({}))
        .await;
    retry.expect(202);
    is_done(&shop, &conversation, &sent).await;
    assert!(shop.message(&conversation, &comment).await["comment_state"]["hidden"].is_object());
    let channel = shop
        .client
        .get(&format!("/api/v1/channels/{}", shop.channel))
        .await
        .expect(200);
    assert_eq!(channel["status"], "active", "one comment stops no channel");
}
