//! The machinery's errors as answers.

use crate::actors::CommandError;
use crate::actors::directory::DirectoryError;
use crate::domain::decide::Rejection;
use crate::http::{ApiError, ErrorCode};

/// How long a client should wait when too much is going on.
const RETRY_S: u64 = 1;

/// A command's error.
pub(super) fn command_error(error: CommandError) -> ApiError {
    match error {
        CommandError::NotFound => ApiError::not_found("conversation"),
        CommandError::Rejected(rejection) => rejection_error(rejection),
        CommandError::VersionMismatch { .. } => ApiError::new(
            ErrorCode::VersionMismatch,
            "The conversation was changed since you read it. Read it again, then repeat your change.",
        )
        .at("if-match"),
        CommandError::IdempotencyKeyReused => ApiError::new(
            ErrorCode::IdempotencyKeyReused,
            "This Idempotency-Key was used for another request. Use a new key for a new message.",
        )
        .at("idempotency-key"),
        CommandError::Storage(error) => error.into(),
        CommandError::Commit(error) => error.into(),
        CommandError::Busy => {
            ApiError::busy("Too much is waiting for this conversation; try again.", RETRY_S)
        }
        CommandError::Crashed => {
            ApiError::internal("carrying out a command", "the conversation's actor died on it")
        }
    }
}

fn rejection_error(rejection: Rejection) -> ApiError {
    match rejection {
        Rejection::Policy(refusal) => refusal.into(),
        Rejection::WrongState(why) => ApiError::new(ErrorCode::WrongState, why),
        Rejection::NoSuchMessage => ApiError::not_found("message"),
        Rejection::Invalid { field, detail } => ApiError::invalid_field(field, detail),
    }
}

/// The directory's error.
pub(super) fn directory_error(error: DirectoryError) -> ApiError {
    match error {
        DirectoryError::NoIdentity => {
            ApiError::invalid_field("to", "is no number or id by which a customer can be found")
        }
        DirectoryError::NotFound => ApiError::not_found("contact"),
        DirectoryError::VersionMismatch { .. } => ApiError::new(
            ErrorCode::VersionMismatch,
            "The contact was changed since you read it. Read it again, then repeat your change.",
        )
        .at("if-match"),
        DirectoryError::Storage(error) => error.into(),
        DirectoryError::Commit(error) => error.into(),
        DirectoryError::Restarting => ApiError::busy("The directory is restarting; try again.", RETRY_S),
    }
}
