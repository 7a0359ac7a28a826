//! The way back: from a complete backup, and those that go on from it, to a data directory.
//!
//! Everything is read and checked before the first byte is written. The directory is filled under another name, opened as
//! a store, walked, and only then given its name.

use std::fs::{self, File};
use std::io::{BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::journal::{self, sync_dir};
use crate::storage::store::{RawRow, Store, StoreOptions};
use crate::storage::vault::{MasterKey, Vault};
use crate::storage::{migrations, verify};

use super::files::{Files, copy_newer};
use super::format::{Entry, Header, Reader, Totals, check_sum};
use super::newer::append_newer;
use super::{BackupError, Verified, parent};

/// Stands in a directory that a restore has not finished.
pub(super) const MARKER: &str = "RESTORE-UNFINISHED";

/// Up to where to restore.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Until {
    /// All there is.
    #[default]
    End,
    /// Up to this event.
    Seq(u64),
    /// Up to the last change that was decided at or before this time.
    Time(Timestamp),
}

/// What to restore.
pub struct Restore<'a> {
    /// A complete backup, then any that go on from it, in order.
    pub backups: &'a [PathBuf],
    /// The data directory to make; it must not exist, or be empty.
    pub dir: &'a Path,
    /// The master key that the appliance had when the backup was made; with `newer_journal`, its present one.
    pub master_key: MasterKey,
    /// Put the key into the directory (not for a key that systemd hands over).
    pub write_key: bool,
    /// A data directory whose state is lost but whose journal goes on from the last backup: what happened since is taken
    /// from there, and nothing that was acknowledged is lost.
    pub newer_journal: Option<&'a Path>,
    /// Up to where.
    pub until: Until,
}

/// What was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// Rows taken from the complete backup.
    pub rows: u64,
    /// The last event.
    pub last_seq: u64,
    /// What walking the restored store found.
    pub report: verify::Report,
}

/// Reads a backup from end to end and checks every checksum and count. Needs no key.
///
/// # Errors
/// The first thing that is not as it was written.
pub fn verify_backup(path: &Path) -> Result<Verified, BackupError> {
    let (verified, _) = read_through(path)?;
    Ok(verified)
}

fn open(path: &Path) -> Result<(File, u64), BackupError> {
    let io = |error: std::io::Error| BackupError::io("opening the backup", &error);
    let file = File::open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    Ok((file, len))
}

/// Also answers the row of the wrapped root key, if it is there.
fn read_through(path: &Path) -> Result<(Verified, Option<Vec<u8>>), BackupError> {
    let (mut file, bytes) = open(path)?;
    let mut front = [0; 8];
    // A file of another sort is told apart before its missing checksum is complained of.
    let is_ours = std::io::Read::read_exact(&mut file, &mut front).is_ok() && front == *b"FDBACKUP";
    if !is_ours {
        return Err(BackupError::NotABackup);
    }
    let sha256 = check_sum(&mut file)?;
    file.rewind()
        .map_err(|error| BackupError::io("reading the backup", &error))?;
    let (header, mut reader) = Reader::begin(BufReader::with_capacity(1 << 20, file), bytes)?;
    let root_key = Vault::root_row();
    let mut root = None;
    while let Some(entry) = reader.next()? {
        if let Entry::Rows(rows) = entry {
            root = rows
                .into_iter()
                .find(|(key, _)| *key == root_key)
                .map(|(_, value)| value)
                .or(root);
        }
    }
    let totals = reader
        .totals()
        .ok_or_else(|| BackupError::Damaged("it has no end".into()))?;
    let verified = Verified {
        header,
        totals,
        sha256,
        bytes,
    };
    Ok((verified, root))
}

/// Restores. Blocks for as long as it takes.
///
/// # Errors
/// Says which backup does not fit and why. Nothing is left in `dir` then, and nothing was written at all if a backup is
/// damaged or the key does not fit.
pub fn restore(options: Restore<'_>) -> Result<Restored, BackupError> {
    check_target(options.dir)?;
    // The key may have been exchanged since: whether it fits what the journal leads to shows at the end.
    let key = options.newer_journal.is_none().then_some(&options.master_key);
    let chain = check_chain(options.backups, key)?;
    let temporary = temporary_dir(options.dir)?;
    let dir = options.dir.to_owned();
    let restored = fill(&temporary, &chain, options).and_then(|restored| {
        let io = |error: std::io::Error| BackupError::io("naming the restored directory", &error);
        // The marker goes last: a kill before that leaves what the next restore may remove, or a whole directory.
        fs::rename(&temporary, &dir).map_err(io)?;
        sync_dir(parent(&dir))?;
        fs::remove_file(dir.join(MARKER)).map_err(io)?;
        sync_dir(&dir)?;
        Ok(restored)
    });
    if restored.is_err()
        && temporary.exists()
        && let Err(error) = remove_unfinished(&temporary)
    {
        tracing::warn!(%error, dir = %temporary.display(), "an unfinished restore could not be removed");
    }
    restored
}

