//! Frontdesk: customer messaging for a small business, one program on one machine.
//!
//! `docs/architecture.md` is the map of the house.

pub mod actors;
pub mod app;
pub mod channels;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod features;
pub mod http;
pub mod logs;
pub mod sandbox;
pub mod storage;
pub mod web;
