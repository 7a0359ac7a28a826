//! Bad input to every endpoint: a precise 4xx problem, never a 5xx, nothing stored.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Answer, TestApp};
use crate::spec::{Endpoint, endpoints};

/// Bodies that no endpoint takes, each with the codes that may answer it (besides "no such thing").
pub fn bodies() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    const JSON: &[&str] = &["invalid_json"];
    const FIELD: &[&str] = &["invalid_field", "missing_field", "unknown_field"];
    const EITHER: &[&str] = &["invalid_json", "invalid_field", "missing_field", "unknown_field"];
    vec![
        ("nothing", Vec::new(), JSON),
        ("broken", b"{\"name\":".to_vec(), EITHER),
        ("trailing", b"{} {}".to_vec(), EITHER),
        ("not UTF-8", b"{\"name\":\"\xff\xfe\"}".to_vec(), JSON),
        ("lone surrogate", br#"{"name":"\ud800"}"#.to_vec(), EITHER),
        ("raw control character", b"{\"name\":\"a\x01b\"}".to_vec(), EITHER),
        ("deep", [vec![b'['; 1_000], vec![b']'; 1_000]].concat(), JSON),
        ("deep objects", "{\"a\":".repeat(1_000).into_bytes(), JSON),
        ("unknown field", br#"{"zz_unknown":1}"#.to_vec(), FIELD),
        ("a list", b"[]".to_vec(), FIELD),
        ("a text", b"\"x\"".to_vec(), FIELD),
        ("a number", b"1e999".to_vec(), EITHER),
        ("null", b"null".to_vec(), FIELD),
        ("duplicate keys", br#"{"zz":1,"zz":2}"#.to_vec(), FIELD),
    ]
}

fn is_one_of(document: &Value, codes: &[&str]) -> bool {
    // An endpoint may look for the thing in its address first.
    codes.contains(&document["code"].as_str().unwrap_or_default()) || document["code"] == "not_found"
}

async fn call(app: &TestApp, endpoint: &Endpoint, content_type: &str, body: Vec<u8>) -> Answer {
    let path = endpoint.filled("x");
    app.a
        .owner
        .raw(endpoint.method.clone(), &path, content_type, body)
        .await
}

#[actix_web::test]
async fn bodies_that_make_no_sense_are_named() {
    let app = TestApp::start().await;
    let taking_json: Vec<Endpoint> = endpoints(&app.stranger)
        .await
        .into_iter()
        .filter(Endpoint::takes_json)
        .collect();
    assert!(taking_json.len() >= 7);
    for endpoint in &taking_json {
        for (what, body, codes) in bodies() {
            let answer = call(&app, endpoint, "application/json", body).await;
            let document = answer.problem();
            assert!(
                (400..500).contains(&answer.status),
                "{endpoint:?} {what}: {document}"
            );
            assert!(
                is_one_of(&document, codes),
                "{} {} {what}: {document}",
                endpoint.method,
                endpoint.path
            );
            if document["code"] == "unknown_field" {
                assert!(
                    document["field"].as_str().is_some_and(|field| !field.is_empty()),
                    "{document}"
                );
            }
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "junk",
        ] {
            let answer = call(&app, endpoint, content_type, b"{}".to_vec()).await;
            assert!(
                is_one_of(&answer.problem(), &["unsupported_media_type"]),
                "{answer:?}"
            );
        }
        let huge = [b"{\"name\":\"".to_vec(), vec![b'x'; 30 << 20], b"\"}".to_vec()].concat();
        let request = app
            .a
            .owner
            .request(endpoint.method.clone(), &endpoint.filled("x"));
        let request = request.header("content-type", "application/json").body(huge);
        // The server may close before it was all sent; if its answer arrives, it says why.
        if let Ok(response) = request.send().await {
            assert!(
                matches!(response.status().as_u16(), 413 | 404),
                "{endpoint:?}: {}",
                response.status()
            );
        }
    }
}

#[actix_web::test]
async fn queries_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    for endpoint in endpoints(&app.stranger).await {
        if endpoint.method != Method::GET || endpoint.path.starts_with("/api/docs") {
            continue;
        }
        let path = endpoint.filled("x");
        let mut queries = vec![
            ("zz_unknown=1", "invalid_query"),
            ("zz=%ff", "invalid_query"),
            ("%00=1", "invalid_query"),
        ];
        // The log's tail is no list of pages, and longer.
        if endpoint.has_parameter("limit") && !endpoint.path.ends_with("/logs") {
            for limit in [
                "limit=101",
                "limit=-1",
                "limit=x",
                "limit=99999999999999999999",
                "limit=1&limit=1",
                "limit=",
            ] {
                queries.push((limit, "invalid_query"));
            }
        }
        if endpoint.has_parameter("cursor") && !endpoint.path.ends_with("/events") {
            for cursor in [
                "cursor=",
                "cursor=x",
                "cursor=c1",
                "cursor=c100112233445566778899",
                "cursor=%F0%9F%98%80",
            ] {
                queries.push((cursor, "invalid_cursor"));
            }
        }
        for (query, code) in queries {
            let answer = app.a.owner.get(&format!("{path}?{query}")).await;
            let document = answer.problem();
            let known = is_one_of(&document, &[code]);
            assert!(
                known && (400..500).contains(&answer.status),
                "{path}?{query}: {document}"
            );
        }
    }
}

#[actix_web::test]
async fn a_cursor_of_one_list_fits_no_other() {
    let app = TestApp::start().await;
    let page = app.a.owner.get("/api/v1/users?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("a second page");
    let of = |list: &str| format!("/api/v1/{list}?cursor={cursor}");
    let second = app.a.owner.get(&of("users")).await.expect(200);
    assert_eq!(second["items"].as_array().expect("items").len(), 1);
    assert_eq!(second["next_cursor"], Value::Null);
    app.a
        .owner
        .get(&of("tokens"))
        .await
        .expect_problem(400, "invalid_cursor");
    app.b
        .owner
        .get(&of("users"))
        .await
        .expect_problem(400, "invalid_cursor");
}

#[actix_web::test]
async fn ids_that_are_none_name_nothing() {
    let app = TestApp::start().await;
    let ids = [
        "x",
        "us_",
        "%00",
        "%ff",
        "%F0%9F%98%80",
        "..%2f..%2fetc",
        "us_ZZ",
        "us_00000000000000000000000000000000",
    ];
    for endpoint in endpoints(&app.stranger).await {
        if !endpoint.path.contains('{') || endpoint.path.starts_with("/api/docs") || endpoint.takes_json() {
            continue;
        }
        for id in ids {
            let answer = Answer::of(app.a.owner.request(endpoint.method.clone(), &endpoint.filled(id))).await;
            let document = answer.problem();
            assert_eq!(answer.status, 404, "{} {id}: {document}", endpoint.path);
        }
    }
    let long = format!("/api/v1/users/{}", "x".repeat(60_000));
    let answer = app.a.owner.delete(&long).await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}

#[actix_web::test]
async fn headers_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let me = |name: &str, value: &[u8]| {
        let value = reqwest::header::HeaderValue::from_bytes(value).expect("a legal header");
        Answer::of(
            app.stranger
                .request(Method::GET, "/api/v1/me")
                .header(name, value),
        )
    };
    me("authorization", b"Basic dXNlcjpwYXNz")
        .await
        .expect_problem(401, "unauthenticated");
    me("authorization", b"Bearer \xff")
        .await
        .expect_problem(401, "unauthenticated");
    me("authorization", b"Bearer")
        .await
        .expect_problem(401, "unauthenticated");
    me("cookie", b"frontdesk_session=%ff; =; ;;")
        .await
        .expect_problem(401, "unauthenticated");
    me("x-large", &vec![b'x'; 40_000])
        .await
        .expect_problem(431, "headers_too_large");
    let traced = me(
        "traceparent",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    .await;
    assert_eq!(
        traced.problem()["trace_id"],
        "tr_4bf92f3577b34da6a3ce929d0e0e4736"
    );
}

#[actix_web::test]
async fn methods_and_addresses_that_are_not_there() {
    let app = TestApp::start().await;
    for endpoint in endpoints(&app.stranger).await {
        let answer = Answer::of(app.a.owner.request(Method::OPTIONS, &endpoint.filled("x"))).await;
        assert!(
            answer.header("allow").contains(endpoint.method.as_str()),
            "{endpoint:?}"
        );
        answer.expect_problem(405, "method_not_allowed");
    }
    for path in [
        "/api/v1/nothing",
        "/api/v2/me",
        "/api",
        "/api/v1/users/a/b",
        "/webhooks/none",
        "/api/v1/%2e%2e/me",
    ] {
        app.a.owner.get(path).await.expect_problem(404, "not_found");
    }
}
