//! Keeps the disk in order while the house runs: journal segments that are old and safe in a backup go, and the state's
//! files are written anew when much in them is dead.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::core::Core;
use crate::storage::StorageError;
use crate::storage::backup::trim_journal;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long the journal is kept at least: it holds the raw webhooks, and what a restore to a point in time needs.
const KEEP_JOURNAL: Duration = Duration::from_secs(30 * 24 * 3600);
/// A smaller state is not worth the work.
const SMALL: u64 = 256 << 20;
/// An hour is quiet when fewer events than this fell into an interval.
const QUIET_EVENTS: u64 = 600;

/// Whether to write the state's files anew: they have grown by half since the last time and it is quiet, or they have
/// grown to thrice as much.
fn wants_compaction(bytes: u64, after_last: u64, events: u64) -> bool {
    let grown = bytes > after_last + after_last / 2;
    let urgent = bytes > after_last.saturating_mul(3);
    bytes > SMALL && (urgent || (grown && events < QUIET_EVENTS))
}

/// Runs until told to stop.
pub async fn run(core: Arc<Core>, token: CancellationToken) {
    let mut last_seq = *core.store.watch_events().borrow();
    let mut after_last = SMALL / 2;
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let seq = *core.store.watch_events().borrow();
        let events = seq.saturating_sub(last_seq);
        last_seq = seq;
        let working = core.clone();
        let done = tokio::task::spawn_blocking(move || tidy(&working, after_last, events)).await;
        match done {
            Ok(Ok(bytes)) => after_last = bytes.unwrap_or(after_last),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the disk could not be kept in order; it is tried again");
                core.board.error("upkeep", &error.to_string());
            }
            Err(error) => tracing::error!(%error, "upkeep was broken off"),
        }
    }
}

/// Answers the state's size if it was written anew.
fn tidy(core: &Core, after_last: u64, events: u64) -> Result<Option<u64>, StorageError> {
    let gone = trim_journal(
        &core.store,
        KEEP_JOURNAL,
        SystemTime::UNIX_EPOCH + since_epoch(core),
    )?;
    if gone > 0 {
        tracing::info!(segments = gone, "old parts of the journal are gone");
    }
    let bytes = core.store.status()?.state_bytes;
    if !wants_compaction(bytes, after_last, events) {
        return Ok(None);
    }
    let compacted = core.store.compact()?;
    let (before, after) = (compacted.before, compacted.after);
    tracing::info!(before, after, "the state's files were written anew");
    Ok(Some(after))
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
            (mb(100), mb(10), 0, false),
            (mb(300), mb(290), 0, false),
            (mb(500), mb(300), 0, true),
            (mb(500), mb(300), 100_000, false),
            (mb(1000), mb(300), 100_000, true),
        ];
        for (bytes, after_last, events, wanted) in table {
            assert_eq!(
                wants_compaction(bytes, after_last, events),
                wanted,
                "{bytes} {after_last} {events}"
            );
        }
    }
}
