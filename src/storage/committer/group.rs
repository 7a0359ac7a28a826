//! A group of batches on its way into one frame: what holds for each is checked against the state as the earlier ones
//! of the group leave it.

use std::collections::{BTreeMap, HashMap};

use super::{Answer, MAX_BATCH_BYTES, Waiting, batch_bytes};
use crate::domain::Event;
use crate::storage::batch::{Batch, Expect, Op};
use crate::storage::codec::{BlobPlace, Head};
use crate::storage::engine::{Changes, Engine, MAX_VALUE};
use crate::storage::error::CommitError;
use crate::storage::journal::Placed;
use crate::storage::journal::frame::Builder;
use crate::storage::keys::{Table, table_name};
use crate::storage::records::Record;
use crate::storage::store::{Committed, Fingerprint};
use crate::storage::vault::Seal;

/// What a key will hold once the frame is written.
pub(super) enum Staged {
    Value(Vec<u8>),
    /// Place within the frame's blobs.
    Blob {
        offset: u32,
        len: u32,
        crc: u32,
    },
    Gone,
}

/// The group.
pub(super) struct Group<'a> {
    engine: &'a Engine,
    pub frame: Builder,
    pub staged: HashMap<Vec<u8>, Staged>,
    pub events: Vec<Event>,
    /// Whom to answer with what, and the rows of the keys that their batches make.
    pub answers: Vec<(Answer, Committed, Vec<Vec<u8>>)>,
    next_seq: u64,
}

impl<'a> Group<'a> {
    pub(super) fn new(engine: &'a Engine, next_seq: u64) -> Self {
        Self {
            engine,
            frame: Builder::default(),
            staged: HashMap::new(),
            events: vec![],
            answers: vec![],
            next_seq,
        }
    }

    /// Adds a batch, or hands it back with why not.
    pub(super) fn add(&mut self, waiting: Waiting) -> Result<(), (Waiting, CommitError)> {
        if let Err(error) = self.check(&waiting.batch) {
            return Err((waiting, error));
        }
        let counters = match self.counters(&waiting.batch) {
            Ok(counters) => counters,
            Err(error) => return Err((waiting, error)),
        };
        let Waiting { mut batch, answer } = waiting;
        batch.ops.extend(counters);
        let mut keys = vec![];
        for op in batch.ops {
            if op.key().first() == Some(&(Table::WrappedKey as u8)) {
                keys.push(op.key().to_vec());
            }
            let blob = self.frame.op(&op);
            let (key, staged) = match (op, blob) {
                (Op::Put { key, value }, _) => (key, Staged::Value(value)),
                (Op::Blob { key, bytes }, Some((offset, crc))) => (
                    key,
                    Staged::Blob {
                        offset,
                        len: bytes.len() as u32,
                        crc,
                    },
                ),
                (Op::Delete { key } | Op::Blob { key, .. }, _) => (key, Staged::Gone),
            };
            self.staged.insert(key, staged);
        }
        for event in batch.events {
            self.frame.event(&event);
            let (workspace, at, trace) = (event.workspace, event.at, event.trace);
            self.events.push(Event {
                seq: self.next_seq,
                workspace,
                at,
                trace,
                kind: event.kind,
            });
            self.next_seq += 1;
        }
        self.answers.push((
            answer,
            Committed {
                seq: self.next_seq - 1,
            },
            keys,
        ));
        Ok(())
    }

    /// What the counters of a batch come to, as the earlier batches of the group leave them.
    fn counters(&self, batch: &Batch) -> Result<Vec<Op>, CommitError> {
        let mut sums: BTreeMap<&[u8], i64> = BTreeMap::new();
        for (key, delta) in &batch.adds {
            let sum = sums.entry(key).or_default();
            *sum = sum.saturating_add(*delta);
        }
        let sums = sums.into_iter().filter(|(_, delta)| *delta != 0);
        sums.map(|(key, delta)| {
            let key = key.to_vec();
            let count = self.counter(&key)?.saturating_add_signed(delta);
            Ok(match count {
                0 => Op::Delete { key },
                count => Op::Put {
                    value: Seal::Open.wrap(&key, &count),
                    key,
                },
            })
        })
        .collect()
    }

