//! Alerts told outside: a receiver of webhooks and a mail server run in the test.

use std::time::Duration;

use frontdesk::config::{Smtp, SmtpTls};
use frontdesk::domain::WorkspaceId;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::common::{Answer, Client, Options, Team, TestApp};

/// A request as it arrived.
#[derive(Debug)]
struct Post {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// Listens and answers with these statuses in turn, the last one for ever.
async fn receiver(statuses: Vec<u16>) -> (String, UnboundedReceiver<Post>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let (posts, received) = unbounded_channel();
    actix_web::rt::spawn(async move {
        let mut count = 0;
        while let Ok((socket, _)) = listener.accept().await {
            let status = statuses[count.min(statuses.len() - 1)];
            count += 1;
            take_post(socket, status, &posts).await;
        }
    });
    (url, received)
}

async fn take_post(socket: TcpStream, status: u16, posts: &UnboundedSender<Post>) {
    let mut socket = BufReader::new(socket);
    let mut headers = std::collections::BTreeMap::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.expect("a request");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    }
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    socket.read_exact(&mut body).await.expect("a body");
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.write_all(answer.as_bytes()).await.expect("answered");
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let post = Post {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: String::from_utf8(body).expect("UTF-8"),
    };
    // The test may be over.
    let _ = posts.send(post);
}

/// A mail server that takes every letter.
async fn mail_server() -> (u16, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (letters, received) = unbounded_channel();
    actix_web::rt::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            actix_web::rt::spawn(take_letters(socket, letters.clone()));
        }
    });
    (port, received)
}

async fn take_letters(socket: TcpStream, letters: UnboundedSender<String>) {
    let mut socket = BufReader::new(socket);
    let mut say = "220 sink".to_owned();
    let mut letter: Option<String> = None;
    loop {
        if !say.is_empty() {
            socket
                .write_all(format!("{say}\r\n").as_bytes())
                .await
                .expect("said");
        }
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let word = line.trim_end().to_owned();
        if let Some(text) = &mut letter {
            say.clear();
            if word == "." {
                // The test may be over.
                let _ = letters.send(letter.take().unwrap_or_default());
                say = "250 taken".to_owned();
            } else {
                text.push_str(&line);
            }
            continue;
        }
        say = match word.split(' ').next().unwrap_or_default() {
            "DATA" => {
                letter = Some(String::new());
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 OK".to_owned(),
        };
    }
}

async fn next<T>(queue: &mut UnboundedReceiver<T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(30), queue.recv()).await;
    waited.expect("it comes in time").expect("the server runs")
}

async fn workspace(team: &Team) -> WorkspaceId {
    let me = team.owner.get("/api/v1/me").await.expect(200);
    me["workspace"]["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a workspace")
}

async fn set(client: &Client, body: &Value) -> Value {
    let request = client.request(Method::PUT, "/api/v1/settings/alerts").json(body);
    Answer::of(request).await.expect(200)
}

