//! What waits to be sent: at most one notice for each device and group, the newest. In memory only: what a restart forgets
//! is read again from the journal, as far as it is still news.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::compose::{Group, Subject};
use crate::domain::Timestamp;
use crate::storage::keys::PushDeviceKey;

/// Most notices that wait; what comes beyond is left out.
pub(super) const MAX_WAITING: usize = 10_000;
/// A device is not told of the same group again so soon: bursts make two notices, the second of which counts the rest.
const SPACING: Duration = Duration::from_secs(3);
/// Pauses after the first, second … failure; the last one repeats.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(240),
];

/// One device's one group.
type Slot = ([u8; 16], Group);

/// A notice that is to be sent.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub device: PushDeviceKey,
    pub subject: Subject,
    /// The event's place in the journal.
    pub seq: u64,
    /// When the event was decided.
    pub since: Timestamp,
    /// Times tried.
    pub attempts: u32,
    due: Instant,
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Slot, Waiting>,
    /// Being sent, with their places in the journal. One at a time for each device.
    flying: HashMap<[u8; 16], u64>,
    /// Until when a group that was just told is not told again.
    spaced: HashMap<Slot, Instant>,
    /// Until when nothing is sent to a device.
    held: HashMap<[u8; 16], Instant>,
}

const fn slot(device: &PushDeviceKey, subject: Subject) -> Slot {
    (device.session.0, subject.group())
}

impl Queue {
    /// Adds a notice in place of the one of its group. Answers whether there was room.
    pub(super) fn add(
        &mut self,
        device: PushDeviceKey,
        subject: Subject,
        (seq, since): (u64, Timestamp),
        now: Instant,
    ) -> bool {
        let slot = slot(&device, subject);
        if !self.waiting.contains_key(&slot) && self.waiting.len() >= MAX_WAITING {
            return false;
        }
        let pauses = [self.spaced.get(&slot), self.held.get(&slot.0)];
        let due = pauses.into_iter().flatten().copied().fold(now, Instant::max);
        let waiting = Waiting {
            device,
            subject,
            seq,
            since,
            attempts: 0,
            due,
        };
        self.waiting.insert(slot, waiting);
        true
    }

    /// Takes out a notice that is due, of a device that none is under way to.
    pub(super) fn take(&mut self, now: Instant) -> Option<Waiting> {
        let mut due = self
            .waiting
            .iter()
            .filter(|(slot, waiting)| waiting.due <= now && !self.flying.contains_key(&slot.0));
        let slot = *due.next()?.0;
        let waiting = self.waiting.remove(&slot)?;
        self.flying.insert(slot.0, waiting.seq);
        Some(waiting)
    }

    /// It was told, or is not to be told any more.
    pub(super) fn done(&mut self, sent: &Waiting, now: Instant) {
        let slot = slot(&sent.device, sent.subject);
        self.flying.remove(&slot.0);
        let free = now + SPACING;
        self.spaced.insert(slot, free);
        if let Some(next) = self.waiting.get_mut(&slot) {
            next.due = next.due.max(free);
        }
        self.tidy(now);
    }

    /// There is nothing for this device any more.
    pub(super) fn forget(&mut self, device: &PushDeviceKey) {
        let session = device.session.0;
        self.flying.remove(&session);
        self.waiting.retain(|slot, _| slot.0 != session);
    }

    /// It is to be tried again, with all that waits for the device.
    pub(super) fn again(&mut self, mut sent: Waiting, wait: Option<Duration>, now: Instant) {
        let slot = slot(&sent.device, sent.subject);
        self.flying.remove(&slot.0);
        let failed = usize::try_from(sent.attempts).unwrap_or(usize::MAX);
        let pause = PAUSES[failed.min(PAUSES.len() - 1)].max(wait.unwrap_or_default());
        let free = now + pause;
        self.held.insert(slot.0, free);
        for (_, other) in self.waiting.iter_mut().filter(|(other, _)| other.0 == slot.0) {
            other.due = other.due.max(free);
        }
        sent.attempts = sent.attempts.saturating_add(1);
        sent.due = free;
        // A newer one of its group says all.
        let attempts = sent.attempts;
        let waiting = self.waiting.entry(slot).or_insert(sent);
        waiting.attempts = waiting.attempts.max(attempts);
        self.tidy(now);
    }

