//! The appliance's master key: where it comes from and who may read it.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::cipher::{LookupKey, random};
use super::no_random;
use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};

/// The key's file in the data directory.
const FILE: &str = "master.key";
/// A key that is about to take the file's place.
const NEXT: &str = "master.key.next";
/// The key's name among the credentials that systemd hands over.
const CREDENTIAL: &str = "frontdesk-master-key";

/// Whether something is there that another key has sealed. A fresh key beside it would only hide what is wrong.
fn holds_data(dir: &Path) -> bool {
    let is_filled =
        |name| std::fs::read_dir(dir.join(name)).is_ok_and(|mut entries| entries.next().is_some());
    is_filled("journal") || is_filled("store")
}

/// The appliance's master key; wraps every other key.
pub struct MasterKey(pub(in crate::storage) zeroize::Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The key from systemd's credential directory (`$CREDENTIALS_DIRECTORY/frontdesk-master-key`) if there is one, else
    /// from `master.key` in the data directory, which is made (mode 0600) if there is neither key nor data.
    ///
    /// # Errors
    /// The file is missing though there is data, cannot be read, has another length than 32 bytes, or others than its owner may read it.
    pub fn load(dir: &Path) -> Result<Self, StorageError> {
        if let Some(path) = Self::credential() {
            return Self::read(&path);
        }
        let path = dir.join(FILE);
        if path.exists() {
            Self::checked(&path)
        } else if holds_data(dir) {
            Err(StorageError::Io {
                doing: "reading the master key",
                cause: format!(
                    "{} is missing, and the data beside it cannot be read without it: put the key back from where you \
                     keep its copy",
                    path.display()
                ),
            })
        } else {
            Self::make(dir, path)
        }
    }

    /// Where systemd has put the key, if it hands one over.
    fn credential() -> Option<PathBuf> {
        let dir = std::env::var_os("CREDENTIALS_DIRECTORY")?;
        Some(Path::new(&dir).join(CREDENTIAL)).filter(|path| path.exists())
    }

    /// The key from a file, wherever it lies.
    ///
    /// # Errors
    /// The file cannot be read, has another length than 32 bytes, or others than its owner may read it.
    pub fn from_file(path: &Path) -> Result<Self, StorageError> {
        Self::checked(path)
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub fn generate() -> Result<Self, StorageError> {
        Ok(Self(zeroize::Zeroizing::new(random().ok_or_else(no_random)?)))
    }

    /// Writes this key into the data directory in the place of the one there, durably.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn replace_file(&self, dir: &Path) -> Result<(), StorageError> {
        self.write(dir, FILE)
    }

    fn write(&self, dir: &Path, name: &str) -> Result<(), StorageError> {
        let err = io_error("writing the master key");
        std::fs::create_dir_all(dir).map_err(&err)?;
        let new = dir.join("master.key.new");
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .map_err(&err)?;
        file.write_all(self.0.as_slice())
            .and_then(|()| file.sync_all())
            .map_err(&err)?;
        std::fs::rename(&new, dir.join(name)).map_err(&err)?;
        sync_dir(dir)
    }

    /// The key in the data directory's file, to be exchanged for another.
    ///
    /// # Errors
    /// The key is handed over by systemd, or the file cannot be read.
    pub(in crate::storage) fn to_exchange(dir: &Path) -> Result<Self, StorageError> {
        match Self::credential() {
            None => Self::checked(&dir.join(FILE)),
            Some(_) => Err(StorageError::Io {
                doing: "exchanging the master key",
                cause: "systemd hands the key over: see \"A new master key\" in the manual's chapter for operators"
                    .into(),
            }),
        }
    }

    /// Writes this key beside the one in use, to take its place with [`Self::take_place`].
    pub(in crate::storage) fn wait_for_place(&self, dir: &Path) -> Result<(), StorageError> {
        self.write(dir, NEXT)
    }

    /// The key that waits to take the present one's place, if a crash left it waiting.
    pub(in crate::storage) fn waiting(dir: &Path) -> Result<Option<Self>, StorageError> {
        let path = dir.join(NEXT);
        path.exists().then(|| Self::checked(&path)).transpose()
    }

    /// Puts the key that waits in the place of the present one.
    pub(in crate::storage) fn take_place(dir: &Path) -> Result<(), StorageError> {
        let renamed = std::fs::rename(dir.join(NEXT), dir.join(FILE));
        renamed.map_err(io_error("exchanging the master key"))?;
        sync_dir(dir)
    }

    /// Keeps this key beside the one that takes its place: backups that were made before need it.
    pub(in crate::storage) fn keep_as_old(&self, dir: &Path, stamp: &str) -> Result<PathBuf, StorageError> {
        let name = format!("master.key.until-{stamp}");
        self.write(dir, &name)?;
        Ok(dir.join(name))
    }

    /// Tells whether a key is this one, without telling the key.
    pub fn check(&self) -> [u8; 16] {
        LookupKey::from_secret(&self.0, b"check").hash("frontdesk master key")
    }

    fn make(dir: &Path, path: PathBuf) -> Result<Self, StorageError> {
        let key = Self::generate()?;
        key.replace_file(dir)?;
        tracing::info!(file = %path.display(), "made a master key; keep a copy of it apart from the backups");
        Ok(key)
    }

    fn checked(path: &Path) -> Result<Self, StorageError> {
        let mode = std::fs::metadata(path)
            .map_err(io_error("reading the master key"))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(StorageError::Io {
                doing: "reading the master key",
                cause: format!("others may read {}: run chmod 600 on it", path.display()),
            });
        }
        Self::read(path)
    }

    fn read(path: &Path) -> Result<Self, StorageError> {
        let bytes = std::fs::read(path)
            .map(zeroize::Zeroizing::new)
            .map_err(io_error("reading the master key"))?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| StorageError::Io {
            doing: "reading the master key",
            cause: format!("{} must hold 32 bytes but holds {}", path.display(), bytes.len()),
        })?;
        Ok(Self(zeroize::Zeroizing::new(key)))
    }
}
