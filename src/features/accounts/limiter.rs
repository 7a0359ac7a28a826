//! How often one client address may try a secret (password or set-up code). Attempts that succeed do not count.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

use crate::domain::Timestamp;
use crate::domain::time::SECOND;

/// Attempts at once.
const BURST: i64 = 30;
/// A further attempt so often.
const REFILL: i64 = 2 * SECOND;
/// Most addresses that are remembered.
const ADDRESSES: usize = 8_192;

/// For each address the time at which all its attempts will have been paid back.
#[derive(Default)]
pub struct AttemptLimiter(Mutex<HashMap<IpAddr, Timestamp>>);

impl AttemptLimiter {
    /// Takes one attempt, or tells in how many seconds the next is allowed.
    pub fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let mut table = self.0.lock();
        if table.len() >= ADDRESSES && !table.contains_key(&address) {
            table.retain(|_, paid| *paid > now);
            if table.len() >= ADDRESSES {
                // Thousands of addresses at it at once: that is an attack, and hashing has a limit of its own.
                table.clear();
            }
        }
        let paid = table.entry(address).or_insert(now);
        let start = (*paid).max(now);
        let owed = start.plus(REFILL).since(now);
        if owed > BURST * REFILL {
            let wait = owed - BURST * REFILL;
            return Err(u64::try_from(wait / SECOND + 1).unwrap_or(1));
        }
        *paid = start.plus(REFILL);
        Ok(())
    }

    /// Gives an attempt back.
    pub fn refund(&self, address: IpAddr) {
        if let Some(paid) = self.0.lock().get_mut(&address) {
            *paid = paid.plus(-REFILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_at_once_then_one_every_two_seconds() {
        let limiter = AttemptLimiter::default();
        let (address, other) = (IpAddr::from([1, 2, 3, 4]), IpAddr::from([4, 3, 2, 1]));
        let now = Timestamp(0);
        for _ in 0..BURST {
            limiter.take(address, now).expect("within the burst");
        }
        assert_eq!(limiter.take(address, now), Err(3));
        assert_eq!(limiter.take(other, now), Ok(()));
        assert_eq!(limiter.take(address, now.plus(REFILL)), Ok(()));
        assert!(limiter.take(address, now.plus(REFILL)).is_err());
        limiter.refund(address);
        assert_eq!(limiter.take(address, now.plus(REFILL)), Ok(()));
    }

    #[test]
    fn the_table_stays_bounded() {
        let limiter = AttemptLimiter::default();
        for n in 0..30_000_u32 {
            let _ = limiter.take(IpAddr::from(n.to_be_bytes()), Timestamp(0));
        }
        assert!(limiter.0.lock().len() <= ADDRESSES);
    }
}
