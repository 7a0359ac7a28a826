//! Smaller settings of a number: blocked people, the shop's buttons, greetings and commands.

use actix_web::HttpResponse;
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
    let after = call.query.get("after").map(String::as_str).and_then(place_of);
    let state = number.state.lock();
    let rest = state
        .blocked
        .iter()
        .filter(|id| after.as_ref().is_none_or(|after| *id > after));
    let users: Vec<&String> = rest.take(call.limit()).collect();
    let data: Vec<Value> = users
        .iter()
        .map(|id| json!({"block_users": [{"input": id, "wa_id": id}]}))
        .collect();
    let mut answer = json!({ "data": data });
    if let (Some(first), Some(last)) = (users.first(), users.last()) {
        answer["paging"] = json!({"cursors": {"before": cursor(first), "after": cursor(last)}});
    }
    ok(&answer)
}

fn cursor(id: &str) -> String {
    id.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The id that a cursor stands for.
fn place_of(cursor: &str) -> Option<String> {
    let pairs = cursor.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
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
        let mut entry = json!({"input": input, "wa_id": key});
        if fits {
            done.push(entry);
        } else {
            entry["errors"] = json!([why(changed)]);
            failed.push(entry);
        }
    }
    let mut answer = json!({"messaging_product": "whatsapp", "block_users": {}});
    answer["block_users"][changed] = done.into();
    if failed.is_empty() {
        return ok(&answer);
    }
    answer["block_users"]["failed_users"] = failed.into();
    let error = GraphError::with(139_100, "Failed to block or unblock some users; see block_users.");
    answer["error"] = error.envelope(&call.shared.ids.trace())["error"].take();
    Ok(HttpResponse::BadRequest().json(answer))
}

/// Why one person was not changed.
fn why(changed: &str) -> Value {
    let (code, details) = match changed {
        "added_users" => (
            131_047,
            "The user has not messaged this number in the last 24 hours.",
        ),
        _ => (100, "The user is not blocked."),
    };
    json!({"code": code, "message": format!("(#{code}) {details}"), "error_data": {"details": details}})
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
