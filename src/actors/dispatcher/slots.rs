//! When the next message of a number may go: never more than the rate in any second, as the provider counts, and close to it.
//!
//! A message reaches the provider somewhere between its start and its answer. One that is the rate's number later may start
//! a second after the latest moment at which it can have arrived. The shortest trip of late is what every message takes, and
//! tells nothing about one of them; where answers are uneven anyway, neither does a longer one.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// As many messages as the rate take at least this long: a second, and what clocks are rounded by.
const SPAN: Duration = Duration::from_millis(1_003);
/// What a message may have arrived later than the quickest, at most, as long as answers come evenly.
const MAX_LATE: Duration = Duration::from_millis(300);
/// The same where they do not: the provider takes its time after it counted. A second of sending takes at most this much
/// longer for it.
const MAX_LATE_UNEVEN: Duration = Duration::from_millis(50);
/// Trips that are on average this much longer than the shortest are uneven.
const UNEVEN: Duration = Duration::from_millis(25);
/// The average is that of about so many answers.
const AVERAGED: u32 = 64;
/// How much may go at once, as a share of the rate: a timer's millisecond too late is made up for.
const BURST: f64 = 0.01;
/// How much quicker than the rate they go while the window has room.
const CATCH_UP: f64 = 1.03;
/// From this rate on two at once fit.
const TWO_FIT: u32 = 67;
/// The shortest trip is that of so many answers at least, and of at most twice as many.
const TRIPS: u32 = 1_000;

/// The slot of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(u64);

/// A message on its way.
#[derive(Debug)]
struct Sent {
    at: Instant,
    /// How long it took there and back; nothing while the answer is out.
    trip: Duration,
}

/// What trips to the provider and back were like of late.
#[derive(Debug)]
struct Trips {
    /// The shortest of these and of those before them.
    shortest: [Duration; 2],
    seen: u32,
    /// How much longer than the shortest they are on average.
    average: Duration,
}

impl Trips {
    const NONE: Self = Self {
        shortest: [Duration::MAX; 2],
        seen: 0,
        average: Duration::ZERO,
    };

    fn note(&mut self, trip: Duration) {
        if self.seen == TRIPS {
            self.shortest = [Duration::MAX, self.shortest[0]];
            self.seen = 0;
        }
        self.seen += 1;
        self.shortest[0] = self.shortest[0].min(trip);
        let longer = self.longer(trip).min(MAX_LATE);
        self.average = (self.average * (AVERAGED - 1) + longer) / AVERAGED;
    }

    fn longer(&self, trip: Duration) -> Duration {
        trip.saturating_sub(self.shortest[0].min(self.shortest[1]))
    }

    /// How much later than the quickest a message may have arrived.
    fn late(&self, trip: Duration) -> Duration {
        let most = match self.average > UNEVEN {
            true => MAX_LATE_UNEVEN,
            false => MAX_LATE,
        };
        self.longer(trip).min(most)
    }
}

/// The slots of one rate. A window keeps the rate; a spacing spreads the messages over it. What a moment without processor
/// or disk cost is regained, since the window only looks at what was really sent.
pub(super) struct Slots {
    rate: usize,
    /// The last messages, as many as the rate.
    sent: VecDeque<Sent>,
    /// The number of the first of them.
    first: u64,
    trips: Trips,
    spacing: Duration,
    /// How far ahead of the spacing messages may be.
    slack: Duration,
    /// When the next one would go by the spacing alone.
    next: Instant,
}

