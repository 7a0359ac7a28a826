//! The conversation list in its orders, saved views, mentions, and changes of many conversations.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::seed::{Seed, seed};
use crate::common::{Answer, Client, TestApp};

/// The conversations of a list, page by page, as numbers of the customers who were seeded.
async fn names(client: &Client, query: &str, seeds: &[Seed]) -> Vec<usize> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client
            .get(&format!("/api/v1/conversations?limit=1{query}{cursor}"))
            .await
            .expect(200);
        for item in page["items"].as_array().expect("items") {
            let place = seeds.iter().position(|seed| item["id"] == seed.conversation);
            all.push(place.expect("one of ours") + 11);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn put(client: &Client, path: &str, body: &Value, if_match: Option<&str>) -> Answer {
    let call = client.request(Method::PUT, path).json(body);
    let call = match if_match {
        Some(tag) => call.header("if-match", tag),
        None => call,
    };
    Answer::of(call).await
}

/// One customer who wrote to three numbers, one after the other: three conversations, oldest first.
async fn three(app: &TestApp) -> Vec<Seed> {
    let mut all = Vec::new();
    for number in ["11", "12", "13"] {
        let mut made = seed(app, &app.a, number).await;
        let arrived = async {
            loop {
                let path = format!("/api/v1/conversations?channel={}", made.channel);
                let list = app.a.owner.get(&path).await.expect(200);
                // It begins a moment before its message is in it.
                let it = &list["items"][0];
                match it["id"].as_str().filter(|_| it["unread"] == 1) {
                    Some(id) => return id.to_owned(),
                    None => tokio::task::yield_now().await,
                }
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(20), arrived).await;
        made.conversation = arrived.expect("it arrives");
        all.push(made);
    }
    all
}

async fn answer(app: &TestApp, seed: &Seed) {
    let body = json!({ "type": "text", "text": { "body": "hello" } });
    let path = format!("/api/v1/conversations/{}/messages", seed.conversation);
    app.a.agent.post(&path, &body).await.expect(202);
}

async fn change(app: &TestApp, seed: &Seed, body: Value) {
    app.a
        .agent
        .patch(&format!("/api/v1/conversations/{}", seed.conversation), &body)
        .await
        .expect(200);
}

#[actix_web::test]
async fn who_waits_longest_and_what_is_unread_come_first_page_by_page() {
    let app = TestApp::start().await;
    let seeds = three(&app).await;
    let agent = &app.a.agent;
    assert_eq!(names(agent, "", &seeds).await, [13, 12, 11]);
    assert_eq!(names(agent, "&sort=waiting", &seeds).await, [11, 12, 13]);
    assert_eq!(names(agent, "&sort=unread", &seeds).await, [13, 12, 11]);

    // An answer ends the waiting, being read the newness; a note does neither.
    answer(&app, &seeds[0]).await;
    let note = format!("/api/v1/conversations/{}/notes", seeds[1].conversation);
    agent
        .post(&note, &json!({ "body": "call back" }))
        .await
        .expect(201);
    agent
        .post(
            &format!("/api/v1/conversations/{}/read", seeds[2].conversation),
            &json!({}),
        )
        .await;
    assert_eq!(names(agent, "&sort=waiting", &seeds).await, [12, 13, 11]);
    assert_eq!(names(agent, "&sort=unread", &seeds).await, [12, 11, 13]);
    assert_eq!(names(agent, "&unread=true", &seeds).await, [12, 11]);

    // Nobody waits in what is done; taken back, they wait as before.
    change(&app, &seeds[1], json!({ "status": "resolved" })).await;
    assert_eq!(names(agent, "&sort=waiting", &seeds).await, [13, 12, 11]);
    change(&app, &seeds[1], json!({ "status": "open" })).await;
    assert_eq!(
        names(agent, "&sort=waiting&status=open", &seeds).await,
        [12, 13, 11]
    );
    assert_eq!(names(agent, "&sort=waiting&assignee=me", &seeds).await, [0; 0]);
    assert_eq!(
        names(&app.b.agent, "&sort=waiting", &seeds).await,
        [0; 0],
        "the other workspace"
    );

    for (query, field) in [
        ("sort=oldest", "sort"),
        ("unread=maybe", "unread"),
        ("sort=waiting&status=x", "status"),
    ] {
        let problem = agent
            .get(&format!("/api/v1/conversations?{query}"))
            .await
            .expect_problem(400, "invalid_query");
        let text = problem.to_string();
        assert!(text.contains(field) || field == "unread", "{text}");
    }
    let first = agent
        .get("/api/v1/conversations?limit=1&sort=waiting")
        .await
        .expect(200);
    let cursor = first["next_cursor"].as_str().expect("more");
    let foreign = agent
        .get(&format!("/api/v1/conversations?sort=unread&cursor={cursor}"))
        .await;
    foreign.expect_problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn conversations_are_counted() {
    let app = TestApp::start().await;
    let seeds = three(&app).await;
    change(
        &app,
        &seeds[0],
        json!({ "labels": ["cake"], "status": "resolved" }),
    )
    .await;
    for (query, count) in [
        ("", 3),
        ("?status=open", 2),
        ("?label=cake", 1),
        ("?unread=true", 3),
        ("?q=marzipan%2012", 1),
    ] {
        let answer = app
            .a
            .agent
            .get(&format!("/api/v1/conversations/count{query}"))
            .await
            .expect(200);
        assert_eq!(answer, json!({ "count": count, "exact": true }), "{query}");
    }
    let other = app.b.agent.get("/api/v1/conversations/count").await.expect(200);
    assert_eq!(other["count"], 0);
    app.a
        .agent
        .get("/api/v1/conversations/count?sort=waiting")
        .await
        .expect_problem(400, "invalid_query");
}

#[actix_web::test]
async fn a_colleague_who_is_mentioned_finds_the_note() {
    let app = TestApp::start().await;
    let seeds = three(&app).await;
    let none = app.a.agent.get("/api/v1/mentions").await.expect(200);
    assert_eq!(none, json!({ "unseen": 0, "latest_at": null }));
    let path = format!("/api/v1/conversations/{}/notes", seeds[0].conversation);
    let note = json!({ "body": "@agent of alpha, please call. Not @Agent of beta." });
    let note = app.a.owner.post(&path, &note).await.expect(201);
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    assert_eq!(note["note"]["mentions"], json!([me["user"]["id"]]));

    let mentions = app.a.agent.get("/api/v1/mentions").await.expect(200);
    assert_eq!(
        (&mentions["unseen"], &mentions["latest_at"]),
        (&json!(1), &note["created_at"])
    );
    assert_eq!(names(&app.a.agent, "&mentioned=true", &seeds).await, [11]);
    assert_eq!(
        names(&app.a.agent, "&mentioned=true&status=closed", &seeds).await,
        [0; 0]
    );
    assert_eq!(
        names(&app.a.owner, "&mentioned=true", &seeds).await,
        [0; 0],
        "not who wrote it"
    );
    assert_eq!(names(&app.b.agent, "&mentioned=true", &seeds).await, [0; 0]);
    let seen = app
        .a
        .agent
        .post("/api/v1/mentions/seen", &json!({}))
        .await
        .expect(200);
    assert_eq!(seen["unseen"], 0);
    assert_eq!(
        names(&app.a.agent, "&mentioned=true", &seeds).await,
        [11],
        "seen, not gone"
    );
    app.a
        .owner
        .post(&path, &json!({ "body": "@Agent of alpha again" }))
        .await
        .expect(201);
    assert_eq!(app.a.agent.get("/api/v1/mentions").await.expect(200)["unseen"], 1);
}

#[actix_web::test]
async fn views_are_saved_for_oneself_or_for_all() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let mine = json!({ "name": " Mine, waiting ", "filter": { "assignee": "me", "status": "open" }, "sort": "waiting" });
    let made = agent.post("/api/v1/views", &mine).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.expect(201);
    assert_eq!(
        (&made["name"], &made["shared"]),
        (&json!("Mine, waiting"), &json!(false))
    );
    assert_eq!(made["filter"], json!({ "assignee": "me", "status": "open" }));
    let all = json!({ "name": "Cakes", "filter": { "label": "cake" }, "sort": "newest", "shared": true });
    let shared = owner.post("/api/v1/views", &all).await.expect(201);
    let listed = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|item| item["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(
        listed(agent.get("/api/v1/views").await.expect(200)),
        ["Cakes", "Mine, waiting"]
    );
    assert_eq!(
        listed(owner.get("/api/v1/views").await.expect(200)),
        ["Cakes"],
        "not another's own"
    );
    assert_eq!(
        listed(app.b.owner.get("/api/v1/views").await.expect(200)),
        [""; 0]
    );

    let path = format!("/api/v1/views/{}", made["id"].as_str().expect("an id"));
    let renamed = json!({ "name": "Waiting", "filter": {}, "sort": "waiting" });
    put(agent, &path, &renamed, Some("\"9\""))
        .await
        .expect_problem(412, "version_mismatch");
    assert_eq!(
        put(agent, &path, &renamed, Some("\"1\"")).await.expect(200)["version"],
        2
    );
    put(owner, &path, &renamed, None)
        .await
        .expect_problem(404, "not_found");
    let shared_path = format!("/api/v1/views/{}", shared["id"].as_str().expect("an id"));
    put(&app.b.owner, &shared_path, &all, None)
        .await
        .expect_problem(404, "not_found");
    put(agent, &shared_path, &renamed, None)
        .await
        .expect_problem(422, "invalid_field");

    let second = agent
        .post(
            "/api/v1/views",
            &json!({ "name": "B", "filter": {}, "sort": "unread" }),
        )
        .await
        .expect(201);
    let order = json!({ "ids": [second["id"], made["id"]] });
    let ordered = put(agent, "/api/v1/views/order", &order, None).await.expect(200);
    assert_eq!(listed(ordered), ["Cakes", "B", "Waiting"]);
    for ids in [
        json!([second["id"]]),
        json!([second["id"], second["id"]]),
        json!([second["id"], "x"]),
    ] {
        let refused = put(agent, "/api/v1/views/order", &json!({ "ids": ids }), None).await;
        refused.expect_problem(422, "invalid_field");
    }
    assert_eq!(agent.delete(&path).await.status, 204);
    agent.delete(&path).await.expect_problem(404, "not_found");
    app.b
        .owner
        .delete(&shared_path)
        .await
        .expect_problem(404, "not_found");

    for (body, field) in [
        (json!({ "name": " ", "filter": {}, "sort": "newest" }), "name"),
        (json!({ "name": "x", "filter": {}, "sort": "best" }), "sort"),
        (
            json!({ "name": "x", "filter": { "status": "asleep" }, "sort": "newest" }),
            "filter.status",
        ),
        (
            json!({ "name": "x", "filter": { "assignee": "?" }, "sort": "newest" }),
            "filter.assignee",
        ),
        (
            json!({ "name": "x", "filter": { "size": 1 }, "sort": "newest" }),
            "filter.size",
        ),
    ] {
        let problem = agent.post("/api/v1/views", &body).await.problem();
        assert_eq!(problem["field"], field, "{problem}");
    }
}

async fn until(client: &Client, id: &Value, state: &str) -> Value {
    let path = format!("/api/v1/bulk/{}", id.as_str().expect("an id"));
    let reached = async {
        loop {
            let job = client.get(&path).await.expect(200);
            if job["state"] == state {
                return job;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .expect("it ends")
}

#[actix_web::test]
async fn all_that_match_are_changed_and_changed_back() {
    let app = TestApp::start().await;
    let seeds = three(&app).await;
    seed(&app, &app.b, "21").await;
    change(
        &app,
        &seeds[0],
        json!({ "labels": ["old", "cake"], "status": "pending" }),
    )
    .await;
    let agent = &app.a.agent;
    let me = agent.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    let body = json!({ "filter": { "status": "open,pending" }, "change": {
        "status": "resolved", "assignee_id": me, "add_labels": ["cake"], "remove_labels": ["old"], "read": true,
    } });
    let job = agent.post("/api/v1/bulk", &body).await.expect(202);
    assert_eq!((&job["total"], &job["more"]), (&json!(3), &json!(false)));
    let done = until(agent, &job["id"], "done").await;
    assert_eq!(
        (&done["done"], &done["changed"], &done["failed"]),
        (&json!(3), &json!(3), &json!(0))
    );
    let mine = agent
        .get("/api/v1/conversations?assignee=me&status=resolved&label=cake")
        .await
        .expect(200);
    let mine = mine["items"].as_array().expect("items");
    assert_eq!(mine.len(), 3);
    assert!(
        mine.iter()
            .all(|it| it["unread"] == 0 && it["labels"] == json!(["cake"])),
        "{mine:?}"
    );
    let other = app
        .b
        .agent
        .get("/api/v1/conversations?status=open")
        .await
        .expect(200);
    assert_eq!(other["items"][0]["unread"], 1, "the other workspace is untouched");

    // What someone changed since is left alone.
    change(&app, &seeds[2], json!({ "priority": "high" })).await;
    let path = format!("/api/v1/bulk/{}", job["id"].as_str().expect("an id"));
    for stranger in [&app.a.owner, &app.b.agent] {
        stranger.get(&path).await.expect_problem(404, "not_found");
        stranger
            .post(&format!("{path}/undo"), &json!({}))
            .await
            .expect_problem(404, "not_found");
    }
    agent.post(&format!("{path}/undo"), &json!({})).await.expect(202);
    let undone = until(agent, &job["id"], "undone").await;
    assert_eq!((&undone["changed"], &undone["skipped"]), (&json!(1), &json!(1)));
    let first = agent
        .get(&format!("/api/v1/conversations/{}", seeds[0].conversation))
        .await
        .expect(200);
    assert_eq!(
        (
            &first["status"],
            &first["labels"],
            &first["assignee"],
            &first["unread"]
        ),
        (
            &json!("pending"),
            &json!(["cake", "old"]),
            &Value::Null,
            &json!(1)
        )
    );
    agent
        .post(&format!("{path}/undo"), &json!({}))
        .await
        .expect_problem(409, "not_undoable");
}

#[actix_web::test]
async fn what_cannot_be_done_to_many_is_refused_by_name() {
    let app = TestApp::start().await;
    let nobody = "00000000-0000-0000-0000-000000000001";
    for (change, field) in [
        (json!({}), "change"),
        (json!({ "status": "snoozed" }), "change.status"),
        (json!({ "read": false }), "change.read"),
        (json!({ "add_labels": [" "] }), "change.add_labels.0"),
        (json!({ "add_labels": vec!["x"; 30] }), "change.add_labels"),
        (json!({ "colour": "red" }), "change.colour"),
    ] {
        let body = json!({ "filter": {}, "change": change });
        let problem = app.a.agent.post("/api/v1/bulk", &body).await.problem();
        assert_eq!(problem["field"], field, "{problem}");
    }
    let owner_of_b = app.b.owner.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    for user in [owner_of_b, json!(nobody)] {
        let body = json!({ "filter": {}, "change": { "assignee_id": user } });
        let answer = app.a.agent.post("/api/v1/bulk", &body).await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    }
}

#[actix_web::test]
async fn a_draft_keeps_what_belongs_to_the_reply_for_its_writer_alone() {
    let app = TestApp::start().await;
    let seeds = three(&app).await;
    let path = format!("/api/v1/conversations/{}/draft", seeds[0].conversation);
    let extras = json!({"quote": "ms_1", "files": [{"mediaId": "md_1", "name": "a.pdf"}], "track": true});
    let body = json!({"reply": "", "note": "", "extras": extras});
    let kept = put(&app.a.owner, &path, &body, None).await.expect(200);
    assert_eq!(kept["extras"], extras, "kept without any words");
    assert_eq!(app.a.owner.get(&path).await.expect(200)["extras"], extras);
    assert_eq!(app.a.agent.get(&path).await.expect(200)["extras"], Value::Null);
    assert_eq!(app.b.owner.get(&path).await.status, 404);

    for (wrong, status) in [
        (json!({"extras": "text"}), 422),
        (json!({"extras": {"x": "y".repeat(33_000)}}), 422),
        (json!({"unknown": 1}), 422),
    ] {
        let answer = put(&app.a.owner, &path, &wrong, None).await;
        assert!(
            [status, 400].contains(&answer.status),
            "{} for {}",
            answer.status,
            &wrong.to_string()[..20]
        );
    }
    let cleared = put(&app.a.owner, &path, &json!({"reply": "", "extras": {}}), None).await;
    assert_eq!(cleared.expect(200)["extras"], Value::Null);
    assert_eq!(
        app.a.owner.get(&path).await.expect(200)["updated_at"],
        Value::Null
    );
}
