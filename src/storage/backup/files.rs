//! Files in a backup: copied sealed as they lie, put back where they lay.

use std::fs::{self, File};
use std::io::{Read as _, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::BackupError;
use super::export::{Export, PIECE};
use super::format::Entry;
use crate::storage::journal::sync_dir;
use crate::storage::media::MediaFiles;
use crate::storage::store::Store;

/// Files this much older than the backup before are in a backup of changes as well: clocks of files are not exact.
const MARGIN: Duration = Duration::from_secs(3600);

fn reading(error: &std::io::Error) -> BackupError {
    BackupError::io("reading a file", error)
}

fn writing(error: &std::io::Error) -> BackupError {
    BackupError::io("writing a file", error)
}

impl<W: Write> Export<W> {
    /// Every file, or those that came since (microseconds since 1970).
    pub(super) fn files(&mut self, store: &Store, since: Option<i64>) -> Result<(), BackupError> {
        let since = since.map(|at| {
            let at = Duration::from_micros(at.max(0).unsigned_abs());
            SystemTime::UNIX_EPOCH + at.saturating_sub(MARGIN)
        });
        store
            .media()
            .each(|file| self.one(&file.path, file.relative(), since))
    }

    fn one(&mut self, path: &Path, name: String, since: Option<SystemTime>) -> Result<(), BackupError> {
        let mut input = match File::open(path) {
            // Let go of since it was listed: its record says so, or will.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            input => input.map_err(|error| reading(&error))?,
        };
        let about = input.metadata().map_err(|error| reading(&error))?;
        let modified = about.modified().map_err(|error| reading(&error))?;
        if since.is_some_and(|since| modified < since) {
            return Ok(());
        }
        let mut left = about.len();
        self.put(&Entry::File {
            path: name,
            len: left,
        })?;
        while left > 0 {
            let size = left.min(PIECE as u64);
            let mut piece = vec![0; usize::try_from(size).unwrap_or(PIECE)];
            input.read_exact(&mut piece).map_err(|error| reading(&error))?;
            self.put(&Entry::Piece(piece))?;
            left -= size;
        }
        Ok(())
    }
}

/// Puts files back, piece by piece.
pub(super) struct Files {
    /// `None`: they lie where they belong already.
    folder: Option<MediaFiles>,
    open: Option<(File, u64)>,
}

impl Files {
    /// Into a data directory.
    pub(super) fn new(data: &Path) -> Self {
        Self {
            folder: Some(MediaFiles::new(data, 0)),
            open: None,
        }
    }

    /// Leaves them in the backup.
    pub(super) const fn nowhere() -> Self {
        Self {
            folder: None,
            open: None,
        }
    }

    pub(super) fn begin(&mut self, path: &str, len: u64) -> Result<(), BackupError> {
        self.end()?;
        let Some(known) = &self.folder else { return Ok(()) };
        let damaged = || BackupError::Damaged("a file has an impossible name".into());
        let place = known.place(path).ok_or_else(damaged)?;
        let folder = place.parent().ok_or_else(damaged)?;
        fs::create_dir_all(folder).map_err(|error| writing(&error))?;
        let file = File::create(&place).map_err(|error| writing(&error))?;
        self.open = Some((file, len));
        Ok(())
    }

    pub(super) fn piece(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        if self.folder.is_none() {
            return Ok(());
        }
        let wrong = || BackupError::Damaged("pieces of no file, or too many".into());
        let (file, left) = self.open.as_mut().ok_or_else(wrong)?;
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(wrong)?;
        file.write_all(bytes).map_err(|error| writing(&error))
    }

    /// The file that was being put back is whole.
    pub(super) fn end(&mut self) -> Result<(), BackupError> {
        match self.open.take() {
            None => Ok(()),
            Some((file, 0)) => file.sync_all().map_err(|error| writing(&error)),
            Some(_) => Err(BackupError::Damaged("a file ends too early".into())),
        }
    }
}

/// Takes over the files of a data directory whose state is lost, as far as they are not there yet.
pub(super) fn copy_newer(from: &Path, to: &Path) -> Result<(), BackupError> {
    let (from, to) = (MediaFiles::new(from, 0), MediaFiles::new(to, 0));
    from.each(|file| {
        let Some(place) = to.place(&file.relative()).filter(|place| !place.exists()) else {
            return Ok(());
        };
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|error| writing(&error))?;
            fs::copy(&file.path, &place).map_err(|error| writing(&error))?;
            let copied = File::open(&place).and_then(|copied| copied.sync_all());
            copied.map_err(|error| writing(&error))?;
            sync_dir(folder)?;
        }
        Ok(())
    })
}
