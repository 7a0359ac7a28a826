//! Who runs and how they are: the one place where actors' states are written down for people and metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::Timestamp;

/// What an actor is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorState {
    /// Running.
    Running,
    /// Died; a fresh one starts shortly.
    Restarting,
    /// Ended in good order.
    Stopped,
}

/// One actor's line on the board.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ActorStatus {
    /// Its name, unique.
    pub name: String,
    /// What sort it is: `channel`, `dispatcher`, `scheduler` …
    pub kind: &'static str,
    /// What it is doing.
    pub state: ActorState,
    /// How often a fresh one was started.
    pub restarts: u32,
    /// Work waiting in front of it, where known.
    pub mailbox: usize,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
    /// When the state last changed.
    pub since: Timestamp,
}

/// The board. Cheap to clone.
#[derive(Clone, Default)]
pub struct Board {
    lines: Arc<Mutex<BTreeMap<String, ActorStatus>>>,
}

impl Board {
    /// Notes that an actor runs (again).
    pub fn running(&self, name: &str, kind: &'static str, now: Timestamp) {
        let mut lines = self.lines.lock();
        let line = lines.entry(name.to_owned()).or_insert_with(|| ActorStatus {
            name: name.to_owned(),
            kind,
            state: ActorState::Running,
            restarts: 0,
            mailbox: 0,
            last_error: None,
            since: now,
        });
        line.state = ActorState::Running;
        line.since = now;
    }

    /// Notes that an actor died.
    pub fn died(&self, name: &str, now: Timestamp) {
        self.change(name, |line| {
            line.state = ActorState::Restarting;
            line.restarts = line.restarts.saturating_add(1);
            line.last_error = Some("ended unexpectedly; see the log".to_owned());
            line.since = now;
        });
        metrics::counter!("frontdesk_actor_restarts_total").increment(1);
    }

    /// Notes that an actor ended in good order, or was taken out of service.
    pub fn remove(&self, name: &str) {
        self.lines.lock().remove(name);
    }

    /// Notes what went wrong in an actor that goes on.
    pub fn error(&self, name: &str, error: &str) {
        self.change(name, |line| {
            line.last_error = Some(error.chars().take(500).collect())
        });
    }

    /// Notes how much waits in front of an actor.
    pub fn mailbox(&self, name: &str, waiting: usize) {
        self.change(name, |line| line.mailbox = waiting);
    }

    /// All lines, by name.
    pub fn list(&self) -> Vec<ActorStatus> {
        self.lines.lock().values().cloned().collect()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut ActorStatus)) {
        if let Some(line) = self.lines.lock().get_mut(name) {
            change(line);
        }
    }
}
