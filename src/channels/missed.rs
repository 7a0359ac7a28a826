//! Asking a provider for messages whose webhooks never came.
//!
//! Owns what an adapter says of that: its list, page by page, one call at a time, and what is kept of it. What is found goes
//! in as a raw event in the provider's own words, so that it is read like any other. Must not know what was taken before.

use std::time::Duration;

use serde_json::Value;

use super::{BoxFuture, ChannelAccess};
use crate::domain::Timestamp;
use crate::domain::outbound::ProviderError;

/// A message of the provider's list.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// The provider's id, as its webhook would have it.
    pub id: String,
    /// When it was said, by the provider's clock.
    pub at: Option<Timestamp>,
    /// What the list says of it.
    pub said: Value,
    /// The list says all; else one more call brings the rest.
    pub is_whole: bool,
}

/// A page of the list.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListedPage {
    /// Messages, the newest first.
    pub listed: Vec<Listed>,
    /// Where the list goes on; `None` at its end, or once everything that follows is too old.
    pub next: Option<String>,
}

/// A provider that can be asked for what was written to a channel.
pub trait Missed: Send + Sync {
    /// The pause after each call, so that the provider's limits hold.
    fn pace(&self) -> Duration;

    /// One page of what was said since `since`: the first, or the one that `next` of another named. Exactly one call.
    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        since: Timestamp,
        next: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListedPage, ProviderError>>;

    /// The whole of a message that the list does not say whole; `None` if the provider does not give it out any more. At
    /// most one call.
    fn whole<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        listed: Listed,
    ) -> BoxFuture<'a, Result<Option<Value>, ProviderError>>;

    /// What is kept of messages: a body that the adapter's parser reads, in the order given.
    fn body(&self, access: &ChannelAccess, messages: Vec<Value>) -> Vec<u8>;
}
