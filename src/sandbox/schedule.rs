//! What happens later in a simulator: status steps, scripted answers, retries of webhooks, template reviews.
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

/// A step that is due at some time, of a simulator with the state `S`.
pub(crate) type Job<S> = Box<dyn FnOnce(&Arc<S>) + Send>;

/// A simulator's state that has a schedule.
pub(crate) trait Scheduled: Sized {
    fn schedule(&self) -> &Schedule<Self>;
}

struct Entry<S> {
    at: Instant,
    order: u64,
    job: Job<S>,
}

impl<S> PartialEq for Entry<S> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<S> Eq for Entry<S> {}

impl<S> PartialOrd for Entry<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S> Ord for Entry<S> {
    /// Earliest first in a max-heap; equal times in the order of arrival.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

pub(crate) struct Schedule<S> {
    heap: Mutex<BinaryHeap<Entry<S>>>,
    order: AtomicU64,
    wake: Notify,
    limit: usize,
}

/// Jobs taken from the heap at once.
const BATCH: usize = 256;

impl<S> Schedule<S> {
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
    pub(crate) fn after(&self, delay: Duration, job: Job<S>) -> bool {
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
    fn due(&self, now: Instant) -> (Vec<Job<S>>, Option<Instant>) {
        let mut heap = self.heap.lock();
        let mut jobs = Vec::new();
        while jobs.len() < BATCH && heap.peek().is_some_and(|first| first.at <= now) {
            jobs.extend(heap.pop().map(|entry| entry.job));
        }
        (jobs, heap.peek().map(|first| first.at))
    }
}

/// Runs jobs at their time until stopped; what is left then is forgotten.
pub(crate) async fn run<S: Scheduled>(shared: Arc<S>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let (jobs, next) = shared.schedule().due(Instant::now());
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
            () = shared.schedule().wake.notified() => {}
            () = sleep => {}
        }
    }
}
