//! Changing all conversations that a filter finds, in small steps beside everyone's own work, with progress and a way back.
//!
//! A job lives in memory: it ends with the program, and what it has done stays done. One runs at a time in a workspace.

mod jobs;
mod model;
mod routes;

pub use jobs::BulkJobs;
pub use routes::{Docs, configure};
