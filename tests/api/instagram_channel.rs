//! An Instagram channel that was connected by hand: its subscription, and why nothing arrives, by both logins.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Client, Options, TestApp};
use frontdesk::sandbox::{InstagramAccount, InstagramConfig, InstagramFaults, InstagramSimulator};

const IG: &str = "17841400000000001";
const PAGE: &str = "1059380000000001";
const TOKEN: &str = "a-token-of-our-own";
const VERIFY: &str = "a-verify-token";

fn instagram() -> InstagramSimulator {
    let simulator = InstagramSimulator::start(InstagramConfig::default()).expect("a simulator");
    let account = InstagramAccount {
        ig_id: IG.into(),
        page_id: PAGE.into(),
        username: "kibandacrafts".into(),
        name: "Kibanda Crafts".into(),
        access_token: TOKEN.into(),
        app_secret: "sandbox-instagram-app".into(),
        verify_token: VERIFY.into(),
        webhook_url: None,
    };
    simulator.add_account(account).expect("an account");
    simulator
}

async fn connect(client: &Client, simulator: &InstagramSimulator, more: Value) -> Value {
    let mut settings = json!({"ig_id": IG, "api_base": simulator.base_url()});
    for (name, value) in more.as_object().expect("settings") {
        settings[name] = value.clone();
    }
    let body = json!({"provider": "instagram", "name": "Kibanda", "settings": settings,
        "secrets": {"access_token": TOKEN, "app_secret": "sandbox-instagram-app", "verify_token": VERIFY}});
    client.post("/api/v1/channels", &body).await.expect(201)
}

fn path(channel: &Value, rest: &str) -> String {
    format!(
        "/api/v1/channels/{}/{rest}",
        channel["id"].as_str().expect("an id")
    )
}

/// The findings by name, and whether all is well.
async fn examined(client: &Client, channel: &Value) -> (BTreeMap<String, (bool, String)>, bool) {
    let found = client
        .post(&path(channel, "doctor"), &json!({}))
        .await
        .expect(200);
    let checks = found["checks"].as_array().expect("a list").iter().map(|check| {
        assert!(
            check["detail_phrase"].is_object(),
            "not in the catalogue: {check}"
        );
        let text = |name: &str| check[name].as_str().expect("a text").to_owned();
        (text("name"), (check["ok"] == true, text("detail")))
    });
    (checks.collect(), found["ok"] == true)
}

#[actix_web::test]
async fn a_channel_that_was_connected_by_hand_is_subscribed_from_here() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = instagram();
    for more in [json!({}), json!({"login": "facebook", "page_id": PAGE})] {
        let channel = connect(owner, &simulator, more).await;
        let (subscription, subscribe) = (path(&channel, "subscription"), path(&channel, "subscribe"));
        let before = owner.get(&subscription).await.expect(200);
        assert_eq!(before, json!({"state": "nobody", "lacks": null}));
        app.a
            .agent
            .get(&subscription)
            .await
            .expect_problem(403, "forbidden");
        app.b
            .owner
            .get(&subscription)
            .await
            .expect_problem(404, "not_found");
        app.b
            .owner
            .post(&subscribe, &json!({}))
            .await
            .expect_problem(404, "not_found");
        assert_eq!(owner.post(&subscribe, &json!({})).await.status, 204);
        let fields = simulator.subscribed(IG).expect("an account");
        for wanted in [
            "messages",
            "messaging_postbacks",
            "messaging_seen",
            "message_edit",
            "comments",
        ] {
            assert!(fields.iter().any(|field| field == wanted), "{wanted}: {fields:?}");
        }
        assert_eq!(owner.get(&subscription).await.expect(200)["state"], "complete");
        // Its end at the provider comes with the end of the connection.
        assert_eq!(
            owner.post(&path(&channel, "disconnect"), &json!({})).await.status,
            204
        );
        assert_eq!(
            simulator.subscribed(IG).expect("an account"),
            Vec::<String>::new()
        );
    }
}

