//! The program with one connected number at a provider that counts, and faults at hand.

use std::sync::Arc;

use frontdesk::clock::Clock;
use frontdesk::sandbox::whatsapp::{Often, ReadPolicy};
use frontdesk::sandbox::{
    Customer, CustomerMessage, Delays, Faults as ProviderFaults, NumberConfig, Simulator, SimulatorConfig,
};
use frontdesk::storage::{Faults, StoreState};
use serde_json::{Value, json};

use crate::common::{Answer, Client, Options, TestApp};
use crate::meta::{NUMBER, SECRET, TOKEN, VERIFY, WABA};
use crate::world::{add_channel, conversations, messages, string, until};

/// Everything of one test.
pub struct Stage {
    pub app: TestApp,
    pub provider: Simulator,
    pub disk: Arc<Faults>,
    pub channel: String,
}

/// The number of a customer.
pub fn number_of(customer: u32) -> String {
    format!("2547550{customer:05}")
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(Clock::System, Delays::none()).await
    }

    pub async fn with(clock: Clock, delays: Delays) -> Self {
        let options = Options {
            clock,
            ..Options::default()
        };
        Self::on(options, delays).await
    }

    pub async fn on(options: Options, delays: Delays) -> Self {
        let disk = Arc::new(Faults::default());
        let options = Options {
            faults: Some(disk.clone()),
            ..options
        };
        let app = TestApp::with(options).await;
        let mut config = SimulatorConfig {
            delays,
            ..SimulatorConfig::default()
        };
        // What is delivered is the end of it: nobody reads.
        config.default_behaviour.read = ReadPolicy::Never;
        config.webhooks.retry_base = std::time::Duration::from_millis(20);
        config.webhooks.retry_cap = std::time::Duration::from_millis(100);
        let provider = Simulator::start(config).expect("a free port");
        let number = NumberConfig {
            access_token: TOKEN.to_owned(),
            app_secret: SECRET.to_owned(),
            verify_token: VERIFY.to_owned(),
            webhook_url: Some(format!("{}/webhooks/whatsapp", app.base)),
            ..NumberConfig::new(NUMBER, WABA, "+15550001111")
        };
        provider.add_number(number).expect("a new number");
        let channel = add_channel(&app.a.owner, provider.base_url()).await;
        Self {
            app,
            provider,
            disk,
            channel: string(&channel["id"]),
        }
    }

    pub fn owner(&self) -> &Client {
        &self.app.a.owner
    }

    /// So many customers write; answers their conversations, in order.
    pub async fn customers(&self, count: u32) -> Vec<String> {
        for customer in 0..count {
            self.say(customer, "hello");
        }
        let known = until("conversations", async || {
            let known = conversations(self.owner()).await;
            (known.len() == count as usize).then_some(known)
        });
        let known = known.await;
        (0..count)
            .map(|customer| known[&number_of(customer)].clone())
            .collect()
    }

    pub fn say(&self, customer: u32, text: &str) {
        let customer = Customer::new(&number_of(customer), "Amina");
        let said = self
            .provider
            .customer_says(NUMBER, &customer, CustomerMessage::text(text));
        said.expect("a known number");
    }

    /// Tries to reply.
    pub async fn try_reply(&self, conversation: &str, key: &str, body: &str) -> Answer {
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let request = self
            .owner()
            .request(reqwest::Method::POST, &path)
            .header("idempotency-key", key);
        Answer::of(request.json(&json!({ "type": "text", "text": { "body": body } }))).await
    }

    /// Replies, with a text that no other reply has; gives the message's id.
    pub async fn reply(&self, conversation: &str, body: &str) -> String {
        let answer = self.try_reply(conversation, &body.replace(' ', "-"), body).await;
        string(&answer.expect(202)["id"])
    }

    pub async fn message(&self, conversation: &str, id: &str) -> Value {
        let found = messages(self.owner(), conversation).await;
        found
            .into_iter()
            .find(|message| message["id"] == *id)
            .expect("the message is there")
    }

    /// Waits until a message has this status.
    pub async fn until_status(&self, conversation: &str, id: &str, status: &str) -> Value {
        until(status, async || {
            let message = self.message(conversation, id).await;
            (message["status"] == *status).then_some(message)
        })
        .await
    }

    /// The provider listens again. Its port is one of those that outgoing connections are given, too: one of them may
    /// have it for a moment.
    pub async fn provider_comes_back(&self) {
        until("the provider's port", async || self.provider.go_online().ok()).await;
    }

    /// The provider does this from now on.
    pub fn provider_does(&self, change: impl FnOnce(&mut ProviderFaults)) {
        let mut faults = ProviderFaults::default();
        change(&mut faults);
        self.provider.set_faults(faults);
    }

    /// Waits until the store can be written, or cannot.
    pub async fn until_store(&self, writable: bool) {
        let mut state = self.app.app.house.core.store.watch_state();
        let is_so = |state: &StoreState| (*state == StoreState::Ok) == writable;
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), state.wait_for(is_so)).await;
        waited
            .expect("the state changes in time")
            .expect("the store is open");
    }

    pub async fn system(&self) -> Value {
        self.owner().get("/api/v1/system").await.expect(200)
    }

    /// Calls of the send endpoint so far.
    pub fn calls(&self) -> u64 {
        self.provider.counters().send_calls
    }
}

/// For the next so many calls.
pub fn next(calls: u32) -> Often {
    Often::next(calls)
}
