//! The conversations API: an account's chats, the messages of one, and one message (contract, section 3).
//!
//! Owns its limits: two calls a second for an account, and details only of a chat's twenty newest messages.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::error::GraphError;
use super::graph::Call;
use super::state::{Account, AccountState, InstagramEntry, Shared};
use crate::sandbox::encoding::{base64, unbase64};
use crate::sandbox::rate::Rate;

/// Two calls a second.
const RATE: Rate = Rate {
    burst: 2,
    interval_us: 500_000,
};
/// Chats, and messages, of one page unless asked for, and at most.
const PAGE: usize = 25;
const PAGE_MAX: usize = 100;
/// Messages of one chat whose details are given out.
const DETAILED: usize = 20;
/// In front of a customer in the id of a conversation.
const CONVERSATION: &str = "ig_item:06:";

/// The id of the conversation with a customer, in the provider's form.
fn id_of(customer: &str) -> String {
    let plain = format!("{CONVERSATION}{customer}");
    base64(plain.as_bytes()).trim_end_matches('=').to_owned()
}

/// The customer of a conversation's id; `None` for an id of anything else.
pub(super) fn customer_of(id: &str) -> Option<String> {
    let padded = format!("{id}{}", "=".repeat((4 - id.len() % 4) % 4));
    let plain = String::from_utf8(unbase64(&padded)?).ok()?;
    plain.strip_prefix(CONVERSATION).map(str::to_owned)
}

fn time(ms: i64) -> String {
    let at = jiff::Timestamp::from_second(ms.div_euclid(1_000)).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// Counts a call.
fn admit(shared: &Shared, state: &mut AccountState) -> Result<(), GraphError> {
    if state.lacking.iter().any(|it| it.ends_with("_manage_messages")) {
        return Err(GraphError::permission());
    }
    let refused = state.faults.throttle_reads.strikes(&shared.rng);
    match !refused && state.reading.take(RATE, shared.clock.now_ms()) {
        true => Ok(()),
        false => Err(GraphError::rate()),
    }
}

/// Chats with messages, the newest first.
pub(super) fn conversations(shared: &Shared, account: &Account, call: &Call) -> Result<Value, GraphError> {
    let mut state = account.state.lock();
    admit(shared, &mut state)?;
    if call.parameter("platform").as_deref() != Some("instagram") {
        return Err(GraphError::parameter("param platform must be instagram"));
    }
    let only = call.parameter("user_id");
    let mut chats: Vec<(i64, &String)> = state
        .threads
        .iter()
        .filter(|(id, _)| only.as_ref().is_none_or(|only| only == *id))
        .filter_map(|(id, thread)| Some((shown(&thread.entries).next()?.at_ms, id)))
        .collect();
    chats.sort_by(|a, b| b.cmp(a));
    let limit = call.parameter("limit").and_then(|text| text.parse().ok());
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let after = call.parameter("after").and_then(|after| customer_of(&after));
    let start = match &after {
        Some(after) => chats
            .iter()
            .position(|(_, id)| *id == after)
            .map_or(chats.len(), |at| at + 1),
        None => 0,
    };
    let page: Vec<_> = chats.iter().skip(start).take(limit).collect();
    let data: Vec<Value> = page
        .iter()
        .map(|(at, id)| json!({"id": id_of(id), "updated_time": time(*at)}))
        .collect();
    let mut answer = json!({ "data": data });
    if let (Some((_, first)), Some((_, last))) = (page.first(), page.last()) {
        answer["paging"] = json!({"cursors": {"before": id_of(first), "after": id_of(last)}});
        if start + page.len() < chats.len() {
            let next = format!(
                "{}/v25.0/{}/conversations?platform=instagram&limit={limit}&after={}",
                shared.base_url,
                account.config.ig_id,
                id_of(last)
            );
            answer["paging"]["next"] = json!(next);
        }
    }
    Ok(answer)
}

/// The messages of a chat that there are, newest first.
fn shown(entries: &VecDeque<InstagramEntry>) -> impl Iterator<Item = &InstagramEntry> {
    entries
        .iter()
        .rev()
        .filter(|entry| !entry.unsent && entry.kind != "comment")
}

/// The messages of one chat.
pub(super) fn conversation(shared: &Shared, account: &Account, customer: &str) -> Result<Value, GraphError> {
    let mut state = account.state.lock();
    admit(shared, &mut state)?;
    let thread = state.threads.get(customer);
    let thread = thread.ok_or_else(|| GraphError::unknown_object(&id_of(customer)))?;
    let data: Vec<Value> = shown(&thread.entries)
        .take(PAGE)
        .map(|entry| json!({"id": entry.id, "created_time": time(entry.at_ms)}))
        .collect();
    Ok(
        json!({"messages": {"data": data, "paging": {"cursors": {"before": "QVFIUb", "after": "QVFIUa"}}},
        "id": id_of(customer)}),
    )
}

/// One message; `unknown` if there is none.
pub(super) fn message(account: &Account, id: &str, unknown: &GraphError) -> Result<Value, GraphError> {
    let state = account.state.lock();
    let found = state.threads.iter().find_map(|(customer, thread)| {
        let place = shown(&thread.entries).position(|entry| entry.id == id)?;
        let entry = shown(&thread.entries).nth(place)?;
        Some((customer.clone(), place, entry.clone()))
    });
    let (customer, place, entry) = found.ok_or_else(|| unknown.clone())?;
    if place >= DETAILED {
        return Err(GraphError::parameter("The message has been deleted"));
    }
    let username = state.people.get(&customer).map(|person| person.username.clone());
    let theirs = json!({"username": username, "id": customer});
    let ours = json!({"username": account.config.username, "id": account.config.ig_id});
    let (from, to) = if entry.from_business {
        (ours, theirs)
    } else {
        (theirs, ours)
    };
    let mut answer = json!({"id": id, "created_time": time(entry.at_ms), "from": from, "to": {"data": [to]},
        "message": entry.content.get("text").cloned().unwrap_or_else(|| json!(""))});
    let files: Vec<Value> = entry.content["attachments"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(attachment)
        .collect();
    if !files.is_empty() {
        answer["attachments"] = json!({ "data": files });
    }
    Ok(answer)
}

/// A file in the words of this API.
fn attachment(told: &Value) -> Option<Value> {
    let url = told.pointer("/payload/url")?.clone();
    let size = json!({"width": 640, "height": 640, "url": url, "preview_url": url});
    Some(match told["type"].as_str()? {
        "image" => json!({"mime_type": "image/jpeg", "image_data": size}),
        "video" => json!({"mime_type": "video/mp4", "video_data": size}),
        "audio" => json!({"mime_type": "audio/mp4", "file_url": url}),
        _ => json!({"mime_type": "application/pdf", "file_url": url}),
    })
}
