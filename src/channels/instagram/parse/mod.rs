//! Webhook bodies into the domain's words.
//!
//! Owns the walk through the three shapes in which news stand (`entry.messaging`, `entry.changes`, and a change flat in its
//! entry), the address of each entry, and the promise that nothing is lost: what cannot be read becomes a notice with the
//! raw JSON, and its neighbours are read all the same. Must not know who will get the items, nor the time of day.

mod comments;
mod content;
mod events;

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use serde_json::value::RawValue;

use super::limits::PROVIDER_ID;
use super::missed;
use crate::channels::payload::{self, RawObject, array, read, text_at};
use crate::channels::{Address, Delivery, ParseError};
use crate::domain::Timestamp;
use crate::domain::inbound::{ChannelNotice, Inbound};

/// What `object` says, for both flavours.
const OBJECT: &str = "instagram";
/// What it says where a Facebook page delivers: its entries name the page, and have the same shapes.
const PAGE: &str = "page";
/// Most entries, and most items, in one body. Meta batches up to 1000 events; a body with more than this many is parked.
const MAX_ITEMS: usize = 10_000;

/// Reads a whole body. What names no account at all comes last in the first delivery; if there is no other, under an empty
/// address.
pub(super) fn deliveries(raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
    let mut sorted = Sorted::default();
    for (address, entry) in walk(raw)? {
        let mut items = Vec::new();
        read_entry(id_of(&address), entry, &mut items);
        sorted.add(address, items)?;
    }
    Ok(sorted.housed())
}

/// The addresses that a body speaks to, each once, without reading what it says; empty for a body that is not Instagram's.
pub(super) fn peek_addresses(raw: &[u8]) -> Vec<Address> {
    let mut seen = HashSet::new();
    let entries = walk(raw).unwrap_or_default().into_iter();
    let mut addresses: Vec<Address> = entries
        .map(|(address, _)| address)
        .filter(|address| seen.insert(address.clone()))
        .collect();
    if addresses.len() > 1 {
        addresses.retain(|address| !address.is_nowhere());
    }
    addresses
}

/// The body with only the entries whose address `keep` accepts. `None` if it is no body of Instagram's.
pub(super) fn keep_only(raw: &[u8], keep: &dyn Fn(&Address) -> bool) -> Option<Vec<u8>> {
    let entries = walk(raw).ok()?;
    let is_page = entries
        .iter()
        .any(|(address, _)| matches!(address, Address::Page(_)));
    let object = if is_page { PAGE } else { OBJECT };
    let kept: Vec<&str> = entries
        .into_iter()
        .filter(|(address, _)| keep(address))
        .map(|(_, entry)| entry.get())
        .collect();
    let text = format!("{{\"object\":\"{object}\",\"entry\":[{}]}}", kept.join(","));
    Some(text.into_bytes())
}

/// The account, or the page, that an entry is for.
fn id_of(address: &Address) -> &str {
    match address {
        Address::Number(id) | Address::Account(id) | Address::Page(id) => id,
        Address::Posted => "",
    }
}

/// The entries of a body, unread, each with the address that it is for.
fn walk(raw: &[u8]) -> Result<Vec<(Address, &RawValue)>, ParseError> {
    let body: RawObject<'_> =
        serde_json::from_slice(raw).map_err(|error| ParseError(format!("not a JSON object: {error}")))?;
    // A body that does not say whose it is came in at Instagram's own entrance.
    let house = match body.text("object").as_deref() {
        None | Some(OBJECT) => Address::Number,
        Some(PAGE) => Address::Page,
        Some(_) => {
            return Err(ParseError(format!("`object` is neither `{OBJECT}` nor `{PAGE}`")));
        }
    };
    let entries = body.get("entry").and_then(array);
    let entries = entries.ok_or_else(|| ParseError("`entry` is not a list".into()))?;
    if entries.len() > MAX_ITEMS {
        return Err(ParseError(format!("more than {MAX_ITEMS} entries in one body")));
    }
    let account = |entry: &RawValue| RawObject::of(entry).and_then(|entry| entry.text("id"));
    Ok(entries
        .into_iter()
        .map(|entry| (house(account(entry).unwrap_or_default()), entry))
        .collect())
}

/// Where news stand: the account that they are for, and the time of the entry.
struct Place<'a> {
    account: &'a str,
    time: Option<Timestamp>,
    /// Another app owns the thread: kept, not to be answered by a program.
    standby: bool,
}

