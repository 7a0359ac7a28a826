//! The errors of the floors below, and of actix, as [`ApiError`]s. Each is logged here if it is a fault of ours.

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};

use crate::actors::CommandError;
use crate::channels::FieldError;
use crate::domain::decide::Rejection;
use crate::domain::phrases;
use crate::domain::policy::Refusal;
use crate::storage::settings::KeepError;
use crate::storage::{CommitError, StorageError};

use super::error::{ApiError, ErrorCode};

/// How long a client should wait when the writer's queue is full: it empties in milliseconds.
const BUSY_RETRY_S: u64 = 1;
/// How long when nothing can be written: a person must act.
const READ_ONLY_RETRY_S: u64 = 30;

fn read_only(why: &str) -> ApiError {
    let detail = phrases::READ_ONLY_NOW.with(&[("why", &why)]);
    ApiError::new(ErrorCode::ReadOnly, detail).retry_after(READ_ONLY_RETRY_S)
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::ReadOnly(why) => return read_only(why),
            StorageError::Erased => {
                return Self::new(ErrorCode::Erased, phrases::PERSON_ERASED.text());
            }
            StorageError::Io { .. }
            | StorageError::Damaged { .. }
            | StorageError::TooNew { .. }
            | StorageError::StateLost { .. }
            | StorageError::Locked(_) => {}
        }
        tracing::error!(%error, "storage failed under a request");
        Self::new(ErrorCode::StorageFailed, phrases::STORAGE_FAILED.text())
    }
}

impl From<KeepError> for ApiError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Storage(error) => error.into(),
            KeepError::Commit(error) => error.into(),
        }
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match &error {
            CommitError::Conflict { .. } => Self::new(ErrorCode::Conflict, phrases::CHANGED_AT_ONCE.text()),
            CommitError::Busy => Self::busy(phrases::TOO_MUCH_WRITING.text(), BUSY_RETRY_S),
            CommitError::ReadOnly(why) => read_only(why),
            CommitError::TooLarge { bytes, limit } => Self::new(
                ErrorCode::BodyTooLarge,
                format!("The change is too large ({bytes} bytes, at most {limit}). Nothing was written."),
            ),
            CommitError::Unknown => {
                tracing::error!(%error, "a commit was not answered");
                Self::new(ErrorCode::OutcomeUnknown, phrases::OUTCOME_UNKNOWN.text())
                    .retry_after(BUSY_RETRY_S)
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            code,
            reason,
            alternatives,
        } = refusal;
        Self::new(ErrorCode::Refused, reason)
            .with_code(code)
            .with_alternatives(alternatives)
    }
}

impl From<CommandError> for ApiError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotFound => Self::not_found("conversation"),
            CommandError::Rejected(Rejection::Policy(refusal)) => refusal.into(),
            CommandError::Rejected(Rejection::WrongState(why)) => Self::new(ErrorCode::WrongState, why),
            CommandError::Rejected(Rejection::NoSuchMessage) => Self::not_found("message"),
            CommandError::Rejected(Rejection::Invalid { field, detail }) => {
                Self::invalid_field(field, detail)
            }
            CommandError::VersionMismatch { .. } => {
                Self::new(ErrorCode::VersionMismatch, phrases::CONVERSATION_CHANGED.text()).at("if-match")
            }
            CommandError::IdempotencyKeyReused => {
                Self::new(ErrorCode::IdempotencyKeyReused, phrases::KEY_REUSED.text()).at("idempotency-key")
            }
            CommandError::Storage(error) => error.into(),
            CommandError::Commit(error) => error.into(),
            CommandError::Busy => Self::busy(phrases::CONVERSATION_BUSY.text(), BUSY_RETRY_S),
            CommandError::Crashed => {
                Self::internal("carrying out a command", "the conversation's actor died on it")
            }
        }
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::invalid_field(error.field, error.detail)
    }
}

impl From<PayloadError> for ApiError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => {
                Self::new(ErrorCode::BodyTooLarge, "The body is too large for this address.")
            }
            PayloadError::UnknownLength => {
                Self::new(ErrorCode::BadRequest, "The body's length is not given.")
            }
            _ => Self::new(
                ErrorCode::BadRequest,
                "The body did not arrive whole, or its content encoding is broken.",
            ),
        }
    }
}

/// The body must be JSON.
pub(super) fn content_type() -> ApiError {
    ApiError::new(
        ErrorCode::UnsupportedMediaType,
        "Send JSON with the header Content-Type: application/json.",
    )
    .at("content-type")
}

/// What an extractor of actix's own says, in our words; `None` for errors of other kinds.
pub(super) fn from_actix(error: &actix_web::Error) -> Option<ApiError> {
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return Some(match error {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
                PayloadError::Overflow.into()
            }
            JsonPayloadError::ContentType => content_type(),
            _ => ApiError::new(ErrorCode::InvalidJson, "The body is no valid JSON."),
        });
    }
    if let Some(error) = error.as_error::<QueryPayloadError>() {
        let detail = super::query::plain(&error.to_string());
        return Some(ApiError::new(ErrorCode::InvalidQuery, detail));
    }
    error
        .as_error::<PathError>()
        .map(|_| ApiError::not_found("thing"))
}
