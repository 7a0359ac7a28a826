//! Where everything is kept: a commit journal that is the acknowledgement point, one writer, `sled` as the state that the
//! journal carries, sealed and versioned records, and the search index.
//!
//! Owns durability and the layout of keys and records. Must not know providers, actors or HTTP. A write is a [`Batch`],
//! made by whoever decides, committed by the one writer; reading is free for all.

pub mod batch;
pub mod error;
pub mod keys;
pub mod records;
pub mod search;
pub mod store;
pub mod vault;

pub use batch::{Batch, Lane};
pub use error::{CommitError, StorageError};
pub use keys::{Key, Prefix, Table};
pub use records::Record;
pub use store::{Committed, Fingerprint, Store, StoreOptions, StoreState};
pub use vault::{DataKey, MasterKey, Seal};