fn read_entry(account: &str, raw: &RawValue, items: &mut Vec<Inbound>) {
    let Some(entry) = RawObject::of(raw) else {
        items.push(unreadable("entry", raw));
        return;
    };
    let before = items.len();
    let mut known = false;
    let mut place = Place {
        account,
        time: entry
            .get("time")
            .and_then(|time| self::time(read(time).ok().as_ref())),
        standby: false,
    };
    for (name, list) in entry.iter() {
        place.standby = name == "standby";
        match (name, array(list)) {
            ("messaging" | "standby", Some(list)) => {
                known = true;
                list.into_iter()
                    .for_each(|raw| events::read_raw(raw, &place, items));
            }
            ("changes", Some(list)) => {
                known = true;
                list.into_iter().for_each(|raw| read_change(raw, &place, items));
            }
            (missed::FETCHED, Some(list)) => {
                known = true;
                list.into_iter().for_each(|raw| read_fetched(raw, &place, items));
            }
            ("messaging" | "standby" | "changes", None) => items.push(unreadable(name, list)),
            _ => {}
        }
    }
    // The flat shape of the Instagram-login pages: the entry is itself the change.
    if entry.get("field").is_some() {
        place.standby = false;
        read_change(raw, &place, items);
    } else if !known && items.len() == before {
        items.push(unreadable("entry", raw));
    }
}

/// A message as the account's conversations tell it.
fn read_fetched(raw: &RawValue, place: &Place<'_>, items: &mut Vec<Inbound>) {
    match read(raw) {
        Ok(message) => match missed::as_event(&message, place.account) {
            Some(event) => events::read_value(event, place, items),
            None => items.push(unknown(missed::FETCHED, message)),
        },
        Err(text) => items.push(unknown(missed::FETCHED, text)),
    }
}

/// `{field, value}`. Events of a conversation may stand here too, as the dashboard's tests send them.
fn read_change(raw: &RawValue, place: &Place<'_>, items: &mut Vec<Inbound>) {
    let change = RawObject::of(raw);
    let field = change
        .as_ref()
        .and_then(|change| change.text("field"))
        .unwrap_or_default();
    let Some(value) = change.and_then(|change| change.get("value")) else {
        items.push(unreadable("change", raw));
        return;
    };
    let value = match read(value) {
        Ok(value) => value,
        Err(text) => {
            items.push(unknown(field, text));
            return;
        }
    };
    match field.as_str() {
        "comments" | "live_comments" | "mentions" => items.extend(comments::read(&field, value, place)),
        _ if value.get("sender").is_some() || value.get("recipient").is_some() => {
            let standby = field == "standby";
            events::read_value(value, &Place { standby, ..*place }, items);
        }
        "story_insights" => items.push(notice(field, value)),
        // A whole list of them, as some set-ups pass it on.
        _ if value
            .get("messaging")
            .is_some_and(|list| list.as_array().is_some_and(|list| !list.is_empty())) =>
        {
            let list = value["messaging"].as_array().cloned().unwrap_or_default();
            list.into_iter()
                .for_each(|event| events::read_value(event, place, items));
        }
        _ => items.push(unknown(field, value)),
    }
}

/// A notice of something that this version knows.
fn notice(field: impl Into<String>, body: Value) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: field.into(),
        body,
        known: true,
    })
}

/// A notice of something that this version cannot read; `place` says where it stood.
fn unknown(place: impl Into<String>, body: Value) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: place.into(),
        body,
        known: false,
    })
}

fn unreadable(place: &str, raw: &RawValue) -> Inbound {
    unknown(place, read(raw).unwrap_or_else(|text| text))
}

/// A provider's id: a text of reasonable length.
fn id_at(value: &Value, name: &str) -> Option<String> {
    text_at(value, name).filter(|id| id.len() <= PROVIDER_ID)
}

/// A time, however it is written.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    payload::time(value?)
}

/// Deliveries by address, in the order in which the accounts first appeared.
#[derive(Default)]
struct Sorted {
    deliveries: Vec<Delivery>,
    places: HashMap<Address, usize>,
    items: usize,
}

impl Sorted {
    fn add(&mut self, address: Address, items: Vec<Inbound>) -> Result<(), ParseError> {
        self.items += items.len();
        if self.items > MAX_ITEMS {
            return Err(ParseError(format!("more than {MAX_ITEMS} items in one body")));
        }
        let next = self.deliveries.len();
        let place = *self.places.entry(address.clone()).or_insert(next);
        if place == next {
            self.deliveries.push(Delivery {
                address,
                items: Vec::new(),
            });
        }
        self.deliveries[place].items.extend(items);
        Ok(())
    }

    /// The deliveries, with what named no account put to the first that has one, so that somebody sees it.
    fn housed(mut self) -> Vec<Delivery> {
        let nowhere = self
            .deliveries
            .iter()
            .position(|delivery| delivery.address.is_nowhere());
        if let (Some(place), 2..) = (nowhere, self.deliveries.len()) {
            let items = self.deliveries.remove(place).items;
            self.deliveries[0].items.extend(items);
        }
        self.deliveries
    }
}
