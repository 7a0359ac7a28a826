//! Bodies that the inbox takes.

use serde::Deserialize;

use crate::channels::FieldError;
use crate::domain::decide::{ConversationPatch, Settlement};
use crate::domain::{ConversationStatus, Priority, Timestamp, UserId};
use crate::http::{ApiBody, check};

/// Longest note in characters.
pub(super) const MAX_NOTE: usize = 10_000;
/// Longest draft in bytes.
const MAX_DRAFT: usize = 64 * 1024;
/// Most that belongs to a reply beside its text, as JSON.
const MAX_EXTRAS: usize = 32 * 1024;

/// A change of a conversation; a field that is left out stays as it is.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchBody {
    #[schema(schema_with = crate::http::words::conversation_status)]
    status: Option<ConversationStatus>,
    /// `null` for nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    assignee_id: Option<Option<UserId>>,
    labels: Option<Vec<String>>,
    #[schema(schema_with = crate::http::words::priority)]
    priority: Option<Priority>,
    /// `null` brings the conversation back.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    snoozed_until: Option<Option<Timestamp>>,
}

/// Tells `null` from a field that is left out.
fn present<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl ApiBody for PatchBody {}

impl PatchBody {
    pub(super) fn assignee(&self) -> Option<UserId> {
        self.assignee_id.flatten()
    }

    pub(super) fn into_patch(self) -> ConversationPatch {
        let Self {
            status,
            assignee_id,
            labels,
            priority,
            snoozed_until,
        } = self;
        ConversationPatch {
            status,
            assignee: assignee_id,
            labels,
            priority,
            snoozed_until,
        }
    }
}

/// An internal note.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteBody {
    /// At most 10,000 characters.
    pub body: String,
}

impl ApiBody for NoteBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.body.trim().is_empty() {
            return Err(FieldError::new("body", "must not be empty."));
        }
        check::text("body", &self.body, MAX_NOTE)
    }
}

/// What was typed and not sent.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftBody {
    #[serde(default)]
    pub reply: String,
    #[serde(default)]
    pub note: String,
    /// What belongs to the reply beside its text (a quote, attached files, a message being built): any object of the caller's,
    /// at most 32 KiB as JSON. It is kept as it is.
    #[serde(default)]
    pub extras: Option<serde_json::Map<String, serde_json::Value>>,
}

impl DraftBody {
    /// The extras as they are kept; empty for none.
    pub fn extras_text(&self) -> String {
        let some = self.extras.as_ref().filter(|extras| !extras.is_empty());
        some.map_or_else(String::new, |extras| {
            serde_json::Value::Object(extras.clone()).to_string()
        })
    }
}

impl ApiBody for DraftBody {
    const LIMIT: usize = 4 * MAX_DRAFT;

    fn check(&self) -> Result<(), FieldError> {
        for (field, text) in [("reply", &self.reply), ("note", &self.note)] {
            if text.len() > MAX_DRAFT {
                return Err(FieldError::new(
                    field,
                    format!("must be at most {MAX_DRAFT} bytes."),
                ));
            }
        }
        if self.extras_text().len() > MAX_EXTRAS {
            let detail = format!("must be at most {MAX_EXTRAS} bytes as JSON.");
            return Err(FieldError::new("extras", detail));
        }
        Ok(())
    }
}

/// What someone found out about a doubtful send.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleBody {
    /// `sent`, `failed` or `retry`.
    #[schema(schema_with = crate::http::words::settlement)]
    pub outcome: Settlement,
}

impl ApiBody for SettleBody {}

/// A contact's new name.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactBody {
    /// At most 120 characters; empty to show the customer's own name again.
    pub name: String,
}

impl ApiBody for ContactBody {
    fn check(&self) -> Result<(), FieldError> {
        check::line("name", &self.name, crate::domain::contact::MAX_NAME_CHARS)
    }
}
