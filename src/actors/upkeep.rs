//! Keeps the disk in order while the house runs: the state is packed when much in it has changed, the journal is saved when
//! it has grown long, and segments of it that are old or too much, and safe in a backup, go.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::core::Core;
use crate::storage::backup::{BackupError, is_backup_wanted, make_automatic, trim_journal};
use crate::storage::{Compacted, Keep};

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(120);
/// How much of the journal is kept once it is in a verified backup. It is what a restore to a point in time needs.
const KEEP_JOURNAL: Keep = Keep {
    age: Duration::from_secs(30 * 24 * 3600),
    bytes: 128 << 20,
};
/// With more of the journal in no backup one is made, even if nobody has asked for it.
const UNSAVED_JOURNAL: u64 = 192 << 20;
/// What has changed since the last compaction is not worth the work below this.
const SMALL: u64 = 96 << 20;
/// It is quiet when fewer events than this fell into an interval.
const QUIET_EVENTS: u64 = 120;

/// Whether to pack the state anew, by what has changed since the last time and what is packed, in bytes: it is quiet and
/// the former has grown to half the latter, or to twice as much at any time.
fn wants_compaction(unpacked: u64, packed: u64, events: u64) -> bool {
    let grown = unpacked > SMALL.max(packed / 2);
    let urgent = unpacked > (4 * SMALL).max(packed.saturating_mul(2));
    urgent || (grown && events < QUIET_EVENTS)
}

/// Runs until told to stop.
pub async fn run(core: Arc<Core>, token: CancellationToken) {
    let mut last_seq = *core.store.watch_events().borrow();
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let seq = *core.store.watch_events().borrow();
        let events = seq.saturating_sub(last_seq);
        last_seq = seq;
        let working = core.clone();
        match tokio::task::spawn_blocking(move || tidy(&working, events)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the disk could not be kept in order; it is tried again");
                core.board.error("upkeep", &error.to_string());
            }
            Err(error) => tracing::error!(%error, "upkeep was broken off"),
        }
    }
}

/// One round: the state is packed if much in it has changed since the last time, the journal saved if much of it is in no
/// backup, and what is old or too much of it deleted. Blocks, for minutes if much is to be done.
///
/// # Errors
/// The first thing that failed; the next round tries again.
pub fn tidy(core: &Core, events: u64) -> Result<(), BackupError> {
    let status = core.store.status()?;
    let packed = status.state_bytes - status.unpacked_bytes;
    if wants_compaction(status.unpacked_bytes, packed, events) {
        let Compacted { before, after } = core.store.compact()?;
        tracing::info!(before, after, "the state was packed");
    }
    if is_backup_wanted(&core.store, UNSAVED_JOURNAL)? {
        let made = make_automatic(&core.store, &core.store.backups_dir(), core.clock.now())?;
        tracing::info!(file = %made.path.display(), "a backup was made, for the journal has grown long");
    }
    let gone = trim_journal(
        &core.store,
        KEEP_JOURNAL,
        SystemTime::UNIX_EPOCH + since_epoch(core),
    )?;
    if gone > 0 {
        tracing::info!(segments = gone, "old parts of the journal are gone");
    }
    Ok(())
}

fn since_epoch(core: &Core) -> Duration {
    Duration::from_micros(core.clock.now().0.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compaction_waits_for_growth_and_quiet() {
        let mb = |n: u64| n << 20;
        let table = [
            (mb(90), mb(0), 0, false),
            (mb(100), mb(0), 0, true),
            (mb(100), mb(300), 0, false),
            (mb(200), mb(300), 0, true),
            (mb(200), mb(300), 100_000, false),
            (mb(700), mb(300), 100_000, true),
        ];
        for (unpacked, packed, events, wanted) in table {
            assert_eq!(
                wants_compaction(unpacked, packed, events),
                wanted,
                "{unpacked} {packed} {events}"
            );
        }
    }
}
