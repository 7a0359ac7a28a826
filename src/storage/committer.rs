//! The one writer: a thread that drains two bounded queues, checks what batches require, writes one frame for a group,
//! makes it durable, carries it into the engine, and answers everyone.
//!
//! Owns the order of all changes. Must not know what records mean. It takes what is there; only while it is busy it waits
//! a moment for the callers that it just answered.

mod flusher;
mod group;
mod lanes;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{oneshot, watch};

use self::flusher::Flusher;
use self::group::Group;
use self::lanes::Wait;
pub(super) use self::lanes::{Exchange, Lanes, NoSlot};
use super::batch::{Batch, Op};
use super::engine::{Carried, Engine};
use super::error::CommitError;
use super::faults::{FaultPoint, Faults};
use super::journal::{Reader, Writer};
use super::store::{Committed, StoreState, replay};
use super::vault::Vault;
use crate::domain::Event;

/// Batches in a group at most.
pub(super) const GROUP_BATCHES: usize = 256;
/// Longest wait for a busy group's callers to come again.
const GATHER: Duration = Duration::from_micros(500);
/// Bytes after which a group takes no further batch.
const GROUP_BYTES: usize = 16 << 20;
/// A batch is at most this large.
pub(super) const MAX_BATCH_BYTES: usize = 8 << 20;
/// Last events kept in memory for readers.
const RING: usize = 8192;
/// How often the free space is looked at.
const SPACE_EVERY: Duration = Duration::from_millis(200);

/// A batch that waits for its answer.
pub(super) struct Waiting {
    /// Boxed, because it travels through queues and errors.
    pub batch: Box<Batch>,
    pub answer: Answer,
}

/// How the answer travels.
pub(super) enum Answer {
    /// To a task.
    Task(oneshot::Sender<Result<Committed, CommitError>>),
    /// To a thread that waits.
    Thread(std::sync::mpsc::SyncSender<Result<Committed, CommitError>>),
}

impl Answer {
    /// Whoever asked may be gone; the change stands all the same.
    fn send(self, answer: Result<Committed, CommitError>) {
        match self {
            Self::Task(to) => drop(to.send(answer)),
            Self::Thread(to) => drop(to.send(answer)),
        }
    }
}

/// The last events, in order.
#[derive(Default)]
pub(super) struct Ring(RwLock<VecDeque<Event>>);

impl Ring {
    fn extend(&self, events: Vec<Event>) {
        let mut ring = self.0.write();
        ring.extend(events);
        let surplus = ring.len().saturating_sub(RING);
        ring.drain(..surplus);
    }

    /// Events after `seq`; `None` if some of them are older than what is kept.
    pub(super) fn after(&self, seq: u64, limit: usize) -> Option<Vec<Event>> {
        let ring = self.0.read();
        let first = ring.front()?.seq;
        let skip = seq.saturating_add(1).checked_sub(first)?;
        Some(
            ring.iter()
                .skip(usize::try_from(skip).ok()?)
                .take(limit)
                .cloned()
                .collect(),
        )
    }
}

/// What the writer measured.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Figures {
    pub groups: u64,
    pub batches: u64,
    pub last_group: usize,
    pub last_commit: Duration,
    pub slowest_commit: Duration,
    pub commit_total: Duration,
}

/// What the writer and everyone else share.
pub(super) struct Shared {
    pub engine: Engine,
    pub vault: Vault,
    pub reader: Arc<Reader>,
    pub ring: Ring,
    pub seq: watch::Sender<u64>,
    pub state: watch::Sender<StoreState>,
    pub lanes: Lanes,
    pub figures: Mutex<Figures>,
}

/// Conditions of writing.
pub(super) struct Conditions {
    pub dir: PathBuf,
    pub min_free_bytes: u64,
    pub faults: Option<Arc<Faults>>,
}

/// Why nothing can be written.
enum Stopped {
    /// Until there is space again.
    NoSpace(String),
    /// Until the next start.
    Failed(String),
}

/// The writer's thread.
pub(super) struct Committer {
    shared: Arc<Shared>,
    writer: Writer,
    conditions: Conditions,
    flusher: Arc<Flusher>,
    stopped: Option<Stopped>,
    space_seen: Option<Instant>,
}

impl Committer {
    /// `damage` says why nothing may be written from the beginning.
    pub(super) fn new(
        shared: Arc<Shared>,
        writer: Writer,
        conditions: Conditions,
        damage: Option<String>,
    ) -> Self {
        let stopped = damage.map(Stopped::Failed);
        let committer = Self {
            shared,
            writer,
            conditions,
            flusher: Arc::default(),
            stopped,
            space_seen: None,
        };
        committer.publish_state();
        committer
    }

