//! News about the channel, and everything that could not be read.
//!
//! Owns the list of webhook fields that this version knows.

use serde_json::Value;
use serde_json::value::RawValue;

use super::super::payload::read;
use super::Change;
use crate::domain::inbound::{ChannelNotice, Inbound};

/// Webhook fields that carry news about the account, the number or a template (Meta's webhook reference).
const KNOWN: [&str; 17] = [
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "business_username_update",
    "flows",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "smb_message_echoes",
    "template_category_update",
    "user_preferences",
];

/// A notice of a field that this version knows.
pub(super) fn known(field: impl Into<String>, body: Value) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: field.into(),
        body,
        known: true,
    })
}

/// A notice of something that this version cannot read; `place` says where it stood.
pub(super) fn unknown(place: impl Into<String>, body: Value) -> Inbound {
    Inbound::Notice(ChannelNotice {
        field: place.into(),
        body,
        known: false,
    })
}

/// The same for JSON that was not read yet.
pub(super) fn unreadable(place: impl Into<String>, raw: &RawValue) -> Inbound {
    unknown(place, whole(raw))
}

/// The value, or its JSON as a text where it cannot be held.
pub(super) fn whole(raw: &RawValue) -> Value {
    read(raw).unwrap_or_else(|text| text)
}

/// A whole change as one notice.
pub(super) fn of_change(change: &Change<'_>) -> Inbound {
    let body = whole(change.value);
    // Meta's own sample of a quality update names the field of the status update.
    let is_quality =
        change.field == "message_template_status_update" && body.get("new_quality_score").is_some();
    let field = match is_quality {
        true => "message_template_quality_update",
        false => change.field.as_str(),
    };
    match KNOWN.contains(&field) && body.is_object() {
        true => known(field, body),
        false => unknown(field, body),
    }
}
