//! Webhooks as the provider posts them, signed.

use std::time::Duration;

use frontdesk::clock::Clock;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answer, Client, TestApp};

/// Adds a channel of this number and app secret.
pub async fn add_channel(owner: &Client, provider: &str, number: &str, secret: &str) -> Value {
    let body = json!({
        "provider": provider, "name": format!("Shop {number}"),
        "settings": {"phone_number_id": number, "waba_id": format!("9{number}"),
            "display_phone_number": "+15550001111", "api_base": "http://127.0.0.1:9"},
        "secrets": {"access_token": format!("token-{number}"), "app_secret": secret, "verify_token": "verify"},
    });
    owner.post("/api/v1/channels", &body).await.expect(201)
}

/// One entry: a customer wrote `text` to `number`.
pub fn entry(number: &str, id: &str, text: &str) -> Value {
    let now = Clock::System.now().0 / 1_000_000;
    json!({"id": format!("9{number}"), "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": number},
        "contacts": [{"profile": {"name": "Customer"}, "wa_id": "15550002222"}],
        "messages": [{"from": "15550002222", "id": id, "timestamp": now.to_string(), "type": "text",
                      "text": {"body": text}}],
    }}]})
}

/// Posts a signed body and expects it to be taken.
pub async fn post(app: &TestApp, secret: &str, entries: &[Value]) {
    let body = json!({"object": "whatsapp_business_account", "entry": entries}).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let request = app.stranger.request(reqwest::Method::POST, "/webhooks/whatsapp");
    let request = request
        .header("x-hub-signature-256", format!("sha256={hex}"))
        .body(body);
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Reads an address until its answer is as wished.
pub async fn wait_for(client: &Client, path: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            let answer = client.get(path).await.expect(200);
            if wished(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(15), found).await;
    found.unwrap_or_else(|_| panic!("{path} did not become as wished"))
}
