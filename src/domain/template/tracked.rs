//! Link buttons whose clicks are counted: the provider approves an address of ours with a code at its end, and each message
//! has a code of its own that leads to the real address.
//!
//! A button says so with `track: true`. Where it leads stands in `url` while it is written, and in `track_to` once `url` is
//! ours. Owns these names and what becomes of them; codes are made elsewhere. Must not know who follows a link.

use serde_json::{Value, json};

use super::{Definition, is_kind, list, placeholders, word};

/// That clicks are counted.
const TRACK: &str = "track";
/// Where the button leads.
const TO: &str = "track_to";
/// A code that stands in the sample for reviewers.
const SAMPLE_CODE: &str = "AbCdEf123456";

/// A button whose clicks are counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tracked {
    /// The card that it stands in.
    pub card: Option<usize>,
    /// Its place among the buttons.
    pub index: usize,
    /// Its label.
    pub label: String,
    /// Where it leads, with a variable at its end if it has one.
    pub to: String,
}

/// Whether a button's clicks are counted.
pub fn is_tracked(button: &Value) -> bool {
    is_kind(button, "url") && button.get(TRACK).and_then(Value::as_bool) == Some(true)
}

/// Where a button leads.
pub fn destination(button: &Value) -> &str {
    match word(button, TO) {
        "" => word(button, "url"),
        to => to,
    }
}

/// Every button whose clicks are counted.
pub fn tracked(definition: &Definition) -> Vec<Tracked> {
    let mut found = Vec::new();
    of_parts(&definition.components, None, &mut found);
    if let Some(carousel) = definition.component("carousel") {
        for (card, parts) in list(carousel, "cards").iter().enumerate() {
            of_parts(list(parts, "components"), Some(card), &mut found);
        }
    }
    found
}

fn of_parts(parts: &[Value], card: Option<usize>, found: &mut Vec<Tracked>) {
    let buttons = parts.iter().find(|part| is_kind(part, "buttons"));
    let buttons = buttons.map_or(&[][..], |part| list(part, "buttons"));
    for (index, button) in buttons.iter().enumerate().filter(|(_, it)| is_tracked(it)) {
        found.push(Tracked {
            card,
            index,
            label: word(button, "text").to_owned(),
            to: destination(button).to_owned(),
        });
    }
}

/// The definition with addresses of ours where clicks are counted, and without them where that was switched off. `base` is
/// where the appliance is reached.
pub fn addressed(definition: &Definition, base: &str) -> Definition {
    let base = base.trim_end_matches('/');
    each_button(definition, &|button| {
        let to = destination(button).to_owned();
        let counts = is_tracked(button);
        let Some(fields) = button.as_object_mut() else {
            return;
        };
        if counts {
            fields.insert("url".into(), format!("{base}/l/{{{{1}}}}").into());
            fields.insert("example".into(), json!([format!("{base}/l/{SAMPLE_CODE}")]));
            fields.insert(TO.into(), to.into());
        } else if fields.remove(TO).is_some() {
            if placeholders::find(&to).is_empty() {
                fields.remove("example");
            }
            fields.insert("url".into(), to.into());
        }
    })
}

/// The definition without what only we know.
pub fn wire(definition: &Definition) -> Definition {
    each_button(definition, &|button| {
        if let Some(fields) = button.as_object_mut() {
            fields.remove(TRACK);
            fields.remove(TO);
        }
    })
}

fn each_button(definition: &Definition, change: &dyn Fn(&mut Value)) -> Definition {
    fn within(parts: &mut [Value], change: &dyn Fn(&mut Value)) {
        for part in parts {
            let buttons = part.get_mut("buttons").and_then(Value::as_array_mut);
            buttons.into_iter().flatten().for_each(change);
            let cards = part.get_mut("cards").and_then(Value::as_array_mut);
            for card in cards.into_iter().flatten() {
                if let Some(parts) = card.get_mut("components").and_then(Value::as_array_mut) {
                    within(parts, change);
                }
            }
        }
    }
    let mut changed = definition.clone();
    within(&mut changed.components, change);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::{Category, ParameterFormat};

    fn definition(button: Value) -> Definition {
        Definition {
            category: Category::Marketing,
            format: ParameterFormat::Positional,
            ttl_s: None,
            components: vec![
                json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Ok"}, button]}),
            ],
        }
    }

    #[test]
    fn an_address_becomes_ours_and_itself_again() {
        let draft = definition(
            json!({"type": "URL", "text": "Shop", "url": "https://shop.example/x", "track": true}),
        );
        let live = addressed(&draft, "https://desk.example/");
        let button = &live.components[0]["buttons"][1];
        assert_eq!(button["url"], "https://desk.example/l/{{1}}");
        assert_eq!(
            tracked(&live),
            [Tracked {
                card: None,
                index: 1,
                label: "Shop".into(),
                to: "https://shop.example/x".into()
            }]
        );
        assert_eq!(addressed(&live, "https://desk.example"), live, "twice is once");
        let sent = wire(&live);
        assert!(!sent.components[0].to_string().contains("track"));
        let mut off = live.clone();
        off.components[0]["buttons"][1]["track"] = json!(false);
        let off = wire(&addressed(&off, "https://desk.example"));
        assert_eq!(
            off.components[0]["buttons"][1],
            json!({"type": "URL", "text": "Shop", "url": "https://shop.example/x"})
        );
        let odd = definition(json!("odd"));
        assert_eq!(addressed(&odd, "x"), odd);
    }
}
