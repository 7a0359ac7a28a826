//! The WhatsApp provider through its public interface.

mod client;
mod contract;
mod parse;
mod render;
mod settings;
mod signature;
mod support;
