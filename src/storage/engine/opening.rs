//! Opening: left-over snapshots are cleared away, what is damaged is set aside, what is whole is kept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::chunks::CHUNK;
use super::pack::{Pack, PackError};
use super::{Engine, Files, PACK_KEY, RESTORED_KEY, STATE_KEY, UNFINISHED, compact, files, write};
use crate::storage::error::StorageError;
use crate::storage::journal::io_error;

/// What opening did.
pub(in crate::storage) struct Opened {
    pub engine: Engine,
    /// The damaged state was set aside here. The engine holds what its pack holds, if that was whole; else nothing.
    pub set_aside: Option<PathBuf>,
}

fn config(dir: &Path, cache_bytes: u64) -> sled::Config {
    sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(500))
}

pub(super) enum OpenFailure {
    Damaged(String),
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

pub(super) fn open_tree(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenFailure> {
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

/// Nothing says then which of the two is right.
const STRANGERS: &str = "tree and packed state do not belong together";

fn open_pack(dir: &Path) -> Result<Option<Pack>, OpenFailure> {
    Pack::open(dir).map_err(|error| match error {
        PackError::Io(error) => OpenFailure::Failed(error.to_string()),
        PackError::Damaged(what) => OpenFailure::Damaged(format!("the packed state: {what}")),
    })
}

/// Tree and pack must belong together. A tree that is new takes over what stands in the pack.
fn join(db: &sled::Db, pack: Option<&Pack>) -> Result<(), OpenFailure> {
    let damaged = |error: sled::Error| OpenFailure::Damaged(error.to_string());
    let row = |key: &[u8]| db.get(key).map_err(damaged);
    if row(RESTORED_KEY)?.is_some_and(|row| row == UNFINISHED.to_be_bytes()) {
        return Ok(());
    }
    let (named, identity) = (row(PACK_KEY)?, pack.map(Pack::identity));
    if named.as_deref() == identity.as_deref() {
        return Ok(());
    }
    match pack {
        Some(pack) if named.is_none() && row(STATE_KEY)?.is_none() => {
            tracing::warn!(
                frame = pack.carried.frame,
                "the state goes on from its packed part"
            );
            db.apply_batch(write::over_pack(pack)).map_err(damaged)
        }
        _ => Err(OpenFailure::Damaged(
            "tree and packed state do not belong together".into(),
        )),
    }
}

/// Opens the files of a directory.
pub(super) fn open_files(dir: &Path, cache_bytes: u64) -> Result<Files, OpenFailure> {
    let pack = open_pack(dir)?;
    let db = open_tree(dir, cache_bytes)?;
    join(&db, pack.as_ref())?;
    Ok(Files { db, pack })
}

/// Whether the pack of a damaged state can be gone on from: every byte of it is read.
fn has_whole_pack(dir: &Path) -> bool {
    let checked = Pack::open(dir).and_then(|pack| match pack {
        Some(pack) => pack.verify().map(|()| true),
        None => Ok(false),
    });
    checked.unwrap_or_else(|error| {
        let error = StorageError::from(error);
        tracing::error!(%error, "the packed state is of no use either");
        false
    })
}

impl Engine {
    /// Opens or makes the engine under `dir`.
    ///
    /// A left-over `snap.*.generating` is deleted. On damage all `snap.*` are moved away and opening is tried once more
    /// (the engine's log is then replayed in full). If that fails too, the directory is set aside and a new one begun,
    /// with the old one's pack if that is whole.
    ///
    /// # Errors
    /// The operating system refuses, or another process uses the directory.
    pub(in crate::storage) fn open(dir: &Path, cache_bytes: u64) -> Result<Opened, StorageError> {
        compact::recover(dir)?;
        files::recover_fresh(dir)?;
        std::fs::create_dir_all(dir).map_err(io_error("making the engine's directory"))?;
        if files::rebuild_marker(dir).exists() {
            tracing::warn!("the engine was found damaged while running: it is rebuilt");
            return Self::begin_anew(dir, cache_bytes, true);
        }
        files::delete_unfinished_snapshots(dir)?;
        let mut strangers = false;
        for last_try in [false, true] {
            match Self::try_open(dir, cache_bytes) {
                Ok(engine) => {
                    files::remove_marker(dir)?;
                    return Ok(Opened {
                        engine,
                        set_aside: None,
                    });
                }
                Err(OpenFailure::Failed(cause)) => {
                    return Err(StorageError::Io {
                        doing: "opening the engine",
                        cause,
                    });
                }
                Err(OpenFailure::Damaged(cause)) => {
                    strangers = cause == STRANGERS;
                    tracing::error!(cause, last_try, "the engine's files are damaged");
                }
            }
            if !last_try {
                files::move_snapshots_away(dir)?;
            }
        }
        Self::begin_anew(dir, cache_bytes, !strangers)
    }

    /// Whether the engine under `dir` was found damaged and is rebuilt when it is opened next.
    pub(in crate::storage) fn wants_rebuild(dir: &Path) -> bool {
        files::rebuild_marker(dir).exists()
    }

    fn begin_anew(dir: &Path, cache_bytes: u64, with_pack: bool) -> Result<Opened, StorageError> {
        let keep = (with_pack && has_whole_pack(dir)).then(|| super::pack::path(dir));
        let aside = files::set_aside(dir, keep)?;
        match Self::try_open(dir, cache_bytes) {
            Ok(engine) => Ok(Opened {
                engine,
                set_aside: Some(aside),
            }),
            Err(OpenFailure::Damaged(cause) | OpenFailure::Failed(cause)) => Err(StorageError::Io {
                doing: "making a new state",
                cause,
            }),
        }
    }

    fn try_open(dir: &Path, cache_bytes: u64) -> Result<Self, OpenFailure> {
        let files = open_files(dir, cache_bytes)?;
        let engine = Self {
            files: RwLock::new(Some(files)),
            dir: dir.to_owned(),
            cache_bytes,
            chunked: std::array::from_fn(|_| AtomicBool::new(false)),
            broken: AtomicBool::new(false),
        };
        for table in 0..=u8::MAX {
            let found = engine.guarded("looking for chunks", |db| {
                db.scan_prefix([CHUNK, table]).keys().next().transpose()
            });
            let found = found.map_err(|error| OpenFailure::Damaged(error.to_string()))?;
            engine.chunked[usize::from(table)].store(found.is_some(), Ordering::Relaxed);
        }
        Ok(engine)
    }
}
