//! Which numbers share one limit: those of a business portfolio (Meta: messaging limits are the portfolio's since October 2025).
//!
//! Owns who belongs together within a workspace and whose word on the limit holds. Must not count.

use std::sync::Arc;

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::channels::ProviderKind;
use crate::domain::health::Tier;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::storage::StorageError;

/// What channels are told of theirs that says to whom they belong.
const BUSINESS: &str = "business_id";
const ACCOUNT: &str = "waba_id";

impl Core {
    /// The channels with which a channel shares its limit, itself among them, oldest first. Empty for a channel that is gone.
    pub fn portfolio(&self, workspace: WorkspaceId, channel: ChannelId) -> Vec<Arc<ChannelEntry>> {
        let all = self.registry.list(workspace);
        let Some(own) = all.iter().find(|entry| entry.channel.id == channel) else {
            return Vec::new();
        };
        let Some(owner) = owner(own, &all) else {
            return vec![own.clone()];
        };
        let shares =
            |entry: &&Arc<ChannelEntry>| self::owner(entry, &all) == Some(owner) && entry.kind == own.kind;
        let mut found: Vec<_> = all.iter().filter(shares).cloned().collect();
        found.sort_by_key(|entry| entry.channel.id);
        found
    }

    /// The limit that holds for a channel: what was last told of any number that shares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn tier(&self, workspace: WorkspaceId, channel: ChannelId) -> Result<Option<Tier>, StorageError> {
        let mut latest: Option<(Option<Timestamp>, Tier)> = None;
        for entry in self.portfolio(workspace, channel) {
            let health = self.health(workspace, entry.channel.id)?;
            let told = health.tier.map(|tier| (health.updated_at, tier));
            latest = match (latest, told) {
                (Some(known), Some(told)) if told.0 > known.0 => Some(told),
                (known, told) => known.or(told),
            };
        }
        Ok(latest.map(|(_, tier)| tier))
    }
}

/// The portfolio, or at least the account, that a number belongs to. One number that knows its account's portfolio tells
/// it for all numbers of the account.
fn owner<'a>(entry: &'a ChannelEntry, all: &'a [Arc<ChannelEntry>]) -> Option<&'a str> {
    if entry.kind.family() != ProviderKind::WhatsappCloud {
        return None;
    }
    let own = |entry: &'a ChannelEntry, name: &str| {
        entry
            .channel
            .settings
            .get(name)
            .map(String::as_str)
            .filter(|id| !id.is_empty())
    };
    let account = own(entry, ACCOUNT);
    let siblings = || {
        let of_account = all
            .iter()
            .filter(|it| account.is_some() && own(it, ACCOUNT) == account);
        of_account
            .filter(|it| it.kind == entry.kind)
            .find_map(|it| own(it, BUSINESS))
    };
    own(entry, BUSINESS).or_else(siblings).or(account)
}
