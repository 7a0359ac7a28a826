//! The live feed: one WebSocket a browser, committed events in order with their records, resumable by sequence; and who
//! is looking at what.
//!
//! A reader of the journal. Must not know other features.

mod feed;
mod socket;

pub use feed::{Feed, run};
pub use socket::{Docs, configure};
