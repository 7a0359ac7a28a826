//! How fast: one bucket for the number, one spacing for each recipient, and pauses that the provider asked for.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::domain::ContactId;
use crate::domain::health::Quality;

/// Tokio's time for the limiter, so that paused time holds it still.
#[derive(Clone, Debug)]
pub(super) struct TokioClock(Instant);

impl GovernorClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

type Direct = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;
type Keyed = RateLimiter<ContactId, DefaultKeyedStateStore<ContactId>, TokioClock, NoOpMiddleware<Nanos>>;

/// Recipients remembered before those that are long quiet are forgotten.
const MAX_RECIPIENTS: usize = 20_000;

/// A part of the rate is left free, so that a window of one second never sees more than the rate: the bucket refills at
/// 98.3 % and holds 1 %, but at least two where two fit, so that a timer's millisecond too late is made up for.
const REFILL: f64 = 0.983;
const BURST: f64 = 0.01;
const TWO_FIT: u32 = 67;

/// The pace of one channel.
pub(super) struct Pace {
    rate: u32,
    clock: TokioClock,
    number: Direct,
    recipients: Option<Keyed>,
    paused_until: Option<Instant>,
    /// What is sent in bulk, while the number's quality is in doubt.
    bulk: Option<Direct>,
}

impl Pace {
    pub(super) fn new(core: &Core, entry: &ChannelEntry) -> Self {
        let clock = TokioClock(Instant::now());
        let rate = rate(core, entry);
        let recipients = core.provider(entry.kind).and_then(|provider| {
            let capabilities = provider.capabilities_for(&entry.channel.settings);
            let burst = NonZeroU32::new(capabilities.pair_burst)?;
            let spacing = Duration::from_secs(capabilities.pair_spacing_s.into());
            Some(RateLimiter::new(
                Quota::with_period(spacing)?.allow_burst(burst),
                DefaultKeyedStateStore::default(),
                clock.clone(),
            ))
        });
        Self {
            rate,
            number: number_bucket(rate, &clock),
            recipients,
            bulk: slowed(core, entry).then(|| number_bucket((rate / SLOWED).max(1), &clock)),
            clock,
            paused_until: None,
        }
    }

    /// Takes a changed rate over.
    pub(super) fn adjust(&mut self, core: &Core, entry: &ChannelEntry) {
        let rate = rate(core, entry);
        if rate != self.rate {
            self.rate = rate;
            self.number = number_bucket(rate, &self.clock);
            self.bulk = None;
        }
        match (slowed(core, entry), self.bulk.is_some()) {
            (true, false) => self.bulk = Some(number_bucket((rate / SLOWED).max(1), &self.clock)),
            (false, true) => self.bulk = None,
            _ => {}
        }
    }

    /// Takes bulk's next slot if it has one of its own and it has come. Replies never wait for it.
    pub(super) fn bulk_may(&self) -> bool {
        self.bulk.as_ref().is_none_or(|bulk| bulk.check().is_ok())
    }

    /// Messages to mark active ahead of their slots: 50 ms of sending, so that no slot is lost while marking takes a
    /// moment. Replies do not wait for them; after a crash all of them are doubtful, so they must be few.
    pub(super) fn look_ahead(&self, probing: bool) -> usize {
        match (self.paused_for().is_some(), probing) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => (self.rate as usize / 20).max(2),
        }
    }

    /// Takes the next slot if it has come.
    pub(super) fn take_slot(&mut self) -> bool {
        self.paused_for().is_none() && self.number.check().is_ok()
    }

    /// How long until the next slot.
    pub(super) fn next_slot(&self) -> Duration {
        let spacing = Duration::from_secs_f64(1.0 / (f64::from(self.rate) * REFILL));
        self.paused_for()
            .unwrap_or_else(|| spacing.min(Duration::from_millis(2)))
    }

    /// Nothing goes out for this long.
    pub(super) fn pause(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |old| old.max(until)));
    }

    /// How long the pause still lasts.
    pub(super) fn paused_for(&self) -> Option<Duration> {
        self.paused_until
            .and_then(|until| until.checked_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }

    /// Takes the recipient's next place, or says how long they must wait.
    pub(super) fn recipient_wait(&mut self, contact: ContactId) -> Option<Duration> {
        let recipients = self.recipients.as_ref()?;
        if recipients.len() > MAX_RECIPIENTS {
            recipients.retain_recent();
        }
        match recipients.check_key(&contact) {
            Ok(()) => None,
            Err(not_until) => Some(Duration::from(
                not_until.earliest_possible().duration_since(self.clock.now()),
            )),
        }
    }
}

/// Bulk goes at a quarter of the rate while quality is in doubt.
const SLOWED: u32 = 4;

/// Whether bulk slows down: customers have begun to complain, and fewer messages give them less reason.
fn slowed(core: &Core, entry: &ChannelEntry) -> bool {
    let health = core.health(entry.workspace, entry.channel.id);
    health.is_ok_and(|health| health.quality == Quality::Yellow)
}

fn number_bucket(rate: u32, clock: &TokioClock) -> Direct {
    let period = Duration::from_secs_f64(1.0 / (f64::from(rate) * REFILL));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let share = (f64::from(rate) * BURST) as u32;
    let burst = NonZeroU32::new(share.max(if rate >= TWO_FIT { 2 } else { 1 })).unwrap_or(NonZeroU32::MIN);
    let quota =
        Quota::with_period(period).map_or_else(|| Quota::per_second(burst), |quota| quota.allow_burst(burst));
    RateLimiter::new(quota, InMemoryState::default(), clock.clone())
}

/// The channel's rate in messages a second: its setting within the provider's bounds.
pub(in crate::actors) fn rate(core: &Core, entry: &ChannelEntry) -> u32 {
    let provider = core.provider(entry.kind);
    let Some(capabilities) = provider.map(|provider| provider.capabilities_for(&entry.channel.settings))
    else {
        return 1;
    };
    let setting = entry
        .channel
        .settings
        .get("rate_per_s")
        .and_then(|text| text.parse::<u32>().ok());
    // The provider raised the number: as fast as it may, unless the team wants it slower.
    let granted = match core.health(entry.workspace, entry.channel.id) {
        Ok(health) if health.high_throughput => capabilities.max_rate_per_s,
        _ => capabilities.default_rate_per_s,
    };
    setting.unwrap_or(granted).clamp(1, capabilities.max_rate_per_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_the_rate_and_the_average_is_within_two_percent() {
        for rate in [80_u32, 1000] {
            let bucket = number_bucket(rate, &TokioClock(Instant::now()));
            let start = Instant::now();
            let mut sent = Vec::new();
            while start.elapsed() < Duration::from_secs(20) {
                while bucket.check().is_ok() {
                    sent.push(start.elapsed().as_millis());
                }
                tokio::time::advance(Duration::from_millis(1)).await;
            }
            for (index, at) in sent.iter().enumerate() {
                let in_second = sent[index..]
                    .iter()
                    .take_while(|later| **later < at + 1000)
                    .count();
                assert!(
                    in_second <= rate as usize,
                    "{in_second} in one second at {rate}/s"
                );
            }
            #[allow(clippy::cast_precision_loss)]
            let share = sent.len() as f64 / f64::from(rate * 20);
            assert!((0.98..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }
}
