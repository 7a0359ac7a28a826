//! The engine's files, as far as opening has to care for them.

use std::path::{Path, PathBuf};

use crate::storage::error::StorageError;
use crate::storage::journal::{io_error, sync_dir};

/// The engine's snapshot files.
pub(super) fn snapshots(dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let err = io_error("listing the engine's files");
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).map_err(&err)? {
        let entry = entry.map_err(&err)?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A name beside `dir` that is not taken: `store.damaged-1` …
pub(in crate::storage) fn free_name(dir: &Path, what: &str) -> PathBuf {
    (1u32..)
        .map(|n| dir.with_extension(format!("{what}-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| dir.into())
}

/// Stands beside the engine's directory when it was found damaged while running.
pub(super) fn rebuild_marker(dir: &Path) -> PathBuf {
    dir.with_extension("rebuild")
}

/// Deletes snapshots that were never finished; the engine would refuse to open with one.
pub(super) fn delete_unfinished_snapshots(dir: &Path) -> Result<(), StorageError> {
    for path in snapshots(dir)? {
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            tracing::warn!(file = %path.display(), "deleting a snapshot that was never finished");
            std::fs::remove_file(path).map_err(io_error("deleting an unfinished snapshot"))?;
        }
    }
    Ok(())
}

/// Moves all snapshots away; the engine then replays its log in full.
pub(super) fn move_snapshots_away(dir: &Path) -> Result<(), StorageError> {
    let err = io_error("moving snapshots away");
    let aside = free_name(dir, "snapshots");
    std::fs::create_dir_all(&aside).map_err(&err)?;
    for path in snapshots(dir)? {
        let to = aside.join(path.file_name().unwrap_or_default());
        std::fs::rename(&path, to).map_err(&err)?;
    }
    Ok(())
}

/// Where a new directory is made ready.
fn fresh_dir(dir: &Path) -> PathBuf {
    dir.with_file_name("store-fresh")
}

/// Finishes or takes back what a crash broke off in [`set_aside`].
pub(super) fn recover_fresh(dir: &Path) -> Result<(), StorageError> {
    let err = io_error("clearing up after damage");
    let fresh = fresh_dir(dir);
    if fresh == dir || !fresh.exists() {
        return Ok(());
    }
    if dir.exists() {
        return std::fs::remove_dir_all(&fresh).map_err(err);
    }
    std::fs::rename(&fresh, dir).map_err(&err)?;
    remove_marker(dir)?;
    sync_dir(dir.parent().unwrap_or(dir))
}

/// Moves the whole directory away and puts another in its place, with nothing in it but a file to keep. Answers where the
/// old one is now; it keeps that file, too.
pub(super) fn set_aside(dir: &Path, keep: Option<PathBuf>) -> Result<PathBuf, StorageError> {
    let err = io_error("setting the damaged state aside");
    let (aside, fresh) = (free_name(dir, "damaged"), fresh_dir(dir));
    std::fs::create_dir_all(&fresh).map_err(&err)?;
    if let Some(keep) = keep {
        let to = fresh.join(keep.file_name().unwrap_or_default());
        std::fs::hard_link(&keep, to).map_err(&err)?;
        sync_dir(&fresh)?;
    }
    std::fs::rename(dir, &aside).map_err(&err)?;
    std::fs::rename(&fresh, dir).map_err(&err)?;
    remove_marker(dir)?;
    sync_dir(dir.parent().unwrap_or(dir))?;
    Ok(aside)
}

/// Removes the marker that asks for a rebuild.
pub(in crate::storage) fn remove_marker(dir: &Path) -> Result<(), StorageError> {
    match std::fs::remove_file(rebuild_marker(dir)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error("removing a marker")(error))
        }
        _ => Ok(()),
    }
}

/// Makes every file under a directory durable.
pub(super) fn sync_tree(dir: &Path) -> Result<(), StorageError> {
    let err = io_error("syncing the engine's files");
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).map_err(&err)? {
            let path = entry.map_err(&err)?.path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            match std::fs::File::open(&path).and_then(|file| file.sync_all()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(err(error)),
                _ => {}
            }
        }
        sync_dir(&dir)?;
    }
    Ok(())
}

/// Leaves the marker that asks for a rebuild.
pub(super) fn ask_rebuild(dir: &Path) {
    if let Err(error) = std::fs::write(rebuild_marker(dir), b"damaged") {
        tracing::error!(%error, "cannot note that the engine needs a rebuild");
    }
}
