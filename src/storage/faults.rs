//! Failures on purpose, so that tests (of the real binary too) can see what a bad disk does. Costs nothing when absent.
//!
//! Owns the plan of failures. Must not know what the store does about them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// Where a failure can be planted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultPoint {
    /// Writing a frame; half of it is written first.
    JournalWrite,
    /// Making a frame durable.
    JournalSync,
    /// Cutting a half-written frame off again.
    JournalTruncate,
    /// Carrying a durable frame into the engine.
    Apply,
}

/// What happens there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The call fails with this.
    Error(io::ErrorKind),
    /// The call takes this long, then works.
    Delay(Duration),
    /// The thread panics, as a mistake in the program would make it.
    Panic,
    /// The process dies.
    Abort,
}

struct Planned {
    point: FaultPoint,
    fault: Fault,
    /// How many calls pass before it strikes.
    after: u64,
    /// How many calls it strikes.
    times: u64,
}

/// A plan of failures.
#[derive(Default)]
pub struct Faults {
    planned: Mutex<Vec<Planned>>,
    free_bytes: Mutex<Option<u64>>,
}

impl Faults {
    /// Reads a plan such as `journal_sync:full:100:5,apply:abort:7` (point, fault, calls that pass first, calls struck).
    /// Faults: `full`, `error`, `panic`, `abort`, `delay<milliseconds>`.
    ///
    /// # Errors
    /// Names the part that is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let faults = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let planned = parse_one(part).ok_or_else(|| format!("not a fault: {part}"))?;
            faults.planned.lock().push(planned);
        }
        Ok(faults)
    }

    /// The plan in `FRONTDESK_FAULT`, if that is set.
    ///
    /// # Errors
    /// Names the part that is not understood.
    pub fn from_env() -> Result<Option<Arc<Self>>, String> {
        match std::env::var("FRONTDESK_FAULT") {
            Ok(text) if !text.is_empty() => Self::parse(&text).map(|faults| Some(Arc::new(faults))),
            _ => Ok(None),
        }
    }

    /// Plans a failure: the next `after` calls pass, then `times` calls fail.
    pub fn plan(&self, point: FaultPoint, fault: Fault, after: u64, times: u64) {
        self.planned.lock().push(Planned {
            point,
            fault,
            after,
            times,
        });
    }

    /// Whether something planned has not happened yet.
    pub fn is_planned(&self) -> bool {
        self.planned.lock().iter().any(|planned| planned.times > 0)
    }

    /// Removes all that is planned.
    pub fn clear(&self) {
        self.planned.lock().clear();
        *self.free_bytes.lock() = None;
    }

    /// Pretends that this much space is free.
    pub fn pretend_free_bytes(&self, bytes: Option<u64>) {
        *self.free_bytes.lock() = bytes;
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        *self.free_bytes.lock()
    }

    /// Fails, waits or dies if that is planned for this call.
    pub(super) fn strike(&self, point: FaultPoint) -> io::Result<()> {
        let fault = {
            let mut planned = self.planned.lock();
            let next = planned
                .iter_mut()
                .find(|planned| planned.point == point && planned.times > 0);
            match next {
                Some(planned) if planned.after > 0 => {
                    planned.after -= 1;
                    None
                }
                Some(planned) => {
                    planned.times -= 1;
                    Some(planned.fault)
                }
                None => None,
            }
        };
        match fault {
            None => Ok(()),
            Some(Fault::Error(kind)) => Err(io::Error::new(kind, "planned failure")),
            Some(Fault::Delay(time)) => {
                std::thread::sleep(time);
                Ok(())
            }
            Some(Fault::Panic) => panic!("planned failure"),
            Some(Fault::Abort) => std::process::abort(),
        }
    }
}

fn parse_one(text: &str) -> Option<Planned> {
    let mut parts = text.split(':');
    let point = match parts.next()? {
        "journal_write" => FaultPoint::JournalWrite,
        "journal_sync" => FaultPoint::JournalSync,
        "journal_truncate" => FaultPoint::JournalTruncate,
        "apply" => FaultPoint::Apply,
        _ => return None,
    };
    let fault = match parts.next()? {
        "full" => Fault::Error(io::ErrorKind::StorageFull),
        "error" => Fault::Error(io::ErrorKind::Other),
        "panic" => Fault::Panic,
        "abort" => Fault::Abort,
        delay => Fault::Delay(Duration::from_millis(delay.strip_prefix("delay")?.parse().ok()?)),
    };
    let mut number = |default: u64| parts.next().map_or(Some(default), |text| text.parse().ok());
    let (after, times) = (number(0)?, number(1)?);
    parts.next().is_none().then_some(Planned {
        point,
        fault,
        after,
        times,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_lets_calls_pass_then_strikes_as_often_as_it_says() {
        let faults = Faults::parse("journal_sync:full:1:2,apply:delay0").unwrap();
        let struck: Vec<bool> = (0..4)
            .map(|_| faults.strike(FaultPoint::JournalSync).is_err())
            .collect();
        assert_eq!(struck, [false, true, true, false]);
        assert!(faults.strike(FaultPoint::Apply).is_ok());
        for wrong in ["x", "apply", "apply:what", "apply:full:x", "apply:full:1:1:1"] {
            assert!(Faults::parse(wrong).is_err(), "{wrong}");
        }
    }
}
