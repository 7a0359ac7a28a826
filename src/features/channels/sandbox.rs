//! Numbers of the built-in simulator, for sandbox channels that are added without settings.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A number that the simulator has made.
pub struct SandboxNumber {
    /// The settings of its channel.
    pub settings: BTreeMap<String, String>,
    /// The secrets of its channel. `Debug` is not derived, so that they cannot be logged by accident.
    pub secrets: BTreeMap<String, String>,
}

/// Where sandbox numbers come from. The simulator lives on a floor that features do not see; `app.rs` joins them.
pub trait SandboxNumbers: Send + Sync {
    /// Makes a number for a channel of this name.
    ///
    /// # Errors
    /// Says in plain words why there is none.
    fn make(&self, name: &str) -> Result<SandboxNumber, String>;
}

/// The sandbox, if this server runs one; in `web::Data`.
#[derive(Clone, Default)]
pub struct Sandbox(pub Option<Arc<dyn SandboxNumbers>>);
