//! The program with a channel of each provider: bodies are posted to it, and read again through the API.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::bodies::{Body, Source, pairs};
use crate::common::webhook::{add_channel, wait_for};
use crate::common::{Answer, TestApp};

pub const NUMBER: &str = "106540352242922";
/// What `add_channel` makes of the number.
pub const ACCOUNT: &str = "9106540352242922";
pub const INSTAGRAM: &str = "17841400000000077";
const SECRET: &str = "a-secret-of-the-test";
/// Longest time until a body is acknowledged (issue 4).
const SOON: Duration = Duration::from_secs(1);

pub struct Desk {
    app: TestApp,
    twilio: String,
    dialog360: String,
}

/// What the API shows after the bodies were worked in.
pub struct Shown {
    /// By the provider's id.
    pub messages: BTreeMap<String, Vec<Value>>,
    pub notices: Vec<Value>,
    /// Why raw events are parked.
    pub parked: Vec<String>,
    conversations: BTreeMap<String, Value>,
}

impl Desk {
    pub async fn open() -> Self {
        let app = TestApp::start().await;
        let owner = &app.a.owner;
        add_channel(owner, "whatsapp_cloud", NUMBER, SECRET).await;
        let instagram = json!({"provider": "instagram", "name": "I",
            "settings": {"ig_id": INSTAGRAM, "api_base": "http://127.0.0.1:9"},
            "secrets": {"access_token": "t", "app_secret": SECRET, "verify_token": "v"}});
        owner.post("/api/v1/channels", &instagram).await.expect(201);
        let twilio = json!({"provider": "twilio", "name": "T",
            "settings": {"account_sid": "AC00112233445566778899aabbccddeeff", "from": "+14155550100",
                "api_base": "http://127.0.0.1:9"},
            "secrets": {"auth_token": SECRET}});
        let twilio = owner.post("/api/v1/channels", &twilio).await.expect(201);
        let dialog360 = json!({"provider": "dialog360", "name": "D",
            "settings": {"display_phone_number": "+254700555010", "api_base": "http://127.0.0.1:9"},
            "secrets": {"api_key": "k", "webhook_secret": SECRET}});
        let dialog360 = owner.post("/api/v1/channels", &dialog360).await.expect(201);
        let id = |channel: &Value| channel["id"].as_str().expect("an id").to_owned();
        Self {
            twilio: id(&twilio),
            dialog360: id(&dialog360),
            app,
        }
    }

    /// Posts a body and says what is wrong with the answer.
    pub async fn post(&self, body: &Body) -> Option<String> {
        let began = Instant::now();
        let status = self.send(body.source, body.bytes()).await;
        match (status, began.elapsed()) {
            (200, took) if took <= SOON => None,
            (status, took) => Some(format!("{}: answered {status} after {took:?}", body.name)),
        }
    }

    /// Posts bytes with a signature that fits; gives the status of the answer.
    pub async fn send(&self, source: Source, bytes: Vec<u8>) -> u16 {
        let signed = match source {
            Source::Whatsapp => meta(self.to("/webhooks/whatsapp"), &bytes),
            Source::Instagram => meta(self.to("/webhooks/instagram"), &bytes),
            Source::Twilio => self.twilio(&bytes),
            Source::Dialog360 => self
                .to(&format!("/webhooks/360dialog/{}", self.dialog360))
                .header("authorization", format!("Bearer {SECRET}")),
        };
        Answer::of(signed.body(bytes)).await.status
    }

    /// Posts bytes with this in the place of the signature; gives the status of the answer.
    pub async fn send_forged(&self, source: Source, signature: &str, bytes: Vec<u8>) -> u16 {
        let (path, header) = match source {
            Source::Whatsapp => ("/webhooks/whatsapp".to_owned(), "x-hub-signature-256"),
            Source::Instagram => ("/webhooks/instagram".to_owned(), "x-hub-signature-256"),
            Source::Twilio => (format!("/webhooks/twilio/{}", self.twilio), "x-twilio-signature"),
            Source::Dialog360 => (
                format!("/webhooks/360dialog/{}", self.dialog360),
                "x-360dialog-signature",
            ),
        };
        Answer::of(self.to(&path).header(header, signature).body(bytes))
            .await
            .status
    }

    pub fn twilio_path(&self) -> String {
        format!("/webhooks/twilio/{}", self.twilio)
    }

