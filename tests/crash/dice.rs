//! Chance that can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Numbers by a seed (xorshift64*), which is printed so that a failure can be repeated.
pub struct Dice(AtomicU64);

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How often a test kills.
pub fn rounds() -> u64 {
    number_from("FRONTDESK_CRASH_ROUNDS").unwrap_or(4)
}

impl Dice {
    /// For the test of this name.
    pub fn new(test: &str) -> Self {
        let fresh = || {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).expect("random bytes");
            u64::from_le_bytes(bytes)
        };
        let seed = number_from("FRONTDESK_CRASH_SEED").unwrap_or_else(fresh);
        println!("{test}: FRONTDESK_CRASH_SEED={seed}");
        Self(AtomicU64::new(seed | 1))
    }

    fn next(&self) -> u64 {
        let step = |mut x: u64| {
            x ^= x >> 12;
            x ^= x << 25;
            x ^= x >> 27;
            Some(x)
        };
        let old = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        old.unwrap_or(1).wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// One of `0..n`.
    pub fn below(&self, n: u64) -> u64 {
        self.next() % n
    }

    /// A time between the two, in milliseconds.
    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    /// One of them.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).expect("small")]
    }
}
