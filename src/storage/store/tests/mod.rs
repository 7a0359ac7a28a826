//! The store through its face.

mod basics;
mod bundles;
mod compact;
mod crash;
mod damage;
mod faults;
mod files;
mod keys;
mod model;

use std::path::Path;

use crate::domain::{ChannelId, EventKind, Timestamp, TraceId, WorkspaceId};
use crate::storage::codec;
use crate::storage::{
    Batch, Keep, Key, MasterKey, Prefix, Record, StorageError, Store, StoreOptions, Table, Tuning,
};

pub(super) const WS: WorkspaceId = WorkspaceId([7; 16]);

/// A record of these tests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Text(pub String);

impl Record for Text {
    const KIND: u16 = 900;
    const VERSION: u16 = 1;
    fn encode(&self) -> Vec<u8> {
        codec::to_bytes(&self.0)
    }
    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, StorageError> {
        codec::from_bytes(bytes).map(Self)
    }
}

/// A key of these tests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct N(pub u64);

impl Key for N {
    type Value = Text;
    const TABLE: Table = Table::Setting;
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&WS.0);
        out.extend_from_slice(&self.0.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = bytes.strip_prefix(WS.0.as_slice())?;
        number.try_into().ok().map(u64::from_be_bytes).map(Self)
    }
}

pub(super) fn all() -> Prefix<N> {
    Prefix::table().with(WS)
}

pub(super) fn text(text: &str) -> Text {
    Text(text.to_owned())
}

pub(super) fn master() -> MasterKey {
    MasterKey(zeroize::Zeroizing::new([3; 32]))
}

pub(super) fn tuning() -> Tuning {
    Tuning {
        min_free_bytes: 0,
        cache_bytes: 8 << 20,
        ..Tuning::default()
    }
}

pub(super) fn open_with(dir: &Path, tuning: Tuning) -> Result<Store, StorageError> {
    Store::open_with(
        StoreOptions {
            dir: dir.to_owned(),
            master_key: master(),
        },
        tuning,
    )
}

pub(super) fn open(dir: &Path) -> Store {
    open_with(dir, tuning()).unwrap()
}

/// A batch that tells of itself.
pub(super) fn telling() -> Batch {
    let mut batch = Batch::new();
    batch.event(
        WS,
        Timestamp(5),
        TraceId([1; 16]),
        EventKind::ChannelUpdated(ChannelId([2; 16])),
    );
    batch
}

/// Puts one text, with an event, and says its seq.
pub(super) fn put(store: &Store, n: u64, value: &str) -> u64 {
    let mut batch = telling();
    batch.put(&N(n), &text(value), &store.system_seal());
    store.commit_blocking(batch).unwrap().seq
}
