//! Delivery of webhooks: queues per number, batches, signatures over the exact bytes, retries.
//!
//! Owns: the lanes (bounded queues, one task each) and the retry accounting. Drops are counted, never silent.
//! Must not know: what the updates mean.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounts::{Number, Target};
use super::config::WebhookConfig;
use super::state::Shared;
use crate::sandbox::encoding::escaped_json;
pub(crate) use crate::sandbox::meta::signature;

/// One thing to tell the business.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// An entry of `statuses[]` and its contact.
    Status(Arc<Value>, Option<Value>),
    /// An entry of `messages[]` and its contact.
    Message(Arc<Value>, Option<Value>),
    /// A whole change of any field; `account` ones go to the app's URL and carry the entry's time.
    Change {
        field: String,
        value: Arc<Value>,
        account: bool,
    },
}

/// A finished webhook that waits for its next attempt.
#[derive(Debug)]
pub(crate) struct Packet {
    body: Bytes,
    account: bool,
    updates: u64,
    attempts: u32,
    first: Instant,
}

#[derive(Debug)]
enum Item {
    Update(Update),
    Retry(Packet),
}

/// A bounded queue with one worker.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    queue: Mutex<VecDeque<Item>>,
    wake: Notify,
}

/// Retries in waiting, over all numbers.
#[derive(Debug, Default)]
pub(crate) struct Retries(AtomicUsize);

