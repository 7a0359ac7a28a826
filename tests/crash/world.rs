//! What the tests ask the program about: channel, conversations, messages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::meta::{NUMBER, SECRET, TOKEN, VERIFY, WABA};

/// Connects the number; messages go to `api_base`.
pub async fn add_channel(owner: &Client, api_base: &str) -> Value {
    let channel = json!({
        "provider": "whatsapp_cloud", "name": "Shop",
        "settings": { "phone_number_id": NUMBER, "waba_id": WABA, "display_phone_number": "+15550001111",
                      "api_base": api_base },
        "secrets": { "access_token": TOKEN, "app_secret": SECRET, "verify_token": VERIFY },
    });
    owner.post("/api/v1/channels", &channel).await.expect(201)
}

/// All items of a list, page by page.
pub async fn all(owner: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = owner.get(&format!("{path}?limit=100{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// The conversations' ids by the customer's number, once something was said there. Fails if somebody has two.
pub async fn conversations(owner: &Client) -> BTreeMap<String, String> {
    let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for item in all(owner, "/api/v1/conversations").await {
        let identities = item["contact"]["identities"].as_array().expect("a list");
        let number = identities
            .iter()
            .find(|identity| identity["kind"] == "whatsapp_id");
        let number = string(&number.expect("a number")["value"]);
        let number = number.trim_start_matches('+').to_owned();
        assert!(seen.insert(number.clone()), "{number} has two conversations");
        if item["last_message"].is_object() {
            found.insert(number, string(&item["id"]));
        }
    }
    found
}

/// A conversation's messages, oldest first.
pub async fn messages(owner: &Client, conversation: &str) -> Vec<Value> {
    let mut found = all(owner, &format!("/api/v1/conversations/{conversation}/messages")).await;
    found.reverse();
    found
}

/// The texts that came in, in order.
pub fn texts(messages: &[Value], direction: &str) -> Vec<String> {
    messages
        .iter()
        .filter(|message| message["direction"] == direction)
        .map(|message| string(&message["text"]["body"]))
        .collect()
}

pub fn string(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Asks again and again until there is an answer. The program is another process: there is nothing else to wait for.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + Duration::from_secs(40);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "no {what} in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Posts a reply under an idempotency key; `None` if there was no answer or it is not the time.
pub async fn try_reply(owner: &Client, conversation: &str, key: &str, body: &str) -> Option<Value> {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = owner
        .request(reqwest::Method::POST, &path)
        .header("idempotency-key", key)
        .json(&json!({ "type": "text", "text": { "body": body } }));
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    assert!(status == 202 || status == 503, "{status} {text}");
    (status == 202).then(|| serde_json::from_str(&text).expect("JSON"))
}
