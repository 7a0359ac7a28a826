//! A token bucket on simulated time.
//!
//! Kept as one number, the moment at which the bucket was (or will be) full again, so it costs sixteen bytes a pair.

/// How fast a bucket refills and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// Tokens that may be taken at once from a full bucket.
    pub burst: u32,
    /// Simulated microseconds that one token takes to come back.
    pub interval_us: u64,
}

/// One bucket; `Default` is a full one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    full_at_us: i64,
}

impl Bucket {
    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, rate: Rate, now_ms: i64) -> bool {
        let now_us = now_ms.saturating_mul(1_000);
        let interval = i64::try_from(rate.interval_us).unwrap_or(i64::MAX);
        let room = interval.saturating_mul(i64::from(rate.burst));
        let full_at_us = self.full_at_us.max(now_us).saturating_add(interval);
        if full_at_us.saturating_sub(now_us) > room {
            return false;
        }
        self.full_at_us = full_at_us;
        true
    }

    /// Takes a token even if there is none: traffic that counts but is never refused.
    pub(crate) fn spend(&mut self, rate: Rate, now_ms: i64) {
        let interval = i64::try_from(rate.interval_us).unwrap_or(i64::MAX);
        let now_us = now_ms.saturating_mul(1_000);
        let room = interval.saturating_mul(i64::from(rate.burst));
        self.full_at_us = self
            .full_at_us
            .max(now_us)
            .saturating_add(interval)
            .min(now_us.saturating_add(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Rate = Rate {
        burst: 45,
        interval_us: 6_000_000,
    };

    #[test]
    fn a_burst_is_borrowed_from_the_minutes_after_it() {
        let mut bucket = Bucket::default();
        let start = 1_800_000_000_000;
        assert!((0..45).all(|_| bucket.take(PAIR, start)));
        assert!(!bucket.take(PAIR, start));
        assert!(!bucket.take(PAIR, start + 5_999));
        assert!(bucket.take(PAIR, start + 6_000));
        assert!(!bucket.take(PAIR, start + 6_000));
        let sustained = (1..=600)
            .filter(|n| bucket.take(PAIR, start + 6_000 + n * 6_000))
            .count();
        assert_eq!(sustained, 600);
    }

    #[test]
    fn spending_never_digs_deeper_than_empty() {
        let rate = Rate {
            burst: 2,
            interval_us: 1_000_000,
        };
        let mut bucket = Bucket::default();
        (0..50).for_each(|_| bucket.spend(rate, 0));
        assert!(!bucket.take(rate, 999));
        assert!(bucket.take(rate, 1_000));
    }
}
