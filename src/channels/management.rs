//! What is managed at a provider beside messages: the business profile, and whom its notices concern.

use crate::domain::outbound::{ErrorClass, ProviderError};

/// Whom a notice concerns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoticeScope {
    /// The number of these digits.
    Number(String),
    /// Every number of the account.
    Account,
}

/// How a business shows itself at the provider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BusinessProfile {
    /// A line about it.
    pub about: String,
    /// Where it is.
    pub address: String,
    /// More about it.
    pub description: String,
    /// E-mail address.
    pub email: String,
    /// At most two.
    pub websites: Vec<String>,
    /// What sort of business, in the provider's word.
    pub vertical: String,
    /// Where its picture is, where it has one; only read.
    pub picture_url: Option<String>,
    /// What the provider made of a new picture ([`super::NumberCare::upload_picture`]); only set.
    pub picture_handle: Option<String>,
}

/// Which of an account's news come to the app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subscription {
    /// All that are needed.
    Complete,
    /// None.
    Nobody,
    /// This field does not.
    Lacks(String),
}

/// What a provider does not offer, or refused.
pub type Managed<T> = Result<T, ProviderError>;

pub(super) fn not_offered<T>() -> Managed<T> {
    Err(ProviderError {
        class: ErrorClass::Permanent,
        code: "not_offered".into(),
        title: "This provider does not offer it".into(),
        detail: String::new(),
        retry_after: None,
    })
}
