//! Changes that carry messages: `messages`, `smb_message_echoes` and `history`.
//!
//! Owns the walk through such a change in the order in which its lists stand, and the reading of one message.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::limits::PROVIDER_ID;
use super::super::payload::{self, array, read, text};
use super::sender::{Contacts, Ids};
use super::{Change, content, history, notices, preferences, statuses};
use crate::domain::inbound::{Inbound, InboundMessage};
use crate::domain::time::Timestamp;

/// Fields of a message that have a place of their own; all others are kept as extra.
const PLACED: [&str; 8] = [
    "context",
    "from",
    "from_user_id",
    "id",
    "timestamp",
    "to",
    "to_user_id",
    "type",
];

/// Reads one change. There is always at least one item.
pub(super) fn read_change(change: &Change<'_>, items: &mut Vec<Inbound>) {
    let before = items.len();
    let is_known = matches!(
        change.field.as_str(),
        "messages" | "smb_message_echoes" | "history"
    );
    if is_known || brings_messages(change) {
        read_lists(change, items);
    }
    if items.len() == before {
        items.push(notices::of_change(change));
    }
    if change.field == "user_preferences" {
        items.extend(preferences::read_all(change));
    }
}

/// Whether the value has messages or statuses in it, whatever the change is called, if it has a name at all.
fn brings_messages(change: &Change<'_>) -> bool {
    let lists = ["messages", "message_echoes", "statuses", "history"];
    let has_some = |name| {
        let list = change.fields.get(name).and_then(array);
        list.is_some_and(|list| !list.is_empty())
    };
    lists.into_iter().any(has_some)
}

/// Which way a list's messages went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    FromCustomer,
    ToCustomer,
}

fn read_lists(change: &Change<'_>, items: &mut Vec<Inbound>) {
    let contacts = Contacts::of(change.fields.get("contacts"));
    let in_history = change.field == "history";
    for (name, raw) in change.fields.iter() {
        let list = array(raw);
        match (name, list) {
            ("contacts" | "messaging_product" | "metadata", _) => {}
            ("messages", Some(list)) => each(list, items, "messages", |value| {
                let item = message(value, Way::FromCustomer, &contacts)?;
                Some(if in_history {
                    history::mark(item, &Value::Null)
                } else {
                    item
                })
            }),
            ("message_echoes", Some(list)) => {
                each(list, items, name, |value| {
                    message(value, Way::ToCustomer, &contacts)
                });
            }
            ("statuses", Some(list)) => each(list, items, name, |value| statuses::read(value, &contacts)),
            ("errors", Some(list)) => each(list, items, name, |value| {
                Some(notices::known("errors", value.clone()))
            }),
            ("history", Some(list)) => history::read_chunks(change, list, items),
            // A list that this version does not know may hold messages of some new kind.
            (_, Some(list)) if list.is_empty() => {}
            (_, Some(_)) => items.push(notices::unreadable(format!("{}.{name}", change.field), raw)),
            ("messages" | "message_echoes" | "statuses" | "errors" | "history", None) => {
                items.push(notices::unreadable(format!("{}.{name}", change.field), raw));
            }
            (_, None) => {}
        }
    }
}

/// Reads every element of a list; one that cannot be read becomes a notice.
pub(super) fn each(
    list: Vec<&RawValue>,
    items: &mut Vec<Inbound>,
    place: &str,
    mut read_one: impl FnMut(&Value) -> Option<Inbound>,
) {
    items.extend(list.into_iter().map(|raw| match read(raw) {
        Ok(value) => read_one(&value).unwrap_or_else(|| notices::unknown(place, value)),
        Err(text) => notices::unknown(place, text),
    }));
}

/// One message; `None` if there is nobody who could have written it, or nothing by which it is one.
pub(super) fn message(value: &Value, way: Way, contacts: &Contacts) -> Option<Inbound> {
    let fields = value.as_object()?;
    let ids = match way {
        Way::FromCustomer => Ids::at(value, "from_user_id", "from").or(known_before(value)),
        Way::ToCustomer => Ids::at(value, "to_user_id", "to"),
    };
    let (sender, known_of_sender) = contacts.sender(ids)?;
    let context = fields.get("context").and_then(Value::as_object);
    let content = content::of_message(fields);
    let id = match id(value, "id") {
        None if content.kind == "unknown" => return None,
        None => payload::made_up_id(&value.to_string()),
        Some(id) => id,
    };
    let message = InboundMessage {
        provider_message_id: id,
        sender,
        at: time(fields.get("timestamp")),
        reply_to: context.and_then(|context| text(context.get("id")?)),
        forwarded: context.is_some_and(is_forwarded),
        extra: extra(fields, &content.kind, context, known_of_sender),
        content,
    };
    Some(match way {
        Way::FromCustomer => Inbound::Message(message),
        Way::ToCustomer => Inbound::Echo(message),
    })
}

/// A provider's id: a text of reasonable length.
pub(super) fn id(value: &Value, name: &str) -> Option<String> {
    super::super::payload::text_at(value, name).filter(|id| id.len() <= PROVIDER_ID)
}

/// Who is meant by news about an id that changed; they need not name a sender beside it.
fn known_before(value: &Value) -> Ids {
    let system = value.get("system").unwrap_or(&Value::Null);
    Ids::at(system, "previous_user_id", "previous_wa_id").or(Ids::at(system, "user_id", "wa_id"))
}

/// A time, however it is written.
pub(super) fn time(value: Option<&Value>) -> Option<Timestamp> {
    payload::time(value?)
}

fn is_forwarded(context: &Map<String, Value>) -> bool {
    let says = |name| context.get(name) == Some(&Value::Bool(true));
    says("forwarded") || says("frequently_forwarded")
}

/// Everything that has no place of its own: referral, errors, group, identity, what is new.
fn extra(
    fields: &Map<String, Value>,
    kind: &str,
    context: Option<&Map<String, Value>>,
    known_of_sender: Map<String, Value>,
) -> Option<Value> {
    let of_message = fields
        .iter()
        .filter(|(name, _)| !PLACED.contains(&name.as_str()) && name.as_str() != kind);
    let of_context = context
        .into_iter()
        .flatten()
        .filter(|(name, _)| matches!(name.as_str(), "referred_product" | "frequently_forwarded"));
    let mut extra = known_of_sender;
    extra.extend(
        of_message
            .chain(of_context)
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    (!extra.is_empty()).then_some(Value::Object(extra))
}
