//! Every "no" of the API as an RFC 9457 problem document, from one table of codes.
//!
//! Owns codes, statuses and titles. The trace id is added by [`super::trace`], which knows the request.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};

use crate::domain::TraceId;
use crate::domain::phrases;
use crate::domain::policy::Alternative;
use crate::http::views::PhraseView;

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        /// Everything that can be wrong with a request. Codes are a promise to clients: never rename one.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn row(self) -> (&'static str, StatusCode, &'static str) {
                match self { $(Self::$name => ($code, StatusCode::$status, $title),)* }
            }
        }
    };
}

codes! {
    /// A request that HTTP itself does not allow.
    BadRequest = "bad_request", BAD_REQUEST, "Malformed request";
    /// The body is no JSON.
    InvalidJson = "invalid_json", BAD_REQUEST, "Malformed JSON";
    /// A query parameter is unknown or has a value that it cannot have.
    InvalidQuery = "invalid_query", BAD_REQUEST, "Bad query";
    /// A cursor was altered, or belongs to another list.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "Bad cursor";
    /// A header has a value that it cannot have.
    InvalidHeader = "invalid_header", BAD_REQUEST, "Bad header";
    /// The call must carry an `Idempotency-Key`.
    IdempotencyKeyRequired = "idempotency_key_required", BAD_REQUEST, "Idempotency key missing";
    /// Nobody is logged in.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Not logged in";
    /// A webhook's signature fits none of the configured secrets.
    InvalidSignature = "invalid_signature", UNAUTHORIZED, "Signature does not fit";
    /// E-mail address or password is wrong.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Wrong e-mail address or password";
    /// Logged in, but not allowed to.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// A write with the browser's cookie lacks the guard header.
    CsrfRequired = "csrf_required", FORBIDDEN, "Guard header missing";
    /// The one-time set-up code is wrong.
    InvalidSetupCode = "invalid_setup_code", FORBIDDEN, "Wrong set-up code";
    /// There is no such thing in this workspace.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The address exists, the method does not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// The request took too long to arrive.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "Request timed out";
    /// Someone else changed it at the same time.
    Conflict = "conflict", CONFLICT, "Changed meanwhile";
    /// There already is one.
    AlreadyExists = "already_exists", CONFLICT, "Already exists";
    /// It is so already, or its state does not allow the step.
    WrongState = "wrong_state", CONFLICT, "Not possible in this state";
    /// The policy objects; the code in the document is the policy's own.
    Refused = "refused", CONFLICT, "Refused by policy";
    /// The person was erased.
    Erased = "erased", GONE, "Erased";
    /// `If-Match` names another version.
    VersionMismatch = "version_mismatch", PRECONDITION_FAILED, "Changed meanwhile";
    /// The body is larger than this address takes.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The address is longer than any of ours.
    UriTooLong = "uri_too_long", URI_TOO_LONG, "Address too long";
    /// The body is not what this address takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// The part of the file that is asked for is not in it.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "No such part";
    /// A field has a value that it cannot have.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "Invalid field";
    /// A field that this call does not know.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY, "Unknown field";
    /// A field that this call needs.
    MissingField = "missing_field", UNPROCESSABLE_ENTITY, "Missing field";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused";
    /// Too many requests.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    /// Too many failed log-ins.
    LockedOut = "locked_out", TOO_MANY_REQUESTS, "Locked for a while";
    /// The headers are larger than any client of ours sends.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Headers too large";
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// The store failed.
    StorageFailed = "storage_failed", INTERNAL_SERVER_ERROR, "Storage failed";
    /// Too much is going on.
    Busy = "busy", SERVICE_UNAVAILABLE, "Busy";
    /// Nothing can be written at present.
    ReadOnly = "read_only", SERVICE_UNAVAILABLE, "Read-only";
    /// A write may or may not have happened.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "Outcome unknown";
    /// It is starting or stopping.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available now";
}

impl ErrorCode {
    /// The code in the document.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// The short title.
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// A "no" on its way out.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: ErrorCode,
    code: &'static str,
    detail: Cow<'static, str>,
    field: Option<String>,
    alternatives: Vec<Alternative>,
    retry_after_s: Option<u64>,
    allow: Option<String>,
}

