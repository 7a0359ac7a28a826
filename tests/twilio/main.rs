//! The Twilio provider through its public interface.

mod client;
mod contents;
mod contract;
mod hostile;
mod parse;
mod support;
#[allow(dead_code)] // shared with the tests of other providers, which use more of it
#[path = "../common/wire.rs"]
mod wire;
