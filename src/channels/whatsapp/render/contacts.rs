//! Contact cards.
//!
//! Owns the rules of `contacts`.

use serde_json::{Value, json};

use super::super::limits;
use super::fields::{Checked, Fields};

const NAME: [&str; 6] = [
    "formatted_name",
    "first_name",
    "last_name",
    "middle_name",
    "suffix",
    "prefix",
];

/// The lists of a card and the fields of their elements; the first field of each is needed.
const LISTS: [(&str, &[&str]); 3] = [
    ("phones", &["phone", "type", "wa_id"]),
    ("emails", &["email", "type"]),
    ("urls", &["url", "type"]),
];
const ADDRESS: [&str; 7] = [
    "street",
    "city",
    "state",
    "zip",
    "country",
    "country_code",
    "type",
];
const CARD: [&str; 7] = ["addresses", "birthday", "emails", "name", "org", "phones", "urls"];

pub(super) fn check(body: &Value) -> Checked {
    let whole = json!({ "contacts": body });
    let whole = Fields::of(&whole, "contacts", &["contacts"])?;
    let Some(cards) = body.as_array() else {
        return whole.refuse("0", "must be a list of contact cards.");
    };
    if cards.is_empty() || cards.len() > limits::CONTACT_CARDS {
        return whole.refuse(
            "0",
            format!("1 to {} contact cards are allowed.", limits::CONTACT_CARDS),
        );
    }
    cards
        .iter()
        .enumerate()
        .try_for_each(|(i, card)| check_card(card, format!("contacts.{i}")))
}

fn check_card(value: &Value, path: String) -> Checked {
    let card = Fields::of(value, path, &CARD)?;
    let name = card.object("name", &NAME)?;
    name.text("formatted_name", limits::SHORT_TEXT)?;
    for part in NAME {
        name.optional_text(part, limits::SHORT_TEXT)?;
    }
    if !NAME[1..].iter().any(|part| name.has(part)) {
        return name.refuse(
            "first_name",
            "is missing; besides formatted_name one more part of the name is needed.",
        );
    }
    for (list, fields) in LISTS {
        for (path, entry) in card.optional_list(list, limits::CONTACT_ENTRIES)? {
            let entry = Fields::of(entry, path, fields)?;
            entry.text(fields[0], limits::SHORT_TEXT)?;
            fields[1..]
                .iter()
                .try_for_each(|field| short_text(&entry, field))?;
        }
    }
    for (path, address) in card.optional_list("addresses", limits::CONTACT_ENTRIES)? {
        let address = Fields::of(address, path, &ADDRESS)?;
        ADDRESS.iter().try_for_each(|field| short_text(&address, field))?;
    }
    let org_fields = ["company", "department", "title"];
    if let Some(org) = card.optional_object("org", &org_fields)? {
        org_fields.iter().try_for_each(|field| short_text(&org, field))?;
    }
    birthday(&card)
}

/// A text that may be empty or missing.
fn short_text(fields: &Fields<'_>, name: &str) -> Checked {
    match fields.value(name) {
        None => Ok(()),
        Some(Value::String(text)) if text.is_empty() => Ok(()),
        Some(_) => fields.optional_text(name, limits::SHORT_TEXT).map(drop),
    }
}

fn birthday(card: &Fields<'_>) -> Checked {
    let is_date = |text: &str| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    match card.optional_text("birthday", limits::SHORT_TEXT)? {
        Some(text) if !is_date(text) => card.refuse("birthday", "must be a date such as 1990-02-03."),
        _ => Ok(()),
    }
}
