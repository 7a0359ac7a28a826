//! The send endpoint: messages, private replies and sender actions.
//!
//! Owns the window of 24 hours, the human agent's seven days, and one private reply for each comment within seven days.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::GraphError;
use super::state::{Account, AccountState, InstagramEntry, Shared, entry, kind_of};
use super::{validate, webhooks};

const HOUR_MS: i64 = 3_600_000;
const WINDOW_MS: i64 = 24 * HOUR_MS;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;
/// How long an indicator of typing is shown.
const TYPING_MS: i64 = 20_000;

/// Takes one call.
pub(super) fn take(shared: &Arc<Shared>, account: &Arc<Account>, body: &Value) -> Result<Value, GraphError> {
    if let Some(action) = body["sender_action"].as_str() {
        return act(shared, account, action, body);
    }
    validate::message(&body["message"])?;
    let now = shared.clock.now_ms();
    let id = shared.message_id();
    let said = entry(id.clone(), true, body["message"].clone(), now);
    let customer = {
        let mut state = account.state.lock();
        let customer = match body["recipient"]["comment_id"].as_str() {
            Some(comment) => comment_author(&mut state, comment, now)?,
            None => open_thread(&state, body, now)?,
        };
        state.sent += 1;
        state
            .threads
            .entry(customer.clone())
            .or_default()
            .push(said.clone());
        customer
    };
    follow_up(shared, account, &customer, said);
    Ok(json!({"recipient_id": customer, "message_id": id}))
}

/// Whom a private reply goes to. It uses the comment up.
fn comment_author(state: &mut AccountState, comment: &str, now: i64) -> Result<String, GraphError> {
    let found = state.comments.iter_mut().find(|known| known.id == comment);
    let comment = found.ok_or_else(|| GraphError::unknown_object(comment))?;
    if comment.answered {
        return Err(GraphError::reply_used());
    }
    if now - comment.at_ms > WEEK_MS {
        return Err(GraphError::outside_window());
    }
    comment.answered = true;
    Ok(comment.by.clone())
}

/// Whom a message goes to, if the window or the tag allows it.
fn open_thread(state: &AccountState, body: &Value, now: i64) -> Result<String, GraphError> {
    let id = body["recipient"]["id"]
        .as_str()
        .ok_or_else(|| GraphError::parameter("param recipient must name an id"))?;
    let person = state.people.get(id).ok_or_else(GraphError::no_user)?;
    if person.unavailable {
        return Err(GraphError::unavailable());
    }
    let wrote = state.threads.get(id).and_then(|thread| thread.wrote_ms);
    let by_person = match (body["tag"].as_str(), body["messaging_type"].as_str()) {
        (None, None | Some("RESPONSE" | "UPDATE")) => false,
        (Some("HUMAN_AGENT"), None | Some("MESSAGE_TAG")) => true,
        _ => return Err(GraphError::parameter("param tag must be HUMAN_AGENT")),
    };
    let allowed = if by_person { WEEK_MS } else { WINDOW_MS };
    match wrote.is_some_and(|wrote| now - wrote <= allowed) {
        true => Ok(id.to_owned()),
        false => Err(GraphError::outside_window()),
    }
}

/// The echo, and the reading.
fn follow_up(shared: &Arc<Shared>, account: &Arc<Account>, customer: &str, said: InstagramEntry) {
    let echoed = echo_of(shared, &said);
    let news = json!({"message": echoed});
    let id = said.id;
    match shared.config.echo_first {
        true => webhooks::event(shared, account, customer, true, news),
        false => {
            let (account, customer) = (Arc::clone(account), customer.to_owned());
            let delay = shared.config.echo.draw(&shared.rng);
            shared.later(
                delay,
                Box::new(move |shared| webhooks::event(shared, &account, &customer, true, news)),
            );
        }
    }
    let reads = account
        .state
        .lock()
        .people
        .get(customer)
        .is_some_and(|person| person.reads);
    if reads {
        let (account, customer) = (Arc::clone(account), customer.to_owned());
        let delay = shared.config.echo.draw(&shared.rng) + shared.config.read.draw(&shared.rng);
        shared.later(
            delay,
            Box::new(move |shared| super::phones::read_up_to(shared, &account, &customer, Some(&id))),
        );
    }
}

/// A message as the webhook shows it: quick replies are not repeated, files get addresses of the provider's own.
fn echo_of(shared: &Shared, said: &InstagramEntry) -> Value {
    let mut echo = json!({"mid": said.id, "is_echo": true});
    if let Some(text) = said.content.get("text") {
        echo["text"] = text.clone();
        return echo;
    }
    let one = said.content.get("attachment").cloned();
    let several = said.content.get("attachments").and_then(Value::as_array).cloned();
    let list: Vec<Value> = several.unwrap_or_else(|| one.into_iter().collect());
    let shown = list.iter().map(|attachment| match attachment["type"].as_str() {
        Some("like_heart") => json!({"type": "like_heart"}),
        Some("template") => json!({"type": "template", "payload": {"generic": attachment["payload"]}}),
        Some("MEDIA_SHARE") => json!({"type": "share", "payload": {"url": shared.base_url}}),
        kind => json!({"type": kind, "payload": {"url": attachment["payload"]["url"]}}),
    });
    echo["attachments"] = shown.collect();
    echo
}

fn act(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    action: &str,
    body: &Value,
) -> Result<Value, GraphError> {
    let customer = body["recipient"]["id"].as_str().unwrap_or_default().to_owned();
    let now = shared.clock.now_ms();
    let mut state = account.state.lock();
    if !state.people.contains_key(&customer) {
        return Err(GraphError::no_user());
    }
    let thread = state.threads.entry(customer.clone()).or_default();
    match action {
        "typing_on" => thread.typing_until_ms = now + TYPING_MS,
        "typing_off" => thread.typing_until_ms = 0,
        "mark_seen" => {
            for entry in thread.entries.iter_mut().filter(|entry| !entry.from_business) {
                entry.read = true;
            }
        }
        "react" | "unreact" => {
            let id = body["payload"]["message_id"].as_str().unwrap_or_default();
            let word = body["payload"]["reaction"].as_str();
            let entry = thread.find(id).ok_or_else(|| GraphError::unknown_object(id))?;
            entry.reactions[1] = match (action, word) {
                ("unreact", _) => None,
                (_, Some("love")) => Some("❤️".to_owned()),
                (_, Some(emoji)) if !emoji.is_empty() => Some(emoji.to_owned()),
                _ => return Err(GraphError::parameter("param payload[reaction] is missing")),
            };
        }
        _ => return Err(GraphError::parameter("param sender_action is not supported")),
    }
    Ok(json!({ "recipient_id": customer }))
}

/// What a chat's list shows of a message.
pub(super) fn preview(entry: &InstagramEntry) -> String {
    let said = entry.content.get("text").and_then(Value::as_str);
    said.map_or_else(|| format!("[{}]", kind_of(&entry.content)), str::to_owned)
}
