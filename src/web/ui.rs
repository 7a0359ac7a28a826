//! The browser app, embedded in the program.
//!
//! Files under `assets/` carry their hash in their name and are kept for ever; the page, the service worker and the manifest
//! are asked for each time. The finished program holds most of them only as `.br` and `.gz` (`build.rs`); for the rare client
//! that takes neither, they are inflated.

use std::borrow::Cow;

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::ApiError;
use crate::http::secret::to_hex;

use super::packed::{inflate, takes};

/// The built app.
#[derive(RustEmbed)]
#[cfg_attr(debug_assertions, folder = "ui-dist/")]
#[cfg_attr(not(debug_assertions), folder = "$OUT_DIR/ui/")]
#[allow_missing = true]
#[exclude = "build-manifest.json"]
pub struct App;

const PAGE: &str = "index.html";
const KEPT: &str = "public, max-age=31536000, immutable";
const ASKED: &str = "no-cache";

/// The answer to an address that is none of the API's: a file, the page for a navigation, or "not found".
pub fn answer<E: RustEmbed>(req: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = req.path().trim_start_matches('/');
    if !matches!(*req.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::not_found("page"));
    }
    if let Some(answer) = file::<E>(req, if path.is_empty() { PAGE } else { path }) {
        return Ok(answer);
    }
    if path.starts_with("assets/") || !wants_page(req.headers()) {
        return Err(ApiError::not_found("file"));
    }
    file::<E>(req, PAGE)
        .ok_or_else(|| ApiError::not_found("page: this build of the program has no browser app"))
}

/// A person following a link, not a program.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn file<E: RustEmbed>(req: &HttpRequest, path: &str) -> Option<HttpResponse> {
    let Form { encoding, sent } =
        preferred::<E>(req.headers(), path).or_else(|| plain::<E>(path).or_else(|| inflated::<E>(path)))?;
    let etag = format!("W/\"{}\"", to_hex(&sent.metadata.sha256_hash()[..16]));
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(media_type(path))
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((
            header::CACHE_CONTROL,
            if path.starts_with("assets/") { KEPT } else { ASKED },
        ));
    if path == "sw.js" {
        answer.insert_header(("service-worker-allowed", "/"));
    }
    if is_known(req.headers(), &etag) {
        return Some(answer.status(StatusCode::NOT_MODIFIED).finish());
    }
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Some(answer.body(match sent.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }))
}

/// One of the forms a file is held in.
struct Form {
    encoding: Option<&'static str>,
    sent: EmbeddedFile,
}

fn plain<E: RustEmbed>(path: &str) -> Option<Form> {
    E::get(path).map(|sent| Form { encoding: None, sent })
}

fn inflated<E: RustEmbed>(path: &str) -> Option<Form> {
    let mut sent = E::get(&format!("{path}.gz"))?;
    match inflate(&sent.data) {
        Ok(plain) => sent.data = Cow::Owned(plain),
        Err(error) => {
            tracing::error!(path, %error, "a file of the browser app is damaged in this program");
            return None;
        }
    }
    Some(Form { encoding: None, sent })
}

fn preferred<E: RustEmbed>(headers: &HeaderMap, path: &str) -> Option<Form> {
    let held = |(name, ending): (&'static str, &str)| {
        let sent = takes(headers, name).then(|| E::get(&format!("{path}.{ending}")))??;
        Some(Form {
            encoding: Some(name),
            sent,
        })
    };
    [("br", "br"), ("gzip", "gz")].into_iter().find_map(held)
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag))
}

/// Of the kinds of file that a build produces.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[derive(RustEmbed)]
    #[folder = "tests/fixtures/ui/"]
    struct Sample;

    async fn body(response: HttpResponse) -> String {
        let bytes = actix_web::body::to_bytes(response.into_body())
            .await
            .expect("in memory");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    fn get(path: &str, headers: &[(&'static str, &str)]) -> Result<HttpResponse, ApiError> {
        let req = headers.iter().fold(TestRequest::get().uri(path), |req, header| {
            req.insert_header(*header)
        });
        answer::<Sample>(&req.to_http_request())
    }

    #[actix_web::test]
    async fn files_carry_what_browsers_need_to_keep_them() {
        let page = get("/", &[]).expect("the page");
        assert_eq!(page.headers().get("cache-control").expect("set"), ASKED);
        let etag = page
            .headers()
            .get("etag")
            .expect("set")
            .to_str()
            .expect("ASCII")
            .to_owned();
        assert!(body(page).await.contains("sample app"));
        let again = get("/", &[("if-none-match", &etag)]).expect("the page");
        assert_eq!(again.status(), 304);
        let asset = get("/assets/a-1.js", &[]).expect("the asset");
        assert_eq!(asset.headers().get("cache-control").expect("set"), KEPT);
        assert_eq!(
            asset.headers().get("content-type").expect("set"),
            "text/javascript; charset=utf-8"
        );
        assert!(
            get("/assets/a-1.js", &[("accept-encoding", "br;q=0")])
                .expect("plain")
                .headers()
                .get("content-encoding")
                .is_none()
        );
        let small = get("/assets/a-1.js", &[("accept-encoding", "gzip, br")]).expect("compressed");
        assert_eq!(small.headers().get("content-encoding").expect("set"), "br");
    }

    #[actix_web::test]
    async fn a_file_held_only_compressed_is_inflated_for_a_client_that_takes_no_compression() {
        let small = get("/assets/b-2.js", &[("accept-encoding", "gzip, br")]).expect("the next best");
        assert_eq!(small.headers().get("content-encoding").expect("set"), "gzip");
        for headers in [
            &[][..],
            &[("accept-encoding", "identity")],
            &[("accept-encoding", "gzip;q=0")],
        ] {
            let plain = get("/assets/b-2.js", headers).expect("inflated");
            assert!(plain.headers().get("content-encoding").is_none());
            assert_eq!(body(plain).await, "export const b = 2\n");
        }
    }

    #[actix_web::test]
    async fn only_navigation_falls_back_to_the_page() {
        let html = [("accept", "text/html,application/xhtml+xml")];
        assert!(
            body(get("/inbox/cv_1", &html).expect("the page"))
                .await
                .contains("sample app")
        );
        for (path, headers) in [
            ("/inbox/cv_1", &[][..]),
            ("/assets/gone.js", &html),
            ("/../Cargo.toml", &[]),
            ("/assets/../../../Cargo.toml", &html),
            ("/%2e%2e/Cargo.toml", &[]),
        ] {
            assert_eq!(get(path, headers).expect_err(path).code(), "not_found");
        }
        let post = TestRequest::post()
            .uri("/inbox")
            .insert_header(html[0])
            .to_http_request();
        assert!(answer::<Sample>(&post).is_err());
    }
}
