//! JSON bodies, checked before a handler sees them: size, media type, UTF-8, depth, unknown and missing fields, values.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::error::{ApiError, ErrorCode};
use super::json_path::{depth, offset, place};
use crate::channels::FieldError;

/// Objects and lists within one another; deeper ones are refused before they are read.
const MAX_DEPTH: usize = 32;
/// How long a client may take to send a body; slower ones would hold a connection each.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a parser's own words we pass on.
const DETAIL_SHOWN: usize = 200;

/// A body of the API. Derive `Deserialize` with `#[serde(deny_unknown_fields)]`.
pub trait ApiBody: DeserializeOwned {
    /// Largest size in bytes.
    const LIMIT: usize = 64 * 1024;

    /// Checks values beyond their types.
    ///
    /// # Errors
    /// The first field that is wrong.
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

/// A checked body.
#[derive(Debug)]
pub struct ValidJson<T>(pub T);

impl<T> Deref for ValidJson<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ApiBody> FromRequest for ValidJson<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let acceptable = check_headers(req, T::LIMIT);
        let payload = payload.take();
        Box::pin(async move {
            acceptable?;
            let bytes = read_limited(payload, T::LIMIT).await?;
            parse(&bytes).map(Self)
        })
    }
}

/// Reads and checks a body that is already in memory.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn parse<T: ApiBody>(bytes: &[u8]) -> Result<T, ApiError> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(ApiError::new(
            ErrorCode::InvalidJson,
            "The body is no valid UTF-8.",
        ));
    }
    if depth(bytes) > MAX_DEPTH {
        let detail = format!("The body is nested deeper than {MAX_DEPTH} levels.");
        return Err(ApiError::new(ErrorCode::InvalidJson, detail));
    }
    require_object(bytes)?;
    let value: T = serde_json::from_slice(bytes).map_err(|error| explain(bytes, &error))?;
    value.check()?;
    Ok(value)
}

/// Every body of the API is an object. The parser would also take a list of the fields' values in order.
fn require_object(bytes: &[u8]) -> Result<(), ApiError> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Ok(());
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => Err(ApiError::new(
            ErrorCode::InvalidField,
            "The body must be a JSON object.",
        )),
        Err(error) => Err(ApiError::new(
            ErrorCode::InvalidJson,
            format!("The body is no valid JSON ({error})."),
        )),
    }
}

fn check_headers(req: &HttpRequest, limit: usize) -> Result<(), ApiError> {
    let media_type = req
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let essence = media_type.map_or("", |v| v.split(';').next().unwrap_or("").trim());
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(super::error_from::content_type());
    }
    let length = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok());
    match length.and_then(|v| v.parse::<usize>().ok()) {
        Some(length) if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        ErrorCode::BodyTooLarge,
        format!("The body is too large; this address takes at most {limit} bytes."),
    )
}

/// Collects a body of at most `limit` bytes, which must arrive within [`BODY_TIMEOUT`].
///
/// # Errors
/// It is larger, too slow, or did not arrive whole.
pub async fn read_limited(payload: Payload, limit: usize) -> Result<BytesMut, ApiError> {
    let read = tokio::time::timeout(BODY_TIMEOUT, collect(payload, limit)).await;
    read.unwrap_or_else(|_| {
        let seconds = BODY_TIMEOUT.as_secs();
        let detail = format!("The body did not arrive within {seconds} seconds.");
        Err(ApiError::new(ErrorCode::RequestTimeout, detail))
    })
}

