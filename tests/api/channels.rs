//! Channels: adding, changing, testing, removing, and who may.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::{add_channel, entry, post, wait_for};
use crate::common::{Answer, TestApp};

fn body(number: &str, secret: &str) -> Value {
    json!({
        "provider": "whatsapp_cloud", "name": "Shop",
        "settings": {"phone_number_id": number, "waba_id": format!("9{number}"),
            "display_phone_number": "+15550001111", "api_base": "http://127.0.0.1:9"},
        "secrets": {"access_token": "token hidden".replace(' ', "-"), "app_secret": secret, "verify_token": "verify-hidden"},
    })
}

fn at(channel: &Value) -> String {
    format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"))
}

#[actix_web::test]
async fn owners_add_channels_as_pinned_and_secrets_never_come_back() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let answer = owner
        .post("/api/v1/channels", &body("4001", "secret-hidden"))
        .await;
    let (location, tag) = (
        answer.header("location").to_owned(),
        answer.header("etag").to_owned(),
    );
    assert!(!answer.text.contains("hidden"), "{}", answer.text);
    let channel = answer.expect(201);
    assert_eq!(channel["status"], "active");
    assert_eq!(channel["provider"], "whatsapp_cloud");
    assert_eq!(channel["settings"]["phone_number_id"], "4001");
    assert_eq!(channel["secrets"]["app_secret"], json!({"set": true}));
    assert_eq!(channel["webhook_url"], "http://desk.example/webhooks/whatsapp");
    assert_eq!(channel["breaker"], json!({"state": "closed", "reason": null}));
    assert_eq!(channel["queue"]["queued"], 0);
    assert_eq!(location, at(&channel));

    let shown = app.a.agent.get(&location).await;
    assert_eq!(shown.header("etag"), tag);
    assert!(!shown.text.contains("hidden"));
    assert_eq!(shown.expect(200), channel);
    let listed = app.a.agent.get("/api/v1/channels").await.expect(200);
    assert_eq!(listed, json!({"items": [channel], "next_cursor": null}));
    // The handshake answers with the token that was given.
    let challenge = app
        .stranger
        .get("/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=42&hub.verify_token=verify-hidden")
        .await;
    assert_eq!((challenge.status, challenge.text.as_str()), (200, "42"));
}

#[actix_web::test]
async fn what_is_wrong_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let mut without_token = body("4001", "s");
    without_token["secrets"]
        .as_object_mut()
        .expect("a map")
        .remove("verify_token");
    let mut odd_number = body("4001", "s");
    odd_number["settings"]["phone_number_id"] = json!("+1 555");
    let mut odd_field = body("4001", "s");
    odd_field["settings"]["surprise"] = json!("x");
    let mut number_for_text = body("4001", "s");
    number_for_text["settings"]["waba_id"] = json!(5);
    let table = [
        (without_token, "secrets.verify_token"),
        (odd_number, "settings.phone_number_id"),
        (odd_field, "settings.surprise"),
        (number_for_text, "settings.waba_id"),
        (json!({"provider": "pigeon", "name": "x"}), "provider"),
        (json!({"provider": "whatsapp_cloud"}), "name"),
    ];
    for (body, field) in table {
        let answer = owner.post("/api/v1/channels", &body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.problem()["field"], field);
    }
    let none = owner.get("/api/v1/channels").await.expect(200);
    assert_eq!(none["items"], json!([]));
}

#[actix_web::test]
async fn one_number_is_one_channel() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let first = owner
        .post("/api/v1/channels", &body("4001", "s"))
        .await
        .expect(201);
    for other in [owner, &app.b.owner] {
        let taken = other.post("/api/v1/channels", &body("4001", "s")).await;
        let problem = taken.expect_problem(409, "already_exists");
        assert!(!problem.to_string().contains(first["id"].as_str().expect("an id")));
    }
    // The same id with another secret is another app's; nobody can be told by it whether the number is taken.
    app.b
        .owner
        .post("/api/v1/channels", &body("4001", "other"))
        .await
        .expect(201);
}

#[actix_web::test]
async fn only_owners_write_and_only_in_their_own_workspace() {
    let app = TestApp::start().await;
    let channel = app
        .a
        .owner
        .post("/api/v1/channels", &body("4001", "s"))
        .await
        .expect(201);
    let place = at(&channel);
    for (client, status, code) in [(&app.a.agent, 403, "forbidden"), (&app.b.owner, 404, "not_found")] {
        let calls = [
            client.patch(&place, &json!({"name": "Mine"})).await,
            client.delete(&place).await,
            client.post(&format!("{place}/test"), &json!({})).await,
        ];
        for answer in calls {
            answer.expect_problem(status, code);
        }
    }
    app.a
        .agent
        .post("/api/v1/channels", &body("4002", "s"))
        .await
        .expect_problem(403, "forbidden");
    app.b.agent.get(&place).await.expect_problem(404, "not_found");
    assert_eq!(app.a.owner.get(&place).await.expect(200), channel);
}

