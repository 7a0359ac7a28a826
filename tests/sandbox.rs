//! The WhatsApp simulator from outside: HTTP in, signed webhooks out, faults, customers, control API.

#[path = "sandbox/support.rs"]
mod support;

#[path = "sandbox/sending.rs"]
mod sending;
