//! Health, figures, documentation and the headers on everything.

use reqwest::Method;

use crate::common::{Answer, Options, TestApp};

#[actix_web::test]
async fn health_and_readiness_answer_strangers() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.stranger.get(path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn figures_are_for_this_machine_or_the_token() {
    let app = TestApp::with(Options {
        metrics_token: Some("figures please"),
        ..Options::default()
    })
    .await;
    let local = app.stranger.get("/metrics").await;
    assert_eq!(local.status, 200);
    assert!(local.text.contains("http_requests_total"), "{}", local.text);
    assert!(
        !local.text.contains("alpha.example"),
        "no personal data in labels"
    );
    let proxied = |token: Option<&str>| {
        let request = app
            .stranger
            .request(Method::GET, "/metrics")
            .header("x-forwarded-for", "9.9.9.9");
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    };
    proxied(None).await.expect_problem(403, "forbidden");
    proxied(Some("guess")).await.expect_problem(403, "forbidden");
    assert_eq!(proxied(Some("figures please")).await.status, 200);
}

#[actix_web::test]
async fn the_document_and_its_browser_are_served_from_here() {
    let app = TestApp::start().await;
    let document = app.stranger.get("/api/v1/openapi.json").await.expect(200);
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
    assert!(document["components"]["schemas"]["Problem"].is_object());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path} tells of problems"
            );
            assert!(
                operation["description"].is_string() || operation["summary"].is_string(),
                "{method} {path}"
            );
        }
    }
    let redirect = app.stranger.get("/api/docs").await;
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (308, "/api/docs/")
    );
    let page = app.stranger.get("/api/docs/").await;
    assert!(page.text.contains("swagger-ui"));
    assert!(
        !page.text.contains("<script>"),
        "no inline script, which the policy would stop"
    );
    let start = app.stranger.get("/api/docs/swagger-initializer.js").await;
    assert!(start.text.contains("/api/v1/openapi.json"));
    // It is held compressed; a client that takes no compression gets it plain.
    for takes in ["gzip", "identity"] {
        let client = reqwest::Client::builder().no_gzip().build().expect("a client");
        let script = client.get(format!("{}/api/docs/swagger-ui-bundle.js", app.base));
        let script = script
            .header("accept-encoding", takes)
            .send()
            .await
            .expect("an answer");
        assert_eq!(
            script.headers().get("content-encoding").is_some(),
            takes == "gzip"
        );
        let bytes = script.bytes().await.expect("the file");
        assert_eq!(bytes.starts_with(b"/*!"), takes == "identity", "{takes}");
    }
    app.stranger
        .get("/api/docs/nothing.js")
        .await
        .expect_problem(404, "not_found");
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/inbox",
        "/assets/none.js",
        "/api/v1/me",
        "/api/v1/none",
        "/api/docs/",
        "/healthz",
        "/metrics",
    ] {
        let answer = app.stranger.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(answer.header("x-trace-id").starts_with("tr_"), "{path}");
        assert!(
            answer.headers.get("strict-transport-security").is_none(),
            "not without https"
        );
        assert!(answer.headers.get("server").is_none());
    }
    assert_eq!(
        app.a.agent.get("/api/v1/me").await.header("cache-control"),
        "no-store"
    );
}

#[actix_web::test]
async fn answers_are_compressed_for_those_who_take_it() {
    let app = TestApp::start().await;
    // The tests' own client would unpack the answer and hide that it was packed.
    let client = reqwest::Client::builder().no_gzip().build().expect("a client");
    let request = client
        .get(format!("{}/api/v1/openapi.json", app.base))
        .header("accept-encoding", "br, gzip");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers().get("content-encoding").expect("set"), "gzip");
}

#[actix_web::test]
async fn what_a_slow_client_sends_does_not_hold_others() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start().await;
    let address = app.base.trim_start_matches("http://").to_owned();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut socket = tokio::net::TcpStream::connect(&address)
            .await
            .expect("a connection");
        socket
            .write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Le")
            .await
            .expect("sent");
        slow.push(socket);
    }
    app.a.agent.get("/api/v1/me").await.expect(200);
    // Junk instead of HTTP: a 4xx and the end of the connection.
    let mut junk = tokio::net::TcpStream::connect(&address)
        .await
        .expect("a connection");
    junk.write_all(b"\x00\x01\x02 junk\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    junk.read_to_string(&mut answer)
        .await
        .expect("an answer and the end");
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[actix_web::test]
async fn head_answers_like_get_without_the_body() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/api/v1/setup"] {
        let get = app.stranger.get(path).await;
        let head = Answer::of(app.stranger.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[actix_web::test]
async fn a_stopped_server_finishes_what_it_began_and_goes() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::start().await;
    let TestApp {
        base, stranger, app, ..
    } = app;
    let address = base.trim_start_matches("http://").to_owned();
    let mut socket = tokio::net::TcpStream::connect(&address)
        .await
        .expect("a connection");
    let body = r#"{"email":"nobody@x.example","password":"wrong password"}"#;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut continued = [0; 25];
    socket
        .read_exact(&mut continued)
        .await
        .expect("asked to go on: the call has begun");
    let stopped = actix_web::rt::spawn(app.stop());
    socket.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .await
        .expect("an answer and the end");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    stopped.await.expect("stopped");
    let refused = stranger.request(Method::GET, "/healthz").send().await;
    assert!(refused.is_err(), "nobody listens any more");
}
