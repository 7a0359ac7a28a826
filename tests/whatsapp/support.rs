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

pub use crate::wire::{Reply, http, json, json_files, read_request, serve};

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
        identity_hash: None,
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

/// Answers every request with what `answer` says for its first lines, for as long as the test runs.
pub async fn answering(answer: fn(&str) -> Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let asked = read_request(&mut stream).await;
            let Reply::Bytes(bytes) = Reply::answer(200, "", &answer(&asked.head).to_string()) else {
                continue;
            };
            drop(tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await);
        }
    });
    base
}
