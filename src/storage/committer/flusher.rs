//! Hands what was carried into the engine to the operating system, beside the writer, which goes on meanwhile.
//!
//! Owns how far this may lag behind. What is lost with it in a crash stands in the journal. Without it, the engine's
//! writing would pile up in memory and stall everything for seconds later on.

use parking_lot::{Condvar, Mutex};

use crate::storage::engine::Engine;

/// Groups that may be carried in and not yet handed on; then the writer waits.
const MOST_BEHIND: u64 = 16;

#[derive(Default)]
struct State {
    /// Groups carried in.
    asked: u64,
    /// Groups handed on.
    done: u64,
    /// Why it cannot go on.
    failed: Option<String>,
    closed: bool,
}

/// The flusher. Its thread is [`Self::run`].
#[derive(Default)]
pub(super) struct Flusher {
    state: Mutex<State>,
    asked: Condvar,
    done: Condvar,
}

impl Flusher {
    /// One more group was carried in. Waits only while too many are behind.
    ///
    /// # Errors
    /// What an earlier flush said.
    pub(super) fn ask(&self) -> Result<(), String> {
        let mut state = self.state.lock();
        state.asked += 1;
        self.asked.notify_one();
        while state.asked - state.done > MOST_BEHIND && state.failed.is_none() {
            self.done.wait(&mut state);
        }
        state.failed.clone().map_or(Ok(()), Err)
    }

    /// Ends [`Self::run`].
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.asked.notify_one();
    }

    /// Flushes whenever asked, until closed. What was asked for meanwhile is done at once.
    pub(super) fn run(&self, engine: &Engine) {
        loop {
            let upto = {
                let mut state = self.state.lock();
                while state.asked == state.done && !state.closed {
                    self.asked.wait(&mut state);
                }
                if state.closed {
                    return;
                }
                state.asked
            };
            let flushed = engine.flush();
            let mut state = self.state.lock();
            state.done = upto;
            if let Err(error) = flushed {
                tracing::error!(%error, "the state cannot be flushed");
                state.failed.get_or_insert_with(|| error.to_string());
            }
            drop(state);
            self.done.notify_all();
        }
    }
}
