//! What happens later: status steps, scripted answers, retries of webhooks, template reviews.
//!
//! One heap under a short lock and one task that sleeps until the earliest entry. Bounded: beyond the limit work is
//! refused, and the caller counts it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::state::Shared;

/// A step that is due at some time.
pub(crate) type Job = Box<dyn FnOnce(&Arc<Shared>) + Send>;

struct Entry {
    at: Instant,
    order: u64,
    job: Job,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// Earliest first in a max-heap; equal times in the order of arrival.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

pub(crate) struct Schedule {
    heap: Mutex<BinaryHeap<Entry>>,
    order: AtomicU64,
    wake: Notify,
    limit: usize,
}

/// Jobs taken from the heap at once.
const BATCH: usize = 256;

impl Schedule {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            heap: Mutex::new(BinaryHeap::new()),
            order: AtomicU64::new(0),
            wake: Notify::new(),
            limit,
        }
    }

    /// Plans a job after a real delay. False when the schedule is full.
    #[must_use]
    pub(crate) fn after(&self, delay: Duration, job: Job) -> bool {
        let now = Instant::now();
        // A delay beyond the clock's range is as good as never; a year is.
        let at = now
            .checked_add(delay)
            .unwrap_or_else(|| now + Duration::from_secs(365 * 86_400));
        let order = self.order.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut heap = self.heap.lock();
        if heap.len() >= self.limit {
            return false;
        }
        let earliest = heap.peek().is_none_or(|first| at < first.at);
        heap.push(Entry { at, order, job });
        drop(heap);
        if earliest {
            self.wake.notify_one();
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.lock().len()
    }

    /// The due jobs, at most [`BATCH`], and the time of the next one.
    fn due(&self, now: Instant) -> (Vec<Job>, Option<Instant>) {
        let mut heap = self.heap.lock();
        let mut jobs = Vec::new();
        while jobs.len() < BATCH && heap.peek().is_some_and(|first| first.at <= now) {
            jobs.extend(heap.pop().map(|entry| entry.job));
        }
        (jobs, heap.peek().map(|first| first.at))
    }
}

/// Runs jobs at their time until stopped; what is left then is forgotten.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let (jobs, next) = shared.schedule.due(Instant::now());
        if !jobs.is_empty() {
            for job in jobs {
                job(&shared);
            }
            tokio::task::yield_now().await;
            continue;
        }
        let sleep = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.schedule.wake.notified() => {}
            () = sleep => {}
        }
    }
}
