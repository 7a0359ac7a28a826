//! The System pages: figures, raw events and replay, dead letters, alerts, the journal, backups.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::{add_channel, entry, post, wait_for};
use crate::common::{Answer, TestApp};

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn has_items(count: usize) -> impl Fn(&Value) -> bool {
    move |list| list["items"].as_array().is_some_and(|items| items.len() == count)
}

#[actix_web::test]
async fn the_system_page_shows_the_own_channels_and_the_common_parts() {
    let app = TestApp::start().await;
    let a = add_channel(&app.a.owner, "whatsapp_cloud", "5001", "s-a").await;
    let b = add_channel(&app.b.owner, "whatsapp_cloud", "5002", "s-b").await;
    for (client, own, foreign) in [(&app.a.agent, &a, &b), (&app.b.owner, &b, &a)] {
        let answer = client.get("/api/v1/system").await;
        assert!(
            !answer.text.contains(foreign["id"].as_str().expect("an id")),
            "{}",
            answer.text
        );
        let system = answer.expect(200);
        assert_eq!(
            (&system["state"], &system["version"]),
            (&json!("ok"), &json!(env!("CARGO_PKG_VERSION")))
        );
        let queue = &system["queues"][0];
        assert_eq!(queue["channel_id"], own["id"]);
        assert_eq!(
            (&queue["queued"], &queue["breaker"]["state"]),
            (&json!(0), &json!("closed"))
        );
        assert!(queue["rate_per_s"].as_u64().is_some_and(|rate| rate > 0));
        let actors = system["actors"].as_array().expect("actors");
        let kinds: Vec<&str> = actors.iter().filter_map(|actor| actor["kind"].as_str()).collect();
        for kind in ["channel", "dispatcher", "scheduler", "watchdog", "backups"] {
            assert!(kinds.contains(&kind), "{kind} of {kinds:?}");
        }
        assert!(
            system["storage"]["journal_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > 0)
        );
        assert!(
            system["storage"]["free_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > 0)
        );
        assert!(system["search"]["position"].is_u64());
        assert_eq!(
            system["raw_events"],
            json!({"pending": 0, "parked": 0, "done": 0, "more": false})
        );
    }
}

#[actix_web::test]
async fn a_delivery_for_two_businesses_is_shown_to_each_without_the_other() {
    let app = TestApp::start().await;
    // One agency's app serves both: the same secret.
    add_channel(&app.a.owner, "whatsapp_cloud", "5001", "shared").await;
    add_channel(&app.b.owner, "whatsapp_cloud", "5002", "shared").await;
    let entries = [
        entry("5001", "wamid.a", "for alpha"),
        entry("5002", "wamid.b", "for beta"),
    ];
    post(&app, "shared", &entries).await;
    for (client, other, own, hidden) in [
        (&app.a.owner, &app.b.owner, "for alpha", "for beta"),
        (&app.b.agent, &app.a.owner, "for beta", "for alpha"),
    ] {
        let done = wait_for(client, "/api/v1/raw-events?state=done", has_items(1)).await;
        let place = format!("/api/v1/raw-events/{}", ids(&done)[0]);
        let answer = client.get(&place).await;
        assert!(!answer.text.contains(hidden), "{}", answer.text);
        let raw = answer.expect(200);
        assert!(
            raw["payload"]
                .as_str()
                .is_some_and(|payload| payload.contains(own)),
            "{raw}"
        );
        assert_eq!(raw["state"], "done");
        let conversation = client.get("/api/v1/conversations").await.expect(200);
        assert_eq!(
            raw["messages"],
            json!([conversation["items"][0]["last_message"]["id"]])
        );
        other.get(&place).await.expect_problem(404, "not_found");
        other
            .post(&format!("{place}/replay"), &json!({}))
            .await
            .expect_problem(404, "not_found");
        let system = client.get("/api/v1/system").await.expect(200);
        assert_eq!(system["raw_events"]["done"], 1);
    }
}

#[actix_web::test]
async fn a_parked_delivery_reaches_the_channel_that_was_added_since() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "whatsapp_cloud", "5001", "s").await;
    post(&app, "s", &[entry("5009", "wamid.1", "anybody there?")]).await;
    post(&app, "s", &[entry("5009", "wamid.2", "hello?")]).await;
    let parked = wait_for(owner, "/api/v1/raw-events?state=parked", has_items(2)).await;
    assert!(
        parked["items"][0]["error"]
            .as_str()
            .is_some_and(|why| why.contains("5009")),
        "{parked}"
    );
    let first = ids(&parked).pop().expect("the oldest is last");
    let replay = format!("/api/v1/raw-events/{first}/replay");
    app.a
        .agent
        .post(&replay, &json!({}))
        .await
        .expect_problem(403, "forbidden");

    let new = add_channel(owner, "whatsapp_cloud", "5009", "s").await;
    assert_eq!(
        owner.post(&replay, &json!({})).await.expect(202)["state"],
        "pending"
    );
    wait_for(owner, "/api/v1/raw-events?state=parked", has_items(1)).await;
    let all = owner
        .post("/api/v1/raw-events/replay", &json!({"state": "parked"}))
        .await
        .expect(202);
    assert_eq!(all, json!({"count": 1, "left": 0, "more": false}));
    let conversations = wait_for(owner, "/api/v1/conversations", |list| {
        list["items"][0]["unread"] == 2
    })
    .await;
    assert_eq!(conversations["items"][0]["channel_id"], new["id"]);
    // Once more: nothing is doubled.
    owner.post(&replay, &json!({})).await.expect(202);
    wait_for(owner, "/api/v1/raw-events?state=done", has_items(2)).await;
    let conversation = conversations["items"][0]["id"].as_str().expect("an id");
    let messages = owner
        .get(&format!("/api/v1/conversations/{conversation}/messages"))
        .await
        .expect(200);
    assert_eq!(messages["items"].as_array().expect("items").len(), 2);
    owner
        .post("/api/v1/raw-events/replay", &json!({"state": "done"}))
        .await
        .expect_problem(422, "invalid_field");
}

