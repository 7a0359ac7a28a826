//! Files.

use super::PhraseView;
use crate::actors::media::link;
use crate::domain::media::{Media, MediaRule, MediaState};
use crate::domain::{Timestamp, WorkspaceId};
use crate::http::secret::to_hex;
use crate::storage::Store;
use crate::storage::media::Part;

/// A file of a message, or one that was uploaded to be sent.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MediaView {
    /// Its id; a message that is to be sent names it as `media_id`.
    pub id: String,
    /// The same.
    pub media_id: String,
    /// `image`, `video`, `audio`, `document` or `sticker`.
    #[schema(schema_with = crate::http::words::media_kind)]
    pub kind: &'static str,
    /// `pending`: being fetched. `stored`: here. `expired`: kept no longer. `missing`: the provider does not have it.
    /// `refused`: too large, or not what it says.
    #[schema(schema_with = crate::http::words::media_state)]
    pub state: MediaState,
    /// Why it is not here, or what went wrong the last time.
    #[schema(required)]
    pub reason: Option<String>,
    /// `reason` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_phrase: Option<PhraseView>,
    /// What its bytes are; before it is here, what was said.
    pub mime_type: String,
    /// The name that it came with.
    #[schema(required)]
    pub filename: Option<String>,
    /// In bytes.
    pub size: u64,
    /// Of the bytes, in hexadecimal.
    #[schema(required)]
    pub sha256: Option<String>,
    /// Of a picture, in pixels.
    #[schema(required)]
    pub width: Option<u32>,
    /// Of a picture, in pixels.
    #[schema(required)]
    pub height: Option<u32>,
    /// How long it plays, where known.
    #[schema(required)]
    pub duration_ms: Option<u32>,
    /// Where it can be read without logging in, for some hours.
    #[schema(required)]
    pub url: Option<String>,
    /// The same for its small picture.
    #[schema(required)]
    pub thumbnail_url: Option<String>,
    /// Whether it can be fetched (again) from the provider.
    pub can_fetch: bool,
    /// The message that it stands in.
    #[schema(required)]
    pub message_id: Option<String>,
    /// When Frontdesk first heard of it.
    pub created_at: String,
}

impl MediaView {
    /// As the API shows it at `now`.
    pub fn new(store: &Store, workspace: WorkspaceId, media: &Media, now: Timestamp) -> Self {
        let url = |is_there: bool, part| is_there.then(|| link(store, workspace, media.id, part, now));
        let is_here = media.state == MediaState::Stored;
        Self {
            id: media.id.to_string(),
            media_id: media.id.to_string(),
            kind: media.kind.as_str(),
            state: media.state,
            reason: media.reason.clone(),
            reason_phrase: PhraseView::of_some(media.reason.as_ref()),
            mime_type: media.mime.clone(),
            filename: media.filename.clone(),
            size: media.size,
            sha256: media.sha256.map(|hash| to_hex(&hash)),
            width: media.dimensions.map(|(width, _)| width),
            height: media.dimensions.map(|(_, height)| height),
            duration_ms: media.duration_ms,
            url: url(is_here && media.file.is_some(), Part::Whole),
            thumbnail_url: url(is_here && media.thumbnail.is_some(), Part::Thumbnail),
            can_fetch: media.reference.is_some() && media.channel.is_some(),
            message_id: media.message.map(|id| id.to_string()),
            created_at: media.created_at.to_string(),
        }
    }
}

/// What a channel takes of one kind of file.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct MediaRuleView {
    /// `image`, `video`, `audio`, `document` or `sticker`.
    #[schema(schema_with = crate::http::words::media_kind)]
    pub kind: &'static str,
    /// Types that it takes.
    pub mime_types: Vec<&'static str>,
    /// Largest file, in bytes.
    pub max_bytes: u64,
}

impl MediaRuleView {
    /// Of a provider's rules.
    pub fn all(rules: &'static [MediaRule]) -> Vec<Self> {
        let view = |rule: &MediaRule| Self {
            kind: rule.kind.as_str(),
            mime_types: rule.mimes.to_vec(),
            max_bytes: rule.max_bytes,
        };
        rules.iter().map(view).collect()
    }
}
