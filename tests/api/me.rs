//! `/api/v1/me`

use serde_json::{Value, json};

use crate::common::{Client, PASSWORD, TestApp};

#[actix_web::test]
async fn me_is_who_calls_and_the_profile_can_be_changed() {
    let app = TestApp::start().await;
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    assert_eq!(me["user"]["theme"], "system");
    assert_eq!(me["user"]["density"], "comfortable");
    assert_eq!(me["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(me["demo"], false);
    assert_eq!(me["operator"], false);
    let change = json!({ "name": " أمينة ", "locale": "ar", "theme": "dark", "timezone": "Africa/Cairo" });
    let changed = app.a.agent.patch("/api/v1/me", &change).await.expect(200);
    assert_eq!(changed["name"], "أمينة");
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    assert_eq!(me["user"], changed);
    assert_eq!(me["user"]["density"], "comfortable");
    assert_eq!(
        app.a.agent.patch("/api/v1/me", &json!({})).await.expect(200),
        changed
    );
}

#[actix_web::test]
async fn values_that_no_profile_has_are_named() {
    let app = TestApp::start().await;
    let long = "x".repeat(101);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!(long)),
        ("name", json!("a\u{202e}b")),
        ("name", json!("a\u{0}b")),
        ("name", json!(5)),
        ("locale", json!("../x")),
        ("theme", json!("pink")),
        ("density", json!(["compact"])),
        ("timezone", json!("Mars/Base")),
    ] {
        let body = json!({ field: value });
        let document = app
            .a
            .agent
            .patch("/api/v1/me", &body)
            .await
            .expect_problem(422, "invalid_field");
        assert_eq!(document["field"], field, "{document}");
    }
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    assert_eq!(me["user"]["name"], "Agent of alpha", "nothing was stored");
}

#[actix_web::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let other = Client::log_in(&app.base, &app.a.agent_email).await;
    other.get("/api/v1/me").await.expect(200);
    let new = "another horse battery";
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let agent = &app.a.agent;
    let path = "/api/v1/me/password";
    let wrong = agent
        .post(path, &change("wrong password", new))
        .await
        .expect_problem(422, "invalid_field");
    assert_eq!(wrong["field"], "current");
    for weak in ["short", "password123", &app.a.agent_email] {
        let document = agent
            .post(path, &change(PASSWORD, weak))
            .await
            .expect_problem(422, "invalid_field");
        assert_eq!(document["field"], "new");
    }
    agent.post(path, &change(PASSWORD, new)).await.expect(204);
    agent.get("/api/v1/me").await.expect(200);
    other
        .get("/api/v1/me")
        .await
        .expect_problem(401, "unauthenticated");
    let login = |password: &str| json!({ "email": app.a.agent_email, "password": password });
    app.stranger
        .post("/api/v1/auth/login", &login(PASSWORD))
        .await
        .expect_problem(401, "invalid_credentials");
    app.stranger
        .post("/api/v1/auth/login", &login(new))
        .await
        .expect(200);
}

#[actix_web::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = TestApp::start().await;
    let other = Client::log_in(&app.base, &app.a.agent_email).await;
    let sessions = app.a.agent.get("/api/v1/me/sessions").await.expect(200);
    let items = sessions["items"].as_array().expect("items");
    assert_eq!(items.len(), 2);
    let current = |item: &&Value| item["current"] == true;
    assert_eq!(items.iter().filter(current).count(), 1);
    let theirs = items.iter().find(|item| !current(item)).expect("the other one");
    let path = format!("/api/v1/me/sessions/{}", theirs["id"].as_str().expect("an id"));
    // Someone else's session is none of the owner's business either.
    app.a.owner.delete(&path).await.expect_problem(404, "not_found");
    other.get("/api/v1/me").await.expect(200);
    app.a.agent.delete(&path).await.expect(204);
    other
        .get("/api/v1/me")
        .await
        .expect_problem(401, "unauthenticated");
    app.a.agent.delete(&path).await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn the_oldest_session_gives_way_to_the_fifty_first() {
    let app = TestApp::start().await;
    for _ in 0..50 {
        Client::log_in(&app.base, &app.a.agent_email).await;
    }
    app.a
        .agent
        .get("/api/v1/me")
        .await
        .expect_problem(401, "unauthenticated");
    let newest = Client::log_in(&app.base, &app.a.agent_email).await;
    let sessions = newest.get("/api/v1/me/sessions?limit=100").await.expect(200);
    assert_eq!(sessions["items"].as_array().expect("items").len(), 50);
    let first = newest.get("/api/v1/me/sessions?limit=30").await.expect(200);
    let cursor = first["next_cursor"].as_str().expect("more");
    let rest = newest
        .get(&format!("/api/v1/me/sessions?limit=30&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(rest["items"].as_array().expect("items").len(), 20);
    assert!(
        first["items"][29]["id"].as_str() > rest["items"][0]["id"].as_str(),
        "newest first"
    );
}

#[actix_web::test]
async fn an_open_session_cannot_guess_the_password() {
    let app = TestApp::start().await;
    let guess = json!({ "current": "wrong password", "new": "another horse battery" });
    for _ in 0..5 {
        let answer = app.a.agent.post("/api/v1/me/password", &guess).await;
        answer.expect_problem(422, "invalid_field");
    }
    let answer = app.a.agent.post("/api/v1/me/password", &guess).await;
    answer.expect_problem(429, "locked_out");
}
