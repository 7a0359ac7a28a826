//! Snippets, and what people are told of.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

async fn put(client: &Client, path: &str, body: &Value, if_match: &str) -> Answer {
    Answer::of(
        client
            .request(Method::PUT, path)
            .json(body)
            .header("if-match", if_match),
    )
    .await
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["name"].as_str().expect("a name"))
        .collect()
}

#[actix_web::test]
async fn snippets_are_kept_found_changed_and_deleted() {
    let app = TestApp::start().await;
    let (owner, agent) = (&app.a.owner, &app.a.agent);
    let hello = json!({ "name": "Hello", "text": "Good day {{contact.first_name}}" });
    agent
        .post("/api/v1/snippets", &hello)
        .await
        .expect_problem(403, "forbidden");
    let made = owner.post("/api/v1/snippets", &hello).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.expect(201);
    let hours = json!({ "name": "Hours", "text": "We open at nine." });
    owner.post("/api/v1/snippets", &hours).await.expect(201);
    let same = json!({ "name": " hello ", "text": "x" });
    owner
        .post("/api/v1/snippets", &same)
        .await
        .expect_problem(409, "already_exists");

    assert_eq!(
        names(&agent.get("/api/v1/snippets").await.expect(200)),
        ["Hello", "Hours"]
    );
    assert_eq!(
        names(&agent.get("/api/v1/snippets?q=OPEN%20nine").await.expect(200)),
        ["Hours"]
    );
    let first = agent.get("/api/v1/snippets?limit=1").await.expect(200);
    let next = first["next_cursor"].as_str().expect("more");
    let second = agent
        .get(&format!("/api/v1/snippets?limit=1&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(
        (names(&second), &second["next_cursor"]),
        (vec!["Hours"], &Value::Null)
    );

    let path = format!("/api/v1/snippets/{}", made["id"].as_str().expect("an id"));
    let better = json!({ "name": "Hello", "text": "Hi {{contact.name}}" });
    put(owner, &path, &better, "\"7\"")
        .await
        .expect_problem(412, "version_mismatch");
    assert_eq!(
        put(owner, &path, &better, "\"1\"").await.expect(200)["version"],
        2
    );
    put(owner, &path, &json!({ "name": "HOURS", "text": "x" }), "*")
        .await
        .expect_problem(409, "already_exists");
    put(&app.b.owner, &path, &better, "*")
        .await
        .expect_problem(404, "not_found");
    app.b.owner.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(
        names(&app.b.owner.get("/api/v1/snippets").await.expect(200)),
        [""; 0]
    );
    assert_eq!(owner.delete(&path).await.status, 204);
    owner.delete(&path).await.expect_problem(404, "not_found");

    for (body, field) in [
        (json!({ "name": "", "text": "x" }), "name"),
        (json!({ "name": "a\nb", "text": "x" }), "name"),
        (json!({ "name": "a", "text": " " }), "text"),
        (json!({ "name": "a", "text": "x".repeat(4_097) }), "text"),
        (json!({ "name": "a", "text": "{{contact.age}}" }), "text"),
        (json!({ "name": "a", "text": "x", "size": 1 }), "size"),
    ] {
        let problem = owner.post("/api/v1/snippets", &body).await.problem();
        assert_eq!(problem["field"], field, "{problem}");
    }
}

#[actix_web::test]
async fn everyone_chooses_what_they_are_told_of() {
    let app = TestApp::start().await;
    let path = "/api/v1/me/notifications";
    let mut chosen = app.a.agent.get(path).await.expect(200);
    assert_eq!(
        (&chosen["mentions"], &chosen["sound"], &chosen["quiet"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    chosen.as_object_mut().expect("an object").remove("version");
    chosen["sound"] = json!(true);
    chosen["quiet"] = json!({ "from": "22:00", "to": "07:00", "timezone": "Africa/Nairobi" });
    put(&app.a.agent, path, &chosen, "\"3\"")
        .await
        .expect_problem(412, "version_mismatch");
    let kept = put(&app.a.agent, path, &chosen, "\"0\"").await.expect(200);
    assert_eq!(
        (&kept["quiet"]["from"], &kept["version"]),
        (&json!("22:00"), &json!(1))
    );
    assert_eq!(app.a.agent.get(path).await.expect(200)["sound"], true);
    for other in [&app.a.owner, &app.b.agent] {
        assert_eq!(
            other.get(path).await.expect(200)["version"],
            0,
            "each has their own"
        );
    }
    for (quiet, field) in [
        (
            json!({ "from": "24:00", "to": "07:00", "timezone": "UTC" }),
            "quiet.from",
        ),
        (
            json!({ "from": "9:00", "to": "07:00", "timezone": "UTC" }),
            "quiet.from",
        ),
        (
            json!({ "from": "09:00", "to": "09:00", "timezone": "UTC" }),
            "quiet.to",
        ),
        (
            json!({ "from": "09:00", "to": "10:00", "timezone": "Mars" }),
            "quiet.timezone",
        ),
    ] {
        chosen["quiet"] = quiet;
        let problem = put(&app.a.agent, path, &chosen, "*").await.problem();
        assert_eq!(problem["field"], field, "{problem}");
    }
}
