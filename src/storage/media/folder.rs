//! The folder of files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::reader::MediaReader;
use super::writer::{MediaWriter, Target, no_random};
use super::{WriteError, sealed_len};
use crate::domain::media::StoredFile;
use crate::domain::{MediaId, WorkspaceId};
use crate::storage::error::StorageError;
use crate::storage::journal::io_error;
use crate::storage::vault::FileKey;

/// The folder within the data directory.
const FOLDER: &str = "media";
/// Where files are while they are written.
const UNFINISHED: &str = "unfinished";
/// What stays free on the disk beside the store's own reserve: files must never be what stops the store.
const RESERVE: u64 = 128 << 20;

/// Which of a record's files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The file itself.
    Whole,
    /// The small picture of it.
    Thumbnail,
}

impl Part {
    const fn ending(self) -> &'static str {
        match self {
            Self::Whole => "m",
            Self::Thumbnail => "t",
        }
    }
}

/// The folder. Cheap to clone.
#[derive(Clone)]
pub struct MediaFiles {
    root: Arc<PathBuf>,
    min_free: u64,
}

/// A file as it lies in the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::storage) struct Lying {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which record.
    pub media: MediaId,
    /// Its name.
    pub name: String,
    /// Where.
    pub path: PathBuf,
}

impl Lying {
    /// Its path within the folder.
    pub(in crate::storage) fn relative(&self) -> String {
        let first = self.name.get(..2).unwrap_or("00");
        format!("{}/{first}/{}", hex(&self.workspace.0), self.name)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex16(text: &str) -> Option<[u8; 16]> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = text.len() == 32 && text.bytes().all(lower);
    let number = fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
    Some(number.to_be_bytes())
}

impl MediaFiles {
    /// The folder of a data directory; it is made with the first file. Less than the store's reserve and some more is
    /// never left free.
    pub(in crate::storage) fn new(data: &Path, store_reserve: u64) -> Self {
        Self {
            root: Arc::new(data.join(FOLDER)),
            min_free: store_reserve.saturating_add(RESERVE),
        }
    }

    /// Where a file with this path within the folder lies; `None` for what is no such path.
    pub(in crate::storage) fn place(&self, relative: &str) -> Option<PathBuf> {
        let mut parts = relative.split('/');
        let (workspace, first, name) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = parts.next().is_none()
            && unhex16(workspace).is_some()
            && media_of(name).is_some()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            && name.get(..2) == Some(first);
        fits.then(|| self.root.join(workspace).join(first).join(name))
    }

    /// Removes what was being written when the program ended. Only before anything is written.
    pub(in crate::storage) fn clear_unfinished(&self) -> Result<(), StorageError> {
        match fs::remove_dir_all(self.root.join(UNFINISHED)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("removing unfinished files")(error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_space(&self) -> Result<(), WriteError> {
        let mut dir: &Path = &self.root;
        while !dir.exists() {
            dir = dir.parent().unwrap_or(Path::new("/"));
        }
        let free = crate::storage::free_bytes(dir)?;
        match free >= self.min_free {
            true => Ok(()),
            false => Err(WriteError::NoSpace {
                free_mib: free >> 20,
                needed_mib: self.min_free >> 20,
            }),
        }
    }

    /// Begins a file of at most `limit` bytes.
    ///
    /// # Errors
    /// The disk is too full, or fails.
    pub fn begin(
        &self,
        workspace: WorkspaceId,
        media: MediaId,
        part: Part,
        limit: u64,
    ) -> Result<MediaWriter, WriteError> {
        let random = FileKey::draw_name().ok_or_else(no_random)?;
        let name = format!("{}-{}.{}", hex(&media.0), hex(&random), part.ending());
        let target = Target {
            unfinished: self.root.join(UNFINISHED).join(&name),
            path: self.path(workspace, &name),
            name,
        };
        MediaWriter::begin(self.clone(), target, limit)
    }

    /// Opens a file; `None` if it is not there.
    ///
    /// # Errors
    /// It is not as its record says, or the disk fails.
    pub fn open(
        &self,
        workspace: WorkspaceId,
        file: &StoredFile,
    ) -> Result<Option<MediaReader>, StorageError> {
        match File::open(self.path(workspace, &file.name)) {
            Ok(opened) => MediaReader::new(opened, file).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("opening a file")(error)),
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, workspace: WorkspaceId, name: &str) {
        match fs::remove_file(self.path(workspace, name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a file that is no longer needed could not be removed; the sweep tries again");
            }
            _ => {}
        }
    }

    /// Whether the file lies there at its full length. Does not open it.
    pub(in crate::storage) fn lies_whole(&self, workspace: WorkspaceId, file: &StoredFile) -> bool {
        let found = fs::metadata(self.path(workspace, &file.name));
        found.is_ok_and(|found| found.is_file() && found.len() == sealed_len(file.size))
    }

    fn path(&self, workspace: WorkspaceId, name: &str) -> PathBuf {
        // Names come from our own records; what is no such name leads to nothing.
        let name = match name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        {
            true => name,
            false => "none",
        };
        let first = name.get(..2).unwrap_or("00");
        self.root.join(hex(&workspace.0)).join(first).join(name)
    }

    /// Hands out every file that has its name, folder by folder. Strange files are left alone.
    pub(in crate::storage) fn each<E: From<StorageError>>(
        &self,
        mut found: impl FnMut(Lying) -> Result<(), E>,
    ) -> Result<(), E> {
        for workspace in children(&self.root)? {
            let Some(id) = name_of(&workspace).and_then(|name| unhex16(&name)) else {
                continue;
            };
            for folder in children(&workspace)? {
                for path in children(&folder)? {
                    let Some((name, media)) =
                        name_of(&path).and_then(|name| Some((name.clone(), media_of(&name)?)))
                    else {
                        continue;
                    };
                    found(Lying {
                        workspace: WorkspaceId(id),
                        media,
                        name,
                        path,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Removes files older than `before` for which `wanted` says no. Answers how many.
    ///
    /// # Errors
    /// The folder, or what `wanted` asks, cannot be read.
    pub fn sweep(
        &self,
        before: SystemTime,
        mut wanted: impl FnMut(WorkspaceId, MediaId, &str) -> Result<bool, StorageError>,
    ) -> Result<u64, StorageError> {
        let mut gone = 0;
        self.each::<StorageError>(|file| {
            let age = fs::metadata(&file.path).and_then(|meta| meta.modified());
            let old = age.is_ok_and(|modified| modified < before);
            if old && !wanted(file.workspace, file.media, &file.name)? {
                self.remove(file.workspace, &file.name);
                gone += 1;
            }
            Ok(())
        })?;
        Ok(gone)
    }
}

fn media_of(name: &str) -> Option<MediaId> {
    let (id, rest) = name.split_once('-')?;
    let (_, ending) = rest.split_once('.')?;
    matches!(ending, "m" | "t")
        .then(|| unhex16(id).map(MediaId))
        .flatten()
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

/// What lies in a folder; nothing if it is none.
fn children(folder: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let entries = match fs::read_dir(folder) {
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        entries => entries.map_err(io_error("listing files"))?,
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    paths.map_err(io_error("listing files"))
}