impl Slots {
    /// For `rate` messages a second, at least one.
    pub(super) fn new(rate: u32) -> Self {
        let rate = rate.max(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (f64::from(rate) * BURST) as u32;
        let burst = share.max(if rate >= TWO_FIT { 2 } else { 1 });
        let spacing = Duration::from_secs_f64(1.0 / (f64::from(rate) * CATCH_UP));
        Self {
            rate: rate as usize,
            sent: VecDeque::with_capacity(rate as usize),
            first: 0,
            trips: Trips::NONE,
            spacing,
            slack: spacing * (burst - 1),
            next: Instant::now(),
        }
    }

    /// The slots of another rate, from here on: what was sent counts on, and so do the trips and the slots' numbers.
    pub(super) fn at_rate(mut self, rate: u32) -> Self {
        let new = Self::new(rate);
        while self.sent.len() > new.rate {
            self.sent.pop_front();
            self.first += 1;
        }
        Self {
            sent: self.sent,
            first: self.first,
            trips: self.trips,
            ..new
        }
    }

    /// Whether the next slot has come.
    pub(super) fn has_come(&self) -> bool {
        let now = Instant::now();
        let fits = match self.sent.front() {
            Some(first) if self.sent.len() == self.rate => {
                now - first.at >= SPAN + self.trips.late(first.trip)
            }
            _ => true,
        };
        fits && self.next <= now + self.slack
    }

    /// Takes the next slot if it has come.
    pub(super) fn take(&mut self) -> Option<Slot> {
        if !self.has_come() {
            return None;
        }
        let at = Instant::now();
        self.next = self.next.max(at) + self.spacing;
        if self.sent.len() == self.rate {
            self.sent.pop_front();
            self.first += 1;
        }
        self.sent.push_back(Sent {
            at,
            trip: Duration::ZERO,
        });
        Some(Slot(self.first + self.sent.len() as u64 - 1))
    }

    /// Notes when the provider's answer to the message of a slot came.
    pub(super) fn answered(&mut self, slot: Slot, at: Instant) {
        // One so long ago bounds nothing any more.
        let place = slot.0.checked_sub(self.first);
        let Some(sent) = place.and_then(|place| self.sent.get_mut(usize::try_from(place).ok()?)) else {
            return;
        };
        sent.trip = at.saturating_duration_since(sent.at);
        self.trips.note(sent.trip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Takes every slot for `seconds`, a millisecond at a time. `stall` says how many of them pass without a look, `trip`
    /// how many a message is on its way there, and back. Answers when each arrived.
    async fn run(
        rate: u32,
        seconds: u64,
        stall: impl Fn(u128) -> u32,
        trip: impl Fn(usize) -> (u64, u64),
    ) -> Vec<u128> {
        let mut slots = Slots::new(rate);
        let start = Instant::now();
        let (mut arrived, mut under_way) = (Vec::new(), Vec::new());
        while start.elapsed() < Duration::from_secs(seconds) {
            under_way.retain(|(slot, answer)| {
                let is_there = *answer <= Instant::now();
                if is_there {
                    slots.answered(*slot, *answer);
                }
                !is_there
            });
            while let Some(slot) = slots.take() {
                let (there, back) = trip(arrived.len());
                arrived.push((start.elapsed() + Duration::from_millis(there)).as_millis());
                under_way.push((slot, Instant::now() + Duration::from_millis(there + back)));
            }
            tokio::time::advance(MS * (1 + stall(start.elapsed().as_millis()))).await;
        }
        arrived.sort_unstable();
        arrived
    }

    fn at_once(_: usize) -> (u64, u64) {
        (0, 0)
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
            let sent = run(rate, 20, |_| 0, at_once).await;
            assert!(most_in_a_second(&sent) <= rate as usize);
            let share = share(sent.len(), rate, 20);
            assert!((0.98..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_stalled_moment_cost_is_regained_without_a_second_above_the_rate() {
        for rate in [80_u32, 1000] {
            // 40 ms without processor, every five seconds.
            let sent = run(rate, 20, |at| if at % 5000 < 2 { 40 } else { 0 }, at_once).await;
            assert!(most_in_a_second(&sent) <= rate as usize);
            let share = share(sent.len(), rate, 20);
            assert!((0.98..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_provider_sees_no_more_than_the_rate_though_messages_take_longer_or_shorter() {
        // Up to 50 ms more there or back than the quickest, which takes 120 ms.
        let uneven = |index: usize| {
            let more = (index as u64).wrapping_mul(7919) % 51;
            let there = (index as u64 / 7) % (more + 1);
            (40 + there, 80 + more - there)
        };
        for rate in [80_u32, 1000] {
            let arrived = run(rate, 20, |_| 0, uneven).await;
            assert!(most_in_a_second(&arrived) <= rate as usize);
            let share = share(arrived.len(), rate, 20);
            assert!((0.94..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_trip_now_and_then_costs_little_and_lets_no_second_see_more() {
        // Now and then something stands still for a quarter of a second, and all that is on its way with it.
        let mostly_quick = |index: usize| match index % 701 {
            0..=2 => (12, 3),
            350 => (250, 1),
            _ => (1, 1),
        };
        for rate in [80_u32, 1000] {
            let arrived = run(rate, 60, |_| 0, mostly_quick).await;
            assert!(most_in_a_second(&arrived) <= rate as usize);
            let share = share(arrived.len(), rate, 60);
            assert!((0.75..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_answers_unevenly_is_sent_to_nearly_as_fast() {
        // It counts at once and thinks for up to 800 ms.
        let thinks = |index: usize| (20, 200 + (index as u64).wrapping_mul(7919) % 600);
        for rate in [80_u32, 1000] {
            let arrived = run(rate, 20, |_| 0, thinks).await;
            assert!(most_in_a_second(&arrived) <= rate as usize);
            let share = share(arrived.len(), rate, 20);
            assert!((0.93..=1.0).contains(&share), "{share} of {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_way_that_became_longer_for_good_costs_only_for_a_while() {
        let mut slots = Slots::new(1000);
        let mut late = Vec::new();
        for index in 0..4 * TRIPS {
            let trip = if index < TRIPS { 2 * MS } else { 40 * MS };
            tokio::time::advance(2 * MS).await;
            let slot = slots.take().expect("half of the rate has a slot every time");
            slots.answered(slot, Instant::now() + trip);
            let last = slots.sent.back().expect("it was just taken");
            late.push(slots.trips.late(last.trip));
        }
        assert_eq!(late[TRIPS as usize], 38 * MS);
        assert_eq!(late.last(), Some(&Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_what_left_the_window_changes_nothing() {
        let mut slots = Slots::new(1);
        let first = slots.take().expect("the first slot");
        tokio::time::advance(2 * SPAN).await;
        slots.take().expect("the second slot");
        slots.answered(first, Instant::now());
        slots.answered(Slot(99), Instant::now());
        assert_eq!(slots.trips.seen, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_rate_forgets_nothing_that_was_sent() {
        for (before, after) in [(100, 10), (10, 100)] {
            let mut slots = Slots::new(before);
            let mut arrived = Vec::new();
            let start = Instant::now();
            let mut taken = None;
            while start.elapsed() < Duration::from_secs(3) {
                if arrived.len() == 10 && slots.rate == before as usize {
                    slots = slots.at_rate(after);
                }
                while let Some(slot) = slots.take() {
                    taken = Some(slot);
                    arrived.push(start.elapsed().as_millis());
                    if slots.rate == before as usize && arrived.len() == 10 {
                        break;
                    }
                }
                tokio::time::advance(MS).await;
            }
            assert_eq!(
                taken,
                Some(Slot(arrived.len() as u64 - 1)),
                "each has a number of its own"
            );
            assert!(
                most_in_a_second(&arrived) <= after.max(10) as usize,
                "{before} to {after}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_rates_keep_their_pace() {
        for rate in [0_u32, 1, 3, 20] {
            let sent = run(rate, 30, |_| 0, at_once).await;
            let share = share(sent.len(), rate.max(1), 30);
            assert!((0.94..=1.04).contains(&share), "{share} of {rate}/s");
        }
    }
}
