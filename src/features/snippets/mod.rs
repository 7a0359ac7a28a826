//! Texts to be used again and again, for everyone in a workspace. Variables in them (`{{contact.name}}`) are filled where they
//! are inserted.
//!
//! Owns the snippets. Must not know conversations or the composer.

mod model;
mod routes;

pub use routes::{Docs, configure, plant};
