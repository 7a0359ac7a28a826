//! Instagram's sandbox channels and their simulator: each is an account there, whose webhooks come back to this house.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::web::Data;
use tokio_util::sync::CancellationToken;

use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::ProviderKind;
use crate::domain::conversation::WINDOW;
use crate::domain::{ChannelId, Contact, Direction, IdentityKind, Message, Timestamp};
use crate::sandbox::{InstagramAccount, InstagramCustomer, InstagramEntry, InstagramSimulator};
use crate::storage::keys::{ContactKey, ConversationKey, MessageKey};
use crate::storage::{Prefix, StorageError, Store};

/// Conversations that are looked at, latest begun first.
const MOST_CONVERSATIONS: usize = 1_000;
/// Messages of each.
const MOST_MESSAGES: usize = 50;

/// Keeps the simulator's accounts the same as the sandbox channels.
pub(super) async fn supervise(house: &Data<House>, simulator: &Data<InstagramSimulator>, url: &str) {
    let (machinery, simulator, url) = (house.clone(), simulator.clone(), url.to_owned());
    house
        .supervise("instagram sandbox".into(), "sandbox", move |token| {
            keep(machinery.clone(), simulator.clone(), url.clone(), token)
        })
        .await;
}

async fn keep(
    house: Data<House>,
    simulator: Data<InstagramSimulator>,
    url: String,
    token: CancellationToken,
) {
    let mut changes = house.core.registry.watch();
    let mut known: BTreeSet<ChannelId> = BTreeSet::new();
    loop {
        changes.mark_unchanged();
        for entry in house.core.registry.all() {
            if entry.kind != ProviderKind::SandboxInstagram || !known.insert(entry.channel.id) {
                continue;
            }
            match simulator.add_account(account(&entry, &url)) {
                Ok(()) => {
                    recall(&house, &simulator, &entry).await;
                    subscribe(&house, &simulator, &entry).await;
                }
                Err(error) => {
                    tracing::error!(channel = %entry.channel.id, %error, "the simulator cannot play this channel");
                }
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}

/// Subscribes to the account's webhooks, as whoever connects a real account must. Without it only the connection test
/// complains: the simulator delivers all the same.
async fn subscribe(house: &House, simulator: &InstagramSimulator, entry: &ChannelEntry) {
    let token = entry
        .channel
        .secrets
        .get("access_token")
        .cloned()
        .unwrap_or_default();
    let url = format!(
        "{}/me/subscribed_apps?subscribed_fields=messages,messaging_postbacks",
        simulator.base_url()
    );
    let call = house.core.http.post(url).bearer_auth(token);
    let answer = call.send().await.and_then(reqwest::Response::error_for_status);
    if let Err(error) = answer {
        tracing::warn!(channel = %entry.channel.id, %error, "the simulator's account is not subscribed");
    }
}

fn account(entry: &ChannelEntry, url: &str) -> InstagramAccount {
    let setting = |name: &str| entry.channel.settings.get(name).cloned().unwrap_or_default();
    let secret = |name: &str| entry.channel.secrets.get(name).cloned().unwrap_or_default();
    InstagramAccount {
        ig_id: setting("ig_id"),
        page_id: setting("page_id"),
        username: setting("username"),
        name: entry.channel.name.clone(),
        access_token: secret("access_token"),
        app_secret: secret("app_secret"),
        verify_token: secret("verify_token"),
        webhook_url: Some(url.to_owned()),
    }
}

/// Without its past every phone would be empty after a restart, and answers refused as outside the window.
async fn recall(house: &House, simulator: &InstagramSimulator, entry: &Arc<ChannelEntry>) {
    let (store, simulator, past) = (house.core.store.clone(), simulator.clone(), entry.clone());
    match tokio::task::spawn_blocking(move || restore(&store, &simulator, &past)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(channel = %entry.channel.id, %error, "the sandbox's past cannot be read");
        }
        Err(error) => {
            tracing::error!(channel = %entry.channel.id, %error, "restoring the sandbox's past failed");
        }
    }
}

fn restore(store: &Store, simulator: &InstagramSimulator, entry: &ChannelEntry) -> Result<(), StorageError> {
    let Some(account) = entry.channel.settings.get("ig_id") else {
        return Ok(());
    };
    let workspace = entry.workspace;
    let prefix = Prefix::<ConversationKey>::table().with(workspace);
    let rows = store.scan_back(&prefix, None, MOST_CONVERSATIONS)?.into_iter();
    for (_, conversation) in rows.filter(|(_, row)| row.channel == entry.channel.id) {
        let key = ContactKey {
            workspace,
            contact: conversation.contact,
        };
        let Some(customer) = store.get(&key)?.as_ref().and_then(customer) else {
            continue;
        };
        let messages = Prefix::<MessageKey>::table()
            .with(workspace)
            .with(conversation.id);
        let messages = store.scan_back(&messages, None, MOST_MESSAGES)?.into_iter().rev();
        let chat = messages.filter_map(|(_, message)| entry_of(message)).collect();
        let wrote = conversation
            .window_expires_at
            .map(|end| ms(Timestamp(end.0 - WINDOW)));
        if let Err(error) = simulator.restore_chat(account, customer, chat, wrote) {
            tracing::warn!(channel = %entry.channel.id, %error, "a simulated customer could not be restored");
        }
    }
    Ok(())
}

fn customer(contact: &Contact) -> Option<InstagramCustomer> {
    let find = |kind| contact.identities.iter().find(|identity| identity.kind == kind);
    let username = find(IdentityKind::Username).map(|identity| identity.value.clone());
    Some(InstagramCustomer {
        id: find(IdentityKind::InstagramId)?.value.clone(),
        name: contact.display_name().to_owned(),
        username: username.unwrap_or_default(),
        reads: true,
        unavailable: false,
    })
}

/// A message as the customer's app shows it; what the provider has no id for never reached it.
fn entry_of(message: Message) -> Option<InstagramEntry> {
    let is_event = matches!(
        message.content.kind.as_str(),
        "reaction" | "edit" | "revoke" | "referral" | "note" | "comment_action"
    );
    if is_event {
        return None;
    }
    let text = message.content.searchable_text();
    let content = match text.is_empty() {
        true => serde_json::json!({}),
        false => serde_json::json!({ "text": text }),
    };
    Some(InstagramEntry {
        id: message.provider_message_id?,
        from_business: message.direction == Direction::Outbound,
        kind: message.content.kind,
        content,
        at_ms: ms(message.provider_at.unwrap_or(message.created_at)),
        read: true,
        unsent: message.marks.deleted.is_some() || message.marks.comment.deleted.is_some(),
        reactions: [None, None],
    })
}

fn ms(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}
