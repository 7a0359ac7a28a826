//! The one place that reads the time. Everything that decides gets `now` as an argument; actors and handlers ask here.

use crate::domain::Timestamp;

/// Where `now` comes from. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock. May jump when it is set.
    System,
    /// A clock that stands where it is put: for writing history.
    Stepped(&'static std::sync::atomic::AtomicI64),
    /// A clock that starts at a given time and moves with tokio's, so that tests with paused time move it too.
    Tokio {
        /// The time at `origin`.
        start: Timestamp,
        /// Tokio's instant at `start`.
        origin: tokio::time::Instant,
    },
}

impl Clock {
    /// A clock that reads `start` now and moves with tokio's time.
    pub fn tokio_from(start: Timestamp) -> Self {
        Self::Tokio {
            start,
            origin: tokio::time::Instant::now(),
        }
    }

    /// Now.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_microsecond()),
            Self::Stepped(micros) => Timestamp(micros.load(std::sync::atomic::Ordering::SeqCst)),
            Self::Tokio { start, origin } => {
                let elapsed = i64::try_from(origin.elapsed().as_micros()).unwrap_or(i64::MAX);
                start.plus(elapsed)
            }
        }
    }
}
