//! A body with only some of its parts: what stands in a delivery for others is not for these eyes.
//!
//! Owns the taking apart by address. What is kept is kept byte for byte.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{OBJECT, address, array, names_us, read_change};
use crate::channels::Address;
use crate::channels::whatsapp::payload::RawObject;

/// The body with only the changes whose address `keep` accepts; entries with nothing left are dropped. `None` if it is
/// no body of Meta's.
pub(in crate::channels::whatsapp) fn keep_only(
    raw: &[u8],
    keep: &dyn Fn(&Address) -> bool,
) -> Option<Vec<u8>> {
    let body: RawObject<'_> = serde_json::from_slice(raw).ok()?;
    if !names_us(&body) {
        return None;
    }
    let entries: Vec<String> = array(body.get("entry")?)?
        .into_iter()
        .filter_map(|entry| kept_entry(entry, keep))
        .collect();
    let text = format!("{{\"object\":\"{OBJECT}\",\"entry\":[{}]}}", entries.join(","));
    Some(text.into_bytes())
}

fn kept_entry(raw: &RawValue, keep: &dyn Fn(&Address) -> bool) -> Option<String> {
    let entry = RawObject::of(raw);
    let account = entry
        .as_ref()
        .and_then(|entry| entry.text("id"))
        .unwrap_or_default();
    let whole = || keep(&Address::Account(account.clone())).then(|| raw.get().to_owned());
    let Some(entry) = entry else { return whole() };
    let Some(changes) = entry.get("changes").and_then(array) else {
        return whole();
    };
    let kept: Vec<&str> = changes
        .into_iter()
        .filter(|change| keep(&address(read_change(change).as_ref(), &account)))
        .map(RawValue::get)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let changes = format!("[{}]", kept.join(","));
    // Only what is known to speak of the entry itself; anything else could speak to others.
    let around = ["id", "time"].into_iter().filter_map(|name| {
        let value = entry.get(name)?.get();
        Some(format!("{}:{value},", Value::from(name)))
    });
    Some(format!("{{{}\"changes\":{changes}}}", around.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(number: &str, text: &str) -> Value {
        json!({"field": "messages", "value": {"metadata": {"phone_number_id": number}, "text": text}})
    }

    #[test]
    fn parts_for_others_are_cut_and_ours_are_untouched() {
        let body = json!({"object": OBJECT, "secret": "top", "entry": [
            {"id": "1", "time": 5, "note": "theirs", "changes": [change("10", "ours"), change("20", "theirs")]},
            {"id": "2", "changes": [change("20", "theirs")]},
            {"id": "3", "changes": [{"field": "account_update", "value": {"event": "ours"}}]},
            {"id": "4", "odd": "theirs"},
            "theirs",
        ]});
        let ours = [Address::Number("10".into()), Address::Account("3".into())];
        let cut = keep_only(body.to_string().as_bytes(), &|address| ours.contains(address)).expect("Meta's");
        let cut: Value = serde_json::from_slice(&cut).expect("JSON");
        assert_eq!(
            cut,
            json!({"object": OBJECT, "entry": [
                {"id": "1", "time": 5, "changes": [change("10", "ours")]},
                {"id": "3", "changes": [{"field": "account_update", "value": {"event": "ours"}}]},
            ]})
        );
    }

    #[test]
    fn what_is_no_body_of_metas_is_not_taken_apart() {
        for raw in [
            "",
            "[]",
            "{\"object\":\"page\",\"entry\":[]}",
            "{\"object\":\"whatsapp_business_account\"}",
        ] {
            assert_eq!(keep_only(raw.as_bytes(), &|_| true), None, "{raw}");
        }
    }
}