    /// A counter that cannot be read starts anew: `verify` finds and mends it from what was counted.
    fn counter(&self, key: &[u8]) -> Result<u64, CommitError> {
        let stored;
        let bytes = match self.staged.get(key) {
            Some(Staged::Value(value)) => Some(value.as_slice()),
            Some(Staged::Gone | Staged::Blob { .. }) => None,
            None => {
                let read = self.engine.get(key);
                stored = read.map_err(|error| CommitError::ReadOnly(error.to_string()))?;
                stored.as_deref()
            }
        };
        let Some(bytes) = bytes else { return Ok(0) };
        let read = Head::split(bytes).and_then(|(head, body)| u64::decode(head.version, body));
        Ok(read.unwrap_or_else(|error| {
            tracing::error!(%error, table = table_name(key), "a counter cannot be read");
            0
        }))
    }

    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        let bytes = batch_bytes(batch);
        if bytes > MAX_BATCH_BYTES {
            return Err(CommitError::TooLarge {
                bytes,
                limit: MAX_BATCH_BYTES,
            });
        }
        for op in &batch.ops {
            match op {
                Op::Put { value, .. } if value.len() > MAX_VALUE => {
                    return Err(CommitError::TooLarge {
                        bytes: value.len(),
                        limit: MAX_VALUE,
                    });
                }
                Op::Put { value: empty, .. } | Op::Blob { bytes: empty, .. } if empty.is_empty() => {
                    return Err(CommitError::ReadOnly(
                        "the system gave no random bytes to seal with".into(),
                    ));
                }
                _ => {}
            }
        }
        batch
            .expects
            .iter()
            .try_for_each(|expect| self.check_one(expect, batch))
    }

    fn check_one(&self, expect: &Expect, batch: &Batch) -> Result<(), CommitError> {
        let held = match expect {
            Expect::Absent(key) => !self.contains(key)?,
            Expect::Present(key) => self.contains(key)?,
            Expect::Unchanged(key, fingerprint) => self.fingerprint(key)? == Some(*fingerprint),
            Expect::KeyStored(key) => batch.ops.iter().any(|op| op.key() == key) || self.contains(key)?,
        };
        let (Expect::Absent(key) | Expect::Present(key) | Expect::Unchanged(key, _) | Expect::KeyStored(key)) =
            expect;
        if held {
            Ok(())
        } else {
            Err(CommitError::Conflict {
                table: table_name(key),
            })
        }
    }

    fn contains(&self, key: &[u8]) -> Result<bool, CommitError> {
        match self.staged.get(key) {
            Some(Staged::Gone) => Ok(false),
            Some(Staged::Value(_) | Staged::Blob { .. }) => Ok(true),
            None => self
                .engine
                .contains(key)
                .map_err(|error| CommitError::ReadOnly(error.to_string())),
        }
    }

    fn fingerprint(&self, key: &[u8]) -> Result<Option<Fingerprint>, CommitError> {
        match self.staged.get(key) {
            Some(Staged::Value(value)) => Ok(Some(Fingerprint::of(value))),
            Some(Staged::Gone | Staged::Blob { .. }) => Ok(None),
            None => {
                let value = self
                    .engine
                    .get(key)
                    .map_err(|error| CommitError::ReadOnly(error.to_string()))?;
                Ok(value.as_deref().map(Fingerprint::of))
            }
        }
    }
}

/// The rows' final values, now that it is known where the blobs lie.
pub(super) fn settle(staged: HashMap<Vec<u8>, Staged>, placed: Placed) -> Changes {
    let settled = staged.into_iter().map(|(key, staged)| {
        let value = match staged {
            Staged::Value(value) => Some(value),
            Staged::Gone => None,
            Staged::Blob { offset, len, crc } => {
                let offset = placed.blobs_at + u64::from(offset);
                Some(
                    BlobPlace {
                        segment: placed.segment,
                        offset,
                        len,
                        crc,
                    }
                    .to_bytes(),
                )
            }
        };
        (key, value)
    });
    settled.collect()
}
