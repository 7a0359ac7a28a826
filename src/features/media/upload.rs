//! Taking a file in, to be sent later: as the body itself or as the part `file` of a form, streamed.

use actix_multipart::Multipart;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::Machinery;
use crate::actors::House;
use crate::actors::media::{MAX_BYTES, ReceiveError, agree, examine, keep_upload, receive, sniff};
use crate::domain::media::{Media, MediaKind, plain_filename};
use crate::domain::phrases;
use crate::domain::{ChannelId, MediaId, WorkspaceId};
use crate::http::views::MediaView;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, StrictQuery, endpoints};
use crate::storage::media::WriteError;

use super::change_error;

endpoints!(upload_media);

/// Parts of a form that are looked at.
const MAX_PARTS: usize = 8;
/// Largest part that is no file, in bytes.
const MAX_FIELD: usize = 1024;
/// How long a client should wait when too many files are being uploaded.
const BUSY_RETRY_S: u64 = 2;
/// How long a client should wait when the disk is full: a person must act.
const NO_SPACE_RETRY_S: u64 = 60;

/// What is uploaded.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct What {
    /// As what it will be sent: `image`, `video`, `audio`, `document` or `sticker`; told by its content unless given.
    kind: Option<String>,
    /// Its name.
    filename: Option<String>,
    /// The channel that it is for: refuses at once what that channel would not take.
    channel_id: Option<String>,
}

/// What is known of a file before it came.
struct Offer {
    kind: Option<MediaKind>,
    filename: Option<String>,
    declared: Option<String>,
    channel: Option<ChannelId>,
}

/// Uploads a file to be sent: the file itself as the body, or a form with the part `file`. Answers its `media_id`. What is
/// not sent within a week is deleted.
#[utoipa::path(tag = "media", params(What),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = MediaView), (status = 413, description = "Too large"),
        (status = 415, description = "Its content is not of the type that it says")))]
