//! One change: absolute puts and deletes, what must hold for it, and the events that tell of it. All or nothing.

use crate::domain::{EventKind, Timestamp, TraceId, WorkspaceId};

use super::keys::Key;
use super::store::Fingerprint;
use super::vault::Seal;

/// Which queue of the writer a batch takes. The first is always emptied before the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lane {
    /// Inbound, agents, results of sends.
    #[default]
    Interactive,
    /// Campaigns, imports, clean-up.
    Bulk,
}

/// A row to write or remove.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Put {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Delete {
        key: Vec<u8>,
    },
    /// The bytes stay in the journal; the row under `key` says where.
    Blob {
        key: Vec<u8>,
        bytes: Vec<u8>,
    },
}

/// What must hold when the writer takes the batch.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    Absent(Vec<u8>),
    Present(Vec<u8>),
    Unchanged(Vec<u8>, Fingerprint),
    /// A wrapped key's row stands in the store, or this batch puts it there.
    KeyStored(Vec<u8>),
}

impl Op {
    /// The row that it is about.
    pub(super) fn key(&self) -> &[u8] {
        let (Self::Put { key, .. } | Self::Delete { key } | Self::Blob { key, .. }) = self;
        key
    }
}

/// An event without its place in the order, which the writer gives it.
#[derive(Clone, Debug)]
pub(super) struct PendingEvent {
    pub workspace: WorkspaceId,
    pub at: Timestamp,
    pub trace: TraceId,
    pub kind: EventKind,
}

/// One change. Later operations on a key win over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(super) lane: Lane,
    pub(super) ops: Vec<Op>,
    pub(super) expects: Vec<Expect>,
    pub(super) events: Vec<PendingEvent>,
    /// Counters to add to.
    pub(super) adds: Vec<(Vec<u8>, i64)>,
}

impl Batch {
    /// An empty one in the interactive lane.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one in the bulk lane.
    pub fn bulk() -> Self {
        Self {
            lane: Lane::Bulk,
            ..Self::default()
        }
    }

    /// Nothing in it.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.events.is_empty() && self.adds.is_empty()
    }

    /// Writes a record.
    pub fn put<K: Key>(&mut self, key: &K, value: &K::Value, seal: &Seal) -> &mut Self {
        let key = key.to_bytes();
        let value = seal.wrap(&key, value);
        self.require_key_of(seal);
        self.ops.push(Op::Put { key, value });
        self
    }

    /// Writes a record and answers what identifies it for a later [`Self::require_unchanged`].
    pub fn put_tracked<K: Key>(&mut self, key: &K, value: &K::Value, seal: &Seal) -> Fingerprint {
        let key = key.to_bytes();
        let value = seal.wrap(&key, value);
        let fingerprint = Fingerprint::of(&value);
        self.require_key_of(seal);
        self.ops.push(Op::Put { key, value });
        fingerprint
    }

    /// Adds to a counter, whatever it holds when the writer takes the batch; one that comes to nothing is removed. The row
    /// must be written in no other way, and lies open.
    pub fn add<K: Key<Value = u64>>(&mut self, key: &K, delta: i64) -> &mut Self {
        self.adds.push((key.to_bytes(), delta));
        self
    }

    /// Removes a record; no error if there is none.
    pub fn delete<K: Key>(&mut self, key: &K) -> &mut Self {
        self.ops.push(Op::Delete { key: key.to_bytes() });
        self
    }

    /// Keeps large bytes in the journal, to be read by [`super::Store::blob`] as long as the segment is kept.
    pub fn put_blob<K: Key>(&mut self, key: &K, bytes: &[u8], seal: &Seal) -> &mut Self {
        let key = key.to_bytes();
        let bytes = seal.wrap_bytes(&key, bytes);
        self.require_key_of(seal);
        self.ops.push(Op::Blob { key, bytes });
        self
    }

    /// A record sealed with a key that was made and never stored could not be read again.
    fn require_key_of(&mut self, seal: &Seal) {
        if let Some(row) = seal.unstored_row() {
            self.expects.push(Expect::KeyStored(row));
        }
    }

    /// Only if there is no such record.
    pub fn require_absent<K: Key>(&mut self, key: &K) -> &mut Self {
        self.expects.push(Expect::Absent(key.to_bytes()));
        self
    }

    /// Only if there is such a record.
    pub fn require_present<K: Key>(&mut self, key: &K) -> &mut Self {
        self.expects.push(Expect::Present(key.to_bytes()));
        self
    }

    /// Only if the record is still the one that was read.
    pub fn require_unchanged<K: Key>(&mut self, key: &K, fingerprint: Fingerprint) -> &mut Self {
        self.expects.push(Expect::Unchanged(key.to_bytes(), fingerprint));
        self
    }

    /// Tells of it.
    pub fn event(
        &mut self,
        workspace: WorkspaceId,
        at: Timestamp,
        trace: TraceId,
        kind: EventKind,
    ) -> &mut Self {
        self.events.push(PendingEvent {
            workspace,
            at,
            trace,
            kind,
        });
        self
    }

    /// Appends another batch, which keeps its order after this one's.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.ops.extend(other.ops);
        self.expects.extend(other.expects);
        self.events.extend(other.events);
        self.adds.extend(other.adds);
        self
    }
}
