//! Embedded sign-up against the simulator: state, code, rights, choice, PIN, webhooks, renewal, connecting again.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::common::{Answer, Client, Options, TestApp};

/// A number that is ready, one that is new, and one that has a PIN already.
const READY: &str = "205300400500811";
const NEW: &str = "205300400500812";
const WITH_PIN: &str = "205300400500821";
const TOWN: &str = "104200300400811";

async fn start(app: &TestApp, client: &Client, more: Value) -> Value {
    let simulator = app.app.simulators.whatsapp.signup().expect("an app");
    let mut body = json!({"provider": "whatsapp_cloud", "app_id": simulator.app_id, "app_secret": simulator.app_secret,
        "settings": {"api_base": app.app.simulators.whatsapp.base_url()}});
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    client
        .post("/api/v1/channels/oauth/start", &body)
        .await
        .expect(201)
}

/// Opens the provider's page and presses a button; `more` are its ticks. Gives what came back.
async fn press(begun: &Value, decision: &str, more: &str) -> Url {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client");
    let page = begun["url"].as_str().expect("an address");
    let shown = client
        .get(page)
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("words");
    assert!(shown.contains("Kibanda Coast"), "{shown}");
    let url = format!("{page}&decision={decision}{more}");
    let answer = client.get(url).send().await.expect("an answer");
    let back = answer.headers()["location"].to_str().expect("text");
    let back = Url::parse(back).expect("an address");
    let wanted = begun["redirect_uri"].as_str().expect("an address");
    assert!(back.as_str().starts_with(wanted), "{back}");
    back
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn finish(client: &Client, back: &Url) -> Answer {
    let body = json!({"state": parameter(back, "state"), "code": parameter(back, "code")});
    client.post("/api/v1/channels/oauth/finish", &body).await
}

async fn choose(client: &Client, offered: &Value, name: &str, pin: Option<&str>) -> Answer {
    let list = offered["choices"].as_array().expect("choices");
    let place = list
        .iter()
        .position(|choice| choice["name"].as_str().is_some_and(|it| it.ends_with(name)));
    let body = json!({"state": offered["state"], "choice": place.expect("the number"), "pin": pin});
    client.post("/api/v1/channels/oauth/finish", &body).await
}

/// A form with one account ticked, and all rights.
fn only(account: &str) -> String {
    format!(
        "&form=1&account_{account}=on&whatsapp_business_management=on&whatsapp_business_messaging=on&business_management=on"
    )
}

fn refusal(answer: &Answer) -> (u16, String) {
    let problem = answer.json();
    (
        answer.status,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
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
async fn a_person_chooses_a_number_and_its_customers_arrive() {
    let app = TestApp::start().await;
    let begun = start(&app, &app.a.owner, json!({})).await;
    let back = press(&begun, "continue", "").await;
    for stranger in [&app.b.owner, &app.a.agent] {
        assert!([403, 422].contains(&finish(stranger, &back).await.status));
    }
    let offered = finish(&app.a.owner, &back).await.expect(200);
    let choices = offered["choices"].as_array().expect("choices");
    let shown: Vec<_> = choices
        .iter()
        .map(|it| {
            (
                it["name"].as_str().unwrap_or_default(),
                it["detail"].as_str().unwrap_or_default(),
                it["needs_pin"] == true,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("Kibanda Crafts +254 700 555011", "Kibanda Crafts", false),
            ("Kibanda Crafts +254 700 555012", "Kibanda Crafts", true),
            ("Kibanda Coast +254 700 555021", "Kibanda Coast", true),
            ("Kibanda Garden +254 700 555031", "Kibanda Garden", false),
            ("Kibanda Garden +254 700 555032", "Kibanda Garden", false),
        ]
    );
    assert_eq!(
        refusal(&finish(&app.a.owner, &back).await),
        (422, "login_state".into()),
        "a state works once"
    );
    assert_eq!(
        refusal(&choose(&app.b.owner, &offered, "011", None).await),
        (422, "login_state".into())
    );
    let channel = choose(&app.a.owner, &offered, "011", None).await.expect(200)["channel"].clone();
    let settings = &channel["settings"];
    assert_eq!(
        (&settings["phone_number_id"], &settings["waba_id"]),
        (&json!(READY), &json!(TOWN))
    );
    assert_eq!(settings["business_id"], "410500600700801");
    assert!(settings.get("token_expires_at").is_none(), "{channel}");
    assert_eq!(channel["secrets"]["access_token"]["set"], true);
    let path = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
    let test = app
        .a
        .owner
        .post(&format!("{path}/test"), &json!({}))
        .await
        .expect(200);
    assert_eq!(test["ok"], true, "{test}");
    assert_eq!(app.b.owner.get(&path).await.status, 404);
    assert_eq!(
        refusal(&choose(&app.a.owner, &offered, "011", None).await),
        (422, "login_state".into())
    );

    let customer = frontdesk::sandbox::Customer {
        wa_id: Some("254711000234".into()),
        name: "Amina".into(),
        ..Default::default()
    };
    let message = frontdesk::sandbox::CustomerMessage::text("Habari");
    app.app
        .simulators
        .whatsapp
        .customer_says(READY, &customer, message)
        .expect("said");
    until(async || {
        let list = app.a.owner.get("/api/v1/conversations").await.expect(200);
        list["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    let others = app.b.owner.get("/api/v1/conversations").await.expect(200);
    assert_eq!(others["items"], json!([]));

    // The same number again: told before, and refused.
    let begun = start(&app, &app.a.owner, json!({})).await;
    let offered = finish(&app.a.owner, &press(&begun, "continue", "").await)
        .await
        .expect(200);
    assert_eq!(offered["choices"][0]["connected"], true);
    let again = choose(&app.a.owner, &offered, "011", None).await;
    assert_eq!(refusal(&again), (409, "already_exists".into()));
    let begun = start(&app, &app.b.owner, json!({})).await;
    let offered = finish(&app.b.owner, &press(&begun, "continue", "").await)
        .await
        .expect(200);
    assert_eq!(
        offered["choices"][0]["connected"], false,
        "another workspace's channels are not told"
    );
}

#[actix_web::test]
async fn a_number_is_registered_with_its_pin() {
    let app = TestApp::start().await;
    let begun = start(&app, &app.a.owner, json!({"name": "Coast"})).await;
    let back = press(&begun, "continue", &only("104200300400821")).await;
    // One number alone is offered, too: it needs a PIN.
    let offered = finish(&app.a.owner, &back).await.expect(200);
    assert_eq!(offered["choices"].as_array().map(Vec::len), Some(1));
    let none = choose(&app.a.owner, &offered, "021", None).await;
    assert_eq!(
        (refusal(&none), none.json()["field"].clone()),
        ((422, "login_pin_needed".into()), json!("pin"))
    );
    let odd = choose(&app.a.owner, &offered, "021", Some("12a456")).await;
    assert_eq!((odd.status, odd.json()["field"].clone()), (422, json!("pin")));
    let wrong = choose(&app.a.owner, &offered, "021", Some("111111")).await;
    assert_eq!(refusal(&wrong), (422, "login_pin_wrong".into()));
    assert!(
        wrong.json()["detail"]
            .as_str()
            .expect("words")
            .contains("WhatsApp Manager")
    );
    // A wrong PIN does not cost the login.
    let channel = choose(&app.a.owner, &offered, "021", Some("284913"))
        .await
        .expect(200)["channel"]
        .clone();
    assert_eq!(
        (&channel["name"], &channel["settings"]["phone_number_id"]),
        (&json!("Coast"), &json!(WITH_PIN))
    );
    let path = format!("/api/v1/channels/{}/test", channel["id"].as_str().expect("an id"));
    let test = app.a.owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");

    // A new number takes any PIN, but nobody may guess for ever.
    let begun = start(&app, &app.a.owner, json!({})).await;
    let offered = finish(&app.a.owner, &press(&begun, "continue", "").await)
        .await
        .expect(200);
    choose(&app.a.owner, &offered, "012", Some("000000"))
        .await
        .expect(200);
    assert_eq!(
        app.a.owner.get("/api/v1/channels").await.expect(200)["items"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[actix_web::test]
async fn each_step_that_fails_is_told_in_plain_words() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let begun = start(&app, owner, json!({})).await;
    let back = press(&begun, "cancel", "").await;
    let body = json!({"state": parameter(&back, "state"), "error": parameter(&back, "error")});
    let denied = owner.post("/api/v1/channels/oauth/finish", &body).await;
    assert_eq!(refusal(&denied), (422, "login_denied".into()));
    let unknown = json!({"state": "made up", "code": "AQ"});
    assert_eq!(
        refusal(&owner.post("/api/v1/channels/oauth/finish", &unknown).await),
        (422, "login_state".into())
    );

    let lacking = "&form=1&account_104200300400811=on&whatsapp_business_management=on";
    let nothing = "&form=1&whatsapp_business_management=on&whatsapp_business_messaging=on";
    let table = [
        ("&late=1", json!({}), "login_code_expired"),
        (lacking, json!({}), "login_missing_rights"),
        (nothing, json!({}), "login_no_account"),
        ("", json!({"app_secret": "wrong"}), "login_app_secret"),
    ];
    for (ticks, more, code) in table {
        let begun = start(&app, owner, more).await;
        let answer = finish(owner, &press(&begun, "continue", ticks).await).await;
        assert_eq!(refusal(&answer), (409, code.into()), "{}", answer.json());
    }
    let begun = start(&app, owner, json!({})).await;
    let mut back = press(&begun, "continue", "").await;
    let made_up = format!("code=AQ&state={}", parameter(&back, "state"));
    back.set_query(Some(&made_up));
    assert_eq!(finish(owner, &back).await.status, 409);

    // The provider is away between page and exchange.
    let begun = start(&app, owner, json!({})).await;
    let back = press(&begun, "continue", "").await;
    let simulator = &app.app.simulators.whatsapp;
    let faults = frontdesk::sandbox::Faults {
        down: frontdesk::sandbox::Down::Close,
        ..Default::default()
    };
    simulator.set_faults(faults);
    assert_eq!(
        refusal(&finish(owner, &back).await),
        (409, "login_unreachable".into())
    );
    simulator.set_faults(Default::default());

    let table = [
        (json!({"provider": "whatsapp_cloud"}), "app_id"),
        (
            json!({"provider": "sandbox_instagram", "app_id": "1", "app_secret": "x"}),
            "provider",
        ),
        (
            json!({"provider": "whatsapp_cloud", "app_id": "1", "app_secret": "x", "settings": {"waba_id": "1"}}),
            "settings.waba_id",
        ),
        (
            json!({"provider": "whatsapp_cloud", "app_id": "1", "app_secret": "x", "settings": {"api_base": "ftp://x"}}),
            "settings.api_base",
        ),
    ];
    for (body, field) in table {
        let answer = owner.post("/api/v1/channels/oauth/start", &body).await;
        assert_eq!(
            (answer.status, answer.json()["field"].clone()),
            (422, json!(field)),
            "{body}"
        );
    }
    assert_eq!(
        owner.get("/api/v1/channels").await.expect(200)["items"],
        json!([]),
        "nothing half connected is left"
    );
}

#[actix_web::test]
async fn another_session_of_the_same_person_may_not_finish() {
    let app = TestApp::start().await;
    let begun = start(&app, &app.a.owner, json!({})).await;
    let back = press(&begun, "continue", "").await;
    let token = json!({"name": "other"});
    let token = app.a.owner.post("/api/v1/tokens", &token).await.expect(201);
    let other = app.stranger.with_token(token["token"].as_str().expect("a token"));
    assert_eq!(refusal(&finish(&other, &back).await), (422, "login_state".into()));
    finish(&app.a.owner, &back).await.expect(200);
}

#[actix_web::test]
async fn a_token_that_ends_is_renewed_and_a_channel_connected_again() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let begun = start(&app, owner, json!({})).await;
    let offered = finish(owner, &press(&begun, "continue", "&life=60").await)
        .await
        .expect(200);
    let channel = choose(owner, &offered, "011", None).await.expect(200)["channel"].clone();
    assert!(channel["settings"]["token_expires_at"].is_string(), "{channel}");
    let path = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
    let soon = jiff::Timestamp::now() + Duration::from_secs(3 * 24 * 3600);
    let body = json!({"settings": {"token_expires_at": soon.to_string()}});
    Answer::of(owner.request(Method::PATCH, &path).json(&body))
        .await
        .expect(200);
    until(async || {
        let now = owner.get(&path).await.expect(200);
        let ends = now["settings"]["token_expires_at"]
            .as_str()
            .map(str::parse::<jiff::Timestamp>);
        ends.is_some_and(|ends| ends.is_ok_and(|ends| ends > soon))
    })
    .await;
    let test = owner.post(&format!("{path}/test"), &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "the new token works: {test}");

    // A token that cannot be renewed: a person is asked in time, and connects the same number again.
    let signup = app.app.simulators.whatsapp.signup().expect("an app");
    let other = json!({"provider": "whatsapp_cloud", "name": "Old", "settings": {"phone_number_id": NEW, "app_id": signup.app_id,
        "api_base": app.app.simulators.whatsapp.base_url(), "token_expires_at": soon.to_string()},
        "secrets": {"access_token": "gone", "app_secret": signup.app_secret, "verify_token": "verify me"}});
    let other = owner.post("/api/v1/channels", &other).await.expect(201);
    until(async || {
        let alerts = owner.get("/api/v1/alerts").await.expect(200);
        let list = alerts["items"].as_array().cloned().unwrap_or_default();
        list.iter().any(|alert| alert["kind"] == "token_expires")
    })
    .await;
    // App, secret and settings are the channel's own.
    let begin = json!({"provider": "whatsapp_cloud", "channel_id": other["id"]});
    let begun = owner
        .post("/api/v1/channels/oauth/start", &begin)
        .await
        .expect(201);
    let refused = finish(owner, &press(&begun, "continue", &only("104200300400821")).await).await;
    assert_eq!(refusal(&refused), (422, "login_other_account".into()));
    assert_eq!(
        app.b
            .owner
            .post("/api/v1/channels/oauth/start", &begin)
            .await
            .status,
        404
    );
    let begun = owner
        .post("/api/v1/channels/oauth/start", &begin)
        .await
        .expect(201);
    let offered = finish(owner, &press(&begun, "continue", "").await)
        .await
        .expect(200);
    assert_eq!(
        offered["choices"].as_array().map(Vec::len),
        Some(1),
        "only the channel's own number: {offered}"
    );
    let healed = choose(owner, &offered, "012", Some("123456")).await.expect(200)["channel"].clone();
    assert_eq!(
        (&healed["id"], &healed["settings"]["phone_number_id"]),
        (&other["id"], &json!(NEW))
    );
    assert!(healed["settings"].get("token_expires_at").is_none(), "{healed}");
    let path = format!("/api/v1/channels/{}/test", other["id"].as_str().expect("an id"));
    let test = owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");
}

#[actix_web::test]
async fn the_sandbox_logs_in_at_the_simulator_without_any_key() {
    let app = TestApp::start().await;
    let begun = app
        .a
        .owner
        .post("/api/v1/channels/oauth/start", &json!({"provider": "sandbox"}))
        .await
        .expect(201);
    let offered = finish(&app.a.owner, &press(&begun, "continue", "").await)
        .await
        .expect(200);
    let channel = choose(&app.a.owner, &offered, "012", Some("123456"))
        .await
        .expect(200)["channel"]
        .clone();
    assert_eq!(channel["provider"], "sandbox");
    assert!(
        channel["settings"].get("api_base").is_none(),
        "it differs with each start: {channel}"
    );
    let path = format!("/api/v1/channels/{}/test", channel["id"].as_str().expect("an id"));
    let test = app.a.owner.post(&path, &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");
}

/// A number that stays on the phone app and shares what it holds, and one whose business does not share its chats.
const GARDEN: &str = "104200300400831";
const SHARES: &str = "+254 700 555031";
const DECLINES: &str = "+254 700 555032";

/// What the phone app of a channel shares, once it is as far as is waited for.
async fn phone(owner: &Client, channel: &Value, until: impl Fn(&Value) -> bool) -> Value {
    let health = format!(
        "/api/v1/channels/{}/health",
        channel["id"].as_str().expect("an id")
    );
    let seen = crate::common::webhook::wait_for(owner, &health, |it| until(&it["phone"])).await;
    seen["phone"].clone()
}

#[actix_web::test]
async fn a_number_on_the_phone_app_brings_its_people_and_chats_if_the_business_shares_them() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let begun = start(&app, owner, json!({"name": "Garden"})).await;
    let back = press(&begun, "continue", &only(GARDEN)).await;
    let offered = finish(owner, &back).await.expect(200);
    let shown = offered["choices"].as_array().expect("choices");
    assert!(
        shown.iter().all(|choice| choice["needs_pin"] == false),
        "{offered}"
    );

    let shares = choose(owner, &offered, SHARES, None).await.expect(200)["channel"].clone();
    assert_eq!(shares["settings"]["rate_per_s"], "20", "{shares}");
    let done = phone(owner, &shares, |phone| phone["history"]["state"] == "done").await;
    assert_eq!(
        (&done["people"], &done["contacts"]["state"]),
        (&json!(3), &json!("done")),
        "{done}"
    );
    assert_eq!(done["messages"], 18, "{done}");
    assert!(done["asked_at"].is_string(), "{done}");
    let people = owner.get("/api/v1/contacts?q=Halima").await.expect(200);
    assert_eq!(people["items"][0]["name"], "Halima Abdi", "{people}");
    let list = owner.get("/api/v1/conversations").await.expect(200);
    let list = list["items"].as_array().expect("a list");
    assert_eq!(list.len(), 3);
    assert!(
        list.iter().all(|it| it["unread"] == 0),
        "old chats are no news: {list:?}"
    );
    let others = app.b.owner.get("/api/v1/contacts").await.expect(200);
    assert_eq!(others["items"], json!([]));

    let begun = start(&app, owner, json!({})).await;
    let back = press(&begun, "continue", &only(GARDEN)).await;
    let offered = finish(owner, &back).await.expect(200);
    let declines = choose(owner, &offered, DECLINES, None).await.expect(200)["channel"].clone();
    let phone = phone(owner, &declines, |phone| phone["history"]["state"] == "declined").await;
    assert_eq!(
        (&phone["contacts"]["state"], &phone["messages"]),
        (&json!("done"), &json!(0)),
        "{phone}"
    );
}

#[actix_web::test]
async fn messages_of_a_shared_app_are_posted_to_this_appliance_if_it_says_so() {
    let options = Options {
        is_public: true,
        ..Options::default()
    };
    let app = TestApp::with(options).await;
    let owner = &app.a.owner;
    let base = app.app.simulators.whatsapp.base_url().to_owned();
    let begun = start(
        &app,
        owner,
        json!({"settings": {"api_base": base, "own_callback": "on"}}),
    )
    .await;
    let back = press(&begun, "continue", &only(GARDEN)).await;
    let offered = finish(owner, &back).await.expect(200);
    let done = choose(owner, &offered, SHARES, None).await;
    // The simulator asks the address before it takes it, as Meta does: ours knows the new channel's token.
    let channel = done.expect(200)["channel"].clone();
    assert_eq!(channel["settings"]["own_callback"], "on");
    let waba = app.app.simulators.whatsapp.signup().expect("an app");
    assert!(waba.numbers.iter().any(|number| number.number.waba_id == GARDEN));
    let url = app.app.simulators.whatsapp.callback_of(GARDEN);
    assert_eq!(url.as_deref(), channel["webhook_url"].as_str());
    // What was shared came by it.
    phone(owner, &channel, |phone| phone["history"]["state"] == "done").await;

    // For this number alone, and then as before.
    let path = format!("/api/v1/channels/{}", channel["id"].as_str().expect("an id"));
    let number = channel["settings"]["phone_number_id"].as_str().expect("an id");
    for (own, of_account, of_number) in [
        ("number", None, url.clone()),
        ("off", None, None),
        ("on", url, None),
    ] {
        let settings = json!({"settings": {"own_callback": own}});
        owner.patch(&path, &settings).await.expect(200);
        owner
            .post(&format!("{path}/subscribe"), &json!({}))
            .await
            .expect(204);
        let whatsapp = &app.app.simulators.whatsapp;
        assert_eq!(
            (whatsapp.callback_of(GARDEN), whatsapp.callback_of_number(number)),
            (of_account, of_number),
            "{own}"
        );
    }
}

#[actix_web::test]
async fn a_number_whose_address_the_provider_does_not_take_is_not_connected() {
    // Nobody reaches desk.example, the address of this one.
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let base = app.app.simulators.whatsapp.base_url().to_owned();
    let begun = start(
        &app,
        owner,
        json!({"settings": {"api_base": base, "own_callback": "on"}}),
    )
    .await;
    let back = press(&begun, "continue", &only(GARDEN)).await;
    let offered = finish(owner, &back).await.expect(200);
    let refused = choose(owner, &offered, SHARES, None).await;
    refused.expect_problem(409, "login_refused");
    let channels = owner.get("/api/v1/channels").await.expect(200);
    assert!(!channels.to_string().contains(SHARES), "{channels}");
    assert_eq!(app.app.simulators.whatsapp.callback_of(GARDEN), None);
}
