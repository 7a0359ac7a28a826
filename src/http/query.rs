//! Query strings, strictly: an unknown or repeated parameter is an error, not silently dropped.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Query};
use serde::de::DeserializeOwned;

use super::error::{ApiError, ErrorCode};
use super::paging::Page;

/// Longest query string.
const MAX_LENGTH: usize = 8 * 1024;

/// A checked query. Derive `Deserialize` with `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct StrictQuery<T>(pub T);

/// A list's filters with its page: `limit` and `cursor` are taken out first, `T` gets the rest.
#[derive(Debug)]
pub struct ListQuery<T> {
    /// Which part of the list.
    pub page: Page,
    /// The list's own parameters.
    pub filter: T,
}

/// No parameter at all is allowed.
#[derive(Debug)]
pub struct NoQuery;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<T> Deref for StrictQuery<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for StrictQuery<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(req.query_string()).map(Self))
    }
}

impl<T: DeserializeOwned> FromRequest for ListQuery<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(list_query(req.query_string()))
    }
}

impl FromRequest for Page {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(list_query::<Nothing>(req.query_string()).map(|query| query.page))
    }
}

impl FromRequest for NoQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse::<Nothing>(req.query_string()).map(|Nothing {}| Self))
    }
}

fn list_query<T: DeserializeOwned>(text: &str) -> Result<ListQuery<T>, ApiError> {
    let is_page = |pair: &&str| matches!(pair.split('=').next(), Some("limit" | "cursor"));
    let (page, rest): (Vec<&str>, Vec<&str>) = text.split('&').partition(is_page);
    Ok(ListQuery {
        page: Page::from_query(parse(&page.join("&"))?)?,
        filter: parse(&rest.join("&"))?,
    })
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    if text.len() > MAX_LENGTH {
        let detail = format!("The query is too long; at most {MAX_LENGTH} bytes.");
        return Err(ApiError::new(ErrorCode::InvalidQuery, detail));
    }
    check_encoding(text)?;
    Query::<T>::from_query(text)
        .map(Query::into_inner)
        .map_err(|error| {
            let message = plain(&error.to_string());
            let named = message
                .split('`')
                .nth(1)
                .map(|name| name.chars().take(64).collect::<String>());
            let error = ApiError::new(ErrorCode::InvalidQuery, message);
            match named {
                Some(name) => error.at(name),
                None => error,
            }
        })
}

/// The parser would put replacement characters in place of bytes that are no UTF-8; a search for those is a mistake.
fn check_encoding(text: &str) -> Result<(), ApiError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = |b: u8| char::from(b).to_digit(16);
        let escape = tail
            .first_chunk::<2>()
            .and_then(|[h, l]| Some((hex(*h)?, hex(*l)?)));
        match (byte, escape) {
            (b'%', Some((high, low))) => {
                // Two hexadecimal digits always fit a byte.
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &tail[2..];
            }
            (b'%', None) => {
                return Err(ApiError::new(
                    ErrorCode::InvalidQuery,
                    "A % in the query is not followed by two digits.",
                ));
            }
            _ => bytes.push(byte),
        }
    }
    match String::from_utf8(bytes) {
        Ok(decoded) if !decoded.contains('\0') => Ok(()),
        Ok(_) => Err(ApiError::new(
            ErrorCode::InvalidQuery,
            "The query holds a NUL character.",
        )),
        Err(_) => Err(ApiError::new(
            ErrorCode::InvalidQuery,
            "The query is no valid UTF-8.",
        )),
    }
}

/// The parser's words without its own preamble.
pub(super) fn plain(message: &str) -> String {
    let message = message.trim_start_matches("Query deserialize error: ");
    let shown: String = message.chars().take(200).collect();
    format!("The query cannot be read: {shown}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        q: Option<String>,
        after: Option<u64>,
    }

    #[test]
    fn splits_the_page_from_the_filters() {
        let query = list_query::<Filter>("limit=3&q=caf%C3%A9+au+lait&after=7").expect("fine");
        assert_eq!(query.page.limit, 3);
        assert_eq!(query.filter.q.as_deref(), Some("café au lait"));
        assert_eq!(query.filter.after, Some(7));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (text, field) in [
            ("colour=red", Some("colour")),
            ("q=a&q=b", Some("q")),
            ("after=x", None),
            ("after=-1", None),
            ("limit=0", Some("limit")),
            ("limit=101", Some("limit")),
            ("limit=1&limit=2", Some("limit")),
            ("limit=x", None),
            ("q=%ff", None),
            ("q=%f", None),
            ("q=%00", None),
            ("%00", None),
        ] {
            let error = list_query::<Filter>(text).expect_err(text);
            assert_eq!((error.code(), error.field()), ("invalid_query", field), "{text}");
        }
        assert!(list_query::<Filter>(&format!("q={}", "a".repeat(9_000))).is_err());
    }
}