impl Retries {
    pub(crate) fn waiting(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Queues an update on the customer's lane, minding duplicates and reordering.
pub(crate) fn enqueue(shared: &Arc<Shared>, number: &Arc<Number>, customer: &str, update: Update) {
    if shared.config.rules.subscription && !number.waba.state.lock().subscribed {
        shared.counters.webhook_updates_unsubscribed.add(1);
        return;
    }
    let lane = lane_of(number, customer);
    let (twice, late) = shared.faults.webhook(&shared.rng);
    let (own_twice, own_late) = number.faults.webhook(&shared.rng);
    let (twice, late) = (twice || own_twice, late.or(own_late));
    let copies = if twice { 2 } else { 1 };
    shared.counters.webhook_duplicates.add(copies - 1);
    for _ in 0..copies {
        match late {
            None => push(shared, &lane, Item::Update(update.clone())),
            Some(delay_ms) => {
                let (lane, update) = (Arc::clone(&lane), update.clone());
                shared.later(
                    delay_ms,
                    Box::new(move |shared| push(shared, &lane, Item::Update(update))),
                );
            }
        }
    }
}

fn lane_of(number: &Number, customer: &str) -> Arc<Lane> {
    let hash = customer.bytes().fold(5_381_usize, |hash, byte| {
        hash.wrapping_mul(33) ^ usize::from(byte)
    });
    // `add_number` makes at least one lane.
    Arc::clone(&number.lanes[hash % number.lanes.len()])
}

fn push(shared: &Shared, lane: &Lane, item: Item) {
    let mut queue = lane.queue.lock();
    if queue.len() >= shared.config.webhooks.queue {
        drop(queue);
        let lost = match item {
            Item::Update(_) => 1,
            Item::Retry(packet) => packet.updates,
        };
        shared.counters.webhook_updates_dropped.add(lost);
        return;
    }
    queue.push_back(item);
    drop(queue);
    lane.wake.notify_one();
}

/// Serves one lane until stopped.
pub(crate) async fn run(shared: Arc<Shared>, number: Arc<Number>, lane: Arc<Lane>, stop: CancellationToken) {
    let work = async {
        let mut hold = shared.faults.hold();
        loop {
            while lane.queue.lock().is_empty() {
                lane.wake.notified().await;
            }
            if hold.wait_for(|held| !*held).await.is_err() {
                return;
            }
            if shared.config.webhooks.batch > 1 {
                tokio::time::sleep(shared.config.webhooks.linger).await;
            }
            serve(&shared, &number, &lane).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn serve(shared: &Arc<Shared>, number: &Arc<Number>, lane: &Arc<Lane>) {
    let Some(first) = lane.queue.lock().pop_front() else {
        return;
    };
    let packet = match first {
        Item::Retry(packet) => packet,
        Item::Update(update) => {
            let batch = fill(update, lane, shared.config.webhooks.batch);
            let account = matches!(batch.first(), Some(Update::Change { account: true, .. }));
            let body = envelope(number, &batch, shared.clock.now_secs());
            Packet {
                body: escaped_json(&body, shared.config.webhooks.escape_slashes).into(),
                account,
                updates: batch.len() as u64,
                attempts: 0,
                first: Instant::now(),
            }
        }
    };
    deliver(shared, number, lane, packet).await;
}

/// Takes what may share a webhook with `first`: further updates of the same kind.
fn fill(first: Update, lane: &Lane, limit: usize) -> Vec<Update> {
    let mut batch = vec![first];
    let mut queue = lane.queue.lock();
    while batch.len() < limit.min(1_000) {
        let fits = matches!(
            (&batch[0], queue.front()),
            (Update::Status(..), Some(Item::Update(Update::Status(..))))
                | (Update::Message(..), Some(Item::Update(Update::Message(..))))
        );
        match queue.pop_front_if(|_| fits) {
            Some(Item::Update(update)) => batch.push(update),
            _ => break,
        }
    }
    batch
}

/// The webhook's body.
fn envelope(number: &Number, batch: &[Update], now_secs: i64) -> Value {
    let mut entry = json!({"id": number.waba.id});
    let change = match batch {
        [
            Update::Change {
                field,
                value,
                account,
            },
        ] => {
            if *account {
                entry["time"] = now_secs.into();
            }
            json!({"value": **value, "field": field})
        }
        _ => json!({"value": messages_value(number, batch), "field": "messages"}),
    };
    entry["changes"] = json!([change]);
    json!({"object": "whatsapp_business_account", "entry": [entry]})
}

fn messages_value(number: &Number, batch: &[Update]) -> Value {
    let mut value = super::payload::value_head(number);
    let mut contacts: Vec<&Value> = Vec::new();
    let (mut name, mut items) = ("messages", Vec::new());
    for update in batch {
        let contact = match update {
            Update::Status(status, contact) => {
                name = "statuses";
                items.push((**status).clone());
                contact
            }
            Update::Message(message, contact) => {
                items.push((**message).clone());
                contact
            }
            Update::Change { .. } => continue,
        };
        if let Some(contact) = contact.as_ref().filter(|contact| !contacts.contains(contact)) {
            contacts.push(contact);
        }
    }
    if !contacts.is_empty() {
        value["contacts"] = json!(contacts);
    }
    value[name] = Value::Array(items);
    value
}

async fn deliver(shared: &Arc<Shared>, number: &Arc<Number>, lane: &Arc<Lane>, mut packet: Packet) {
    let counters = &shared.counters;
    let Some(target) = number.target(packet.account) else {
        counters.webhook_updates_dropped.add(packet.updates);
        return;
    };
    packet.attempts = packet.attempts.saturating_add(1);
    counters.webhook_attempts.add(1);
    let answer = request(shared, number, target, packet.body.clone()).send().await;
    let delivered = match answer {
        Ok(answer) => {
            let ok = answer.status().is_success();
            // Reading a small body lets the connection be used again; its content means nothing to the provider.
            if answer.content_length().is_some_and(|length| length <= 64 << 10) {
                let _ = answer.bytes().await;
            }
            ok
        }
        Err(error) => {
            tracing::debug!(%error, "webhook not delivered");
            false
        }
    };
    if delivered {
        counters.webhooks_delivered.add(1);
        counters.webhook_updates_delivered.add(packet.updates);
    } else {
        counters.webhooks_failed.add(1);
        retry(shared, lane, packet);
    }
}

/// The webhook as it goes out: signed by Meta, or with the headers that 360dialog was given.
fn request(shared: &Shared, number: &Number, target: Target, body: Bytes) -> reqwest::RequestBuilder {
    let to = |url: &str| {
        let request = shared.client.post(url);
        request.header("Content-Type", "application/json")
    };
    let request = match target {
        Target::Signed(url) => to(&url)
            .header("User-Agent", "facebookexternalua")
            .header("X-Hub-Signature-256", signature(&number.app_secret(), &body)),
        Target::Posted(posting) => posting
            .headers
            .iter()
            .fold(to(&posting.url), |request, (name, value)| {
                request.header(name, value)
            }),
    };
    request.body(body)
}

/// Plans the next attempt, or gives up when the webhook is too old or too many wait.
fn retry(shared: &Arc<Shared>, lane: &Arc<Lane>, packet: Packet) {
    let config = &shared.config.webhooks;
    let updates = packet.updates;
    if packet.first.elapsed() >= config.retry_for || shared.retries.waiting() >= config.retries {
        shared.counters.webhook_updates_dropped.add(updates);
        return;
    }
    let pause = backoff(config, packet.attempts);
    let lane = Arc::clone(lane);
    shared.retries.0.fetch_add(1, Ordering::Relaxed);
    let planned = shared.schedule.after(
        pause,
        Box::new(move |shared| {
            shared.retries.0.fetch_sub(1, Ordering::Relaxed);
            push(shared, &lane, Item::Retry(packet));
        }),
    );
    if !planned {
        shared.retries.0.fetch_sub(1, Ordering::Relaxed);
        shared.counters.webhook_updates_dropped.add(updates);
    }
}

/// Pause after the n-th failed attempt: doubling, capped.
fn backoff(config: &WebhookConfig, attempts: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(attempts.saturating_sub(1).min(20))
        .unwrap_or(u32::MAX);
    config.retry_base.saturating_mul(factor).min(config.retry_cap)
}

/// Updates waiting in a number's lanes.
pub(crate) fn queued(number: &Number) -> usize {
    number.lanes.iter().map(|lane| lane.queue.lock().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let config = WebhookConfig {
            retry_base: Duration::from_millis(100),
            retry_cap: Duration::from_secs(1),
            ..WebhookConfig::default()
        };
        let pauses: Vec<_> = (1..=6)
            .map(|attempt| backoff(&config, attempt).as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff(&config, u32::MAX).as_millis(), 1_000);
    }
}