/// The newest alert, once its tellings are as wanted.
async fn alert_when(client: &Client, wanted: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let page = client.get("/api/v1/alerts").await.expect(200);
            let alert = page["items"][0].clone();
            if wanted(&alert) {
                return alert;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it happens in time")
}

fn signature(secret: &str, post: &Post) -> String {
    let key = decode(secret.trim_start_matches("whsec_"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{}.{}.{}", post.id, post.timestamp, post.body).as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Base64, read bit by bit: on purpose another way than the program's own.
fn decode(text: &str) -> Vec<u8> {
    let value = |c: char| match c {
        'A'..='Z' => c as u32 - 'A' as u32,
        'a'..='z' => c as u32 - 'a' as u32 + 26,
        '0'..='9' => c as u32 - '0' as u32 + 52,
        '+' => 62,
        _ => 63,
    };
    let bits: Vec<bool> = text
        .trim_end_matches('=')
        .chars()
        .flat_map(|c| (0..6).rev().map(move |bit| value(c) >> bit & 1 == 1))
        .collect();
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks_exact(8).map(byte).collect()
}

#[actix_web::test]
async fn a_webhook_is_signed_retried_and_told_of_the_end() {
    let app = TestApp::with(Options {
        allow_private_webhooks: true,
        ..Options::default()
    })
    .await;
    let (url, mut posts) = receiver(vec![500, 204]).await;
    let settings = set(&app.a.owner, &json!({ "webhook_url": url })).await;
    let secret = settings["webhook_secret"].as_str().expect("a secret").to_owned();
    let id = workspace(&app.a).await;
    let alerts = &app.app.house.alerts;
    alerts.raise(id, "queue_old", "here", "Look at the queue.").await;

    let first = next(&mut posts).await;
    let pending = alert_when(&app.a.agent, |alert| alert["deliveries"][0]["attempts"] == 1).await;
    assert_eq!(pending["deliveries"][0]["state"], "pending");
    assert_eq!(pending["deliveries"][0]["detail"], "the receiver answered 500");
    let second = next(&mut posts).await;
    assert_eq!(first.id, second.id, "the same news");
    let body: Value = serde_json::from_str(&second.body).expect("JSON");
    assert_eq!(
        (&body["type"], &body["data"]["kind"]),
        (&json!("alert.raised"), &json!("queue_old"))
    );
    assert_eq!(body["data"]["detail"], "Look at the queue.");
    assert!(
        body["data"]["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("http://desk.example/"))
    );
    let signed: String = decode(second.signature.trim_start_matches("v1,"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(signed, signature(&secret, &second));
    let done = alert_when(&app.a.agent, |alert| {
        alert["deliveries"][0]["state"] == "delivered"
    })
    .await;
    assert_eq!(done["deliveries"][0]["attempts"], 2);

    // Someone has seen it: the event comes again, the news does not.
    let ack = format!("/api/v1/alerts/{}/ack", done["id"].as_str().expect("an id"));
    app.a.agent.post(&ack, &json!({})).await.expect(200);
    alerts.clear(id, "queue_old", "here").await;
    let third = next(&mut posts).await;
    let body: Value = serde_json::from_str(&third.body).expect("JSON");
    assert_eq!(body["type"], "alert.cleared");
    assert_ne!(third.id, second.id);
}

#[actix_web::test]
async fn a_letter_goes_to_the_workspace_that_asked_for_it() {
    let (port, mut letters) = mail_server().await;
    let app = TestApp::with(Options {
        smtp: Some(Smtp {
            host: "127.0.0.1".into(),
            port,
            login: None,
            from: "Frontdesk <desk@desk.example>".into(),
            tls: SmtpTls::None,
        }),
        ..Options::default()
    })
    .await;
    let settings = set(&app.a.owner, &json!({ "email": "boss@alpha.example" })).await;
    assert_eq!(settings["mail_available"], true);
    let (a, b) = (workspace(&app.a).await, workspace(&app.b).await);
    let alerts = &app.app.house.alerts;
    alerts.raise(b, "queue_old", "there", "Not for alpha.").await;
    alerts
        .raise(
            a,
            "channel_blocked",
            "here",
            "The token has expired. Give a new one.",
        )
        .await;
    let letter = next(&mut letters).await;
    for part in [
        "boss@alpha.example",
        "desk@desk.example",
        "Critical",
        "The token has expired",
        "Message-ID: <msg_",
    ] {
        assert!(letter.contains(part), "{part} in {letter}");
    }
    alert_when(&app.a.agent, |alert| {
        alert["deliveries"][0]["state"] == "delivered"
    })
    .await;
    let other = app.b.agent.get("/api/v1/alerts").await.expect(200);
    assert_eq!(other["items"][0]["deliveries"], json!([]), "beta wants none");
    assert!(letters.try_recv().is_err(), "one letter");

    let tested = app
        .a
        .owner
        .post("/api/v1/settings/alerts/test", &json!({}))
        .await
        .expect(200);
    assert_eq!(tested["ok"], true, "{tested}");
    assert!(next(&mut letters).await.contains("A test"));
    let nothing = app
        .b
        .owner
        .post("/api/v1/settings/alerts/test", &json!({}))
        .await
        .expect(200);
    assert_eq!(nothing, json!({ "ok": false, "checks": [] }));
    let agent = app.a.agent.post("/api/v1/settings/alerts/test", &json!({})).await;
    agent.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn private_addresses_are_not_called_and_it_is_said() {
    let app = TestApp::start().await;
    let (url, mut posts) = receiver(vec![204]).await;
    let named = url.replace("127.0.0.1", "localhost");
    for (url, why) in [(url, "private"), (named, "ports")] {
        set(
            &app.a.owner,
            &json!({ "webhook_url": url, "email": "a@alpha.example" }),
        )
        .await;
        let tested = app
            .a
            .owner
            .post("/api/v1/settings/alerts/test", &json!({}))
            .await
            .expect(200);
        assert_eq!(tested["ok"], false);
        let details: Vec<&str> = tested["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .filter_map(|check| check["detail"].as_str())
            .collect();
        assert!(details[0].contains(why), "{details:?}");
        assert!(details[1].contains("no mail server"), "{details:?}");
    }
    app.app
        .house
        .alerts
        .raise(workspace(&app.a).await, "queue_old", "here", "x")
        .await;
    let alert = alert_when(&app.a.agent, |alert| alert["deliveries"][0]["state"] == "failed").await;
    assert_eq!(alert["deliveries"][1]["state"], "failed");
    assert!(posts.try_recv().is_err(), "nobody called");
    let other = app.b.owner.get("/api/v1/settings/alerts").await.expect(200);
    assert_eq!(other["webhook_url"], Value::Null);
    assert_eq!(other["webhook_secret"], Value::Null);
}
