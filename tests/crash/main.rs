//! The real program, killed at any moment and started on planted damage: what it acknowledged is there, once and in
//! order, nothing goes out twice, and what cannot be used is refused by name.
//!
//! `FRONTDESK_CRASH_SEED` repeats a run's dice, `FRONTDESK_CRASH_ROUNDS` sets how often each test kills.

#[path = "../common/client.rs"]
#[allow(dead_code)] // each test binary uses its own part of this
mod client;

mod contents;
mod damage;
mod desk;
mod dice;
mod indexing;
mod ingest;
mod keys;
mod media;
mod meta;
mod migrating;
mod opening;
mod refusal;
mod sending;
mod world;

/// The password of everyone in the tests.
const PASSWORD: &str = "correct horse battery";
