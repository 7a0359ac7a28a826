//! Files: where a customer's can be fetched, and what may be sent.
//!
//! Owns the provider's limits on files. A customer's file stands in the message by an address of Meta's content network,
//! which works for a while without a token; ours goes out as an address of the appliance.

use crate::channels::media::{MediaError, MediaSource};
use crate::domain::media::{MediaKind, MediaRule};

/// What may be sent. Source: the provider contract, section 2.
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
        mimes: &["audio/aac", "audio/mp4", "audio/x-wav", "audio/wav"],
        max_bytes: 25 << 20,
    },
    MediaRule {
        kind: MediaKind::Document,
        mimes: &["application/pdf"],
        max_bytes: 25 << 20,
    },
];

/// A customer's file lies where the message says.
pub(super) fn locate(reference: &str) -> Result<MediaSource, MediaError> {
    let url = reqwest::Url::parse(reference)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        Some(url) => Ok(MediaSource::plain(url).following()),
        None => Err(MediaError::Invalid("it is no address of a file".into())),
    }
}
