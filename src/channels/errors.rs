//! What an adapter says where something makes no sense: a field that a provider would refuse, a body that is none of its own.

/// A setting, secret or piece of content that the provider would refuse.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct FieldError {
    /// Where it stands, as a path (`settings.phone_number_id`, `text.body`).
    pub field: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl FieldError {
    /// An error at `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// A webhook body that makes no sense; it is parked, not lost.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub String);
