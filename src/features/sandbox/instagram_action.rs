//! Something that a customer does in the simulated app: `{"type":"comment","text":"…"}`.

use bytes::Bytes;

use crate::channels::FieldError;
use crate::http::{ApiBody, check};
use crate::sandbox::{InstagramAction, Upload};

/// Longest text of a customer, in characters.
const TEXT_MAX: usize = 1_000;
/// Largest file, in bytes.
const FILE_MAX: usize = 2 << 20;
const PICTURE: &[u8] = include_bytes!("../../../data/sandbox/cake.png");

/// The body.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ActionBody {
    /// Writes; `reply_to` is the id of the message that is answered.
    Text { text: String, reply_to: Option<String> },
    /// Sends a picture: `sample` true, or base64 `data` with its `mime_type`.
    Image {
        data: Option<String>,
        mime_type: Option<String>,
    },
    /// Sends a film, a sound or a file.
    File {
        kind: String,
        data: String,
        mime_type: String,
    },
    /// Sends the heart.
    LikeHeart {},
    /// Shares a post.
    Share { title: String },
    /// Answers a story of the account.
    StoryReply { text: String },
    /// Mentions the account in a story.
    StoryMention {},
    /// Comments on a post, or on a live video.
    Comment {
        text: String,
        #[serde(default)]
        live: bool,
    },
    /// Puts an emoji on a message; an empty one takes it away.
    Reaction { id: String, emoji: String },
    /// Takes a message back.
    Unsend { id: String },
    /// Edits a message.
    Edit { id: String, text: String },
    /// Taps a quick reply.
    QuickReply { title: String, payload: String },
    /// Taps an ice breaker, a menu entry or a template's button.
    Tap { title: String, payload: String },
    /// Opens the chat.
    Read {},
}

impl ApiBody for ActionBody {
    // A file in base64, and room for the rest.
    const LIMIT: usize = 3 << 20;
}

impl ActionBody {
    /// The action meant.
    ///
    /// # Errors
    /// Names what is wrong.
    pub(super) fn into_action(self) -> Result<InstagramAction, FieldError> {
        Ok(match self {
            Self::Text { text, reply_to } => InstagramAction::Text {
                text: words("text", text)?,
                reply_to,
            },
            Self::Image { data: None, .. } => InstagramAction::File {
                kind: "image".into(),
                mime: "image/png".into(),
                bytes: Bytes::from_static(PICTURE),
            },
            Self::Image {
                data: Some(data),
                mime_type,
            } => file("image", &data, mime_type)?,
            Self::File {
                kind,
                data,
                mime_type,
            } => {
                let known = ["video", "audio", "file"]
                    .into_iter()
                    .find(|known| *known == kind);
                let known = known.ok_or_else(|| FieldError::new("kind", "One of: video, audio, file."))?;
                file(known, &data, Some(mime_type))?
            }
            Self::LikeHeart {} => InstagramAction::Heart,
            Self::Share { title } => InstagramAction::Share {
                title: line("title", title)?,
            },
            Self::StoryReply { text } => InstagramAction::StoryReply {
                text: words("text", text)?,
            },
            Self::StoryMention {} => InstagramAction::StoryMention,
            Self::Comment { text, live } => InstagramAction::Comment {
                text: words("text", text)?,
                live,
            },
            Self::Reaction { id, emoji } => {
                check::line("emoji", &emoji, 16)?;
                InstagramAction::React { id, emoji }
            }
            Self::Unsend { id } => InstagramAction::Unsend { id },
            Self::Edit { id, text } => InstagramAction::Edit {
                id,
                text: words("text", text)?,
            },
            Self::QuickReply { title, payload } => {
                let (title, payload) = (line("title", title)?, line("payload", payload)?);
                InstagramAction::QuickReply { title, payload }
            }
            Self::Tap { title, payload } => {
                let (title, payload) = (line("title", title)?, line("payload", payload)?);
                InstagramAction::Tap { title, payload }
            }
            Self::Read {} => InstagramAction::Read,
        })
    }
}

fn words(field: &str, text: String) -> Result<String, FieldError> {
    check::text(field, &text, TEXT_MAX)?;
    match text.trim().is_empty() {
        true => Err(FieldError::new(field, "Write something.")),
        false => Ok(text),
    }
}

fn line(field: &str, text: String) -> Result<String, FieldError> {
    check::line(field, &text, TEXT_MAX)?;
    match text.trim().is_empty() {
        true => Err(FieldError::new(field, "must not be empty.")),
        false => Ok(text),
    }
}

fn file(kind: &str, data: &str, mime: Option<String>) -> Result<InstagramAction, FieldError> {
    let mime = mime.ok_or_else(|| FieldError::new("mime_type", "is missing."))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-; =".contains(c);
    if mime.len() > 100 || !mime.contains('/') || !mime.chars().all(plain) {
        return Err(FieldError::new(
            "mime_type",
            "Give a media type such as image/jpeg.",
        ));
    }
    let upload =
        Upload::from_base64(&mime, data).ok_or_else(|| FieldError::new("data", "must be base64."))?;
    match (1..=FILE_MAX).contains(&upload.bytes.len()) {
        true => Ok(InstagramAction::File {
            kind: kind.to_owned(),
            mime,
            bytes: Bytes::from(upload.bytes.to_vec()),
        }),
        false => Err(FieldError::new("data", format!("1 to {FILE_MAX} bytes."))),
    }
}
