//! `frontdesk serve`: runs until it is told to stop.

use tokio::signal::unix::{SignalKind, signal};

use super::control::Control;
use super::systemd;
use crate::app::{App, AppOptions, owner_from_environment};
use crate::config::{Config, Options};

/// Runs the product.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let config = Config::load(options)?;
    crate::logs::start(&config)?;
    actix::System::new().block_on(async move {
        let mut app = AppOptions::new(config)?;
        app.owner = owner_from_environment()?;
        let (data, clock) = (app.config.data.clone(), app.clock);
        let public_url = app.config.public_url.clone();
        let app = App::start(app).await?;
        announce(&app, &public_url);
        systemd::ready(&app.house);
        let control = Control::start(app.house.core.store.clone(), &data, clock);
        if let Err(error) = &control {
            tracing::warn!("backup and verify cannot be asked for on the command line: {error:#}");
        }
        serve_until_stop(&app).await?;
        systemd::stopping();
        drop(control);
        app.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

pub(super) fn announce(app: &App, public_url: &str) {
    tracing::info!(address = %app.address, version = env!("CARGO_PKG_VERSION"), "serving");
    let scheme = if app.speaks_https() { "https" } else { "http" };
    println!("Frontdesk serves on {scheme}://{}", app.address);
    if let Some(code) = &app.setup_code {
        println!("Set it up at {public_url}/setup with this one-time code: {code}");
    }
}

/// Until it is told to stop; SIGHUP (`systemctl reload`) reads the certificate files again.
async fn serve_until_stop(app: &App) -> anyhow::Result<()> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let reload = async {
        while hang_up.recv().await.is_some() {
            tracing::info!("asked to reload");
            app.reload();
        }
    };
    tokio::select! {
        stopped = wait_for_stop() => stopped,
        () = reload => Ok(()),
    }
}

pub(super) async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    Ok(())
}