fn check_target(dir: &Path) -> Result<(), BackupError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::Exists(dir.display().to_string())),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io("looking at the data directory", &error)),
    }
}

/// Every backup is whole, they follow one another, and the key fits the first, if that is asked.
fn check_chain(backups: &[PathBuf], key: Option<&MasterKey>) -> Result<Vec<Verified>, BackupError> {
    let mut chain: Vec<Verified> = Vec::new();
    for path in backups {
        let (verified, root) = read_through(path)?;
        match chain.last() {
            None => check_first(&verified, root.as_deref(), key)?,
            Some(previous) => check_next(previous, &verified)?,
        }
        chain.push(verified);
    }
    match chain.is_empty() {
        true => Err(BackupError::Order("name a complete backup first".into())),
        false => Ok(chain),
    }
}

fn check_first(first: &Verified, root: Option<&[u8]>, key: Option<&MasterKey>) -> Result<(), BackupError> {
    let Header { complete, schema, .. } = first.header;
    if !complete {
        return Err(BackupError::Order(
            "the first one holds only changes: name the complete backup that they go on from first".into(),
        ));
    }
    if schema > migrations::SCHEMA {
        return Err(BackupError::Storage(StorageError::TooNew {
            found: schema,
            known: migrations::SCHEMA,
        }));
    }
    let root = root.ok_or_else(|| BackupError::Damaged("the row with the root key is missing".into()))?;
    if key.is_none_or(|key| Vault::fits(key, root)) {
        Ok(())
    } else {
        Err(BackupError::WrongKey)
    }
}

fn check_next(previous: &Verified, next: &Verified) -> Result<(), BackupError> {
    if next.header.store != previous.header.store {
        return Err(BackupError::OtherStore);
    }
    let follows = !next.header.complete && next.header.base_frame == previous.totals.last_frame;
    if follows {
        return Ok(());
    }
    Err(BackupError::Order(format!(
        "one begins after frame {} but the one before it ends at frame {}",
        next.header.base_frame, previous.totals.last_frame
    )))
}

/// A sibling of the target, on the same disk. One left by a restore that was killed is removed.
fn temporary_dir(dir: &Path) -> Result<PathBuf, BackupError> {
    let io = |error: std::io::Error| BackupError::io("making the data directory", &error);
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    let temporary = parent(dir).join(name);
    let is_empty = fs::read_dir(&temporary).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty || temporary.join(MARKER).exists() {
        remove_unfinished(&temporary).map_err(io)?;
    } else if temporary.exists() {
        return Err(BackupError::Exists(temporary.display().to_string()));
    }
    fs::create_dir_all(parent(dir)).map_err(io)?;
    fs::create_dir(&temporary).map_err(io)?;
    fs::write(temporary.join(MARKER), b"").map_err(io)?;
    Ok(temporary)
}

/// Removes an unfinished restore, its marker last: whoever is killed on the way leaves what can be removed again.
fn remove_unfinished(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if path.file_name().is_some_and(|name| name != MARKER) {
            fs::remove_file(&path)?;
        }
    }
    fs::remove_dir_all(dir)
}

fn fill(dir: &Path, chain: &[Verified], options: Restore<'_>) -> Result<Restored, BackupError> {
    let first = chain
        .first()
        .ok_or_else(|| BackupError::Order("name a complete backup first".into()))?;
    // A state that is made whole within its own data directory finds its files where they lie.
    let in_place = options.newer_journal.is_some_and(|data| dir.starts_with(data));
    let mut files = if in_place {
        Files::nowhere()
    } else {
        Files::new(dir)
    };
    let mut rows = 0;
    for (path, verified) in options.backups.iter().zip(chain) {
        rows += write(path, verified, dir, &mut files)?;
    }
    if let (Some(data), Some(last)) = (options.newer_journal, chain.last()) {
        append_newer(data, &Store::journal_dir(dir), &last.totals)?;
        if !in_place {
            copy_newer(data, dir)?;
        }
    }
    cut(&Store::journal_dir(dir), &first.totals, options.until)?;
    if options.write_key {
        options.master_key.replace_file(dir)?;
    }
    let store = Store::open(StoreOptions {
        dir: dir.to_owned(),
        master_key: options.master_key,
    })?;
    let report = verify::verify(&store, verify::Options::default())?;
    let last_seq = *store.watch_events().borrow();
    store.close();
    Ok(Restored {
        rows,
        last_seq,
        report,
    })
}

/// Writes one backup's rows and journal. Answers how many rows.
fn write(path: &Path, verified: &Verified, dir: &Path, files: &mut Files) -> Result<u64, BackupError> {
    let (file, len) = open(path)?;
    let (header, mut reader) = Reader::begin(BufReader::with_capacity(1 << 20, file), len)?;
    if header != verified.header {
        return Err(BackupError::Damaged("it changed while it was read".into()));
    }
    let mut next = reader.next()?;
    let mut rows = 0;
    if header.complete {
        let mut source = Rows {
            reader: &mut reader,
            page: Vec::new().into_iter(),
            next: &mut next,
            failed: None,
        };
        let (frame, next_seq) = (header.base_frame, header.base_next_seq);
        let loaded = Store::restore_rows(dir, &mut source, frame, next_seq);
        if let Some(error) = source.failed {
            return Err(error);
        }
        rows = loaded?;
    }
    journal_and_files(&mut reader, next, &Store::journal_dir(dir), files)?;
    Ok(rows)
}

