//! The front door: one server that joins the features' routes, the browser app, documentation, health and metrics.
//!
//! Owns what holds for every address alike: headers, limits, compression, traces, the answer to what is not there. Must not
//! know what any feature does.

pub mod docs;
mod fallback;
pub mod health;
pub mod metrics;
pub mod openapi;
mod packed;
mod security;
pub mod server;
pub mod tls;
mod ui;
pub mod webhooks;

pub use health::Readiness;
pub use metrics::Metrics;
pub use security::SecurityOptions;
pub use server::{Part, RunningServer, WebOptions, serve};
