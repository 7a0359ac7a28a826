//! A simulator with one number, and a receiver that keeps every webhook it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use frontdesk::sandbox::whatsapp::{
    Behaviour, Customer, CustomerMessage, Delays, NumberConfig, Simulator, SimulatorConfig, TemplateConfig,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::watch;

pub const NUMBER: &str = "205300400500601";
pub const WABA: &str = "104200300400501";
pub const TOKEN: &str = "EAATESTTOKEN";
pub const SECRET: &str = "meta_app_secret_for_tests";
pub const VERIFY: &str = "choose-a-long-random-string";
pub const AMINA: &str = "254711000234";

/// One delivery as it came over the wire.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub raw: Vec<u8>,
    pub body: Value,
}

#[derive(Default)]
struct Inbox {
    got: watch::Sender<Vec<Delivery>>,
    /// Deliveries to refuse with 500 first.
    refuse: AtomicU32,
    bad_signatures: AtomicU32,
}

/// The business's side.
pub struct Receiver {
    inbox: Arc<Inbox>,
    pub url: String,
    handle: ServerHandle,
}

fn signed(request: &HttpRequest, raw: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    mac.update(raw);
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let given = request
        .headers()
        .get("X-Hub-Signature-256")
        .and_then(|value| value.to_str().ok());
    given == Some(&format!("sha256={expected}"))
}

async fn take(inbox: web::Data<Inbox>, request: HttpRequest, raw: web::Bytes) -> HttpResponse {
    if request.method() == "GET" {
        let query =
            web::Query::<std::collections::HashMap<String, String>>::from_query(request.query_string())
                .expect("a query")
                .into_inner();
        let known = query["hub.verify_token"] == VERIFY && query["hub.mode"] == "subscribe";
        return if known {
            HttpResponse::Ok().body(query["hub.challenge"].clone())
        } else {
            HttpResponse::Forbidden().finish()
        };
    }
    if !signed(&request, &raw) {
        inbox.bad_signatures.fetch_add(1, Ordering::Relaxed);
        return HttpResponse::Forbidden().finish();
    }
    if inbox
        .refuse
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        return HttpResponse::InternalServerError().finish();
    }
    let body = serde_json::from_slice(&raw).expect("webhooks are JSON");
    inbox.got.send_modify(|got| {
        got.push(Delivery {
            raw: raw.to_vec(),
            body,
        })
    });
    HttpResponse::Ok().finish()
}

impl Receiver {
    pub fn start() -> Self {
        let inbox = Arc::new(Inbox::default());
        let data = web::Data::from(Arc::clone(&inbox));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(4 << 20))
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        let url = format!("http://{}/webhooks/whatsapp", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { inbox, url, handle }
    }

    pub fn refuse_next(&self, deliveries: u32) {
        self.inbox.refuse.store(deliveries, Ordering::Relaxed);
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inbox.got.borrow().clone()
    }

    /// Waits until `enough` says so about all deliveries so far.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut got = self.inbox.got.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(10), got.wait_for(|got| enough(got))).await;
        match waited {
            Ok(got) => got.expect("the receiver lives").clone(),
            Err(_) => panic!("no {what} within 10 s; got {:#?}", self.deliveries()),
        }
    }

    pub async fn statuses(&self, count: usize) -> Vec<Value> {
        let got = self
            .until(&format!("{count} statuses"), |got| {
                items(got, "statuses").len() >= count
            })
            .await;
        items(&got, "statuses")
    }

    pub async fn messages(&self, count: usize) -> Vec<Value> {
        let got = self
            .until(&format!("{count} messages"), |got| {
                items(got, "messages").len() >= count
            })
            .await;
        items(&got, "messages")
    }

    pub async fn changes(&self, field: &str, count: usize) -> Vec<Value> {
        let of = |got: &[Delivery]| -> Vec<Value> {
            values(got)
                .into_iter()
                .filter(|change| change["field"] == field)
                .map(|change| change["value"].clone())
                .collect()
        };
        of(&self
            .until(&format!("{count} {field}"), |got| of(got).len() >= count)
            .await)
    }

    pub fn bad_signatures(&self) -> u32 {
        self.inbox.bad_signatures.load(Ordering::Relaxed)
    }

    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

