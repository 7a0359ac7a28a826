//! Files outside the engine: sealed piece by piece, named once whole, found by the records that hold their keys.
//!
//! ```text
//! media/
//!   unfinished/…                      being written; gone at the next start
//!   <workspace>/<xx>/<media>-<random>.<m|t>
//! ```
//! Owns the folder, the files' layout, and the tokens of signed addresses. Must not know what a file shows. A file's key
//! stands only in its sealed record: a file without a readable record is rubbish, and is swept.

mod folder;
mod links;
mod reader;
mod writer;

pub use folder::{MediaFiles, Part};
pub use links::{LinkPart, MediaLink};
pub use reader::MediaReader;
pub use writer::{MediaWriter, Written};

use super::error::StorageError;

/// Bytes sealed together; what a reader decrypts at least.
const PIECE: usize = 64 << 10;
/// What sealing adds to a piece.
const TAG: usize = 16;
/// Stands at the front of every file, and is sealed into every piece.
const HEAD: &[u8; 8] = b"FDMEDIA1";

/// Length on the disk of a file with `size` bytes in it.
pub(in crate::storage) fn sealed_len(size: u64) -> u64 {
    let pieces = size.div_ceil(PIECE as u64).max(1);
    HEAD.len() as u64 + size + pieces * TAG as u64
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is more of it than is allowed.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The disk is too full.
    #[error("the disk is too full to keep files: {free_mib} MiB are free, {needed_mib} MiB must stay free")]
    NoSpace {
        /// What is free.
        free_mib: u64,
        /// What must stay free.
        needed_mib: u64,
    },
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
