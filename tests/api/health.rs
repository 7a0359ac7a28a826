//! What a provider says of accounts and numbers: kept, shown, obeyed; and everything about a channel that an owner manages.

use frontdesk::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::webhook::{add_channel, entry, post, wait_for};
use crate::common::{Answer, Client, TestApp};

/// News about the account of a number.
fn news(number: &str, field: &str, value: Value) -> Value {
    json!({"id": format!("9{number}"), "time": 1_792_400_300, "changes": [{"field": field, "value": value}]})
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

fn at(channel: &Value, rest: &str) -> String {
    format!(
        "/api/v1/channels/{}{rest}",
        channel["id"].as_str().expect("an id")
    )
}

/// A template to somebody new.
async fn template(client: &Client, channel: &Value, to: &str, key: &str) -> Answer {
    let body = json!({"channel_id": channel["id"], "to": to, "type": "template",
        "template": {"name": "hello", "language": "en"}});
    let request = client
        .request(Method::POST, "/api/v1/messages")
        .header("idempotency-key", key);
    Answer::of(request.json(&body)).await
}

#[actix_web::test]
async fn notices_change_the_health_that_policy_obeys_and_only_of_their_own_channels() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let other = add_channel(&app.b.owner, "whatsapp_cloud", "8002", "s2").await;
    let place = at(&channel, "/health");
    let fresh = owner.get(&place).await.expect(200);
    assert_eq!(
        (&fresh["quality"], &fresh["limit"], &fresh["rate_per_s"]),
        (&json!("unknown"), &json!(null), &json!(80))
    );
    let restricted = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
        {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 4_000_000_000_i64}]});
    let said = [
        news(
            "8001",
            "phone_number_quality_update",
            json!({"display_phone_number": "15550001111", "event": "FLAGGED",
            "current_limit": "TIER_250"}),
        ),
        news(
            "8001",
            "phone_number_quality_update",
            json!({"display_phone_number": "15550001111",
            "event": "THROUGHPUT_UPGRADE"}),
        ),
        news("8001", "account_update", restricted),
    ];
    post(&app, "s1", &said).await;
    let health = wait_for(&app.a.agent, &place, |it| it["restrictions"] != json!([])).await;
    assert_eq!(
        (&health["quality"], &health["limit"], &health["rate_per_s"]),
        (&json!("red"), &json!(250), &json!(1000))
    );
    assert_eq!(health["marketing_stops_at"], 225);
    assert!(health["last_webhook_at"].is_string() && health["updated_at"].is_string());
    let refused = template(owner, &channel, "+254711000001", "one")
        .await
        .expect_problem(409, "account_restricted");
    assert!(
        refused["alternatives"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    let notices = owner.get("/api/v1/notices").await.expect(200);
    let texts = notices["items"].to_string();
    assert!(
        texts.contains("Marketing waits.") && texts.contains("Meta restricted the account"),
        "{texts}"
    );
    let alerts = wait_for(owner, "/api/v1/alerts", |list| {
        list.to_string().contains("channel_restricted")
    })
    .await;
    assert!(alerts.to_string().contains("channel_quality"));
    let lifted = news(
        "8001",
        "account_update",
        json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": []}),
    );
    post(&app, "s1", &[lifted]).await;
    wait_for(owner, &place, |it| it["restrictions"] == json!([])).await;
    template(owner, &channel, "+254711000001", "two")
        .await
        .expect(202);
    let mine = owner.get(&place).await.expect(200);
    assert_eq!(mine["used"], 1);
    // The other workspace's channel is as it was, and cannot look.
    let theirs = app.b.owner.get(&at(&other, "/health")).await.expect(200);
    assert_eq!(
        (&theirs["quality"], &theirs["used"]),
        (&json!("unknown"), &json!(0))
    );
    app.b.owner.get(&place).await.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_disabled_account_stops_the_channel_and_a_reinstated_one_resumes_it() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let place = at(&channel, "");
    let ban = |state: &str| {
        let value = json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": "today"}});
        news("8001", "account_update", value)
    };
    post(&app, "s1", &[ban("SCHEDULE_FOR_DISABLE")]).await;
    let health = wait_for(owner, &at(&channel, "/health"), |it| it["warning"].is_string()).await;
    assert!(
        health["warning"]
            .as_str()
            .is_some_and(|text| text.contains("Appeal"))
    );
    assert_eq!(owner.get(&place).await.expect(200)["status"], "active");
    post(&app, "s1", &[ban("DISABLE")]).await;
    let stopped = wait_for(owner, &place, |it| it["status"] == "blocked").await;
    assert!(
        stopped["status_reason"]
            .as_str()
            .is_some_and(|why| why.contains("disabled"))
    );
    post(&app, "s1", &[ban("REINSTATE")]).await;
    wait_for(owner, &place, |it| it["status"] == "active").await;
}

#[actix_web::test]
async fn the_limit_counts_people_once_and_refuses_beyond_it() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let limit = |people: i64| {
        news(
            "8001",
            "business_capability_update",
            json!({"max_daily_conversations_per_business": people}),
        )
    };
    post(&app, "s1", &[limit(2)]).await;
    let place = at(&channel, "/health");
    wait_for(owner, &place, |it| it["limit"] == 2).await;
    for (to, key) in [
        ("+254711000001", "a"),
        ("+254711000001", "b"),
        ("+254711000002", "c"),
    ] {
        template(owner, &channel, to, key).await.expect(202);
    }
    assert_eq!(owner.get(&place).await.expect(200)["used"], 2);
    template(owner, &channel, "+254711000003", "d")
        .await
        .expect_problem(409, "limit_reached");
    template(owner, &channel, "+254711000002", "e").await.expect(202);
    // Somebody who wrote is answered all the same.
    post(&app, "s1", &[entry("8001", "wamid.1", "good morning")]).await;
    let list = wait_for(owner, "/api/v1/conversations", |list| {
        list.to_string().contains("good morning")
    })
    .await;
    let items = list["items"].as_array().expect("a list");
    let wrote = items
        .iter()
        .find(|it| it["last_message"]["direction"] == "inbound")
        .expect("the one who wrote");
    let path = format!(
        "/api/v1/conversations/{}/messages",
        wrote["id"].as_str().expect("an id")
    );
    let answer = json!({"type": "template", "template": {"name": "hello", "language": "en"}});
    owner.post(&path, &answer).await.expect(202);
    post(&app, "s1", &[limit(-1)]).await;
    wait_for(owner, &place, |it| it["unlimited"] == true).await;
    template(owner, &channel, "+254711000003", "f").await.expect(202);
}

