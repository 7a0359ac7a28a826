//! `POST /{number}/smb_app_data`: what the phone app of a number that stays on it shares, once each (coexistence).
//!
//! Source: the provider contract, section 8 (coexistence onboarding) and its webhooks `smb_app_state_sync` and `history`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Call, ok};
use crate::sandbox::whatsapp::accounts::Number;
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::wamid::Author;
use crate::sandbox::whatsapp::webhooks::{Update, enqueue};

/// Whom the phone app knows.
const PEOPLE: [(&str, &str); 3] = [
    ("254711000271", "Wanjiku Kamau"),
    ("254711000272", "Peter Otieno"),
    ("254711000273", "Halima Abdi"),
];
/// Meta's code for a history that the business does not share.
const DECLINED: u32 = 2_593_109;
const DAY_S: i64 = 24 * 3_600;

pub(super) fn sync(call: &Call<'_>, id: &str) -> Answer {
    let number = call.number(id)?;
    let body = call.json()?;
    let wanted = body["sync_type"].as_str().unwrap_or_default().to_owned();
    let shares = {
        let mut state = number.state.lock();
        let Some(shares) = state.on_phone else {
            return Err(GraphError::with(
                100,
                "The number is not on the WhatsApp Business app.",
            ));
        };
        if !["smb_app_state_sync", "history"].contains(&wanted.as_str()) {
            return Err(GraphError::with(
                100,
                "sync_type must be smb_app_state_sync or history.",
            ));
        }
        if !state.synced.insert(wanted.clone()) {
            return Err(GraphError::with(
                100,
                "This synchronization was requested already.",
            ));
        }
        shares
    };
    let changes = match (wanted.as_str(), shares) {
        ("history", true) => chunks(call, &number),
        ("history", false) => vec![declined()],
        _ => vec![people(call)],
    };
    let field = if wanted == "history" {
        "history"
    } else {
        "smb_app_state_sync"
    };
    for mut value in changes {
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] =
            json!({"display_phone_number": number.digits, "phone_number_id": number.config.phone_number_id});
        let update = Update::Change {
            field: field.to_owned(),
            value: Arc::new(value),
            account: false,
        };
        enqueue(call.shared, &number, field, update);
    }
    ok(&json!({"messaging_product": "whatsapp", "request_id": call.shared.ids.trace()}))
}

fn now_s(call: &Call<'_>) -> i64 {
    call.shared.clock.now_ms() / 1_000
}

fn people(call: &Call<'_>) -> Value {
    let entries = PEOPLE.map(|(number, name)| {
        let first = name.split(' ').next();
        json!({"type": "contact", "action": "add", "metadata": {"timestamp": now_s(call).to_string()},
            "contact": {"full_name": name, "first_name": first, "phone_number": number}})
    });
    json!({"state_sync": entries})
}

fn declined() -> Value {
    let title = "History sync is turned off by the business from the WhatsApp Business App";
    json!({"history": [{"errors": [{"code": DECLINED, "title": title, "message": title,
        "error_data": {"details": "History sharing is turned off by the business"}}]}]})
}

/// Three phases: today, the last three months, before.
fn chunks(call: &Call<'_>, number: &Number) -> Vec<Value> {
    let phases = [(0_i64, 40, 0), (1, 80, 20), (2, 100, 120)];
    let chunk = |(phase, progress, days): (i64, i64, i64)| {
        let threads: Vec<Value> = PEOPLE
            .iter()
            .map(|(customer, name)| {
                let at = (now_s(call) - days * DAY_S - 7_200).to_string();
                let later = (now_s(call) - days * DAY_S - 3_600).to_string();
                let ids = &call.shared.ids;
                json!({"id": customer, "context": {"wa_id": customer}, "messages": [
                    {"from": customer, "id": ids.mint(customer, Author::Customer), "timestamp": at, "type": "text",
                     "text": {"body": format!("Hello, this is {name}.")}, "history_context": {"status": "READ"}},
                    {"from": number.digits, "to": customer, "id": ids.mint(customer, Author::Business), "timestamp": later,
                     "type": "text", "text": {"body": "Thank you, we will come back to you."},
                     "history_context": {"status": "READ"}},
                ]})
            })
            .collect();
        json!({"history": [{"metadata": {"phase": phase, "chunk_order": 1, "progress": progress}, "threads": threads}]})
    };
    phases.map(chunk).into()
}
