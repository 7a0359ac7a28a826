//! The WhatsApp provider through its public interface.

mod client;
mod contract;
mod parse;
mod render;
mod settings;
mod signature;
mod support;
#[path = "../common/wire.rs"]
mod wire;
