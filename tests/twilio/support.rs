//! What the tests of this provider share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frontdesk::channels::twilio::Twilio;
use frontdesk::channels::{Address, ChannelAccess, Provider, WebhookRequest};
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::inbound::Inbound;
use frontdesk::domain::outbound::SendRequest;
use frontdesk::domain::{Content, ConversationId, MessageId};
use serde_json::Value;

use crate::wire;

pub const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
pub const TOKEN: &str = "a-token-of-our-own";

/// The provider contract, where it lies beside the checkout.
pub fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("contracts/twilio"))
        .find(|folder| folder.is_dir())
}

/// The JSON files of a folder, by name and read.
pub fn json_files(folder: &Path) -> Vec<(String, Value)> {
    let files = wire::json_files(folder).into_iter();
    files.map(|(name, bytes)| (name, wire::json(&bytes))).collect()
}

/// Whether the adapter takes a signature; the URL may carry a query.
pub fn fits(token: &str, url: &str, body: &[u8], by_get: bool, signature: &str) -> bool {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let request = WebhookRequest {
        query,
        header: &|name| (name == "x-twilio-signature").then_some(signature),
        by_get,
        body,
    };
    Twilio.signature_fits(&token.into(), base, &request)
}

/// The items of a body, which always stand under the address that it was posted to.
pub fn items(body: &[u8]) -> Vec<Inbound> {
    let mut deliveries = Twilio.parse(body).expect("a delivery");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].address, Address::Posted);
    deliveries.remove(0).items
}

/// A form-encoded body, by the same crate that browsers' forms are read with.
pub fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut url = reqwest::Url::parse("http://x.example").expect("a URL");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().as_bytes().to_vec()
}

pub fn message_id() -> MessageId {
    MessageId {
        conversation: ConversationId([0xAB; 16]),
        n: 7,
    }
}

pub fn request(content: Content) -> SendRequest {
    SendRequest {
        message: message_id(),
        to: vec![Identity::new(IdentityKind::Phone, "+14155550123")],
        content,
        reply_to: None,
        outside_window: false,
        identity_hash: None,
    }
}

pub fn access(from: &str, base: &str) -> ChannelAccess {
    let settings: BTreeMap<String, String> = [("account_sid", ACCOUNT), ("from", from), ("api_base", base)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    ChannelAccess {
        settings,
        secrets: [("auth_token".to_owned(), TOKEN.into())].into(),
        webhook_url: "https://desk.example/webhooks/twilio/ch_1".to_owned(),
    }
}
