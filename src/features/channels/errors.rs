//! The registry's errors as answers.

use crate::actors::registry::RegistryError;
use crate::http::{ApiError, ErrorCode};

/// A change that the registry did not make.
pub(super) fn registry_error(error: RegistryError) -> ApiError {
    match error {
        RegistryError::NotFound => ApiError::not_found("channel"),
        RegistryError::AddressTaken => ApiError::new(
            ErrorCode::AlreadyExists,
            "Another channel has this number with the same app secret already. Change or remove that one.",
        )
        .at("settings.phone_number_id"),
        RegistryError::TooMany => ApiError::new(
            ErrorCode::WrongState,
            format!("{error}. Remove one that is no longer used."),
        ),
        RegistryError::VersionMismatch => ApiError::new(
            ErrorCode::VersionMismatch,
            "The channel was changed since you read it. Read it again, then repeat your change.",
        )
        .at("if-match"),
        RegistryError::Invalid(error) => error.into(),
        RegistryError::Storage(error) => error.into(),
        RegistryError::Commit(error) => error.into(),
    }
}
