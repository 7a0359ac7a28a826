//! When the next message of a number may go: never more than the rate in any second, as the provider counts, and close to it.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// Tokio's time for the limiter, so that paused time holds it still.
#[derive(Clone, Debug)]
pub(super) struct TokioClock(Instant);

impl TokioClock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl GovernorClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

/// As many messages as the rate take at least this long: a second, and what the way to the provider may take less for a
/// later message than for an earlier one. It costs 1.7 % of the rate.
const SPAN: Duration = Duration::from_micros(1_017_300);
/// How much may go at once, as a share of the rate: a timer's millisecond too late is made up for.
const BURST: f64 = 0.01;
/// How much quicker than the rate they go while the window has room.
const CATCH_UP: f64 = 1.02;
/// From this rate on two at once fit.
const TWO_FIT: u32 = 67;

/// The slots of one rate. A window keeps the rate; a bucket spreads the messages over it. What a moment without processor
/// or disk cost is regained, since the window only looks at what was really sent.
pub(super) struct Slots {
    rate: usize,
    sent: VecDeque<Instant>,
    bucket: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
}

impl Slots {
    /// For `rate` messages a second, at least one.
    pub(super) fn new(rate: u32, clock: &TokioClock) -> Self {
        let rate = rate.max(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (f64::from(rate) * BURST) as u32;
        let burst =
            NonZeroU32::new(share.max(if rate >= TWO_FIT { 2 } else { 1 })).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_secs_f64(1.0 / (f64::from(rate) * CATCH_UP));
        let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_second(burst));
        Self {
            rate: rate as usize,
            sent: VecDeque::with_capacity(rate as usize),
            bucket: RateLimiter::new(quota.allow_burst(burst), InMemoryState::default(), clock.clone()),
        }
    }

    /// Takes the next slot if it has come.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        let full = self.sent.len() == self.rate;
        let too_soon = full && self.sent.front().is_some_and(|first| now - *first < SPAN);
        if too_soon || self.bucket.check().is_err() {
            return false;
        }
        if full {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Takes every slot for `seconds`, a millisecond at a time; `stall` says how many of them pass without a look.
    async fn run(rate: u32, seconds: u64, stall: impl Fn(u128) -> u32) -> Vec<u128> {
        let mut slots = Slots::new(rate, &TokioClock::start());
        let start = Instant::now();
        let mut sent = Vec::new();
        while start.elapsed() < Duration::from_secs(seconds) {
            while slots.take() {
                sent.push(start.elapsed().as_millis());
            }
            tokio::time::advance(MS * (1 + stall(start.elapsed().as_millis()))).await;
        }
        sent
    }

    fn most_in_a_second(at: &[u128]) -> usize {
        let in_second = |(index, first): (usize, &u128)| {
            at[index..]
                .iter()
                .take_while(|later| **later < first + 1000)
                .count()
        };
        at.iter().enumerate().map(in_second).max().unwrap_or_default()
    }

    fn share(sent: usize, rate: u32, seconds: u32) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let sent = sent as f64;
        sent / f64::from(rate * seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_the_rate_and_the_average_is_within_two_percent() {
        for rate in [80_u32, 250, 1000] {
            let sent = run(rate, 20, |_| 0).await;
            assert!(most_in_a_second(&sent) <= rate as usize);
            let share = share(sent.len(), rate, 20);
            assert!((0.98..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_stalled_moment_cost_is_regained_without_a_second_above_the_rate() {
        for rate in [80_u32, 1000] {
            // 40 ms without processor, every five seconds.
            let sent = run(rate, 20, |at| if at % 5000 < 2 { 40 } else { 0 }).await;
            assert!(most_in_a_second(&sent) <= rate as usize);
            let share = share(sent.len(), rate, 20);
            assert!((0.98..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_provider_sees_no_more_than_the_rate_though_messages_take_longer_or_shorter() {
        for rate in [80_u32, 1000] {
            let mut arrived = run(rate, 20, |_| 0).await;
            for (index, at) in arrived.iter_mut().enumerate() {
                *at += (index as u128).wrapping_mul(7919) % 17;
            }
            arrived.sort_unstable();
            assert!(most_in_a_second(&arrived) <= rate as usize);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_rates_keep_their_pace() {
        for rate in [0_u32, 1, 3, 20] {
            let sent = run(rate, 30, |_| 0).await;
            let share = share(sent.len(), rate.max(1), 30);
            assert!((0.94..=1.04).contains(&share), "{share} of {rate}/s");
        }
    }
}
