//! News by web push: a push service runs in the test, opens what it is sent as a browser would, and checks the signature.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use web_push_native::jwt_simple::prelude::{
    Base64UrlSafeNoPadding, ECDSAP256PublicKeyLike, ES256PublicKey, NoCustomClaims, VerificationOptions,
};
use web_push_native::jwt_simple::reexports::ct_codecs::{Decoder, Encoder};
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;
use web_push_native::{Auth, p256};

use crate::common::webhook::{add_channel, post};
use crate::common::{Answer, Client, Options, TestApp};

const SECRET: &str = "secret-of-the-app";

/// A message as it came to the push service.
#[derive(Debug)]
struct Post {
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A push service that answers with these statuses in turn, the last one for ever; a wait stands behind a 429.
struct Service {
    url: String,
    posts: UnboundedReceiver<Post>,
}

/// What the browser of one device has.
struct Browser {
    secret: p256::SecretKey,
    auth: [u8; 16],
    endpoint: String,
}

impl Service {
    async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, posts) = unbounded_channel();
        actix_web::rt::spawn(async move {
            let mut count = 0;
            while let Ok((socket, _)) = listener.accept().await {
                let answer = answers[count.min(answers.len() - 1)];
                count += 1;
                take(socket, answer, &sender).await;
            }
        });
        Self { url, posts }
    }

    fn browser(&self, n: u8) -> Browser {
        Browser {
            secret: p256::SecretKey::from_slice(&[n; 32]).expect("a secret"),
            auth: [n; 16],
            endpoint: format!("{}/send/{n}", self.url),
        }
    }

    async fn next(&mut self) -> Post {
        let waited = tokio::time::timeout(Duration::from_secs(30), self.posts.recv()).await;
        waited.expect("it comes in time").expect("the service runs")
    }
}

async fn take(socket: TcpStream, answer: &str, posts: &UnboundedSender<Post>) {
    let mut socket = BufReader::new(socket);
    let mut first = String::new();
    socket.read_line(&mut first).await.expect("a request");
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.expect("a header");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    }
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    socket.read_exact(&mut body).await.expect("a body");
    let text = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.write_all(text.as_bytes()).await.expect("answered");
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // The test may be over.
    let _ = posts.send(Post { path, headers, body });
}

fn base64url(bytes: &[u8]) -> String {
    Base64UrlSafeNoPadding::encode_to_string(bytes).expect("short")
}

impl Browser {
    fn subscription(&self) -> Value {
        let point = self.secret.public_key().to_encoded_point(false);
        json!({ "endpoint": self.endpoint,
                "keys": { "p256dh": base64url(point.as_bytes()), "auth": base64url(&self.auth) } })
    }

    /// What it shows of a message that was sent to it.
    fn open(&self, post: &Post) -> Value {
        assert!(self.endpoint.ends_with(&post.path), "sent to {}", post.path);
        assert_eq!(post.headers["content-encoding"], "aes128gcm");
        let auth = Auth::clone_from_slice(&self.auth);
        let text = web_push_native::decrypt(post.body.clone(), &self.secret, &auth).expect("sealed for it");
        assert_eq!(text.len() % 512, 0, "its size tells little");
        serde_json::from_slice(&text).expect("JSON")
    }
}

/// Checks who signed (RFC 8292).
fn check_signature(post: &Post, public_key: &str, origin: &str) {
    let header = post.headers["authorization"]
        .strip_prefix("vapid t=")
        .expect("vapid");
    let (token, key) = header.split_once(", k=").expect("a key");
    assert_eq!(key, public_key, "the one that browsers subscribed with");
    let bytes = Base64UrlSafeNoPadding::decode_to_vec(key, None).expect("base64url");
    let key = ES256PublicKey::from_bytes(&bytes).expect("a point");
    let options = VerificationOptions {
        allowed_audiences: Some([origin.to_owned()].into()),
        ..VerificationOptions::default()
    };
    let claims = key
        .verify_token::<NoCustomClaims>(token, Some(options))
        .expect("signed for this service");
    assert_eq!(claims.subject.as_deref(), Some("https://desk.example"));
    assert!(claims.expires_at.is_some());
}

