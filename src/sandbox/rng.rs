//! Seeded random numbers for behaviour (delays, faults, who answers). Never for secrets.
//!
//! SplitMix64 over an atomic counter: one seed gives one sequence, and drawing takes no lock.

use std::sync::atomic::{AtomicU64, Ordering};

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A lock-free deterministic generator.
#[derive(Debug)]
pub(crate) struct Rng(AtomicU64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A generator of its own for one subject, so that its draws do not depend on what others do at the same time.
    pub(crate) fn keyed(seed: u64, subject: &str, ordinal: u64) -> Self {
        let folded = subject.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(mix(seed ^ folded).wrapping_add(mix(ordinal.wrapping_add(STEP))))
    }

    pub(crate) fn next(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// Uniform in `0..=max`.
    pub(crate) fn up_to(&self, max: u64) -> u64 {
        match max.checked_add(1) {
            Some(span) => self.next() % span,
            None => self.next(),
        }
    }

    /// Uniform in `0..len`; 0 for an empty range.
    pub(crate) fn index(&self, len: usize) -> usize {
        if len == 0 {
            0
        } else {
            (self.next() % len as u64) as usize
        }
    }

    /// True with the given probability (values outside 0..1 are clamped by the comparison, NaN is never).
    pub(crate) fn chance(&self, probability: f64) -> bool {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }
}

/// The SplitMix64 finaliser: a bijection on 64 bits.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence_and_subjects_differ() {
        let draw = |rng: Rng| (0..8).map(|_| rng.next()).collect::<Vec<_>>();
        assert_eq!(draw(Rng::new(7)), draw(Rng::new(7)));
        assert_ne!(draw(Rng::new(7)), draw(Rng::new(8)));
        assert_ne!(
            draw(Rng::keyed(7, "254711000234", 1)),
            draw(Rng::keyed(7, "254711000235", 1))
        );
        assert_ne!(
            draw(Rng::keyed(7, "254711000234", 1)),
            draw(Rng::keyed(7, "254711000234", 2))
        );
    }

    #[test]
    fn chances_hold_their_share_and_their_ends() {
        let rng = Rng::new(1);
        let hits = (0..10_000).filter(|_| rng.chance(0.25)).count();
        assert!((2_200..2_800).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| rng.chance(1.0)));
        assert!((0..1_000).all(|_| !rng.chance(0.0)));
        assert!((0..1_000).all(|_| !rng.chance(f64::NAN)));
        assert!((0..1_000).all(|_| rng.up_to(3) <= 3));
        assert_eq!(rng.index(0), 0);
    }
}
