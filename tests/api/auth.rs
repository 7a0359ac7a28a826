//! `/api/v1/auth`

use serde_json::json;

use crate::common::{Answer, Client, Options, PASSWORD, TestApp};

fn login(email: &str, password: &str) -> serde_json::Value {
    json!({ "email": email, "password": password })
}

#[actix_web::test]
async fn a_login_answers_who_and_where() {
    let app = TestApp::start().await;
    let body = login(" OWNER@Alpha.example ", PASSWORD);
    let answer = app.stranger.post("/api/v1/auth/login", &body).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = answer.cookie().expect("a cookie");
    let answer = answer.expect(200);
    assert_eq!(answer["user"]["email"], "owner@alpha.example");
    assert_eq!(answer["user"]["role"], "owner");
    assert_eq!(answer["user"]["timezone"], "Europe/Berlin");
    assert_eq!(answer["workspace"]["name"], "alpha");
    assert_eq!(
        format!("frontdesk_session={}", answer["token"].as_str().expect("a token")),
        cookie
    );
    assert!(!answer.to_string().contains("argon2"), "no hash leaves");
}

#[actix_web::test]
async fn wrong_passwords_and_unknown_people_look_the_same() {
    let app = TestApp::start().await;
    let wrong = app
        .stranger
        .post("/api/v1/auth/login", &login(&app.a.owner_email, "wrong password"))
        .await;
    let unknown = app
        .stranger
        .post("/api/v1/auth/login", &login("nobody@alpha.example", PASSWORD))
        .await;
    let (wrong, unknown) = (
        wrong.expect_problem(401, "invalid_credentials"),
        unknown.expect_problem(401, "invalid_credentials"),
    );
    assert_eq!(wrong["detail"], unknown["detail"]);
}

#[actix_web::test]
async fn five_failures_lock_the_address_known_or_not() {
    let app = TestApp::start().await;
    for email in [app.a.agent_email.as_str(), "nobody@nowhere.example"] {
        for _ in 0..5 {
            let answer = app
                .stranger
                .post("/api/v1/auth/login", &login(email, "wrong password"))
                .await;
            answer.expect_problem(401, "invalid_credentials");
        }
        let locked = app
            .stranger
            .post("/api/v1/auth/login", &login(email, PASSWORD))
            .await;
        let seconds: u64 = locked.header("retry-after").parse().expect("seconds");
        assert!((1..=61).contains(&seconds), "{seconds}");
        locked.expect_problem(429, "locked_out");
    }
    // Whoever is inside stays inside, and nobody else is locked.
    app.a.agent.get("/api/v1/me").await.expect(200);
    app.stranger
        .post("/api/v1/auth/login", &login(&app.a.owner_email, PASSWORD))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_good_login_forgets_the_failures_before_it() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        for _ in 0..4 {
            let answer = app
                .stranger
                .post("/api/v1/auth/login", &login(&app.a.agent_email, "wrong password"))
                .await;
            answer.expect_problem(401, "invalid_credentials");
        }
        app.stranger
            .post("/api/v1/auth/login", &login(&app.a.agent_email, PASSWORD))
            .await
            .expect(200);
    }
}

#[actix_web::test]
async fn guesses_at_the_same_moment_lock_too() {
    let app = TestApp::start().await;
    let guess = login(&app.a.agent_email, "wrong password");
    let guesses = (0..20).map(|_| app.stranger.post("/api/v1/auth/login", &guess));
    for answer in futures_util::future::join_all(guesses).await {
        assert!(
            matches!(answer.status, 401 | 429 | 503),
            "{} {}",
            answer.status,
            answer.text
        );
    }
    let right = login(&app.a.agent_email, PASSWORD);
    app.stranger
        .post("/api/v1/auth/login", &right)
        .await
        .expect_problem(429, "locked_out");
}

#[actix_web::test]
async fn one_client_address_cannot_try_for_ever() {
    let app = TestApp::start().await;
    let mut last = None;
    for n in 0..40 {
        let answer = app
            .stranger
            .post(
                "/api/v1/auth/login",
                &login(&format!("p{n}@x.example"), "wrong password"),
            )
            .await;
        last = Some(answer);
    }
    let last = last.expect("forty attempts");
    assert!(last.header("retry-after").parse::<u64>().is_ok());
    last.expect_problem(429, "rate_limited");
}

#[actix_web::test]
async fn logging_out_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let second = Client::log_in(&app.base, &app.a.agent_email).await;
    second.get("/api/v1/me").await.expect(200);
    let answer = second.post("/api/v1/auth/logout", &json!({})).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    answer.expect(204);
    second
        .get("/api/v1/me")
        .await
        .expect_problem(401, "unauthenticated");
    app.a.agent.get("/api/v1/me").await.expect(200);
}

#[actix_web::test]
async fn the_cookie_is_secure_behind_https() {
    let app = TestApp::with(Options {
        https: true,
        ..Options::default()
    })
    .await;
    let body = login(&app.a.owner_email, PASSWORD);
    let answer = Answer::of(
        app.stranger
            .request(reqwest::Method::POST, "/api/v1/auth/login")
            .json(&body),
    )
    .await;
    assert!(answer.header("set-cookie").contains("Secure"));
    assert!(answer.header("strict-transport-security").contains("max-age="));
}