pub fn values(got: &[Delivery]) -> Vec<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    got.iter()
        .flat_map(|delivery| list(&delivery.body["entry"]))
        .flat_map(|entry| list(&entry["changes"]))
        .collect()
}

/// All `statuses` or `messages` in order of arrival.
pub fn items(got: &[Delivery], name: &str) -> Vec<Value> {
    values(got)
        .iter()
        .flat_map(|change| change["value"][name].as_array().cloned().unwrap_or_default())
        .collect()
}

/// The simulator, its receiver and a client.
pub struct Stage {
    pub simulator: Simulator,
    pub receiver: Receiver,
    pub client: reqwest::Client,
}

pub fn number(url: &str) -> NumberConfig {
    NumberConfig {
        access_token: TOKEN.to_owned(),
        app_secret: SECRET.to_owned(),
        verify_token: VERIFY.to_owned(),
        webhook_url: Some(url.to_owned()),
        ..NumberConfig::new(NUMBER, WABA, "+254 700 555010")
    }
}

impl Stage {
    /// Without delays; `change` adjusts the configuration.
    pub fn with(change: impl FnOnce(&mut SimulatorConfig)) -> Self {
        let mut config = SimulatorConfig {
            delays: Delays::none(),
            workers: 1,
            ..SimulatorConfig::default()
        };
        config.webhooks.retry_base = Duration::from_millis(20);
        change(&mut config);
        let simulator = Simulator::start(config).expect("a loopback port");
        let receiver = Receiver::start();
        simulator.add_number(number(&receiver.url)).expect("a new number");
        Self {
            simulator,
            receiver,
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
        }
    }

    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// Amina has written, so her window is open.
    pub async fn greeted() -> Self {
        let stage = Self::new();
        stage.greet().await;
        stage
    }

    pub async fn greet(&self) {
        self.simulator
            .customer_says(NUMBER, &amina(), CustomerMessage::text("Hi"))
            .expect("a known number");
        self.receiver.messages(1).await;
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/v24.0/{path}", self.simulator.base_url())
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .client
            .post(self.url(path))
            .bearer_auth(TOKEN)
            .json(body)
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self
            .client
            .get(self.url(path))
            .bearer_auth(TOKEN)
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub async fn send(&self, body: &Value) -> (u16, Value) {
        self.post(&format!("{NUMBER}/messages"), body).await
    }

    /// Sends a text that must be accepted; returns its id.
    pub async fn text(&self, to: &str, body: &str) -> String {
        let (status, answer) = self.send(&text(to, body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["messages"][0]["id"].as_str().expect("an id").to_owned()
    }

    pub async fn control(&self, method: reqwest::Method, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/_sandbox/{path}", self.simulator.base_url());
        let answer = self
            .client
            .request(method, url)
            .json(body)
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub fn template(&self, template: TemplateConfig) {
        self.simulator.add_template(WABA, template);
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.simulator
            .set_behaviour(AMINA, Some(behaviour))
            .expect("Amina is known");
    }

    pub async fn end(self) {
        assert_eq!(
            self.receiver.bad_signatures(),
            0,
            "every webhook is signed over its exact bytes"
        );
        self.simulator.stop().await;
        self.receiver.stop().await;
    }
}

pub fn amina() -> Customer {
    Customer {
        user_id: Some("KE.90012345678901234567".to_owned()),
        ..Customer::new(AMINA, "Amina Otieno")
    }
}

pub fn text(to: &str, body: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text", "text": {"body": body}})
}

pub fn names(statuses: &[Value]) -> Vec<&str> {
    statuses
        .iter()
        .map(|status| status["status"].as_str().expect("a status"))
        .collect()
}
