//! Consent, channels' health, the bill and its counters, and threads in the order of their times.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::billing::Billed;
use crate::domain::consent::Consent;
use crate::domain::health::ChannelHealth;
use crate::storage::batch::Batch;
use crate::storage::error::StorageError;
use crate::storage::keys::{
    BilledKey, ChannelHealthKey, ChannelKey, ConsentKey, ContactKey, ConversationKey, Key, MadeContentKey,
    MessageByTimeKey, MessageKey, Prefix, ReachKey, UsageKey, UsagePartsKey,
};
use crate::storage::records::Json;
use crate::storage::vault::Seal;

use super::{Findings, LOOKS, PAGE, Tables, Walk, dangling};

pub(super) fn check(tables: &mut Tables<'_>) -> Checked {
    tables.table::<ConsentKey>(consent)?;
    tables.table::<ChannelHealthKey>(health)?;
    tables.table::<ReachKey>(reach)?;
    tables.table::<MadeContentKey>(made_content)?;
    tables.table::<BilledKey>(billed)?;
    tables.table::<UsageKey>(|_, _, _, _| Ok(()))?;
    tables.table::<UsagePartsKey>(|_, _, _, _| Ok(()))?;
    tables.table::<MessageByTimeKey>(message_by_time)?;
    counters(tables)
}

type Checked = Result<(), StorageError>;

fn consent(walk: &Walk<'_>, key: &ConsentKey, _: &Consent, out: &mut Findings) -> Checked {
    let contact = ContactKey {
        workspace: key.workspace,
        contact: key.contact,
    };
    out.unless(walk.store.contains(&contact)?, "its contact is missing");
    Ok(())
}

/// A removed channel's health is of no use, and does no harm.
fn health(walk: &Walk<'_>, key: &ChannelHealthKey, _: &ChannelHealth, out: &mut Findings) -> Checked {
    let channel = ChannelKey {
        workspace: key.workspace,
        channel: key.channel,
    };
    if !walk.store.contains(&channel)? {
        out.mendable("its channel is gone", dangling(key));
    }
    Ok(())
}

/// What was made for a removed channel is of no use here, and does no harm.
fn made_content(walk: &Walk<'_>, key: &MadeContentKey, _: &Json, out: &mut Findings) -> Checked {
    let channel = ChannelKey {
        workspace: key.workspace,
        channel: key.channel,
    };
    if !walk.store.contains(&channel)? {
        out.mendable("its channel is gone", dangling(key));
    }
    Ok(())
}

fn reach(walk: &Walk<'_>, key: &ReachKey, _: &Timestamp, out: &mut Findings) -> Checked {
    let contact = ContactKey {
        workspace: key.workspace,
        contact: key.contact,
    };
    if !walk.store.contains(&contact)? {
        out.mendable("its contact is missing", dangling(key));
    }
    Ok(())
}

fn billed(walk: &Walk<'_>, key: &BilledKey, value: &Billed, out: &mut Findings) -> Checked {
    let message = MessageKey {
        workspace: key.workspace,
        message: key.message,
    };
    let Some(message) = walk.store.get(&message)? else {
        out.add("its message is gone");
        return Ok(());
    };
    let counted = Billed::of(&message, value.channel, value.country);
    out.unless(
        counted == Some(*value),
        "is counted as something else than its price says",
    );
    Ok(())
}

fn message_by_time(walk: &Walk<'_>, key: &MessageByTimeKey, _: &(), out: &mut Findings) -> Checked {
    let message = crate::domain::MessageId {
        conversation: key.conversation,
        n: key.n,
    };
    let (workspace, conversation) = (key.workspace, key.conversation);
    let found = walk.store.get(&MessageKey { workspace, message })?;
    if found.is_none_or(|message| message.created_at != key.at) {
        out.mendable("names another time than its message, or none", dangling(key));
    }
    let known = walk.store.contains(&ConversationKey {
        workspace,
        conversation,
    })?;
    out.unless(known, "its conversation is missing");
    Ok(())
}

