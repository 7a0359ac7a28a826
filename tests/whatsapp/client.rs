//! The calls over a real socket: what each way of failing means for the message.

use std::time::Duration;

use frontdesk::channels::Provider;
use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::domain::Content;
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::outbound::{ErrorClass, SendOutcome};
use rstest::rstest;
use serde_json::json;

use crate::support::{Reply, access, fixture, http, request, serve};

/// What comes of one send that is answered like this.
pub async fn outcome(reply: Reply) -> SendOutcome {
    let (base, server) = serve(vec![reply]).await;
    let outcome = WhatsappCloud
        .send(&http(), &access(&base), &request(Content::text("hi")))
        .await;
    server.await.expect("the server saw one request");
    outcome
}

/// The class of an error answer.
pub async fn class_of_answer(status: u16, body: &str) -> ErrorClass {
    match outcome(Reply::answer(status, "", body)).await {
        SendOutcome::Refused(error) => error.class,
        other => panic!("{status} {body}: {other:?}"),
    }
}

/// The contract's word for a class.
pub const fn contract_word(class: ErrorClass) -> &'static str {
    match class {
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
    }
}

#[tokio::test]
async fn a_taken_message_teaches_the_recipients_ids() {
    let body = String::from_utf8(fixture("answer-accepted.json")).expect("text");
    let (base, server) = serve(vec![Reply::answer(200, "", &body)]).await;
    let got = WhatsappCloud
        .send(&http(), &access(&base), &request(Content::text("hi")))
        .await;
    let wanted = SendOutcome::Accepted {
        provider_message_id: "wamid.OWN0001".into(),
        learnt: vec![
            Identity::new(IdentityKind::WhatsappUserId, "BR.7700000000000000001"),
            Identity::new(IdentityKind::WhatsappId, "551199990000"),
        ],
        held: None,
    };
    assert_eq!(got, wanted);
    let asked = &server.await.expect("served")[0];
    let head = asked.head.to_ascii_lowercase();
    assert!(
        head.starts_with("post /v23.0/205300400500601/messages http/1.1"),
        "{head}"
    );
    assert!(head.contains("authorization: bearer eaajtest"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
}

#[tokio::test]
async fn the_base_may_have_a_path_and_the_version_follows_it() {
    let (base, server) = serve(vec![Reply::answer(200, "", "{}")]).await;
    let mut access = access(&format!("{base}/proxy/"));
    access.settings.insert("api_version".into(), "v25.0".into());
    WhatsappCloud
        .send(&http(), &access, &request(Content::text("hi")))
        .await;
    let head = &server.await.expect("served")[0].head;
    assert!(
        head.starts_with("POST /proxy/v25.0/205300400500601/messages "),
        "{head}"
    );
}

#[rstest]
#[case::gateway(502, "<html>bad gateway</html>")]
#[case::gateway_timeout(504, "")]
#[case::proxy_timeout(524, "")]
#[case::garbage(200, "<html>welcome to the hotel</html>")]
#[case::empty(200, "")]
#[case::no_id(200, r#"{"messages":[{}]}"#)]
#[case::odd_id(200, r#"{"messages":[{"id":{"a":1}}]}"#)]
#[case::no_list(200, r#"{"messages":7}"#)]
#[case::array(200, "[]")]
#[tokio::test]
async fn answers_that_leave_doubt(#[case] status: u16, #[case] body: &str) {
    let got = outcome(Reply::answer(status, "", body)).await;
    assert!(matches!(got, SendOutcome::Unknown(_)), "{got:?}");
}

#[tokio::test]
async fn a_lost_or_endless_answer_leaves_doubt() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"messages\":".to_vec();
    let endless = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",
        " ".repeat(300 * 1024)
    )
    .into_bytes();
    let nonsense = b"SMTP ready\r\n\r\n".to_vec();
    for reply in [
        Reply::HangUp,
        Reply::Reset,
        Reply::Bytes(cut),
        Reply::Bytes(endless),
        Reply::Bytes(nonsense),
    ] {
        let got = outcome(reply).await;
        assert!(matches!(got, SendOutcome::Unknown(_)), "{got:?}");
    }
}

