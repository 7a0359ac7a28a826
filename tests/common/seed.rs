//! A customer who wrote: a channel, and a signed webhook posted to the program as the provider would.

use std::collections::BTreeMap;
use std::time::Duration;

use frontdesk::actors::core::new_trace;
use frontdesk::channels::ProviderKind;
use frontdesk::domain::{Channel, ChannelId, Timestamp, WorkspaceId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Team, TestApp};

/// What a customer's message made.
pub struct Seed {
    pub channel: String,
    pub conversation: String,
    pub contact: String,
    pub message: String,
}

/// Something in the text of the message, to be looked for where it must not be.
pub fn marker(number: &str) -> String {
    format!("marzipan {number}")
}

/// Adds a channel with this `phone_number_id` to the team's workspace and lets a customer write to it.
pub async fn seed(app: &TestApp, team: &Team, number: &str) -> Seed {
    let me = team.owner.get("/api/v1/me").await.expect(200);
    let workspace: WorkspaceId = me["workspace"]["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a workspace");
    let channel = add_channel(app, workspace, number).await;
    post_message(app, number).await;
    let conversation = first_conversation(app, team).await;
    Seed {
        channel: channel.to_string(),
        conversation: text(&conversation["id"]),
        contact: text(&conversation["contact"]["id"]),
        message: text(&conversation["last_message"]["id"]),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn add_channel(app: &TestApp, workspace: WorkspaceId, number: &str) -> ChannelId {
    let channel = Channel {
        id: ChannelId::from_uuid(uuid::Uuid::now_v7()),
        provider: ProviderKind::WhatsappCloud as u8,
        name: format!("Shop {number}"),
        // Nobody listens there: what is sent stays on its way.
        settings: map(&[
            ("phone_number_id", number),
            ("waba_id", &format!("9{number}")),
            ("display_phone_number", "+15550001111"),
            ("api_base", "http://127.0.0.1:9"),
        ]),
        secrets: map(&[
            ("access_token", "token"),
            ("app_secret", &format!("secret of {number}")),
            ("verify_token", &format!("verify {number}")),
        ]),
        paused: false,
        blocked: None,
        created_at: Timestamp(1_790_000_000_000_000),
        version: 1,
    };
    let (house, id) = (&app.app.house, channel.id);
    let added = house
        .core
        .registry
        .add(workspace, channel, house.core.clock.now(), new_trace())
        .await;
    added.expect("a new channel");
    house.attach(id).await;
    id
}

async fn post_message(app: &TestApp, number: &str) {
    let now = app.app.house.core.clock.now().0 / 1_000_000;
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": format!("9{number}"), "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550001111", "phone_number_id": number },
            "contacts": [{ "profile": { "name": format!("Customer of {number}") }, "wa_id": "15550002222" }],
            "messages": [{ "from": "15550002222", "id": format!("wamid.{number}"), "timestamp": now.to_string(),
                           "type": "text", "text": { "body": marker(number) } }],
        },
    }] }] });
    let body = body.to_string();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(format!("secret of {number}").as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    let signature: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let request = app.stranger.request(reqwest::Method::POST, "/webhooks/whatsapp");
    let request = request
        .header("x-hub-signature-256", format!("sha256={signature}"))
        .body(body);
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn first_conversation(app: &TestApp, team: &Team) -> Value {
    let mut events = app.app.house.core.store.watch_events();
    let found = async {
        loop {
            let page = team.owner.get("/api/v1/conversations").await.expect(200);
            if page["items"][0]["last_message"].is_object() {
                return page["items"][0].clone();
            }
            events.changed().await.expect("the store is open");
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found)
        .await
        .expect("the message is worked in")
}
