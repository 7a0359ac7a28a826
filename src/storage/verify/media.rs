//! Files: every record's bytes lie there at their full length, and look-ups and jobs point to records.

use crate::domain::MediaId;
use crate::domain::media::{Media, MediaState};
use crate::storage::error::StorageError;
use crate::storage::keys::{MediaByReferenceKey, MediaJobKey, MediaKey};

use super::{Findings, Tables, Walk, dangling};

type Checked = Result<(), StorageError>;

pub(super) fn check(tables: &mut Tables<'_>) -> Checked {
    tables.table::<MediaKey>(media)?;
    tables.table::<MediaByReferenceKey>(by_reference)?;
    tables.table::<MediaJobKey>(job)
}

fn media(walk: &Walk<'_>, key: &MediaKey, value: &Media, out: &mut Findings) -> Checked {
    out.unless(value.id == key.media, "holds another file");
    let is_stored = value.state == MediaState::Stored;
    out.unless(
        is_stored == value.file.is_some(),
        "its state and its file do not agree",
    );
    for file in [&value.file, &value.thumbnail].into_iter().flatten() {
        let whole = walk.store.media().lies_whole(key.workspace, file);
        out.unless(whole, "its bytes are not on the disk, or not all of them");
    }
    Ok(())
}

fn by_reference(walk: &Walk<'_>, key: &MediaByReferenceKey, value: &MediaId, out: &mut Findings) -> Checked {
    let record = MediaKey {
        workspace: key.workspace,
        media: *value,
    };
    if !walk.store.contains(&record)? {
        out.mendable("points to a file that does not exist", dangling(key));
    }
    Ok(())
}

fn job(walk: &Walk<'_>, key: &MediaJobKey, (): &(), out: &mut Findings) -> Checked {
    let record = MediaKey {
        workspace: key.workspace,
        media: key.media,
    };
    if !walk.store.contains(&record)? {
        out.mendable("is to fetch a file that does not exist", dangling(key));
    }
    Ok(())
}
