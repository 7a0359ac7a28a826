//! What the tests of this provider share.

use std::path::{Path, PathBuf};

use frontdesk::channels::instagram::Instagram;
use frontdesk::channels::{ChannelAccess, Provider};
use frontdesk::domain::identity::{Identity, IdentityKind};
use frontdesk::domain::inbound::{Inbound, InboundMessage};
use frontdesk::domain::outbound::SendRequest;
use frontdesk::domain::{Content, ConversationId, MessageId};
use serde_json::{Value, json};

/// The account of all samples here.
pub const ACCOUNT: &str = "17840000000000777";
/// A customer of it.
pub const CUSTOMER: &str = "8800000000000042";

/// The provider contract, where it lies beside the checkout.
pub fn contract() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join("contracts/instagram"))
        .find(|folder| folder.is_dir())
}

/// A body with one event of a conversation.
pub fn body(event: Value) -> Value {
    let mut event = event;
    let fields = event.as_object_mut().expect("an object");
    fields.entry("sender").or_insert(json!({ "id": CUSTOMER }));
    fields.entry("recipient").or_insert(json!({ "id": ACCOUNT }));
    fields.entry("timestamp").or_insert(json!(1_792_400_111_222_i64));
    json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1_792_400_112_000_i64, "messaging": [event]}]})
}

/// A body with one change.
pub fn change(field: &str, value: Value) -> Value {
    json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1_792_400_112,
        "changes": [{"field": field, "value": value}]}]})
}

/// Everything that a body says to the account.
pub fn items(body: &Value) -> Vec<Inbound> {
    let deliveries = Instagram.parse(body.to_string().as_bytes()).expect("a body");
    deliveries
        .into_iter()
        .flat_map(|delivery| delivery.items)
        .collect()
}

/// The one message that a body brings.
pub fn message(body: &Value) -> InboundMessage {
    match items(body).as_slice() {
        [Inbound::Message(message)] => message.clone(),
        other => panic!("no single message: {other:#?}"),
    }
}

pub fn content(kind: &str, body: Value) -> Content {
    Content {
        kind: kind.to_owned(),
        body,
    }
}

/// A request to a customer.
pub fn request(content: Content) -> SendRequest {
    SendRequest {
        message: MessageId {
            conversation: ConversationId([0xAB; 16]),
            n: 7,
        },
        to: vec![
            Identity::new(IdentityKind::Username, "amina.o"),
            Identity::new(IdentityKind::InstagramId, CUSTOMER),
        ],
        content,
        reply_to: None,
        outside_window: false,
        identity_hash: None,
    }
}

/// Complete settings and secrets for an API at `base`.
pub fn access(login: &str, base: &str) -> ChannelAccess {
    let settings = [
        ("ig_id", ACCOUNT),
        ("page_id", "104000000000777"),
        ("login", login),
        ("api_base", base),
    ];
    let secrets = [
        ("access_token", "IGtest"),
        ("app_secret", "app-secret"),
        ("verify_token", "verify me"),
    ];
    ChannelAccess {
        settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        secrets: secrets.map(|(k, v)| (k.to_owned(), v.into())).into(),
        webhook_url: String::new(),
    }
}
