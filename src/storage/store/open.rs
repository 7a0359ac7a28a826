//! Opening: lock, engine, journal, replay, writer.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Inner, Store, StoreOptions, StoreState};
use crate::storage::backup::heal;
use crate::storage::batch::Batch;
use crate::storage::codec::BlobPlace;
use crate::storage::committer::{Committer, Conditions, Lanes, Shared};
use crate::storage::engine::{CACHE_BYTES, Carried, Changes, Engine, UNFINISHED};
use crate::storage::error::StorageError;
use crate::storage::faults::Faults;
use crate::storage::journal::{self, FrameOp, Reader, SEGMENT_BYTES, io_error};
use crate::storage::media::MediaFiles;
use crate::storage::migrations;
use crate::storage::vault::{MasterKey, Vault};

/// What is rarely set.
pub struct Tuning {
    /// Nothing is written while less is free on the disk, in bytes.
    pub min_free_bytes: u64,
    /// A journal segment of this size is closed and the next one begun, in bytes.
    pub segment_bytes: u64,
    /// Memory for the engine's cache, in bytes.
    pub cache_bytes: u64,
    /// Failures on purpose.
    pub faults: Option<Arc<Faults>>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            min_free_bytes: 64 << 20,
            segment_bytes: SEGMENT_BYTES,
            cache_bytes: CACHE_BYTES,
            faults: None,
        }
    }
}

/// The engine's directory within the data directory.
pub(in crate::storage) const ENGINE_DIR: &str = "store";
/// The journal's directory within the data directory.
pub(in crate::storage) const JOURNAL_DIR: &str = "journal";

impl Store {
    /// [`Self::open`] with what is rarely set.
    ///
    /// # Errors
    /// Says what is wrong and what to do.
    pub fn open_with(options: StoreOptions, tuning: Tuning) -> Result<Self, StorageError> {
        let StoreOptions { dir, master_key } = options;
        std::fs::create_dir_all(&dir).map_err(io_error("making the data directory"))?;
        let mut held = lock(&dir)?;
        heal::finish(&dir)?;
        let prepared = match Prepared::patiently(&dir, &master_key, &tuning) {
            Err(lost @ StorageError::StateLost { .. }) => {
                // Reading the journal takes the lock itself.
                drop(held);
                heal::from_backups(&dir, &master_key).map_err(|error| {
                    tracing::error!(%error, "the state cannot be made whole from a backup here");
                    lost
                })?;
                held = lock(&dir)?;
                heal::finish(&dir)?;
                Prepared::patiently(&dir, &master_key, &tuning)?
            }
            other => other?,
        };
        let first = prepared.first;
        let last_seq = prepared.engine.carried()?.next_seq - 1;
        let shared = Arc::new(Shared {
            engine: prepared.engine,
            vault: prepared.vault,
            reader: prepared.journal.reader,
            ring: Default::default(),
            seq: watch::Sender::new(last_seq),
            state: watch::Sender::new(StoreState::Ok),
            lanes: Lanes::default(),
            figures: Mutex::default(),
        });
        let min_free_bytes = tuning.min_free_bytes;
        let conditions = Conditions {
            dir: dir.clone(),
            min_free_bytes,
            faults: tuning.faults,
        };
        let writer = prepared.journal.writer;
        let committer = Committer::new(Arc::clone(&shared), writer, conditions, prepared.damage);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || committer.run());
        let thread = thread.map_err(io_error("starting the writer's thread"))?;
        let media = MediaFiles::new(&dir, min_free_bytes);
        media.clear_unfinished()?;
        let store = Self {
            inner: Arc::new(Inner {
                shared,
                dir,
                min_free_bytes,
                media,
                damaged: Default::default(),
                upkeep: Mutex::default(),
                thread: Mutex::new(Some(thread)),
                lock: Mutex::new(Some(held)),
            }),
        };
        begin(&store, first)?;
        Ok(store)
    }
}

/// The files, opened, with the state as far as the journal.
struct Prepared {
    engine: Engine,
    journal: journal::Opened,
    vault: Vault,
    /// The first change of a new store.
    first: Option<Batch>,
    /// Why nothing may be written.
    damage: Option<String>,
}

impl Prepared {
    fn patiently(dir: &Path, master_key: &MasterKey, tuning: &Tuning) -> Result<Self, StorageError> {
        match Self::new(dir, master_key, tuning) {
            // The damage showed only while the state was read: the next look at the files rebuilds it.
            Err(error) if Engine::wants_rebuild(&dir.join(ENGINE_DIR)) => {
                tracing::error!(%error, "the state is damaged; it is rebuilt");
                Self::new(dir, master_key, tuning)
            }
            other => other,
        }
    }

