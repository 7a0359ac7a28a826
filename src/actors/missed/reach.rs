//! How far back a look goes, and which of what it finds came late.

use crate::domain::Timestamp;
use crate::domain::time::{HOUR, SECOND};

/// How far is looked back on a channel that was never looked after, and at most on any other.
const FIRST: i64 = 3 * 24 * HOUR;
const FURTHEST: i64 = 14 * 24 * HOUR;
/// What was said so shortly before the last look is asked for again: lists and clocks may be behind.
const OVERLAP: i64 = 20 * 60 * SECOND;

/// Whether a webhook could tell of what was said at a time: not of what is older than the channel is here. Providers tell
/// whole seconds; what has no time counts.
pub(super) fn could_be_told(here_since: Timestamp, said_at: Option<Timestamp>) -> bool {
    said_at.is_none_or(|at| at > here_since.plus(-SECOND))
}

/// From when on is asked.
pub(super) fn since(looked_until: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match looked_until {
        Some(until) => until.plus(-OVERLAP).max(now.plus(-FURTHEST)),
        None => now.plus(-FIRST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_begins_a_little_before_the_last_one_and_never_too_far_back() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let table = [
            (None, -FIRST),
            (Some(-HOUR), -HOUR - OVERLAP),
            (Some(-5 * 24 * HOUR), -5 * 24 * HOUR - OVERLAP),
            (Some(-90 * 24 * HOUR), -FURTHEST),
        ];
        for (until, expected) in table {
            let found = since(until.map(|ago| now.plus(ago)), now);
            assert_eq!(found, now.plus(expected), "{until:?}");
        }
    }

    #[test]
    fn what_is_older_than_the_channel_did_not_come_late() {
        let here = Timestamp::from_seconds(1_800_000_000).plus(SECOND / 2);
        let table = [
            (-3 * HOUR, false),
            (-SECOND, false),
            (-SECOND / 2, true),
            (HOUR, true),
        ];
        for (after, expected) in table {
            assert_eq!(could_be_told(here, Some(here.plus(after))), expected, "{after}");
        }
        assert!(could_be_told(here, None));
    }
}
