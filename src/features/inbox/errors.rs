//! The machinery's errors as answers.

use crate::actors::CommandError;
use crate::actors::directory::DirectoryError;
use crate::domain::phrases;
use crate::http::{ApiError, ErrorCode};

/// How long a client should wait when too much is going on.
const RETRY_S: u64 = 1;

/// A command's error.
pub(super) fn command_error(error: CommandError) -> ApiError {
    error.into()
}

/// The directory's error.
pub(super) fn directory_error(error: DirectoryError) -> ApiError {
    match error {
        DirectoryError::NoIdentity => ApiError::invalid_field("to", phrases::IS_NO_IDENTITY.text()),
        DirectoryError::NotFound => ApiError::not_found("contact"),
        DirectoryError::VersionMismatch { .. } => {
            ApiError::new(ErrorCode::VersionMismatch, phrases::CONTACT_CHANGED.text()).at("if-match")
        }
        DirectoryError::CannotMerge(phrase) => ApiError::new(ErrorCode::WrongState, phrase.text()),
        DirectoryError::Storage(error) => error.into(),
        DirectoryError::Commit(error) => error.into(),
        DirectoryError::Restarting => ApiError::busy("The directory is restarting; try again.", RETRY_S),
    }
}
