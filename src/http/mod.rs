//! What any route needs: problem documents, who is calling, checked bodies and queries, pages, traces.
//!
//! Owns the shape of every answer that is no success, and the rules that a request must keep before a feature sees it.
//! Knows the store (to find sessions and tokens) and the domain; must not know features or which routes exist.

pub mod auth;
mod auth_cache;
pub mod check;
pub mod client_addr;
pub mod endpoints;
pub mod error;
mod error_from;
pub mod headers;
pub mod json;
mod json_path;
pub mod kept;
pub mod paging;
pub mod path;
pub mod query;
pub mod secret;
pub mod trace;
pub mod views;
pub mod words;

pub use crate::channels::FieldError;
pub use auth::{AuthOptions, Authenticator, Caller, Credential, Identity, OperatorCaller, OwnerCaller};
pub use client_addr::{ClientAddr, TrustedProxies};
pub(crate) use endpoints::endpoints;
pub use error::{ApiError, ErrorCode, ProblemDocument};
pub use headers::{IdempotencyKeyHeader, IfMatch, etag};
pub use json::{ApiBody, ValidJson};
pub use paging::{Items, ListId, Page, PageParams};
pub use path::PathId;
pub use query::{ListQuery, NoQuery, StrictQuery};
pub use secret::Secret;
pub use trace::{Trace, was_head};

/// Handlers answer with this.
pub type ApiResult<T> = Result<T, ApiError>;
