//! Channels. Secrets never leave: only whether each is set.

use std::collections::BTreeMap;

use crate::domain::Channel;

/// Whether a secret is set.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct SecretView {
    /// It is.
    pub set: bool,
}

/// A channel.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ChannelView {
    /// Its id.
    pub id: String,
    /// `whatsapp_cloud` or `sandbox`.
    #[schema(value_type = String)]
    pub provider: Option<crate::channels::ProviderKind>,
    /// What the team calls it.
    pub name: String,
    /// `active`, `paused` or `blocked`.
    pub status: &'static str,
    /// Why it is blocked.
    pub status_reason: Option<String>,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
    /// Which secrets are set.
    pub secrets: BTreeMap<String, SecretView>,
    /// Where the provider posts its webhooks.
    pub webhook_url: String,
    /// When it was added.
    pub created_at: String,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

impl ChannelView {
    /// The view; `public_url` is where the appliance is reached from outside.
    pub fn new(channel: &Channel, public_url: &str) -> Self {
        let status = match (&channel.blocked, channel.paused) {
            (_, true) => "paused",
            (Some(_), false) => "blocked",
            (None, false) => "active",
        };
        Self {
            id: channel.id.to_string(),
            provider: crate::channels::ProviderKind::from_u8(channel.provider),
            name: channel.name.clone(),
            status,
            status_reason: channel.blocked.clone(),
            settings: channel.settings.clone(),
            secrets: channel
                .secrets
                .keys()
                .map(|name| (name.clone(), SecretView { set: true }))
                .collect(),
            webhook_url: format!("{}/webhooks/whatsapp", public_url.trim_end_matches('/')),
            created_at: channel.created_at.to_string(),
            version: channel.version,
        }
    }
}