#[post("/api/v1/media")]
pub(super) async fn upload_media(
    house: Machinery,
    who: Caller,
    what: StrictQuery<What>,
    req: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let mut offer = offer(what.0)?;
    let busy = || ApiError::busy(phrases::TOO_MANY_UPLOADS.text(), BUSY_RETRY_S);
    let _leave = house.core.media.may_receive().ok_or_else(busy)?;
    let declared = header_text(&req, header::CONTENT_TYPE);
    let announced: Option<u64> = header_text(&req, header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    let media = if declared
        .as_deref()
        .is_some_and(|it| it.starts_with("multipart/form-data"))
    {
        from_form(
            &house,
            who.workspace,
            offer,
            Multipart::new(req.headers(), payload),
        )
        .await?
    } else {
        offer.declared = declared;
        let limit = limit(&house, who.workspace, &offer);
        if announced.is_some_and(|size| size > limit) {
            return Err(too_large(limit));
        }
        take(&house, who.workspace, offer, limit, payload).await?
    };
    let now = house.core.clock.now();
    let view = MediaView::new(&house.core.store, who.workspace, &media, now);
    Ok(HttpResponse::Created().json(view))
}

fn header_text(req: &HttpRequest, name: header::HeaderName) -> Option<String> {
    let text = req.headers().get(name)?.to_str().ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn offer(what: What) -> ApiResult<Offer> {
    let invalid =
        |name: &'static str, detail: &'static str| ApiError::new(ErrorCode::InvalidQuery, detail).at(name);
    let kind = match what.kind.as_deref() {
        None => None,
        Some(word) => Some(
            MediaKind::parse(word)
                .ok_or_else(|| invalid("kind", "kind must be image, video, audio, document or sticker."))?,
        ),
    };
    let channel = match what.channel_id.as_deref() {
        None => None,
        Some(text) => {
            let id = text.parse();
            Some(id.map_err(|_| invalid("channel_id", "channel_id must be the id of a channel."))?)
        }
    };
    Ok(Offer {
        kind,
        filename: what.filename.as_deref().and_then(plain_filename),
        declared: None,
        channel,
    })
}

/// What the channel takes of this kind, if both are known.
fn limit(house: &House, workspace: WorkspaceId, offer: &Offer) -> u64 {
    let declared = offer.declared.as_deref().unwrap_or_default();
    let kind = offer.kind.unwrap_or_else(|| MediaKind::of_mime(declared));
    let entry = offer
        .channel
        .and_then(|channel| house.core.registry.find(workspace, channel));
    let rules = entry
        .and_then(|entry| {
            let provider = house.core.provider(entry.kind)?;
            Some(provider.media_rules(&entry.channel.settings))
        })
        .unwrap_or_default();
    let rule = rules.iter().find(|rule| rule.kind == kind);
    rule.map_or(MAX_BYTES, |rule| rule.max_bytes).min(MAX_BYTES)
}

async fn from_form(
    house: &House,
    workspace: WorkspaceId,
    mut offer: Offer,
    mut form: Multipart,
) -> ApiResult<Media> {
    for _ in 0..MAX_PARTS {
        let Some(part) = form.next().await else { break };
        let mut part = part.map_err(broken_form)?;
        match part.name() {
            Some("file") => {
                let named = part.content_disposition().and_then(|it| it.get_filename());
                let named = named.and_then(plain_filename);
                offer.filename = offer.filename.or(named);
                offer.declared = part.content_type().map(ToString::to_string);
                let limit = limit(house, workspace, &offer);
                return take(house, workspace, offer, limit, part).await;
            }
            // What WhatsApp's own clients send beside the file says nothing new.
            Some("messaging_product" | "type") => {
                let mut size = 0;
                while let Some(bytes) = part.next().await {
                    size += bytes.map_err(broken_form)?.len();
                    if size > MAX_FIELD {
                        return Err(too_large(MAX_FIELD as u64));
                    }
                }
            }
            other => {
                let name: String = other.unwrap_or_default().chars().take(60).collect();
                let detail = "is not a part of this form; it has one part, file.";
                return Err(ApiError::new(ErrorCode::UnknownField, detail).at(name));
            }
        }
    }
    Err(ApiError::new(ErrorCode::MissingField, "The form has no part named file.").at("file"))
}

fn broken_form(error: impl std::fmt::Display) -> ApiError {
    let detail: String = error.to_string().chars().take(200).collect();
    ApiError::new(
        ErrorCode::BadRequest,
        format!("The form cannot be read: {detail}"),
    )
}

async fn take<S, E>(
    house: &House,
    workspace: WorkspaceId,
    offer: Offer,
    limit: u64,
    bytes: S,
) -> ApiResult<Media>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let core = &house.core;
    let id = MediaId::from_uuid(uuid::Uuid::now_v7());
    let written = receive(core.store.media(), workspace, id, limit, bytes).await;
    let written = written.map_err(not_taken)?;
    let drop_it = |error: ApiError| {
        core.store.media().remove(workspace, &written.file.name);
        error
    };
    let (found, declared) = (sniff(&written.front), offer.declared.as_deref());
    if declared.is_some_and(|said| !agree(said, found)) {
        let found = found.unwrap_or("of no known type");
        let detail = phrases::FILE_LIES.with(&[("said", &declared.unwrap_or_default()), ("found", &found)]);
        let error = ApiError::new(ErrorCode::UnsupportedMediaType, detail).with_code("media_type_mismatch");
        return Err(drop_it(error));
    }
    let guess = declared
        .filter(|said| said.starts_with("audio/"))
        .or(found)
        .unwrap_or_default();
    let kind = offer.kind.unwrap_or_else(|| MediaKind::of_mime(guess));
    let examined = examine(core, (workspace, id), kind, declared, &written).await;
    if !kind.may_be(&examined.mime) {
        if let Some(file) = &examined.thumbnail {
            core.store.media().remove(workspace, &file.name);
        }
        let detail = phrases::FILE_IS_OTHER_KIND.with(&[("mime", &examined.mime), ("kind", &kind.as_str())]);
        let error = ApiError::new(ErrorCode::UnsupportedMediaType, detail).with_code("media_type_mismatch");
        return Err(drop_it(error.at("kind")));
    }
    let media = Media {
        filename: offer.filename,
        ..Media::pending(id, kind, core.clock.now())
    };
    let kept = keep_upload(core, workspace, media, (written, examined)).await;
    kept.map_err(change_error)
}

fn too_large(limit: u64) -> ApiError {
    let detail = phrases::UPLOAD_TOO_LARGE.with(&[("bytes", &limit), ("mb", &(limit >> 20))]);
    ApiError::new(ErrorCode::BodyTooLarge, detail)
}

fn not_taken(error: ReceiveError) -> ApiError {
    match error {
        ReceiveError::Empty => ApiError::new(ErrorCode::InvalidField, phrases::FILE_EMPTY.text()).at("file"),
        ReceiveError::Broken(why) => ApiError::new(
            ErrorCode::BadRequest,
            phrases::FILE_NOT_WHOLE.with(&[("why", &why)]),
        ),
        ReceiveError::Write(WriteError::TooLarge { limit }) => too_large(limit),
        ReceiveError::Write(error @ WriteError::NoSpace { .. }) => {
            let detail = phrases::FILE_NO_SPACE.with(&[("why", &error)]);
            ApiError::new(ErrorCode::ReadOnly, detail)
                .with_code("disk_full")
                .retry_after(NO_SPACE_RETRY_S)
        }
        ReceiveError::Write(WriteError::Storage(error)) => error.into(),
    }
}
