//! What a month has cost, by the owner's own prices.

use std::collections::HashMap;

use crate::actors::core::Core;
use crate::domain::billing::{Billed, Category, Charge, RateCard, day_of};
use crate::domain::standing::Spending;
use crate::domain::time::SECOND;
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::storage::keys::{Key, UsageKey, UsagePartsKey};
use crate::storage::{Prefix, StorageError};

use super::PriceSettings;

/// How long a sum is believed.
const FRESH: i64 = 3 * SECOND;
/// Rows of one day that are read.
const MAX_ROWS: usize = 10_000;

/// A sum, and when it was made.
pub(super) struct Remembered {
    at: Timestamp,
    spending: Spending,
}

/// A counter, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    /// What was counted.
    pub billed: Billed,
    /// How many messages.
    pub messages: u64,
    /// Parts that are charged each (SMS segments); as many as messages where each is charged as a whole.
    pub units: u64,
}

impl Count {
    /// What it costs by these prices; `None` if they have none for it.
    pub fn cost(&self, card: &RateCard) -> Option<i64> {
        let units = i64::try_from(self.units).unwrap_or(i64::MAX);
        card.price(&self.billed).map(|price| price.saturating_mul(units))
    }
}

/// The first day of a time's month (UTC), and the day itself.
pub fn month_of(now: Timestamp) -> (u32, u32) {
    let time = jiff::Timestamp::from_microsecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let day_of_month = time.to_zoned(jiff::tz::TimeZone::UTC).day();
    let today = day_of(now);
    let passed = u32::try_from(day_of_month.saturating_sub(1)).unwrap_or(0);
    (today.saturating_sub(passed), today)
}

impl Core {
    /// What was counted on the days from `first` to `last`, of one channel or of all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn counts(
        &self,
        workspace: WorkspaceId,
        (first, last): (u32, u32),
        channel: Option<ChannelId>,
    ) -> Result<Vec<Count>, StorageError> {
        let mut counts = Vec::new();
        for day in first..=last {
            let prefix = Prefix::<UsageKey>::table().with(workspace).with(day);
            let prefix = match channel {
                Some(channel) => prefix.with(channel),
                None => prefix,
            };
            let rows = self.store.scan(&prefix, None, MAX_ROWS)?;
            if rows.is_empty() {
                continue;
            }
            let mut parts = self.parts(workspace, day, channel)?;
            counts.extend(rows.into_iter().map(|(key, messages)| Count {
                billed: Billed {
                    day: key.day,
                    channel: key.channel,
                    category: Category::from_u8(key.category).unwrap_or(Category::Other),
                    country: key.country,
                    charge: Charge::from_u8(key.charge).unwrap_or(Charge::Free),
                    units: 1,
                },
                messages,
                units: messages.saturating_add(parts.remove(&key.parts().to_bytes()).unwrap_or(0)),
            }));
        }
        Ok(counts)
    }

    /// The further parts of a day's messages, by the keys of their counters.
    fn parts(
        &self,
        workspace: WorkspaceId,
        day: u32,
        channel: Option<ChannelId>,
    ) -> Result<HashMap<Vec<u8>, u64>, StorageError> {
        let prefix = Prefix::<UsagePartsKey>::table().with(workspace).with(day);
        let prefix = match channel {
            Some(channel) => prefix.with(channel),
            None => prefix,
        };
        let rows = self.store.scan(&prefix, None, MAX_ROWS)?;
        Ok(rows
            .into_iter()
            .map(|(key, parts)| (key.to_bytes(), parts))
            .collect())
    }

    /// How this month's spending stands; at most three seconds old.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn spending(&self, workspace: WorkspaceId, now: Timestamp) -> Result<Spending, StorageError> {
        if let Some(known) = self.standings.spending.lock().get(&workspace)
            && now.since(known.at).saturating_abs() < FRESH
        {
            return Ok(known.spending.clone());
        }
        let settings = PriceSettings::load(&self.store, workspace)?;
        let card = settings.card();
        // Without a price nothing costs, and nobody need count.
        let spent = match card.rates.is_empty() {
            true => 0,
            false => self
                .counts(workspace, month_of(now), None)?
                .iter()
                .map(|count| count.cost(&card).unwrap_or(0))
                .fold(0, i64::saturating_add),
        };
        let spending = Spending {
            spent,
            budget: settings.budget,
            hard_stop: settings.hard_stop,
            currency: settings.currency,
        };
        let remembered = Remembered {
            at: now,
            spending: spending.clone(),
        };
        self.standings.spending.lock().insert(workspace, remembered);
        Ok(spending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_on_its_first_day() {
        for (text, first) in [
            ("2026-11-21T02:00:00Z", "2026-11-01T00:00:00Z"),
            ("2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ] {
            let day = |text| day_of(Timestamp::parse(text).expect("a time"));
            let now = Timestamp::parse(text).expect("a time");
            assert_eq!(month_of(now), (day(first), day(text)), "{text}");
        }
    }
}
