//! What can go wrong with a template, as answers.

use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;
use crate::http::{ApiError, ErrorCode};
use crate::storage::{CommitError, StorageError};

/// A change that was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("no such template")]
    NotFound,
    #[error("the account has a template of this name and language already")]
    Exists,
    #[error("the template was changed meanwhile")]
    VersionMismatch,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{title}: {detail}", title = .0.title, detail = .0.detail)]
    Provider(ProviderError),
}

impl From<ProviderError> for TemplateError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<TemplateError> for ApiError {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::NotFound => Self::not_found("template"),
            TemplateError::Exists => {
                Self::new(ErrorCode::AlreadyExists, phrases::TEMPLATE_EXISTS.text()).at("name")
            }
            TemplateError::VersionMismatch => {
                Self::new(ErrorCode::VersionMismatch, phrases::TEMPLATE_CHANGED.text()).at("if-match")
            }
            TemplateError::Storage(error) => error.into(),
            TemplateError::Commit(error) => error.into(),
            TemplateError::Provider(error) => provider_error(&error),
        }
    }
}

/// Seconds after which a provider that had a problem may be asked again.
const RETRY_S: u64 = 30;

fn provider_error(error: &ProviderError) -> ApiError {
    let said = match error.code.as_str() {
        // The adapter itself says so, in a phrase of its own; nobody was asked.
        "not_offered" if !error.detail.is_empty() => error.detail.clone(),
        _ => phrases::PROVIDER_SAID.with(&[
            ("title", &error.title),
            ("code", &error.code),
            ("detail", &error.detail),
        ]),
    };
    match error.class {
        ErrorClass::Transient | ErrorClass::Throttle => {
            let wait = error.retry_after.map_or(RETRY_S, |wait| wait.as_secs());
            ApiError::new(ErrorCode::Unavailable, said)
                .with_code("provider_unavailable")
                .retry_after(wait)
        }
        ErrorClass::Template => ApiError::new(ErrorCode::Refused, said).with_code("provider_refused"),
        class => {
            let said = error.with_advice(class.advice());
            ApiError::new(ErrorCode::Refused, said).with_code("provider_refused")
        }
    }
}
