//! Access tokens that end: renewed in time, and a person asked when that does not work.
//!
//! Owns when a token is renewed: ten days before its end (day 50 of Instagram's 60), tried again daily. What is known of a
//! token stands in its channel's settings (`token_expires_at`), so that nothing is lost by a restart.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::domain::phrases;
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, Timestamp};

use super::alerts::Alerts;
use super::core::{Core, new_trace};
use super::registry::ChannelEntry;

/// How long before its end a token is renewed.
const AHEAD: i64 = 10 * 24 * HOUR;
/// How long before its end a person is asked to connect again.
const ASK: i64 = 7 * 24 * HOUR;
/// How soon a renewal that failed is tried again.
const AGAIN: i64 = 24 * HOUR;
/// How often all channels are looked at, beside every change of one.
const LOOK: Duration = Duration::from_secs(3600);
/// The alert's kind.
const ALERT: &str = "token_expires";

/// Looks after every channel's token until told to stop.
pub async fn run(core: Arc<Core>, alerts: Alerts, token: CancellationToken) {
    let mut changes = core.registry.watch();
    let mut tried: HashMap<ChannelId, Timestamp> = HashMap::new();
    loop {
        changes.mark_unchanged();
        let now = core.clock.now();
        tried.retain(|_, at| now.since(*at) < AGAIN);
        for entry in core.registry.all() {
            let Some(ends) = ends_at(&entry) else { continue };
            let is_due = ends.since(now) < AHEAD && !tried.contains_key(&entry.channel.id);
            if !is_due {
                continue;
            }
            tried.insert(entry.channel.id, now);
            look_after(&core, &alerts, &entry, ends, now).await;
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
            changed = changes.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}

fn ends_at(entry: &ChannelEntry) -> Option<Timestamp> {
    Timestamp::parse(entry.channel.settings.get("token_expires_at")?)
}

async fn look_after(core: &Core, alerts: &Alerts, entry: &ChannelEntry, ends: Timestamp, now: Timestamp) {
    let (workspace, id) = (entry.workspace, entry.channel.id);
    let why = match renew(core, entry, now).await {
        Ok(()) => {
            tracing::info!(channel = %id, "an access token was renewed");
            alerts.clear(workspace, ALERT, &id.to_string()).await;
            return;
        }
        Err(why) => why,
    };
    tracing::warn!(channel = %id, why, "an access token could not be renewed");
    if ends.since(now) < ASK {
        let detail =
            phrases::TOKEN_ENDS.with(&[("name", &entry.channel.name), ("ends_at", &ends), ("why", &why)]);
        alerts.raise(workspace, ALERT, &id.to_string(), &detail).await;
    }
}

async fn renew(core: &Core, entry: &ChannelEntry, now: Timestamp) -> Result<(), String> {
    let provider = core.provider(entry.kind).cloned();
    let login = provider.as_ref().and_then(|provider| provider.login());
    let login = login.ok_or("its provider renews none")?;
    let renewed = login.renew(&core.http, &entry.access).await;
    let renewed = renewed.map_err(|error| format!("{}: {}", error.title, error.detail))?;
    let seen = entry.channel.secrets.get("access_token").cloned();
    let change = |channel: &mut crate::domain::Channel| {
        // Someone who connected anew meanwhile has a better one.
        if channel.secrets.get("access_token") != seen.as_ref() {
            return;
        }
        match renewed {
            Some(renewed) => {
                let life = renewed.expires_in;
                let life = life.map(|life| i64::try_from(life.as_micros()).unwrap_or(i64::MAX));
                match life {
                    Some(life) => {
                        let ends = now.plus(life).to_string();
                        channel.settings.insert("token_expires_at".into(), ends);
                    }
                    None => drop(channel.settings.remove("token_expires_at")),
                }
                let token = renewed.access_token.expose_secret().to_owned();
                channel.secrets.insert("access_token".into(), token);
                channel.blocked = None;
            }
            None => {
                channel.settings.remove("token_expires_at");
            }
        }
    };
    let changed = core
        .registry
        .change(entry.workspace, entry.channel.id, now, new_trace(), change)
        .await;
    changed.map(drop).map_err(|error| error.to_string())
}
