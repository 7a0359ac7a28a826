//! The whole program on a bad day: a full or slow disk, a provider that is down, slow, confused or refuses, a clock that
//! jumps, actors that die, too much work at once, an order to stop in the middle of it. Each with its outcome.

#[path = "../common/mod.rs"]
mod common;
#[path = "../crash/meta.rs"]
#[allow(dead_code)] // the crash suite uses all of it
mod meta;
#[path = "../crash/world.rs"]
#[allow(dead_code)]
mod world;

mod actors;
mod clock;
mod disk;
mod due;
mod outage;
mod overload;
mod provider;
mod stage;
mod stand_in;

mod client {
    pub use crate::common::Client;
}
