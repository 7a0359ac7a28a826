//! The directories of the index: one a version, swapped as a whole.
//!
//! `v1` is in use, `v1.new` is being built, `v1.old` is on its way out. Everything here can be built again from the
//! records, so what is damaged, foreign or left over is removed, not kept: it holds people's words.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::schema::VERSION;

/// Where the index of this version lies.
pub fn current(dir: &Path) -> PathBuf {
    dir.join(format!("v{VERSION}"))
}

/// Where its successor is built.
pub fn next(dir: &Path) -> PathBuf {
    dir.join(format!("v{VERSION}.new"))
}

fn old(dir: &Path) -> PathBuf {
    dir.join(format!("v{VERSION}.old"))
}

/// Brings the directory into order after whatever happened: ends a swap that was cut off, removes what was left over
/// and what another version wrote. Answers where the index lies; it may be an empty directory.
pub fn settle(dir: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(dir)?;
    let (current, next, old) = (current(dir), next(dir), old(dir));
    if !current.exists() && old.exists() && next.exists() {
        // Cut off between the two renames: the successor was complete by then.
        fs::rename(&next, &current)?;
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path != current && is_ours(&path) {
            tracing::info!(path = %path.display(), "removing a left-over search index");
            fs::remove_dir_all(&path)?;
        }
    }
    fs::create_dir_all(&current)?;
    sync(dir)?;
    Ok(current)
}

/// Replaces the index by its successor.
pub fn swap(dir: &Path) -> io::Result<()> {
    let (current, next, old) = (current(dir), next(dir), old(dir));
    fs::rename(&current, &old)?;
    fs::rename(&next, &current)?;
    sync(dir)?;
    fs::remove_dir_all(&old)
}

/// Empties the index: out of the way first, so that even a removal that fails leaves no damaged index behind.
pub fn discard(dir: &Path) -> io::Result<()> {
    let (current, old) = (current(dir), old(dir));
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    fs::rename(&current, &old)?;
    fs::create_dir_all(&current)?;
    sync(dir)?;
    fs::remove_dir_all(&old)
}

fn sync(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// Whether this is a directory that some version made: `v`, a number, and perhaps an ending.
fn is_ours(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let version = name.strip_prefix('v').and_then(|rest| rest.split('.').next());
    path.is_dir() && version.is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()))
}
