//! The figures' recent past: what changed within a window of time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::actors::tally::{Reading, Sends};
use crate::domain::ChannelId;

/// How far back anything is judged.
const LONGEST: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);

/// Readings, oldest first; none older than is needed.
#[derive(Default)]
pub(super) struct History {
    readings: VecDeque<(Instant, Reading, u64)>,
}

impl History {
    /// Adds a reading of the counts and of the search index's lag.
    pub(super) fn add(&mut self, at: Instant, reading: Reading, lag: u64) {
        self.readings.push_back((at, reading, lag));
        // One reading older than the window stays: it is what the window is measured from.
        while self
            .readings
            .get(1)
            .is_some_and(|(second, _, _)| at.duration_since(*second) >= LONGEST)
        {
            self.readings.pop_front();
        }
    }

    /// The newest reading, and the newest of those that are at least `age` older; the oldest if none is.
    fn ends(&self, age: Duration) -> Option<(&Reading, &Reading)> {
        let (now, newest, _) = self.readings.back()?;
        let old_enough = |(at, _, _): &&(Instant, Reading, u64)| now.duration_since(*at) >= age;
        let before = self
            .readings
            .iter()
            .rev()
            .find(old_enough)
            .or_else(|| self.readings.front())?;
        Some((&before.1, newest))
    }

    /// Refused signatures in the last minute.
    pub(super) fn bad_signatures(&self) -> u64 {
        self.ends(MINUTE).map_or(0, |(before, now)| {
            now.bad_signatures.saturating_sub(before.bad_signatures)
        })
    }

    /// How sending went on a channel in the last ten minutes.
    pub(super) fn sends(&self, channel: ChannelId) -> Sends {
        let Some((before, now)) = self.ends(LONGEST) else {
            return Sends::default();
        };
        let of = |reading: &Reading| reading.sends.get(&channel).copied().unwrap_or_default();
        let (before, now) = (of(before), of(now));
        Sends {
            accepted: now.accepted.saturating_sub(before.accepted),
            failed: now.failed.saturating_sub(before.failed),
        }
    }

    /// The least lag within the last two minutes; none while they are not over.
    pub(super) fn least_lag(&self) -> u64 {
        let Some((now, _, _)) = self.readings.back() else {
            return 0;
        };
        let window = 2 * MINUTE;
        let is_full = self
            .readings
            .front()
            .is_some_and(|(at, _, _)| now.duration_since(*at) >= window);
        let recent = self
            .readings
            .iter()
            .filter(|(at, _, _)| now.duration_since(*at) <= window);
        match is_full {
            true => recent.map(|(_, _, lag)| *lag).min().unwrap_or(0),
            false => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_forget_what_is_over() {
        let channel = ChannelId([1; 16]);
        let start = Instant::now();
        let mut history = History::default();
        let mut reading = Reading::default();
        let mut step = |history: &mut History, seconds: u64, bad: u64, failed: u64, lag: u64| {
            reading.bad_signatures += bad;
            reading.sends.entry(channel).or_default().failed += failed;
            history.add(start + Duration::from_secs(seconds), reading.clone(), lag);
        };
        step(&mut history, 0, 5, 0, 9);
        assert_eq!(
            history.bad_signatures(),
            0,
            "what was before the first reading is not of the last minute"
        );
        step(&mut history, 5, 7, 3, 9);
        assert_eq!((history.bad_signatures(), history.sends(channel).failed), (7, 3));
        assert_eq!(history.least_lag(), 0, "too early to tell");
        for second in (10..=600).step_by(5) {
            step(&mut history, second, 0, 0, 9);
        }
        assert_eq!((history.bad_signatures(), history.sends(channel).failed), (0, 3));
        assert_eq!(history.least_lag(), 9);
        step(&mut history, 605, 0, 0, 4);
        step(&mut history, 610, 1, 0, 9);
        assert_eq!((history.bad_signatures(), history.sends(channel).failed), (1, 0));
        assert_eq!(history.least_lag(), 4);
        assert!(history.readings.len() < 130, "{}", history.readings.len());
    }
}
