//! The chat history that a phone app shares when it is connected (coexistence).
//!
//! Owns the walk through chunks and threads. Every message gets `extra.history`, so that nobody takes an old message for
//! news: phase, chunk and progress as told, or an empty object.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::payload::{RawObject, array, read, text_at};
use super::messages::{Way, each, message};
use super::sender::{Contacts, Ids};
use super::{Change, notices};
use crate::domain::identity::Identity;
use crate::domain::inbound::Inbound;

/// Reads the elements of `history`. A chunk without messages (declined, empty) is a notice.
pub(super) fn read_chunks(change: &Change<'_>, chunks: Vec<&RawValue>, items: &mut Vec<Inbound>) {
    let business = change
        .fields
        .object("metadata")
        .and_then(|metadata| metadata.text("display_phone_number"));
    for raw in chunks {
        let before = items.len();
        if let Some(chunk) = RawObject::of(raw) {
            read_chunk(&chunk, business.as_deref(), items);
        }
        if items.len() == before {
            let body = notices::whole(raw);
            items.push(match body.is_object() {
                true => notices::known("history", body),
                false => notices::unknown("history", body),
            });
        }
    }
}

fn read_chunk(chunk: &RawObject<'_>, business: Option<&str>, items: &mut Vec<Inbound>) {
    let about = chunk.get("metadata").map_or(Value::Null, notices::whole);
    let threads = chunk.get("threads").and_then(array).unwrap_or_default();
    for raw in threads {
        let list = RawObject::of(raw).and_then(|thread| {
            let messages = array(thread.get("messages")?)?;
            Some((customer(&thread), messages))
        });
        match list {
            Some((customer, messages)) => each(messages, items, "history.messages", |value| {
                read_message(value, &customer, business).map(|item| mark(item, &about))
            }),
            None => items.push(notices::unreadable("history.threads", raw)),
        }
    }
}

/// The customer of a thread, as it would stand in `contacts`.
fn customer(thread: &RawObject<'_>) -> Value {
    let mut contact = match thread.get("context").map(read) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => serde_json::Map::new(),
    };
    if let (false, Some(id)) = (contact.contains_key("wa_id"), thread.text("id")) {
        contact.insert("wa_id".to_owned(), Value::String(id));
    }
    Value::Object(contact)
}

fn read_message(value: &Value, customer: &Value, business: Option<&str>) -> Option<Inbound> {
    let contacts = Contacts::single(customer);
    let digits = |text: &str| Identity::whatsapp(text).map(|identity| identity.value);
    let from = text_at(value, "from").as_deref().and_then(digits);
    let by_business = from.is_some() && from == business.and_then(digits);
    let names_recipient = Ids::at(value, "to_user_id", "to") != Ids::default();
    let way = match by_business || names_recipient {
        true => Way::ToCustomer,
        false => Way::FromCustomer,
    };
    message(value, way, &contacts)
}

/// Marks a message as history.
pub(super) fn mark(mut item: Inbound, about: &Value) -> Inbound {
    if let Inbound::Message(message) | Inbound::Echo(message) = &mut item {
        let extra = message.extra.get_or_insert_with(|| json!({}));
        extra["history"] = match about {
            Value::Object(_) => about.clone(),
            _ => json!({}),
        };
    }
    item
}
