//! Finding messages, notes and contacts.
//!
//! Owns the search address: it reads what was asked, lets the index find, and shows each hit from the records as they are
//! now. Must not know how the index works, nor other features.

mod hits;
mod routes;

pub use routes::{Docs, configure};
