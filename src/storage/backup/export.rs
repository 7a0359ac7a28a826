//! Making a backup while the store is written.
//!
//! The rows are copied page by page; a scan is no snapshot, so they hold everything up to the frame carried in when the
//! scan began, and some later changes. The journal from that frame on follows. Its operations are absolute, so carrying
//! all of it in over those rows gives exactly the state at its end. Older segments follow too as far as a row still
//! points into them.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::storage::codec::{self, BlobPlace};
use crate::storage::journal::sync_dir;
use crate::storage::migrations;
use crate::storage::store::{SegmentFile, Store};

use super::format::{Entry, Header, Totals, Writer};
use super::{BackupError, PART, Verified, parent, verify_backup};

/// Rows copied in one go: few, for each may be large.
const PAGE: usize = 64;
/// Rows are written together up to about this size.
const ENTRY_BYTES: usize = 4 << 20;
/// So much stays free on the disk, in bytes: a backup must never be what stops the store.
const RESERVE: u64 = 128 << 20;
/// How often the free space is looked at: once in so many pieces.
const LOOK_EVERY: u32 = 16;
/// The journal is copied in pieces of this size.
pub(super) const PIECE: usize = 1 << 20;

/// A finished backup, read back and found whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Its file.
    pub path: PathBuf,
    /// What reading it back found.
    pub verified: Verified,
}

/// Makes a complete backup. Blocks for as long as it takes; writing goes on meanwhile.
///
/// # Errors
/// The store cannot be read, the file exists or cannot be written, or what was written does not read back. Nothing is left
/// under `to` then.
pub fn export(store: &Store, to: &Path, now: Timestamp) -> Result<Made, BackupError> {
    complete(store, to, now, true)
}

/// The same without the files beside the records: for safety copies that stay on this machine, where the files are.
///
/// # Errors
/// As [`export`].
pub fn export_without_files(store: &Store, to: &Path, now: Timestamp) -> Result<Made, BackupError> {
    complete(store, to, now, false)
}

fn complete(store: &Store, to: &Path, now: Timestamp, with_files: bool) -> Result<Made, BackupError> {
    let base = store.carried()?;
    let header = header(store, now, true, base)?;
    make(to, |out| {
        let mut export = Export::begin(out, &header, to)?;
        export.rows(store)?;
        export.journal(store, base.0)?;
        // Last: every file that a record up to here names lies there before its record does.
        if with_files {
            export.files(store, None)?;
        }
        export.finish()
    })
}

/// Makes a backup of only what happened since `previous`, from its journal.
///
/// # Errors
/// As [`export`]; also if `previous` is of another store, or the journal since it was deleted.
pub fn export_since(
    store: &Store,
    previous: &Verified,
    to: &Path,
    now: Timestamp,
) -> Result<Made, BackupError> {
    let base = (previous.totals.last_frame, previous.totals.last_seq + 1);
    let header = header(store, now, false, base)?;
    if header.store != previous.header.store {
        return Err(BackupError::OtherStore);
    }
    make(to, |out| {
        let mut export = Export::begin(out, &header, to)?;
        export.journal_since(store, &previous.totals)?;
        export.files(store, Some(previous.header.created_at))?;
        export.finish()
    })
}

fn header(store: &Store, now: Timestamp, complete: bool, base: (u64, u64)) -> Result<Header, BackupError> {
    Ok(Header {
        complete,
        created_at: now.0,
        store: store.system_hash("identity of the store"),
        schema: migrations::version(store)?.unwrap_or(migrations::SCHEMA),
        base_frame: base.0,
        base_next_seq: base.1,
        program: concat!("frontdesk ", env!("CARGO_PKG_VERSION")).to_owned(),
    })
}

/// Writes under a temporary name, makes it durable, reads it back, then gives it its name.
fn make(
    to: &Path,
    write: impl FnOnce(BufWriter<File>) -> Result<BufWriter<File>, BackupError>,
) -> Result<Made, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let mut part = to.as_os_str().to_owned();
    part.push(PART);
    let part = PathBuf::from(part);
    let made = write_part(&part, write).and_then(|()| {
        let verified = verify_backup(&part)?;
        fs::rename(&part, to).map_err(|error| BackupError::io("naming the backup", &error))?;
        sync_dir(parent(to))?;
        let path = to.to_owned();
        Ok(Made { path, verified })
    });
    let ours = !matches!(made, Err(BackupError::Busy));
    if made.is_err() && ours && part.exists() {
        // The first error is the one that counts.
        if let Err(error) = fs::remove_file(&part) {
            tracing::warn!(%error, file = %part.display(), "an unfinished backup could not be removed");
        }
    }
    made
}

fn write_part(
    part: &Path,
    write: impl FnOnce(BufWriter<File>) -> Result<BufWriter<File>, BackupError>,
) -> Result<(), BackupError> {
    let io = |error: std::io::Error| BackupError::io("writing the backup", &error);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(part)
        .map_err(io)?;
    // What lies there is from one that was killed, unless somebody is at it.
    if file.try_lock().is_err() {
        return Err(BackupError::Busy);
    }
    file.set_len(0).map_err(io)?;
    let out = write(BufWriter::with_capacity(1 << 20, file))?;
    let file = out.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)
}

