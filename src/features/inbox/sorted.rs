//! The conversation list in other orders than newest activity: those who stand in a look-up table first (who waits longest,
//! what is unread, where the caller is mentioned), then, where the order asks for them, all others by newest activity.
//!
//! A page's place is `1` and the place in the look-up table, or `2` and the place in the list.

use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};

use super::list::{MAX_LOOK, Merge, Place, Wanted, assignees};
use super::viewer;
use crate::actors::House;
use crate::domain::{Conversation, ConversationId, MessageId, Timestamp, UserId, WorkspaceId};
use crate::http::views::ConversationView;
use crate::http::{ApiResult, Identity};
use crate::storage::keys::{
    ConversationKey, ConversationUnreadKey, ConversationWaitingKey, MentionKey, Newest,
};
use crate::storage::{Prefix, StorageError, Store};

const BUFFER: usize = 32;

/// An order of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Newest,
    Waiting,
    Unread,
}

impl Sort {
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Newest, Self::Waiting, Self::Unread]
            .into_iter()
            .find(|sort| sort.as_str() == word)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Waiting => "waiting",
            Self::Unread => "unread",
        }
    }
}

/// Which look-up table comes first, and whether the others follow.
pub(super) struct Source {
    lead: Lead,
    rest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Waiting,
    Unread,
    /// Of this person.
    Mentions(UserId),
}

impl Source {
    /// `None` where the plain list serves.
    pub(super) fn of(wanted: &Wanted, sort: Sort, who: &Identity) -> Option<Self> {
        let (lead, rest) = match (wanted.mentioned, sort, wanted.unread) {
            (true, ..) => (Lead::Mentions(who.user), false),
            (false, Sort::Waiting, _) => (Lead::Waiting, true),
            (false, _, true) => (Lead::Unread, false),
            (false, Sort::Unread, false) => (Lead::Unread, true),
            (false, Sort::Newest, false) => return None,
        };
        Some(Self { lead, rest })
    }
}

/// A place in a look-up table: when, and which message (number 0 where the row is a conversation's).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spot {
    at: Timestamp,
    message: MessageId,
}

impl Spot {
    const fn of(at: Timestamp, conversation: ConversationId) -> Self {
        Self {
            at,
            message: MessageId { conversation, n: 0 },
        }
    }

    fn write(self) -> Vec<u8> {
        let place = Place {
            activity: self.at,
            conversation: self.message.conversation,
        };
        let mut out = vec![1];
        out.extend(place.write());
        out.extend(self.message.n.to_be_bytes());
        out
    }
}

/// Where a page ends.
enum Position {
    Lead(Option<Spot>),
    Rest(Option<Place>),
}

impl Position {
    fn read(bytes: Option<Vec<u8>>) -> ApiResult<Self> {
        let Some(bytes) = bytes else {
            return Ok(Self::Lead(None));
        };
        Ok(match bytes.split_first() {
            Some((1, rest)) if rest.len() > 4 => {
                let (place, n) = rest.split_at(rest.len() - 4);
                let Place {
                    activity,
                    conversation,
                } = Place::read(place)?;
                let n = n.try_into().map_or(0, u32::from_be_bytes);
                let message = MessageId { conversation, n };
                Self::Lead(Some(Spot {
                    at: activity,
                    message,
                }))
            }
            Some((2, [])) => Self::Rest(None),
            Some((_, rest)) => Self::Rest(Some(Place::read(rest)?)),
            None => Self::Lead(None),
        })
    }
}

/// A page, and where the next one begins.
pub(super) struct Found {
    pub views: Vec<ConversationView>,
    pub next: Option<Vec<u8>>,
}

/// A page of the list.
pub(super) fn collect(
    house: &House,
    workspace: WorkspaceId,
    wanted: &Wanted,
    source: &Source,
    after: Option<Vec<u8>>,
    limit: usize,
) -> ApiResult<Found> {
    let mut page = Page {
        house,
        workspace,
        wanted,
        limit,
        looked: 0,
        views: Vec::new(),
    };
    let rest = match Position::read(after)? {
        Position::Lead(after) => {
            if let Some(next) = page.lead(source.lead, after)? {
                return Ok(page.ends(Some(next)));
            }
            None
        }
        Position::Rest(after) => after,
    };
    if !source.rest {
        return Ok(page.ends(None));
    }
    let next = page.rest(source.lead, rest)?;
    Ok(page.ends(next))
}

