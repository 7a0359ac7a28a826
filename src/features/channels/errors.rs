//! The registry's errors as answers.

use crate::actors::registry::RegistryError;
use crate::domain::phrases;
use crate::http::{ApiError, ErrorCode};

/// A change that the registry did not make.
pub(super) fn registry_error(error: RegistryError) -> ApiError {
    match error {
        RegistryError::NotFound => ApiError::not_found("channel"),
        RegistryError::AddressTaken => ApiError::new(ErrorCode::AlreadyExists, phrases::NUMBER_TAKEN.text())
            .at("settings.phone_number_id"),
        RegistryError::TooMany => ApiError::new(
            ErrorCode::WrongState,
            format!("{error}. Remove one that is no longer used."),
        ),
        RegistryError::VersionMismatch => {
            ApiError::new(ErrorCode::VersionMismatch, phrases::CHANNEL_CHANGED.text()).at("if-match")
        }
        RegistryError::Invalid(error) => error.into(),
        RegistryError::Storage(error) => error.into(),
        RegistryError::Commit(error) => error.into(),
    }
}
