//! The calls over a real socket: what each way of answering means for the message.

use std::collections::HashMap;

use frontdesk::channels::Provider;
use frontdesk::channels::twilio::Twilio;
use frontdesk::domain::outbound::{ErrorClass, SendOutcome};
use frontdesk::domain::{Content, MessageStatus, Timestamp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{access, message_id, request};
use crate::wire::{Reply, http, serve};

/// Serves one call with this answer; gives the address and the parameters that were sent (with the head under an empty name).
pub async fn answering(
    status: u16,
    body: &str,
) -> (String, tokio::task::JoinHandle<HashMap<String, String>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut bytes = Vec::new();
        let (head, body) = loop {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).await.expect("a request");
            assert!(count > 0, "the client hung up early");
            bytes.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = |line: &str| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse::<usize>()
                    .ok()
            };
            if body.len() >= head.lines().find_map(length).unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        // A client that has heard enough may hang up first.
        drop(stream.write_all(answer.as_bytes()).await);
        let mut url = reqwest::Url::parse("http://x.example").expect("a URL");
        url.set_query(Some(&body));
        let mut fields: HashMap<String, String> = url.query_pairs().into_owned().collect();
        fields.insert(String::new(), head);
        fields
    });
    (base, task)
}

async fn outcome(status: u16, body: &str) -> SendOutcome {
    let (base, asked) = answering(status, body).await;
    let outcome = Twilio
        .send(
            &http(),
            &access("+14155550100", &base),
            &request(Content::text("hi")),
        )
        .await;
    asked.await.expect("one call");
    outcome
}

/// The class of a code, in the contract's words.
pub async fn class_of(code: u64) -> &'static str {
    let body = json!({"code": code, "message": "x", "status": 400}).to_string();
    match outcome(400, &body).await {
        SendOutcome::Refused(error) => match error.class {
            ErrorClass::Auth => "auth",
            ErrorClass::Account => "account",
            ErrorClass::Throttle => "throttle",
            ErrorClass::ThrottlePair => "throttle-pair",
            ErrorClass::Quality => "quality",
            ErrorClass::Window => "window",
            ErrorClass::Recipient => "recipient",
            ErrorClass::RecipientCooldown => "recipient-cooldown",
            ErrorClass::OptOut => "opt-out",
            ErrorClass::Template => "template",
            ErrorClass::TemplatePaused => "template-paused",
            ErrorClass::TemplateDead => "template-dead",
            ErrorClass::Transient => "transient",
            ErrorClass::Permanent => "permanent",
            ErrorClass::Config => "config",
        },
        other => panic!("{code}: {other:?}"),
    }
}

#[tokio::test]
async fn a_send_names_sender_recipient_words_and_where_its_status_goes() {
    let (base, asked) = answering(201, "{\"sid\":\"SM0001\",\"status\":\"queued\"}").await;
    let got = Twilio
        .send(
            &http(),
            &access("+14155550100", &base),
            &request(Content::text("Zoë & co")),
        )
        .await;
    let wanted = SendOutcome::Accepted {
        provider_message_id: "SM0001".into(),
        learnt: vec![],
        held: None,
    };
    assert_eq!(got, wanted);
    let sent = asked.await.expect("one call");
    let field = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(
        (field("From"), field("To"), field("Body")),
        ("+14155550100", "+14155550123", "Zoë & co")
    );
    let callback = format!(
        "https://desk.example/webhooks/twilio/ch_1?frontdesk_message={}",
        message_id()
    );
    assert_eq!(field("StatusCallback"), callback);
    let head = field("").to_ascii_lowercase();
    assert!(
        head.starts_with("post /2010-04-01/accounts/ac00112233445566778899aabbccddeeff/messages.json "),
        "{head}"
    );
    assert!(head.contains("authorization: basic "), "{head}");
}

#[tokio::test]
async fn answers_mean_what_they_must() {
    type Holds = fn(&SendOutcome) -> bool;
    let unknown: Holds = |it| matches!(it, SendOutcome::Unknown(_));
    let table: [(u16, &str, Holds); 8] = [
        (201, "{}", unknown),
        (201, "nonsense", unknown),
        (502, "<html>", unknown),
        (500, "{}", unknown),
        (503, "", |it| matches!(it, SendOutcome::NotSent(_))),
        (
            500,
            "{\"code\":20500,\"message\":\"x\"}",
            |it| matches!(it, SendOutcome::Refused(error) if error.class == ErrorClass::Transient),
        ),
        (
            401,
            "{\"code\":20003,\"message\":\"Authenticate\"}",
            |it| matches!(it, SendOutcome::Refused(error) if error.class == ErrorClass::Auth && error.detail == "Authenticate"),
        ),
        (
            307,
            "",
            |it| matches!(it, SendOutcome::Refused(error) if error.class == ErrorClass::Config),
        ),
    ];
    for (status, body, holds) in table {
        let got = outcome(status, body).await;
        assert!(holds(&got), "{status} {body}: {got:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt() {
    for reply in [Reply::HangUp, Reply::Reset] {
        let (base, _server) = serve(vec![reply]).await;
        let request = request(Content::text("hi"));
        let got = Twilio
            .send(&http(), &access("+14155550100", &base), &request)
            .await;
        assert!(matches!(got, SendOutcome::Unknown(_)), "{got:?}");
    }
}

#[tokio::test]
async fn a_lost_send_is_found_by_recipient_words_and_date() {
    let message = |sid: &str, body: &str, direction: &str, date: &str| json!({"sid": sid, "body": body, "direction": direction, "date_created": date, "status": "delivered"});
    let fresh = "Fri, 20 Nov 2026 10:00:05 +0000";
    let list = json!({"next_page_uri": null, "messages": [
        message("SM1", "hi", "outbound-api", fresh),
        message("SM2", "something else", "outbound-api", fresh),
        message("SM3", "hi", "inbound", fresh),
        message("SM4", "hi", "outbound-api", "Thu, 19 Nov 2026 10:00:05 +0000"),
        message("SM5", "hi", "outbound-api", "no date"),
    ]});
    let (base, asked) = answering(200, &list.to_string()).await;
    let since = Timestamp::parse("2026-11-20T10:00:00Z").expect("a time");
    let found = Twilio
        .look_up(
            &http(),
            &access("+14155550100", &base),
            &request(Content::text("hi")),
            since,
        )
        .await
        .expect("an answer");
    let ids: Vec<_> = found
        .iter()
        .map(|it| (it.provider_message_id.as_str(), it.status))
        .collect();
    assert_eq!(ids, [("SM1", MessageStatus::Delivered)]);
    let head = asked.await.expect("one call")[""].clone();
    assert!(
        head.contains("To=%2B14155550123") && head.contains("DateSent%3E=2026-11-20"),
        "{head}"
    );
}

#[tokio::test]
async fn a_message_is_asked_after_and_may_be_unknown() {
    let table = [
        (
            200,
            "{\"sid\":\"SM1\",\"status\":\"undelivered\",\"error_code\":63016}",
            Some("63016"),
        ),
        (404, "{\"code\":20404,\"message\":\"x\"}", None),
        (200, "{\"sid\":\"SM1\",\"status\":\"something new\"}", None),
    ];
    for (status, body, code) in table {
        let (base, asked) = answering(status, body).await;
        let access = access("whatsapp:+14155550100", &base);
        let got = Twilio
            .fetch_status(&http(), &access, "SM1")
            .await
            .expect("an answer");
        asked.await.expect("one call");
        assert_eq!(
            got.and_then(|it| it.error).map(|it| it.code).as_deref(),
            code,
            "{body}"
        );
    }
}
