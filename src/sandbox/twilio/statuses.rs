//! The life of a message after it was taken: sent, delivered, read, or failed, each with its callback.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::refusal::failure_text;
use super::state::{Sender, Shared, Stored};
use super::{inbound, webhooks};
use crate::sandbox::whatsapp::customers::{Behaviour, EntryState};
use crate::sandbox::whatsapp::{CustomerMessage, ReadPolicy};

/// Messages whose steps may be under way at once; of further ones nothing more is heard.
const MAX_UNDER_WAY: usize = 20_000;

/// What will become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes its way.
    Good,
    /// Never handed over.
    Failed(u32),
    /// Handed over and refused.
    Undelivered(u32),
}

/// Starts a message's steps.
pub(crate) fn begin(shared: &Arc<Shared>, sender: &Arc<Sender>, sid: String, customer: String, fate: Fate) {
    if shared.under_way.fetch_add(1, Ordering::Relaxed) >= MAX_UNDER_WAY {
        shared.under_way.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let (shared, sender) = (Arc::clone(shared), Arc::clone(sender));
    tokio::spawn(async move {
        tokio::select! {
            () = shared.stop.cancelled() => {}
            () = live(&shared, &sender, &sid, &customer, fate) => {}
        }
        shared.under_way.fetch_sub(1, Ordering::Relaxed);
    });
}

async fn live(shared: &Arc<Shared>, sender: &Arc<Sender>, sid: &str, customer: &str, fate: Fate) {
    tell(shared, sender, sid, "queued").await;
    pause(shared, shared.config.sent.draw(&shared.rng)).await;
    if let Fate::Failed(code) = fate {
        return fail(shared, sender, sid, customer, "failed", code).await;
    }
    if !step(shared, sender, sid, customer, "sent") {
        return;
    }
    let late = reordered(shared, sender);
    if !late {
        tell(shared, sender, sid, "sent").await;
    }
    let behaviour = reachable(shared, sender, customer).await;
    let delay = shared.config.delivered.draw(&shared.rng) + behaviour.delay.draw(&shared.rng);
    pause(shared, delay).await;
    let refused = behaviour
        .refuse
        .then_some(if sender.is_whatsapp() { 63_024 } else { 30_005 });
    let code = match fate {
        Fate::Undelivered(code) => Some(code),
        Fate::Good | Fate::Failed(_) => refused,
    };
    if let Some(code) = code {
        return fail(shared, sender, sid, customer, "undelivered", code).await;
    }
    if !step(shared, sender, sid, customer, "delivered") {
        return;
    }
    tell(shared, sender, sid, "delivered").await;
    if late {
        // Overtaken by the news that followed it.
        tell(shared, sender, sid, "sent").await;
    }
    answer(shared, sender, customer, &behaviour);
    if sender.is_whatsapp() && behaviour.read == ReadPolicy::Auto {
        pause(shared, shared.config.read.draw(&shared.rng)).await;
        read(shared, sender, sid, customer).await;
    }
}

/// The customer has seen a message.
pub(crate) async fn read(shared: &Arc<Shared>, sender: &Arc<Sender>, sid: &str, customer: &str) {
    if step(shared, sender, sid, customer, "read") {
        tell(shared, sender, sid, "read").await;
    }
}

async fn pause(shared: &Shared, simulated_ms: u64) {
    tokio::time::sleep(shared.clock.real(simulated_ms)).await;
}

fn reordered(shared: &Shared, sender: &Sender) -> bool {
    let probability = sender.faults.lock().reorder_webhooks;
    probability > 0.0 && shared.rng.chance(probability)
}

fn behaviour(shared: &Shared, sender: &Sender, customer: &str) -> Behaviour {
    let line = sender.line();
    let own = shared
        .customers
        .with(customer, |record| record.behaviour_for(&line).cloned())
        .flatten();
    own.unwrap_or_else(|| shared.config.default_behaviour.clone())
}

/// Waits until the phone is on.
async fn reachable(shared: &Arc<Shared>, sender: &Sender, customer: &str) -> Behaviour {
    loop {
        let changed = shared.behaved.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let behaviour = behaviour(shared, sender, customer);
        if !behaviour.offline {
            return behaviour;
        }
        changed.await;
    }
}

/// Notes a step; false if the message was cancelled, has failed or is gone.
fn step(shared: &Shared, sender: &Sender, sid: &str, customer: &str, status: &'static str) -> bool {
    let now_ms = shared.clock.now_ms();
    let noted = shared.messages.lock().by_sid.get_mut(sid).is_some_and(|message| {
        if matches!(message.status, "canceled" | "failed" | "undelivered" | "read") {
            return false;
        }
        message.status = status;
        message.updated_ms = now_ms;
        if status == "sent" {
            message.sent_ms = Some(now_ms);
        }
        true
    });
    let state = match status {
        "sent" => EntryState::Sent,
        "delivered" => EntryState::Delivered,
        _ => EntryState::Read,
    };
    if noted {
        show(shared, sender, sid, customer, state, None);
    }
    noted
}

fn show(shared: &Shared, sender: &Sender, sid: &str, customer: &str, state: EntryState, error: Option<u32>) {
    let line = sender.line();
    shared.customers.with(customer, |record| {
        if let Some(entry) = record.thread(&line).find(sid) {
            entry.state = state;
            entry.error = error;
        }
    });
}

async fn fail(
    shared: &Arc<Shared>,
    sender: &Arc<Sender>,
    sid: &str,
    customer: &str,
    status: &'static str,
    code: u32,
) {
    let now_ms = shared.clock.now_ms();
    let noted = shared.messages.lock().by_sid.get_mut(sid).is_some_and(|message| {
        if message.status == "canceled" {
            return false;
        }
        (message.status, message.error, message.updated_ms) = (status, Some(code), now_ms);
        true
    });
    if noted {
        show(shared, sender, sid, customer, EntryState::Failed, Some(code));
        tell(shared, sender, sid, status).await;
    }
}

/// The status callback, if the send asked for one.
async fn tell(shared: &Arc<Shared>, sender: &Sender, sid: &str, status: &str) {
    let Some(message) = shared.messages.lock().by_sid.get(sid).cloned() else {
        return;
    };
    let Some(url) = message.callback.clone() else {
        return;
    };
    let duplicates = sender.faults.lock().duplicate_webhooks;
    let times = if duplicates > 0.0 && shared.rng.chance(duplicates) {
        2
    } else {
        1
    };
    for _ in 0..times {
        webhooks::post(shared, &message.account, &url, form(&message, sender, status)).await;
    }
}

fn form(message: &Stored, sender: &Sender, status: &str) -> Vec<(String, String)> {
    let mut form: Vec<(&str, String)> = vec![
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", status.to_owned()),
        ("MessageStatus", status.to_owned()),
        ("To", message.to.clone()),
        ("MessageSid", message.sid.clone()),
        ("AccountSid", message.account.clone()),
        ("From", sender.config.address.clone()),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    if let Some(service) = &message.service {
        form.push(("MessagingServiceSid", service.clone()));
    }
    if sender.is_whatsapp() {
        form.push(("ChannelPrefix", "whatsapp".to_owned()));
        form.push((
            "ChannelInstallSid",
            "XE0123456789abcdef0123456789abcdef".to_owned(),
        ));
        form.push(("ChannelToAddress", message.to.replacen("whatsapp:", "", 1)));
        form.push(("StructuredMessage", "false".to_owned()));
        let event = match status {
            "delivered" => Some("DELIVERED"),
            "read" => Some("READ"),
            "failed" | "undelivered" => Some("UNDELIVERED"),
            _ => None,
        };
        form.extend(event.map(|event| ("EventType", event.to_owned())));
    }
    if let Some(code) = message
        .error
        .filter(|_| matches!(status, "failed" | "undelivered"))
    {
        form.push(("ErrorCode", code.to_string()));
        if sender.is_whatsapp() {
            form.push(("ChannelStatusMessage", failure_text(code).to_owned()));
        }
    }
    form.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A customer who answers by script.
fn answer(shared: &Arc<Shared>, sender: &Arc<Sender>, customer: &str, behaviour: &Behaviour) {
    let Some(policy) = behaviour.auto_reply.clone() else {
        return;
    };
    let line = sender.line();
    let drawn = shared.customers.with(customer, |record| {
        let thread = record.thread(&line);
        if thread.replies >= policy.limit || !shared.rng.chance(policy.probability) {
            return None;
        }
        thread.replies += 1;
        let profile = record.profile_for(&line);
        Some((
            policy.texts.get(shared.rng.index(policy.texts.len()))?.clone(),
            profile,
        ))
    });
    let Some((text, profile)) = drawn.flatten() else {
        return;
    };
    let (shared, delay) = (Arc::clone(shared), policy.delay.draw(&shared.rng));
    tokio::spawn(async move {
        tokio::select! {
            () = shared.stop.cancelled() => {}
            () = pause(&shared, delay) => {
                if let Err(error) = inbound::say(&shared, &line, &profile, CustomerMessage::text(&text)) {
                    tracing::warn!(%error, "a scripted customer could not answer");
                }
            }
        }
    });
}