impl ApiError {
    /// An error of this kind; `detail` says in plain words what is wrong and what to do.
    pub fn new(kind: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            kind,
            code: kind.code(),
            detail: detail.into(),
            field: None,
            alternatives: Vec::new(),
            retry_after_s: None,
            allow: None,
        }))
    }

    /// There is no such `what` in this workspace.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    /// A field of the body has a value that it cannot have.
    pub fn invalid_field(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidField, detail).at(field)
    }

    /// A fault of ours. `cause` goes to the log only.
    pub fn internal(doing: &'static str, cause: impl fmt::Display) -> Self {
        tracing::error!(doing, %cause, "internal error");
        Self::new(ErrorCode::Internal, phrases::INTERNAL.text())
    }

    /// Too much is going on; try again after `seconds`.
    pub fn busy(detail: impl Into<Cow<'static, str>>, seconds: u64) -> Self {
        Self::new(ErrorCode::Busy, detail).retry_after(seconds)
    }

    /// The policy's own code instead of the kind's.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = code;
        self
    }

    /// Names the field (a path such as `text.body`), query parameter or header.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// What would be allowed instead.
    #[must_use]
    pub fn with_alternatives(mut self, alternatives: Vec<Alternative>) -> Self {
        self.0.alternatives = alternatives;
        self
    }

    /// When to try again, in seconds; at least one.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds.max(1));
        self
    }

    /// Which methods the address has.
    #[must_use]
    pub fn with_allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// The code in the document.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong and what to do, in plain words.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorCode {
        self.0.kind
    }

    /// The field that it names.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The whole answer, with the request's trace.
    pub fn to_response(&self, trace: Option<TraceId>) -> HttpResponse {
        let parts = &*self.0;
        let document = ProblemDocument {
            type_uri: "about:blank",
            title: parts.kind.title(),
            status: parts.kind.status().as_u16(),
            code: parts.code,
            detail: &parts.detail,
            field: parts.field.as_deref(),
            detail_phrase: PhraseView::of(&parts.detail),
            alternatives: parts.alternatives.iter().map(AlternativeView::from).collect(),
            trace_id: trace.map(|trace| trace.to_string()),
        };
        let mut response = HttpResponseBuilder::new(parts.kind.status());
        response.content_type(PROBLEM_JSON);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = parts.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(allow) = &parts.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if parts.kind == ErrorCode::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        // Only texts, numbers and lists of texts: this cannot fail.
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.to_response(None)
    }
}

/// The document as it is written (RFC 9457).
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always `about:blank`: `code` tells what it is.
    #[serde(rename = "type")]
    type_uri: &'a str,
    /// What sort of problem, in a few words.
    title: &'a str,
    /// The HTTP status again.
    status: u16,
    /// Stable name for programs.
    code: &'a str,
    /// What is wrong here and what to do, in plain words.
    detail: &'a str,
    /// Which field, query parameter or header, as a path (`text.body`).
    field: Option<&'a str>,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_phrase: Option<PhraseView>,
    /// What would be allowed instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<AlternativeView>,
    /// Stands in the logs too.
    trace_id: Option<String>,
}

/// Something that is allowed instead.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Alternative)]
pub struct AlternativeView {
    /// `template`, `wait`, `resume_channel` …
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// In plain words.
    pub detail: String,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail_phrase: Option<PhraseView>,
}

impl From<&Alternative> for AlternativeView {
    fn from(alternative: &Alternative) -> Self {
        Self {
            kind: alternative.kind,
            detail: alternative.detail.clone(),
            detail_phrase: PhraseView::of(&alternative.detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_snake_case_and_name_errors() {
        let mut seen = HashSet::new();
        for kind in ErrorCode::ALL {
            assert!(seen.insert(kind.code()), "{} twice", kind.code());
            assert!(kind.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(kind.status().as_u16() >= 400, "{}", kind.code());
        }
    }

    #[actix_web::test]
    async fn the_document_has_the_agreed_shape() {
        let error = ApiError::invalid_field("text.body", "Too long.").retry_after(0);
        let response = error.to_response(Some(TraceId([1; 16])));
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers().get("retry-after").expect("set"), "1");
        assert_eq!(response.headers().get("content-type").expect("set"), PROBLEM_JSON);
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .expect("in memory");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(
            body,
            serde_json::json!({
                "type": "about:blank", "title": "Invalid field", "status": 422, "code": "invalid_field",
                "detail": "Too long.", "field": "text.body", "trace_id": format!("tr_{}", "01".repeat(16)),
            })
        );
    }
}
