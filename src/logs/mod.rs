//! Log lines: to standard error, for people or for programs, and the last of them to the System page.

mod ring;

use std::io::{IsTerminal, stderr};
use std::sync::LazyLock;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

pub use ring::{LogLine, LogRing, MAX_LINES};

/// The last lines of the process.
static RING: LazyLock<LogRing> = LazyLock::new(LogRing::default);

/// The last lines of this process.
pub fn ring() -> LogRing {
    RING.clone()
}

/// Starts logging for the process.
///
/// # Errors
/// The filter cannot be read, or logging was started before.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_filter).context("log_filter cannot be read")?;
    let registry = tracing_subscriber::registry().with(filter).with(RING.layer());
    let started = match config.log_format {
        LogFormat::Text => registry
            .with(
                // Colours are for terminals: the journal keeps lines as they come.
                tracing_subscriber::fmt::layer()
                    .with_ansi(stderr().is_terminal())
                    .with_writer(stderr),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(tracing_subscriber::fmt::layer().json().with_writer(stderr))
            .try_init(),
    };
    started.context("logging cannot start")
}
