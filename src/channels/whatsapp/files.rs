//! Files: where a customer's can be fetched, and giving the provider ours.
//!
//! Owns the calls of the media part of the Cloud API and its limits. Source: the provider contract, section 7 and
//! `limits.json`.

use std::time::Duration;

use serde_json::Value;

use super::client::{CallError, call, call_within, unanswered};
use super::payload::text_at;
use super::{dialect, limits};
use crate::channels::ChannelAccess;
use crate::channels::media::{MediaError, MediaSource, MediaUpload, UploadedMedia};
use crate::domain::media::{MediaKind, MediaRule};
use crate::domain::outbound::{ErrorClass, ProviderError};

/// The provider keeps an uploaded file for 30 days; a day is left for clocks and queues.
const KEPT_FOR: Duration = Duration::from_secs(29 * 24 * 3600);
/// How long giving a file may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// Error subcode of the Graph API: there is no such object, or this token may not see it.
const NO_SUCH_OBJECT: [&str; 2] = ["100", "33"];

/// What may be sent. Animated stickers may have 500 KB, still ones 100 KB; which one it is, the provider says.
pub(super) static RULES: [MediaRule; 5] = [
    MediaRule {
        kind: MediaKind::Image,
        mimes: &["image/jpeg", "image/png"],
        max_bytes: 5 << 20,
    },
    MediaRule {
        kind: MediaKind::Video,
        mimes: &["video/mp4", "video/3gpp"],
        max_bytes: 16 << 20,
    },
    MediaRule {
        kind: MediaKind::Audio,
        mimes: &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
        max_bytes: 16 << 20,
    },
    MediaRule {
        kind: MediaKind::Document,
        mimes: &[
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.ms-excel",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        max_bytes: 100 << 20,
    },
    MediaRule {
        kind: MediaKind::Sticker,
        mimes: &["image/webp"],
        max_bytes: 512_000,
    },
];

/// Asks where a file lies; the address holds for five minutes and needs the token.
pub(super) async fn locate(
    http: &reqwest::Client,
    access: &ChannelAccess,
    reference: &str,
) -> Result<MediaSource, MediaError> {
    if reference.len() > limits::PROVIDER_ID || !reference.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(MediaError::Invalid("it is no id of WhatsApp's".into()));
    }
    let unset = |error: crate::channels::FieldError| failed(CallError::Config(error.to_string()));
    let url = dialect::file(access, reference).map_err(unset)?;
    let answer = call(http.get(url), access).await.map_err(failed)?;
    let body = answer
        .success(super::errors::class_of)
        .map_err(|error| refused(answer.status, error))?;
    let address = text_at(&body, "url").and_then(|text| reqwest::Url::parse(&text).ok());
    let url = address.ok_or_else(|| failed(CallError::Lost("the answer named no address".into())))?;
    let (url, header, opens) = dialect::bytes_of(access, url).map_err(unset)?;
    let mut source = MediaSource::plain(url).with_header(header, opens);
    source.mime = text_at(&body, "mime_type");
    source.size = text_at(&body, "file_size").and_then(|size| size.parse().ok());
    source.sha256 = body.get("sha256").and_then(Value::as_str).and_then(hex32);
    Ok(source)
}

/// Hexadecimal, as this answer has it in practice; base64 (which webhooks use) is left unread.
fn hex32(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(out)
}

/// Gives the provider a file, as its bytes come.
pub(super) async fn upload(
    http: &reqwest::Client,
    access: &ChannelAccess,
    upload: MediaUpload,
) -> Result<UploadedMedia, MediaError> {
    let url = dialect::media(access).map_err(|error| failed(CallError::Config(error.to_string())))?;
    let mime = declared(&upload.mime);
    let body = reqwest::Body::wrap_stream(upload.bytes);
    let part = reqwest::multipart::Part::stream_with_length(body, upload.size)
        .file_name(upload.filename)
        .mime_str(mime);
    let part = part.map_err(|_| MediaError::Invalid(format!("{mime} is no type")))?;
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", mime.to_owned())
        .part("file", part);
    let request = http.post(url).multipart(form);
    let answer = call_within(request, access, UPLOAD_TIMEOUT)
        .await
        .map_err(failed)?;
    let body = answer
        .success(super::errors::class_of)
        .map_err(MediaError::Provider)?;
    let reference = text_at(&body, "id").filter(|id| !id.is_empty() && id.len() <= limits::PROVIDER_ID);
    let reference =
        reference.ok_or_else(|| failed(CallError::Lost("the answer named no media id".into())))?;
    Ok(UploadedMedia {
        reference,
        kept_for: KEPT_FOR,
    })
}

/// The base type `audio/ogg` is not taken without its codec.
fn declared(mime: &str) -> &str {
    match mime {
        "audio/ogg" => "audio/ogg; codecs=opus",
        other => other,
    }
}

fn failed(error: CallError) -> MediaError {
    MediaError::Provider(unanswered(error))
}

/// Whether asking again is of use.
fn refused(status: u16, error: ProviderError) -> MediaError {
    let nowhere = NO_SUCH_OBJECT.contains(&error.code.as_str()) || matches!(status, 404 | 410);
    let holds = matches!(
        error.class,
        ErrorClass::Permanent | ErrorClass::Recipient | ErrorClass::Config
    );
    match nowhere && holds {
        true => MediaError::Gone(format!("{} ({})", error.detail, error.code)),
        false => MediaError::Provider(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_read_only_if_it_is_one() {
        let hex = "ab".repeat(32);
        assert_eq!(hex32(&hex), Some([0xab; 32]));
        for text in [
            "",
            "ab",
            &"zz".repeat(32),
            &"é".repeat(32),
            "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
        ] {
            assert_eq!(hex32(text), None, "{text}");
        }
    }

    #[test]
    fn every_kind_has_its_rule() {
        for kind in MediaKind::ALL {
            let rules = RULES.iter().filter(|rule| rule.kind == kind).count();
            assert_eq!(rules, 1, "{kind:?}");
        }
    }
}
