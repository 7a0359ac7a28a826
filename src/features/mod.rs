//! What the product does, one folder a feature. Features never use one another; `app.rs` joins them.

pub mod accounts;

pub mod channels;

pub mod hours;
pub mod inbox;
pub mod links;
pub mod live;
pub mod media;
pub mod operations;
pub mod sandbox;
pub mod search;
pub mod templates;
