//! What happened after the last backup, from the journal of a data directory whose state was lost.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::storage::journal::{file_name, sync_dir};
use crate::storage::store::Store;

use super::BackupError;
use super::format::Totals;

fn reading(error: io::Error) -> BackupError {
    BackupError::io("reading the newer journal", &error)
}

fn writing(error: io::Error) -> BackupError {
    BackupError::io("writing the journal", &error)
}

/// Goes on with the journal in `to`, which ends where `end` says, with what stands behind that in the journal of `data`. A
/// frame that was never finished comes along; opening the store cuts it off.
pub(super) fn append_newer(data: &Path, to: &Path, end: &Totals) -> Result<(), BackupError> {
    let _held = Store::hold(data)?;
    let from = Store::journal_dir(data);
    let segments = segments(&from)?;
    // The backup may hold all of the segment in which it ends; that may be gone then.
    let follows = [end.end_segment, end.last_frame + 1];
    let Some(from_segment) = follows.into_iter().find(|first| segments.contains(first)) else {
        return Err(BackupError::JournalGone);
    };
    for first_frame in segments.into_iter().filter(|first| *first >= from_segment) {
        let (source, target) = (from.join(file_name(first_frame)), to.join(file_name(first_frame)));
        match first_frame == end.end_segment {
            true => go_on(&source, &target, end.end_offset)?,
            false => {
                fs::copy(&source, &target).map_err(writing)?;
                sync(&target)?;
            }
        }
    }
    sync_dir(to)?;
    Ok(())
}

/// First frames of the journal's files, in order.
fn segments(dir: &Path) -> Result<Vec<u64>, BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(reading)? {
        let name = PathBuf::from(entry.map_err(reading)?.file_name());
        let first = name.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        found.extend(first.filter(|first| name == Path::new(&file_name(*first))));
    }
    found.sort_unstable();
    Ok(found)
}

/// Both files hold the same up to `offset`; the rest of the source is added to the target.
fn go_on(source: &Path, target: &Path, offset: u64) -> Result<(), BackupError> {
    let mut input = BufReader::new(File::open(source).map_err(reading)?);
    let mut output = File::options()
        .read(true)
        .append(true)
        .open(target)
        .map_err(writing)?;
    if !same(&mut input, &mut BufReader::new(&output), offset)? {
        return Err(BackupError::OtherStore);
    }
    input.seek(SeekFrom::Start(offset)).map_err(reading)?;
    io::copy(&mut input, &mut output).map_err(writing)?;
    output.flush().and_then(|()| output.sync_all()).map_err(writing)
}

fn same(one: &mut impl Read, other: &mut impl Read, len: u64) -> Result<bool, BackupError> {
    let (mut left, mut a, mut b) = (len, [0; 8192], [0; 8192]);
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(a.len());
        let short = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::OtherStore,
            _ => reading(error),
        };
        one.read_exact(&mut a[..size]).map_err(short)?;
        other.read_exact(&mut b[..size]).map_err(short)?;
        if a[..size] != b[..size] {
            return Ok(false);
        }
        left -= size as u64;
    }
    Ok(true)
}

fn sync(path: &Path) -> Result<(), BackupError> {
    let file = File::open(path).map_err(writing)?;
    file.sync_all().map_err(writing)
}
