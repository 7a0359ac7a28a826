//! Opening the engine once, with what it says sorted into damage and refusals of the operating system.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::STATE_KEY;

fn config(dir: &Path, cache_bytes: u64) -> sled::Config {
    sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(500))
}

/// Why the engine did not open.
pub(super) enum OpenFailure {
    /// Its files cannot be read as they are.
    Damaged(String),
    /// The operating system refuses.
    Failed(String),
}

/// The engine's threads may hold its file for a moment after it was closed; other processes are kept out by our own lock.
fn open_patiently(dir: &Path, cache_bytes: u64) -> sled::Result<sled::Db> {
    for _ in 0..100 {
        match config(dir, cache_bytes).open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            other => return other,
        }
    }
    config(dir, cache_bytes).open()
}

/// Opens the engine, or makes it, and reads once; a panic in it counts as damage.
pub(super) fn try_open(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenFailure> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let db = open_patiently(dir, cache_bytes)?;
        // The first read walks the root; some damage shows only here.
        db.get(STATE_KEY)?;
        Ok(db)
    }));
    match opened {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(OpenFailure::Failed(error.to_string()))
        }
        Ok(Err(error)) => Err(OpenFailure::Damaged(error.to_string())),
        Err(_) => Err(OpenFailure::Damaged("the engine panicked".into())),
    }
}
