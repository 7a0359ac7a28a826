//! The circuit breaker: when the provider refuses everything until a person acts, the queue waits and single messages are
//! tried from time to time.
//!
//! That a channel is blocked stands in its record, so it survives a restart; when to try next is only kept here.

use crate::actors::registry::ChannelEntry;
use crate::domain::Timestamp;
use crate::domain::time::SECOND;

/// First and longest time between tries.
const FIRST_PROBE: i64 = 30 * SECOND;
const LAST_PROBE: i64 = 600 * SECOND;

/// The breaker of one channel.
#[derive(Default)]
pub(super) struct Breaker {
    next_probe: Option<Timestamp>,
    pause: i64,
    /// The record's version when it tripped; another one means that someone acted.
    version: Option<u64>,
}

impl Breaker {
    /// Whether a message may go out now, with `under_way` already on their way.
    pub(super) fn lets_through(&mut self, entry: &ChannelEntry, now: Timestamp, under_way: usize) -> bool {
        if entry.channel.blocked.is_some() && self.next_probe.is_none() {
            self.next_probe = Some(now.plus(FIRST_PROBE));
        }
        self.next_probe.is_none_or(|next| next <= now && under_way == 0)
    }

    /// Whether only single messages are tried.
    pub(super) const fn probing(&self) -> bool {
        self.next_probe.is_some()
    }

    /// The provider refused everything; `entry` is the channel as it was then.
    pub(super) fn trip(&mut self, entry: &ChannelEntry, now: Timestamp) {
        self.pause = (self.pause * 2).clamp(FIRST_PROBE, LAST_PROBE);
        self.next_probe = Some(now.plus(self.pause));
        self.version = Some(entry.channel.version);
    }

    /// A message went out.
    pub(super) fn success(&mut self) {
        *self = Self::default();
    }

    /// The channel may have changed: if it did since the breaker tripped and is not blocked, try at once.
    pub(super) fn look_at(&mut self, entry: &ChannelEntry) {
        let changed = self.version != Some(entry.channel.version);
        if self.next_probe.is_some() && entry.channel.blocked.is_none() && changed {
            self.success();
        }
    }

    /// When the next single message is tried.
    pub(super) const fn next_probe(&self) -> Option<Timestamp> {
        self.next_probe
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::{ChannelAccess, ProviderKind};
    use crate::domain::{Channel, ChannelId, WorkspaceId};
    use std::collections::BTreeMap;

    fn entry(version: u64, blocked: bool) -> ChannelEntry {
        ChannelEntry {
            workspace: WorkspaceId([1; 16]),
            channel: Channel {
                id: ChannelId([2; 16]),
                provider: 1,
                name: String::new(),
                settings: BTreeMap::new(),
                secrets: BTreeMap::new(),
                paused: false,
                blocked: blocked.then(|| "token".to_owned()),
                created_at: Timestamp(0),
                version,
            },
            kind: ProviderKind::WhatsappCloud,
            signers: Vec::new(),
            retired: Vec::new(),
            access: ChannelAccess {
                webhook_url: String::new(),
                settings: BTreeMap::new(),
                secrets: BTreeMap::new(),
            },
            inbox: Default::default(),
            outbox: Default::default(),
        }
    }

    #[test]
    fn after_a_stop_single_messages_are_tried_ever_more_rarely() {
        let mut breaker = Breaker::default();
        assert!(breaker.lets_through(&entry(1, false), Timestamp(0), 5));
        breaker.trip(&entry(1, false), Timestamp(0));
        breaker.look_at(&entry(1, false));
        assert!(
            !breaker.lets_through(&entry(1, false), Timestamp(0), 0),
            "the record is not written yet"
        );
        breaker.look_at(&entry(2, true));
        assert!(!breaker.lets_through(&entry(2, true), Timestamp(FIRST_PROBE - 1), 0));
        assert!(breaker.lets_through(&entry(2, true), Timestamp(FIRST_PROBE), 0));
        assert!(
            !breaker.lets_through(&entry(2, true), Timestamp(FIRST_PROBE), 1),
            "one at a time"
        );
        breaker.trip(&entry(2, true), Timestamp(FIRST_PROBE));
        assert_eq!(breaker.next_probe(), Some(Timestamp(3 * FIRST_PROBE)));
    }

    #[test]
    fn new_secrets_or_a_success_close_it_and_a_restart_remembers_the_block() {
        let mut breaker = Breaker::default();
        breaker.trip(&entry(1, false), Timestamp(0));
        breaker.look_at(&entry(3, false));
        assert!(breaker.lets_through(&entry(3, false), Timestamp(0), 9));
        let mut fresh = Breaker::default();
        assert!(!fresh.lets_through(&entry(2, true), Timestamp(0), 0));
        fresh.success();
        assert!(fresh.next_probe().is_none());
    }
}
