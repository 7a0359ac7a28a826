//! Headers that hold browsers to what we mean.
//!
//! No page of ours needs inline script or style, other hosts, frames or plug-ins, so nothing of the kind is allowed.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What the headers depend on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityOptions {
    /// Browsers reach us by HTTPS: tell them to never try anything else.
    pub https: bool,
}

/// The browser app.
const APP: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
                   base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Swagger UI writes `style` attributes and draws icons from `data:`; its scripts are files.
const DOCS: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
                    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Data is no page.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// A PDF file. A browser's own viewer does not start in a sandbox; it runs nothing of the file in our name, and the rest
/// is as closed as for other data. Only the app itself may show it in a frame.
const PDF: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; \
                   form-action 'none'; frame-ancestors 'self'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(self), camera=(self), display-capture=(), geolocation=(self), \
                           gyroscope=(), magnetometer=(), microphone=(self), midi=(), payment=(), usb=()";

const FIXED: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::PERMISSIONS_POLICY, PERMISSIONS),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        "none",
    ),
];

fn policy(path: &str) -> &'static str {
    if path == "/api/docs" || path.starts_with("/api/docs/") {
        DOCS
    } else if is_data(path) {
        DATA
    } else {
        APP
    }
}

/// Addresses that answer programs; everything else belongs to the browser app.
pub(super) fn is_data(path: &str) -> bool {
    [
        "/api",
        "/media",
        "/webhooks",
        "/healthz",
        "/readyz",
        "/metrics",
        "/l",
    ]
    .iter()
    .any(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Addresses that hand out customers' files.
fn is_file(path: &str) -> bool {
    path.starts_with("/media/") || path.starts_with("/api/v1/media/")
}

impl SecurityOptions {
    /// Puts the headers on an answer; answers about data are kept by nobody unless they say so themselves.
    pub(super) fn apply<B>(self, response: &mut ServiceResponse<B>) {
        let path = response.request().path().to_owned();
        let headers = response.headers_mut();
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let is_pdf = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|it| it == "application/pdf");
        let policy = if is_pdf && is_file(&path) {
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
            PDF
        } else {
            policy(&path)
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        if self.https {
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        }
        if is_data(&path) {
            keep_private(headers);
        }
    }
}

fn keep_private(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_allows_inline_script_or_other_hosts() {
        for path in [
            "/",
            "/inbox/x",
            "/api/v1/me",
            "/api/docs/",
            "/webhooks/whatsapp",
            "/metrics",
            "/apiary",
        ] {
            let policy = policy(path);
            assert!(
                !policy.contains("unsafe-eval") && !policy.contains("http") && !policy.contains('*'),
                "{path}"
            );
            let scripts = policy
                .split(';')
                .find(|part| part.trim().starts_with("script-src"));
            assert!(scripts.is_none(), "{path}: scripts follow default-src");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        }
        assert_eq!(policy("/apiary"), APP);
        assert_eq!(policy("/api"), DATA);
    }
}
