//! Only the addresses of a body, for the webhook's hot path.
//!
//! Owns a quick reading that takes the expected shape in one pass without building anything; a body of any other shape
//! goes through the full walk, so that both always agree.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;

use super::{OBJECT, walk};
use crate::channels::Address;

/// The addresses that a body speaks to, each once; empty for a body that is not Meta's.
pub(in crate::channels::whatsapp) fn addresses(raw: &[u8]) -> Vec<Address> {
    let found = match serde_json::from_slice::<Body<'_>>(raw) {
        Ok(body) if body.object == OBJECT => body.addresses(),
        _ => walk(raw)
            .map(|parts| parts.into_iter().map(|part| part.address).collect())
            .unwrap_or_default(),
    };
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|address| seen.insert(address.clone()))
        .collect()
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    object: Cow<'a, str>,
    #[serde(borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    value: Value<'a>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    waba_info: Option<WabaInfo<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    phone_number_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WabaInfo<'a> {
    #[serde(borrow)]
    waba_id: Cow<'a, str>,
}

impl Body<'_> {
    fn addresses(&self) -> Vec<Address> {
        let of_entry = |entry: &Entry<'_>| {
            let changes = entry.changes.iter();
            changes.map(|change| address(entry, change)).collect::<Vec<_>>()
        };
        self.entry.iter().flat_map(of_entry).collect()
    }
}

/// The same choice as [`super::address`], blanks included.
fn address(entry: &Entry<'_>, change: &Change<'_>) -> Address {
    let said = |text: &str| Some(text.trim()).filter(|t| !t.is_empty()).map(str::to_owned);
    let Value { metadata, waba_info } = &change.value;
    if let Some(number) = metadata.as_ref().and_then(|it| said(&it.phone_number_id)) {
        return Address::Number(number);
    }
    let account = waba_info.as_ref().and_then(|it| said(&it.waba_id));
    Address::Account(account.or_else(|| said(&entry.id)).unwrap_or_default())
}
