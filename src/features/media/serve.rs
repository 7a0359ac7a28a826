//! Handing files out: to whoever is logged in, or holds a signed address. In parts if asked. Never as something that a
//! browser would run.

use std::io::{Seek as _, SeekFrom};

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, get};

use super::{Machinery, named, not_found, record};
use crate::actors::House;
use crate::actors::media::stream;
use crate::domain::WorkspaceId;
use crate::domain::media::{Media, MediaState, StoredFile};
use crate::domain::phrases;
use crate::http::secret::to_hex;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, StrictQuery, endpoints};
use crate::storage::media::{MediaReader, Part};

endpoints!(read_media, read_thumbnail, read_by_link);

/// Types that browsers show or play themselves, and cannot be talked into running.
const SHOWN: [&str; 17] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/webm",
    "audio/amr",
    "audio/x-wav",
    "video/mp4",
    "video/webm",
    "video/3gpp",
    "video/quicktime",
    "application/pdf",
    "text/plain",
];
/// A file never changes under its id; what is kept private stays in this browser.
const CACHE: &str = "private, max-age=3600, immutable";

/// How to hand it out.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// `true`: to be saved, never to be shown.
    download: Option<bool>,
}

/// The bytes of a file. `Range` is understood.
#[utoipa::path(tag = "media", params(("id" = String, Path), How),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206, description = "A part"),
        (status = 404, description = "Not here; the code says why: media_pending, media_expired, media_missing, media_refused")))]
#[get("/api/v1/media/{id}")]
pub(super) async fn read_media(
    house: Machinery,
    who: Caller,
    id: Path<String>,
    how: StrictQuery<How>,
    req: HttpRequest,
) -> ApiResult<HttpResponse> {
    let media = named(&house, who.workspace, &id)?;
    respond(&house, &req, who.workspace, (&media, Part::Whole), &how).await
}

/// The small picture of a file.
#[utoipa::path(tag = "media", params(("id" = String, Path), How),
    responses((status = 200, content_type = "application/octet-stream")))]
#[get("/api/v1/media/{id}/thumbnail")]
pub(super) async fn read_thumbnail(
    house: Machinery,
    who: Caller,
    id: Path<String>,
    how: StrictQuery<How>,
    req: HttpRequest,
) -> ApiResult<HttpResponse> {
    let media = named(&house, who.workspace, &id)?;
    respond(&house, &req, who.workspace, (&media, Part::Thumbnail), &how).await
}

/// The same for whoever holds a signed address (`url` and `thumbnail_url` of a file), until it expires.
#[utoipa::path(tag = "media", params(("token" = String, Path), How), security(()),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, description = "Not, or no longer, valid")))]
#[get("/media/{token}")]
pub(super) async fn read_by_link(
    house: Machinery,
    token: Path<String>,
    how: StrictQuery<How>,
    req: HttpRequest,
) -> ApiResult<HttpResponse> {
    // Providers are given the address with an ending, by which they tell what it is; it says nothing here.
    let token = token.split_once('.').map_or(token.as_str(), |(token, _)| token);
    let link = house.core.store.media_link(token, house.core.clock.now());
    let link = link.ok_or_else(not_found)?;
    let media = record(&house, link.workspace, link.media)?;
    respond(&house, &req, link.workspace, (&media, link.part), &how).await
}

async fn respond(
    house: &House,
    req: &HttpRequest,
    workspace: WorkspaceId,
    (media, part): (&Media, Part),
    how: &How,
) -> ApiResult<HttpResponse> {
    let file = match part {
        Part::Whole => media.file.as_ref(),
        Part::Thumbnail => media.thumbnail.as_ref(),
    };
    let file = file.filter(|_| media.state == MediaState::Stored);
    let file = file.ok_or_else(|| not_here(media))?.clone();
    let tag = etag(media, part);
    let text = |name| req.headers().get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|it| it.trim() == tag)) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, CACHE))
            .finish());
    }
    let is_same = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE)
        .filter(|_| is_same)
        .map(|range| wanted(range, file.size));
    let (status, first, len) = match range {
        None | Some(Wanted::All) => (StatusCode::OK, 0, file.size),
        Some(Wanted::Part { first, len }) => (StatusCode::PARTIAL_CONTENT, first, len),
        Some(Wanted::Nothing) => {
            let detail = format!(
                "The file has {} bytes; the part that was asked for is not in it.",
                file.size
            );
            return Err(ApiError::new(ErrorCode::RangeNotSatisfiable, detail).at("range"));
        }
    };
    let (reader, front) = open(house, workspace, &file, first)
        .await?
        .ok_or_else(|| gone(media))?;
    let mime = match part {
        Part::Whole => media.mime.as_str(),
        Part::Thumbnail if front.starts_with(b"\x89PNG") => "image/png",
        Part::Thumbnail => "image/jpeg",
    };
    let shown = SHOWN.contains(&mime) && how.download != Some(true);
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + len - 1;
        answer.insert_header((
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{}", file.size),
        ));
    }
    Ok(answer
        .insert_header((header::CONTENT_TYPE, content_type(mime)))
        .insert_header(disposition(media, shown))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, CACHE))
        // Its length is to be told, and most of it is compressed already.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .no_chunking(len)
        .streaming(stream(reader, len)))
}

