//! The machinery that runs: one actor per channel, per active conversation and per job, and a supervisor over them.
//!
//! Owns ordering, concurrency and restarts. Knows no feature: it publishes committed events, and whoever wants them reads
//! the journal.

pub mod alerts;
pub mod backlog;
pub mod backups;
pub mod board;
pub mod channel;
pub mod contents;
pub mod conversation;
pub mod core;
pub mod courtesy;
pub mod delivery;
pub mod directory;
pub mod dispatcher;
pub mod due;
pub mod house;
pub mod hub;
pub mod indexer;
pub mod intake;
pub mod media;
pub mod missed;
pub mod phone_sync;
pub mod presence;
pub mod profiles;
pub mod push;
pub mod raw_events;
pub mod reconcile;
pub mod registry;
pub mod removal;
pub mod renewals;
pub mod replay;
pub mod rotation;
pub mod scheduler;
pub mod sessions;
pub mod standing;
pub mod supervisor;
pub mod sweep;
pub mod tally;
pub mod templates;
pub mod upkeep;
pub mod watchdog;

pub use board::Board;
pub use conversation::{Command, CommandError, Reply};
pub use core::{Core, Providers};
pub use house::House;
pub use hub::Hub;
pub use registry::Registry;