#[actix_web::test]
async fn numbers_of_one_portfolio_share_their_limit() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let town = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let coast = add_channel(owner, "whatsapp_cloud", "8002", "s2").await;
    let alone = add_channel(owner, "whatsapp_cloud", "8003", "s3").await;
    let strangers = add_channel(&app.b.owner, "whatsapp_cloud", "8004", "s4").await;
    let belongs = json!({"settings": {"business_id": "410500600700801"}});
    for (client, channel) in [(owner, &town), (owner, &coast), (&app.b.owner, &strangers)] {
        client.patch(&at(channel, ""), &belongs).await.expect(200);
    }
    let told = news(
        "8001",
        "business_capability_update",
        json!({"max_daily_conversations_per_business": 2}),
    );
    post(&app, "s1", &[told]).await;
    // The other number was told nothing itself.
    let shared = wait_for(owner, &at(&coast, "/health"), |it| it["limit"] == 2).await;
    assert_eq!(shared["shared_with"], json!([town["name"]]));
    // A customer of both numbers counts once.
    template(owner, &town, "+254711000001", "a").await.expect(202);
    template(owner, &coast, "+254711000001", "b").await.expect(202);
    template(owner, &coast, "+254711000002", "c").await.expect(202);
    for channel in [&town, &coast] {
        assert_eq!(owner.get(&at(channel, "/health")).await.expect(200)["used"], 2);
        template(owner, channel, "+254711000003", "d")
            .await
            .expect_problem(409, "limit_reached");
    }
    // Neither a number outside the portfolio nor another workspace takes part.
    for (client, channel) in [(owner, &alone), (&app.b.owner, &strangers)] {
        let health = client.get(&at(channel, "/health")).await.expect(200);
        let told = (&health["limit"], &health["used"], &health["shared_with"]);
        assert_eq!(told, (&Value::Null, &json!(0), &json!([])));
        template(client, channel, "+254711000003", "e").await.expect(202);
    }
    // Who leaves counts alone again, and takes its own customers along.
    let leaves = json!({"settings": {"business_id": null}});
    owner.patch(&at(&coast, ""), &leaves).await.expect(200);
    assert_eq!(owner.get(&at(&town, "/health")).await.expect(200)["used"], 1);
    assert_eq!(owner.get(&at(&coast, "/health")).await.expect(200)["used"], 2);
}

