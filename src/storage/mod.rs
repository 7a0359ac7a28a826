//! Where everything is kept: a commit journal that is the acknowledgement point, one writer, `sled` as the state that the
//! journal carries, sealed and versioned records, and the search index.
//!
//! Owns durability and the layout of keys and records. Must not know providers, actors or HTTP. A write is a [`Batch`],
//! made by whoever decides, committed by the one writer; reading is free for all.

pub mod backup;
pub mod batch;
mod bundles;
mod codec;
mod committer;
mod engine;
pub mod error;
pub mod faults;
mod journal;
pub mod keys;
mod lookups;
pub mod media;
pub mod migrations;
pub mod records;
pub mod search;
pub mod settings;
pub mod store;
pub mod vault;
pub mod verify;

pub use batch::{Batch, Lane};
pub use error::{CommitError, StorageError};
pub use faults::{Fault, FaultPoint, Faults};
pub use keys::{Key, Prefix, Table};
pub use records::Record;
pub use store::{
    Committed, Compacted, Fingerprint, Keep, RawRow, SegmentFile, Store, StoreOptions, StoreState,
    StoreStatus, Tuning,
};
pub use vault::{DataKey, MasterKey, Seal};

/// Bytes that this process may still take on the disk that holds `dir`.
pub(crate) fn free_bytes(dir: &std::path::Path) -> Result<u64, StorageError> {
    let space = rustix::fs::statvfs(dir).map_err(|error| StorageError::Io {
        doing: "asking for free space",
        cause: error.to_string(),
    })?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}
