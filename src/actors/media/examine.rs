//! What a file is, by looking at it: never by its name or by what was said of it.

use std::io::BufReader;
use std::sync::Arc;

use crate::actors::core::Core;
use crate::domain::media::{MediaKind, StoredFile};
use crate::domain::{MediaId, WorkspaceId};
use crate::storage::media::{Part, Written};

use super::{duration, picture};

/// What looking at a file told.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// What its bytes are; `application/octet-stream` for what nobody knows.
    pub mime: String,
    /// Width and height of a picture.
    pub dimensions: Option<(u32, u32)>,
    /// How long it plays.
    pub duration_ms: Option<u32>,
    /// A small picture of it.
    pub thumbnail: Option<StoredFile>,
}

/// Types that the same bytes may be called.
const SAME: [&[&str]; 8] = [
    &["image/jpeg", "image/jpg", "image/pjpeg"],
    &[
        "audio/mp4",
        "video/mp4",
        "audio/m4a",
        "audio/x-m4a",
        "video/x-m4v",
        "audio/aac",
    ],
    &["audio/ogg", "video/ogg", "audio/opus", "application/ogg"],
    &["audio/webm", "video/webm", "video/x-matroska"],
    &["audio/3gpp", "video/3gpp", "video/mp4", "video/3gpp2"],
    &["audio/mpeg", "audio/mp3"],
    &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
    &["video/quicktime", "video/mp4"],
];
/// What a program of an office writes begins as one of these boxes.
const BOXES: [(&str, &[&str]); 2] = [
    (
        "application/zip",
        &["application/vnd.", "application/epub+zip", "application/x-zip"],
    ),
    (
        "application/x-ole-storage",
        &["application/msword", "application/vnd.ms-", "application/x-ole"],
    ),
];

/// The type of a file whose first bytes these are; `None` for what nobody knows.
pub fn sniff(front: &[u8]) -> Option<&'static str> {
    if front.get(4..8) == Some(b"ftyp") {
        match front.get(8..11) {
            Some(b"3gp" | b"3g2") => return Some("video/3gpp"),
            Some(b"M4A" | b"M4B") => return Some("audio/mp4"),
            _ => {}
        }
    }
    if looks_like_markup(front) {
        return Some("text/html");
    }
    match infer::get(front).map(|found| found.mime_type()) {
        Some("audio/opus") => Some("audio/ogg"),
        Some("audio/m4a" | "video/x-m4v") => Some(if front.get(8..11) == Some(b"M4V") {
            "video/mp4"
        } else {
            "audio/mp4"
        }),
        Some("text/xml") => Some("text/html"),
        Some(known) => Some(known),
        None => is_text(front).then_some("text/plain"),
    }
}

