//! Faults on request: what goes wrong, how often, and for how many calls.
//!
//! Owns: the fault settings and their counters. Send calls ask for a [`CallPlan`]; webhooks ask for duplicates,
//! reordering and the hold switch.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::errors::GraphError;
use crate::sandbox::rng::Rng;

pub use crate::sandbox::meta::{Delay, Down, Often};

/// An error code to answer with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorFault {
    pub code: u32,
    #[serde(default)]
    pub details: Option<String>,
    #[serde(default)]
    pub often: Often,
}

/// How long a template is kept back for its quality's sake (simulated milliseconds); Meta takes up to about an hour.
pub(crate) const HELD_MS: u64 = 8_000;

/// All faults. The default is a healthy provider. Faults of single calls strike the send endpoint only, so that
/// "the next three" means three sends; `down` and `token_expired` strike every Graph call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Added before a send's answer (simulated milliseconds).
    pub answer_delay: Delay,
    /// Added before a file that was uploaded is taken (simulated milliseconds).
    pub upload_delay: Delay,
    /// Accept the message, then close the connection without an answer.
    pub drop_answer: Often,
    /// Accept the message, then answer 500 without an envelope.
    pub error_after_accept: Often,
    /// Answer 500 with an HTML page; nothing is accepted.
    pub server_error: Often,
    /// Answer 500 with a Graph envelope (131000); nothing is accepted.
    pub graph_server_error: Often,
    /// Answer 200 with a body that is no JSON; nothing is accepted.
    pub garbage: Often,
    /// Answer with these codes; nothing is accepted.
    pub errors: Vec<ErrorFault>,
    /// Accept, then fail by webhook with these codes.
    pub failures: Vec<ErrorFault>,
    /// Accept templates, but keep them back: the answer says `held_for_quality_assessment`, and statuses come [`HELD_MS`] late.
    pub hold_templates: Often,
    /// Probability that a webhook update is delivered twice.
    pub duplicate_webhooks: f64,
    /// Probability that an update is held back, up to `reorder_by_ms` (simulated), and so overtaken by later ones.
    pub reorder_webhooks: f64,
    pub reorder_by_ms: u64,
    /// Keep webhooks in their queues until switched off.
    pub hold_webhooks: bool,
    pub down: Down,
    pub token_expired: bool,
}

impl CallPlan {
    /// Both that everyone meets and that only this number meets.
    pub(crate) fn and(self, own: Self) -> Self {
        Self {
            delay_ms: self.delay_ms.saturating_add(own.delay_ms),
            before: self.before.or(own.before),
            after: self.after.or(own.after),
            failure: self.failure.or(own.failure),
            held: self.held || own.held,
        }
    }
}

