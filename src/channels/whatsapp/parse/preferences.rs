//! Customers' choices about marketing, made in WhatsApp itself (`user_preferences`).
//!
//! Owns their reading. The change as a whole is kept as a notice beside them.

use super::super::payload::{array, cut, read, text_at};
use super::Change;
use super::messages::time;
use super::sender::{Contacts, Ids};
use crate::domain::inbound::{Inbound, PreferenceUpdate};

/// Longest explanation that is kept, in characters.
const MAX_DETAIL_CHARS: usize = 300;

/// Reads every choice; one that names nobody, or says something that this version does not know, stays in the notice.
pub(super) fn read_all(change: &Change<'_>) -> Vec<Inbound> {
    let contacts = Contacts::of(change.fields.get("contacts"));
    let list = change
        .fields
        .get("user_preferences")
        .and_then(array)
        .unwrap_or_default();
    let choice = |raw| {
        let value = read(raw).ok()?;
        let about = text_at(&value, "category").unwrap_or_default();
        let marketing = match (about.as_str(), text_at(&value, "value")?.as_str()) {
            ("marketing_messages", "stop") => false,
            ("marketing_messages", "resume") => true,
            _ => return None,
        };
        let (sender, _) = contacts.sender(Ids::at(&value, "user_id", "wa_id"))?;
        Some(Inbound::Preference(PreferenceUpdate {
            sender,
            marketing,
            at: time(value.get("timestamp")),
            detail: cut(text_at(&value, "detail").unwrap_or_default(), MAX_DETAIL_CHARS),
        }))
    };
    list.into_iter().filter_map(choice).collect()
}