/// A signature made with `secret`.
async fn signed(app: &TestApp, secret: &str, id: &str) -> u16 {
    use hmac::{Hmac, KeyInit, Mac};
    let body = json!({"object": "whatsapp_business_account", "entry": [entry("8001", id, id)]}).to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let request = app.stranger.request(Method::POST, "/webhooks/whatsapp");
    Answer::of(
        request
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(body),
    )
    .await
    .status
}

#[actix_web::test]
async fn a_replaced_secret_is_accepted_for_a_while_and_can_be_ended() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "old-secret").await;
    let place = at(&channel, "");
    let change = json!({"secrets": {"app_secret": "new-secret", "verify_token": "new-verify"}});
    let changed = owner.patch(&place, &change).await;
    assert!(
        !changed.text.contains("old-secret") && !changed.text.contains("previous"),
        "{}",
        changed.text
    );
    changed.expect(200);
    let shake = async |token: &str| {
        let path = format!("/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
        app.stranger.get(&path).await.status
    };
    assert_eq!(
        (
            signed(&app, "old-secret", "a").await,
            signed(&app, "new-secret", "b").await
        ),
        (200, 200)
    );
    assert_eq!((shake("verify").await, shake("new-verify").await), (200, 200));
    let health = owner.get(&at(&channel, "/health")).await.expect(200);
    let names: Vec<_> = health["previous_secrets"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["app_secret", "verify_token"]);
    let both = |list: &Value| {
        list["items"]
            .as_array()
            .is_some_and(|all| all.len() == 1 && list.to_string().contains("\"b\""))
    };
    wait_for(owner, "/api/v1/conversations", both).await;
    app.b
        .owner
        .delete(&at(&channel, "/previous-secrets"))
        .await
        .expect_problem(404, "not_found");
    owner.delete(&at(&channel, "/previous-secrets")).await.expect(200);
    assert_eq!(
        (
            signed(&app, "old-secret", "c").await,
            signed(&app, "new-secret", "d").await
        ),
        (401, 200)
    );
    assert_eq!((shake("verify").await, shake("new-verify").await), (403, 200));
    // Nothing is kept if nothing shall be.
    let at_once = json!({"secrets": {"app_secret": "third"}, "keep_previous_days": 0});
    owner.patch(&place, &at_once).await.expect(200);
    assert_eq!(
        (
            signed(&app, "new-secret", "e").await,
            signed(&app, "third", "f").await
        ),
        (401, 200)
    );
    let own_name = json!({"secrets": {"app_secret.previous": "1:x"}});
    assert_eq!(
        owner.patch(&place, &own_name).await.problem()["field"],
        "secrets.app_secret.previous"
    );
}

