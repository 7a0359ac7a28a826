//! The Instagram provider through its public interface.

mod answers;
mod client;
mod contract;
mod parse;
mod render;
mod settings;
mod support;
#[path = "../common/wire.rs"]
mod wire;
