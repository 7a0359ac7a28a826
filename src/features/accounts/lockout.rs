//! How failed log-ins lock an address, known or not.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::Timestamp;
use crate::domain::account::User;
use crate::domain::time::{HOUR, SECOND};

/// Failures that cost nothing.
const FREE: u32 = 4;
/// The first lock.
const FIRST: i64 = 60 * SECOND;
/// The longest lock.
const LONGEST: i64 = HOUR;
/// Most unknown addresses that are remembered.
const STRANGERS: usize = 4_096;

/// How long the `failures`th failure in a row locks, in microseconds: from the fifth on, a minute, doubling to an hour.
pub fn lock_for(failures: u32) -> Option<i64> {
    let doublings = failures.checked_sub(FREE + 1)?;
    Some(
        FIRST
            .checked_shl(doublings.min(16))
            .map_or(LONGEST, |lock| lock.min(LONGEST)),
    )
}

/// Notes a failure of a person.
pub fn fail(user: &mut User, now: Timestamp) {
    user.failed_logins = user.failed_logins.saturating_add(1);
    user.locked_until = lock_for(user.failed_logins).map(|lock| now.plus(lock));
}

/// Seconds until the lock ends, if there is one.
pub fn seconds_left(locked_until: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    let left = locked_until?.since(now);
    (left > 0).then(|| u64::try_from(left / SECOND + 1).unwrap_or(1))
}

/// Failures for addresses that nobody has. They lock like any other, so that a lock does not tell who exists.
#[derive(Default)]
pub struct Strangers(Mutex<HashMap<[u8; 16], Stranger>>);

#[derive(Clone, Copy)]
struct Stranger {
    failures: u32,
    locked_until: Option<Timestamp>,
    last: Timestamp,
}

impl Strangers {
    /// Seconds until the lock of this address ends, if there is one.
    pub fn seconds_left(&self, address: &[u8; 16], now: Timestamp) -> Option<u64> {
        let locked_until = self.0.lock().get(address)?.locked_until;
        seconds_left(locked_until, now)
    }

    /// Notes a failure.
    pub fn fail(&self, address: [u8; 16], now: Timestamp) {
        let mut table = self.0.lock();
        if table.len() >= STRANGERS && !table.contains_key(&address) {
            make_room(&mut table);
        }
        let stranger = table.entry(address).or_insert(Stranger {
            failures: 0,
            locked_until: None,
            last: now,
        });
        stranger.failures = stranger.failures.saturating_add(1);
        stranger.locked_until = lock_for(stranger.failures).map(|lock| now.plus(lock));
        stranger.last = now;
    }
}

/// Drops the older half: rare, so that it costs little on average.
fn make_room(table: &mut HashMap<[u8; 16], Stranger>) {
    let mut times: Vec<Timestamp> = table.values().map(|stranger| stranger.last).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    table.retain(|_, stranger| stranger.last > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_double_from_a_minute_to_an_hour() {
        let minutes = |n| lock_for(n).map(|lock| lock / FIRST);
        assert_eq!(minutes(0), None);
        assert_eq!(minutes(4), None);
        let table: Vec<_> = (5..=12).filter_map(minutes).collect();
        assert_eq!(table, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(minutes(u32::MAX), Some(60));
    }

    #[test]
    fn strangers_lock_and_the_table_stays_bounded() {
        let strangers = Strangers::default();
        let now = Timestamp(0);
        for _ in 0..5 {
            assert_eq!(strangers.seconds_left(&[1; 16], now), None);
            strangers.fail([1; 16], now);
        }
        assert_eq!(strangers.seconds_left(&[1; 16], now), Some(61));
        assert_eq!(strangers.seconds_left(&[1; 16], now.plus(FIRST)), None);
        for n in 0..20_000_u32 {
            let mut address = [0; 16];
            address[..4].copy_from_slice(&n.to_be_bytes());
            strangers.fail(address, now.plus(n.into()));
        }
        assert!(strangers.0.lock().len() <= STRANGERS);
    }
}