/// Opens a file at a place; also answers its first bytes.
async fn open(
    house: &House,
    workspace: WorkspaceId,
    file: &StoredFile,
    first: u64,
) -> ApiResult<Option<(MediaReader, Vec<u8>)>> {
    let (files, file) = (house.core.store.media().clone(), file.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let Some(mut reader) = files.open(workspace, &file)? else {
            return Ok(None);
        };
        let front = reader.next(8).and_then(|front| {
            reader.seek(SeekFrom::Start(first))?;
            Ok(front)
        });
        let front = front.map_err(|error| crate::storage::StorageError::Damaged {
            table: "Media",
            cause: error.to_string(),
        })?;
        Ok::<_, crate::storage::StorageError>(Some((reader, front)))
    });
    let opened = opened
        .await
        .map_err(|error| ApiError::internal("opening a file", error))?;
    Ok(opened?)
}

fn content_type(mime: &str) -> &str {
    match mime {
        "text/plain" => "text/plain; charset=utf-8",
        // Never by a name that a browser might run something for.
        known if SHOWN.contains(&known) => known,
        office if office.starts_with("application/vnd.") || office == "application/msword" => office,
        _ => "application/octet-stream",
    }
}

fn disposition(media: &Media, shown: bool) -> ContentDisposition {
    let disposition = match shown {
        true => DispositionType::Inline,
        false => DispositionType::Attachment,
    };
    let name = media
        .filename
        .clone()
        .unwrap_or_else(|| media.kind.as_str().to_owned());
    let name = DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.into_bytes(),
    });
    ContentDisposition {
        disposition,
        parameters: vec![name],
    }
}

fn etag(media: &Media, part: Part) -> String {
    let sum = media.sha256.map(|sum| to_hex(&sum[..16])).unwrap_or_default();
    match part {
        Part::Whole => format!("\"{sum}\""),
        Part::Thumbnail => format!("\"{sum}-t\""),
    }
}

fn not_here(media: &Media) -> ApiError {
    let (code, words) = match media.state {
        MediaState::Pending => ("media_pending", phrases::FILE_PENDING.text()),
        MediaState::Stored => ("not_found", phrases::FILE_NO_PICTURE.text()),
        MediaState::Expired => ("media_expired", phrases::FILE_EXPIRED.text()),
        MediaState::Missing => ("media_missing", phrases::FILE_MISSING.text()),
        MediaState::Refused => ("media_refused", phrases::FILE_REFUSED.text()),
    };
    let reason = media.reason.as_deref().unwrap_or_default();
    ApiError::new(ErrorCode::NotFound, format!("{words} {reason}").trim().to_owned()).with_code(code)
}

fn gone(media: &Media) -> ApiError {
    tracing::error!(media = %media.id, "a file that a record names is not on the disk");
    let detail = phrases::FILE_GONE.text();
    ApiError::new(ErrorCode::NotFound, detail).with_code("media_missing")
}

/// What a `Range` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    All,
    Part { first: u64, len: u64 },
    Nothing,
}

/// One range of bytes; several, or what is no range, is answered with everything, as RFC 9110 allows.
fn wanted(range: &str, size: u64) -> Wanted {
    let Some((from, to)) = range
        .trim()
        .strip_prefix("bytes=")
        .and_then(|it| it.split_once('-'))
    else {
        return Wanted::All;
    };
    let number = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (first, last) = match (
        number(from),
        number(to),
        from.trim().is_empty(),
        to.trim().is_empty(),
    ) {
        (None, Some(tail), true, _) => (size.saturating_sub(tail), size.saturating_sub(1)),
        (Some(first), None, _, true) => (first, size.saturating_sub(1)),
        (Some(first), Some(last), ..) if first <= last => (first, last.min(size.saturating_sub(1))),
        _ => return Wanted::All,
    };
    match first < size && first <= last && !(from.trim().is_empty() && number(to) == Some(0)) {
        true => Wanted::Part {
            first,
            len: last - first + 1,
        },
        false => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let part = |first, len| Wanted::Part { first, len };
        let table = [
            ("bytes=0-", part(0, 100)),
            ("bytes=10-19", part(10, 10)),
            ("bytes=10-1000", part(10, 90)),
            ("bytes=-5", part(95, 5)),
            ("bytes=-500", part(0, 100)),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=5-4", Wanted::All),
            ("bytes=0-1,5-6", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=-", Wanted::All),
            ("lines=1-2", Wanted::All),
        ];
        for (range, expected) in table {
            assert_eq!(wanted(range, 100), expected, "{range}");
        }
    }

    #[test]
    fn nothing_that_runs_keeps_its_name() {
        for mime in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/javascript",
        ] {
            assert_eq!(content_type(mime), "application/octet-stream");
            assert!(!SHOWN.contains(&mime));
        }
    }
}