fn options() -> Options {
    Options {
        allow_private_webhooks: true,
        ..Options::default()
    }
}

async fn app() -> TestApp {
    TestApp::with(options()).await
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(body)).await
}

async fn subscribe(client: &Client, browser: &Browser) -> Value {
    put(client, "/api/v1/me/push", &browser.subscription())
        .await
        .expect(200)
}

/// Changes what someone is told of.
async fn choose(client: &Client, change: Value) {
    let path = "/api/v1/me/notifications";
    let mut chosen = client.get(path).await.expect(200);
    let fields = chosen.as_object_mut().expect("an object");
    fields.remove("version");
    fields.extend(change.as_object().expect("an object").clone());
    let request = client.request(Method::PUT, path).header("if-match", "*");
    Answer::of(request.json(&chosen)).await.expect(200);
}

async fn devices(client: &Client) -> Vec<Value> {
    let list = client.get("/api/v1/me/devices").await.expect(200);
    list["items"].as_array().expect("items").clone()
}

/// A customer writes; each `from` is a conversation of its own.
async fn says(app: &TestApp, number: &str, from: u64, text: &str) {
    let now = app.app.house.core.clock.now().0 / 1_000_000;
    let entry = json!({"id": format!("9{number}"), "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": number},
        "contacts": [{"profile": {"name": format!("Customer {from}")}, "wa_id": from.to_string()}],
        "messages": [{"from": from.to_string(), "id": format!("wamid.{from}.{text}"), "timestamp": now.to_string(),
                      "type": "text", "text": {"body": text}}],
    }}]});
    post(app, SECRET, &[entry]).await;
}

#[actix_web::test]
async fn a_customers_message_reaches_the_device_sealed_and_signed() {
    let app = app().await;
    let mut service = Service::start(vec!["201 Created"]).await;
    let (mine, other) = (service.browser(1), service.browser(2));
    let before = app.a.agent.get("/api/v1/me/push").await.expect(200);
    assert_eq!(before["device"], Value::Null);
    let device = subscribe(&app.a.agent, &mine).await;
    assert_eq!(
        (&device["current"], &device["service"]),
        (&json!(true), &json!("127.0.0.1"))
    );
    subscribe(&app.b.agent, &other).await;
    let after = app.a.agent.get("/api/v1/me/push").await.expect(200);
    assert_eq!(
        (&after["public_key"], &after["device"]["id"]),
        (&before["public_key"], &device["id"])
    );

    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    says(&app, "1001", 15550002222, "Is the shop open?").await;
    let post = service.next().await;
    check_signature(&post, before["public_key"].as_str().expect("a key"), &service.url);
    let ttl: u32 = post.headers["ttl"].parse().expect("seconds");
    assert!(
        (60..=86_400).contains(&ttl) && post.headers["topic"].len() <= 32,
        "{post:?}"
    );
    assert_eq!(post.headers["urgency"], "high");
    let shown = mine.open(&post);
    let conversations = app.a.agent.get("/api/v1/conversations").await.expect(200);
    assert_eq!(
        shown,
        json!({ "kind": "message", "conversation_id": conversations["items"][0]["id"], "count": 1,
                "title": "Customer 15550002222", "body": "Is the shop open?", "lang": "en" })
    );

    // Only who, in another language.
    choose(&app.a.agent, json!({ "show_text": false })).await;
    let swahili = json!({ "locale": "sw" });
    app.a.agent.patch("/api/v1/me", &swahili).await.expect(200);
    says(&app, "1001", 15550003333, "a secret").await;
    let shown = mine.open(&service.next().await);
    assert_eq!(
        (&shown["title"], &shown["body"], &shown["lang"]),
        (
            &json!("Customer 15550003333"),
            &json!("Ujumbe mpya"),
            &json!("sw")
        )
    );

    // A burst in one conversation: the newest, with the count.
    for n in 0..4 {
        says(&app, "1001", 15550003333, &format!("{n}")).await;
    }
    let shown = loop {
        let shown = mine.open(&service.next().await);
        if shown["count"] == 5 {
            break shown;
        }
    };
    assert_eq!(shown["title"], "Customer 15550003333 (5)");
    assert!(service.posts.try_recv().is_err(), "beta is told nothing of alpha");
}