pub(super) struct Export<W: Write> {
    out: Writer<W>,
    /// The oldest segment that a row points into.
    oldest_blob: u64,
    end: Totals,
    folder: PathBuf,
    pieces: u32,
}

fn writing(error: std::io::Error) -> BackupError {
    BackupError::io("writing the backup", &error)
}

impl<W: Write> Export<W> {
    fn begin(out: W, header: &Header, to: &Path) -> Result<Self, BackupError> {
        Ok(Self {
            folder: parent(to).to_owned(),
            pieces: 0,
            out: Writer::begin(out, header).map_err(writing)?,
            oldest_blob: u64::MAX,
            end: Totals::default(),
        })
    }

    fn finish(self) -> Result<W, BackupError> {
        let (out, _) = self.out.finish(self.end).map_err(writing)?;
        Ok(out)
    }

    /// Every row of the state.
    fn rows(&mut self, store: &Store) -> Result<(), BackupError> {
        let mut after: Option<Vec<u8>> = None;
        let (mut gathered, mut bytes) = (Vec::new(), 0);
        loop {
            let rows = store.raw_rows(after.as_deref(), PAGE)?;
            let Some((last, _)) = rows.last() else {
                return self.put(&Entry::Rows(gathered));
            };
            after = Some(last.clone());
            for (key, value) in rows {
                self.note_blob(&value);
                bytes += key.len() + value.len();
                gathered.push((key, value));
                if bytes >= ENTRY_BYTES {
                    self.put(&Entry::Rows(std::mem::take(&mut gathered)))?;
                    bytes = 0;
                }
            }
        }
    }

    /// Writes a piece, as long as there is space.
    pub(super) fn put(&mut self, entry: &Entry) -> Result<(), BackupError> {
        if self.pieces.is_multiple_of(LOOK_EVERY) && crate::storage::free_bytes(&self.folder)? < RESERVE {
            return Err(BackupError::NoSpace {
                reserve_mib: RESERVE >> 20,
            });
        }
        self.pieces = self.pieces.wrapping_add(1);
        self.out.entry(entry).map_err(writing)
    }

    fn note_blob(&mut self, value: &[u8]) {
        if value.first() == Some(&codec::BLOB)
            && let Ok(place) = BlobPlace::read(value)
        {
            self.oldest_blob = self.oldest_blob.min(place.segment);
        }
    }

    /// The journal after `base`, and what rows point to.
    fn journal(&mut self, store: &Store, base_frame: u64) -> Result<(), BackupError> {
        let files = self.note_end(store)?;
        // The last segment that begins at or before the first frame that is needed.
        let needed = files
            .partition_point(|file| file.first_frame <= base_frame + 1)
            .saturating_sub(1);
        let pointed = files.partition_point(|file| file.first_frame < self.oldest_blob);
        for file in files.iter().skip(needed.min(pointed)) {
            self.segment(file, 0)?;
        }
        Ok(())
    }

    /// The journal from where a backup ended.
    fn journal_since(&mut self, store: &Store, previous: &Totals) -> Result<(), BackupError> {
        let files = self.note_end(store)?;
        // The earlier backup may hold all of the segment in which it ends; that may be gone then.
        let begins = |first: u64| files.iter().position(|file| file.first_frame == first);
        let from = begins(previous.end_segment).or_else(|| begins(previous.last_frame + 1));
        let from = from.ok_or(BackupError::JournalGone)?;
        for file in files.iter().skip(from) {
            let goes_on = file.first_frame == previous.end_segment;
            let offset = if goes_on { previous.end_offset } else { 0 };
            if offset > file.len {
                return Err(BackupError::OtherStore);
            }
            self.segment(file, offset)?;
        }
        Ok(())
    }

    /// Fixes where the backup ends: at what is durable now, which is all that the rows can hold.
    fn note_end(&mut self, store: &Store) -> Result<Vec<SegmentFile>, BackupError> {
        let (frame, next_seq) = store.carried()?;
        let files = store.journal_files();
        let Some(end) = files.last() else {
            return Err(BackupError::JournalGone);
        };
        (self.end.last_frame, self.end.last_seq) = (frame, next_seq - 1);
        (self.end.end_segment, self.end.end_offset) = (end.first_frame, end.len);
        let totals = &mut self.end;
        store.journal().frames_after(frame, |frame, segment, blobs_at| {
            let within = segment < end.first_frame || (segment == end.first_frame && blobs_at <= end.len);
            if within {
                totals.last_frame = frame.header.number;
                totals.last_seq = frame.header.next_seq() - 1;
            }
            Ok(())
        })?;
        Ok(files)
    }

    fn segment(&mut self, file: &SegmentFile, offset: u64) -> Result<(), BackupError> {
        let reading = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => BackupError::JournalGone,
            _ => BackupError::io("reading the journal", &error),
        };
        let mut input = File::open(&file.path).map_err(reading)?;
        input.seek(SeekFrom::Start(offset)).map_err(reading)?;
        let first_frame = file.first_frame;
        self.put(&Entry::Segment { first_frame, offset })?;
        let mut left = file.len - offset;
        while left > 0 {
            let size = left.min(PIECE as u64);
            let mut piece = vec![0; usize::try_from(size).unwrap_or(PIECE)];
            input.read_exact(&mut piece).map_err(reading)?;
            self.put(&Entry::Bytes(piece))?;
            left -= size;
        }
        Ok(())
    }
}