#[actix_web::test]
async fn what_the_provider_refuses_for_good_becomes_a_dead_letter() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    add_channel(owner, "sandbox", "5001", "s").await;
    post(&app, "s", &[entry("5001", "wamid.1", "hi")]).await;
    let list = wait_for(owner, "/api/v1/conversations", has_items(1)).await;
    let conversation = ids(&list).pop().expect("one");
    let send = format!("/api/v1/conversations/{conversation}/messages");
    let reply = json!({"type": "text", "text": {"body": "hello"}});
    let call = app
        .a
        .agent
        .request(Method::POST, &send)
        .header("idempotency-key", "k")
        .json(&reply);
    let message = Answer::of(call).await.expect(202);
    // The simulator knows nothing of that customer's message: it refuses as the provider would.
    let letters = wait_for(&app.a.agent, "/api/v1/dead-letters", has_items(1)).await;
    let letter = &letters["items"][0];
    assert_eq!(
        (&letter["id"], &letter["message"]["id"]),
        (&message["id"], &message["id"])
    );
    assert!(letter["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    let place = format!("/api/v1/dead-letters/{}", message["id"].as_str().expect("an id"));
    assert_eq!(
        app.b.owner.get("/api/v1/dead-letters").await.expect(200)["items"],
        json!([])
    );
    app.b.owner.delete(&place).await.expect_problem(404, "not_found");
    app.b
        .owner
        .post(&format!("{place}/retry"), &json!({}))
        .await
        .expect_problem(404, "not_found");
    let again = app
        .a
        .agent
        .post(&format!("{place}/retry"), &json!({}))
        .await
        .expect(202);
    assert_eq!(
        (&again["id"], &again["status"]),
        (&message["id"], &json!("queued"))
    );
    wait_for(owner, "/api/v1/dead-letters", has_items(1)).await;
    assert_eq!(app.a.agent.delete(&place).await.status, 204);
    app.a.agent.delete(&place).await.expect_problem(404, "not_found");
    assert_eq!(
        owner.get("/api/v1/dead-letters").await.expect(200)["items"],
        json!([])
    );
    assert_eq!(
        owner.get("/api/v1/doubtful").await.expect(200)["items"],
        json!([])
    );
}

#[actix_web::test]
async fn the_journal_is_read_by_place_and_only_the_own() {
    let app = TestApp::start().await;
    let a = add_channel(&app.a.owner, "whatsapp_cloud", "5001", "s-a").await;
    let b = add_channel(&app.b.owner, "whatsapp_cloud", "5002", "s-b").await;
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = app
            .a
            .agent
            .get(&format!("/api/v1/events?after={after}&limit=1"))
            .await
            .expect(200);
        assert_eq!(page["gap"], false);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 1);
        let next = page["next_cursor"].as_u64().expect("a place");
        if items.is_empty() && next == after {
            break;
        }
        assert!(next > after && items.iter().all(|event| event["seq"].as_u64() > Some(after)));
        seen.extend(items.clone());
        after = next;
    }
    let text = Value::from(seen.clone()).to_string();
    assert!(
        text.contains(a["id"].as_str().expect("an id")) && !text.contains(b["id"].as_str().expect("an id"))
    );
    assert!(seen.iter().any(|event| event["type"] == "channel.updated"));
    for bad in ["after=-1", "after=x", "after=99999999999999999999", "limit=0"] {
        app.a
            .owner
            .get(&format!("/api/v1/events?{bad}"))
            .await
            .expect_problem(400, "invalid_query");
    }
}

