//! Media: upload, look-up with an expiring URL, download, deletion.
//!
//! Owns: the store (in memory, bounded by bytes). The URLs carry their expiry and a keyed hash, and need the token.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Call, messages, ok, success};
use crate::sandbox::encoding::{base64, hex, unbase64};
use crate::sandbox::whatsapp::errors::GraphError;
use crate::sandbox::whatsapp::webhooks::signature;

const URL_LIFETIME_MS: i64 = 5 * 60 * 1_000;
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Lifetime of an uploaded id.
const ID_LIFETIME_MS: i64 = 30 * DAY_MS;

/// A file to put into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub mime: String,
    pub bytes: Bytes,
    pub filename: Option<String>,
}

impl Upload {
    #[must_use]
    pub fn new(mime: &str, bytes: impl Into<Bytes>) -> Self {
        Self {
            mime: mime.to_owned(),
            bytes: bytes.into(),
            filename: None,
        }
    }

    /// From standard base64; `None` for text that is none.
    #[must_use]
    pub fn from_base64(mime: &str, text: &str) -> Option<Self> {
        unbase64(text).map(|bytes| Self::new(mime, bytes))
    }

    #[must_use]
    pub fn named(mut self, filename: &str) -> Self {
        self.filename = Some(filename.to_owned());
        self
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub id: String,
    pub mime: String,
    pub sha256_base64: String,
    sha256_hex: String,
    bytes: Bytes,
    stored_ms: i64,
}

#[derive(Debug)]
pub(crate) struct MediaStore {
    files: Mutex<Files>,
    limit: usize,
    /// Key of the URLs' hashes.
    key: String,
}

#[derive(Debug, Default)]
struct Files {
    by_id: HashMap<String, Stored>,
    bytes: usize,
    serial: u64,
}

/// The store has no room.
#[derive(Debug)]
pub(crate) struct Full;

impl MediaStore {
    pub(crate) fn new(limit: usize, key: u64) -> Self {
        Self {
            files: Mutex::new(Files::default()),
            limit,
            key: format!("{key:016x}"),
        }
    }

    pub(crate) fn put(&self, upload: Upload, now_ms: i64) -> Result<Stored, Full> {
        let digest = Sha256::digest(&upload.bytes);
        let mut files = self.files.lock();
        // An empty file still costs its record.
        let cost = upload.bytes.len().max(256);
        if files.bytes.saturating_add(cost) > self.limit {
            return Err(Full);
        }
        files.bytes += cost;
        files.serial += 1;
        let stored = Stored {
            id: (7_001_002_003_000_000 + files.serial).to_string(),
            mime: upload.mime,
            sha256_base64: base64(&digest),
            sha256_hex: hex(&digest),
            bytes: upload.bytes,
            stored_ms: now_ms,
        };
        files.by_id.insert(stored.id.clone(), stored.clone());
        Ok(stored)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.files.lock().by_id.contains_key(id)
    }

    fn get(&self, id: &str, now_ms: i64) -> Option<Stored> {
        let found = self.files.lock().by_id.get(id).cloned();
        found.filter(|stored| now_ms.saturating_sub(stored.stored_ms) < ID_LIFETIME_MS)
    }

    /// A file's type and bytes.
    pub(crate) fn read(&self, id: &str, now_ms: i64) -> Option<(String, Bytes)> {
        self.get(id, now_ms).map(|stored| (stored.mime, stored.bytes))
    }

    fn remove(&self, id: &str) -> bool {
        let mut files = self.files.lock();
        let Some(stored) = files.by_id.remove(id) else {
            return false;
        };
        files.bytes = files.bytes.saturating_sub(stored.bytes.len().max(256));
        true
    }

    /// A download URL that is valid for five minutes.
    pub(crate) fn url(&self, base: &str, id: &str, now_ms: i64) -> String {
        let expires = (now_ms + URL_LIFETIME_MS).div_euclid(1_000);
        format!("{base}/_media/{id}?ext={expires}&hash={}", self.hash(id, expires))
    }