/// Hands out rows until another sort of record comes, which it leaves in `next`.
struct Rows<'a, R: std::io::Read> {
    reader: &'a mut Reader<R>,
    page: std::vec::IntoIter<RawRow>,
    next: &'a mut Option<Entry>,
    failed: Option<BackupError>,
}

impl<R: std::io::Read> Iterator for Rows<'_, R> {
    type Item = Result<RawRow, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.page.next() {
                return Some(Ok(row));
            }
            match self.next.take() {
                Some(Entry::Rows(rows)) => self.page = rows.into_iter(),
                other => {
                    *self.next = other;
                    return None;
                }
            }
            match self.reader.next() {
                Ok(entry) => *self.next = entry,
                Err(error) => {
                    let cause = error.to_string();
                    self.failed = Some(error);
                    return Some(Err(StorageError::Io {
                        doing: "reading the backup",
                        cause,
                    }));
                }
            }
        }
    }
}

fn journal_and_files<R: std::io::Read>(
    reader: &mut Reader<R>,
    first: Option<Entry>,
    dir: &Path,
    files: &mut Files,
) -> Result<(), BackupError> {
    let io = |error: std::io::Error| BackupError::io("writing the journal", &error);
    fs::create_dir_all(dir).map_err(io)?;
    let mut file: Option<File> = None;
    let mut next = first;
    while let Some(entry) = next {
        match entry {
            Entry::Segment { first_frame, offset } => {
                if let Some(done) = file.take() {
                    done.sync_all().map_err(io)?;
                }
                file = Some(segment_file(dir, first_frame, offset)?);
            }
            Entry::Bytes(bytes) => match &mut file {
                Some(file) => file.write_all(&bytes).map_err(io)?,
                None => return Err(BackupError::Damaged("bytes of no segment".into())),
            },
            Entry::Rows(_) => return Err(BackupError::Damaged("rows behind the journal".into())),
            Entry::File { path, len } => files.begin(&path, len)?,
            Entry::Piece(bytes) => files.piece(&bytes)?,
            Entry::End(_) => files.end()?,
        }
        next = reader.next()?;
    }
    if let Some(done) = file {
        done.sync_all().map_err(io)?;
    }
    sync_dir(dir)?;
    Ok(())
}

/// A new segment's file, or an earlier backup's to go on with exactly where it ends.
fn segment_file(dir: &Path, first_frame: u64, offset: u64) -> Result<File, BackupError> {
    let io = |error: std::io::Error| BackupError::io("writing the journal", &error);
    let path = dir.join(journal::file_name(first_frame));
    let is_new = offset == 0;
    let mut file = File::options()
        .write(true)
        .create_new(is_new)
        .open(path)
        .map_err(io)?;
    let end = file.seek(std::io::SeekFrom::End(0)).map_err(io)?;
    if end != offset {
        return Err(BackupError::Order(format!(
            "the journal ends at byte {end}, the next backup goes on at {offset}"
        )));
    }
    Ok(file)
}

/// Ends the journal before the first frame that is beyond `until`.
fn cut(dir: &Path, first: &Totals, until: Until) -> Result<(), BackupError> {
    if until == Until::End {
        return Ok(());
    }
    let opened = journal::open(journal::Options {
        dir: dir.to_owned(),
        segment_bytes: u64::MAX,
        faults: None,
        start: (1, 1),
    })?;
    let mut place: Option<(u64, u64, u64)> = None;
    opened.reader.frames_after(0, |frame, segment, blobs_at| {
        let beyond = frame.events.iter().any(|event| match until {
            Until::End => false,
            Until::Seq(seq) => event.seq > seq,
            Until::Time(time) => event.at > time,
        });
        if place.is_none() && beyond {
            place = Some((frame.header.number, segment, blobs_at - journal::HEADER as u64));
        }
        Ok(())
    })?;
    let Some((frame, segment, offset)) = place else {
        return Ok(());
    };
    if frame <= first.last_frame {
        return Err(BackupError::TooEarly {
            earliest_seq: first.last_seq,
        });
    }
    let io = |error: std::io::Error| BackupError::io("cutting the journal", &error);
    for later in opened
        .reader
        .files()
        .iter()
        .filter(|file| file.first_frame > segment)
    {
        fs::remove_file(&later.path).map_err(io)?;
    }
    let file = File::options()
        .write(true)
        .open(dir.join(journal::file_name(segment)))
        .map_err(io)?;
    file.set_len(offset).and_then(|()| file.sync_all()).map_err(io)?;
    sync_dir(dir)?;
    Ok(())
}
