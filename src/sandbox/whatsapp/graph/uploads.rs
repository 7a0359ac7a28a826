//! The resumable upload: a session, its bytes in one or more pieces, and the handle at its end.
//!
//! Owns the sessions (in memory, bounded). A handle tells type, length and a number of the file, as Meta's do.

use std::collections::VecDeque;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use parking_lot::Mutex;
use serde_json::json;

use super::{Answer, Call, ok};
use crate::sandbox::encoding::base64;
use crate::sandbox::whatsapp::errors::GraphError;

/// Sessions that are remembered; the oldest leave first.
const MAX_SESSIONS: usize = 1_000;
/// Largest sample (the largest video of a template header).
const MAX_BYTES: u64 = 16 << 20;
/// Largest picture of a profile.
const MAX_PICTURE: usize = 5 << 20;
/// Pictures that are remembered until a profile names them; the oldest leave first.
const MAX_PICTURES: usize = 16;
/// Types that are taken.
const TYPES: [&str; 5] = [
    "application/pdf",
    "image/jpeg",
    "image/jpg",
    "image/png",
    "video/mp4",
];

/// One upload that was begun.
#[derive(Debug)]
struct Session {
    id: String,
    app: String,
    mime: String,
    length: u64,
    offset: u64,
}

/// All uploads.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    sessions: Mutex<(Vec<Session>, u64)>,
    pictures: Mutex<VecDeque<(String, Picture)>>,
}

/// A picture that a profile may show.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub mime: String,
    pub bytes: Bytes,
}

impl Uploads {
    /// Keeps what may become a profile's picture: images that came in one piece.
    fn keep(&self, handle: &str, mime: &str, bytes: Bytes) {
        if !mime.starts_with("image/") || bytes.len() > MAX_PICTURE {
            return;
        }
        let mut pictures = self.pictures.lock();
        if pictures.len() >= MAX_PICTURES {
            pictures.pop_front();
        }
        let mime = mime.to_owned();
        pictures.push_back((handle.to_owned(), Picture { mime, bytes }));
    }

    /// The picture that a handle names.
    pub(crate) fn picture(&self, handle: &str) -> Option<Picture> {
        let pictures = self.pictures.lock();
        let found = pictures.iter().find(|(known, _)| known == handle);
        found.map(|(_, picture)| picture.clone())
    }
}

fn wrong(details: &str) -> GraphError {
    GraphError::with(100, details)
}

/// `POST /{app id}/uploads`.
pub(super) fn begin(call: &Call<'_>, app: &str) -> Answer {
    if call.caller()?.config.app_id != app {
        return Err(call.unknown());
    }
    let text = |name: &str| call.query.get(name).map_or("", String::as_str);
    let length: u64 = text("file_length").parse().unwrap_or(0);
    let mime = text("file_type").to_owned();
    if !TYPES.contains(&mime.as_str()) {
        return Err(wrong("Param file_type must be one of the supported types."));
    }
    if !(1..=MAX_BYTES).contains(&length) {
        return Err(wrong("Param file_length must be the file's length in bytes."));
    }
    let mut sessions = call.shared.uploads.sessions.lock();
    sessions.1 += 1;
    let id = format!(
        "upload:{}",
        base64(format!("{app}:{}", sessions.1).as_bytes()).trim_end_matches('=')
    );
    if sessions.0.len() >= MAX_SESSIONS {
        sessions.0.remove(0);
    }
    sessions.0.push(Session {
        id: id.clone(),
        app: app.to_owned(),
        mime,
        length,
        offset: 0,
    });
    ok(&json!({ "id": format!("{id}?sig=ARZ{}", sessions.1) }))
}

/// `GET` and `POST /upload:{id}`: how far it is, and more bytes.
pub(super) fn session(call: &Call<'_>, id: &str) -> Answer {
    let app = &call.caller()?.config.app_id;
    let mut sessions = call.shared.uploads.sessions.lock();
    let found = sessions.0.iter_mut().find(|it| it.id == id && it.app == *app);
    let session = found.ok_or_else(|| call.unknown())?;
    if call.method == "GET" {
        return ok(&json!({"id": id, "file_offset": session.offset}));
    }
    let headers = call.request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Only this call wants the token so.
    if !text(header::AUTHORIZATION.as_str()).is_some_and(|value| value.starts_with("OAuth ")) {
        return Err(GraphError::token_invalid());
    }
    if text("file_offset").and_then(|offset| offset.parse().ok()) != Some(session.offset) {
        return Err(wrong("Header file_offset is not where the upload stands."));
    }
    let end = session.offset + call.body.len() as u64;
    if end > session.length {
        return Err(wrong("The body is longer than the file was said to be."));
    }
    session.offset = end;
    if end < session.length {
        return Ok(HttpResponse::Ok().json(json!({"id": id, "file_offset": end})));
    }
    let about = format!("{}:{}:{}", session.mime, session.length, id);
    let handle = format!("4::{}", base64(about.as_bytes()));
    if call.body.len() as u64 == session.length {
        call.shared
            .uploads
            .keep(&handle, &session.mime, call.body.clone());
    }
    ok(&json!({ "h": handle }))
}
