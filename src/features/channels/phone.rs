//! How what a business's phone app shares (coexistence) looks in the API.

use crate::domain::Timestamp;
use crate::domain::phone_sync::{PhoneSync, SyncState};
use crate::http::views::PhraseView;

/// What the phone app of a number shares that stays on it.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = PhoneSync)]
pub(super) struct PhoneView {
    /// When it was asked for; `null` where nobody asked from here.
    #[schema(required)]
    asked_at: Option<String>,
    contacts: SyncView,
    /// Entries of the address book that came.
    people: u32,
    history: SyncView,
    /// Messages of the chats that came.
    messages: u32,
    /// When something last came.
    updated_at: String,
}

/// How far one of the two has come.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = PhoneSyncState)]
struct SyncView {
    /// `none`, `asked`, `running`, `done`, `declined` or `refused`.
    #[schema(schema_with = crate::http::words::phone_sync)]
    state: &'static str,
    /// In percent, while it runs.
    #[schema(required)]
    progress: Option<u8>,
    /// The provider's words, where it did not take the request.
    #[schema(required)]
    reason: Option<String>,
    /// `reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_phrase: Option<PhraseView>,
}

impl From<SyncState> for SyncView {
    fn from(sync: SyncState) -> Self {
        let (state, progress, reason) = match sync {
            SyncState::None => ("none", None, None),
            SyncState::Asked => ("asked", None, None),
            SyncState::Running { progress } => ("running", Some(progress), None),
            SyncState::Done => ("done", None, None),
            SyncState::Declined => ("declined", None, None),
            SyncState::Refused { why } => ("refused", None, Some(why)),
        };
        Self {
            state,
            progress,
            reason_phrase: PhraseView::of_some(reason.as_ref()),
            reason,
        }
    }
}

impl From<PhoneSync> for PhoneView {
    fn from(sync: PhoneSync) -> Self {
        Self {
            asked_at: (sync.asked_at > 0).then(|| Timestamp(sync.asked_at).to_string()),
            contacts: sync.contacts.into(),
            people: sync.named,
            history: sync.history.into(),
            messages: sync.messages,
            updated_at: Timestamp(sync.updated_at).to_string(),
        }
    }
}
