//! Deliveries between the door and the conversations: those being made durable, and those that wait to be worked in.
//!
//! Making durable goes first: a provider that is not answered in time sends again, while what is durable loses nothing by
//! waiting. So while many deliveries are at the door at once, whoever works them in rests a moment between two rounds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Deliveries at the door at once from which on working in rests. A steady stream has a few of them: its rate times the
/// time that a commit takes (1,000 a second times 3 ms). A burst has as many as the senders have connections.
const CROWD: usize = 24;
/// Deliveries at the door from which down the crowd is gone. Fewer than half, because a commit answers many at once,
/// and they come again at once.
const GONE: usize = 4;
/// The longest rest: working in goes on all the same, if the crowd does not end.
const REST: Duration = Duration::from_millis(100);

/// The counts, shared by everyone who changes them.
#[derive(Default)]
pub struct Backlog {
    arriving: AtomicUsize,
    waiting: AtomicUsize,
    eased: Notify,
}

/// A delivery at the door, until it is dropped.
pub(super) struct Arrival<'a>(&'a Backlog);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if self.0.arriving.fetch_sub(1, Ordering::Relaxed) == GONE + 1 {
            self.0.eased.notify_waiters();
        }
    }
}

impl Backlog {
    /// With raw events that wait already.
    pub fn new(waiting: usize) -> Self {
        Self {
            waiting: AtomicUsize::new(waiting),
            ..Self::default()
        }
    }

    /// Raw events that wait to be worked in, over all channels.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A delivery is at the door.
    pub(super) fn arrive(&self) -> Arrival<'_> {
        self.arriving.fetch_add(1, Ordering::Relaxed);
        Arrival(self)
    }

    /// Raw events are about to wait.
    pub(super) fn add(&self, count: usize) {
        self.waiting.fetch_add(count, Ordering::Relaxed);
    }

    /// Raw events wait no longer.
    pub(super) fn remove(&self, count: usize) {
        let less = |waiting: usize| Some(waiting.saturating_sub(count));
        if self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_err()
        {
            unreachable!("there is always a lesser count");
        }
    }

    /// Returns when the crowd at the door is gone, and in any case after a moment.
    pub(super) async fn rest(&self) {
        let eased = self.eased.notified();
        if self.arriving.load(Ordering::Relaxed) >= CROWD {
            // That the time ran out is as good.
            drop(tokio::time::timeout(REST, eased).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_never_goes_below_nothing() {
        let backlog = Backlog::new(2);
        backlog.add(3);
        backlog.remove(4);
        assert_eq!(backlog.waiting(), 1);
        backlog.remove(9);
        assert_eq!(backlog.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn working_in_rests_while_there_is_a_crowd_and_goes_on_when_it_is_gone_or_lasts() {
        let backlog = Backlog::default();
        let begun = tokio::time::Instant::now();
        let mut crowd: Vec<_> = (1..CROWD).map(|_| backlog.arrive()).collect();
        backlog.rest().await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "a few are no crowd");

        crowd.push(backlog.arrive());
        backlog.rest().await;
        assert_eq!(
            begun.elapsed(),
            REST,
            "a crowd that lasts holds up for so long only"
        );

        let leaves = async {
            tokio::time::sleep(REST / 5).await;
            crowd.truncate(GONE);
        };
        let begun = tokio::time::Instant::now();
        tokio::join!(backlog.rest(), leaves);
        assert_eq!(begun.elapsed(), REST / 5, "the crowd is gone");
    }
}
