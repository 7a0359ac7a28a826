//! Files in messages: what is kept of each, where it stands, and how a content points to it.
//!
//! Owns the vocabulary and the pure rules: which content points to which file, which types a kind may have, what a
//! provider's limits say. Must not know where bytes lie, nor any provider's address.

mod references;

use super::ids::{ChannelId, ContactId, MediaId, MessageId};
use super::time::Timestamp;

pub use references::{MAX_REFERENCES, NewName, Reference, ids_of, references, rename};

/// What sort of file it is, in WhatsApp's words. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum MediaKind {
    /// A picture.
    Image = 1,
    /// A moving picture.
    Video = 2,
    /// Sound, voice notes included.
    Audio = 3,
    /// Any other file.
    Document = 4,
    /// A sticker.
    Sticker = 5,
}

impl MediaKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Document,
        Self::Sticker,
    ];

    /// The kind for a stored number.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == n)
    }

    /// The word under which it stands in a content.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// The kind for the API's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind that a file of this type is sent as unless someone says otherwise.
    pub fn of_mime(mime: &str) -> Self {
        match mime.split_once('/') {
            Some(("image", "jpeg" | "png" | "gif" | "webp" | "heif" | "avif")) => Self::Image,
            Some(("video", _)) => Self::Video,
            Some(("audio", _)) => Self::Audio,
            _ => Self::Document,
        }
    }

    /// Whether a file whose bytes are of this type may call itself one of this kind. A document may be anything.
    pub fn may_be(self, mime: &str) -> bool {
        let group = mime.split('/').next().unwrap_or_default();
        match self {
            Self::Image | Self::Sticker => group == "image" && mime != "image/svg+xml",
            Self::Video => group == "video",
            Self::Audio => group == "audio",
            Self::Document => true,
        }
    }
}

/// Where a file stands. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum MediaState {
    /// It is being fetched from the provider, or will be.
    Pending = 1,
    /// It is here.
    Stored = 2,
    /// It was here, or at the provider, and is kept no longer.
    Expired = 3,
    /// The provider does not have it, or it is gone from the disk.
    Missing = 4,
    /// It is not kept because of what it is: too large, or not what it says.
    Refused = 5,
}

impl MediaState {
    /// The state for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            1 => Self::Pending,
            2 => Self::Stored,
            3 => Self::Expired,
            4 => Self::Missing,
            5 => Self::Refused,
            _ => return None,
        })
    }
}

/// A sealed file on the disk, and the key that opens it. The key is only ever in records that are sealed themselves, so
/// that destroying a person's key makes their files unreadable as well.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name within the workspace's folder.
    pub name: String,
    /// Opens it; of this file only.
    pub key: [u8; 32],
    /// Bytes of what is in it.
    pub size: u64,
}

impl std::fmt::Debug for StoredFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFile")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A provider has a copy, which a message may name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderUpload {
    /// Uploaded for this channel.
    pub channel: ChannelId,
    /// What the provider calls it.
    pub reference: String,
    /// From then on the provider does not know it any more.
    pub expires_at: Timestamp,
}

/// A file of a message, or one that was uploaded to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// What sort.
    pub kind: MediaKind,
    /// Where it stands.
    pub state: MediaState,
    /// Why it is not here, in plain words.
    pub reason: Option<String>,
    /// Whose it is: the record is sealed with this person's key. `None`: with the workspace's.
    pub contact: Option<ContactId>,
    /// The channel over which it came.
    pub channel: Option<ChannelId>,
    /// The message that it stands in (the first, if several).
    pub message: Option<MessageId>,
    /// What the provider calls it: an id or an address.
    pub reference: Option<String>,
    /// Its type: found by looking at the bytes, before that what was said.
    pub mime: String,
    /// The name that it came with.
    pub filename: Option<String>,
    /// Bytes; what was said, until it is here.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: Option<[u8; 32]>,
    /// Width and height in pixels, of pictures.
    pub dimensions: Option<(u32, u32)>,
    /// How long it plays, where known.
    pub duration_ms: Option<u32>,
    /// The bytes.
    pub file: Option<StoredFile>,
    /// A small picture of it.
    pub thumbnail: Option<StoredFile>,
    /// Copies at providers.
    pub uploads: Vec<ProviderUpload>,
    /// How often fetching it was tried.
    pub attempts: u32,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// When it was here.
    pub stored_at: Option<Timestamp>,
    /// Counts changes.
    pub version: u64,
}

