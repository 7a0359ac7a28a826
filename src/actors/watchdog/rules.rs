//! When something deserves a person's attention, and when no longer. Pure: figures in, verdict out. Between the two
//! thresholds of a rule nothing changes, so that an alert does not flicker.

use crate::actors::tally::Sends;
use crate::domain::Timestamp;
use crate::domain::phrases;
use crate::domain::time::HOUR;

/// What is to be done about an alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It holds, and this is what to say.
    Raise(String),
    /// It does not hold.
    Clear,
    /// Leave it as it is.
    Keep,
}

use Verdict::{Clear, Keep, Raise};

const MINUTE: i64 = 60 * 1_000_000;

/// Webhooks a minute with a wrong signature.
const SIGNATURES: u64 = 20;

pub(super) fn signatures(last_minute: u64) -> Verdict {
    match last_minute {
        SIGNATURES.. => Raise(phrases::SIGNATURES_BAD.with(&[("count", &last_minute)])),
        0..=2 => Clear,
        _ => Keep,
    }
}

/// Attempts below which nothing is concluded.
const FEW_ATTEMPTS: u64 = 20;

/// Sending on one channel in the last ten minutes.
pub(super) fn send_errors(sends: Sends) -> Verdict {
    let all = sends.accepted + sends.failed;
    let percent = (sends.failed * 100).checked_div(all).unwrap_or(0);
    match percent {
        25.. if all >= FEW_ATTEMPTS => {
            Raise(phrases::SEND_ERRORS.with(&[("percent", &percent), ("count", &all)]))
        }
        0..10 => Clear,
        _ => Keep,
    }
}

/// Free bytes on the disk, and the floor below which nothing is written.
pub(super) fn disk(free: u64, floor: u64) -> Verdict {
    let mib = |bytes: u64| bytes >> 20;
    match free {
        free if free < floor.saturating_mul(2) => {
            Raise(phrases::DISK_LOW.with(&[("free", &mib(free)), ("floor", &mib(floor))]))
        }
        free if free >= floor.saturating_mul(5) / 2 => Clear,
        _ => Keep,
    }
}

/// Damaged records met since the start.
pub(super) fn damage(records: u64) -> Verdict {
    match records {
        0 => Clear,
        _ => Raise(phrases::DAMAGE_FOUND.text().into()),
    }
}

/// The least lag of the search index within the last two minutes, in events.
pub(super) fn search_lag(least: u64) -> Verdict {
    match least {
        10_000.. => Raise(phrases::SEARCH_BEHIND.with(&[("count", &least)])),
        0..1_000 => Clear,
        _ => Keep,
    }
}

/// How long the oldest message has been due on a channel that may send, in microseconds.
pub(super) fn queue_age(age: i64) -> Verdict {
    match age / MINUTE {
        10.. => Raise(phrases::QUEUE_OLD.with(&[("minutes", &(age / MINUTE))])),
        ..2 => Clear,
        _ => Keep,
    }
}

/// Webhooks that wait to be worked in, of as many as may.
pub(super) fn backlog(waiting: usize, most: usize) -> Verdict {
    match waiting {
        waiting if waiting >= most / 2 => {
            Raise(phrases::WEBHOOKS_WAIT.with(&[("count", &waiting), ("most", &most)]))
        }
        waiting if waiting <= most / 4 => Clear,
        _ => Keep,
    }
}

/// Arrivals below which nothing is known of a channel's habits.
const FEW_ARRIVALS: usize = 20;
/// A silence shorter than this is never remarkable.
const SHORT_SILENCE: i64 = 2 * HOUR;