#[actix_web::test]
async fn changes_merge_and_do_not_overwrite_one_another() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let answer = owner.post("/api/v1/channels", &body("4001", "s")).await;
    let tag = answer.header("etag").to_owned();
    let place = at(&answer.expect(201));
    let with_tag = |change: Value| {
        Answer::of(
            owner
                .request(Method::PATCH, &place)
                .header("if-match", &tag)
                .json(&change),
        )
    };
    let change = json!({"name": "Store", "paused": true, "settings": {"rate_per_s": "20", "waba_id": null}});
    let changed = with_tag(change.clone()).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["status"]),
        (&json!("Store"), &json!("paused"))
    );
    assert_eq!(changed["settings"]["rate_per_s"], "20");
    assert_eq!(changed["settings"]["phone_number_id"], "4001");
    assert!(changed["settings"].get("waba_id").is_none());
    with_tag(change).await.expect_problem(412, "version_mismatch");
    for (change, field) in [
        (json!({"secrets": {"app_secret": null}}), "secrets.app_secret"),
        (json!({"settings": {"api_base": "nowhere"}}), "settings.api_base"),
        (json!({"provider": "sandbox"}), "provider"),
    ] {
        let refused = owner.patch(&place, &change).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.problem()["field"], field);
    }
    assert_eq!(owner.get(&place).await.expect(200), changed);
    let resumed = owner.patch(&place, &json!({"paused": false})).await.expect(200);
    assert_eq!(resumed["status"], "active");
}

#[actix_web::test]
async fn a_removed_channel_is_gone_and_its_number_free() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let place = at(&owner
        .post("/api/v1/channels", &body("4001", "s"))
        .await
        .expect(201));
    assert_eq!(owner.delete(&place).await.status, 204);
    owner.get(&place).await.expect_problem(404, "not_found");
    owner.delete(&place).await.expect_problem(404, "not_found");
    owner
        .post("/api/v1/channels", &body("4001", "s"))
        .await
        .expect(201);
}

#[actix_web::test]
async fn what_was_queued_on_a_removed_channel_fails_and_says_why() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "4001", "s").await;
    post(&app, "s", &[entry("4001", "wamid.1", "hi")]).await;
    let one = |list: &Value| list["items"].as_array().is_some_and(|items| items.len() == 1);
    let list = wait_for(owner, "/api/v1/conversations", one).await;
    let conversation = list["items"][0]["id"].as_str().expect("an id");
    let place = format!("/api/v1/conversations/{conversation}/messages");
    let reply = json!({"type": "text", "text": {"body": "hello"}});
    // Nobody listens at the channel's provider: the reply waits for its next try.
    let call = owner
        .request(Method::POST, &place)
        .header("idempotency-key", "k")
        .json(&reply);
    let message = Answer::of(call).await.expect(202);
    assert_eq!(owner.delete(&at(&channel)).await.status, 204);
    let letters = wait_for(owner, "/api/v1/dead-letters", one).await;
    assert_eq!(letters["items"][0]["id"], message["id"]);
    let shown = owner.get(&place).await.expect(200);
    assert_eq!(shown["items"][0]["status"], "failed");
}

#[actix_web::test]
async fn a_test_says_in_plain_words_what_does_not_work() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let place = at(&owner
        .post("/api/v1/channels", &body("4001", "s"))
        .await
        .expect(201));
    let test = owner.post(&format!("{place}/test"), &json!({})).await.expect(200);
    assert_eq!(test["ok"], false);
    let failed = test["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["ok"] == false);
    assert!(failed.is_some_and(|check| !check["detail"].as_str().unwrap_or_default().is_empty()));
}

#[actix_web::test]
async fn a_bare_sandbox_channel_works_at_once() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let bare = json!({"provider": "sandbox", "name": "Try it"});
    let channel = owner.post("/api/v1/channels", &bare).await.expect(201);
    assert_eq!(channel["status"], "active");
    let test = format!("{}/test", at(&channel));
    // The simulator follows a moment later.
    let works = async {
        while owner.post(&test, &json!({})).await.expect(200)["ok"] != true {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), works)
        .await
        .expect("the simulator plays the number");
}

#[actix_web::test]
async fn an_id_of_letters_works_from_webhook_to_search() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let number = "PHONE_NUMBER_ID";
    let channel = add_channel(owner, "whatsapp_cloud", number, "s").await;
    assert_eq!(channel["settings"]["phone_number_id"], number);
    add_channel(&app.b.owner, "whatsapp_cloud", "other-number.1", "s").await;
    post(&app, "s", &[entry(number, "wamid.letters", "porridge")]).await;
    let found = wait_for(owner, "/api/v1/conversations", |page| {
        page["items"][0]["last_message"]["preview"] == "porridge"
    })
    .await;
    assert_eq!(found["items"][0]["channel_id"], channel["id"]);
    wait_for(owner, "/api/v1/search?q=porridge", |page| {
        page["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    let other = app.b.owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(other["items"], json!([]));
    let id = found["items"][0]["id"].as_str().expect("an id");
    let text = json!({"type": "text", "text": {"body": "coming"}});
    // The address names the id; nobody answers there, so it waits.
    let sent = owner
        .post(&format!("/api/v1/conversations/{id}/messages"), &text)
        .await
        .expect(202);
    assert_eq!(sent["status"], "queued");
}
