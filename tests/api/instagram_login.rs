//! Connecting an account by logging in, against the simulator: state, code, token, webhooks, renewal.

use std::time::Duration;

use frontdesk::sandbox::InstagramAccount;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::common::{Answer, Client, TestApp};

const ACCOUNT: &str = "17840000000000900";

fn account(id: &str) -> InstagramAccount {
    InstagramAccount {
        ig_id: id.into(),
        page_id: "104000000000900".into(),
        username: "kibandacrafts".into(),
        name: "Kibanda Crafts".into(),
        access_token: "page-token".into(),
        app_secret: "sandbox-instagram-app".into(),
        ..InstagramAccount::default()
    }
}

async fn start(app: &TestApp, login: &str, more: Value) -> Value {
    let simulator = app.app.simulators.instagram.config();
    let mut body = json!({"provider": "instagram", "app_id": simulator.client_id, "app_secret": simulator.client_secret,
        "settings": {"login": login, "api_base": app.app.simulators.instagram.base_url()}});
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    app.a
        .owner
        .post("/api/v1/channels/oauth/start", &body)
        .await
        .expect(201)
}

/// Opens the provider's page, whose account holder agrees, and gives what came back.
async fn agree(begun: &Value, more: &str) -> Url {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    let url = format!("{}{more}", begun["url"].as_str().expect("an address"));
    let answer = client
        .expect("a client")
        .get(url)
        .send()
        .await
        .expect("an answer");
    let back = answer.headers()["location"].to_str().expect("text");
    let back = Url::parse(back).expect("an address");
    assert!(
        back.as_str()
            .starts_with(begun["redirect_uri"].as_str().expect("an address")),
        "{back}"
    );
    back
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

async fn finish(client: &Client, back: &Url) -> Answer {
    let body = json!({"state": parameter(back, "state"), "code": parameter(back, "code")});
    client.post("/api/v1/channels/oauth/finish", &body).await
}

async fn patch(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PATCH, path).json(body)).await
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}

#[actix_web::test]
async fn a_login_connects_the_account_once_and_for_whoever_began_it() {
    let app = TestApp::start().await;
    app.app
        .simulators
        .instagram
        .add_account(account(ACCOUNT))
        .expect("new");
    let begun = start(&app, "instagram", json!({"name": "Kibanda"})).await;
    let back = agree(&begun, "").await;
    assert_eq!(
        parameter(&back, "state"),
        begun["state"].as_str().expect("a state")
    );
    for stranger in [&app.b.owner, &app.a.agent] {
        assert!([403, 422].contains(&finish(stranger, &back).await.status));
    }
    let connected = finish(&app.a.owner, &back).await.expect(200)["channel"].clone();
    assert_eq!(connected["settings"]["ig_id"], ACCOUNT);
    assert_eq!(connected["settings"]["username"], "kibandacrafts");
    assert!(
        connected["settings"]["token_expires_at"].is_string(),
        "{connected}"
    );
    assert_eq!(connected["secrets"]["access_token"]["set"], true);
    let again = finish(&app.a.owner, &back).await;
    assert_eq!(
        (again.status, again.json()["field"].clone()),
        (422, json!("state"))
    );
    let path = format!("/api/v1/channels/{}", connected["id"].as_str().expect("an id"));
    let test = app
        .a
        .owner
        .post(&format!("{path}/test"), &json!({}))
        .await
        .expect(200);
    assert_eq!(test["ok"], true, "{test}");
    assert_eq!(app.b.owner.get(&path).await.status, 404);
}

#[actix_web::test]
async fn what_goes_wrong_at_a_login_is_said() {
    let app = TestApp::start().await;
    app.app
        .simulators
        .instagram
        .add_account(account(ACCOUNT))
        .expect("new");
    let begun = start(&app, "instagram", json!({})).await;
    let back = agree(&begun, "&deny=1").await;
    let body = json!({"state": parameter(&back, "state"), "error": parameter(&back, "error")});
    let denied = app.a.owner.post("/api/v1/channels/oauth/finish", &body).await;
    assert_eq!(
        (denied.status, denied.json()["field"].clone()),
        (422, json!("error"))
    );
    let begun = start(&app, "instagram", json!({"app_secret": "wrong"})).await;
    let back = agree(&begun, "").await;
    let refused = finish(&app.a.owner, &back).await;
    assert_eq!(refused.status, 409, "{}", refused.json());
    assert!(
        refused.json()["detail"]
            .as_str()
            .expect("words")
            .contains("client secret")
    );
    let table = [
        (json!({"provider": "instagram"}), "app_id"),
        (
            json!({"provider": "twilio", "app_id": "1", "app_secret": "x"}),
            "provider",
        ),
        (
            json!({"provider": "instagram", "app_id": "1", "app_secret": "x", "settings": {"ig_id": "1"}}),
            "settings.ig_id",
        ),
    ];
    for (body, field) in table {
        let answer = app.a.owner.post("/api/v1/channels/oauth/start", &body).await;
        assert_eq!(
            (answer.status, answer.json()["field"].clone()),
            (422, json!(field)),
            "{body}"
        );
    }
    assert_eq!(
        app.a
            .agent
            .post("/api/v1/channels/oauth/start", &json!({"provider": "instagram"}))
            .await
            .status,
        403
    );
}