/// Whether a channel is quiet for longer than it has been wont to: half as long again as the longest gap between its
/// recent webhooks. `arrivals` oldest first.
pub(super) fn silence(arrivals: &[Timestamp], now: Timestamp) -> Verdict {
    let (Some(last), true) = (arrivals.last(), arrivals.len() >= FEW_ARRIVALS) else {
        return Clear;
    };
    let gaps = arrivals.windows(2).map(|pair| pair[1].since(pair[0]));
    let longest = gaps.max().unwrap_or(0);
    let quiet = now.since(*last);
    let limit = (longest / 2).saturating_add(longest).max(SHORT_SILENCE);
    if quiet <= limit {
        return Clear;
    }
    Raise(phrases::CHANNEL_SILENT.with(&[("hours", &(quiet / HOUR))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, Debug)]
    enum Is {
        Raised,
        Cleared,
        Kept,
    }

    fn is(verdict: Verdict) -> Is {
        match verdict {
            Raise(text) => {
                assert!(text.len() > 40 && text.ends_with('.'), "{text}");
                Is::Raised
            }
            Clear => Is::Cleared,
            Keep => Is::Kept,
        }
    }

    #[test]
    fn each_rule_has_a_threshold_to_raise_and_one_to_clear() {
        use Is::{Cleared, Kept, Raised};
        let gib = 1 << 30;
        let sends = |accepted, failed| send_errors(Sends { accepted, failed });
        let table = [
            ("signatures none", signatures(0), Cleared),
            ("signatures few", signatures(3), Kept),
            ("signatures nearly", signatures(19), Kept),
            ("signatures many", signatures(20), Raised),
            ("sends none", sends(0, 0), Cleared),
            ("sends too few to tell", sends(0, 19), Kept),
            ("sends a quarter", sends(15, 5), Raised),
            ("sends all", sends(0, 20), Raised),
            ("sends a fifth", sends(80, 20), Kept),
            ("sends a twentieth", sends(95, 5), Cleared),
            ("disk below twice", disk(2 * gib - 1, gib), Raised),
            ("disk at twice", disk(2 * gib, gib), Kept),
            ("disk at two and a half", disk(5 * gib / 2, gib), Cleared),
            ("disk nothing", disk(0, gib), Raised),
            ("damage none", damage(0), Cleared),
            ("damage one", damage(1), Raised),
            ("search at hand", search_lag(999), Cleared),
            ("search behind", search_lag(1_000), Kept),
            ("search lost", search_lag(10_000), Raised),
            ("queue not due", queue_age(-5 * MINUTE), Cleared),
            ("queue young", queue_age(2 * MINUTE - 1), Cleared),
            ("queue older", queue_age(2 * MINUTE), Kept),
            ("queue old", queue_age(10 * MINUTE), Raised),
            ("backlog quarter", backlog(25, 100), Cleared),
            ("backlog more", backlog(26, 100), Kept),
            ("backlog half", backlog(50, 100), Raised),
        ];
        for (what, verdict, expected) in table {
            assert_eq!(is(verdict), expected, "{what}");
        }
    }

    #[test]
    fn silence_is_judged_by_the_channels_own_habits() {
        use Is::{Cleared, Raised};
        let at = |hours: &[i64]| {
            hours
                .iter()
                .map(|hour| Timestamp(hour * HOUR))
                .collect::<Vec<_>>()
        };
        let busy: Vec<i64> = (0..40).collect();
        // Ten messages in ten hours, then a night of fourteen, for three days.
        let nightly: Vec<i64> = (0..30).map(|n| n / 10 * 24 + n % 10).collect();
        let sparse: Vec<i64> = (0..19).collect();
        let seconds: Vec<Timestamp> = (0..40).map(|n| Timestamp(n * 1_000_000)).collect();
        let table = [
            ("never anything", vec![], 9_000, Cleared),
            ("too few to tell", at(&sparse), 9_000, Cleared),
            ("hourly, quiet for two", at(&busy), 41, Cleared),
            ("hourly, quiet for three", at(&busy), 42, Raised),
            ("a night as usual", at(&nightly), 57 + 15, Cleared),
            ("a night and a day", at(&nightly), 57 + 24, Raised),
            ("every second, quiet for two hours", seconds.clone(), 2, Cleared),
            ("every second, quiet for three hours", seconds, 3, Raised),
            ("the clock was set back", at(&busy), 10, Cleared),
        ];
        for (what, arrivals, now, expected) in table {
            assert_eq!(is(silence(&arrivals, Timestamp(now * HOUR))), expected, "{what}");
        }
    }
}