    fn new(dir: &Path, master_key: &MasterKey, tuning: &Tuning) -> Result<Self, StorageError> {
        let engine = open_engine(dir, tuning.cache_bytes)?;
        let carried = engine.carried()?;
        let journal = journal::open(journal::Options {
            dir: dir.join(JOURNAL_DIR),
            segment_bytes: tuning.segment_bytes,
            faults: tuning.faults.clone(),
            start: journal_start(dir, &engine, carried)?,
        })?;
        if journal.cut_bytes > 0 {
            tracing::warn!(
                bytes = journal.cut_bytes,
                "cut a frame off the journal that was never finished"
            );
        }
        check_coverage(&journal.reader, carried)?;
        let frames = replay(&engine, &journal.reader)?;
        if frames > 0 {
            tracing::info!(frames, "carried the journal's last frames into the state");
        }
        let behind = journal_behind(&engine, journal.writer.next_frame())?;
        let damage = journal.damage.as_ref().map(ToString::to_string).or(behind);
        let (vault, first) = open_vault(dir, master_key, &engine)?;
        Ok(Self {
            engine,
            journal,
            vault,
            first,
            damage,
        })
    }
}

/// Opens the vault; an exchange of the master key that a crash broke off is finished.
fn open_vault(
    dir: &Path,
    master_key: &MasterKey,
    engine: &Engine,
) -> Result<(Vault, Option<Batch>), StorageError> {
    let refused = match Vault::open(master_key, engine) {
        Err(error) => error,
        opened => return opened,
    };
    let Some(next) = MasterKey::waiting(dir)? else {
        return Err(refused);
    };
    let opened = Vault::open(&next, engine).map_err(|_| refused)?;
    MasterKey::take_place(dir)?;
    tracing::warn!("the master key's exchange had been broken off; it is finished now");
    Ok(opened)
}

/// A new store's first change, or what an older one needs to be of this version.
fn begin(store: &Store, first: Option<Batch>) -> Result<(), StorageError> {
    if let Some(mut first) = first {
        migrations::stamp(&mut first);
        store
            .commit_blocking(first)
            .map_err(|error| StorageError::ReadOnly(error.to_string()))?;
    }
    migrations::at_open(store)
}

/// Takes the instance lock; it holds until the file is dropped.
pub(super) fn lock(dir: &Path) -> Result<File, StorageError> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.map_err(io_error("opening the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::Locked(dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io_error("taking the lock")(error)),
    }
}

/// Opens the engine; a damaged one is set aside, and the journal fills the new one.
fn open_engine(dir: &Path, cache_bytes: u64) -> Result<Engine, StorageError> {
    let opened = Engine::open(&dir.join(ENGINE_DIR), cache_bytes)?;
    let engine = opened.engine;
    if let Some(aside) = &opened.set_aside {
        tracing::error!(aside = %aside.display(), "the state was damaged; it is rebuilt from the journal");
    }
    if engine.restored_to()? == Some(UNFINISHED) {
        return Err(StorageError::Damaged {
            table: "Meta",
            cause: "a restore was broken off: empty the data directory and restore again".into(),
        });
    }
    Ok(engine)
}

/// Where a journal begins that has no segment yet. An existing state without a journal is only right after a restore.
fn journal_start(dir: &Path, engine: &Engine, carried: Carried) -> Result<(u64, u64), StorageError> {
    let has_segments = std::fs::read_dir(dir.join(JOURNAL_DIR)).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "seg")
        })
    });
    if !has_segments && carried.frame != 0 && engine.restored_to()? != Some(carried.frame) {
        return Err(StorageError::Damaged {
            table: "journal",
            cause: "there is a state but no journal: put the journal back, or restore from a backup".into(),
        });
    }
    Ok((carried.frame + 1, carried.next_seq))
}

/// The journal must go back to where the state ends.
fn check_coverage(reader: &Reader, carried: Carried) -> Result<(), StorageError> {
    let first = reader.extent().first_frame;
    if first <= carried.frame + 1 {
        return Ok(());
    }
    Err(StorageError::StateLost {
        state: carried.frame,
        journal: first,
    })
}

/// Carries the frames that the state lacks into it. Answers how many there were.
pub(in crate::storage) fn replay(engine: &Engine, reader: &Reader) -> Result<u64, StorageError> {
    let mut count = 0;
    reader.frames_after(engine.carried()?.frame, |frame, segment, blobs_at| {
        let carried = Carried {
            frame: frame.header.number,
            next_seq: frame.header.next_seq(),
        };
        count += 1;
        engine.apply(carried, &changes(frame.ops, segment, blobs_at))
    })?;
    if count > 0 {
        engine.flush()?;
    }
    Ok(count)
}

/// What a frame's operations come to.
fn changes(ops: Vec<FrameOp>, segment: u64, blobs_at: u64) -> Changes {
    let rows = ops.into_iter().map(|op| match op {
        FrameOp::Put { key, value } => (key, Some(value)),
        FrameOp::Delete { key } => (key, None),
        FrameOp::Blob {
            key,
            offset,
            len,
            crc,
        } => {
            let place = BlobPlace {
                segment,
                offset: blobs_at + u64::from(offset),
                len,
                crc,
            };
            (key, Some(place.to_bytes()))
        }
    });
    rows.collect()
}

/// The journal lacks frames that the state has: acknowledged frames were lost from it.
fn journal_behind(engine: &Engine, next_frame: u64) -> Result<Option<String>, StorageError> {
    let carried = engine.carried()?.frame;
    Ok((carried >= next_frame).then(|| {
        format!("the journal ends at frame {} but the state is at {carried}: the journal was damaged or replaced; make a backup and restore it", next_frame - 1)
    }))
}