#[actix_web::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let place = at(&channel, "/doctor");
    app.a
        .agent
        .post(&place, &json!({}))
        .await
        .expect_problem(403, "forbidden");
    app.b
        .owner
        .post(&place, &json!({}))
        .await
        .expect_problem(404, "not_found");
    let found = owner.post(&place, &json!({})).await.expect(200);
    assert_eq!(found["ok"], false);
    let checks = found["checks"].as_array().expect("checks");
    let of = |name: &str| {
        checks
            .iter()
            .find(|it| it["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {checks:?}"))
    };
    assert_eq!(of("channel")["ok"], true);
    // The tests' public address is http and known to nobody; nobody listens at the provider's.
    for name in ["address", "handshake", "access_token", "arrivals"] {
        let check = of(name);
        assert_eq!(check["ok"], false, "{check}");
        assert!(
            check["detail"].as_str().is_some_and(|text| text.len() > 20),
            "{check}"
        );
    }
    assert!(!found.to_string().contains("verify\"") && !found.to_string().contains("token-8001"));
}

#[actix_web::test]
async fn a_sandbox_channel_is_examined_managed_and_refreshed() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = owner
        .post("/api/v1/channels", &json!({"provider": "sandbox", "name": "Try"}))
        .await
        .expect(201);
    let place = at(&channel, "/profile");
    let plays = async {
        while owner.get(&place).await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), plays)
        .await
        .expect("the simulator plays the number");
    let profile = json!({"about": "Cakes", "address": "Biashara Street", "description": "We bake.",
        "email": "hi@cakes.example", "websites": ["https://cakes.example"], "vertical": "RETAIL"});
    let kept = put(owner, &place, &profile).await.expect(200);
    assert_eq!(
        (&kept["about"], &kept["websites"]),
        (&json!("Cakes"), &json!(["https://cakes.example"]))
    );
    for (field, value) in [
        ("about", json!("x".repeat(140))),
        ("websites", json!(["cakes"])),
        ("vertical", json!("CAKES")),
    ] {
        let mut wrong = profile.clone();
        wrong[field] = value;
        assert_eq!(put(owner, &place, &wrong).await.problem()["field"], field);
    }
    app.b.owner.get(&place).await.expect_problem(404, "not_found");
    owner.post(&at(&channel, "/subscribe"), &json!({})).await;
    let refreshed = owner
        .post(&at(&channel, "/health/refresh"), &json!({}))
        .await
        .expect(200);
    assert_eq!(refreshed["quality"], "green", "{refreshed}");
    assert!(
        refreshed["limit"].is_number() || refreshed["unlimited"] == true,
        "{refreshed}"
    );
    let found = owner.post(&at(&channel, "/doctor"), &json!({})).await.expect(200);
    let checks = found["checks"].as_array().expect("checks");
    let failed: Vec<_> = checks
        .iter()
        .filter(|it| it["ok"] == false)
        .map(|it| &it["name"])
        .collect();
    assert_eq!(failed, ["arrivals"], "{found}");
    let nobody = json!({"to": "+254711000009", "text": "Does it work?"});
    owner
        .post(&at(&channel, "/test-message"), &nobody)
        .await
        .expect_problem(409, "window_closed");
    assert_eq!(
        owner.post(&at(&channel, "/disconnect"), &json!({})).await.status,
        204
    );
    owner
        .get(&at(&channel, ""))
        .await
        .expect_problem(404, "not_found");
}

/// A status of our message, with its price.
fn status(number: &str, id: &str, to: &str, state: &str, category: &str, kind: &str) -> Value {
    let now = Clock::System.now().0 / 1_000_000;
    json!({"id": format!("9{number}"), "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": number},
        "statuses": [{"id": format!("wamid.{id}"), "status": state, "timestamp": now.to_string(), "recipient_id": to,
            "biz_opaque_callback_data": id,
            "pricing": {"billable": kind == "regular", "pricing_model": "PMP", "category": category, "type": kind}}],
    }}]})
}

