//! Customers who keep writing while the demo runs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::story::Story;
use crate::actors::registry::ChannelEntry;
use crate::app::App;
use crate::channels::ProviderKind;
use crate::sandbox::{Customer, CustomerMessage, Direction, Simulator};

/// The first message comes soon, so that one sees something happen; then life is calmer.
const FIRST: Duration = Duration::from_secs(4);
const SHORTEST: u64 = 12;
const LONGEST: u64 = 45;
/// Messages that a customer of the town writes in a row.
const MOST_UNANSWERED: usize = 2;

/// Lets the town live.
pub(super) async fn supervise(app: &App, story: Arc<Story>) {
    let (simulator, registry) = (app.simulators.whatsapp.clone(), app.house.core.registry.clone());
    app.house
        .supervise("demo town".into(), "demo", move |token| {
            live(simulator.clone(), registry.clone(), story.clone(), token)
        })
        .await;
}

async fn live(
    simulator: Arc<Simulator>,
    registry: crate::actors::Registry,
    story: Arc<Story>,
    token: CancellationToken,
) {
    let mut wait = FIRST;
    let mut round = 0;
    loop {
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let sandbox = registry
            .all()
            .into_iter()
            .find(|entry| entry.kind == ProviderKind::Sandbox);
        if let Some(entry) = sandbox {
            write(&simulator, &entry, &story, round);
        }
        round += 1;
        wait = Duration::from_secs(SHORTEST + random_below(LONGEST - SHORTEST));
    }
}

fn write(simulator: &Simulator, entry: &ChannelEntry, story: &Story, round: usize) {
    let Some(number) = entry.channel.settings.get("phone_number_id") else {
        return;
    };
    let count = story.openers.len();
    let from_here = (0..count).filter_map(|step| story.openers.get((round + step) % count));
    let mut willing = from_here.filter(|opener| is_willing(simulator, number, &opener.phone));
    let Some(opener) = willing.next() else {
        return;
    };
    let text = &opener.texts[(round / story.openers.len().max(1)) % opener.texts.len().max(1)];
    let customer = Customer::new(&opener.phone, &opener.name);
    if let Err(error) = simulator.customer_says(number, &customer, CustomerMessage::text(text)) {
        tracing::warn!(%error, "a demo customer could not write");
    }
}

/// Nobody goes on writing without an answer: two messages in a row are enough.
fn is_willing(simulator: &Simulator, number: &str, phone: &str) -> bool {
    let chat = simulator.transcript(number, phone);
    let unanswered = chat.iter().rev();
    let unanswered = unanswered.take_while(|entry| entry.direction == Direction::FromCustomer);
    unanswered.count() < MOST_UNANSWERED
}

fn random_below(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes) % limit.max(1),
        Err(_) => limit / 2,
    }
}
