//! The demo: a bakery with weeks of history, and customers who keep writing. All of it goes the way that real messages
//! go; only the people are invented.
//!
//! Owns the story in `data/demo/` and its telling. It works in a data directory of its own, marked as such, and refuses
//! any other.

mod files;
mod history;
mod shop;
mod story;
mod town;
mod turns;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::app::{App, AppOptions};
use crate::config::Config;
use crate::features::accounts::{NewPerson, NewWorkspace};
use crate::sandbox::{Behaviour, SimulatorConfig};
use crate::storage::Store;

use story::Story;

/// How the demo's owner logs in; shown on the terminal.
pub const OWNER_EMAIL: &str = "owner@demo.example";
/// Nothing real is behind it.
pub const OWNER_PASSWORD: &str = "demo-demo-demo";

/// Marks a data directory as a demo's.
const MARKER: &str = "THIS-IS-A-DEMO";

/// Makes sure that a directory is a demo's or empty; with `reset`, empties a demo's.
///
/// # Errors
/// It holds something else.
pub fn prepare(dir: &Path, reset: bool) -> anyhow::Result<()> {
    let marker = dir.join(MARKER);
    if dir.exists() && !marker.exists() {
        let empty = std::fs::read_dir(dir)
            .context("data: cannot be read")?
            .next()
            .is_none();
        anyhow::ensure!(
            empty,
            "data: {} holds something that is no demo; name an empty directory",
            dir.display()
        );
    }
    if reset && marker.exists() {
        std::fs::remove_dir_all(dir).with_context(|| format!("{} cannot be emptied", dir.display()))?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("data: {} cannot be made", dir.display()))?;
    std::fs::write(&marker, "Invented data; `frontdesk demo --reset` begins anew.\n")
        .context("data: cannot be written")
}

/// Starts the demo.
///
/// # Errors
/// Says what cannot be started and why.
pub async fn start(config: Config) -> anyhow::Result<App> {
    let story = Arc::new(Story::load()?);
    let mut options = AppOptions::new(config)?;
    options.owner = Some(owner());
    options.simulator = SimulatorConfig {
        workers: 1,
        control: false,
        default_behaviour: Behaviour {
            auto_reply: Some(story.auto_reply()),
            ..Behaviour::default()
        },
        ..SimulatorConfig::default()
    };
    let telling = story.clone();
    options.before = Some(Box::new(move |config: Config, store: Store| {
        Box::pin(async move { history::tell(&config, &store, &telling).await })
    }));
    let app = App::start(options).await?;
    town::supervise(&app, story).await;
    Ok(app)
}

fn owner() -> NewWorkspace {
    NewWorkspace {
        name: "Asha's Bakery (demo)".into(),
        timezone: "Africa/Nairobi".into(),
        locale: "en".into(),
        demo: true,
        operator: true,
        owner: NewPerson {
            name: "Asha Wanjiru".into(),
            email: OWNER_EMAIL.into(),
            password: OWNER_PASSWORD.into(),
        },
    }
}
