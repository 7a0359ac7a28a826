//! Raw deliveries with their lists and bytes, notices, alerts, due work.

use crate::domain::operations::{Alert, DueWork, Notice, RawEvent, RawState};
use crate::storage::error::StorageError;
use crate::storage::keys::{
    AlertKey, DueKey, Key as _, NoticeKey, NoticeSeenKey, RawBlobKey, RawBundleKey, RawByStateKey,
    RawEventKey, RawPendingKey, Table,
};

use super::{Findings, STRANGE_KEY, Tables, Walk, dangling, hex, missing};

pub(super) fn check(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    tables.table::<RawEventKey>(raw_event)?;
    tables.table::<RawByStateKey>(raw_by_state)?;
    tables.table::<RawPendingKey>(raw_pending)?;
    tables.keys(Table::RawBlob, raw_blob)?;
    tables.keys(Table::RawBundle, raw_bundle)?;
    tables.table::<NoticeKey>(notice)?;
    tables.table::<NoticeSeenKey>(notice_seen)?;
    tables.table::<AlertKey>(alert)?;
    tables.table::<DueKey>(due)
}

type Checked = Result<(), StorageError>;

/// A delivery that was worked in has no row among the pending ones any more; only parked ones stand in a list of their own.
fn raw_event(walk: &Walk<'_>, key: &RawEventKey, value: &RawEvent, out: &mut Findings) -> Checked {
    out.unless(value.id == key.raw, "holds another delivery");
    let (workspace, raw, channel) = (key.workspace, key.raw, value.channel);
    let is_parked = value.state == RawState::Parked;
    let listed = RawByStateKey {
        workspace,
        state: value.state as u8,
        raw,
    };
    if is_parked && !walk.store.contains(&listed)? {
        out.mendable("is parked but not in that list", missing(&listed, &()));
    }
    let pending = RawPendingKey {
        workspace,
        channel,
        raw,
    };
    // The journal is kept for a time only; what is still to be worked in must be there.
    if is_parked || walk.store.contains(&pending)? {
        let bytes = walk.store.blob(&RawBlobKey { raw: value.blob });
        out.unless(!matches!(bytes, Ok(None)), "its bytes are gone");
    }
    Ok(())
}

/// The bytes of a delivery, if their part of the journal is still kept.
fn raw_blob(tables: &mut Tables<'_>, key: &[u8]) -> Checked {
    let Some(typed) = RawBlobKey::read(&key[1..]) else {
        tables.tell("RawBlob", &hex(key), STRANGE_KEY.into(), None);
        return Ok(());
    };
    match tables.walk.store.blob(&typed) {
        Ok(_) => Ok(()),
        Err(StorageError::Damaged { cause, .. }) => {
            let what = format!("its bytes cannot be read: {cause}");
            tables.tell("RawBlob", &format!("{typed:?}"), what, None);
            Ok(())
        }
        Err(StorageError::Erased) => {
            tables.report.erased += 1;
            Ok(())
        }
        Err(other) => Err(other),
    }
}

/// That it opens and begins with the delivery that it is named after; each delivery's own row was looked at above.
fn raw_bundle(tables: &mut Tables<'_>, key: &[u8]) -> Checked {
    let Some(typed) = RawBundleKey::read(&key[1..]) else {
        tables.tell("RawBundle", &hex(key), STRANGE_KEY.into(), None);
        return Ok(());
    };
    let what = match tables.walk.store.bundle_begin(&typed) {
        Ok(first) if first == Some(typed.first) => return Ok(()),
        Ok(_) => "begins with another delivery".to_owned(),
        Err(StorageError::Damaged { cause, .. }) => format!("cannot be read: {cause}"),
        Err(other) => return Err(other),
    };
    tables.tell("RawBundle", &format!("{typed:?}"), what, None);
    Ok(())
}

fn raw_by_state(walk: &Walk<'_>, key: &RawByStateKey, (): &(), out: &mut Findings) -> Checked {
    let (workspace, raw) = (key.workspace, key.raw);
    let found = walk.store.get(&RawEventKey { workspace, raw })?;
    if found.is_none_or(|raw| raw.state as u8 != key.state) {
        out.mendable("lists a delivery of another state, or none", dangling(key));
    }
    Ok(())
}

fn raw_pending(walk: &Walk<'_>, key: &RawPendingKey, (): &(), out: &mut Findings) -> Checked {
    let (workspace, raw) = (key.workspace, key.raw);
    let found = walk.store.get(&RawEventKey { workspace, raw })?;
    let fits = found.is_some_and(|raw| raw.state == RawState::Pending && raw.channel == key.channel);
    if !fits {
        out.mendable("lists a delivery that is not pending there", dangling(key));
    }
    Ok(())
}

fn notice(_: &Walk<'_>, key: &NoticeKey, value: &Notice, out: &mut Findings) -> Checked {
    out.unless(value.id == key.notice, "holds another notice");
    Ok(())
}

fn notice_seen(walk: &Walk<'_>, key: &NoticeSeenKey, value: &u64, out: &mut Findings) -> Checked {
    let notice = NoticeKey {
        workspace: key.workspace,
        notice: *value,
    };
    if !walk.store.contains(&notice)? {
        out.mendable("its notice is missing", dangling(key));
    }
    Ok(())
}

fn alert(_: &Walk<'_>, key: &AlertKey, value: &Alert, out: &mut Findings) -> Checked {
    out.unless(value.id == key.alert, "holds another alert");
    Ok(())
}

/// Work may outlive what it was for; that it can be read is all that is asked.
fn due(_: &Walk<'_>, _: &DueKey, _: &DueWork, _: &mut Findings) -> Checked {
    Ok(())
}
