//! Looks at the house once in a while and raises what a person should know: a blocked channel, parked raw events, a store
//! that cannot be written. Clears it again when it is over.

use tokio_util::sync::CancellationToken;

use crate::domain::operations::RawState;
use crate::storage::keys::RawByStateKey;
use crate::storage::{Prefix, StoreState};

use super::registry::all_workspaces;
use super::scheduler::Schedule;

const INTERVAL: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs until told to stop.
pub async fn run(schedule: Schedule, token: CancellationToken) {
    loop {
        look(&schedule).await;
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn look(schedule: &Schedule) {
    let Schedule { core, alerts, .. } = schedule;
    let read_only = match &*core.store.watch_state().borrow() {
        StoreState::Ok => None,
        StoreState::ReadOnly(why) => Some(why.clone()),
    };
    metrics::gauge!("frontdesk_store_read_only").set(f64::from(u8::from(read_only.is_some())));
    if let Some(why) = read_only {
        // Cannot be written as an alert; health, the API's answers and the log say it.
        tracing::error!(why, "nothing can be written");
        return;
    }
    for entry in core.registry.all() {
        let subject = entry.channel.id.to_string();
        match &entry.channel.blocked {
            Some(why) => {
                alerts
                    .raise(entry.workspace, "channel_blocked", &subject, why)
                    .await
            }
            None => alerts.clear(entry.workspace, "channel_blocked", &subject).await,
        }
    }
    let workspaces = match all_workspaces(&core.store) {
        Ok(workspaces) => workspaces,
        Err(error) => return tracing::error!(%error, "the workspaces cannot be read"),
    };
    for workspace in workspaces {
        let prefix = Prefix::<RawByStateKey>::table()
            .with(workspace.id)
            .with(RawState::Parked as u8);
        match core.store.scan_keys(&prefix, None, 1) {
            Ok(parked) if parked.is_empty() => alerts.clear(workspace.id, "raw_events_parked", "").await,
            Ok(_) => {
                let detail = "Some webhook deliveries could not be worked in. Look at them under System and replay them.";
                alerts.raise(workspace.id, "raw_events_parked", "", detail).await;
            }
            Err(error) => tracing::error!(%error, "parked raw events cannot be counted"),
        }
    }
}
