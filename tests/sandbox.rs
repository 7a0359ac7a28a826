//! The simulators from outside: HTTP in, signed webhooks out, faults, customers, control API.

#[path = "sandbox/support.rs"]
mod support;

#[path = "common/wire.rs"]
#[allow(dead_code)] // the tests of the adapters use the rest
mod wire;

#[path = "sandbox/contract.rs"]
mod contract;
#[path = "sandbox/control.rs"]
mod control;
#[path = "sandbox/customers.rs"]
mod customers;
#[path = "sandbox/dialog360.rs"]
mod dialog360;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/instagram.rs"]
mod instagram;
#[path = "sandbox/management.rs"]
mod management;
#[path = "sandbox/refusals.rs"]
mod refusals;
#[path = "sandbox/sending.rs"]
mod sending;
#[path = "sandbox/templates.rs"]
mod templates;
