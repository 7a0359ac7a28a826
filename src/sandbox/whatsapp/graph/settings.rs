//! Smaller settings of a number: blocked people, the shop's buttons, greetings and commands.

use serde_json::{Value, json};

use super::{Answer, Call, ok, success};
use crate::sandbox::whatsapp::accounts::Number;
use crate::sandbox::whatsapp::errors::GraphError;

/// Most people that a number may block (contract, section on management).
const MAX_BLOCKED: usize = 64_000;
/// How long after their last message somebody can still be blocked, in milliseconds.
const BLOCKABLE_MS: i64 = 24 * 3_600_000;

/// `POST|DELETE|GET /{phone number id}/block_users`.
pub(super) fn block_users(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    match call.method {
        "GET" => blocked(call, &number),
        "POST" => change_blocked(call, &number, "added_users"),
        "DELETE" => change_blocked(call, &number, "removed_users"),
        _ => Err(call.unknown()),
    }
}

fn blocked(call: &Call<'_>, number: &Number) -> Answer {
    let state = number.state.lock();
    let users = state.blocked.iter().take(call.limit());
    let users: Vec<Value> = users
        .map(|id| json!({"block_users": [{"input": id, "wa_id": id}]}))
        .collect();
    ok(&json!({"data": users}))
}

fn change_blocked(call: &Call<'_>, number: &Number, changed: &str) -> Answer {
    let body = call.json()?;
    let users = body["block_users"].as_array().filter(|users| !users.is_empty());
    let users = users.ok_or_else(|| GraphError::with(100, "The parameter block_users is required."))?;
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for user in users {
        let input = user["user"].as_str().unwrap_or_default();
        let key = call.shared.customers.resolve(input.trim_start_matches('+'));
        let fits = match changed {
            "added_users" => block(call, number, &key),
            _ => number.state.lock().blocked.remove(&key),
        };
        let entry = json!({"input": input, "wa_id": key});
        if fits {
            done.push(entry)
        } else {
            failed.push(entry)
        }
    }
    let mut answer = json!({"messaging_product": "whatsapp", "block_users": {}});
    answer["block_users"][changed] = done.into();
    if !failed.is_empty() {
        answer["block_users"]["failed_users"] = failed.into();
    }
    ok(&answer)
}

/// Only who wrote within the last day can be blocked.
fn block(call: &Call<'_>, number: &Number, key: &str) -> bool {
    let last = call.shared.customers.with(key, |record| {
        record.thread(&number.config.phone_number_id).last_inbound_ms
    });
    let now_ms = call.shared.clock.now_ms();
    let wrote_lately = last.flatten().is_some_and(|at| now_ms - at <= BLOCKABLE_MS);
    let mut state = number.state.lock();
    wrote_lately && state.blocked.len() < MAX_BLOCKED && {
        state.blocked.insert(key.to_owned());
        true
    }
}

/// `GET|POST /{phone number id}/whatsapp_commerce_settings`.
pub(super) fn commerce(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    match call.method {
        "GET" => {
            let (cart, catalog) = number.state.lock().shop;
            let settings = json!({"is_cart_enabled": cart, "is_catalog_visible": catalog, "id": id});
            ok(&json!({"data": [settings]}))
        }
        "POST" => {
            let body = call.json()?;
            let mut state = number.state.lock();
            let flag = |name, before| {
                call.parameter(&body, name)
                    .map_or_else(|| body[name].as_bool().unwrap_or(before), |text| text == "true")
            };
            state.shop = (
                flag("is_cart_enabled", state.shop.0),
                flag("is_catalog_visible", state.shop.1),
            );
            drop(state);
            success()
        }
        _ => Err(call.unknown()),
    }
}

/// `POST /{phone number id}/conversational_automation`: welcome message, commands, ice-breaker prompts.
pub(super) fn automation(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    let body = call.json()?;
    let too_many = |name: &str, most| body[name].as_array().is_some_and(|list| list.len() > most);
    if too_many("commands", 30) || too_many("prompts", 4) {
        return Err(GraphError::with(
            100,
            "At most 30 commands and 4 prompts are allowed.",
        ));
    }
    number.state.lock().automation = body;
    success()
}
