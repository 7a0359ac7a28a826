//! Request headers with rules of their own, and `ETag`s.

use std::future::{Ready, ready};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::error::{ApiError, ErrorCode};

/// Longest idempotency key.
const KEY_MAX: usize = 255;

/// The `Idempotency-Key` header: 1–255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKeyHeader(pub Option<String>);

impl IdempotencyKeyHeader {
    /// The key, where the call cannot do without.
    ///
    /// # Errors
    /// 400 `idempotency_key_required`.
    pub fn required(self) -> Result<String, ApiError> {
        self.0.ok_or_else(|| {
            ApiError::new(
                ErrorCode::IdempotencyKeyRequired,
                "Send an Idempotency-Key header (any unique text, e.g. a UUID), so that repeating the call after a lost answer is safe.",
            )
            .at("idempotency-key")
        })
    }
}

/// The only value of a header; `None` if it is absent.
///
/// # Errors
/// It stands there twice, or holds other than visible ASCII and blanks.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(invalid(name, "stands there twice."));
    }
    first
        .map(|value| {
            value
                .to_str()
                .map_err(|_| invalid(name, "holds other than visible ASCII."))
        })
        .transpose()
}

fn invalid(name: &'static str, what: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidHeader, format!("The header {name} {what}")).at(name)
}

fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKeyHeader, ApiError> {
    const NAME: &str = "idempotency-key";
    let Some(key) = single(headers, NAME)? else {
        return Ok(IdempotencyKeyHeader(None));
    };
    let visible = key.bytes().all(|b| b.is_ascii_graphic());
    if key.is_empty() || key.len() > KEY_MAX || !visible {
        return Err(invalid(
            NAME,
            "must be 1 to 255 visible ASCII characters without blanks.",
        ));
    }
    Ok(IdempotencyKeyHeader(Some(key.to_owned())))
}

impl FromRequest for IdempotencyKeyHeader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(idempotency_key(req.headers()))
    }
}

/// The version that an `If-Match` header asks for; `None` if it is absent or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Compares with the record's version.
    ///
    /// # Errors
    /// 412 `version_mismatch`.
    pub fn check(self, version: u64) -> Result<(), ApiError> {
        match self.0 {
            Some(wanted) if wanted != version => Err(ApiError::new(
                ErrorCode::VersionMismatch,
                "This was changed since you read it. Read it again, then repeat your change.",
            )
            .at("if-match")),
            _ => Ok(()),
        }
    }
}

fn if_match(headers: &HeaderMap) -> Result<IfMatch, ApiError> {
    const NAME: &str = "if-match";
    let Some(text) = single(headers, NAME)?.filter(|text| text.trim() != "*") else {
        return Ok(IfMatch(None));
    };
    let tag = text.trim();
    let number = tag
        .strip_prefix("W/")
        .unwrap_or(tag)
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let version = number.and_then(|digits| digits.parse().ok());
    let version =
        version.ok_or_else(|| invalid(NAME, "must be an ETag that this API gave, with its quotes."))?;
    Ok(IfMatch(Some(version)))
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(if_match(req.headers()))
    }
}

/// The `ETag` of a record's version, for `insert_header`.
pub fn etag(version: u64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn with(name: &'static str, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a legal header value");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    #[test]
    fn idempotency_keys_are_visible_ascii() {
        let key = |values: &[&[u8]]| idempotency_key(&with("idempotency-key", values));
        assert_eq!(key(&[b"a-1"]).expect("fine").required().expect("there"), "a-1");
        assert_eq!(
            key(&[]).expect("fine").required().expect_err("none").code(),
            "idempotency_key_required"
        );
        let long = [b'x'; 256];
        for bad in [
            &[&b""[..]][..],
            &[b"a b"],
            &[b"\xc3\xa9"],
            &[b"a", b"b"],
            &[&long],
        ] {
            assert_eq!(key(bad).expect_err("bad").field(), Some("idempotency-key"));
        }
        assert!(key(&[&long[..255]]).is_ok());
    }

    #[test]
    fn if_match_takes_our_etags_only() {
        let read = |value: &[u8]| if_match(&with("if-match", &[value]));
        assert_eq!(read(etag(12).1.as_bytes()).expect("ours"), IfMatch(Some(12)));
        assert_eq!(read(b"W/\"3\"").expect("weak"), IfMatch(Some(3)));
        assert_eq!(read(b"*").expect("any"), IfMatch(None));
        for bad in [
            &b"12"[..],
            b"\"\"",
            b"\"x\"",
            b"\"-1\"",
            b"\"99999999999999999999\"",
            b"\"1\", \"2\"",
        ] {
            assert_eq!(read(bad).expect_err("bad").code(), "invalid_header");
        }
        assert_eq!(
            IfMatch(Some(1)).check(2).expect_err("other").code(),
            "version_mismatch"
        );
        assert!(IfMatch(None).check(2).is_ok());
    }
}
