//! Sandbox channels and the simulator: each sandbox channel is a number there, whose webhooks come back to this house.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::Data;
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::ProviderKind;
use crate::domain::ChannelId;
use crate::sandbox::{
    InstagramConfig, InstagramSimulator, NumberConfig, SandboxError, Simulator, SimulatorConfig,
};

/// What stands for the providers behind sandbox channels.
pub(super) fn start(config: SimulatorConfig) -> anyhow::Result<(Arc<Simulator>, Data<InstagramSimulator>)> {
    let whatsapp = Simulator::start(config).context("the simulator cannot listen")?;
    let instagram = InstagramSimulator::start(InstagramConfig::default());
    let instagram = instagram.context("the Instagram simulator cannot listen")?;
    Ok((Arc::new(whatsapp), Data::new(instagram)))
}

/// Keeps sandbox channels and simulators together; webhooks come in at `inside`.
pub(super) async fn play(
    house: &Data<House>,
    (whatsapp, instagram): (&Arc<Simulator>, &Data<InstagramSimulator>),
    inside: SocketAddr,
) {
    supervise(house, whatsapp, &format!("http://{inside}/webhooks/whatsapp")).await;
    super::simulated_instagram::supervise(house, instagram, &format!("http://{inside}/webhooks/instagram"))
        .await;
}

/// Keeps the simulator's numbers the same as the sandbox channels.
async fn supervise(house: &Data<House>, simulator: &Arc<Simulator>, webhook_url: &str) {
    let (machinery, simulator, url) = (house.clone(), simulator.clone(), webhook_url.to_owned());
    house
        .supervise("sandbox".into(), "sandbox", move |token| {
            keep(machinery.clone(), simulator.clone(), url.clone(), token)
        })
        .await;
}

async fn keep(house: Data<House>, simulator: Arc<Simulator>, url: String, token: CancellationToken) {
    let mut changes = house.core.registry.watch();
    let mut known: BTreeSet<(ChannelId, u64)> = BTreeSet::new();
    loop {
        changes.mark_unchanged();
        for entry in house.core.registry.all() {
            let is_new = entry.kind == ProviderKind::Sandbox
                && known.insert((entry.channel.id, entry.channel.version));
            if !is_new {
                continue;
            }
            match simulator.add_number(number(&entry, &url)) {
                Ok(()) => recall(&house, &simulator, &entry).await,
                // An edited channel keeps the number that it has.
                Err(SandboxError::NumberExists) => {}
                Err(error) => {
                    tracing::error!(channel = %entry.channel.id, %error, "the simulator cannot play this channel");
                }
            }
            subscribe(&house, &simulator, &entry).await;
        }
        tokio::select! {
            () = token.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}

/// Subscribes to the account's webhooks, as whoever connects a real number must. Without it only the connection test
/// complains: the simulator delivers all the same.
async fn subscribe(house: &House, simulator: &Simulator, entry: &ChannelEntry) {
    let text = |map: &BTreeMap<String, String>, name: &str| map.get(name).cloned().unwrap_or_default();
    let account = text(&entry.channel.settings, "waba_id");
    let call = house
        .core
        .http
        .post(format!(
            "{}/v23.0/{account}/subscribed_apps",
            simulator.base_url()
        ))
        .bearer_auth(text(&entry.channel.secrets, "access_token"))
        .header("content-type", "application/json")
        .body("{}");
    let answer = call.send().await.and_then(reqwest::Response::error_for_status);
    if let Err(error) = answer {
        tracing::warn!(channel = %entry.channel.id, %error, "the simulator's account is not subscribed");
    }
}

async fn recall(house: &House, simulator: &Arc<Simulator>, entry: &Arc<ChannelEntry>) {
    let (store, simulator, past) = (house.core.store.clone(), simulator.clone(), entry.clone());
    let restored = tokio::task::spawn_blocking(move || super::recall::restore(&store, &simulator, &past));
    match restored.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(channel = %entry.channel.id, %error, "the sandbox's past cannot be read");
        }
        Err(error) => {
            tracing::error!(channel = %entry.channel.id, %error, "restoring the sandbox's past failed")
        }
    }
}

fn number(entry: &ChannelEntry, url: &str) -> NumberConfig {
    let setting = |name: &str| entry.channel.settings.get(name).cloned().unwrap_or_default();
    let secret = |name: &str| entry.channel.secrets.get(name).cloned().unwrap_or_default();
    let mut number = NumberConfig::new(
        &setting("phone_number_id"),
        &setting("waba_id"),
        &setting("display_phone_number"),
    );
    number.access_token = secret("access_token");
    number.app_secret = secret("app_secret");
    number.verify_token = secret("verify_token");
    number.webhook_url = Some(url.to_owned());
    if let Some(rate) = entry
        .channel
        .settings
        .get("rate_per_s")
        .and_then(|text| text.parse().ok())
    {
        number.throughput_mps = rate;
    }
    number
}