#[rstest]
#[case(408, ErrorClass::Transient)]
#[case(429, ErrorClass::Throttle)]
#[case(400, ErrorClass::Permanent)]
#[case(404, ErrorClass::Permanent)]
#[case(401, ErrorClass::Auth)]
#[case(403, ErrorClass::Auth)]
#[case(302, ErrorClass::Config)]
#[tokio::test]
async fn a_status_without_envelope_speaks_for_itself(#[case] status: u16, #[case] class: ErrorClass) {
    for body in [
        "",
        "<html></html>",
        r#"{"error":"no"}"#,
        r#"{"error":{"message":"no code"}}"#,
    ] {
        assert_eq!(class_of_answer(status, body).await, class, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_in_the_providers_own_words_is_tried_again_one_without_leaves_doubt() {
    for body in [r#"{"error":"no"}"#, r#"{"error":{"message":"no code"}}"#] {
        assert_eq!(class_of_answer(500, body).await, ErrorClass::Transient, "{body}");
    }
    for body in ["", "<html></html>", "{}", "[1]"] {
        // The simulator's `error_after_accept`: taken, then 500. A second try would be a second message.
        let got = outcome(Reply::answer(500, "", body)).await;
        assert!(matches!(got, SendOutcome::Unknown(_)), "{body}: {got:?}");
        let got = outcome(Reply::answer(503, "", body)).await;
        assert!(matches!(got, SendOutcome::NotSent(_)), "{body}: {got:?}");
    }
}

#[tokio::test]
async fn an_envelope_decides_whatever_the_status() {
    let envelope = json!({"error": {
        "message": "(#131047) Re-engagement message", "code": 131_047, "error_data": {"details": "24 hours"},
    }});
    for status in [200, 400, 500, 502, 504] {
        match outcome(Reply::answer(status, "", &envelope.to_string())).await {
            SendOutcome::Refused(error) => {
                assert_eq!(error.class, ErrorClass::Window);
                assert_eq!(
                    (error.code.as_str(), error.title.as_str()),
                    ("131047", "Re-engagement message")
                );
                assert_eq!(error.detail, "24 hours");
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[rstest]
#[case(
    r#"{"error":{"code":424242,"is_transient":true}}"#,
    400,
    ErrorClass::Transient
)]
#[case(r#"{"error":{"code":424242}}"#, 400, ErrorClass::Permanent)]
#[case(r#"{"error":{"code":424242}}"#, 500, ErrorClass::Transient)]
#[case(r#"{"error":{"code":"190"}}"#, 401, ErrorClass::Auth)]
#[case(r#"{"error":{"code":100,"error_subcode":33}}"#, 400, ErrorClass::Config)]
#[case(r#"{"error":{"code":-1}}"#, 400, ErrorClass::Permanent)]
#[tokio::test]
async fn codes_that_no_table_has(#[case] body: &str, #[case] status: u16, #[case] class: ErrorClass) {
    assert_eq!(class_of_answer(status, body).await, class);
}

#[rstest]
#[case("7", Some(7))]
#[case("999999", Some(3600))]
#[case("soon", None)]
#[tokio::test]
async fn retry_after_is_passed_on_within_reason(#[case] header: &str, #[case] seconds: Option<u64>) {
    let headers = format!("retry-after: {header}\r\n");
    for body in ["", r#"{"error":{"code":130429}}"#] {
        match outcome(Reply::answer(429, &headers, body)).await {
            SendOutcome::Refused(error) => {
                assert_eq!(error.class, ErrorClass::Throttle);
                assert_eq!(error.retry_after, seconds.map(Duration::from_secs));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_estimated_wait_counts_where_no_other_is_given() {
    let usage =
        r#"x-business-use-case-usage: {"1":[{"type":"whatsapp","estimated_time_to_regain_access":3}]}"#;
    for (headers, seconds) in [(usage.to_owned(), 180), (format!("{usage}\r\nretry-after: 5"), 5)] {
        let reply = Reply::answer(400, &format!("{headers}\r\n"), r#"{"error":{"code":80007}}"#);
        match outcome(reply).await {
            SendOutcome::Refused(error) => assert_eq!(error.retry_after, Some(Duration::from_secs(seconds))),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    for base in [base.as_str(), "http://no-such-host.invalid"] {
        let got = WhatsappCloud
            .send(&http(), &access(base), &request(Content::text("hi")))
            .await;
        assert!(matches!(got, SendOutcome::NotSent(_)), "{base}: {got:?}");
    }
    // A server that speaks no TLS: the handshake fails before the request.
    let (base, server) = serve_garbage().await;
    let got = WhatsappCloud
        .send(&http(), &access(&base), &request(Content::text("hi")))
        .await;
    assert!(matches!(got, SendOutcome::NotSent(_)), "{got:?}");
    server.abort();
}

#[tokio::test]
async fn a_connection_that_is_never_made_sends_nothing() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a free port");
    // Nobody accepts: once the queue is full, the kernel leaves further connections hanging.
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let wait = Duration::from_millis(100);
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(wait, tokio::net::TcpStream::connect(address)).await {
        queued.push(stream);
        assert!(queued.len() < 100, "the queue never fills");
    }
    drop(http());
    let http = reqwest::Client::builder()
        .connect_timeout(wait)
        .build()
        .expect("a client");
    let got = WhatsappCloud
        .send(
            &http,
            &access(&format!("http://{address}")),
            &request(Content::text("hi")),
        )
        .await;
    assert!(matches!(got, SendOutcome::NotSent(_)), "{got:?}");
}

#[tokio::test]
async fn a_lost_answer_on_a_used_connection_is_never_asked_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let access = access(&format!("http://{}", listener.local_addr().expect("an address")));
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        crate::support::read_request(&mut stream).await;
        let body = r#"{"messages":[{"id":"wamid.FIRST"}]}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes())
            .await
            .expect("written");
        crate::support::read_request(&mut stream).await;
        drop(stream);
        listener
    });
    let http = http();
    let request = request(Content::text("hi"));
    let first = WhatsappCloud.send(&http, &access, &request).await;
    assert!(matches!(first, SendOutcome::Accepted { .. }), "{first:?}");
    let second = WhatsappCloud.send(&http, &access, &request).await;
    assert!(matches!(second, SendOutcome::Unknown(_)), "{second:?}");
    let listener = server.await.expect("two requests on one connection");
    let third = futures_util::FutureExt::now_or_never(listener.accept());
    assert!(third.is_none(), "the second request was repeated");
}

async fn serve_garbage() -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("https://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"not TLS at all").await;
        }
    });
    (base, task)
}

#[tokio::test]
async fn wrong_settings_stop_the_channel_and_show_no_secret() {
    let mut odd_token = access("http://127.0.0.1:1");
    odd_token
        .secrets
        .insert("access_token".into(), "line\nbreak".into());
    for access in [access("ftp://x"), access("http://u:p@127.0.0.1:1"), odd_token] {
        match WhatsappCloud
            .send(&http(), &access, &request(Content::text("hi")))
            .await
        {
            SendOutcome::Refused(error) => {
                assert_eq!(error.class, ErrorClass::Config);
                assert!(!format!("{error:?}").contains("line"), "{error:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn reading_is_reported_and_its_failure_too() {
    let (base, server) = serve(vec![
        Reply::answer(200, "", r#"{"success":true}"#),
        Reply::answer(
            400,
            "",
            r#"{"error":{"code":131009,"message":"no such message"}}"#,
        ),
        Reply::HangUp,
    ])
    .await;
    let (http, access) = (http(), access(&base));
    let mark = || WhatsappCloud.mark_read(&http, &access, "wamid.IN1");
    assert_eq!(mark().await, Ok(()));
    assert_eq!(mark().await.expect_err("refused").class, ErrorClass::Permanent);
    assert_eq!(mark().await.expect_err("lost").class, ErrorClass::Transient);
    let asked = server.await.expect("served");
    let wanted = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"});
    assert_eq!(asked[0].body, wanted);
}

/// The checks as `name: ok`.
pub async fn checks(
    replies: Vec<Reply>,
    change: impl Fn(&mut frontdesk::channels::ChannelAccess),
) -> Vec<String> {
    let (base, server) = serve(replies).await;
    let mut access = access(&base);
    change(&mut access);
    let checks = WhatsappCloud.test_connection(&http(), &access).await;
    server.abort();
    checks
        .iter()
        .map(|check| format!("{}: {} {}", check.name, check.ok, check.detail))
        .collect()
}

#[tokio::test]
async fn the_connection_test_says_what_to_do() {
    let number = String::from_utf8(fixture("answer-number.json")).expect("text");
    let apps = r#"{"data":[{"whatsapp_business_api_data":{"id":"42"}}]}"#;
    let good = || vec![Reply::answer(200, "", &number), Reply::answer(200, "", apps)];

    let all = checks(good(), |_| {}).await;
    assert!(
        all.len() >= 5 && all.iter().all(|check| check.contains(": true ")),
        "{all:#?}"
    );

    let other_number = checks(good(), |access| {
        access
            .settings
            .insert("display_phone_number".into(), "+1 555 000 1111".into());
    });
    assert!(
        other_number
            .await
            .iter()
            .any(|check| check.starts_with("phone_number: false"))
    );

    let other_app = checks(good(), |access| {
        drop(access.settings.insert("app_id".into(), "43".into()))
    })
    .await;
    assert!(
        other_app.iter().any(|check| check.starts_with("webhooks: false")),
        "{other_app:#?}"
    );

    let no_app = vec![
        Reply::answer(200, "", &number),
        Reply::answer(200, "", r#"{"data":[]}"#),
    ];
    assert!(
        checks(no_app, |_| {})
            .await
            .iter()
            .any(|check| check.starts_with("webhooks: false"))
    );

    let expired = r#"{"error":{"code":190,"error_subcode":463,"message":"Session has expired"}}"#;
    let expired = checks(vec![Reply::answer(401, "", expired)], |_| {}).await;
    assert!(
        expired
            .last()
            .is_some_and(|check| check.starts_with("access_token: false")),
        "{expired:#?}"
    );
    assert!(
        expired
            .last()
            .is_some_and(|check| check.contains("Reconnect the channel")),
        "{expired:#?}"
    );

    let unset = checks(vec![], |access| drop(access.settings.remove("phone_number_id"))).await;
    assert_eq!(unset.len(), 1, "{unset:#?}");
    assert!(unset[0].starts_with("settings: false"), "{unset:#?}");
}