    /// Forgets pauses that are over.
    fn tidy(&mut self, now: Instant) {
        if self.spaced.len() > MAX_WAITING {
            self.spaced.retain(|_, until| *until > now);
        }
        if self.held.len() > MAX_WAITING {
            self.held.retain(|_, until| *until > now);
        }
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let free = |slot: &Slot| !self.flying.contains_key(&slot.0);
        let due = self.waiting.iter().filter(|(slot, _)| free(slot));
        due.map(|(_, waiting)| waiting.due).min()
    }

    /// The first event that is not told yet.
    pub(super) fn oldest(&self) -> Option<u64> {
        let waiting = self.waiting.values().map(|waiting| waiting.seq);
        waiting.chain(self.flying.values().copied()).min()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConversationId, MessageId, SessionId, UserId, WorkspaceId};

    fn device(n: u8) -> PushDeviceKey {
        PushDeviceKey {
            workspace: WorkspaceId([1; 16]),
            user: UserId([2; 16]),
            session: SessionId([n; 16]),
        }
    }

    const fn message(conversation: u8, n: u32) -> Subject {
        Subject::Message(MessageId {
            conversation: ConversationId([conversation; 16]),
            n,
        })
    }

    const AT: Timestamp = Timestamp(0);

    #[test]
    fn the_newest_of_a_group_replaces_and_a_burst_makes_two() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let add = |queue: &mut Queue, n: u32, now| queue.add(device(1), message(1, n), (n.into(), AT), now);
        assert!(add(&mut queue, 1, now));
        let first = queue.take(now).expect("due at once");
        assert!(add(&mut queue, 2, now) && add(&mut queue, 3, now));
        assert_eq!(queue.len(), 1);
        assert!(queue.take(now).is_none(), "one at a time for a device");
        assert_eq!(queue.oldest(), Some(1));
        queue.done(&first, now);
        assert_eq!(queue.oldest(), Some(3));
        assert!(queue.take(now).is_none(), "not so soon again");
        assert_eq!(queue.next_due(), Some(now + SPACING));
        let second = queue.take(now + SPACING).expect("due");
        assert_eq!(second.subject, message(1, 3));
        queue.done(&second, now + SPACING);
        assert_eq!((queue.oldest(), queue.next_due()), (None, None));
    }

    #[test]
    fn a_push_service_that_asks_for_time_gets_it_for_the_whole_device() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.add(device(1), message(1, 1), (1, AT), now);
        let sent = queue.take(now).expect("due");
        queue.add(device(1), message(2, 1), (2, AT), now);
        queue.add(device(2), message(1, 1), (1, AT), now);
        queue.again(sent, Some(Duration::from_secs(30)), now);
        let other = queue.take(now).expect("another device goes on");
        assert_eq!(other.device, device(2));
        queue.done(&other, now);
        queue.add(device(1), Subject::Alert(1), (3, AT), now);
        assert!(queue.take(now + Duration::from_secs(29)).is_none());
        let then = now + Duration::from_secs(30);
        let mut tried = Vec::new();
        while let Some(waiting) = queue.take(then) {
            queue.done(&waiting, then);
            tried.push((waiting.subject, waiting.attempts));
        }
        assert_eq!(
            tried,
            [(message(1, 1), 1), (message(2, 1), 0), (Subject::Alert(1), 0)]
        );
    }

    #[test]
    fn pauses_grow_and_a_newer_notice_keeps_the_count_of_failures() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        queue.add(device(1), message(1, 1), (1, AT), now);
        let mut pauses = Vec::new();
        for n in 2..7 {
            let sent = queue.take(now).expect("due");
            queue.add(device(1), message(1, n), (n.into(), AT), now);
            queue.again(sent, None, now);
            let due = queue.next_due().expect("it waits");
            pauses.push((due - now).as_secs());
            now = due;
        }
        assert_eq!(pauses, [2, 10, 60, 240, 240]);
        queue.forget(&device(1));
        assert_eq!((queue.len(), queue.oldest()), (0, None));
    }

    #[test]
    fn the_queue_has_an_end() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for n in 0..MAX_WAITING {
            let mut key = device(0);
            key.session.0[..8].copy_from_slice(&n.to_be_bytes());
            assert!(queue.add(key, message(1, 1), (1, AT), now));
        }
        assert!(!queue.add(device(255), message(1, 1), (2, AT), now));
        assert!(
            queue.add(device(0), message(1, 2), (3, AT), now),
            "a newer one replaces"
        );
    }
}
