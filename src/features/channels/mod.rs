//! Connected numbers: adding, changing, testing, removing.
//!
//! Owns what a person may say about a channel. Records are written by the registry; what a valid setting is, the
//! provider says. Must not know conversations or other features.

mod errors;
mod model;
mod routes;
mod sandbox;
#[cfg(test)]
mod tests;

pub use routes::{Docs, configure};

use actix_web::web;

use crate::actors::House;
use crate::http::views::ChannelViews;

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;
/// How channels are shown, in `web::Data`.
type Views = web::Data<ChannelViews>;
