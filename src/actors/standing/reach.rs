//! Who was written to unasked within 24 hours: what a provider's limit counts (Meta: unique users outside the window).

use std::collections::HashMap;

use crate::actors::core::Core;
use crate::domain::standing::Reached;
use crate::domain::time::{HOUR, SECOND};
use crate::domain::{ChannelId, ContactId, Timestamp, WorkspaceId};
use crate::storage::keys::ReachKey;
use crate::storage::{Prefix, StorageError};

/// What counts (rolling).
pub const WINDOW: i64 = 24 * HOUR;
/// How often those that no longer count are let go.
const PRUNE: i64 = 60 * SECOND;
const PAGE: usize = 4096;
/// Most people that are counted on one channel; every limit lies below.
const MAX_PEOPLE: usize = 1_000_000;

/// The people of one channel, or of all that share a limit.
#[derive(Default)]
pub(super) struct Reach {
    people: HashMap<ContactId, Timestamp>,
    pruned_at: Timestamp,
}

impl Reach {
    fn prune(&mut self, now: Timestamp) {
        if now.since(self.pruned_at).saturating_abs() >= PRUNE {
            self.people.retain(|_, at| now.since(*at) < WINDOW);
            self.pruned_at = now;
        }
    }

    fn of(&mut self, contact: Option<ContactId>, now: Timestamp) -> Reached {
        self.prune(now);
        let recent = |at: &Timestamp| now.since(*at) < WINDOW;
        Reached {
            people: u32::try_from(self.people.len()).unwrap_or(u32::MAX),
            includes_this: contact
                .and_then(|contact| self.people.get(&contact))
                .is_some_and(recent),
        }
    }
}

/// What is counted together. Who joins or leaves makes another group, which is counted anew.
type Group = Vec<ChannelId>;

/// Everyone who was written to unasked, by who shares a limit.
#[derive(Default)]
pub(super) struct Reaches(HashMap<Group, Reach>);

impl Reaches {
    /// Keeps a group's people; groups that its members were in before are gone.
    fn keep(&mut self, group: Group, reach: Reach) {
        self.0
            .retain(|known, _| !known.iter().any(|channel| group.contains(channel)));
        self.0.insert(group, reach);
    }
}

impl Core {
    /// How many people were written to unasked within 24 hours by a channel and those that share its limit, and whether
    /// `contact` is one of them. Exact but for those whose 24 hours ended within the last minute.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reached(
        &self,
        (workspace, channel): (WorkspaceId, ChannelId),
        contact: Option<ContactId>,
        now: Timestamp,
    ) -> Result<Reached, StorageError> {
        let members = self.portfolio(workspace, channel);
        let group: Group = match members.as_slice() {
            [] => vec![channel],
            members => members.iter().map(|entry| entry.channel.id).collect(),
        };
        // The lock is held while reading, so that nobody who is noted meanwhile is lost.
        let mut all = self.standings.reach.lock();
        if let Some(reach) = all.0.get_mut(&group) {
            return Ok(reach.of(contact, now));
        }
        let mut reach = Reach {
            pruned_at: now,
            ..Reach::default()
        };
        for member in &group {
            self.read_reach((workspace, *member), &mut reach, now)?;
        }
        let reached = reach.of(contact, now);
        all.keep(group, reach);
        Ok(reached)
    }

    /// Adds the people of one channel. A customer of two numbers counts once, with the later time.
    fn read_reach(
        &self,
        (workspace, channel): (WorkspaceId, ChannelId),
        reach: &mut Reach,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let prefix = Prefix::<ReachKey>::table().with(workspace).with(channel);
        let mut after = None;
        loop {
            let page = self.store.scan(&prefix, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| *key);
            for (key, at) in page.into_iter().filter(|(_, at)| now.since(*at) < WINDOW) {
                let known = reach.people.entry(key.contact).or_insert(at);
                *known = at.max(*known);
            }
            if is_last || reach.people.len() >= MAX_PEOPLE {
                return Ok(());
            }
        }
    }

    /// A customer is being written to unasked. Counted from the moment at which the message is queued, so that a campaign
    /// cannot queue more than the limit before the first is sent.
    pub(in crate::actors) fn note_reached(&self, channel: ChannelId, contact: ContactId, now: Timestamp) {
        let mut all = self.standings.reach.lock();
        let groups = all.0.iter_mut().filter(|(group, _)| group.contains(&channel));
        for (_, reach) in groups.filter(|(_, reach)| reach.people.len() < MAX_PEOPLE) {
            reach.people.insert(contact, now);
        }
    }
}
