//! Why the simulator's own interface refuses a wish (the provider's errors are in `errors`).

use std::fmt;

/// Why a wish was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxError {
    UnknownNumber,
    UnknownCustomer,
    UnknownTemplate,
    /// The phone number id is taken.
    NumberExists,
    /// Names what is wrong.
    Invalid(String),
    /// A limit of the simulator was reached: of customers, media, ….
    Full(&'static str),
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNumber => f.write_str("no such phone number id"),
            Self::UnknownCustomer => f.write_str("no such customer"),
            Self::UnknownTemplate => f.write_str("no such template"),
            Self::NumberExists => f.write_str("the phone number id is taken"),
            Self::Invalid(what) => f.write_str(what),
            Self::Full(what) => write!(f, "the simulator's limit of {what} is reached"),
        }
    }
}

impl std::error::Error for SandboxError {}
