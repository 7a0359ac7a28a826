//! Provider simulators: real HTTP servers on the loopback interface that speak a messaging provider's API, so that the
//! sandbox channel, the demo, the tests and the benchmarks run the very code that talks to the provider.
//!
//! Owns: the simulated accounts, customers, clock and faults. One folder a provider; what they share (clock, random
//! numbers, encodings, rates) lies beside them.
//! Must not know: storage, actors, HTTP API or any adapter of the product. Only the base URL tells a simulator from
//! the provider.

pub mod clock;
mod encoding;
pub mod instagram;
mod meta;
mod phones;
mod rate;
mod rng;
mod schedule;
mod server;
pub mod twilio;
pub mod whatsapp;

pub use clock::SimClock;
pub use instagram::{
    InstagramAccount, InstagramAction, InstagramChat, InstagramConfig, InstagramCustomer, InstagramEntry,
    InstagramError, InstagramFaults, InstagramSimulator,
};
pub use phones::PhoneBook;
pub use twilio::{ContentFaults, SenderConfig, TwilioConfig, TwilioSimulator};
pub use whatsapp::{
    AutoReply, Behaviour, Customer, CustomerMessage, Delay, Delays, Direction, Down, EntryState, ErrorFault,
    Faults, NumberConfig, Often, PhoneEvent, PhoneView, ReadPolicy, SandboxError, SignupConfig, SignupNumber,
    Simulator, SimulatorConfig, TemplateConfig, TranscriptEntry, Upload,
};