    /// Works until the lanes are closed and empty. After a panic nothing is written any more, and whoever waits is told
    /// that the outcome is unknown.
    pub(super) fn run(mut self) {
        let (shared, flusher) = (Arc::clone(&self.shared), Arc::clone(&self.flusher));
        let worked = std::thread::scope(|scope| {
            scope.spawn(|| flusher.run(&shared.engine));
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work()));
            flusher.close();
            worked
        });
        if worked.is_err() {
            let why = "the writer failed; a restart is needed".to_owned();
            tracing::error!(why, "the store is read-only");
            shared.state.send_replace(StoreState::ReadOnly(why));
            shared.lanes.abandon();
        }
    }

    fn work(&mut self) {
        let (mut last, mut took) = (0, Duration::ZERO);
        loop {
            let (waiting, waiting_bulk) = self.shared.lanes.depth();
            // Who was just answered in a busy group asks again within microseconds. Waiting for them a fraction of the time
            // that a group takes makes groups fuller, and everybody's wait shorter. A lone caller is never held up.
            let wait = Wait {
                longest: self.recheck(),
                expected: if last > 1 {
                    last + waiting + waiting_bulk
                } else {
                    0
                },
                gather: (took / 8).min(GATHER),
            };
            let Some(work) = self.shared.lanes.take(GROUP_BATCHES, GROUP_BYTES, wait) else {
                return;
            };
            if work.rotate {
                self.rotate();
            }
            if let Some(exchange) = work.exchange {
                self.exchange(exchange);
            }
            self.look_at_space();
            let begun = Instant::now();
            last = work.batches.len();
            if last > 0 {
                self.commit(work.batches);
            }
            took = begun.elapsed();
        }
    }

    /// While there is no space, look again even if nobody asks.
    fn recheck(&self) -> Option<Duration> {
        matches!(self.stopped, Some(Stopped::NoSpace(_))).then_some(SPACE_EVERY)
    }

    /// Carries the copy on to where the state is and puts it in its place.
    fn exchange(&mut self, Exchange { copy, done }: Exchange) {
        let carried_on = replay(&copy, &self.shared.reader).and_then(|_| {
            let (mine, its) = (self.shared.engine.carried()?, copy.carried()?);
            if mine == its {
                Ok(())
            } else {
                Err(super::codec::damaged("the copy is not as far as the state"))
            }
        });
        let exchanged = match carried_on {
            Ok(()) => self.shared.engine.exchange(copy),
            Err(error) => Err(error),
        };
        if exchanged.is_err() && self.shared.engine.is_closed() {
            let why = "the state's files could not be exchanged; a restart is needed".to_owned();
            self.stop(Stopped::Failed(why));
        }
        drop(done.send(exchanged));
    }

    fn rotate(&mut self) {
        if self.stopped.is_none()
            && let Err(error) = self.writer.rotate()
        {
            tracing::error!(%error, "cannot begin a new journal segment");
        }
    }

    fn look_at_space(&mut self) {
        let recent = self.space_seen.is_some_and(|seen| seen.elapsed() < SPACE_EVERY);
        let faked = self
            .conditions
            .faults
            .as_ref()
            .and_then(|faults| faults.free_bytes());
        if recent && faked.is_none() {
            return;
        }
        self.space_seen = Some(Instant::now());
        let free = match faked.map_or_else(|| super::free_bytes(&self.conditions.dir), Ok) {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "cannot tell how much space is free");
                return;
            }
        };
        let floor = self.conditions.min_free_bytes;
        let low = free < floor;
        match (&self.stopped, low) {
            (None, true) => {
                let why =
                    format!("only {free} bytes are free on the disk, at least {floor} must be: make room");
                self.stop(Stopped::NoSpace(why));
            }
            (Some(Stopped::NoSpace(_)), false) => {
                tracing::info!(free, "there is space again; the store can be written");
                self.stopped = None;
                self.publish_state();
            }
            _ => {}
        }
    }

    fn stop(&mut self, why: Stopped) {
        let (Stopped::NoSpace(text) | Stopped::Failed(text)) = &why;
        tracing::error!(why = text, "the store is read-only");
        self.stopped = Some(why);
        self.space_seen = Some(Instant::now());
        self.publish_state();
    }

    fn publish_state(&self) {
        let state = match &self.stopped {
            None => StoreState::Ok,
            Some(Stopped::NoSpace(why) | Stopped::Failed(why)) => StoreState::ReadOnly(why.clone()),
        };
        self.shared.state.send_if_modified(|old| {
            let changed = *old != state;
            *old = state;
            changed
        });
    }

    fn refusal(&mut self) -> Option<CommitError> {
        if self.stopped.is_none() && self.shared.engine.is_broken() {
            self.stop(Stopped::Failed(
                "the state is damaged; a restart rebuilds it".into(),
            ));
        }
        match &self.stopped {
            None => None,
            Some(Stopped::NoSpace(why) | Stopped::Failed(why)) => Some(CommitError::ReadOnly(why.clone())),
        }
    }

    fn commit(&mut self, waiting: Vec<Waiting>) {
        let begun = Instant::now();
        if let Some(error) = self.refusal() {
            waiting
                .into_iter()
                .for_each(|waiting| self.refuse(waiting, error.clone()));
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut group = Group::new(&shared.engine, self.writer.next_seq());
        for waiting in waiting {
            if let Err((waiting, error)) = group.add(waiting) {
                self.refuse(waiting, error);
            }
        }
        if !group.answers.is_empty() {
            self.commit_group(group, begun);
        }
    }

    fn commit_group(&mut self, mut group: Group<'_>, begun: Instant) {
        let builder = std::mem::take(&mut group.frame);
        let Group {
            answers,
            events,
            staged,
            ..
        } = group;
        if builder.is_empty() {
            answers
                .into_iter()
                .for_each(|(answer, committed, _)| answer.send(Ok(committed)));
            return;
        }
        let placed = match self.writer.append(builder) {
            Ok(placed) => placed,
            Err(error) => {
                let answer = self.append_failed(&error);
                for (sender, _, keys) in answers {
                    keys.iter().for_each(|key| self.shared.vault.refused_key(key));
                    sender.send(Err(answer.clone()));
                }
                return;
            }
        };
        let changes = group::settle(staged, placed);
        let carried = Carried {
            frame: placed.frame,
            next_seq: placed.next_seq,
        };
        let applied = self.strike_apply().and_then(|()| {
            let applied = self.shared.engine.apply(carried, &changes);
            applied.map_err(|error| error.to_string())?;
            self.flusher.ask()
        });
        if let Err(cause) = applied {
            // Durable in the journal: the next start carries it in. Until then nobody may build on the old state.
            self.stop(Stopped::Failed(format!(
                "the state cannot be written ({cause}); a restart carries it on"
            )));
            answers
                .into_iter()
                .for_each(|(answer, ..)| answer.send(Err(CommitError::Unknown)));
            return;
        }
        changes
            .iter()
            .for_each(|(key, value)| self.shared.vault.committed(key, value.as_deref()));
        self.measure(answers.len(), begun.elapsed());
        let told = !events.is_empty();
        self.shared.ring.extend(events);
        if told {
            self.shared.seq.send_replace(placed.next_seq - 1);
        }
        answers
            .into_iter()
            .for_each(|(answer, committed, _)| answer.send(Ok(committed)));
    }

    fn strike_apply(&self) -> Result<(), String> {
        let faults = self.conditions.faults.as_ref();
        faults
            .map_or(Ok(()), |faults| faults.strike(FaultPoint::Apply))
            .map_err(|error| error.to_string())
    }

    fn append_failed(&mut self, error: &super::journal::AppendError) -> CommitError {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let full = matches!(error.cause.kind(), StorageFull | QuotaExceeded);
        let why = format!("the journal cannot be written: {}", error.cause);
        match (error.undone, full) {
            (true, true) => {
                self.stop(Stopped::NoSpace(why.clone()));
                CommitError::ReadOnly(why)
            }
            (true, false) => {
                self.stop(Stopped::Failed(why.clone()));
                CommitError::ReadOnly(why)
            }
            (false, _) => {
                self.stop(Stopped::Failed(why));
                CommitError::Unknown
            }
        }
    }

    fn refuse(&self, waiting: Waiting, error: CommitError) {
        self.shared.vault.refused(&waiting.batch);
        waiting.answer.send(Err(error));
    }

    fn measure(&self, batches: usize, took: Duration) {
        let mut figures = self.shared.figures.lock();
        figures.groups += 1;
        figures.batches += batches as u64;
        figures.last_group = batches;
        figures.last_commit = took;
        figures.slowest_commit = figures.slowest_commit.max(took);
        figures.commit_total += took;
    }
}

/// Bytes of a batch as they count towards the limits.
pub(super) fn batch_bytes(batch: &Batch) -> usize {
    let ops = batch.ops.iter().map(|op| match op {
        Op::Put { key, value } => key.len() + value.len() + 16,
        Op::Delete { key } => key.len() + 16,
        Op::Blob { key, bytes } => key.len() + bytes.len() + 16,
    });
    ops.sum::<usize>() + batch.events.len() * 64
}
