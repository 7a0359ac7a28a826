//! Customers that answer by script.
//!
//! The draw depends on the seed, the customer and the number of the message, not on timing, so a run can be repeated.

use std::sync::Arc;

use serde_json::Value;

use super::accounts::Number;
use super::customers::{AutoReply, Customer, TranscriptEntry};
use super::inbound;
use super::message::CustomerMessage;
use super::state::Shared;
use crate::sandbox::rng::Rng;

/// After delivery: decides whether the customer answers, and plans the answer.
pub(crate) fn consider(shared: &Arc<Shared>, number: &Arc<Number>, customer: &str, wamid: &str) {
    let phone_number_id = &number.config.phone_number_id;
    let drawn = shared.customers.with(customer, |record| {
        let behaviour = record
            .behaviour_for(phone_number_id)
            .unwrap_or(&shared.config.default_behaviour);
        let policy = behaviour.auto_reply.clone()?;
        let thread = record.thread(phone_number_id);
        thread.ordinal += 1;
        let rng = Rng::keyed(shared.config.seed, customer, thread.ordinal);
        if thread.replies >= policy.limit || !rng.chance(policy.probability) {
            return None;
        }
        let message = answer(&policy, thread.find(wamid)?, &rng)?;
        thread.replies += 1;
        Some((
            message,
            policy.delay.draw(&rng),
            record.profile_for(phone_number_id),
        ))
    });
    if let Some((message, delay_ms, profile)) = drawn.flatten() {
        plan(shared, phone_number_id.clone(), profile, message, delay_ms);
    }
}

fn plan(
    shared: &Arc<Shared>,
    phone_number_id: String,
    profile: Customer,
    message: CustomerMessage,
    delay_ms: u64,
) {
    let say = move |shared: &Arc<Shared>| {
        if let Err(error) = inbound::say(shared, &phone_number_id, &profile, message) {
            tracing::warn!(%error, "a scripted customer could not answer");
        }
    };
    shared.later(delay_ms, Box::new(say));
}

/// A press where the message has something to press, else one of the texts.
fn answer(policy: &AutoReply, entry: &TranscriptEntry, rng: &Rng) -> Option<CustomerMessage> {
    if policy.presses
        && let Some(press) = press(entry, rng)
    {
        return Some(press);
    }
    policy
        .texts
        .get(rng.index(policy.texts.len()))
        .map(|text| CustomerMessage::text(text))
}

fn press(entry: &TranscriptEntry, rng: &Rng) -> Option<CustomerMessage> {
    match entry.kind.as_str() {
        "interactive" => interactive(entry, rng),
        "template" => {
            let buttons = entry.rendered.as_ref()?["buttons"].as_array()?;
            let replies: Vec<&Value> = buttons
                .iter()
                .filter(|button| button["payload"].is_string())
                .collect();
            let reply = replies.get(rng.index(replies.len()))?;
            let (payload, text) = (reply["payload"].as_str()?, reply["text"].as_str()?);
            Some(CustomerMessage::template_button(&entry.id, payload, text))
        }
        _ => None,
    }
}

fn interactive(entry: &TranscriptEntry, rng: &Rng) -> Option<CustomerMessage> {
    let action = &entry.content["action"];
    if let Some(buttons) = action["buttons"].as_array() {
        let reply = &buttons.get(rng.index(buttons.len()))?["reply"];
        return Some(CustomerMessage::button_reply(
            &entry.id,
            reply["id"].as_str()?,
            reply["title"].as_str()?,
        ));
    }
    let rows: Vec<&Value> = action["sections"]
        .as_array()?
        .iter()
        .filter_map(|section| section["rows"].as_array())
        .flatten()
        .collect();
    let row = rows.get(rng.index(rows.len()))?;
    let description = row["description"].as_str();
    Some(CustomerMessage::list_reply(
        &entry.id,
        row["id"].as_str()?,
        row["title"].as_str()?,
        description,
    ))
}