    fn hash(&self, id: &str, expires: i64) -> String {
        signature(&self.key, format!("{id}:{expires}").as_bytes())
            .trim_start_matches("sha256=")
            .to_owned()
    }
}

/// Type → (largest size in bytes, text of the size) from `limits.json`; `None` for types the provider refuses.
fn limit_of(mime: &str) -> Option<(usize, &'static str)> {
    let base = mime.split(';').next().unwrap_or("").trim();
    Some(match base {
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" => (16 << 20, "16 MB"),
        "video/mp4" | "video/3gpp" => (16 << 20, "16 MB"),
        "image/jpeg" | "image/png" => (5 << 20, "5 MB"),
        "image/webp" => (500 << 10, "500 KB"),
        "text/plain"
        | "application/pdf"
        | "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint" => (100 << 20, "100 MB"),
        _ if base.starts_with("application/vnd.openxmlformats-officedocument.") => (100 << 20, "100 MB"),
        _ => return None,
    })
}

/// `POST /{phone number id}/media`, multipart.
pub(super) async fn upload(call: &Call<'_>, id: &str) -> Answer {
    let (shared, number) = (call.shared, call.number(id)?);
    let delay_ms = shared
        .faults
        .upload_ms(&shared.rng)
        .saturating_add(number.faults.upload_ms(&shared.rng));
    messages::pause(shared, delay_ms).await;
    take(call, id)
}

fn take(call: &Call<'_>, id: &str) -> Answer {
    call.number(id)?;
    let parts = multipart(call)?;
    let field = |name: &str| parts.iter().find(|part| part.name == name);
    if field("messaging_product").map(|part| &part.bytes[..]) != Some(b"whatsapp") {
        return Err(GraphError::with(
            100,
            "The parameter messaging_product is required.",
        ));
    }
    let file = field("file").ok_or_else(|| GraphError::with(100, "The parameter file is required."))?;
    let declared = field("type")
        .and_then(|part| std::str::from_utf8(&part.bytes).ok())
        .map(str::to_owned);
    let mime = file.mime.clone().or(declared).unwrap_or_default();
    let (limit, words) = limit_of(&mime).ok_or_else(|| {
        let mime: String = mime.chars().take(100).collect();
        GraphError::with(
            100,
            format!(
                "Param file must be a file with one of the supported types. Received file of type '{mime}'."
            ),
        )
    })?;
    if file.bytes.len() > limit {
        let details = format!("Media file size too big. Max file size we currently support: {words}.");
        return Err(GraphError::with(131_053, details));
    }
    let upload = Upload {
        mime,
        bytes: file.bytes.clone(),
        filename: file.filename.clone(),
    };
    let full = |_| GraphError::with(131_053, "The simulator's media store is full.");
    let stored = call
        .shared
        .media
        .put(upload, call.shared.clock.now_ms())
        .map_err(full)?;
    ok(&json!({"id": stored.id}))
}

/// `GET` and `DELETE /{media id}`.
pub(super) fn object(call: &Call<'_>, id: &str) -> Answer {
    match call.method {
        "GET" => ok(&record(call, id)?),
        "DELETE" => match call.shared.media.remove(id) {
            true => success(),
            false => Err(call.unknown()),
        },
        _ => Err(call.unknown()),
    }
}

/// What is told of a file that is not too old.
pub(super) fn record(call: &Call<'_>, id: &str) -> Result<Value, GraphError> {
    let now_ms = call.shared.clock.now_ms();
    let stored = call.shared.media.get(id, now_ms).ok_or_else(|| call.unknown())?;
    Ok(json!({
        "messaging_product": "whatsapp",
        "url": call.shared.media.url(call.base_url(), id, now_ms),
        "mime_type": stored.mime,
        "sha256": stored.sha256_hex,
        "file_size": stored.bytes.len().to_string(),
        "id": id,
    }))
}

/// The file behind a media URL: 404 once the URL has expired or was tampered with.
pub(super) fn download(call: &Call<'_>, id: &str) -> Answer {
    let media = &call.shared.media;
    let now_ms = call.shared.clock.now_ms();
    let expires = call
        .query
        .get("ext")
        .and_then(|expires| expires.parse::<i64>().ok())
        .unwrap_or(0);
    let genuine = call
        .query
        .get("hash")
        .is_some_and(|hash| *hash == media.hash(id, expires));
    if !genuine || expires < now_ms.div_euclid(1_000) {
        return Ok(HttpResponse::NotFound().finish());
    }
    let Some(stored) = media.get(id, now_ms) else {
        return Ok(HttpResponse::NotFound().finish());
    };
    // The type was given by the uploader and may be no valid header.
    let mime = header::HeaderValue::from_str(&stored.mime)
        .unwrap_or_else(|_| header::HeaderValue::from_static("application/octet-stream"));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, mime))
        .body(stored.bytes))
}

