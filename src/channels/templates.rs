//! Managing message templates at a provider, where it has any.

use std::collections::BTreeMap;

use super::media::{MediaUpload, OutboundMedia};
use super::{BoxFuture, ChannelAccess};
use crate::domain::outbound::ProviderError;
use crate::domain::template::Definition;
use crate::domain::template::news::{ListPage, News, Submission, Submitted};

/// A provider's templates. Nothing here retries by itself.
pub trait Templates: Send + Sync {
    /// The account that holds a channel's templates; channels with the same one share them. `None` where the settings do
    /// not say.
    fn account(&self, settings: &BTreeMap<String, String>) -> Option<String>;

    /// One page of the account's templates; `after` is the page before's `next`.
    fn list<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ListPage, ProviderError>>;

    /// Gives the provider a new template or an edit.
    fn submit<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        submission: Submission<'a>,
    ) -> BoxFuture<'a, Result<Submitted, ProviderError>>;

    /// Deletes a template in one language.
    fn delete<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Ends a template's pause.
    fn unpause<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Whether a message names the template by the provider's id, which then is put into it as `content_sid`.
    fn sends_by_id(&self) -> bool {
        false
    }

    /// What the list will say of a definition that was given to the provider, where that is not the same (names of variables
    /// are lost on the way to numbers). `None` for one that it cannot have.
    fn as_listed(&self, access: &ChannelAccess, definition: &Definition) -> Option<Definition> {
        let _ = access;
        Some(definition.clone())
    }

    /// Why the provider cannot have a template that WhatsApp could, in plain words; `None` if it can.
    fn unfit(&self, definition: &Definition) -> Option<String> {
        let _ = definition;
        None
    }

    /// A message's values as the provider numbers them over the whole template; `None` where the message goes out as it is.
    ///
    /// # Errors
    /// What the provider cannot take, in plain words.
    fn numbered(
        &self,
        access: &ChannelAccess,
        definition: &Definition,
        message: &serde_json::Value,
    ) -> Result<Option<serde_json::Map<String, serde_json::Value>>, String> {
        let _ = (access, definition, message);
        Ok(None)
    }

    /// How samples of media headers reach the provider.
    fn outbound_samples(&self) -> OutboundMedia {
        OutboundMedia::Unsupported
    }

    /// Gives the provider a sample, where that is [`OutboundMedia::Upload`]; answers its handle.
    fn upload_sample<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
        upload: MediaUpload,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        let _ = (http, access, upload);
        Box::pin(std::future::ready(Err(super::graph::config(
            "This provider takes no samples by upload.".to_owned(),
        ))))
    }

    /// What a notice says of a template; `None` if it is about something else.
    fn news(&self, field: &str, body: &serde_json::Value) -> Option<News>;
}
