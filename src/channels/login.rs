//! Connecting an account by logging in at the provider: the words that every provider's login is spoken in.
//!
//! Owns no flow: who may begin one, and that its state is used once, is the house's business.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use super::{BoxFuture, ChannelAccess, FieldError};
use crate::domain::outbound::ProviderError;

/// The app at the provider to which people log in.
#[derive(Clone)]
pub struct LoginApp {
    /// Its public id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// Settings that the channel will have and that the login depends on (`login`, `api_base`, `api_version`).
    pub settings: BTreeMap<String, String>,
    /// Where the browser comes back to; the same for every step.
    pub redirect_uri: String,
}

/// An account that a login gave access to.
#[derive(Clone)]
pub struct Grant {
    /// What people call it.
    pub name: String,
    /// What the channel is told.
    pub settings: BTreeMap<String, String>,
    /// Its access token.
    pub access_token: SecretString,
    /// How long the token lives; `None` for one that does not end by itself.
    pub expires_in: Option<Duration>,
}

/// A token in place of another.
#[derive(Clone)]
pub struct Renewed {
    /// The new one.
    pub access_token: SecretString,
    /// How long it lives.
    pub expires_in: Duration,
}

/// A provider's login.
pub trait Login: Send + Sync {
    /// The page at the provider on which the account's holder agrees; `state` comes back from it.
    ///
    /// # Errors
    /// Names the setting that is no good.
    fn page(&self, app: &LoginApp, state: &str) -> Result<reqwest::Url, FieldError>;

    /// Exchanges the code that came back. There may be several accounts to choose from.
    fn exchange<'a>(
        &'a self,
        http: &'a reqwest::Client,
        app: &'a LoginApp,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Grant>, ProviderError>>;

    /// Has the account's webhooks come to the app.
    fn subscribe<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// A token in place of one that ends soon; `None` where tokens do not end.
    fn renew<'a>(
        &'a self,
        http: &'a reqwest::Client,
        access: &'a ChannelAccess,
    ) -> BoxFuture<'a, Result<Option<Renewed>, ProviderError>>;
}