#[derive(Debug, PartialEq, Eq)]
struct Part {
    name: String,
    filename: Option<String>,
    mime: Option<String>,
    bytes: Bytes,
}

const MAX_PARTS: usize = 16;

fn multipart(call: &Call<'_>) -> Result<Vec<Part>, GraphError> {
    let kind = call
        .request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let boundary = kind
        .split(';')
        .map(str::trim)
        .find_map(|part| part.strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| kind.starts_with("multipart/form-data") && (1..=70).contains(&boundary.len()));
    let parts = boundary.and_then(|boundary| split_parts(&call.body, boundary));
    parts.ok_or_else(|| GraphError::with(100, "The request body must be multipart/form-data."))
}

/// Splits a form into its parts; `None` when it is no well-formed form.
fn split_parts(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let delimiter = format!("\r\n--{boundary}");
    let opening = format!("--{boundary}");
    let mut at = find(body, opening.as_bytes(), 0)? + opening.len();
    let mut parts = Vec::new();
    while parts.len() < MAX_PARTS {
        if body.get(at..at + 2)? == b"--" {
            return Some(parts);
        }
        let head_start = find(body, b"\r\n", at)? + 2;
        let head_end = find(body, b"\r\n\r\n", head_start)?;
        let content = head_end + 4;
        let end = find(body, delimiter.as_bytes(), content)?;
        parts.push(part(
            std::str::from_utf8(&body[head_start..head_end]).ok()?,
            body.slice(content..end),
        )?);
        at = end + delimiter.len();
    }
    None
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = from;
    while at + wanted.len() <= body.len() {
        at += body[at..].iter().position(|byte| *byte == first)?;
        if body[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn part(head: &str, bytes: Bytes) -> Option<Part> {
    let value = |wanted: &str| {
        head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = value("content-disposition")?;
    let quoted = |wanted: &str| {
        disposition.split(';').find_map(|item| {
            let (name, value) = item.trim().split_once('=')?;
            (name == wanted).then(|| value.trim_matches('"').to_owned())
        })
    };
    Some(Part {
        name: quoted("name")?,
        filename: quoted("filename"),
        mime: value("content-type"),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_form_and_refuses_what_is_none() {
        let body = Bytes::from_static(
            b"--XX\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--XX\r\n\
              Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
              \x89PNG\r\n--X\r\n\r\n--XX--\r\n",
        );
        let parts = split_parts(&body, "XX").expect("a form");
        assert_eq!(parts.len(), 2);
        assert_eq!(&parts[0].bytes[..], b"whatsapp");
        assert_eq!(
            (parts[1].mime.as_deref(), parts[1].filename.as_deref()),
            (Some("image/png"), Some("a.png"))
        );
        assert_eq!(&parts[1].bytes[..], b"\x89PNG\r\n--X\r\n");
        for cut in 0..body.len() - 4 {
            assert_eq!(split_parts(&body.slice(..cut), "XX"), None, "cut at {cut}");
        }
    }
}
