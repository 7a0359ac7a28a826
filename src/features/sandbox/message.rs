//! A message as the customer writes it: `{"type":"text","text":{…},"context_id":…}`, as the provider's webhooks carry it.
//! Media stand in it as `{"sample":"cake"}` or `{"data":BASE64,"mime_type":…}`.

use serde_json::{Map, Value, json};

use super::answers;
use crate::channels::FieldError;
use crate::http::{ApiBody, check};
use crate::sandbox::{Customer, CustomerMessage, Direction, TranscriptEntry, Upload};

/// Longest text, in characters (WhatsApp).
const TEXT_MAX: usize = 4_096;
/// Longest caption, in characters (WhatsApp).
const CAPTION_MAX: usize = 1_024;
/// Largest file, in bytes: enough to try things, little enough for the simulator's memory.
const FILE_MAX: usize = 2 << 20;
/// Largest content of other kinds, as bytes of JSON.
const CONTENT_MAX: usize = 32 << 10;
const MEDIA: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// Pictures that a customer can send without having any.
const SAMPLES: [(&str, &[u8]); 3] = [
    ("cake", include_bytes!("../../../data/sandbox/cake.png")),
    ("receipt", include_bytes!("../../../data/sandbox/receipt.png")),
    ("map", include_bytes!("../../../data/sandbox/map.png")),
];

/// The body, with fields that depend on its `type`.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct MessageBody(Map<String, Value>);

impl ApiBody for MessageBody {
    // A file in base64, and room for the rest.
    const LIMIT: usize = 3 << 20;
}

impl MessageBody {
    /// Reads the message; `transcript` is the chat that it is written in.
    pub(super) fn into_message(
        mut self,
        transcript: &[TranscriptEntry],
        writer: &Customer,
    ) -> Result<CustomerMessage, FieldError> {
        let kind = self.kind()?;
        let context = match self.0.remove("context_id") {
            None | Some(Value::Null) => None,
            Some(id) => Some(quoted("context_id", &id, transcript)?),
        };
        let content = self.0.remove(&kind);
        if let Some(unknown) = self.0.keys().next() {
            return Err(FieldError::new(unknown.clone(), "is not a field of this call."));
        }
        let content =
            content.ok_or_else(|| FieldError::new(kind.clone(), "is missing: it holds the content."))?;
        let mut message = if MEDIA.contains(&kind.as_str()) {
            media(&kind, content)?
        } else {
            check_content(&kind, &content, transcript)?;
            check_about(&kind, &content, context, transcript)?;
            CustomerMessage::other(&kind, content)
        };
        if let Some(entry) = context {
            let mut context = json!({ "id": entry.id });
            if let (Direction::FromCustomer, Some(own)) = (entry.direction, &writer.wa_id) {
                context["from"] = own.as_str().into();
            }
            message = message.beside("context", context);
        }
        Ok(message)
    }

    fn kind(&mut self) -> Result<String, FieldError> {
        match self.0.remove("type") {
            Some(Value::String(kind)) => {
                let is_word = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                // These stand beside a message's content and are no kinds.
                let is_other = matches!(
                    kind.as_str(),
                    "type" | "id" | "from" | "timestamp" | "context" | "context_id"
                );
                if is_word && !is_other && (1..=64).contains(&kind.len()) {
                    return Ok(kind);
                }
                Err(FieldError::new(
                    "type",
                    "must be a kind of message such as text, image or location.",
                ))
            }
            Some(_) => Err(FieldError::new("type", "must be a text.")),
            None => Err(FieldError::new("type", "is missing.")),
        }
    }
}

fn quoted<'a>(
    field: &str,
    id: &Value,
    transcript: &'a [TranscriptEntry],
) -> Result<&'a TranscriptEntry, FieldError> {
    let id = id.as_str().unwrap_or_default();
    let found = transcript.iter().rev().find(|entry| entry.id == id);
    found.ok_or_else(|| FieldError::new(field, "must be the id of a message in this chat."))
}

