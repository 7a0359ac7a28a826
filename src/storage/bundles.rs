//! Bundles: the bytes of raw events, many in one row. A compaction takes them out of the journal, where each stands sealed
//! by itself; alike as they are, they come to a quarter together. So the journal is not needed for them any more.
//!
//! Owns what stands in a bundle, and the way of rows through a compaction. Must not know what the bytes mean.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::domain::RawEventId;

use super::codec::{self, BlobPlace, BundlePlace};
use super::committer::Shared;
use super::engine::Row;
use super::error::StorageError;
use super::journal::io_error;
use super::keys::{Key as _, RawBlobKey, RawBundleKey, Table};

/// Blobs in a bundle at most.
const BLOBS: usize = 128;
/// A bundle takes no further blob once it holds so many bytes.
const BUNDLE_BYTES: usize = 128 << 10;
/// A larger blob stays in the journal.
const LARGEST: usize = 512 << 10;
/// Tries to read from a bundle while a compaction exchanges it.
const TRIES: usize = 8;

/// What stands in a bundle: each raw event with its bytes.
type Bundle = Vec<(u64, Vec<u8>)>;

fn bundle_key(first: u64) -> RawBundleKey {
    RawBundleKey {
        first: RawEventId(first),
    }
}

/// Opens a bundle.
///
/// # Errors
/// It is gone, damaged, or reading failed.
pub(super) fn open(shared: &Shared, first: u64) -> Result<Bundle, StorageError> {
    let key = bundle_key(first).to_bytes();
    let sealed = shared.engine.get(&key)?;
    let sealed = sealed.ok_or_else(|| codec::damaged("a bundle is gone"))?;
    let bytes = shared.vault.read_bytes(&key, &sealed, &shared.engine)?;
    codec::from_bytes(&bytes)
}

/// A blob's bytes by its row, which `row` reads again whenever a compaction has moved them meanwhile. `None` if there is no
/// row, or the part of the journal that it points to is gone.
///
/// # Errors
/// They are damaged, or reading failed.
pub(super) fn blob(
    shared: &Shared,
    key: &[u8],
    row: impl Fn() -> Result<Option<Vec<u8>>, StorageError>,
) -> Result<Option<Vec<u8>>, StorageError> {
    let mut outcome = Ok(None);
    for _ in 0..TRIES {
        let Some(row) = row()? else { return Ok(None) };
        outcome = match BundlePlace::read(&row) {
            Some(place) => member(shared, key, place).map(Some),
            None => in_journal(shared, key, &row),
        };
        if matches!(&outcome, Ok(Some(_))) {
            break;
        }
    }
    outcome
}

fn in_journal(shared: &Shared, key: &[u8], row: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
    let Some(sealed) = shared.reader.blob(BlobPlace::read(row)?)? else {
        return Ok(None);
    };
    shared.vault.read_bytes(key, &sealed, &shared.engine).map(Some)
}

fn member(shared: &Shared, key: &[u8], place: BundlePlace) -> Result<Vec<u8>, StorageError> {
    let mut bundle = open(shared, place.bundle)?;
    let wanted = RawBlobKey::read(&key[1..]).map(|key| key.raw.0);
    let at = usize::from(place.index);
    match bundle.get(at) {
        Some((raw, _)) if Some(*raw) == wanted => Ok(bundle.swap_remove(at).1),
        _ => Err(codec::damaged("a bundle holds another blob in its place")),
    }
}

/// A row of a blob on its way into a bundle, or past it.
enum Waiting {
    Blob(u64, Vec<u8>),
    AsItIs(Row),
}

/// The rows of a compaction: blobs are gathered into bundles, which stand in a file of their own until it is their turn.
pub(super) struct Bundler<'a, I> {
    shared: &'a Shared,
    rows: I,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    waiting_blobs: usize,
    /// Rows of one bundle that stands already.
    run: Vec<(Row, BundlePlace)>,
    ready: VecDeque<Row>,
    spool: Spool,
    /// A row that comes after the bundles.
    held: Option<Row>,
    is_spooled_out: bool,
}

impl<'a, I: Iterator<Item = Result<Row, StorageError>>> Bundler<'a, I> {
    /// `dir` takes the file.
    pub(super) fn new(shared: &'a Shared, rows: I, dir: &Path) -> Result<Self, StorageError> {
        Ok(Self {
            shared,
            rows,
            waiting: Vec::new(),
            waiting_bytes: 0,
            waiting_blobs: 0,
            run: Vec::new(),
            ready: VecDeque::new(),
            spool: Spool::new(dir)?,
            held: None,
            is_spooled_out: false,
        })
    }

