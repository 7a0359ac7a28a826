//! The machinery that runs: one actor per channel, per active conversation and per job, and a supervisor over them.
//!
//! Owns ordering, concurrency and restarts. Knows no feature: it publishes committed events, and whoever wants them reads
//! the journal.

pub mod board;
pub mod channel;
pub mod conversation;
pub mod core;
pub mod directory;
pub mod dispatcher;
pub mod due;
pub mod hub;
pub mod intake;
pub mod registry;
pub mod supervisor;

pub use board::Board;
pub use conversation::{Command, CommandError, Reply};
pub use core::{Core, Providers};
pub use hub::Hub;
pub use registry::Registry;