#[actix_web::test]
async fn each_message_is_counted_once_priced_by_the_owner_and_stopped_by_the_budget() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let prices = json!({"currency": "KES", "budget": "2.50", "warn_percent": 50, "hard_stop": true, "rates": [
        {"category": "marketing", "country": "KE", "from": "2020-01-01", "price": "1.25"},
        {"category": "utility", "country": null, "from": "2020-01-01", "price": "0.5"}]});
    app.a.agent.get("/api/v1/settings/prices").await.expect(200);
    put(&app.a.agent, "/api/v1/settings/prices", &prices)
        .await
        .expect_problem(403, "forbidden");
    let kept = put(owner, "/api/v1/settings/prices", &prices).await.expect(200);
    assert_eq!(
        (&kept["budget"], &kept["rates"][1]["price"]),
        (&json!("2.50"), &json!("0.50"))
    );
    for (field, wrong) in [
        ("rates.price", json!("1,5")),
        ("rates.from", json!("soon")),
        ("rates.country", json!("Kenya")),
    ] {
        let mut body = prices.clone();
        body["rates"][0][field.trim_start_matches("rates.")] = wrong;
        assert_eq!(
            put(owner, "/api/v1/settings/prices", &body).await.problem()["field"],
            field
        );
    }
    let mut ids = Vec::new();
    for n in 1..=2 {
        let message = template(owner, &channel, &format!("+25471100000{n}"), &format!("k{n}"))
            .await
            .expect(202);
        ids.push(message["id"].as_str().expect("an id").to_owned());
    }
    let told = [
        status(
            "8001",
            &ids[0],
            "254711000001",
            "sent",
            "utility",
            "free_customer_service",
        ),
        status(
            "8001",
            &ids[0],
            "254711000001",
            "delivered",
            "marketing",
            "regular",
        ),
        status(
            "8001",
            &ids[0],
            "254711000001",
            "delivered",
            "marketing",
            "regular",
        ),
        status("8001", &ids[1], "254711000002", "sent", "marketing", "regular"),
    ];
    post(&app, "s1", &told).await;
    post(&app, "s1", &told[1..2]).await;
    let usage = wait_for(owner, "/api/v1/usage", |it| it["cost"] == "2.50").await;
    assert_eq!(
        (&usage["messages"], &usage["currency"], &usage["unpriced"]),
        (&json!(2), &json!("KES"), &json!(0))
    );
    assert_eq!(usage["by_country"][0]["key"], "KE");
    assert_eq!(
        usage["rows"].as_array().map(Vec::len),
        Some(1),
        "the free one moved to what it is charged as: {usage}"
    );
    let csv = owner.get("/api/v1/usage.csv").await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(
        csv.text.lines().count() == 2 && csv.text.contains(",marketing,KE,regular,2,2.50,\"KES\""),
        "{}",
        csv.text
    );
    let nothing = app.b.owner.get("/api/v1/usage").await.expect(200);
    assert_eq!(nothing["messages"], 0);
    let month = wait_for(owner, "/api/v1/usage/month", |it| it["percent"] == 100).await;
    assert_eq!(
        (&month["spent"], &month["budget"]),
        (&json!("2.50"), &json!("2.50"))
    );
    template(owner, &channel, "+254711000003", "k3")
        .await
        .expect_problem(409, "budget_used_up");
    wait_for(owner, "/api/v1/alerts", |list| {
        list.to_string().contains("\"budget\"")
    })
    .await;
    for wrong in [
        "?from=x",
        "?from=2026-01-01&to=2025-01-01",
        "?from=2020-01-01&to=2026-01-01",
    ] {
        owner
            .get(&format!("/api/v1/usage{wrong}"))
            .await
            .expect_problem(400, "invalid_query");
    }
    // Counters and messages agree.
    let store = app.app.house.core.store.clone();
    let report = frontdesk::storage::verify::verify(&store, Default::default()).expect("readable");
    assert!(report.is_sound(), "{report}");
}

