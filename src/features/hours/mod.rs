//! When the business is open.
//!
//! Owns the workspace's opening hours. Must not know what they are used for.

mod model;
mod routes;

pub use routes::{Docs, configure};
