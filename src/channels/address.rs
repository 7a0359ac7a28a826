//! For whom a part of a webhook delivery is.
//!
//! Owns the ways in which providers name a channel. Must not know which channels there are.

use crate::domain::inbound::Inbound;

/// The parts of a webhook delivery addressed to one channel: the provider's address and what stood there, in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// Provider's address inside the payload: `phone_number_id`, or the account id (`waba_id`) for account-level news.
    pub address: Address,
    /// What was said, in order.
    pub items: Vec<Inbound>,
}

/// How a delivery names the channel that it is for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Address {
    /// A number: `metadata.phone_number_id`.
    Number(String),
    /// An account: `entry[].id`, for news that concern no single number.
    Account(String),
    /// A Facebook page, of which a channel's account may be a part; what comes for others is no fault.
    Page(String),
    /// The channel to whose own address it was posted; nothing in the payload need name it.
    Posted,
}

impl Address {
    /// Whether it names nothing at all.
    pub fn is_nowhere(&self) -> bool {
        matches!(self, Self::Number(id) | Self::Account(id) | Self::Page(id) if id.is_empty())
    }
}