struct Page<'a> {
    house: &'a House,
    workspace: WorkspaceId,
    wanted: &'a Wanted,
    limit: usize,
    looked: usize,
    views: Vec<ConversationView>,
}

impl Page<'_> {
    fn ends(self, next: Option<Vec<u8>>) -> Found {
        Found {
            views: self.views,
            next,
        }
    }

    const fn is_full(&self) -> bool {
        self.views.len() == self.limit || self.looked == MAX_LOOK
    }

    fn read(&self, conversation: ConversationId) -> Result<Option<Conversation>, StorageError> {
        read(&self.house.core.store, self.workspace, conversation)
    }

    /// Takes it in if it fits.
    fn take(&mut self, conversation: &Conversation) -> Result<(), StorageError> {
        if !self.wanted.fits(conversation) {
            return Ok(());
        }
        let view = viewer(self.house, self.workspace).conversation(conversation)?;
        if self.wanted.fits_text(&view) {
            self.views.push(view);
        }
        Ok(())
    }

    /// From the look-up table; where the next page begins if this one is full.
    fn lead(&mut self, lead: Lead, after: Option<Spot>) -> Result<Option<Vec<u8>>, StorageError> {
        let mut merge = LeadMerge::new(&self.house.core.store, self.workspace, self.wanted, lead, after)?;
        let mut last = after;
        // Someone may be mentioned in a conversation more than once.
        let mut seen = HashSet::new();
        while let Some(spot) = merge.next()? {
            if self.is_full() {
                return Ok(last.map(Spot::write));
            }
            self.looked += 1;
            last = Some(spot);
            let is_new = seen.insert(spot.message.conversation);
            if let Some(conversation) = self.read(spot.message.conversation)?.filter(|_| is_new) {
                self.take(&conversation)?;
            }
        }
        Ok(None)
    }

    /// Everyone who is not in the look-up table, by newest activity.
    fn rest(&mut self, lead: Lead, after: Option<Place>) -> Result<Option<Vec<u8>>, StorageError> {
        let mut merge = Merge::of(&self.house.core.store, self.workspace, self.wanted, after)?;
        let mut last = after;
        while let Some(at) = merge.next()? {
            if self.is_full() {
                let place = last.map(Place::write).unwrap_or_default();
                return Ok(Some([vec![2], place].concat()));
            }
            self.looked += 1;
            last = Some(at);
            let found = self.read(at.conversation)?;
            let others = found.filter(|it| match lead {
                Lead::Waiting => it.waits_since().is_none(),
                Lead::Unread => it.unread == 0,
                Lead::Mentions(_) => false,
            });
            if let Some(conversation) = others {
                self.take(&conversation)?;
            }
        }
        Ok(None)
    }
}

fn read(
    store: &Store,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<Option<Conversation>, StorageError> {
    let key = ConversationKey {
        workspace,
        conversation,
    };
    match store.get(&key) {
        Err(StorageError::Erased) => Ok(None),
        other => other,
    }
}

/// The rows of one assignee.
struct Run {
    assignee: UserId,
    after: Option<Spot>,
    buffer: VecDeque<Spot>,
    exhausted: bool,
}

/// The rows of a look-up table, merged over assignees.
struct LeadMerge<'a> {
    store: &'a Store,
    workspace: WorkspaceId,
    lead: Lead,
    runs: Vec<Run>,
}

impl<'a> LeadMerge<'a> {
    fn new(
        store: &'a Store,
        workspace: WorkspaceId,
        wanted: &Wanted,
        lead: Lead,
        after: Option<Spot>,
    ) -> Result<Self, StorageError> {
        let assignees = match (lead, wanted.assignee) {
            (Lead::Mentions(user), _) => vec![user],
            (_, Some(assignee)) => vec![assignee],
            (_, None) => assignees(store, workspace)?,
        };
        let runs = assignees.into_iter().map(|assignee| Run {
            assignee,
            after,
            buffer: VecDeque::new(),
            exhausted: false,
        });
        let runs = runs.collect();
        Ok(Self {
            store,
            workspace,
            lead,
            runs,
        })
    }