/// What one send call meets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CallPlan {
    pub delay_ms: u64,
    pub before: Option<Before>,
    pub after: Option<After>,
    pub failure: Option<GraphError>,
    /// A template is kept back for its quality's sake.
    pub held: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Before {
    Html500,
    Garbage,
    Error(GraphError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Close,
    Html500,
    /// Answers, but so late that the client has given up.
    Late,
}

#[derive(Debug)]
pub(crate) struct FaultBox {
    current: Mutex<Faults>,
    hold: watch::Sender<bool>,
}

impl FaultBox {
    pub(crate) fn new() -> Self {
        Self {
            current: Mutex::new(Faults::default()),
            hold: watch::Sender::new(false),
        }
    }

    pub(crate) fn get(&self) -> Faults {
        self.current.lock().clone()
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.hold.send_replace(faults.hold_webhooks);
        *self.current.lock() = faults;
    }

    /// Follows the hold switch.
    pub(crate) fn hold(&self) -> watch::Receiver<bool> {
        self.hold.subscribe()
    }

    pub(crate) fn down(&self) -> Down {
        self.current.lock().down
    }

    pub(crate) fn token_expired(&self) -> bool {
        self.current.lock().token_expired
    }

    /// How long this upload takes.
    pub(crate) fn upload_ms(&self, rng: &Rng) -> u64 {
        self.current.lock().upload_delay.draw(rng)
    }

    /// Draws what this send call meets and counts the `next` counters down.
    pub(crate) fn plan(&self, rng: &Rng) -> CallPlan {
        let mut faults = self.current.lock();
        let before = if faults.server_error.strikes(rng) {
            Some(Before::Html500)
        } else if faults.graph_server_error.strikes(rng) {
            Some(Before::Error(GraphError::new(131_000)))
        } else if faults.garbage.strikes(rng) {
            Some(Before::Garbage)
        } else {
            strike(&mut faults.errors, rng).map(Before::Error)
        };
        let after = if before.is_some() {
            None
        } else if faults.drop_answer.strikes(rng) {
            Some(After::Close)
        } else {
            faults.error_after_accept.strikes(rng).then_some(After::Html500)
        };
        let failure = if before.is_some() {
            None
        } else {
            strike(&mut faults.failures, rng)
        };
        CallPlan {
            delay_ms: faults.answer_delay.draw(rng),
            before,
            after,
            failure,
            held: faults.hold_templates.strikes(rng),
        }
    }

    /// Whether to deliver an update twice, and how long to hold it back (simulated milliseconds).
    pub(crate) fn webhook(&self, rng: &Rng) -> (bool, Option<u64>) {
        let faults = self.current.lock();
        let twice = faults.duplicate_webhooks > 0.0 && rng.chance(faults.duplicate_webhooks);
        let late = faults.reorder_webhooks > 0.0 && rng.chance(faults.reorder_webhooks);
        (twice, late.then(|| rng.up_to(faults.reorder_by_ms)))
    }
}

fn strike(faults: &mut [ErrorFault], rng: &Rng) -> Option<GraphError> {
    let fault = faults
        .iter_mut()
        .find_map(|fault| fault.often.strikes(rng).then_some(fault))?;
    Some(match &fault.details {
        Some(details) => GraphError::with(fault.code, details.clone()),
        None => GraphError::new(fault.code),
    })
}

/// A fault that a recipient's number carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecipientFault {
    Before(Before),
    After(After),
    Failure(u32),
    Held,
}

/// Faults by the recipient's last seven digits, `999` and four more:
///
/// | digits | effect |
/// |---|---|
/// | 9990026 9990047 9990049 9990050 9990042 9990053 9990472 | accepted, then `failed` with 131026, 131047, 131049, 131050, 131042, 131053, 130472 |
/// | 9990429 9990056 9990048 9990190 | answered with 130429, 131056, 131048, 190 |
/// | 9990500 9990501 | 500 with an HTML page, 500 with an envelope (131000) |
/// | 9990903 | a template is accepted as `held_for_quality_assessment` and goes out later |
/// | 9990408 9990502 9990504 | accepted, then: connection closed, 500, answer a minute late |
pub(crate) fn by_recipient(wa_id: &str) -> Option<RecipientFault> {
    let last = wa_id.get(wa_id.len().checked_sub(7)?..)?.strip_prefix("999")?;
    let error = |code| RecipientFault::Before(Before::Error(GraphError::new(code)));
    Some(match last {
        "0026" => RecipientFault::Failure(131_026),
        "0047" => RecipientFault::Failure(131_047),
        "0049" => RecipientFault::Failure(131_049),
        "0050" => RecipientFault::Failure(131_050),
        "0042" => RecipientFault::Failure(131_042),
        "0053" => RecipientFault::Failure(131_053),
        "0472" => RecipientFault::Failure(130_472),
        "0903" => RecipientFault::Held,
        "0429" => error(130_429),
        "0056" => error(131_056),
        "0048" => error(131_048),
        "0190" => error(190),
        "0500" => RecipientFault::Before(Before::Html500),
        "0501" => error(131_000),
        "0408" => RecipientFault::After(After::Close),
        "0502" => RecipientFault::After(After::Html500),
        "0504" => RecipientFault::After(After::Late),
        _ => return None,
    })
}
