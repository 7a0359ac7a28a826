//! What goes over the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::conversation::{MAX_LABEL_CHARS, MAX_LABELS};
use crate::domain::decide::ConversationPatch;
use crate::domain::{Conversation, ConversationStatus, Priority, UserId};
use crate::features::inbox::list::Filter;
use crate::http::views::PhraseView;
use crate::http::{ApiBody, FieldError, check};

/// A change of every conversation that a filter finds. At least one of the changes must be there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    pub filter: Filter,
    pub change: Change,
}

/// What is changed; what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkChange)]
pub(super) struct Change {
    /// `null` for nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub assignee_id: Option<Option<UserId>>,
    /// Not `snoozed`: that needs a time for each.
    #[schema(schema_with = crate::http::words::conversation_status)]
    pub status: Option<ConversationStatus>,
    #[schema(schema_with = crate::http::words::priority)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub add_labels: Vec<String>,
    #[serde(default)]
    pub remove_labels: Vec<String>,
    /// `true`: everything is marked as seen.
    pub read: Option<bool>,
}

fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl Change {
    /// The patch for one conversation; `None` if it is so already.
    pub(super) fn patch(&self, it: &Conversation) -> Option<ConversationPatch> {
        let mut labels = it.labels.clone();
        labels.retain(|label| !self.remove_labels.contains(label));
        labels.extend(
            self.add_labels
                .iter()
                .filter(|label| !it.labels.contains(label))
                .cloned(),
        );
        let patch = ConversationPatch {
            status: self.status.filter(|status| *status != it.status),
            assignee: self.assignee_id.filter(|assignee| *assignee != it.assignee),
            labels: (labels != it.labels).then_some(labels),
            priority: self.priority.filter(|priority| *priority != it.priority),
            snoozed_until: None,
        };
        let is_empty = patch.status.is_none()
            && patch.assignee.is_none()
            && patch.labels.is_none()
            && patch.priority.is_none();
        (!is_empty).then_some(patch)
    }
}

impl ApiBody for BulkBody {
    const LIMIT: usize = 16 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        let change = &self.change;
        let labels = [
            ("change.add_labels", &change.add_labels),
            ("change.remove_labels", &change.remove_labels),
        ];
        for (field, labels) in labels {
            if labels.len() > MAX_LABELS {
                return Err(FieldError::new(field, format!("At most {MAX_LABELS}.")));
            }
            for (at, label) in labels.iter().enumerate() {
                check::name(&format!("{field}.{at}"), label)?;
                check::line(&format!("{field}.{at}"), label, MAX_LABEL_CHARS)?;
            }
        }
        if change.status == Some(ConversationStatus::Snoozed) {
            return Err(FieldError::new(
                "change.status",
                "Snoozing needs a time for each conversation.",
            ));
        }
        if change.read == Some(false) {
            return Err(FieldError::new("change.read", "Can only be true."));
        }
        let has_any = change.assignee_id.is_some()
            || change.status.is_some()
            || change.priority.is_some()
            || change.read.is_some()
            || !change.add_labels.is_empty()
            || !change.remove_labels.is_empty();
        has_any
            .then_some(())
            .ok_or_else(|| FieldError::new("change", "Say what is to be changed."))
    }
}

/// A change of many conversations, and how far it has come.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkJob)]
pub(super) struct BulkView {
    pub id: String,
    /// `running`, `done`, `stopped`, `undoing` or `undone`.
    #[schema(schema_with = crate::http::words::bulk_state)]
    pub state: &'static str,
    /// Conversations to be looked at.
    pub total: usize,
    /// Conversations looked at.
    pub done: usize,
    /// Conversations that were changed and can be changed back.
    pub changed: usize,
    /// While it is undone: those left alone because someone changed them meanwhile.
    pub skipped: usize,
    /// Conversations that could not be changed.
    pub failed: usize,
    /// The first of these, and why.
    pub failures: Vec<FailureView>,
    /// More conversations fit than one job takes.
    pub more: bool,
}

/// A conversation that could not be changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkFailure)]
pub(super) struct FailureView {
    pub conversation_id: String,
    pub reason: String,
    /// `reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_phrase: Option<PhraseView>,
}
