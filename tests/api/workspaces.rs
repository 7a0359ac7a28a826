//! `/api/v1/workspaces`

use serde_json::json;

use crate::common::{Client, PASSWORD, TestApp};

#[actix_web::test]
async fn the_operator_adds_a_business_with_its_owner() {
    let app = TestApp::start().await;
    let owner = json!({ "name": "Gamma", "email": "owner@gamma.example", "password": PASSWORD });
    let body = json!({ "name": "gamma", "locale": "sw", "timezone": "Africa/Nairobi", "owner": owner });
    let made = app.a.owner.post("/api/v1/workspaces", &body).await.expect(201);
    assert_eq!(made["timezone"], "Africa/Nairobi");
    let gamma = Client::log_in(&app.base, "owner@gamma.example").await;
    let users = gamma.get("/api/v1/users").await.expect(200);
    assert_eq!(users["items"].as_array().expect("items").len(), 1);
    assert_eq!(users["items"][0]["locale"], "sw");
    let again = app
        .a
        .owner
        .post("/api/v1/workspaces", &body)
        .await
        .expect_problem(409, "already_exists");
    assert_eq!(again["field"], "owner.email");
    let bad = json!({ "name": "x", "owner": { "name": "x", "email": "x@x.example", "password": "short" } });
    let document = app
        .a
        .owner
        .post("/api/v1/workspaces", &bad)
        .await
        .expect_problem(422, "invalid_field");
    assert_eq!(document["field"], "owner.password");
}
