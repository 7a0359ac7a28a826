//! Writing a sealed file as its bytes come.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::folder::MediaFiles;
use super::{HEAD, PIECE, WriteError};
use crate::domain::media::StoredFile;
use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};
use crate::storage::vault::FileKey;

/// So many bytes from the front are kept, to tell the type by.
const FRONT: usize = 8 << 10;
/// How often the free space is looked at: once in so many pieces (4 MiB).
const LOOK_EVERY: u32 = 64;

/// A file being written. Blocks; use it off the request threads. Dropped unfinished, it leaves nothing behind.
pub struct MediaWriter {
    files: MediaFiles,
    out: File,
    /// Where it is being written.
    unfinished: PathBuf,
    /// Where it will be.
    target: PathBuf,
    name: String,
    secret: [u8; 32],
    key: FileKey,
    gathered: Vec<u8>,
    index: u32,
    size: u64,
    limit: u64,
    sha: Sha256,
    front: Vec<u8>,
    named: bool,
}

/// A file that is whole, durable and has its name.
#[derive(Clone, Debug)]
pub struct Written {
    /// What its record must keep.
    pub file: StoredFile,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The first bytes, up to 8 KiB.
    pub front: Vec<u8>,
}

/// Where a new file goes.
pub(super) struct Target {
    pub unfinished: PathBuf,
    pub path: PathBuf,
    pub name: String,
}

impl MediaWriter {
    pub(super) fn begin(files: MediaFiles, target: Target, limit: u64) -> Result<Self, WriteError> {
        files.check_space()?;
        let secret = FileKey::draw().ok_or_else(no_random)?;
        let Target {
            unfinished,
            path,
            name,
        } = target;
        for folder in [unfinished.parent(), path.parent()].into_iter().flatten() {
            fs::create_dir_all(folder).map_err(io_error("making a folder for files"))?;
        }
        let mut out = File::options()
            .write(true)
            .create_new(true)
            .open(&unfinished)
            .map_err(io_error("making a file"))?;
        out.write_all(HEAD).map_err(io_error("writing a file"))?;
        Ok(Self {
            files,
            out,
            unfinished,
            target: path,
            name,
            key: FileKey::new(&secret),
            secret,
            gathered: Vec::with_capacity(PIECE),
            index: 0,
            size: 0,
            limit,
            sha: Sha256::new(),
            front: Vec::new(),
            named: false,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// There are more than allowed, or the disk is full or fails.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(WriteError::TooLarge { limit: self.limit });
        }
        self.sha.update(bytes);
        let wanted = FRONT - self.front.len();
        self.front.extend_from_slice(&bytes[..bytes.len().min(wanted)]);
        while !bytes.is_empty() {
            // A full piece is written only once more follows, so that the last one is known as such.
            if self.gathered.len() == PIECE {
                self.piece(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.gathered.len()));
            self.gathered.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Bytes taken so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn piece(&mut self, last: bool) -> Result<(), WriteError> {
        if self.index.is_multiple_of(LOOK_EVERY) {
            self.files.check_space()?;
        }
        let sealed = self.key.seal(self.index, last, HEAD, &self.gathered);
        let sealed = sealed.ok_or_else(too_many)?;
        self.out.write_all(&sealed).map_err(io_error("writing a file"))?;
        self.gathered.clear();
        self.index = self.index.checked_add(1).ok_or_else(too_many)?;
        Ok(())
    }

    /// Makes it durable and gives it its name.
    ///
    /// # Errors
    /// The disk fails; nothing is left behind then.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        self.piece(true)?;
        self.out.sync_all().map_err(io_error("syncing a file"))?;
        fs::rename(&self.unfinished, &self.target).map_err(io_error("naming a file"))?;
        self.named = true;
        for folder in self.target.ancestors().skip(1).take(3) {
            sync_dir(folder)?;
        }
        Ok(Written {
            file: StoredFile {
                name: std::mem::take(&mut self.name),
                key: self.secret,
                size: self.size,
            },
            sha256: self.sha.clone().finalize().into(),
            front: std::mem::take(&mut self.front),
        })
    }
}

impl Drop for MediaWriter {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        if !self.named
            && let Err(error) = fs::remove_file(&self.unfinished)
        {
            tracing::warn!(%error, "an unfinished file could not be removed");
        }
    }
}

pub(super) fn no_random() -> StorageError {
    StorageError::Io {
        doing: "drawing random bytes",
        cause: "the system gives none".into(),
    }
}

fn too_many() -> StorageError {
    StorageError::Io {
        doing: "sealing a file",
        cause: "it has too many pieces".into(),
    }
}