impl Media {
    /// One that is not here yet.
    pub fn pending(id: MediaId, kind: MediaKind, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            state: MediaState::Pending,
            reason: None,
            contact: None,
            channel: None,
            message: None,
            reference: None,
            mime: String::new(),
            filename: None,
            size: 0,
            sha256: None,
            dimensions: None,
            duration_ms: None,
            file: None,
            thumbnail: None,
            uploads: Vec::new(),
            attempts: 0,
            created_at: now,
            stored_at: None,
            version: 1,
        }
    }

    /// What a channel's provider calls it, if it still does at `now`.
    pub fn uploaded_to(&self, channel: ChannelId, now: Timestamp) -> Option<&str> {
        let upload = self.uploads.iter().find(|upload| upload.channel == channel)?;
        (upload.expires_at > now).then_some(upload.reference.as_str())
    }

    /// The bytes are kept no longer. Answers the names of the files that can go once this is committed.
    pub fn let_go(&mut self, state: MediaState, reason: &str) -> Vec<String> {
        self.state = state;
        self.reason = Some(reason.to_owned());
        self.version += 1;
        let files = [self.file.take(), self.thumbnail.take()];
        files.into_iter().flatten().map(|file| file.name).collect()
    }
}

/// Longest file name that is kept, in characters.
const MAX_FILENAME: usize = 200;

/// A file's name without a way to anywhere: no folders, no control or direction marks. `None` if nothing is left.
pub fn plain_filename(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_mark =
        |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = last.chars().filter(|c| !c.is_control() && !is_mark(c));
    let plain: String = plain.take(MAX_FILENAME).collect();
    let plain = plain.trim().trim_start_matches('.').trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// What a provider takes of one kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct MediaRule {
    /// The kind.
    pub kind: MediaKind,
    /// Types that it takes, without parameters.
    pub mimes: &'static [&'static str],
    /// Largest file in bytes.
    pub max_bytes: u64,
}

/// A file that someone wants to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// As what it would be sent.
    pub kind: MediaKind,
    /// What its bytes are.
    pub mime: String,
    /// How many they are.
    pub size: u64,
    /// Whether they are here.
    pub state: MediaState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        let table = [
            ("a.pdf", Some("a.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Windows\\x.exe", Some("x.exe")),
            ("..", None),
            (".htaccess", Some("htaccess")),
            ("\u{202e}fdp.exe", Some("fdp.exe")),
            ("a\0b\n.txt", Some("ab.txt")),
            ("", None),
            ("ملف.pdf", Some("ملف.pdf")),
        ];
        for (text, expected) in table {
            assert_eq!(plain_filename(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(
            plain_filename(&"x".repeat(9_999)).map(|it| it.len()),
            Some(MAX_FILENAME)
        );
    }

    #[test]
    fn kinds_are_what_their_bytes_are() {
        let table = [
            (MediaKind::Image, "image/png", true),
            (MediaKind::Image, "image/svg+xml", false),
            (MediaKind::Image, "text/html", false),
            (MediaKind::Audio, "audio/ogg", true),
            (MediaKind::Audio, "video/mp4", false),
            (MediaKind::Document, "application/x-executable", true),
            (MediaKind::Sticker, "image/webp", true),
        ];
        for (kind, mime, fits) in table {
            assert_eq!(kind.may_be(mime), fits, "{kind:?} {mime}");
        }
        assert_eq!(MediaKind::of_mime("image/svg+xml"), MediaKind::Document);
        assert_eq!(MediaKind::of_mime("audio/ogg"), MediaKind::Audio);
    }
}