    fn step(&mut self) -> Result<Option<Row>, StorageError> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Ok(Some(row));
            }
            if self.held.is_some() || self.is_spooled_out {
                if let Some(row) = self.spool.next()? {
                    return Ok(Some(row));
                }
                self.is_spooled_out = true;
                if let Some(row) = self.held.take() {
                    return Ok(Some(row));
                }
            }
            match self.rows.next().transpose()? {
                Some(row) => self.take(row)?,
                None => {
                    self.end_bundle()?;
                    if self.ready.is_empty() && self.is_spooled_out {
                        return Ok(None);
                    }
                    self.is_spooled_out = true;
                }
            }
        }
    }

    fn take(&mut self, row: Row) -> Result<(), StorageError> {
        let table = row.0.first().copied().unwrap_or_default();
        if table == Table::RawBlob as u8 {
            return self.blob_row(row);
        }
        self.end_bundle()?;
        if table < Table::RawBundle as u8 {
            self.ready.push_back(row);
        } else if table > Table::RawBundle as u8 {
            self.held = Some(row);
        }
        Ok(())
    }

    fn blob_row(&mut self, row: Row) -> Result<(), StorageError> {
        match BundlePlace::read(&row.1) {
            Some(place) => {
                if self
                    .run
                    .last()
                    .is_some_and(|(_, last)| last.bundle != place.bundle)
                {
                    self.end_run()?;
                }
                self.run.push((row, place));
                Ok(())
            }
            None => {
                self.end_run()?;
                self.gather(row)
            }
        }
    }

    /// A bundle of which all blobs are still there stays as it is.
    fn end_run(&mut self) -> Result<(), StorageError> {
        let run = std::mem::take(&mut self.run);
        let Some((_, place)) = run.first() else {
            return Ok(());
        };
        if run.len() == usize::from(place.count) {
            let key = bundle_key(place.bundle).to_bytes();
            if let Some(sealed) = self.shared.engine.get(&key)? {
                self.end_gathered()?;
                self.spool.add(&key, &sealed)?;
                self.ready.extend(run.into_iter().map(|(row, _)| row));
                return Ok(());
            }
        }
        run.into_iter().try_for_each(|(row, _)| self.gather(row))
    }

    fn gather(&mut self, row: Row) -> Result<(), StorageError> {
        let bytes = blob(self.shared, &row.0, || Ok(Some(row.1.clone())));
        let raw = RawBlobKey::read(&row.0[1..]).map(|key| key.raw.0);
        match (bytes, raw) {
            (Ok(Some(bytes)), Some(raw)) if bytes.len() <= LARGEST => {
                if self.waiting_blobs >= BLOBS || self.waiting_bytes + bytes.len() > BUNDLE_BYTES {
                    self.end_gathered()?;
                }
                self.waiting_bytes += bytes.len();
                self.waiting_blobs += 1;
                self.waiting.push(Waiting::Blob(raw, bytes));
            }
            // Too large, no longer kept, or damaged: that is for whoever reads it to say.
            (Ok(_) | Err(StorageError::Damaged { .. }), _) => self.waiting.push(Waiting::AsItIs(row)),
            (Err(error), _) => return Err(error),
        }
        if self.waiting.len() >= 2 * BLOBS {
            self.end_gathered()?;
        }
        Ok(())
    }

    fn end_bundle(&mut self) -> Result<(), StorageError> {
        self.end_run()?;
        self.end_gathered()
    }

    fn end_gathered(&mut self) -> Result<(), StorageError> {
        let (mut bundle, mut at) = (Bundle::new(), 0);
        let count = std::mem::take(&mut self.waiting_blobs) as u16;
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let first = waiting.iter().find_map(|waiting| match waiting {
            Waiting::Blob(raw, _) => Some(*raw),
            Waiting::AsItIs(_) => None,
        });
        for waiting in waiting {
            match waiting {
                Waiting::AsItIs(row) => self.ready.push_back(row),
                Waiting::Blob(raw, bytes) => {
                    let place = BundlePlace {
                        bundle: first.unwrap_or(raw),
                        index: at,
                        count,
                    };
                    let key = RawBlobKey { raw: RawEventId(raw) };
                    self.ready.push_back((key.to_bytes(), place.to_bytes()));
                    bundle.push((raw, bytes));
                    at += 1;
                }
            }
        }
        let Some(first) = first else { return Ok(()) };
        let key = bundle_key(first).to_bytes();
        let sealed = self
            .shared
            .vault
            .system_seal()
            .wrap_bytes(&key, &codec::to_bytes(&bundle));
        if sealed.is_empty() {
            return Err(codec::damaged("the system gave no random bytes to seal with"));
        }
        self.spool.add(&key, &sealed)
    }
}

impl<I: Iterator<Item = Result<Row, StorageError>>> Iterator for Bundler<'_, I> {
    type Item = Result<Row, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Rows in a file without a name, so that memory stays flat: written first, then read.
struct Spool {
    out: BufWriter<File>,
    input: Option<BufReader<File>>,
    left: u64,
}

fn err(error: std::io::Error) -> StorageError {
    io_error("bundling raw events")(error)
}

impl Spool {
    fn new(dir: &Path) -> Result<Self, StorageError> {
        let path = dir.join("bundles.new");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(err)?;
        std::fs::remove_file(&path).map_err(err)?;
        Ok(Self {
            out: BufWriter::new(file),
            input: None,
            left: 0,
        })
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.left += 1;
        for part in [key, value] {
            self.out
                .write_all(&(part.len() as u32).to_be_bytes())
                .map_err(err)?;
            self.out.write_all(part).map_err(err)?;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Row>, StorageError> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.input.is_none() {
            self.out.flush().map_err(err)?;
            let mut file = self.out.get_ref().try_clone().map_err(err)?;
            file.seek(SeekFrom::Start(0)).map_err(err)?;
            self.input = Some(BufReader::new(file));
        }
        let Some(input) = &mut self.input else {
            return Ok(None);
        };
        let mut part = || {
            let mut len = [0; 4];
            input.read_exact(&mut len)?;
            let mut bytes = vec![0; u32::from_be_bytes(len) as usize];
            input.read_exact(&mut bytes).map(|()| bytes)
        };
        let row = (part().map_err(err)?, part().map_err(err)?);
        self.left -= 1;
        Ok(Some(row))
    }
}