#[actix_web::test]
async fn facebook_login_finds_the_page_and_its_account() {
    let app = TestApp::start().await;
    app.app
        .simulators
        .instagram
        .add_account(account(ACCOUNT))
        .expect("new");
    let begun = start(&app, "facebook", json!({})).await;
    let back = agree(&begun, "").await;
    let channel = finish(&app.a.owner, &back).await.expect(200)["channel"].clone();
    assert_eq!(channel["name"], "Kibanda Crafts");
    let settings = &channel["settings"];
    assert_eq!(
        (&settings["ig_id"], &settings["page_id"]),
        (&json!(ACCOUNT), &json!("104000000000900"))
    );
    assert!(
        settings.get("token_expires_at").is_none(),
        "a Page's token does not end"
    );
    let path = format!("/api/v1/channels/{}/test", channel["id"].as_str().expect("an id"));
    let test = app.a.owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");
}

#[actix_web::test]
async fn a_token_is_renewed_in_time_and_a_person_asked_when_it_cannot_be() {
    let app = TestApp::start().await;
    app.app
        .simulators
        .instagram
        .add_account(account(ACCOUNT))
        .expect("new");
    let begun = start(&app, "instagram", json!({})).await;
    let back = agree(&begun, "").await;
    let channel = finish(&app.a.owner, &back).await.expect(200)["channel"].clone();
    let path = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
    // The provider renews only what is a day old.
    app.app
        .simulators
        .instagram
        .clock()
        .advance(Duration::from_secs(25 * 3600));
    let soon = jiff::Timestamp::now() + Duration::from_secs(3 * 24 * 3600);
    let body = json!({"settings": {"token_expires_at": soon.to_string()}});
    patch(&app.a.owner, &path, &body).await.expect(200);
    let ends = async || app.a.owner.get(&path).await.expect(200)["settings"]["token_expires_at"].clone();
    until(async || {
        let ends: jiff::Timestamp = ends().await.as_str().expect("a time").parse().expect("a time");
        ends > jiff::Timestamp::now() + Duration::from_secs(50 * 24 * 3600)
    })
    .await;
    let test = app
        .a
        .owner
        .post(&format!("{path}/test"), &json!({}))
        .await
        .expect(200);
    assert_eq!(test["ok"], true, "the new token works: {test}");

    // Another channel, whose token the provider no longer knows.
    let other = json!({"provider": "instagram", "name": "Old", "settings": {"ig_id": "17840000000000901",
        "api_base": app.app.simulators.instagram.base_url(), "token_expires_at": soon.to_string()},
        "secrets": {"access_token": "gone", "app_secret": "x", "verify_token": "verify me"}});
    let other = app.a.owner.post("/api/v1/channels", &other).await.expect(201);
    let alerts = async || app.a.owner.get("/api/v1/alerts").await.expect(200)["items"].clone();
    until(async || {
        alerts()
            .await
            .as_array()
            .expect("a list")
            .iter()
            .any(|alert| alert["kind"] == "token_expires")
    })
    .await;
    // Another account may not take the channel over.
    let more =
        json!({"channel_id": other["id"], "app_secret": app.app.simulators.instagram.config().client_secret});
    let begun = start(&app, "instagram", more).await;
    let back = agree(&begun, "").await;
    let refused = finish(&app.a.owner, &back).await;
    assert_eq!(
        (refused.status, refused.json()["field"].clone()),
        (422, json!("state"))
    );
    // The same account heals it.
    app.app
        .simulators
        .instagram
        .add_account(account("17840000000000901"))
        .expect("new");
    let more =
        json!({"channel_id": other["id"], "app_secret": app.app.simulators.instagram.config().client_secret});
    let begun = start(&app, "instagram", more).await;
    let back = agree(&begun, "&account=17840000000000901").await;
    let healed = finish(&app.a.owner, &back).await.expect(200)["channel"].clone();
    assert_eq!(healed["id"], other["id"]);
    assert_ne!(healed["settings"]["token_expires_at"], json!(soon.to_string()));
}
