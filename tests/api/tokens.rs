//! `/api/v1/tokens`

use serde_json::json;

use crate::common::TestApp;

#[actix_web::test]
async fn a_token_works_until_it_is_deleted_and_its_secret_is_shown_once() {
    let app = TestApp::start().await;
    let made = app
        .a
        .owner
        .post("/api/v1/tokens", &json!({ "name": "till" }))
        .await
        .expect(201);
    let secret = made["token"].as_str().expect("a secret");
    assert!(secret.starts_with("fd_"));
    let program = app.stranger.with_token(secret);
    assert_eq!(
        program.get("/api/v1/me").await.expect(200)["user"]["email"],
        app.a.owner_email
    );

    let list = app.a.owner.get("/api/v1/tokens").await.expect(200);
    assert_eq!(list["items"][0]["name"], "till");
    assert!(
        !list.to_string().contains(secret),
        "the secret is never shown again"
    );
    program
        .post("/api/v1/auth/logout", &json!({}))
        .await
        .expect_problem(409, "wrong_state");

    let path = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    app.a.owner.delete(&path).await.expect(204);
    program
        .get("/api/v1/me")
        .await
        .expect_problem(401, "unauthenticated");
}
