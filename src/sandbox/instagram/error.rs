//! Errors of the Graph API as the provider words them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

/// An error: HTTP status, code, subcode and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GraphError {
    status: u16,
    code: u32,
    subcode: Option<u32>,
    message: String,
    transient: bool,
}

impl GraphError {
    fn new(status: u16, code: u32, subcode: Option<u32>, message: &str) -> Self {
        let message = format!("(#{code}) {message}");
        Self {
            status,
            code,
            subcode,
            message,
            transient: false,
        }
    }

    pub(super) fn parameter(what: &str) -> Self {
        Self::new(400, 100, None, what)
    }

    pub(super) fn unknown_object(id: &str) -> Self {
        let what = format!("Unsupported request. Object with ID '{id}' does not exist");
        Self::new(400, 100, Some(33), &what)
    }

    pub(super) fn outside_window() -> Self {
        Self::new(
            403,
            10,
            Some(2_534_022),
            "This message is sent outside of allowed window.",
        )
    }

    pub(super) fn reply_used() -> Self {
        Self::new(
            400,
            10,
            Some(2_534_025),
            "The comment has already been replied to privately.",
        )
    }

    pub(super) fn no_user() -> Self {
        Self::new(400, 100, Some(2_534_014), "No matching user found")
    }

    pub(super) fn permission() -> Self {
        Self::new(
            403,
            10,
            None,
            "Application does not have permission for this action",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self::new(
            400,
            551,
            Some(1_545_041),
            "This person isn't available right now.",
        )
    }

    pub(super) fn rate() -> Self {
        Self::new(400, 613, None, "Calls to this api have exceeded the rate limit.")
    }

    pub(super) fn consent() -> Self {
        Self::new(403, 230, None, "User consent is required to access user profile")
    }

    pub(super) fn token(subcode: u32, why: &str) -> Self {
        let mut error = Self::new(401, 190, Some(subcode), "");
        error.message = format!("Error validating access token: {why}");
        error
    }

    pub(super) fn answer(&self) -> HttpResponse {
        let mut error = json!({
            "message": self.message, "type": "OAuthException", "code": self.code, "fbtrace_id": "AsandboxTraceIg",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if self.transient {
            error["is_transient"] = json!(true);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        HttpResponse::build(status).json(json!({ "error": error }))
    }
}