#[actix_web::test]
async fn what_instagram_refuses_is_told() {
    let app = TestApp::start().await;
    let simulator = instagram();
    let channel = connect(&app.a.owner, &simulator, json!({})).await;
    let faults = InstagramFaults {
        token_expired: true,
        ..InstagramFaults::default()
    };
    simulator.set_faults(IG, faults).expect("an account");
    let refused = app.a.owner.post(&path(&channel, "subscribe"), &json!({})).await;
    refused.expect_problem(409, "wrong_state");
    let (checks, is_well) = examined(&app.a.owner, &channel).await;
    assert!(!is_well && !checks["access_token"].0, "{checks:?}");
    assert!(
        !checks.contains_key("messages_right"),
        "nothing is asked that can only fail again"
    );
}

#[actix_web::test]
async fn the_doctor_looks_at_rights_end_subscription_and_callback_by_instagrams_own_login() {
    let app = TestApp::with(Options {
        is_public: true,
        ..Options::default()
    })
    .await;
    let owner = &app.a.owner;
    let simulator = instagram();
    let channel = connect(owner, &simulator, json!({})).await;
    let (checks, is_well) = examined(owner, &channel).await;
    assert!(!is_well);
    let ok = |name: &str| checks.get(name).map(|(ok, _)| *ok);
    for good in [
        "channel",
        "handshake",
        "access_token",
        "messages_right",
        "signatures",
        "worked_in",
    ] {
        assert_eq!(ok(good), Some(true), "{good}: {checks:?}");
    }
    for bad in ["address", "webhooks", "arrivals"] {
        assert_eq!(ok(bad), Some(false), "{bad}: {checks:?}");
    }
    assert!(checks["callback"].1.contains("/webhooks/instagram"));
    assert!(checks["token_end"].1.contains("60 days"));

    simulator
        .set_lacking(IG, &["instagram_business_manage_messages"])
        .expect("an account");
    owner.post(&path(&channel, "subscribe"), &json!({})).await;
    let ended = json!({"settings": {"ig_id": IG, "api_base": simulator.base_url(), "token_expires_at": "2026-01-01T00:00:00Z"}});
    let id = channel["id"].as_str().expect("an id");
    owner
        .patch(&format!("/api/v1/channels/{id}"), &ended)
        .await
        .expect(200);
    let (checks, _) = examined(owner, &channel).await;
    let (ok, detail) = &checks["messages_right"];
    assert!(
        !ok && detail.contains("instagram_business_manage_messages"),
        "{detail}"
    );
    assert!(checks["webhooks"].0, "{checks:?}");
    assert!(!checks["token_end"].0, "{checks:?}");
}

#[actix_web::test]
async fn the_doctor_asks_facebook_for_the_tokens_rights_and_the_apps_callback() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let simulator = instagram();
    let app_id = simulator.config().client_id.clone();
    let more = json!({"login": "facebook", "page_id": PAGE, "app_id": app_id});
    let channel = connect(owner, &simulator, more).await;
    let (checks, _) = examined(owner, &channel).await;
    assert!(checks["token_rights"].0 && checks["token_end"].0, "{checks:?}");
    assert!(!checks["callback"].0, "no webhook is set: {checks:?}");

    simulator
        .set_webhook_url(IG, Some("https://old.example/hook"))
        .expect("an account");
    simulator
        .set_lacking(IG, &["pages_manage_metadata"])
        .expect("an account");
    let (checks, _) = examined(owner, &channel).await;
    assert!(checks["callback"].1.contains("old.example") && !checks["callback"].0);
    assert!(checks["token_rights"].1.contains("pages_manage_metadata") && !checks["token_rights"].0);

    let here = channel["webhook_url"].as_str();
    simulator.set_webhook_url(IG, here).expect("an account");
    let (checks, _) = examined(owner, &channel).await;
    assert!(checks["callback"].0, "{checks:?}");
    let other = app.b.owner.request(Method::POST, &path(&channel, "doctor"));
    assert_eq!(other.send().await.expect("an answer").status(), 404);
}
