//! What a workspace's owner has set about consent, prices and budget, as JSON in the table of settings.

use serde::{Deserialize, Serialize};

use crate::domain::WorkspaceId;
use crate::domain::billing::{Category, NO_COUNTRY, Rate, RateCard};
use crate::domain::consent::{ConsentRules, Permission};
use crate::domain::optout::normalise;
use crate::storage::keys::SettingKey;
use crate::storage::settings::{self, KeepError, number};
use crate::storage::{StorageError, Store};

/// How keywords are heeded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentSettings {
    /// `nothing` or `no_marketing`: what is allowed after STOP.
    pub stop_means: Permission,
    /// STOP and START are confirmed.
    pub confirms: bool,
    /// HELP is answered by itself.
    pub answers_help: bool,
    /// Own text; `None` for the shipped one in the customer's language.
    pub stop_reply: Option<String>,
    /// Own text.
    pub start_reply: Option<String>,
    /// Own text.
    pub help_reply: Option<String>,
    /// Further words for STOP.
    pub extra_stop: Vec<String>,
}

impl Default for ConsentSettings {
    fn default() -> Self {
        Self {
            stop_means: Permission::Nothing,
            confirms: true,
            answers_help: false,
            stop_reply: None,
            start_reply: None,
            help_reply: None,
            extra_stop: Vec::new(),
        }
    }
}

impl ConsentSettings {
    /// What stands in the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, StorageError> {
        Ok(settings::read(store, &key(workspace, number::CONSENT))?.unwrap_or_default())
    }

    pub(super) fn into_rules(self, locale: String) -> ConsentRules {
        let Self {
            stop_means,
            confirms,
            answers_help,
            stop_reply,
            start_reply,
            help_reply,
            extra_stop,
        } = self;
        ConsentRules {
            stop_means,
            confirms,
            answers_help,
            stop_reply,
            start_reply,
            help_reply,
            extra_stop: extra_stop.iter().map(|word| normalise(word)).collect(),
            locale,
        }
    }
}

/// One price.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RateSetting {
    /// For which category.
    pub category: Category,
    /// Country in two letters; `None` for all others.
    pub country: Option<String>,
    /// First day, counted from 1970.
    pub from_day: u32,
    /// Millionths of the currency's unit.
    pub price: i64,
}

/// Prices and budget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct PriceSettings {
    /// As the owner wrote it: `USD`, `KES` …
    pub currency: String,
    /// The price list.
    pub rates: Vec<RateSetting>,
    /// The month's budget in millionths; `None` for none.
    pub budget: Option<i64>,
    /// Warn from this share on.
    pub warn_percent: u8,
    /// Stop what costs when it is used up.
    pub hard_stop: bool,
}

impl Default for PriceSettings {
    fn default() -> Self {
        Self {
            currency: "USD".into(),
            rates: Vec::new(),
            budget: None,
            warn_percent: 80,
            hard_stop: false,
        }
    }
}

impl PriceSettings {
    /// What stands in the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(store: &Store, workspace: WorkspaceId) -> Result<Self, StorageError> {
        Ok(settings::read(store, &key(workspace, number::PRICES))?.unwrap_or_default())
    }

    /// The price list.
    pub fn card(&self) -> RateCard {
        let rate = |setting: &RateSetting| Rate {
            category: setting.category,
            country: setting.country.as_deref().map(country_code),
            from_day: setting.from_day,
            price: setting.price,
        };
        RateCard {
            rates: self.rates.iter().map(rate).collect(),
        }
    }
}

/// Two letters as they stand in keys.
pub fn country_code(text: &str) -> [u8; 2] {
    match text.as_bytes() {
        [a, b] if text.is_ascii() => [a.to_ascii_uppercase(), b.to_ascii_uppercase()],
        _ => NO_COUNTRY,
    }
}

const fn key(workspace: WorkspaceId, setting: u8) -> SettingKey {
    SettingKey { workspace, setting }
}

impl super::Core {
    /// Keeps consent settings; they hold from the next message on.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn keep_consent_settings(
        &self,
        workspace: WorkspaceId,
        wanted: &ConsentSettings,
    ) -> Result<(), KeepError> {
        settings::keep(&self.store, &key(workspace, number::CONSENT), wanted).await?;
        self.standings.forget(workspace);
        Ok(())
    }

    /// Keeps prices and budget.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn keep_price_settings(
        &self,
        workspace: WorkspaceId,
        wanted: &PriceSettings,
    ) -> Result<(), KeepError> {
        settings::keep(&self.store, &key(workspace, number::PRICES), wanted).await?;
        self.standings.forget(workspace);
        Ok(())
    }
}
