//! Files: addresses both ways. Instagram gives addresses in its content network that need no login and expire, and fetches
//! ours from an address itself. Source of the limits: the provider contract, section on sending.

use crate::channels::media::{MediaError, MediaSource};
use crate::domain::media::{MediaKind, MediaRule};

/// What may be sent.
pub(super) static RULES: [MediaRule; 4] = [
    MediaRule {
        kind: MediaKind::Image,
        mimes: &["image/jpeg", "image/png", "image/gif"],
        max_bytes: 8 << 20,
    },
    MediaRule {
        kind: MediaKind::Video,
        mimes: &[
            "video/mp4",
            "video/ogg",
            "video/x-msvideo",
            "video/quicktime",
            "video/webm",
        ],
        max_bytes: 25 << 20,
    },
    MediaRule {
        kind: MediaKind::Audio,
        mimes: &["audio/aac", "audio/mp4", "audio/x-wav"],
        max_bytes: 25 << 20,
    },
    MediaRule {
        kind: MediaKind::Document,
        mimes: &["application/pdf"],
        max_bytes: 25 << 20,
    },
];

/// The address that stood in the message.
pub(super) fn locate(reference: &str) -> Result<MediaSource, MediaError> {
    let url = reqwest::Url::parse(reference).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let invalid = || MediaError::Invalid("it is no address".into());
    Ok(MediaSource::plain(url.ok_or_else(invalid)?).following())
}
