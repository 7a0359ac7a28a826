//! The simulator's time: it may run faster than the wall clock and may be moved forward.
//!
//! Owns: the mapping between simulated and real time. Must not know: what is timed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The machine's time in milliseconds since 1970. Everything else here counts from a start.
pub(super) fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A clock that starts at a chosen moment and runs `scale` times as fast as real time.
#[derive(Debug)]
pub struct SimClock {
    started: Instant,
    base_ms: i64,
    scale: f64,
    advanced_ms: AtomicI64,
}

impl SimClock {
    /// Starts a clock at `base_ms` (milliseconds since 1970). `scale` must be positive and finite; others count as 1.
    #[must_use]
    pub fn new(base_ms: i64, scale: f64) -> Self {
        let scale = if scale.is_finite() && scale > 0.0 {
            scale
        } else {
            1.0
        };
        Self {
            started: Instant::now(),
            base_ms,
            scale,
            advanced_ms: AtomicI64::new(0),
        }
    }

    /// Simulated milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.at(self.started.elapsed())
    }

    fn at(&self, elapsed: Duration) -> i64 {
        let simulated_ms = elapsed.as_secs_f64() * self.scale * 1_000.0;
        self.base_ms
            .saturating_add(simulated_ms as i64)
            .saturating_add(self.advanced_ms.load(Ordering::Relaxed))
    }

    /// Simulated seconds since 1970.
    #[must_use]
    pub fn now_secs(&self) -> i64 {
        self.now_ms().div_euclid(1_000)
    }

    /// Moves the simulated time forward, for instance past the 24-hour window. Work already scheduled keeps its
    /// real delay; only windows, rates and time stamps see the jump.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.advanced_ms
            .fetch_add(by_ms.min(i64::MAX / 4), Ordering::Relaxed);
    }

    /// The real time that a simulated span takes.
    #[must_use]
    pub fn real(&self, simulated_ms: u64) -> Duration {
        Duration::try_from_secs_f64(simulated_ms as f64 / 1_000.0 / self.scale).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_scaled_and_jumps_forward() {
        let clock = SimClock::new(1_000_000, 60.0);
        assert_eq!(clock.at(Duration::from_secs(2)), 1_000_000 + 120_000);
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(clock.at(Duration::from_secs(2)), 1_000_000 + 120_000 + 3_600_000);
        assert_eq!(clock.real(60_000), Duration::from_secs(1));
    }

    #[test]
    fn a_senseless_scale_counts_as_one() {
        for scale in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(SimClock::new(0, scale).real(500), Duration::from_millis(500));
        }
    }
}
