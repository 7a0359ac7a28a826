//! What systemd is told: that we are ready, that we live, that we stop. Does nothing where no systemd asks.

use std::sync::Arc;

use actix_web::web::Data;
use sd_notify::NotifyState;

use crate::actors::House;

/// Tells it that requests may come; from then on, at half the time that it grants, that the machinery runs.
pub(super) fn ready(house: &Data<House>) {
    tell(&[NotifyState::Ready]);
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let house = Arc::clone(house);
    actix_web::rt::spawn(async move {
        let mut beat = tokio::time::interval(limit / 2);
        loop {
            beat.tick().await;
            // Silence makes systemd start us anew.
            if house.is_running() {
                tell(&[NotifyState::Watchdog]);
            }
        }
    });
}

/// Tells it that we stop.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
