//! Webhook bodies into the domain's words.
//!
//! Owns the walk through `entry` and `changes`, the address of each change, and the promise that nothing is lost: what
//! cannot be read becomes a notice with the raw JSON, and its neighbours are read all the same. Must not know who will
//! get the items, nor the time of day.

mod content;
mod cut;
mod history;
mod messages;
mod notices;
mod peek;
mod preferences;
mod sender;
mod statuses;

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::payload::{RawObject, array, made_up_id};
use crate::channels::{Address, Delivery, ParseError};
use crate::domain::inbound::{Inbound, InboundMessage};

pub(super) use cut::keep_only;
pub(super) use peek::addresses as peek_addresses;

/// What `object` must say.
const OBJECT: &str = "whatsapp_business_account";
/// Most changes, and most items, in one body. Meta batches up to 1000 updates (webhook documentation); a body with more
/// than this many is parked whole.
const MAX_ITEMS: usize = 10_000;

/// Reads a whole body. What names no address at all (an entry without id) comes last in the first delivery; if there is
/// no other, under an empty account address.
pub(super) fn deliveries(raw: &[u8]) -> Result<Vec<Delivery>, ParseError> {
    let mut sorted = Sorted::default();
    for part in walk(raw)? {
        let mut items = Vec::new();
        match part.change {
            Some(change) => messages::read_change(&change, &mut items),
            None => items.push(notices::unreadable(part.place, part.raw)),
        }
        sorted.add(part.address, items)?;
    }
    let mut deliveries = sorted.housed();
    deliveries.iter_mut().for_each(tell_apart);
    Ok(deliveries)
}

/// Two messages of one body that bear one id and say different things are two: the second gets an id of what it says.
fn tell_apart(delivery: &mut Delivery) {
    fn of(item: &Inbound) -> Option<&InboundMessage> {
        match item {
            Inbound::Message(message) | Inbound::Echo(message) => Some(message),
            _ => None,
        }
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut others = Vec::new();
    for (place, item) in delivery.items.iter().enumerate() {
        let Some(message) = of(item) else { continue };
        let first = *seen.entry(&message.provider_message_id).or_insert(place);
        if first != place && of(&delivery.items[first]) != Some(message) {
            others.push(place);
        }
    }
    for place in others {
        if let Inbound::Message(message) | Inbound::Echo(message) = &mut delivery.items[place] {
            let said = format!(
                "{:?} {} {}",
                message.at, message.content.kind, message.content.body
            );
            let id = format!("{}#{}", message.provider_message_id, made_up_id(&said));
            message.provider_message_id = id;
        }
    }
}

/// The address of what names none.
fn nowhere() -> Address {
    Address::Account(String::new())
}

/// One change of a body, or what stood where a change should be.
struct Part<'a> {
    address: Address,
    place: &'static str,
    raw: &'a RawValue,
    change: Option<Change<'a>>,
}

/// A change: the webhook field and its value.
struct Change<'a> {
    field: String,
    value: &'a RawValue,
    /// The value's fields; empty if it is no object.
    fields: RawObject<'a>,
}

/// Walks through a body without reading what its changes say.
fn walk(raw: &[u8]) -> Result<Vec<Part<'_>>, ParseError> {
    let body: RawObject<'_> =
        serde_json::from_slice(raw).map_err(|error| ParseError(format!("not a JSON object: {error}")))?;
    if !names_us(&body) {
        return Err(ParseError(format!("`object` is not `{OBJECT}`")));
    }
    let entries = body.get("entry").and_then(array);
    let entries = entries.ok_or_else(|| ParseError("`entry` is not a list".into()))?;
    let mut parts = Vec::new();
    for entry in entries {
        walk_entry(entry, &mut parts);
        if parts.len() > MAX_ITEMS {
            return Err(ParseError(format!("more than {MAX_ITEMS} changes in one body")));
        }
    }
    Ok(parts)
}

/// Whether a body may be WhatsApp's: it says so, or says nothing else.
fn names_us(body: &RawObject<'_>) -> bool {
    body.text("object").is_none_or(|object| object == OBJECT)
}

fn walk_entry<'a>(raw: &'a RawValue, parts: &mut Vec<Part<'a>>) {
    let entry = RawObject::of(raw);
    let account = entry
        .as_ref()
        .and_then(|entry| entry.text("id"))
        .unwrap_or_default();
    let changes = entry.and_then(|entry| array(entry.get("changes")?));
    let Some(changes) = changes else {
        parts.push(Part {
            address: Address::Account(account),
            place: "entry",
            raw,
            change: None,
        });
        return;
    };
    for raw in changes.into_iter().take(MAX_ITEMS + 1) {
        let change = read_change(raw);
        parts.push(Part {
            address: address(change.as_ref(), &account),
            place: "change",
            raw,
            change,
        });
    }
}

fn read_change(raw: &RawValue) -> Option<Change<'_>> {
    let change = RawObject::of(raw)?;
    let field = change.text("field").unwrap_or_default();
    let value = change.get("value")?;
    Some(Change {
        field,
        value,
        fields: RawObject::of(value).unwrap_or_default(),
    })
}

/// Where a change belongs: the number that it names, else the account. News about partners come under the id of the
/// partner's business and name the account inside.
fn address(change: Option<&Change<'_>>, account: &str) -> Address {
    let named = |object: &str, id: &str| change?.fields.object(object)?.text(id);
    if let Some(number) = named("metadata", "phone_number_id") {
        return Address::Number(number);
    }
    Address::Account(named("waba_info", "waba_id").unwrap_or_else(|| account.to_owned()))
}

/// Deliveries by address, in the order in which the addresses first appeared.
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

    /// The deliveries, with what named no address put to the first that has one, so that somebody sees it.
    fn housed(mut self) -> Vec<Delivery> {
        let homeless = self
            .deliveries
            .iter()
            .position(|delivery| delivery.address == nowhere());
        if let (Some(place), 2..) = (homeless, self.deliveries.len()) {
            let items = self.deliveries.remove(place).items;
            self.deliveries[0].items.extend(items);
        }
        self.deliveries
    }
}
