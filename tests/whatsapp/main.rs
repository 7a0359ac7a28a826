//! The WhatsApp provider through its public interface.

mod answers;
mod client;
mod contract;
mod dialog360;
mod management;
mod parse;
mod render;
mod settings;
mod signature;
mod support;
mod templates;
#[path = "../common/wire.rs"]
mod wire;
