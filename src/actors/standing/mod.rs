//! What holds beside a conversation when a message is proposed, gathered from the store: consent, the channel's health, how
//! much of its limit is used, and the month's spending.
//!
//! Owns what is remembered of it between two messages; all of it can be read anew from the store. The rules over it stand in
//! [`crate::domain::standing`].

mod portfolio;
mod reach;
mod settings;
mod spending;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::billing::RateCard;
use crate::domain::consent::ConsentRules;
use crate::domain::health::ChannelHealth;
use crate::domain::operations::SendPriority;
use crate::domain::standing::{Standing, is_unasked, purpose};
use crate::domain::{ChannelId, ContactId, Content, Timestamp, WorkspaceId};
use crate::storage::StorageError;
use crate::storage::keys::{ChannelHealthKey, ConsentKey, WorkspaceKey};

use super::core::Core;
use super::templates;
use reach::Reaches;
use spending::Remembered;

pub use reach::WINDOW as REACH_WINDOW;
pub use settings::{ConsentSettings, PriceSettings, RateSetting, country_code};
pub use spending::{Count, month_of};

/// What is remembered.
#[derive(Default)]
pub struct Standings {
    /// By workspace.
    rules: Mutex<HashMap<WorkspaceId, Arc<ConsentRules>>>,
    /// By workspace: the price list and what the month has cost.
    spending: Mutex<HashMap<WorkspaceId, Remembered>>,
    /// By channel.
    health: Mutex<HashMap<ChannelId, Arc<ChannelHealth>>>,
    /// Changes of health are written one at a time.
    pub(in crate::actors) writing_health: tokio::sync::Mutex<()>,
    /// Who was written to unasked.
    reach: Mutex<Reaches>,
}

impl Standings {
    /// A workspace's settings changed.
    fn forget(&self, workspace: WorkspaceId) {
        self.rules.lock().remove(&workspace);
        self.spending.lock().remove(&workspace);
    }

    /// A channel's health was committed.
    pub fn note_health(&self, channel: ChannelId, health: ChannelHealth) {
        self.health.lock().insert(channel, Arc::new(health));
    }
}

impl Core {
    /// How a workspace heeds keywords.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn consent_rules(&self, workspace: WorkspaceId) -> Result<Arc<ConsentRules>, StorageError> {
        if let Some(rules) = self.standings.rules.lock().get(&workspace) {
            return Ok(rules.clone());
        }
        let business = self.store.get(&WorkspaceKey { workspace })?;
        let locale = business.map_or_else(|| "en".to_owned(), |business| business.locale);
        let rules = Arc::new(ConsentSettings::load(&self.store, workspace)?.into_rules(locale));
        self.standings.rules.lock().insert(workspace, rules.clone());
        Ok(rules)
    }

    /// How a channel stands with its provider.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn health(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
    ) -> Result<Arc<ChannelHealth>, StorageError> {
        if let Some(health) = self.standings.health.lock().get(&channel) {
            return Ok(health.clone());
        }
        let stored = self.store.get(&ChannelHealthKey { workspace, channel })?;
        let mut known = self.standings.health.lock();
        // Whoever noted it meanwhile knows better.
        Ok(known
            .entry(channel)
            .or_insert_with(|| Arc::new(stored.unwrap_or_default()))
            .clone())
    }

    /// Everything that policy wants to know of a message to `contact`; `None` for someone who is not known yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn standing(
        &self,
        (workspace, channel): (WorkspaceId, ChannelId),
        contact: Option<ContactId>,
        content: &Content,
        priority: SendPriority,
        now: Timestamp,
    ) -> Result<Standing, StorageError> {
        if content.is_note() {
            return Ok(Standing::default());
        }
        let consent = match contact {
            Some(contact) => self.store.get(&ConsentKey {
                workspace,
                contact,
                channel,
            })?,
            None => None,
        };
        let category = self.template_category(channel, content)?;
        let mut standing = Standing {
            consent: consent.unwrap_or_default(),
            purpose: purpose(content, priority, category),
            health: (*self.health(workspace, channel)?).clone(),
            ..Standing::default()
        };
        // The limit concerns only what begins something; money, what costs.
        if is_unasked(content) {
            standing.reached = self.reached((workspace, channel), contact, now)?;
            standing.health.tier = self.tier(workspace, channel)?;
        }
        let entry = self.registry.get(channel);
        standing.charges_all = entry.is_some_and(|entry| self.tariff(&entry).charges_all());
        if is_unasked(content) || standing.charges_all {
            standing.spending = self.spending(workspace, now)?;
        }
        Ok(standing)
    }

    /// The price list as it stands.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn rate_card(&self, workspace: WorkspaceId) -> Result<RateCard, StorageError> {
        Ok(PriceSettings::load(&self.store, workspace)?.card())
    }

    /// What a template is for, where it is known.
    fn template_category(
        &self,
        channel: ChannelId,
        content: &Content,
    ) -> Result<Option<&'static str>, StorageError> {
        match self.registry.get(channel) {
            Some(entry) => templates::category(self, &entry, content),
            None => Ok(None),
        }
    }
}
