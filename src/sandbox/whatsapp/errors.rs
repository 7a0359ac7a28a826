//! The provider's error codes, as the API's envelope and as webhooks carry them.
//!
//! Source: contract `errors.json` and `responses/error-*.json` (Meta's documentation).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// One code: HTTP status of the synchronous form, title, usual details.
struct Entry(u32, u16, &'static str, &'static str);

const CATALOGUE: &[Entry] = &[
    Entry(1, 400, "Unknown API error", "An unknown error occurred."),
    Entry(
        2,
        503,
        "Temporary service error",
        "The service is temporarily down or overloaded.",
    ),
    Entry(3, 500, "API Method", "Capability or permissions issue."),
    Entry(
        4,
        400,
        "Application request limit reached",
        "Too many calls to the API.",
    ),
    Entry(
        10,
        403,
        "Application does not have permission for this action",
        "",
    ),
    Entry(100, 400, "Invalid parameter", "Invalid parameter"),
    Entry(
        368,
        403,
        "Temporarily blocked for policies violations",
        "The account has been restricted or disabled for violating a platform policy.",
    ),
    Entry(
        80007,
        400,
        "Rate limit issues",
        "The WhatsApp Business Account has reached its rate limit.",
    ),
    Entry(
        130429,
        400,
        "Rate limit hit",
        "Cloud API message throughput has been reached.",
    ),
    Entry(
        130472,
        400,
        "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment",
    ),
    Entry(
        130497,
        403,
        "Business account is restricted from messaging users in this country.",
        "Business account is restricted from messaging users in this country.",
    ),
    Entry(
        131000,
        500,
        "Something went wrong",
        "Message failed to send because of an unknown error.",
    ),
    Entry(
        131005,
        403,
        "Access denied",
        "Permission is either not granted or has been removed.",
    ),
    Entry(
        131008,
        400,
        "Required parameter is missing",
        "A required parameter is missing.",
    ),
    Entry(
        131009,
        400,
        "Parameter value is not valid",
        "One or more parameter values are invalid.",
    ),
    Entry(
        131016,
        500,
        "Service unavailable",
        "A service is temporarily unavailable.",
    ),
    Entry(
        131021,
        400,
        "Recipient cannot be sender",
        "Recipient and sender phone numbers are the same.",
    ),
    Entry(131026, 400, "Message undeliverable", "Message Undeliverable."),
    Entry(
        131030,
        400,
        "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.",
    ),
    Entry(
        131031,
        403,
        "Business Account locked",
        "Business Account has been locked.",
    ),
    Entry(
        131037,
        400,
        "Display name not approved",
        "The display name of this number needs approval before messages can be sent.",
    ),
    Entry(
        131042,
        400,
        "Business eligibility payment issue",
        "There was an error related to your payment method.",
    ),
    Entry(
        131045,
        500,
        "Incorrect certificate",
        "Message failed to send due to a phone number registration error.",
    ),
    Entry(
        131047,
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    Entry(
        131048,
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent from this phone number.",
    ),
    Entry(
        131049,
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    Entry(
        131050,
        400,
        "User has stopped receiving marketing messages",
        "The recipient stopped marketing messages from this business.",
    ),
    Entry(
        131051,
        400,
        "Unsupported message type",
        "Message type is not currently supported.",
    ),
    Entry(
        131052,
        400,
        "Media download error",
        "The media in this message could not be downloaded. It may be larger than 100 MB.",
    ),
    Entry(
        131053,
        400,
        "Media upload error",
        "Unsupported media type or the file could not be fetched from the given link.",
    ),
    Entry(131055, 400, "Method not allowed", "This method is not allowed."),
    Entry(
        131056,
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.",
    ),
    Entry(
        131057,
        500,
        "Account in maintenance mode",
        "Business Account is in maintenance mode.",
    ),
    Entry(
        131062,
        400,
        "Business-scoped user id not supported for this message",
        "This message cannot be addressed to a business-scoped user id.",
    ),
    Entry(
        132000,
        400,
        "Number of parameters does not match the expected number of params",
        "",
    ),
    Entry(132001, 404, "Template name does not exist in the translation", ""),
    Entry(
        132005,
        400,
        "Translated text too long",
        "The hydrated text of the template is too long.",
    ),
    Entry(
        132007,
        400,
        "Template format character policy violated",
        "The template's content violates a policy.",
    ),
    Entry(
        132012,
        400,
        "Parameter format does not match format in the created template",
        "",
    ),
    Entry(
        132015,
        400,
        "Template is Paused",
        "Template is paused due to low quality.",
    ),
    Entry(
        132016,
        400,
        "Template is Disabled",
        "Template was paused too many times and is now disabled.",
    ),
    Entry(
        132018,
        400,
        "Template parameters are invalid",
        "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
    ),
    Entry(
        133004,
        503,
        "Server temporarily unavailable",
        "The server is temporarily unavailable.",
    ),
    Entry(
        133005,
        400,
        "Two step verification PIN mismatch",
        "The PIN does not match.",
    ),
    Entry(
        133010,
        400,
        "Phone number not registered",
        "The phone number is not registered on the WhatsApp Business Platform.",
    ),
    Entry(
        135000,
        400,
        "Generic user error",
        "Message failed to send because of an unknown error with the request parameters.",
    ),
    Entry(
        137000,
        400,
        "Recipient identity key mismatch",
        "The identity key hash of the recipient does not match.",
    ),
    Entry(
        139100,
        400,
        "Failed to block/unblock users",
        "Failed to block or unblock some users.",
    ),
];

/// An error of the Graph API; boxed, since it is the rare branch of almost every result here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    status: u16,
    code: u32,
    subcode: Option<u32>,
    kind: &'static str,
    message: String,
    title: String,
    details: Option<String>,
    /// Title and text for people; template management only.
    user: Option<(&'static str, String)>,
}

impl GraphError {
    /// The catalogue's entry; a code that is not in it becomes an HTTP 400 with a plain title.
    pub(crate) fn new(code: u32) -> Self {
        if code == 190 {
            return Self::token_invalid();
        }
        let (status, title, details) = CATALOGUE
            .iter()
            .find(|entry| entry.0 == code)
            .map_or((400, "Unspecified error", "Unspecified error"), |entry| {
                (entry.1, entry.2, entry.3)
            });
        Self(Box::new(Parts {
            status,
            code,
            subcode: None,
            kind: "OAuthException",
            message: format!("(#{code}) {title}"),
            title: title.to_owned(),
            details: (!details.is_empty()).then(|| details.to_owned()),
            user: None,
        }))
    }

    pub(crate) fn with(code: u32, details: impl Into<String>) -> Self {
        let mut error = Self::new(code);
        error.0.details = Some(details.into());
        error
    }

    fn plain(status: u16, code: u32, subcode: Option<u32>, kind: &'static str, message: String) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            subcode,
            kind,
            title: message.clone(),
            message,
            details: None,
            user: None,
        }))
    }

    pub(crate) fn token_invalid() -> Self {
        let message = "Invalid OAuth access token - Cannot parse access token".to_owned();
        Self::plain(401, 190, None, "OAuthException", message)
    }

    /// Subcode 463; Meta writes the time in Pacific time, `when` comes formatted.
    pub(crate) fn token_expired(when: &str) -> Self {
        let message = format!("Error validating access token: Session has expired on {when}.");
        Self::plain(401, 190, Some(463), "OAuthException", message)
    }

    /// A refusal of a login: its texts stand in no catalogue.
    pub(crate) fn oauth(code: u32, subcode: Option<u32>, message: &str) -> Self {
        Self::plain(400, code, subcode, "OAuthException", message.to_owned())
    }

    /// Wrong path, unknown object, or an object of somebody else.
    pub(crate) fn unknown_object(method: &str, id: &str) -> Self {
        let verb = method.to_ascii_lowercase();
        let id: String = id.chars().take(128).collect();
        let message = format!(
            "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation"
        );
        Self::plain(400, 100, Some(33), "GraphMethodException", message)
    }

    /// A refusal of template management: code 100 with subcode and a text for people.
    pub(crate) fn template(subcode: u32, title: &'static str, text: impl Into<String>) -> Self {
        let message = "Invalid parameter".to_owned();
        let mut error = Self::plain(400, 100, Some(subcode), "OAuthException", message);
        error.0.user = Some((title, text.into()));
        error
    }

    pub(crate) fn code(&self) -> u32 {
        self.0.code
    }

    /// The envelope `{"error": {…}}`.
    pub(crate) fn envelope(&self, trace: &str) -> Value {
        let mut error =
            json!({"message": self.0.message, "type": self.0.kind, "code": self.0.code, "fbtrace_id": trace});
        if let Some(details) = &self.0.details {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
        }
        if let Some(subcode) = self.0.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some((title, text)) = &self.0.user {
            error["is_transient"] = false.into();
            error["error_user_title"] = (*title).into();
            error["error_user_msg"] = text.as_str().into();
        }
        json!({"error": error})
    }

    pub(crate) fn response(&self, trace: &str) -> HttpResponse {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::BAD_REQUEST);
        HttpResponse::build(status).json(self.envelope(trace))
    }

    /// The form inside a webhook's `errors`.
    pub(crate) fn in_webhook(&self) -> Value {
        let details = self.0.details.as_deref().unwrap_or(&self.0.title);
        json!({
            "code": self.0.code,
            "title": self.0.title,
            "message": self.0.title,
            "error_data": {"details": details},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        })
    }
}
