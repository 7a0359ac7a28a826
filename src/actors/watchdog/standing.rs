//! What providers say about channels, and the month's money: when it deserves a person's attention.

use super::rules::Verdict;
use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::actors::standing::PriceSettings;
use crate::domain::WorkspaceId;
use crate::domain::health::{Quality, Restriction, Tier};
use crate::domain::phrases;
use crate::domain::standing::amount;
use crate::storage::StorageError;

/// From this share of the limit on (in percent) it is told; below the second it is over.
const LIMIT_RAISE: u64 = 80;
const LIMIT_CLEAR: u64 = 70;

/// What is to be said about one channel.
pub(super) fn of_channel(
    core: &Core,
    entry: &ChannelEntry,
) -> Result<[(&'static str, Verdict); 4], StorageError> {
    let health = core.health(entry.workspace, entry.channel.id)?;
    let now = core.clock.now();
    let quality = match health.quality {
        Quality::Red => Verdict::Raise(phrases::NUMBER_RED.text().into()),
        Quality::Yellow => Verdict::Raise(phrases::NUMBER_YELLOW.text().into()),
        Quality::Green | Quality::Unknown => Verdict::Clear,
    };
    let mut stopping = health.restricted(now).filter(|it| it.what != Restriction::Other);
    let restricted = match stopping.next() {
        Some(found) => Verdict::Raise(phrases::ACCOUNT_RESTRICTED.with(&[("word", &found.word)])),
        None => Verdict::Clear,
    };
    let warning = match &health.warning {
        Some(warning) => Verdict::Raise(warning.clone()),
        None => Verdict::Clear,
    };
    // Of those that share a limit the oldest speaks for all.
    let speaks = core
        .portfolio(entry.workspace, entry.channel.id)
        .first()
        .is_none_or(|it| it.channel.id == entry.channel.id);
    let limit = match core.tier(entry.workspace, entry.channel.id)? {
        Some(Tier::People(limit)) if limit > 0 && speaks => {
            let used = core
                .reached((entry.workspace, entry.channel.id), None, now)?
                .people;
            near_limit(u64::from(used), u64::from(limit))
        }
        _ => Verdict::Clear,
    };
    Ok([
        ("channel_quality", quality),
        ("channel_restricted", restricted),
        ("account_warning", warning),
        ("limit_near", limit),
    ])
}

fn near_limit(used: u64, limit: u64) -> Verdict {
    match used * 100 / limit {
        LIMIT_RAISE.. => {
            Verdict::Raise(phrases::LIMIT_NEARLY_USED.with(&[("used", &used), ("limit", &limit)]))
        }
        LIMIT_CLEAR.. => Verdict::Keep,
        _ => Verdict::Clear,
    }
}

/// What is to be said about the month's money.
pub(super) fn of_budget(core: &Core, workspace: WorkspaceId) -> Result<Verdict, StorageError> {
    let settings = PriceSettings::load(&core.store, workspace)?;
    let Some(budget) = settings.budget.filter(|budget| *budget > 0) else {
        return Ok(Verdict::Clear);
    };
    let spending = core.spending(workspace, core.clock.now())?;
    let share = i128::from(spending.spent) * 100 / i128::from(budget);
    Ok(match share >= i128::from(settings.warn_percent) {
        true => {
            let phrase = match settings.hard_stop {
                true => phrases::BUDGET_NEAR_STOPS,
                false => phrases::BUDGET_NEAR,
            };
            Verdict::Raise(phrase.with(&[
                ("spent", &amount(spending.spent)),
                ("budget", &amount(budget)),
                ("currency", &settings.currency),
            ]))
        }
        false => Verdict::Clear,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_before_it_is_reached() {
        assert_eq!(near_limit(60, 100), Verdict::Clear);
        assert_eq!(near_limit(75, 100), Verdict::Keep);
        assert!(matches!(near_limit(80, 100), Verdict::Raise(_)));
        assert!(matches!(near_limit(300, 250), Verdict::Raise(_)));
    }
}