#[actix_web::test]
async fn everyone_is_told_what_they_chose_and_nothing_else() {
    let app = app().await;
    let mut service = Service::start(vec!["201 Created"]).await;
    let browser = service.browser(3);
    subscribe(&app.a.agent, &browser).await;
    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    let none = json!({ "assigned": false, "unassigned": false, "mentions": false, "alerts": false });
    choose(&app.a.agent, none).await;
    says(&app, "1001", 15550001000, "unwanted").await;
    let conversation = crate::common::webhook::wait_for(&app.a.agent, "/api/v1/conversations", |page| {
        page["items"][0]["last_message"].is_object()
    })
    .await["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let me = app.a.agent.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    let path = format!("/api/v1/conversations/{conversation}");
    let notes = format!("{path}/notes");

    // Mentions, but not by oneself.
    choose(&app.a.agent, json!({ "mentions": true })).await;
    let named = json!({ "body": "@Agent of alpha, by myself" });
    let note = |client: &Client, body: &Value| client.request(Method::POST, &notes).json(body);
    Answer::of(note(&app.a.agent, &named)).await.expect(201);
    Answer::of(note(&app.a.owner, &json!({ "body": "for nobody" })))
        .await
        .expect(201);
    Answer::of(note(&app.a.owner, &json!({ "body": "@Agent of alpha, look" })))
        .await
        .expect(201);
    let shown = browser.open(&service.next().await);
    assert_eq!(
        (&shown["kind"], &shown["title"], &shown["body"]),
        (
            &json!("mention"),
            &json!("Owner of alpha mentions you"),
            &json!("@Agent of alpha, look")
        )
    );
    assert_eq!(shown["conversation_id"], conversation.as_str());

    // What is theirs, but not what is nobody's.
    choose(&app.a.agent, json!({ "mentions": false, "assigned": true })).await;
    let mine = json!({ "assignee_id": me });
    app.a.agent.patch(&path, &mine).await.expect(200);
    says(&app, "1001", 15550002000, "nobody's").await;
    says(&app, "1001", 15550001000, "mine").await;
    let shown = browser.open(&service.next().await);
    assert_eq!(
        (&shown["kind"], &shown["body"]),
        (&json!("message"), &json!("mine"))
    );

    // Quiet hours hold for everything; the owner, who has none, shows when it was decided.
    let owners = service.browser(33);
    subscribe(&app.a.owner, &owners).await;
    let all_day = json!({ "from": "00:00", "to": "23:59", "timezone": "UTC" });
    choose(&app.a.agent, json!({ "alerts": true, "quiet": all_day })).await;
    let workspace = app.a.owner.get("/api/v1/me").await.expect(200)["workspace"]["id"].clone();
    let workspace = workspace.as_str().expect("an id").parse().expect("a workspace");
    let alerts = &app.app.house.alerts;
    alerts
        .raise(workspace, "queue_old", "quiet", "In the quiet.")
        .await;
    assert_eq!(owners.open(&service.next().await)["kind"], "alert");
    choose(&app.a.agent, json!({ "quiet": null })).await;
    says(&app, "1001", 15550001000, "loud").await;
    assert_eq!(browser.open(&service.next().await)["body"], "loud");
    alerts.raise(workspace, "queue_old", "loud", "Aloud.").await;
    let mut told = [service.next().await, service.next().await];
    told.sort_by_key(|one| one.path.len());
    let shown = browser.open(&told[0]);
    assert_eq!(
        (&shown["kind"], &shown["title"], &shown["body"]),
        (&json!("alert"), &json!("Something needs attention"), &json!(""))
    );
}

#[actix_web::test]
async fn nobody_is_told_of_what_they_look_at() {
    use frontdesk::actors::presence::{Doing, Present};
    let app = app().await;
    let mut service = Service::start(vec!["201 Created"]).await;
    let browser = service.browser(4);
    subscribe(&app.a.agent, &browser).await;
    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    says(&app, "1001", 15550001000, "first").await;
    let shown = browser.open(&service.next().await);
    let conversation = shown["conversation_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    let id = |value: &Value| value.as_str().expect("an id").to_owned();
    let workspace = id(&me["workspace"]["id"]).parse().expect("a workspace");
    let present = Present {
        id: id(&me["user"]["id"]).parse().expect("a user"),
        name: String::new(),
        state: Doing::Viewing,
        focused: true,
    };
    let presence = &app.app.house.presence;
    presence.move_to(u64::MAX, workspace, Some((conversation, present.clone())));
    says(&app, "1001", 15550001000, "seen").await;
    says(&app, "1001", 15550002000, "elsewhere").await;
    assert_eq!(browser.open(&service.next().await)["body"], "elsewhere");
    // The window went behind another.
    let behind = Present {
        focused: false,
        ..present
    };
    presence.move_to(u64::MAX, workspace, Some((conversation, behind)));
    says(&app, "1001", 15550001000, "unseen").await;
    assert_eq!(browser.open(&service.next().await)["body"], "unseen");
}

/// Waits for something that the program does by itself.
async fn until(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it happens in time");
}

#[actix_web::test]
async fn a_page_says_over_its_socket_what_is_before_somebodys_eyes() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

    let app = app().await;
    let mut service = Service::start(vec!["201 Created"]).await;
    let browser = service.browser(8);
    subscribe(&app.a.agent, &browser).await;
    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    says(&app, "1001", 15550001000, "first").await;
    let first = browser.open(&service.next().await);
    let conversation = first["conversation_id"].as_str().expect("an id").to_owned();
    let me = app.a.agent.get("/api/v1/me").await.expect(200);
    let id = |value: &Value| value.as_str().expect("an id").to_owned();
    let user = id(&me["user"]["id"]).parse().expect("a user");
    let workspace = id(&me["workspace"]["id"]).parse().expect("a workspace");
    let seen = conversation.parse().expect("a conversation");
    let presence = app.app.house.presence.clone();

    let url = format!("{}/api/v1/live", app.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    let token = format!("Bearer {}", app.a.agent.token.as_deref().expect("a token"));
    let headers = request.headers_mut();
    headers.insert("authorization", token.parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
    socket.next().await.expect("hello").expect("hello");
    let mut say = async |focused: Value| {
        let mut frame = json!({ "type": "presence", "conversation_id": conversation, "state": "viewing" });
        if !focused.is_null() {
            frame["focused"] = focused;
        }
        let frame = Message::text(frame.to_string());
        socket.send(frame).await.expect("sent");
    };

    // Without a word about it, the window is in front.
    say(Value::Null).await;
    until(|| presence.is_focused(workspace, seen, user)).await;
    says(&app, "1001", 15550001000, "seen").await;
    says(&app, "1001", 15550002000, "elsewhere").await;
    assert_eq!(browser.open(&service.next().await)["body"], "elsewhere");

    // Somebody else has it before their eyes: that is no reason to be silent here.
    let owners = service.browser(9);
    subscribe(&app.a.owner, &owners).await;
    says(&app, "1001", 15550001000, "seen by one").await;
    assert_eq!(owners.open(&service.next().await)["body"], "seen by one");

    // The window goes behind another: the page is open, but nobody looks.
    app.a
        .owner
        .delete(&format!(
            "/api/v1/me/devices/{}",
            id(&devices(&app.a.owner).await[0]["id"])
        ))
        .await;
    say(json!(false)).await;
    until(|| !presence.is_focused(workspace, seen, user)).await;
    says(&app, "1001", 15550001000, "behind").await;
    assert_eq!(browser.open(&service.next().await)["body"], "behind");

    // It comes back, and is closed: a page that is gone shows nothing.
    say(json!(true)).await;
    until(|| presence.is_focused(workspace, seen, user)).await;
    says(&app, "1001", 15550001000, "seen again").await;
    drop(socket);
    until(|| !presence.is_focused(workspace, seen, user)).await;
    says(&app, "1001", 15550001000, "gone").await;
    let bodies = [browser.open(&service.next().await)["body"].clone()];
    assert_eq!(bodies, [json!("gone")]);
}

#[actix_web::test]
async fn over_a_restart_no_notice_is_lost_and_none_is_told_again() {
    let app = app().await;
    let mut service =
        Service::start(vec!["201 Created", "503 Busy\r\nretry-after: 600", "201 Created"]).await;
    let browser = service.browser(11);
    subscribe(&app.a.agent, &browser).await;
    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    says(&app, "1001", 15550001000, "told").await;
    assert_eq!(browser.open(&service.next().await)["body"], "told");
    // Its service takes nothing at present: the notice waits in memory when the program stops.
    says(&app, "1001", 15550002000, "waiting").await;
    assert_eq!(browser.open(&service.next().await)["body"], "waiting");
    until_told(&app, "the push service answered 503").await;

    let app = app.restart(options()).await;
    assert_eq!(browser.open(&service.next().await)["body"], "waiting", "not lost");
    says(&app, "1001", 15550003000, "new").await;
    assert_eq!(
        browser.open(&service.next().await)["body"],
        "new",
        "and `told` not repeated"
    );
    until_told(&app, "").await;

    // Nothing waits now, so the next start tells nothing but news.
    let app = app.restart(options()).await;
    says(&app, "1001", 15550004000, "newest").await;
    assert_eq!(browser.open(&service.next().await)["body"], "newest");
    assert!(service.posts.try_recv().is_err(), "once each");
}

/// Waits until the agent's one device bears this problem.
async fn until_told(app: &TestApp, problem: &str) {
    let wait = async {
        while devices(&app.a.agent).await[0]["problem"]
            .as_str()
            .unwrap_or_default()
            != problem
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("it is noted in time");
}

#[actix_web::test]
async fn a_device_that_is_gone_is_forgotten_and_a_busy_service_is_asked_again() {
    let app = app().await;
    let mut service = Service::start(vec![
        "429 Slow\r\nretry-after: 1",
        "503 Busy",
        "201 Created",
        "410 Gone",
    ])
    .await;
    let browser = service.browser(5);
    subscribe(&app.a.agent, &browser).await;
    add_channel(&app.a.owner, "whatsapp_cloud", "1001", SECRET).await;
    says(&app, "1001", 15550001000, "patience").await;
    for _ in 0..3 {
        assert_eq!(browser.open(&service.next().await)["body"], "patience");
    }
    says(&app, "1001", 15550002000, "gone").await;
    browser.open(&service.next().await);
    let gone = async {
        while !devices(&app.a.agent).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .expect("forgotten");

    // The same by hand.
    let device = subscribe(&app.a.agent, &browser).await;
    let trial = format!(
        "/api/v1/me/devices/{}/test",
        device["id"].as_str().expect("an id")
    );
    let tried = app.a.agent.post(&trial, &json!({})).await.expect(200);
    assert_eq!((&tried["ok"], &tried["removed"]), (&json!(false), &json!(true)));
    app.a
        .agent
        .post(&trial, &json!({}))
        .await
        .expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_trial_says_how_it_went() {
    let app = app().await;
    let mut service = Service::start(vec!["201 Created", "403 Forbidden"]).await;
    let browser = service.browser(6);
    let device = subscribe(&app.a.agent, &browser).await;
    let trial = format!(
        "/api/v1/me/devices/{}/test",
        device["id"].as_str().expect("an id")
    );
    for stranger in [&app.a.owner, &app.b.agent] {
        stranger
            .post(&trial, &json!({}))
            .await
            .expect_problem(404, "not_found");
    }
    assert_eq!(app.a.agent.post(&trial, &json!({})).await.expect(200)["ok"], true);
    let shown = browser.open(&service.next().await);
    assert_eq!(
        (&shown["kind"], &shown["conversation_id"]),
        (&json!("test"), &Value::Null)
    );
    let refused = app.a.agent.post(&trial, &json!({})).await.expect(200);
    assert_eq!(
        (&refused["ok"], &refused["removed"]),
        (&json!(false), &json!(false))
    );
    let list = devices(&app.a.agent).await;
    assert_eq!(list[0]["problem"], "the push service answered 403");
}

#[actix_web::test]
async fn devices_belong_to_sessions_and_go_with_them() {
    let app = app().await;
    let service = Service::start(vec!["201 Created"]).await;
    let email = &app.a.agent_email;
    let second = Client::log_in(&app.base, email).await;
    let third = Client::log_in(&app.base, email).await;
    let all = [&app.a.agent, &second, &third];
    for (n, client) in (10..).zip(all) {
        subscribe(client, &service.browser(n)).await;
    }
    let list = devices(&app.a.agent).await;
    assert_eq!(list.len(), 3);
    assert_eq!(list.iter().filter(|device| device["current"] == true).count(), 1);
    let first = app.a.agent.get("/api/v1/me/devices?limit=1").await.expect(200);
    let next = first["next_cursor"].as_str().expect("more");
    let rest = app
        .a
        .agent
        .get(&format!("/api/v1/me/devices?cursor={next}"))
        .await
        .expect(200);
    assert_eq!(rest["items"].as_array().expect("items").len(), 2);
    for other in [&app.a.owner, &app.b.agent] {
        assert!(devices(other).await.is_empty(), "each has their own");
    }

    // The same browser with another session: one device.
    subscribe(&third, &service.browser(10)).await;
    assert_eq!(devices(&third).await.len(), 2);
    assert_eq!(
        app.a.agent.get("/api/v1/me/push").await.expect(200)["device"],
        Value::Null
    );

    second.post("/api/v1/auth/logout", &json!({})).await;
    let left = devices(&third).await;
    assert_eq!(left.len(), 1);
    let id = left[0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/me/devices/{id}");
    app.b.agent.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(app.a.agent.delete(&path).await.status, 204);
    app.a.agent.delete(&path).await.expect_problem(404, "not_found");

    subscribe(&third, &service.browser(12)).await;
    let session = format!("/api/v1/me/sessions/{id}");
    assert_eq!(app.a.agent.delete(&session).await.status, 204);
    assert!(devices(&app.a.agent).await.is_empty());
}

#[actix_web::test]
async fn only_subscriptions_that_can_be_told_are_taken() {
    let app = app().await;
    let good = Service::start(vec!["201 Created"])
        .await
        .browser(7)
        .subscription();
    for (field, value) in [
        ("endpoint", json!("x")),
        ("endpoint", json!("ftp://push.example/a")),
        ("endpoint", json!("https://user:word@push.example/a")),
        (
            "endpoint",
            json!(format!("https://push.example/{}", "x".repeat(2_100))),
        ),
        ("keys.p256dh", json!("")),
        ("keys.p256dh", json!("AAAA")),
        ("keys.p256dh", json!("x".repeat(300))),
        ("keys.auth", json!("AAAA")),
        ("keys.auth", json!("ä")),
    ] {
        let mut bad = good.clone();
        match field.strip_prefix("keys.") {
            Some(key) => bad["keys"][key] = value.clone(),
            None => bad[field] = value.clone(),
        }
        let problem = put(&app.a.agent, "/api/v1/me/push", &bad).await.problem();
        assert_eq!(problem["field"], field, "{value} {problem}");
    }
    let token = app
        .a
        .owner
        .post("/api/v1/tokens", &json!({ "name": "t" }))
        .await
        .expect(201);
    let program = app.stranger.with_token(token["token"].as_str().expect("a token"));
    put(&program, "/api/v1/me/push", &good)
        .await
        .expect_problem(409, "wrong_state");

    let strict = TestApp::start().await;
    for endpoint in [
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "http://push.example/x",
        "https://push.example:22/x",
    ] {
        let mut private = good.clone();
        private["endpoint"] = json!(endpoint);
        let problem = put(&strict.a.agent, "/api/v1/me/push", &private).await.problem();
        assert_eq!(problem["field"], "endpoint", "{endpoint}");
    }
    // A name is only known to be private when it is resolved: then it is not called.
    let mut hidden = good.clone();
    hidden["endpoint"] = json!("https://localhost/x");
    let device = put(&strict.a.agent, "/api/v1/me/push", &hidden).await.expect(200);
    let trial = format!(
        "/api/v1/me/devices/{}/test",
        device["id"].as_str().expect("an id")
    );
    let tried = strict.a.agent.post(&trial, &json!({})).await.expect(200);
    assert_eq!(tried["ok"], false);
    assert!(
        tried["detail"]
            .as_str()
            .is_some_and(|text| text.contains("private")),
        "{tried}"
    );
}
