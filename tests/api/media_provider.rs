//! A provider that answers badly: addresses that lead inside, redirections, sizes that are not true, no end of bytes. None
//! of it reaches where it must not, and the message says why there is no file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::TestApp;
use crate::common::webhook::{entry, post, wait_for};

const SECRET: &str = "of-the-provider";
const NUMBER: &str = "3003";

/// What the provider answers to `GET /v23.0/{media id}`, and to `GET /bytes/…`.
fn answer(path: &str, base: &str, inside: &str) -> String {
    let located = |url: String, more: Value| {
        let mut body =
            json!({ "messaging_product": "whatsapp", "id": "1", "mime_type": "text/plain", "url": url });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let body = body.to_string();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let bytes = |body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let name = path
        .split(['/', '?'])
        .find(|part| part.starts_with("m-"))
        .unwrap_or_default();
    match (path.starts_with("/bytes/"), name) {
        (false, "m-inside") => located(format!("{inside}/secret"), json!({})),
        (false, "m-metadata") => located("http://169.254.169.254/latest".into(), json!({})),
        (false, "m-file") => located("file:///etc/passwd".into(), json!({})),
        (false, "m-huge") => located(format!("{base}/bytes/m-huge"), json!({})),
        (false, name) => located(
            format!("{base}/bytes/{name}"),
            json!({ "file_size": if name == "m-liar" { 999 } else { 4 } }),
        ),
        (true, "m-redirect") => format!(
            "HTTP/1.1 302 Found\r\nlocation: {inside}/secret\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ),
        (true, "m-huge") => format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\nx",
            5u64 << 30
        ),
        (true, _) => bytes("file"),
    }
}

/// Serves; answers its address and how often it was asked.
async fn serve(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicU32::new(0));
    let (counter, own, answer) = (asked.clone(), base.clone(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (answer, own) = (answer.clone(), own.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                // Whoever asked may have gone.
                let _gone = stream.write_all(answer(&path, &own).as_bytes()).await;
            });
        }
    });
    (base, asked)
}

#[actix_web::test]
async fn nothing_that_a_provider_says_leads_inside() {
    let app = TestApp::start().await;
    let owner = &app.a.owner;
    let (inside, reached) = serve(|_, _| "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret".into()).await;
    let (base, _) = serve(move |path, base| answer(path, base, &inside)).await;
    let channel = json!({
        "provider": "whatsapp_cloud", "name": "Shop",
        "settings": {"phone_number_id": NUMBER, "waba_id": format!("9{NUMBER}"), "display_phone_number": "+15550001111",
            "api_base": base},
        "secrets": {"access_token": "token", "app_secret": SECRET, "verify_token": "verify"},
    });
    owner.post("/api/v1/channels", &channel).await.expect(201);
    let names = [
        "m-fine",
        "m-inside",
        "m-metadata",
        "m-file",
        "m-redirect",
        "m-liar",
        "m-huge",
    ];
    for name in names {
        let mut entry = entry(NUMBER, &format!("wamid.{name}"), "");
        let message = &mut entry["changes"][0]["value"]["messages"][0];
        message["type"] = json!("document");
        message["document"] = json!({ "id": name, "filename": "a.txt", "mime_type": "text/plain" });
        post(&app, SECRET, &[entry]).await;
    }
    let list = wait_for(owner, "/api/v1/conversations", |page| {
        page["items"][0]["unread"] == names.len()
    })
    .await;
    let path = format!(
        "/api/v1/conversations/{}/messages",
        list["items"][0]["id"].as_str().expect("an id")
    );
    let of = |page: &Value, name: &str| -> Value {
        let items = page["items"].as_array().expect("a list");
        let found = items
            .iter()
            .find(|item| item["provider_message_id"] == format!("wamid.{name}"));
        found.expect("every message is there")["media"][0].clone()
    };
    let page = wait_for(owner, &path, |page| {
        let tried =
            |name: &&str| of(page, name)["state"] != "pending" || of(page, name)["reason"].is_string();
        names.iter().all(tried)
    })
    .await;
    let table = [
        ("m-fine", "stored", ""),
        ("m-inside", "refused", "address that is not called"),
        ("m-metadata", "refused", "address that is not called"),
        ("m-file", "refused", "address that is not called"),
        ("m-redirect", "pending", "302"),
        ("m-liar", "pending", "size differs"),
        ("m-huge", "refused", "larger than"),
    ];
    for (name, state, why) in table {
        let media = of(&page, name);
        assert_eq!(media["state"], state, "{name}: {media}");
        assert!(
            media["reason"].as_str().unwrap_or_default().contains(why),
            "{name}: {media}"
        );
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0, "nobody was called inside");
}
