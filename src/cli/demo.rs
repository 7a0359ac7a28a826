//! `frontdesk demo`: a filled demo business, to try everything.

use std::path::PathBuf;

use super::serve::{announce, wait_for_stop};
use crate::config::{Config, Options};
use crate::demo;

/// Where the demo keeps its data unless told otherwise.
const DATA: &str = "frontdesk-demo";

/// Options of the demo.
#[derive(clap::Args, Debug)]
pub(super) struct DemoOptions {
    #[command(flatten)]
    options: Options,
    /// Throw the demo's data away and begin anew.
    #[arg(long)]
    reset: bool,
}

/// Runs the demo.
pub(super) fn run(demo: &DemoOptions) -> anyhow::Result<()> {
    let mut options = demo.options.clone();
    options.data.get_or_insert_with(|| PathBuf::from(DATA));
    let config = Config::load(&options)?;
    crate::logs::start(&config)?;
    demo::prepare(&config.data, demo.reset)?;
    actix::System::new().block_on(async move {
        let public_url = config.public_url.clone();
        let app = demo::start(config).await?;
        announce(&app, &public_url);
        println!(
            "Log in as {} with the password {}",
            demo::OWNER_EMAIL,
            demo::OWNER_PASSWORD
        );
        wait_for_stop().await?;
        app.stop().await;
        Ok(())
    })
}
