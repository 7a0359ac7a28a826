//! Who may call what: every endpoint as a stranger, with bad credentials, from another site; and one workspace against the other.

use reqwest::Method;
use serde_json::json;

use crate::common::{Answer, PASSWORD, TestApp};
use crate::spec::endpoints;

#[actix_web::test]
async fn strangers_get_401_everywhere_but_at_the_public_addresses() {
    let app = TestApp::start().await;
    let token = app.a.agent.token.clone().expect("a token");
    let mut public = Vec::new();
    for endpoint in endpoints(&app.stranger).await {
        if endpoint.is_public() {
            public.push(format!("{} {}", endpoint.method, endpoint.path));
            continue;
        }
        let path = endpoint.filled("x");
        let altered = format!("{}0", &token[..token.len() - 1]);
        let altered = if altered == token {
            format!("{}1", &token[..token.len() - 1])
        } else {
            altered
        };
        for bad in [
            None,
            Some("x"),
            Some(altered.as_str()),
            Some(&"f".repeat(9_000)),
            Some(""),
        ] {
            let mut client = app.stranger.clone();
            client.token = bad.map(str::to_owned);
            let answer = Answer::of(client.request(endpoint.method.clone(), &path)).await;
            let document = answer.expect_problem(401, "unauthenticated");
            assert!(!document.to_string().contains(&altered));
        }
    }
    public.sort();
    assert_eq!(
        public,
        [
            "GET /api/docs",
            "GET /api/docs/{file}",
            "GET /api/v1/openapi.json",
            "GET /api/v1/setup",
            "POST /api/v1/auth/login",
            "POST /api/v1/setup",
        ]
    );
}

#[actix_web::test]
async fn agents_are_refused_what_owners_may() {
    let app = TestApp::start().await;
    let person = json!({ "name": "N", "email": "n@alpha.example", "password": PASSWORD, "role": "agent" });
    let business =
        json!({ "name": "N", "owner": { "name": "N", "email": "n@n.example", "password": PASSWORD } });
    let agent = &app.a.agent;
    agent
        .post("/api/v1/users", &person)
        .await
        .expect_problem(403, "forbidden");
    agent
        .delete("/api/v1/users/us_00000000000000000000000000000000")
        .await
        .expect_problem(403, "forbidden");
    agent.get("/api/v1/tokens").await.expect_problem(403, "forbidden");
    agent
        .post("/api/v1/tokens", &json!({ "name": "t" }))
        .await
        .expect_problem(403, "forbidden");
    agent
        .delete("/api/v1/tokens/tk_00000000000000000000000000000000")
        .await
        .expect_problem(403, "forbidden");
    agent
        .post("/api/v1/workspaces", &business)
        .await
        .expect_problem(403, "forbidden");
    app.b
        .owner
        .post("/api/v1/workspaces", &business)
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn one_workspace_never_sees_the_other() {
    let app = TestApp::start().await;
    let (a, b) = (&app.a.owner, &app.b.owner);
    let users_of_b = b.get("/api/v1/users").await.expect(200);
    let token_of_b = b
        .post("/api/v1/tokens", &json!({ "name": "b" }))
        .await
        .expect(201);
    let sessions_of_b = b.get("/api/v1/me/sessions").await.expect(200);

    for path in [
        "/api/v1/users",
        "/api/v1/tokens",
        "/api/v1/me",
        "/api/v1/me/sessions",
    ] {
        let text = a.get(path).await.expect(200).to_string();
        assert!(
            !text.contains("beta") && !text.contains("Owner of b"),
            "{path}: {text}"
        );
    }
    for user in users_of_b["items"].as_array().expect("items") {
        let path = format!("/api/v1/users/{}", user["id"].as_str().expect("an id"));
        a.delete(&path).await.expect_problem(404, "not_found");
    }
    let token = format!("/api/v1/tokens/{}", token_of_b["id"].as_str().expect("an id"));
    a.delete(&token).await.expect_problem(404, "not_found");
    let session = sessions_of_b["items"][0]["id"].as_str().expect("an id");
    a.delete(&format!("/api/v1/me/sessions/{session}"))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(b.get("/api/v1/users").await.expect(200), users_of_b);
}

#[actix_web::test]
async fn cookies_need_the_guard_header_to_write_and_stay_on_their_site() {
    let app = TestApp::start().await;
    let body = json!({ "email": app.a.agent_email, "password": PASSWORD });
    let login = app.stranger.post("/api/v1/auth/login", &body).await;
    let line = login.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(line.contains(part), "{line}");
    }
    let cookie = login.cookie().expect("a cookie");
    let request = |method, path| app.stranger.request(method, path).header("cookie", &cookie);

    Answer::of(request(Method::GET, "/api/v1/me")).await.expect(200);
    let change = json!({ "theme": "dark" });
    let without = request(Method::PATCH, "/api/v1/me").json(&change);
    Answer::of(without).await.expect_problem(403, "csrf_required");
    let with = request(Method::PATCH, "/api/v1/me")
        .header("x-frontdesk", "1")
        .json(&change);
    assert_eq!(Answer::of(with).await.expect(200)["theme"], "dark");
    let afar = request(Method::GET, "/api/v1/me").header("sec-fetch-site", "cross-site");
    Answer::of(afar).await.expect_problem(403, "forbidden");
    let socket = request(Method::GET, "/api/v1/me")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("origin", "https://evil.example");
    Answer::of(socket).await.expect_problem(403, "forbidden");
}
