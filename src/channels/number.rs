//! What a business decides about its number at the provider: whom it takes no messages from, its shop, its picture, its PIN.

use super::media::MediaUpload;
use super::{BoxFuture, ChannelAccess, Managed};
use crate::domain::Identity;

/// Somebody from whom a number takes no messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blocked {
    /// By what the provider knows them.
    pub identity: Identity,
}

/// A part of the list of those who are blocked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockedPage {
    /// Who is.
    pub people: Vec<Blocked>,
    /// The provider's word for the part that follows, if there is one.
    pub next: Option<String>,
}

/// What the number's shop shows to customers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shop {
    /// The catalogue stands in the profile and beside the chat.
    pub catalog_visible: bool,
    /// Customers may put products into a cart and send it.
    pub cart_enabled: bool,
}

/// What can be decided about a number. Nothing here retries by itself.
pub trait NumberCare: Send + Sync {
    /// Who is blocked; `after` is the part before's `next`.
    fn blocked<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Managed<BlockedPage>>;

    /// Blocks somebody, or ends it. An error of code [`NOT_DONE`] is the provider's refusal for this person; its `detail` is
    /// the provider's reason, if it gave one.
    fn set_blocked<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        who: &'a Identity,
        blocked: bool,
    ) -> BoxFuture<'a, Managed<()>>;

    /// What the shop shows; `None` where the number has none.
    fn shop<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Managed<Option<Shop>>>;

    /// Changes what the shop shows.
    fn set_shop<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        shop: Shop,
    ) -> BoxFuture<'a, Managed<()>>;

    /// Gives the provider a picture for the profile, and answers what the profile names it by.
    fn upload_picture<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Managed<String>>;

    /// Sets the six digits that are asked for when the number is registered anew (two-step verification).
    fn set_pin<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        pin: &'a str,
    ) -> BoxFuture<'a, Managed<()>>;
}

/// The code of a refusal to block or unblock one person.
pub const NOT_DONE: &str = "not_done";
