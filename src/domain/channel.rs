//! A connected number or account of a provider.

use std::collections::BTreeMap;

use super::ids::ChannelId;
use super::time::Timestamp;

/// A channel. `Debug` is by hand, so that no secret can be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// The provider's number in the catalogue of providers.
    pub provider: u8,
    /// What the team calls it.
    pub name: String,
    /// What the provider must know (`phone_number_id`, `api_base` …).
    pub settings: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// Someone paused it: nothing may be queued, nothing goes out; messages still come in.
    pub paused: bool,
    /// The provider refuses everything until a person acts; the text says why.
    pub blocked: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Counts changes; the `ETag`.
    pub version: u64,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets: Vec<&String> = self.secrets.keys().collect();
        f.debug_struct("Channel")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("secrets", &secrets)
            .finish_non_exhaustive()
    }
}
