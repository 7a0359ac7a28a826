//! The Twilio provider through its public interface.

mod client;
mod contents;
mod contract;
mod hostile;
mod parse;
mod support;
#[path = "../common/wire.rs"]
mod wire;
