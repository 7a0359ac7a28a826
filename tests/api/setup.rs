//! `/api/v1/setup`

use serde_json::{Value, json};

use crate::common::{Client, Options, PASSWORD, TestApp, start_empty};

fn body(code: &str, email: &str) -> Value {
    json!({
        "code": code,
        "owner": { "name": "First", "email": email, "password": PASSWORD },
        "workspace": { "name": "Bakery", "timezone": "Europe/Lisbon", "locale": "pt" },
    })
}

#[actix_web::test]
async fn the_code_makes_the_first_owner_once() {
    let app = start_empty(Options::default()).await;
    let client = Client::stranger(&app.base);
    let code = app.app.setup_code.clone().expect("a code on an empty store");
    assert_eq!(
        client.get("/api/v1/setup").await.expect(200),
        json!({ "needed": true })
    );
    let path = "/api/v1/setup";
    let wrong = client
        .post(path, &body("AAAA-AAAA-AAAA-AAAA", "a@a.example"))
        .await;
    wrong.expect_problem(403, "invalid_setup_code");
    let weak = json!({ "code": code, "owner": { "name": "F", "email": "f@f.example", "password": "short" },
                       "workspace": { "name": "B" } });
    assert_eq!(
        client
            .post(path, &weak)
            .await
            .expect_problem(422, "invalid_field")["field"],
        "owner.password"
    );

    let answer = client
        .post(path, &body(&code.to_lowercase(), "first@a.example"))
        .await;
    assert!(answer.cookie().is_some());
    let made = answer.expect(201);
    assert_eq!(made["user"]["role"], "owner");
    assert_eq!(made["workspace"]["name"], "Bakery");
    let me = client
        .with_token(made["token"].as_str().expect("a token"))
        .get("/api/v1/me")
        .await
        .expect(200);
    assert_eq!(me["operator"], true);
    assert_eq!(client.get(path).await.expect(200), json!({ "needed": false }));
    client
        .post(path, &body(&code, "second@a.example"))
        .await
        .expect_problem(409, "already_set_up");
}

#[actix_web::test]
async fn of_two_at_the_same_moment_one_wins() {
    let app = start_empty(Options::default()).await;
    let client = Client::stranger(&app.base);
    let code = app.app.setup_code.clone().expect("a code on an empty store");
    let (one, two) = (body(&code, "one@a.example"), body(&code, "two@a.example"));
    let (one, two) = futures_util::join!(
        client.post("/api/v1/setup", &one),
        client.post("/api/v1/setup", &two)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[actix_web::test]
async fn a_server_with_people_needs_no_setup() {
    let app = TestApp::start().await;
    assert_eq!(
        app.stranger.get("/api/v1/setup").await.expect(200),
        json!({ "needed": false })
    );
    app.stranger
        .post("/api/v1/setup", &body("AAAA-AAAA-AAAA-AAAA", "x@a.example"))
        .await
        .expect_problem(409, "already_set_up");
}
