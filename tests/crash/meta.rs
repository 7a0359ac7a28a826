//! What Meta posts: signed deliveries about one number.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub const NUMBER: &str = "205300400500601";
pub const WABA: &str = "104200300400501";
pub const TOKEN: &str = "EAATESTTOKEN";
pub const SECRET: &str = "meta_app_secret_for_tests";
pub const VERIFY: &str = "choose-a-long-random-string";

/// The provider's time for what is new.
fn now() -> String {
    jiff::Timestamp::now().as_second().to_string()
}

/// A customer's text.
pub fn text(from: &str, id: &str, body: &str) -> Value {
    json!({ "from": from, "id": id, "timestamp": now(), "type": "text", "text": { "body": body } })
}

/// News of a message of ours.
pub fn status(id: &str, status: &str, recipient: &str) -> Value {
    json!({ "id": id, "status": status, "timestamp": now(), "recipient_id": recipient })
}

/// One delivery.
pub fn delivery(messages: &[Value], statuses: &[Value]) -> Vec<u8> {
    let contacts: Vec<Value> = messages
        .iter()
        .map(|message| json!({ "profile": { "name": "Amina" }, "wa_id": message["from"] }))
        .collect();
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001111", "phone_number_id": NUMBER },
    });
    if !messages.is_empty() {
        value["contacts"] = contacts.into();
        value["messages"] = messages.into();
    }
    if !statuses.is_empty() {
        value["statuses"] = statuses.into();
    }
    let change = json!({ "field": "messages", "value": value });
    let body =
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "changes": [change] }] });
    body.to_string().into_bytes()
}

pub fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(body);
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

/// Posts a delivery; whether it was acknowledged.
pub async fn post(http: &reqwest::Client, base: &str, body: &[u8]) -> bool {
    let request = http
        .post(format!("{base}/webhooks/whatsapp"))
        .header("x-hub-signature-256", signature(body))
        .header("content-type", "application/json")
        .body(body.to_vec());
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            // Anything else than these two would be a bug, whatever the moment.
            assert!(status == 200 || status == 503, "{status}");
            status == 200
        }
        // Dead, or not yet back.
        Err(_) => false,
    }
}

/// Posts it until it is acknowledged, as Meta does.
pub async fn deliver(http: &reqwest::Client, base: &str, body: &[u8]) {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !post(http, base, body).await {
        assert!(tokio::time::Instant::now() < until, "never acknowledged");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// A connection of its own.
pub fn connection() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(1)
        .timeout(std::time::Duration::from_secs(10));
    client.build().expect("a client")
}