fn check_content(kind: &str, content: &Value, transcript: &[TranscriptEntry]) -> Result<(), FieldError> {
    if content.to_string().len() > CONTENT_MAX {
        return Err(FieldError::new(kind, format!("At most {CONTENT_MAX} bytes.")));
    }
    let text = |name: &str| content[name].as_str().unwrap_or_default();
    match kind {
        "text" => {
            check::text("text.body", text("body"), TEXT_MAX)?;
            if text("body").trim().is_empty() {
                return Err(FieldError::new("text.body", "Write something."));
            }
        }
        "location" => {
            for (field, most) in [("latitude", 90.0), ("longitude", 180.0)] {
                if !content[field]
                    .as_f64()
                    .is_some_and(|degrees| degrees.abs() <= most)
                {
                    let detail = format!("must be a number between -{most} and {most}.");
                    return Err(FieldError::new(format!("location.{field}"), detail));
                }
            }
        }
        "reaction" => {
            quoted("reaction.message_id", &content["message_id"], transcript)?;
            check::line("reaction.emoji", text("emoji"), 16)?;
        }
        "contacts" if !content.is_array() => {
            return Err(FieldError::new("contacts", "must be a list of contact cards."));
        }
        "contacts" => {}
        _ if !content.is_object() => {
            return Err(FieldError::new(kind, "must be an object."));
        }
        _ => {}
    }
    Ok(())
}

/// What only makes sense about a message that is there.
fn check_about(
    kind: &str,
    content: &Value,
    context: Option<&TranscriptEntry>,
    transcript: &[TranscriptEntry],
) -> Result<(), FieldError> {
    match kind {
        "interactive" => answers::interactive(content, context),
        "button" if context.is_none() => Err(FieldError::new(
            "context_id",
            "must be the template message whose button was tapped.",
        )),
        "edit" | "revoke" => answers::own(kind, content, transcript),
        "order" => answers::order(content),
        _ => Ok(()),
    }
}

fn media(kind: &str, content: Value) -> Result<CustomerMessage, FieldError> {
    let Value::Object(mut fields) = content else {
        return Err(FieldError::new(
            kind,
            "must be an object with sample, or with data and mime_type.",
        ));
    };
    let mut take = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(FieldError::new(format!("{kind}.{name}"), "must be a text.")),
    };
    let (sample, data, mime) = (take("sample")?, take("data")?, take("mime_type")?);
    let (caption, filename) = (take("caption")?, take("filename")?);
    let voice = fields.remove("voice");
    if let Some(unknown) = fields.keys().next() {
        return Err(FieldError::new(
            format!("{kind}.{unknown}"),
            "is not a field of this call.",
        ));
    }
    let mut upload = match (sample, data) {
        (Some(name), None) => sample_picture(kind, &name)?,
        (None, Some(data)) => file(kind, &data, mime)?,
        _ => {
            return Err(FieldError::new(
                kind,
                "needs either sample, or data with mime_type.",
            ));
        }
    };
    if let Some(filename) = filename {
        check::line(&format!("{kind}.filename"), &filename, 240)?;
        upload = upload.named(&filename);
    }
    let mut message = CustomerMessage::media(kind, upload);
    if let Some(caption) = caption {
        check::text(&format!("{kind}.caption"), &caption, CAPTION_MAX)?;
        message = message.content_field("caption", caption.into());
    }
    match voice {
        None => Ok(message),
        Some(Value::Bool(voice)) if kind == "audio" => Ok(message.content_field("voice", voice.into())),
        Some(_) => Err(FieldError::new(
            format!("{kind}.voice"),
            "is true or false, of audio only.",
        )),
    }
}

fn sample_picture(kind: &str, name: &str) -> Result<Upload, FieldError> {
    let found = SAMPLES
        .iter()
        .find(|(known, _)| *known == name && kind == "image");
    let (_, bytes) = found.ok_or_else(|| {
        FieldError::new(
            format!("{kind}.sample"),
            "One of: cake, receipt, map; of images only.",
        )
    })?;
    Ok(Upload::new("image/png", *bytes))
}

fn file(kind: &str, data: &str, mime: Option<String>) -> Result<Upload, FieldError> {
    let field = |name: &str| format!("{kind}.{name}");
    let mime = mime.ok_or_else(|| FieldError::new(field("mime_type"), "is missing."))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/.+-; =".contains(c);
    if mime.len() > 100 || !mime.contains('/') || !mime.chars().all(plain) {
        return Err(FieldError::new(
            field("mime_type"),
            "Give a media type such as image/jpeg.",
        ));
    }
    let bytes = Upload::from_base64(&mime, data);
    let upload = bytes.ok_or_else(|| FieldError::new(field("data"), "must be base64."))?;
    if upload.bytes.is_empty() || upload.bytes.len() > FILE_MAX {
        return Err(FieldError::new(field("data"), format!("1 to {FILE_MAX} bytes.")));
    }
    Ok(upload)
}