type Sums<K> = BTreeMap<Vec<u8>, (K, u64)>;

fn sum<K: Key>(sums: &mut Sums<K>, counter: K, more: u64) {
    if more > 0 {
        sums.entry(counter.to_bytes()).or_insert((counter, 0)).1 += more;
    }
}

/// What the counters must be: the sums of what each message is counted as.
fn sums(tables: &Tables<'_>) -> Result<(Sums<UsageKey>, Sums<UsagePartsKey>), StorageError> {
    let (mut messages, mut parts) = (Sums::new(), Sums::new());
    let mut after: Option<BilledKey> = None;
    loop {
        let page = tables
            .walk
            .store
            .scan(&Prefix::<BilledKey>::table(), after.as_ref(), PAGE)?;
        for (key, billed) in &page {
            let counter = UsageKey::of(key.workspace, billed);
            sum(&mut messages, counter, 1);
            sum(&mut parts, counter.parts(), u64::from(billed.more_units()));
        }
        match page.last() {
            Some((last, _)) => after = Some(*last),
            None => return Ok((messages, parts)),
        }
    }
}

fn stored<K: Key<Value = u64> + Copy>(tables: &Tables<'_>) -> Result<Sums<K>, StorageError> {
    let mut found = Sums::new();
    let mut after: Option<K> = None;
    loop {
        let page = tables
            .walk
            .store
            .scan(&Prefix::<K>::table(), after.as_ref(), PAGE)?;
        for (key, count) in &page {
            found.insert(key.to_bytes(), (*key, *count));
        }
        match page.last() {
            Some((last, _)) => after = Some(*last),
            None => return Ok(found),
        }
    }
}

/// Compares sums and counters; both are read anew while they differ, since messages may be counted in between.
fn counters(tables: &mut Tables<'_>) -> Checked {
    let mut looks = 1;
    let (wanted, found) = loop {
        let (wanted, found) = (sums(tables)?, (stored(tables)?, stored(tables)?));
        if wanted == found {
            return Ok(());
        }
        if looks >= LOOKS {
            break (wanted, found);
        }
        looks += 1;
    };
    tell(tables, ("Usage", "messages"), &wanted.0, &found.0)?;
    tell(tables, ("UsageParts", "further parts"), &wanted.1, &found.1)
}

fn tell<K: Key<Value = u64> + Copy + std::fmt::Debug>(
    tables: &mut Tables<'_>,
    (table, what): (&'static str, &str),
    wanted: &Sums<K>,
    found: &Sums<K>,
) -> Checked {
    let mut wrong = Vec::new();
    for (bytes, (key, sum)) in wanted {
        let count = found.get(bytes).map_or(0, |(_, count)| *count);
        wrong.push((*key, *sum, count));
    }
    let forgotten = found.iter().filter(|(bytes, _)| !wanted.contains_key(*bytes));
    wrong.extend(forgotten.map(|(_, (key, count))| (*key, 0, *count)));
    for (key, sum, count) in wrong.into_iter().filter(|(_, sum, count)| sum != count) {
        let said = format!("counts {count} {what}; {sum} are counted so");
        let fix = mend(tables, &key, sum)?;
        tables.tell(table, &format!("{key:?}"), said, Some(fix));
    }
    Ok(())
}

/// Sets the counter right, unless it moved meanwhile.
fn mend<K: Key<Value = u64>>(tables: &Tables<'_>, key: &K, sum: u64) -> Result<Batch, StorageError> {
    let mut fix = Batch::bulk();
    match tables.walk.store.get_for_update(key) {
        Ok(Some((_, fingerprint))) => {
            fix.require_unchanged(key, fingerprint);
        }
        Ok(None) => {
            fix.require_absent(key);
        }
        // A counter that cannot be read is written anew.
        Err(StorageError::Damaged { .. }) => {}
        Err(other) => return Err(other),
    }
    match sum {
        0 => fix.delete(key),
        sum => fix.put(key, &sum, &Seal::Open),
    };
    Ok(fix)
}