#[actix_web::test]
async fn alerts_are_seen_by_their_own_and_told_elsewhere_as_the_owner_says() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let me = owner.get("/api/v1/me").await.expect(200);
    let workspace = me["workspace"]["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a workspace");
    app.app
        .house
        .alerts
        .raise(workspace, "doubtful_send", "ms_1", "Look at it.")
        .await;
    let alerts = agent.get("/api/v1/alerts").await.expect(200);
    let alert = &alerts["items"][0];
    assert_eq!(
        (&alert["kind"], &alert["severity"]),
        (&json!("doubtful_send"), &json!("warning"))
    );
    assert_eq!(
        owner.get("/api/v1/system").await.expect(200)["alerts"][0]["id"],
        alert["id"]
    );
    let ack = format!("/api/v1/alerts/{}/ack", alert["id"].as_str().expect("an id"));
    app.b
        .owner
        .post(&ack, &json!({}))
        .await
        .expect_problem(404, "not_found");
    let seen = agent.post(&ack, &json!({})).await.expect(200);
    assert_eq!(seen["acknowledged_by"]["name"], "Agent of alpha");
    assert_eq!(
        app.b.owner.get("/api/v1/alerts").await.expect(200)["items"],
        json!([])
    );

    let settings = "/api/v1/settings/alerts";
    let put = |body: Value| Answer::of(owner.request(Method::PUT, settings).json(&body));
    let none = json!({"email": null, "webhook_url": null});
    // Whether letters can be sent, and the webhook's secret, stand beside what was said; tests of their own look at them.
    let said_only = |mut answer: Value| {
        if let Some(fields) = answer.as_object_mut() {
            fields.retain(|name, _| name == "email" || name == "webhook_url");
        }
        answer
    };
    assert_eq!(said_only(owner.get(settings).await.expect(200)), none);
    agent.get(settings).await.expect_problem(403, "forbidden");
    let said = json!({"email": "owner@alpha.example", "webhook_url": "https://hooks.example/a"});
    assert_eq!(said_only(put(said.clone()).await.expect(200)), said);
    assert_eq!(said_only(owner.get(settings).await.expect(200)), said);
    assert_eq!(said_only(app.b.owner.get(settings).await.expect(200)), none);
    for (bad, field) in [
        (json!({"email": "nobody"}), "email"),
        (json!({"webhook_url": "javascript:x"}), "webhook_url"),
    ] {
        assert_eq!(
            put(bad).await.expect_problem(422, "invalid_field")["field"],
            field
        );
    }
    assert_eq!(said_only(owner.get(settings).await.expect(200)), said);
}

#[actix_web::test]
async fn backups_are_made_checked_and_fetched_by_who_runs_the_appliance() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    for other in [&app.a.agent, &app.b.owner] {
        other
            .get("/api/v1/backups")
            .await
            .expect_problem(403, "forbidden");
        other
            .post("/api/v1/backups", &json!({}))
            .await
            .expect_problem(403, "forbidden");
        other
            .get("/api/v1/system/logs")
            .await
            .expect_problem(403, "forbidden");
    }
    assert_eq!(owner.get("/api/v1/backups").await.expect(200)["items"], json!([]));
    let begun = owner.post("/api/v1/backups", &json!({})).await.expect(202);
    assert_eq!(begun["state"], "running");
    let list = wait_for(owner, "/api/v1/backups", |list| {
        list["items"].as_array().is_some_and(|items| items.len() == 1) && list["items"][0]["state"] == "done"
    })
    .await;
    let backup = &list["items"][0];
    assert_eq!(
        (&backup["name"], &backup["verified"]),
        (&begun["name"], &json!(true))
    );
    let name = backup["name"].as_str().expect("a name");
    let bytes = owner
        .request(Method::GET, &format!("/api/v1/backups/{name}/download"))
        .send()
        .await;
    let bytes = bytes.expect("an answer").bytes().await.expect("a whole body");
    assert_eq!(Some(bytes.len() as u64), backup["size"].as_u64());
    assert!(bytes.starts_with(b"FDBACKUP"));
    let verify = format!("/api/v1/backups/{name}/verify");
    let found = owner.post(&verify, &json!({})).await.expect(200);
    assert_eq!(found["ok"], true);
    assert!(found["records"].as_u64().is_some_and(|rows| rows > 0));
    app.b
        .owner
        .post(&verify, &json!({}))
        .await
        .expect_problem(403, "forbidden");
    for name in ["none.fdbackup", "..%2fmaster.key", "%2e%2e", "%00", "x"] {
        let place = format!("/api/v1/backups/{name}/download");
        owner.get(&place).await.expect_problem(404, "not_found");
    }
    let schedule = "/api/v1/backups/schedule";
    let put = |body: Value| Answer::of(owner.request(Method::PUT, schedule).json(&body));
    assert_eq!(owner.get(schedule).await.expect(200)["enabled"], false);
    let said = json!({"enabled": true, "time": "04:30", "keep": 3});
    assert_eq!(put(said.clone()).await.expect(200), said);
    assert_eq!(owner.get(schedule).await.expect(200), said);
    for (time, keep, field) in [("25:00", 3, "time"), ("4:30", 3, "time"), ("04:30", 0, "keep")] {
        let refused = put(json!({"enabled": true, "time": time, "keep": keep})).await;
        assert_eq!(refused.expect_problem(422, "invalid_field")["field"], field);
    }
}
