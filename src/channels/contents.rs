//! Contents that a provider wants made beforehand: messages can only name them then.
//!
//! Owns the words only. Who remembers what was made, and clears it away, is not known here.

use serde_json::{Map, Value};

use super::{BoxFuture, ChannelAccess, FieldError};
use crate::domain::Content;
use crate::domain::outbound::ProviderError;

/// What must be made: all that is the same in every message of that shape, and what this one fills in.
#[derive(Clone, PartialEq, Debug)]
pub struct Shape {
    /// Its name at the provider, which follows from the shape and from whose account it is: the same shape has the same name.
    pub name: String,
    /// What the provider is asked to make, under that name.
    pub body: Value,
    /// The values of this message.
    pub values: Map<String, Value>,
}

/// A provider's contents. Nothing here retries by itself.
pub trait MadeContents: Send + Sync {
    /// What must be made for a content; `None` for one that goes out as it is.
    ///
    /// # Errors
    /// Names the field that breaks a limit.
    fn shape(&self, access: &ChannelAccess, content: &Content) -> Result<Option<Shape>, FieldError>;

    /// Makes one and answers its id there. Made twice, it does no harm beyond standing there twice.
    fn make<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        shape: &'a Shape,
    ) -> BoxFuture<'a, Result<String, ProviderError>>;

    /// The id of one that was made before, by its name.
    fn find<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, ProviderError>>;

    /// Takes one away; one that is not there is no error.
    fn unmake<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// The content that names what was made.
    fn naming(&self, id: &str, shape: Shape) -> Content;

    /// Whether a send was refused because what it names is not there (any more).
    fn is_gone(&self, error: &ProviderError) -> bool;
}
