//! Files that the program holds compressed: who takes them so, and what the others get.

use std::io::{self, Read};

use actix_web::http::header::{self, HeaderMap};
use flate2::read::GzDecoder;

/// Whether the client takes this encoding, by its `Accept-Encoding` (RFC 9110, section 12.5.3).
pub(super) fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| {
        accepted.split(',').any(|part| {
            let mut part = part.split(';').map(str::trim);
            part.next() == Some(encoding) && part.next() != Some("q=0")
        })
    })
}

/// What was compressed with gzip while building.
///
/// # Errors
/// Where these are not the bytes that the build wrote.
pub(super) fn inflate(gzip: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain)?;
    Ok(plain)
}
