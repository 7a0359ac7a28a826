//! `/api/v1/users`

use serde_json::{Value, json};

use crate::common::{Client, PASSWORD, TestApp};

fn person(name: &str, role: &str) -> Value {
    json!({ "name": name, "email": format!("{name}@alpha.example"), "password": PASSWORD, "role": role })
}

fn path(user: &Value) -> String {
    format!("/api/v1/users/{}", user["id"].as_str().expect("an id"))
}

#[actix_web::test]
async fn removing_someone_ends_their_sessions_and_tokens() {
    let app = TestApp::start().await;
    let owner = app
        .a
        .owner
        .post("/api/v1/users", &person("second", "owner"))
        .await
        .expect(201);
    assert_eq!(owner["role"], "owner");
    let second = Client::log_in(&app.base, "second@alpha.example").await;
    let token = second
        .post("/api/v1/tokens", &json!({ "name": "till" }))
        .await
        .expect(201);
    let program = second.with_token(token["token"].as_str().expect("a token"));
    program.get("/api/v1/me").await.expect(200);

    app.a.owner.delete(&path(&owner)).await.expect(204);
    for gone in [&second, &program] {
        gone.get("/api/v1/me")
            .await
            .expect_problem(401, "unauthenticated");
    }
    let login = json!({ "email": "second@alpha.example", "password": PASSWORD });
    app.stranger
        .post("/api/v1/auth/login", &login)
        .await
        .expect_problem(401, "invalid_credentials");
    let tokens = app.a.owner.get("/api/v1/tokens").await.expect(200);
    assert_eq!(tokens["items"], json!([]));
    app.a
        .owner
        .delete(&path(&owner))
        .await
        .expect_problem(404, "not_found");
    // The address is free again.
    app.a
        .owner
        .post("/api/v1/users", &person("second", "agent"))
        .await
        .expect(201);
}

#[actix_web::test]
async fn there_is_always_an_owner_left() {
    let app = TestApp::start().await;
    let of = async |client: &Client| client.get("/api/v1/me").await.expect(200)["user"].clone();
    let a = of(&app.a.owner).await;
    app.a
        .owner
        .delete(&path(&a))
        .await
        .expect_problem(409, "operator");
    let b = of(&app.b.owner).await;
    app.b
        .owner
        .delete(&path(&b))
        .await
        .expect_problem(409, "last_owner");
    // Two owners who remove each other at the same moment: one stays.
    let body =
        json!({ "name": "Second", "email": "second@beta.example", "password": PASSWORD, "role": "owner" });
    let second = app.b.owner.post("/api/v1/users", &body).await.expect(201);
    let other = Client::log_in(&app.base, "second@beta.example").await;
    let (b_path, second_path) = (path(&b), path(&second));
    let (one, two) = futures_util::join!(app.b.owner.delete(&second_path), other.delete(&b_path));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [204, 401 | 409]), "{statuses:?}");
}

#[actix_web::test]
async fn one_person_an_address_over_all_workspaces() {
    let app = TestApp::start().await;
    let body =
        json!({ "name": "Copy", "email": "AGENT@beta.example", "password": PASSWORD, "role": "agent" });
    let document = app
        .a
        .owner
        .post("/api/v1/users", &body)
        .await
        .expect_problem(409, "already_exists");
    assert_eq!(document["field"], "email");
    let same = person("twin", "agent");
    let calls = (0..8).map(|_| app.a.owner.post("/api/v1/users", &same));
    let mut statuses: Vec<u16> = futures_util::future::join_all(calls)
        .await
        .iter()
        .map(|a| a.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[actix_web::test]
async fn people_who_cannot_be_are_named_by_field() {
    let app = TestApp::start().await;
    for (field, value, code) in [
        ("name", json!(" "), "invalid_field"),
        ("email", json!("no address"), "invalid_field"),
        ("email", json!("a@b\r\nBcc: c@d.example"), "invalid_field"),
        ("password", json!("short"), "invalid_field"),
        ("password", json!("x".repeat(300)), "invalid_field"),
        ("role", json!("emperor"), "invalid_field"),
        ("role", Value::Null, "invalid_field"),
        ("operator", json!(true), "unknown_field"),
    ] {
        let mut body = person("new", "agent");
        body[field] = value;
        let document = app
            .a
            .owner
            .post("/api/v1/users", &body)
            .await
            .expect_problem(422, code);
        assert_eq!(document["field"], field, "{document}");
    }
    let mut body = person("new", "agent");
    body.as_object_mut().expect("an object").remove("role");
    let document = app
        .a
        .owner
        .post("/api/v1/users", &body)
        .await
        .expect_problem(422, "missing_field");
    assert_eq!(document["field"], "role");
    assert_eq!(
        app.a.owner.get("/api/v1/users").await.expect(200)["items"]
            .as_array()
            .expect("items")
            .len(),
        2
    );
}