async fn collect(mut payload: Payload, limit: usize) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Turns the parser's line and column into a code and a field.
fn explain(bytes: &[u8], error: &serde_json::Error) -> ApiError {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    let shown: String = message.chars().take(DETAIL_SHOWN).collect();
    // For some types (enums) the parser calls a value of the wrong kind a syntax error.
    if !error.is_data() && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() {
        let detail = format!("The body is no valid JSON ({full}).");
        return ApiError::new(ErrorCode::InvalidJson, detail);
    }
    let found = place(bytes, offset(bytes, error.line(), error.column()));
    if let Some(name) = message
        .strip_prefix("missing field `")
        .and_then(|m| m.strip_suffix('`'))
    {
        let field = if found.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", found.path)
        };
        return ApiError::new(ErrorCode::MissingField, format!("The field {field} is missing.")).at(field);
    }
    let field = found.closed.unwrap_or(found.path);
    if message.starts_with("unknown field") {
        return ApiError::new(
            ErrorCode::UnknownField,
            format!("This call does not know the field: {shown}."),
        )
        .at(field);
    }
    ApiError::invalid_field(field, format!("This value cannot stand here: {shown}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{error::PayloadError, web::Bytes};
    use futures_util::Stream;

    type BoxedStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // read by serde only
    struct Owner {
        email: String,
        id: Option<crate::domain::UserId>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // read by serde only
    struct Body {
        name: String,
        owner: Owner,
        tags: Option<Vec<crate::domain::UserId>>,
        n: Option<u8>,
    }
    impl ApiBody for Body {
        const LIMIT: usize = 1024;
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let table: [(&str, &str, Option<&str>); 19] = [
            ("", "invalid_json", None),
            ("{", "invalid_json", None),
            ("[1,]", "invalid_json", None),
            ("[]", "invalid_field", None),
            (" null", "invalid_field", None),
            (r#"{"name":"a" "owner":1}"#, "invalid_json", None),
            (r#"{"name":"a"}"#, "missing_field", Some("owner")),
            (r#"{"name":"a","owner":{}}"#, "missing_field", Some("owner.email")),
            (
                r#"{"name":"a","owner":{},"n":1}"#,
                "missing_field",
                Some("owner.email"),
            ),
            (
                r#"{"name":5,"owner":{"email":"x"}}"#,
                "invalid_field",
                Some("name"),
            ),
            (
                r#"{"name":"a","owner":{"email":5}}"#,
                "invalid_field",
                Some("owner.email"),
            ),
            (
                r#"{"name":"a","owner":{"email":null}}"#,
                "invalid_field",
                Some("owner.email"),
            ),
            (r#"{"name":"a","owner":[]}"#, "missing_field", Some("owner[0]")),
            (
                r#"{"name":"a","owner":{"email":"x","id":"bad"}}"#,
                "invalid_field",
                Some("owner.id"),
            ),
            (
                r#"{"owner":{"id":"bad","email":"x"}}"#,
                "invalid_field",
                Some("owner.id"),
            ),
            (r#"{"tags":["bad"],"name":"a"}"#, "invalid_field", Some("tags[0]")),
            (
                r#"{"name":"a","owner":{"email":"x"},"role":1}"#,
                "unknown_field",
                Some("role"),
            ),
            (r#"{"name":"a","name":"b"}"#, "invalid_field", Some("name")),
            (r#"{"n":300}"#, "invalid_field", Some("n")),
        ];
        for (text, code, field) in table {
            let error = parse::<Body>(text.as_bytes()).expect_err(text);
            if text.contains("\"owner\":[]") {
                // A list in place of an object: which code does not matter, that it is refused does.
                assert_eq!(error.kind().status(), 422, "{text}");
                continue;
            }
            assert_eq!((error.code(), error.field()), (code, field), "{text}: {error}");
        }
    }

    #[test]
    fn depth_and_encoding_are_checked_first() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            parse::<Body>(deep.as_bytes()).expect_err("deep").code(),
            "invalid_json"
        );
        assert_eq!(
            parse::<Body>(b"{\"name\":\"\xff\"}").expect_err("bytes").code(),
            "invalid_json"
        );
        let surrogate = br#"{"name":"\ud800","owner":{"email":"x"}}"#;
        assert_eq!(
            parse::<Body>(surrogate).expect_err("surrogate").field(),
            Some("name")
        );
    }

    #[actix_web::test]
    async fn a_body_that_is_too_slow_or_too_large_is_given_up() {
        let stream = |chunks: Vec<&'static [u8]>, ends: bool| {
            let chunks = chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk)));
            let chunks = futures_util::stream::iter(chunks);
            let rest = futures_util::stream::poll_fn(move |_| match ends {
                true => std::task::Poll::Ready(None),
                false => std::task::Poll::Pending,
            });
            let payload: BoxedStream = Box::pin(chunks.chain(rest));
            Payload::Stream { payload }
        };
        tokio::time::pause();
        let slow = read_limited(stream(vec![b"{"], false), 10).await;
        assert_eq!(slow.expect_err("never ends").code(), "request_timeout");
        let large = read_limited(stream(vec![b"12345", b"123456"], true), 10).await;
        assert_eq!(large.expect_err("eleven bytes").code(), "body_too_large");
        let fits = read_limited(stream(vec![b"12345", b"12345"], true), 10).await;
        assert_eq!(&fits.expect("ten bytes")[..], b"1234512345");
    }
}
