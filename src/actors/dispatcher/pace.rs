//! How fast: slots for the number, one spacing for each recipient, and pauses that the provider asked for.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::actors::core::Core;
use crate::actors::registry::ChannelEntry;
use crate::domain::ContactId;
use crate::domain::health::Quality;
use crate::domain::operations::SendPriority;

use super::slots::{Slot, Slots};

/// Tokio's time for the limiter, so that paused time holds it still.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl GovernorClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

type Keyed = RateLimiter<ContactId, DefaultKeyedStateStore<ContactId>, TokioClock, NoOpMiddleware<Nanos>>;

/// Recipients remembered before those that are long quiet are forgotten.
const MAX_RECIPIENTS: usize = 20_000;

/// The pace of one channel.
pub(super) struct Pace {
    rate: u32,
    clock: TokioClock,
    number: Slots,
    recipients: Option<Keyed>,
    paused_until: Option<Instant>,
    /// What is sent in bulk, while the number's quality is in doubt.
    bulk: Option<Slots>,
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
            number: Slots::new(rate),
            recipients,
            bulk: slowed(core, entry).then(|| Slots::new(rate / SLOWED)),
            clock,
            paused_until: None,
        }
    }

    /// Takes a changed rate over.
    pub(super) fn adjust(&mut self, core: &Core, entry: &ChannelEntry) {
        let rate = rate(core, entry);
        if rate != self.rate {
            self.rate = rate;
            let number = std::mem::replace(&mut self.number, Slots::new(rate));
            self.number = number.at_rate(rate);
            self.bulk = None;
        }
        match (slowed(core, entry), self.bulk.is_some()) {
            (true, false) => self.bulk = Some(Slots::new(rate / SLOWED)),
            (false, true) => self.bulk = None,
            _ => {}
        }
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

    /// Takes the next slot for a message of this priority if it has come. Bulk may have slots of its own besides; replies
    /// never wait for those.
    pub(super) fn take_slot(&mut self, priority: SendPriority) -> Option<Slot> {
        if self.paused_for().is_some() || !self.number.has_come() {
            return None;
        }
        if let (SendPriority::Bulk, Some(bulk)) = (priority, &mut self.bulk) {
            bulk.take()?;
        }
        self.number.take()
    }

    /// Notes when the provider's answer to the message of a slot came.
    pub(super) fn answered(&mut self, slot: Slot, at: Instant) {
        self.number.answered(slot, at);
    }

    /// How long until the next slot.
    pub(super) fn next_slot(&self) -> Duration {
        let spacing = Duration::from_secs(1) / self.rate.max(1);
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