/// HTML, XML and SVG in any disguise: whatever a browser might be talked into running.
fn looks_like_markup(front: &[u8]) -> bool {
    let begun = front.trim_ascii_start();
    let begun = begun
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(begun)
        .trim_ascii_start();
    if !begun.starts_with(b"<") {
        return false;
    }
    let head = begun
        .get(..1024.min(begun.len()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let signs: [&[u8]; 8] = [
        b"<!doctype",
        b"<html",
        b"<?xml",
        b"<svg",
        b"<script",
        b"<body",
        b"<head",
        b"<iframe",
    ];
    signs
        .iter()
        .any(|sign| head.windows(sign.len()).any(|window| window == *sign))
}

fn is_text(front: &[u8]) -> bool {
    let text = match std::str::from_utf8(front) {
        Ok(text) => text,
        // The last character may have been cut.
        Err(error) if error.error_len().is_none() => {
            let whole = front.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}".contains(c))
}

/// The type of a file of this kind: what the bytes say, in the kind's words, and what was said only where the bytes leave
/// it open.
fn settle(kind: MediaKind, sniffed: Option<&'static str>, declared: Option<&str>) -> String {
    let said = declared.map(base).unwrap_or_default();
    match (kind, sniffed) {
        (MediaKind::Audio, Some("video/mp4")) => "audio/mp4".into(),
        (MediaKind::Audio, Some("video/webm" | "video/x-matroska")) => "audio/webm".into(),
        (MediaKind::Audio, Some("video/3gpp")) => "audio/3gpp".into(),
        (_, Some(found)) if within_box(found, &said) => said,
        (_, Some(found)) => found.to_owned(),
        (_, None) => "application/octet-stream".into(),
    }
}

fn within_box(found: &str, said: &str) -> bool {
    BOXES
        .iter()
        .any(|(outer, inner)| *outer == found && inner.iter().any(|inner| said.starts_with(inner)))
}

fn base(mime: &str) -> String {
    mime.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether bytes of type `sniffed` may be called `declared`.
pub fn agree(declared: &str, sniffed: Option<&str>) -> bool {
    let said = base(declared);
    let Some(found) = sniffed else {
        // Nobody knows these bytes: they may be any document, but no picture, sound or film.
        return !["image/", "audio/", "video/"]
            .iter()
            .any(|group| said.starts_with(group));
    };
    let same = |group: &&[&str]| group.contains(&said.as_str()) && group.contains(&found);
    said == found
        || matches!(
            said.as_str(),
            "" | "application/octet-stream" | "binary/octet-stream"
        )
        || SAME.iter().any(same)
        || within_box(found, &said)
        || (said.starts_with("text/") && found == "text/plain")
        || (matches!(found, "text/html")
            && matches!(said.as_str(), "image/svg+xml" | "text/xml" | "application/xml"))
}

/// Looks at a file: what it is, how large a picture, how long a sound; and makes its small picture.
pub async fn examine(
    core: &Arc<Core>,
    (workspace, media): (WorkspaceId, MediaId),
    kind: MediaKind,
    declared: Option<&str>,
    written: &Written,
) -> Examined {
    let mime = settle(kind, sniff(&written.front), declared);
    let mut examined = Examined {
        mime,
        ..Examined::default()
    };
    let is_picture = ["image/jpeg", "image/png", "image/webp", "image/gif"].contains(&examined.mime.as_str());
    let plays = examined.mime.starts_with("audio/") || examined.mime.starts_with("video/");
    if !is_picture && !plays {
        return examined;
    }
    // One at a time: a picture may take a hundred megabytes while it is looked at. Never closed.
    let Ok(_turn) = core.media.examining.acquire().await else {
        return examined;
    };
    let (files, file, mime) = (
        core.store.media().clone(),
        written.file.clone(),
        examined.mime.clone(),
    );
    let looked = tokio::task::spawn_blocking(move || {
        let open = || {
            files
                .open(workspace, &file)
                .ok()
                .flatten()
                .map(|it| BufReader::with_capacity(64 << 10, it))
        };
        if plays {
            return (None, open().and_then(|reader| duration::of(reader, &mime)), None);
        }
        let Some(seen) = open().and_then(picture::look) else {
            return (None, None, None);
        };
        let thumbnail = seen.thumbnail.and_then(|bytes| {
            let mut writer = files
                .begin(workspace, media, Part::Thumbnail, picture::MAX_THUMBNAIL)
                .ok()?;
            writer.write(&bytes).ok()?;
            writer.finish().ok().map(|written| written.file)
        });
        (Some(seen.dimensions), None, thumbnail)
    });
    match looked.await {
        Ok((dimensions, duration_ms, thumbnail)) => {
            (examined.dimensions, examined.duration_ms, examined.thumbnail) =
                (dimensions, duration_ms, thumbnail);
        }
        // A picture that breaks its decoder is kept all the same, without a small one.
        Err(error) => tracing::warn!(%media, %error, "a file could not be looked at"),
    }
    examined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_what_a_file_is() {
        let table: [(&[u8], Option<&str>); 13] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead",
                Some("audio/ogg"),
            ),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\0", Some("video/3gpp")),
            (b"\0\0\0\x18ftypM4A \0\0\0\0", Some("audio/mp4")),
            (b"  \n<!DOCTYPE html><script>1</script>", Some("text/html")),
            (
                b"\xef\xbb\xbf<svg xmlns='x' onload='alert(1)'>",
                Some("text/html"),
            ),
            (b"<?xml version='1.0'?><svg/>", Some("text/html")),
            (b"GIF89a<script>alert(1)</script>", Some("image/gif")),
            ("Grüße\n".as_bytes(), Some("text/plain")),
            (b"\x01\x02\x03\x04nothing", None),
            (b"", None),
        ];
        for (front, mime) in table {
            assert_eq!(sniff(front), mime, "{:?}", String::from_utf8_lossy(front));
        }
        let cut = "é".repeat(10);
        assert_eq!(sniff(&cut.as_bytes()[..19]), Some("text/plain"));
    }

    #[test]
    fn what_is_said_must_agree_with_what_is_there() {
        let table = [
            ("image/png", Some("image/png"), true),
            ("image/jpg; q=1", Some("image/jpeg"), true),
            ("image/png", Some("image/jpeg"), false),
            ("image/png", Some("text/html"), false),
            ("image/png", None, false),
            ("audio/ogg; codecs=opus", Some("audio/ogg"), true),
            ("audio/webm;codecs=opus", Some("video/webm"), true),
            ("text/csv", Some("text/plain"), true),
            ("application/octet-stream", Some("application/x-executable"), true),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                Some("application/zip"),
                true,
            ),
            ("application/pdf", Some("application/zip"), false),
            ("application/x-anything", None, true),
        ];
        for (said, found, agrees) in table {
            assert_eq!(agree(said, found), agrees, "{said} {found:?}");
        }
    }

    #[test]
    fn a_kind_gives_shared_boxes_their_name() {
        assert_eq!(settle(MediaKind::Audio, Some("video/webm"), None), "audio/webm");
        assert_eq!(
            settle(MediaKind::Video, Some("video/mp4"), Some("text/html")),
            "video/mp4"
        );
        assert_eq!(
            settle(
                MediaKind::Document,
                Some("application/zip"),
                Some("application/vnd.ms-word; a=b")
            ),
            "application/vnd.ms-word"
        );
        assert_eq!(
            settle(MediaKind::Document, None, Some("text/html")),
            "application/octet-stream"
        );
    }
}
