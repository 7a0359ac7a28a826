//! The Twilio provider through its public interface.

mod client;
mod contract;
mod hostile;
mod parse;
mod support;