    fn next(&mut self) -> Result<Option<Spot>, StorageError> {
        let (store, workspace, lead) = (self.store, self.workspace, self.lead);
        for run in &mut self.runs {
            if run.buffer.is_empty() && !run.exhausted {
                let page = spots(store, workspace, lead, run)?;
                run.exhausted = page.len() < BUFFER;
                run.after = page.last().copied().or(run.after);
                run.buffer.extend(page);
            }
        }
        let order = |run: &Run| run.buffer.front().map(|spot| order(lead, *spot));
        let next = self
            .runs
            .iter_mut()
            .filter(|run| !run.buffer.is_empty())
            .min_by_key(|run| order(run));
        Ok(next.and_then(|run| run.buffer.pop_front()))
    }
}

/// What comes first has the least.
fn order(lead: Lead, spot: Spot) -> (Timestamp, Reverse<Timestamp>, MessageId) {
    match lead {
        Lead::Waiting => (spot.at, Reverse(Timestamp::default()), spot.message),
        Lead::Unread | Lead::Mentions(_) => (Timestamp::default(), Reverse(spot.at), spot.message),
    }
}

fn spots(store: &Store, workspace: WorkspaceId, lead: Lead, run: &Run) -> Result<Vec<Spot>, StorageError> {
    let assignee = run.assignee;
    Ok(match lead {
        Lead::Waiting => {
            let after = run.after.map(|spot| ConversationWaitingKey {
                workspace,
                assignee,
                since: spot.at,
                conversation: spot.message.conversation,
            });
            let prefix = Prefix::<ConversationWaitingKey>::table()
                .with(workspace)
                .with(assignee);
            let keys = store.scan_keys(&prefix, after.as_ref(), BUFFER)?;
            keys.iter()
                .map(|key| Spot::of(key.since, key.conversation))
                .collect()
        }
        Lead::Unread => {
            let after = run.after.map(|spot| ConversationUnreadKey {
                workspace,
                assignee,
                activity: Newest(spot.at),
                conversation: spot.message.conversation,
            });
            let prefix = Prefix::<ConversationUnreadKey>::table()
                .with(workspace)
                .with(assignee);
            let keys = store.scan_keys(&prefix, after.as_ref(), BUFFER)?;
            keys.iter()
                .map(|key| Spot::of(key.activity.0, key.conversation))
                .collect()
        }
        Lead::Mentions(user) => {
            let after = run.after.map(|spot| MentionKey {
                workspace,
                user,
                at: Newest(spot.at),
                message: spot.message,
            });
            let prefix = Prefix::<MentionKey>::table().with(workspace).with(user);
            let keys = store.scan_keys(&prefix, after.as_ref(), BUFFER)?;
            let spot = |key: &MentionKey| Spot {
                at: key.at.0,
                message: key.message,
            };
            keys.iter().map(spot).collect()
        }
    })
}

/// Conversations that fit a filter.
pub(super) struct Matching {
    pub ids: Vec<ConversationId>,
    /// Whether these are all.
    pub complete: bool,
}

/// Every conversation that fits, up to `most`, newest first; reads at most `reads` records for it.
pub(super) fn matching(
    house: &House,
    who: &Identity,
    wanted: &Wanted,
    most: usize,
    reads: usize,
) -> ApiResult<Matching> {
    let store = &house.core.store;
    let workspace = who.workspace;
    let mut ids = Vec::new();
    let mut looked = 0;
    let mut seen = HashSet::new();
    let source = Source::of(wanted, Sort::Newest, who);
    let mut plain = Merge::of(store, workspace, wanted, None)?;
    let mut lead = match &source {
        Some(source) => Some(LeadMerge::new(store, workspace, wanted, source.lead, None)?),
        None => None,
    };
    loop {
        let next = match &mut lead {
            Some(lead) => lead.next()?.map(|spot| spot.message.conversation),
            None => plain.next()?.map(|place| place.conversation),
        };
        let Some(id) = next else {
            return Ok(Matching { ids, complete: true });
        };
        if ids.len() == most || looked == reads {
            return Ok(Matching { ids, complete: false });
        }
        if !seen.insert(id) {
            continue;
        }
        if wanted.is_plain() || {
            looked += 1;
            fits(house, workspace, wanted, id)?
        } {
            ids.push(id);
        }
    }
}

fn fits(house: &House, workspace: WorkspaceId, wanted: &Wanted, id: ConversationId) -> ApiResult<bool> {
    let Some(conversation) = read(&house.core.store, workspace, id)?.filter(|it| wanted.fits(it)) else {
        return Ok(false);
    };
    if !wanted.has_text() {
        return Ok(true);
    }
    let view = viewer(house, workspace).conversation(&conversation)?;
    Ok(wanted.fits_text(&view))
}
