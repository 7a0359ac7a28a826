//! Webhooks: their three shapes, the signature over the exact bytes, and delivery with retries in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::state::{Account, Shared};
use crate::sandbox::encoding::escaped_json;
use crate::sandbox::meta::signature;

/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Tries before a webhook is given up (Meta: 36 hours).
const TRIES: u32 = 600;

/// An event of a conversation, from the customer or from the account itself.
pub(super) fn event(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    customer: &str,
    from_business: bool,
    news: Value,
) {
    let ours = json!({"id": account.config.ig_id});
    let theirs = json!({"id": customer});
    let (sender, recipient) = if from_business {
        (ours, theirs)
    } else {
        (theirs, ours)
    };
    let now = shared.clock.now_ms();
    let mut event = json!({"sender": sender, "recipient": recipient, "timestamp": now});
    if let (Some(event), Value::Object(news)) = (event.as_object_mut(), news) {
        event.extend(news);
    }
    let entry = json!({"id": account.config.ig_id, "time": now, "messaging": [event]});
    enqueue(shared, account, &entry);
}

/// A change, such as a comment.
pub(super) fn change(shared: &Arc<Shared>, account: &Arc<Account>, field: &str, value: Value) {
    let time = shared.clock.now_secs();
    let entry =
        json!({"id": account.config.ig_id, "time": time, "changes": [{"field": field, "value": value}]});
    enqueue(shared, account, &entry);
}

fn enqueue(shared: &Arc<Shared>, account: &Arc<Account>, entry: &Value) {
    let body = Bytes::from(escaped_json(
        &json!({"object": "instagram", "entry": [entry]}),
        true,
    ));
    let faults = account.state.lock().faults.clone();
    let copies = if faults.duplicate_webhooks { 2 } else { 1 };
    for _ in 0..copies {
        let (account, body) = (Arc::clone(account), body.clone());
        match shared.rng.up_to(faults.reorder_by_ms) {
            0 => push(&account, body),
            delay_ms => shared.later(delay_ms, Box::new(move |_| push(&account, body))),
        }
    }
}

fn push(account: &Account, body: Bytes) {
    if account.lane.try_send(body).is_err() {
        tracing::warn!("the Instagram simulator drops a webhook: too many wait");
    }
}

/// Delivers an account's webhooks one after the other until stopped.
pub(super) async fn run(
    shared: Arc<Shared>,
    account: Arc<Account>,
    mut lane: mpsc::Receiver<Bytes>,
    stop: CancellationToken,
) {
    let work = async {
        while let Some(body) = lane.recv().await {
            deliver(&shared, &account, &body).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn deliver(shared: &Shared, account: &Account, body: &Bytes) {
    let mut pause = Duration::from_millis(shared.config.retry_ms.max(1));
    for _ in 0..TRIES {
        let Some(url) = account.state.lock().webhook_url.clone() else {
            return;
        };
        let call = shared
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature(&account.config.app_secret, body))
            .body(body.clone());
        match call.send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "webhook not taken"),
            Err(error) => tracing::debug!(%error, "webhook not delivered"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