    /// Asks with a query; gives the status of the answer.
    pub async fn ask(&self, method: Method, path: &str, query: &[(String, String)]) -> u16 {
        let mut request = self
            .app
            .stranger
            .request(method, path)
            .build()
            .expect("a request");
        request.url_mut().query_pairs_mut().extend_pairs(query);
        let answer = self.app.stranger.http.execute(request).await;
        answer.expect("an answer").status().as_u16()
    }

    fn to(&self, path: &str) -> RequestBuilder {
        self.app.stranger.request(Method::POST, path)
    }

    fn twilio(&self, form: &[u8]) -> RequestBuilder {
        let path = self.twilio_path();
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("any length");
        mac.update(format!("http://desk.example{path}").as_bytes());
        let mut all: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (name, value) in decoded(form) {
            all.entry(name).or_default().insert(value);
        }
        for (name, values) in all {
            for value in values {
                mac.update(&name);
                mac.update(&value);
            }
        }
        let signature = base64(&mac.finalize().into_bytes());
        self.to(&path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
    }

    /// Everything that the API shows once nothing waits any more.
    pub async fn shown(&self) -> Shown {
        let owner = &self.app.a.owner;
        let worked_in = |list: &Value| list["items"].as_array().is_some_and(Vec::is_empty);
        wait_for(owner, "/api/v1/raw-events?state=pending&limit=1", worked_in).await;
        let mut messages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut conversations = BTreeMap::new();
        for conversation in self.all("/api/v1/conversations?limit=100").await {
            let id = conversation["id"].as_str().expect("an id").to_owned();
            for mut message in self
                .all(&format!("/api/v1/conversations/{id}/messages?limit=100"))
                .await
            {
                let provider_id = message["provider_message_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                // Fetching goes on by itself.
                message.as_object_mut().expect("an object").remove("media");
                messages.entry(provider_id).or_default().push(message);
            }
            conversations.insert(id, conversation);
        }
        let parked = self.all("/api/v1/raw-events?state=parked&limit=100").await;
        let parked = parked.iter().map(|raw| raw["error"].to_string()).collect();
        Shown {
            messages,
            notices: self.all("/api/v1/notices?limit=100").await,
            parked,
            conversations,
        }
    }

    /// Every item of a list.
    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), path.to_owned());
        loop {
            let page = self.app.a.owner.get(&next).await.expect(200);
            all.extend(page["items"].as_array().expect("a list").iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else {
                return all;
            };
            next = format!("{path}&cursor={cursor}");
        }
    }
}

impl Shown {
    /// What a second delivery changed.
    pub fn differences(&self, again: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (id, messages) in &again.messages {
            if self.messages.get(id) != Some(messages) {
                found.push(format!(
                    "a second delivery changed {id}: {messages:?}, before {:?}",
                    self.messages.get(id)
                ));
            }
        }
        for (id, conversation) in &again.conversations {
            if self.conversations.get(id) != Some(conversation) {
                found.push(format!("a second delivery changed conversation {conversation}"));
            }
        }
        if self.notices.len() != again.notices.len() {
            found.push(format!(
                "a second delivery made {} notices of {}",
                again.notices.len(),
                self.notices.len()
            ));
        }
        found
    }
}

fn meta(request: RequestBuilder, bytes: &[u8]) -> RequestBuilder {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(bytes);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    request.header("x-hub-signature-256", format!("sha256={hex}"))
}

/// Names and values of a form as bytes, decoded as Twilio's own libraries do before they sign.
fn decoded(form: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let parts = form.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let value = part.get(at + 1..).unwrap_or_default();
            (percent(&part[..at]), percent(value))
        })
        .collect()
}

fn percent(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex
            .filter(|hex| text[at] == b'%' && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(match (byte, text[at]) {
            (Some(byte), _) => byte,
            (None, b'+') => b' ',
            (None, other) => other,
        });
        at += if byte.is_some() { 3 } else { 1 };
    }
    bytes
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            text.push(match place <= chunk.len() {
                true => char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]),
                false => '=',
            });
        }
    }
    text
}

/// The parameters of a body of Twilio's, as a reader of forms sees them.
pub fn parameters(body: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in pairs(body) {
        all.entry(name).or_insert(value);
    }
    all
}
