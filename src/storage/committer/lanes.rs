//! The writer's two bounded queues. The interactive one is always emptied before the bulk one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::{Waiting, batch_bytes};
use crate::storage::batch::Lane;
use crate::storage::engine::Engine;
use crate::storage::error::StorageError;

/// Batches that may wait in the interactive lane.
const INTERACTIVE: usize = 4096;
/// Batches that may wait in the bulk lane.
const BULK: usize = 512;
/// How long a caller waits for a slot.
const SLOT_WAIT: Duration = Duration::from_secs(2);

/// A batch and the slot that it takes.
struct Queued {
    waiting: Waiting,
    bytes: usize,
    _slot: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Queues {
    interactive: VecDeque<Queued>,
    bulk: VecDeque<Queued>,
    rotate: bool,
    exchange: Option<Exchange>,
    closed: bool,
}

/// A compacted copy that waits to take the state's place.
pub(in crate::storage) struct Exchange {
    pub copy: Engine,
    pub done: SyncSender<Result<(), StorageError>>,
}

impl Queues {
    fn len(&self) -> usize {
        self.interactive.len() + self.bulk.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How long the writer waits for work.
#[derive(Clone, Copy, Default)]
pub(super) struct Wait {
    /// At most this long for anything at all; for ever if not given.
    pub longest: Option<Duration>,
    /// So many batches are likely to come at once: those just answered, mostly, come again.
    pub expected: usize,
    /// At most this long for them.
    pub gather: Duration,
}

/// The queues.
pub(in crate::storage) struct Lanes {
    queues: Mutex<Queues>,
    filled: Condvar,
    interactive: Arc<Semaphore>,
    bulk: Arc<Semaphore>,
}

/// What the writer is to do next.
pub(super) struct Work {
    pub batches: Vec<Waiting>,
    pub rotate: bool,
    pub exchange: Option<Exchange>,
}

/// Why a batch did not get in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::storage) enum NoSlot {
    Busy,
    Closed,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            queues: Mutex::default(),
            filled: Condvar::new(),
            interactive: Arc::new(Semaphore::new(INTERACTIVE)),
            bulk: Arc::new(Semaphore::new(BULK)),
        }
    }
}

impl Lanes {
    /// Queues a batch, waiting up to two seconds for a slot.
    pub(in crate::storage) async fn push(&self, waiting: Waiting) -> Result<(), (Waiting, NoSlot)> {
        let slots = self.slots(waiting.batch.lane);
        let slot = match Arc::clone(slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => match tokio::time::timeout(SLOT_WAIT, Arc::clone(slots).acquire_owned()).await {
                Ok(Ok(slot)) => slot,
                Ok(Err(_)) => return Err((waiting, NoSlot::Closed)),
                Err(_) => return Err((waiting, NoSlot::Busy)),
            },
        };
        self.queue(waiting, slot)
    }

    /// Queues a batch if there is a slot.
    pub(in crate::storage) fn push_now(&self, waiting: Waiting) -> Result<(), (Waiting, NoSlot)> {
        match Arc::clone(self.slots(waiting.batch.lane)).try_acquire_owned() {
            Ok(slot) => self.queue(waiting, slot),
            Err(TryAcquireError::Closed) => Err((waiting, NoSlot::Closed)),
            Err(TryAcquireError::NoPermits) => Err((waiting, NoSlot::Busy)),
        }
    }

    const fn slots(&self, lane: Lane) -> &Arc<Semaphore> {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        }
    }

    fn queue(&self, waiting: Waiting, slot: OwnedSemaphorePermit) -> Result<(), (Waiting, NoSlot)> {
        let lane = waiting.batch.lane;
        let queued = Queued {
            bytes: batch_bytes(&waiting.batch),
            waiting,
            _slot: slot,
        };
        let mut queues = self.queues.lock();
        if queues.closed {
            return Err((queued.waiting, NoSlot::Closed));
        }
        match lane {
            Lane::Interactive => queues.interactive.push_back(queued),
            Lane::Bulk => queues.bulk.push_back(queued),
        }
        drop(queues);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for work (at most `longest`, if given), then takes a group. `None` once closed and empty.
    pub(super) fn take(&self, most: usize, bytes: usize, wait: Wait) -> Option<Work> {
        let mut queues = self.queues.lock();
        while queues.is_empty() && !queues.rotate && queues.exchange.is_none() {
            if queues.closed {
                return None;
            }
            match wait.longest {
                None => self.filled.wait(&mut queues),
                Some(longest) => {
                    if self.filled.wait_for(&mut queues, longest).timed_out() {
                        break;
                    }
                }
            }
        }
        let until = Instant::now() + wait.gather;
        while !queues.closed && queues.len() < wait.expected.min(most) {
            if self.filled.wait_until(&mut queues, until).timed_out() {
                break;
            }
        }
        let (rotate, exchange) = (std::mem::take(&mut queues.rotate), queues.exchange.take());
        let (mut batches, mut taken) = (vec![], 0);
        while batches.len() < most && taken < bytes {
            let next = queues.interactive.pop_front().or_else(|| queues.bulk.pop_front());
            let Some(next) = next else { break };
            taken += next.bytes;
            batches.push(next.waiting);
        }
        Some(Work {
            batches,
            rotate,
            exchange,
        })
    }

    /// Asks for a new journal segment.
    pub(in crate::storage) fn ask_rotate(&self) {
        self.queues.lock().rotate = true;
        self.filled.notify_one();
    }

    /// Asks for the exchange of the state's files. `false` if the writer is gone.
    pub(in crate::storage) fn ask_exchange(&self, exchange: Exchange) -> bool {
        let mut queues = self.queues.lock();
        if queues.closed {
            return false;
        }
        queues.exchange = Some(exchange);
        drop(queues);
        self.filled.notify_one();
        true
    }

    /// Takes nothing more in; what waits is still written.
    pub(in crate::storage) fn close(&self) {
        self.queues.lock().closed = true;
        self.interactive.close();
        self.bulk.close();
        self.filled.notify_one();
    }

    /// Closes without writing what waits: whoever waits for an answer gets none.
    pub(in crate::storage) fn abandon(&self) {
        self.close();
        let mut queues = self.queues.lock();
        queues.interactive.clear();
        queues.bulk.clear();
        queues.exchange = None;
    }

    /// Batches that wait: interactive, bulk.
    pub(in crate::storage) fn depth(&self) -> (usize, usize) {
        let queues = self.queues.lock();
        (queues.interactive.len(), queues.bulk.len())
    }
}