/// A customer who came by an advertisement writes to a number.
fn from_an_ad(number: &str, id: &str) -> Value {
    let now = Clock::System.now().0 / 1_000_000;
    json!({"id": format!("9{number}"), "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": number},
        "contacts": [{"wa_id": "254711000001", "profile": {"name": "Amina"}}],
        "messages": [{"from": "254711000001", "id": id, "timestamp": now.to_string(), "type": "text",
            "text": {"body": "I saw your ad"}, "referral": {"source_type": "ad", "source_id": "1", "ctwa_clid": "c"}}],
    }}]})
}

#[actix_web::test]
async fn after_an_advertisement_all_is_free_until_the_end_that_is_told_and_past_the_budget() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let channel = add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    let prices =
        json!({"currency": "KES", "budget": "0", "warn_percent": 50, "hard_stop": true, "rates": []});
    put(owner, "/api/v1/settings/prices", &prices).await.expect(200);
    post(&app, "s1", &[from_an_ad("8001", "wamid.ad")]).await;
    let list = wait_for(owner, "/api/v1/conversations", |page| {
        page["items"][0]["id"].is_string()
    })
    .await;
    let place = format!(
        "/api/v1/conversations/{}",
        list["items"][0]["id"].as_str().expect("an id")
    );
    let before = owner.get(&place).await.expect(200)["window"].clone();
    assert_eq!(before["free_until"], Value::Null);
    template(owner, &channel, "+254711000001", "k1")
        .await
        .expect_problem(409, "budget_used_up");
    let answer = json!({"type": "text", "text": {"body": "Welcome"}});
    let sent = owner
        .post(&format!("{place}/messages"), &answer)
        .await
        .expect(202);
    let id = sent["id"].as_str().expect("an id");
    let until = Clock::System.now().0 / 1_000_000 + 72 * 3600;
    let mut told = status(
        "8001",
        id,
        "254711000001",
        "sent",
        "referral_conversion",
        "free_entry_point",
    );
    told["changes"][0]["value"]["statuses"][0]["conversation"] = json!({"id": "c", "expiration_timestamp": until.to_string(), "origin": {"type": "referral_conversion"}});
    post(&app, "s1", &[told.clone()]).await;
    let shown = wait_for(owner, &place, |it| it["window"]["free_until"].is_string()).await;
    let at: jiff::Timestamp = shown["window"]["free_until"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("a time");
    assert_eq!(at.as_second(), until);
    assert_eq!(
        shown["window"]["expires_at"], before["expires_at"],
        "24 hours for free words"
    );
    template(owner, &channel, "+254711000001", "k2").await.expect(202);
    // The same again, and the other workspace.
    let version = owner.get(&place).await.expect(200)["version"].clone();
    post(&app, "s1", &[told]).await;
    assert_eq!(owner.get(&place).await.expect(200)["version"], version);
    assert_eq!(app.b.owner.get(&place).await.status, 404);
}

#[actix_web::test]
async fn the_old_address_takes_the_only_whatsapp_channel() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let texts = json!({"provider": "sandbox_sms", "name": "Texts"});
    owner.post("/api/v1/channels", &texts).await.expect(201);
    let body =
        json!({"to": "+254711000001", "type": "template", "template": {"name": "hello", "language": "en"}});
    let none = owner.post("/api/whatsapp/send", &body).await;
    assert_eq!(
        (none.status, none.problem()["field"].as_str()),
        (422, Some("channel_id"))
    );
    add_channel(owner, "whatsapp_cloud", "8001", "s1").await;
    owner.post("/api/whatsapp/send", &body).await.expect(202);
    add_channel(owner, "whatsapp_cloud", "8003", "s3").await;
    assert_eq!(owner.post("/api/whatsapp/send", &body).await.status, 422);
    assert_eq!(app.b.owner.post("/api/whatsapp/send", &body).await.status, 422);
}
