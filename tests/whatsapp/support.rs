//! What the tests of this provider share: fixtures, a small HTTP server, short ways to build things.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frontdesk::channels::whatsapp::WhatsappCloud;
use frontdesk::channels::{ChannelAccess, Provider, WebhookRequest};
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::outbound::SendRequest;
use frontdesk::domain::{Content, ConversationId, MessageId};
use secrecy::SecretString;
use serde_json::Value;

/// A fixture of our own.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/whatsapp")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every fixture of ours with this ending of its name's first part, e.g. `webhook`.
pub fn fixtures(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/whatsapp");
    let mut all = json_files(&folder);
    all.retain(|(name, _)| name.starts_with(prefix));
    assert!(!all.is_empty(), "no fixtures {prefix}*");
    all
}

/// The provider contract, where it lies beside the checkout.
pub fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("contracts/whatsapp-cloud"))
        .find(|folder| folder.is_dir())
}

/// The JSON files of a folder, by name.
pub fn json_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable file"))
        })
        .collect();
    files.sort();
    files
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

pub fn message_id() -> MessageId {
    MessageId {
        conversation: ConversationId([0xAB; 16]),
        n: 7,
    }
}

pub fn content(kind: &str, body: Value) -> Content {
    Content {
        kind: kind.to_owned(),
        body,
    }
}

/// A request to a customer with a number.
pub fn request(content: Content) -> SendRequest {
    SendRequest {
        message: message_id(),
        to: vec![Identity::new(IdentityKind::WhatsappId, "254711000234")],
        content,
        reply_to: None,
        outside_window: false,
    }
}

/// Whether the adapter takes the signature for that of the body.
pub fn signature_fits(secret: &SecretString, body: &[u8], header: &str) -> bool {
    let request = WebhookRequest {
        query: "",
        header: &|name| (name == "x-hub-signature-256").then_some(header),
        by_get: false,
        body,
    };
    WhatsappCloud.signature_fits(secret, "https://desk.example/webhooks/whatsapp", &request)
}

/// Complete settings and secrets for an API at `base`.
pub fn access(base: &str) -> ChannelAccess {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let secrets = text(&[
        ("access_token", "EAAJtest"),
        ("app_secret", "app-secret"),
        ("verify_token", "verify me"),
    ]);
    ChannelAccess {
        settings: text(&[
            ("phone_number_id", "205300400500601"),
            ("waba_id", "104200300400501"),
            ("api_base", base),
        ]),
        secrets: secrets.into_iter().map(|(k, v)| (k, v.into())).collect(),
        webhook_url: String::new(),
    }
}

/// What the small server does with its one connection.
pub enum Reply {
    /// Answers with these bytes and closes.
    Bytes(Vec<u8>),
    /// Hangs up after the request.
    HangUp,
    /// Resets the connection after the request.
    Reset,
}

impl Reply {
    /// A whole HTTP answer.
    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// One request as it came over the wire.
#[derive(Debug)]
pub struct Request {
    /// Request line and headers.
    pub head: String,
    pub body: Value,
}

/// Serves one connection after the other; gives the address and what was asked.
pub async fn serve(replies: Vec<Reply>) -> (String, tokio::task::JoinHandle<Vec<Request>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            requests.push(read_request(&mut stream).await);
            match reply {
                // A client that has heard enough may hang up first.
                Reply::Bytes(bytes) => drop(tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await),
                Reply::Reset => stream.set_zero_linger().expect("a socket"),
                Reply::HangUp => {}
            }
        }
        requests
    });
    (base, task)
}

pub async fn read_request(stream: &mut tokio::net::TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                let body = serde_json::from_str(body).unwrap_or(Value::Null);
                return Request {
                    head: head.to_owned(),
                    body,
                };
            }
        }
        let mut buffer = [0; 4096];
        let count = tokio::io::AsyncReadExt::read(stream, &mut buffer)
            .await
            .expect("a request");
        assert!(count > 0, "the client hung up early");
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// The provider's own client.
pub fn http() -> reqwest::Client {
    // Only the first call of a process installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    frontdesk::channels::http::http_client().expect("a client")
}
