//! Two workspaces with customers of their own: nothing of one is ever seen, or changed, by the other. The walks read the
//! OpenAPI document, so that later endpoints are tried as well.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::seed::{Seed, marker, seed};
use crate::common::{Answer, Client, TestApp};
use crate::hostile::bodies;
use crate::spec::{Endpoint, endpoints};

const A: &str = "1001";
const B: &str = "2002";

/// The address with the seed's own ids in it; `None` if the seed has none of that kind.
fn aimed(endpoint: &Endpoint, seed: &Seed) -> Option<String> {
    let kind = endpoint
        .path
        .trim_start_matches("/api/v1/")
        .split('/')
        .next()
        .unwrap_or_default();
    let id = match kind {
        "conversations" => &seed.conversation,
        "contacts" => &seed.contact,
        "messages" => &seed.message,
        "channels" => &seed.channel,
        _ => return None,
    };
    endpoint
        .path
        .contains("{id}")
        .then(|| endpoint.path.replace("{id}", id))
}

/// What is kept of one workspace: everything that can be read but figures of the whole house and
/// timings, which never stand still.
async fn kept(client: &Client, seed: &Seed) -> Vec<Value> {
    let moves = |path: &str| {
        path.starts_with("/api/v1/system") || ["/api/v1/events", "/api/v1/search"].contains(&path)
    };
    let mut all = everything(client, seed).await;
    all.retain(|read| !moves(read["path"].as_str().expect("a path")));
    all
}

/// Everything that can be read of one workspace.
async fn everything(client: &Client, seed: &Seed) -> Vec<Value> {
    let mut all = Vec::new();
    for endpoint in endpoints(client).await {
        if endpoint.method != Method::GET
            || endpoint.path.starts_with("/api/docs")
            || endpoint.path.ends_with("/live")
        {
            continue;
        }
        let path = match endpoint.path.contains('{') {
            true => aimed(&endpoint, seed),
            false => Some(endpoint.path.clone()),
        };
        let Some(path) = path else { continue };
        let answer = client.get(&path).await;
        // Some lists cannot be asked without a query.
        if answer.status == 200 && !path.ends_with("openapi.json") {
            // Tables for spreadsheets are texts.
            let is_json = answer.header("content-type").starts_with("application/json");
            let body = if is_json {
                answer.json()
            } else {
                answer.text.clone().into()
            };
            all.push(json!({ "path": path, "answer": body }));
        }
    }
    all
}

fn request(client: &Client, method: Method, path: &str) -> reqwest::RequestBuilder {
    client.request(method, path).header("idempotency-key", "walk")
}

#[actix_web::test]
async fn nothing_of_one_workspace_shows_in_the_other() {
    let app = TestApp::start().await;
    let (a, b) = (seed(&app, &app.a, A).await, seed(&app, &app.b, B).await);
    for (client, own, foreign, number, other) in [
        (&app.a.owner, &a, &b, A, B),
        (&app.a.agent, &a, &b, A, B),
        (&app.b.owner, &b, &a, B, A),
        (&app.b.agent, &b, &a, B, A),
    ] {
        let text = Value::from(everything(client, own).await).to_string();
        assert!(text.contains(&marker(number)), "the own customer is there");
        for hidden in [
            &marker(other),
            &foreign.conversation,
            &foreign.contact,
            &foreign.message,
            &foreign.channel,
        ] {
            assert!(!text.contains(hidden.as_str()), "{hidden} of the other workspace");
        }
    }
}

#[actix_web::test]
async fn nothing_of_one_workspace_can_be_reached_from_the_other() {
    let app = TestApp::start().await;
    let (a, _b) = (seed(&app, &app.a, A).await, seed(&app, &app.b, B).await);
    let before = kept(&app.a.owner, &a).await;
    let bodies = [
        json!({}),
        json!({ "type": "text", "text": { "body": "hello" } }),
        json!({ "body": "a note" }),
        json!({ "status": "closed" }),
        json!({ "name": "Renamed" }),
        json!({ "reply": "x", "note": "" }),
        json!({ "outcome": "sent" }),
    ];
    let mut tried = 0;
    for endpoint in endpoints(&app.stranger).await {
        let Some(path) = aimed(&endpoint, &a) else {
            continue;
        };
        for body in &bodies {
            let call = request(&app.b.owner, endpoint.method.clone(), &path);
            let call = if endpoint.takes_json() {
                call.json(body)
            } else {
                call
            };
            let answer = Answer::of(call).await;
            let refused = matches!(answer.status, 400 | 404 | 422);
            assert!(
                refused,
                "{} {path} {body}: {} {}",
                endpoint.method, answer.status, answer.text
            );
            assert!(!answer.text.contains(&marker(A)));
            tried += 1;
        }
    }
    assert!(tried > 50);
    let to_foreign =
        json!({ "channel_id": a.channel, "to": "+15550002222", "type": "text", "text": { "body": "x" } });
    let answer = Answer::of(request(&app.b.owner, Method::POST, "/api/v1/messages").json(&to_foreign)).await;
    assert!(
        matches!(answer.status, 404 | 422),
        "{} {}",
        answer.status,
        answer.text
    );
    assert_eq!(kept(&app.a.owner, &a).await, before, "nothing of A changed");
}

#[actix_web::test]
async fn hostile_bodies_change_nothing_that_exists() {
    let app = TestApp::start().await;
    let a = seed(&app, &app.a, A).await;
    let before = kept(&app.a.owner, &a).await;
    for endpoint in endpoints(&app.stranger).await {
        let Some(path) = aimed(&endpoint, &a).filter(|_| endpoint.takes_json()) else {
            continue;
        };
        for (what, body, _) in bodies() {
            let call = request(&app.a.owner, endpoint.method.clone(), &path);
            let answer = Answer::of(call.header("content-type", "application/json").body(body)).await;
            answer.problem();
            assert!(
                (400..500).contains(&answer.status),
                "{path} {what}: {}",
                answer.text
            );
        }
        for text in [
            "\u{0}",
            "\u{1b}[2J",
            &"x".repeat(100_000),
            &"\u{202e}".repeat(5_000),
        ] {
            let tricky = json!({ "type": text, "text": { "body": text }, "name": text, "status": text, "body": text,
                                 "zz": text });
            let answer =
                Answer::of(request(&app.a.owner, endpoint.method.clone(), &path).json(&tricky)).await;
            answer.problem();
            assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
        }
    }
    assert_eq!(kept(&app.a.owner, &a).await, before, "nothing was stored");
}
