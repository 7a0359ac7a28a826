//! Twilio's errors as its API answers them.
//!
//! Owns codes, texts and HTTP statuses (contract, `responses/error-*.json` and the error dictionary).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A refusal of what was asked.
    pub(crate) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(
            404,
            20_404,
            format!("The requested resource {path} was not found"),
        )
    }

    pub(crate) fn login() -> Self {
        Self::new(401, 20_003, "Authentication Error - invalid username")
    }

    /// The refusal for a code that someone asked to see.
    pub(crate) fn of_code(code: u32) -> Self {
        let status = match code {
            20_003 => 401,
            20_404 => 404,
            20_429 => 429,
            _ => 400,
        };
        Self::new(status, code, failure_text(code))
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        HttpResponse::build(status).json(json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        }))
    }
}

/// What the list of messages says of a failure.
pub(crate) fn failure_text(code: u32) -> &'static str {
    match code {
        20_003 => "Authenticate",
        20_429 => "Too Many Requests",
        21_610 => "Attempt to send to unsubscribed recipient",
        30_003 => "Unreachable destination handset",
        30_005 => "Unknown destination handset",
        30_007 => "Message filtered",
        30_008 => "Unknown error",
        63_016 => "Failed to send freeform message because you are outside the allowed window.",
        63_018 => "Rate limit exceeded for Channel",
        63_024 => "Invalid message recipient",
        63_041 => "Template paused",
        63_042 => "Template disabled",
        _ => "The message could not be delivered.",
    }
}
