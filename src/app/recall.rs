//! What the simulator is told of the past when a sandbox channel starts: its customers, their last messages and when they
//! wrote. Without it a restart would leave every phone empty, and answers would be refused as outside the window.

use crate::actors::registry::ChannelEntry;
use crate::domain::conversation::WINDOW;
use crate::domain::template::{Definition, State, Template};
use crate::domain::{
    Contact, Conversation, Direction, IdentityKind, Message, MessageStatus, Timestamp, WorkspaceId,
};
use crate::sandbox::{
    Customer, Direction as Way, EntryState, PhoneBook, Simulator, TemplateConfig, TranscriptEntry,
};
use crate::storage::keys::{ContactKey, ConversationKey, MessageKey, TemplateKey};
use crate::storage::{Prefix, StorageError, Store};

/// Conversations that are looked at, latest begun first.
const MOST_CONVERSATIONS: usize = 5_000;
/// Of these, how many come with their messages: those with the latest activity.
const MOST_CHATS: usize = 200;
/// Messages of each.
const MOST_MESSAGES: usize = 50;
/// Templates of a workspace that are looked at.
const MOST_TEMPLATES: usize = 6_000;

/// Tells the simulator what the store knows of a channel. Blocks.
///
/// # Errors
/// The store cannot be read.
pub(super) fn restore(
    store: &Store,
    phones: &dyn PhoneBook,
    line: &str,
    entry: &ChannelEntry,
) -> Result<(), StorageError> {
    for (place, conversation) in conversations(store, entry)?.into_iter().enumerate() {
        let key = ContactKey {
            workspace: entry.workspace,
            contact: conversation.contact,
        };
        let Some(customer) = store.get(&key)?.as_ref().and_then(customer) else {
            continue;
        };
        let chat = match place < MOST_CHATS {
            true => chat(store, entry.workspace, &conversation)?,
            false => Vec::new(),
        };
        let wrote_at = conversation
            .window_expires_at
            .map(|end| ms(Timestamp(end.0 - WINDOW)));
        if let Err(error) = phones.restore_thread(line, &customer, chat, wrote_at) {
            tracing::warn!(channel = %entry.channel.id, %error, "a simulated customer could not be restored");
        }
    }
    Ok(())
}

fn conversations(store: &Store, entry: &ChannelEntry) -> Result<Vec<Conversation>, StorageError> {
    let prefix = Prefix::<ConversationKey>::table().with(entry.workspace);
    let mut all = Vec::new();
    let mut before = None;
    let mut looked_at = 0;
    while looked_at < MOST_CONVERSATIONS {
        let page = store.scan_back(&prefix, before.as_ref(), 256)?;
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        looked_at += page.len();
        let conversations = page.into_iter().map(|(_, conversation)| conversation);
        all.extend(conversations.filter(|conversation| conversation.channel == entry.channel.id));
    }
    all.sort_by_key(|conversation| std::cmp::Reverse(conversation.last_activity_at));
    Ok(all)
}

/// Tells the simulator the templates that its account has. Blocks.
///
/// # Errors
/// The store cannot be read.
pub(super) fn templates(
    store: &Store,
    simulator: &Simulator,
    entry: &ChannelEntry,
) -> Result<(), StorageError> {
    let Some(account) = entry.channel.settings.get("waba_id") else {
        return Ok(());
    };
    let prefix = Prefix::<TemplateKey>::table().with(entry.workspace);
    let rows = store.scan(&prefix, None, MOST_TEMPLATES)?.into_iter();
    for (_, template) in rows.filter(|(_, template)| template.account == *account) {
        if let (Some(live), Some(status)) = (&template.live, status(template.state)) {
            simulator.restore_template(
                account,
                config(&template, live, status),
                template.reason.as_deref(),
            );
        }
    }
    Ok(())
}

/// What the provider calls a state; `None` for a template that it does not have.
const fn status(state: State) -> Option<&'static str> {
    Some(match state {
        State::Approved | State::Flagged | State::Locked => "APPROVED",
        State::InReview | State::InAppeal => "PENDING",
        State::Rejected => "REJECTED",
        State::Paused => "PAUSED",
        State::Disabled => "DISABLED",
        _ => return None,
    })
}

fn config(template: &Template, live: &Definition, status: &str) -> TemplateConfig {
    TemplateConfig {
        name: template.name.clone(),
        language: template.language.clone(),
        category: live.category.as_str().to_uppercase(),
        parameter_format: live.format.as_str().to_uppercase(),
        status: status.to_owned(),
        components: live.components.clone(),
        body_only: false,
    }
}

/// The person as WhatsApp knows them.
fn customer(contact: &Contact) -> Option<Customer> {
    let find = |kind| contact.identities.iter().find(|identity| identity.kind == kind);
    let number = find(IdentityKind::WhatsappId).or_else(|| find(IdentityKind::Phone));
    let digits = number.map(|number| {
        number
            .value
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    });
    let user_id = find(IdentityKind::WhatsappUserId).map(|identity| identity.value.clone());
    if digits.is_none() && user_id.is_none() {
        return None;
    }
    let name = match contact.profile_name.is_empty() {
        true => contact.display_name(),
        false => &contact.profile_name,
    };
    Some(Customer {
        wa_id: digits,
        user_id,
        name: name.chars().take(100).collect(),
        ..Customer::default()
    })
}

/// The last messages that reached the provider, oldest first.
fn chat(
    store: &Store,
    workspace: WorkspaceId,
    conversation: &Conversation,
) -> Result<Vec<TranscriptEntry>, StorageError> {
    let prefix = Prefix::<MessageKey>::table()
        .with(workspace)
        .with(conversation.id);
    let rows = store.scan_back(&prefix, None, MOST_MESSAGES)?;
    let entries = rows.into_iter().rev();
    Ok(entries.filter_map(|(_, message)| entry(message)).collect())
}

fn entry(message: Message) -> Option<TranscriptEntry> {
    if message.content.is_note() {
        return None;
    }
    let id = message.provider_message_id?;
    let code = message.error.and_then(|error| error.code.parse().ok());
    Some(TranscriptEntry {
        id,
        direction: match message.direction {
            Direction::Inbound => Way::FromCustomer,
            Direction::Outbound => Way::FromBusiness,
        },
        context_id: message
            .context
            .map(|context| context.provider_message_id)
            .filter(|id| !id.is_empty()),
        at_ms: ms(message.provider_at.unwrap_or(message.created_at)),
        state: state(message.status)?,
        error: code,
        kind: message.content.kind,
        content: message.content.body,
        rendered: None,
        biz_opaque_callback_data: None,
    })
}

/// `None` for a message that the provider does not know.
fn state(status: MessageStatus) -> Option<EntryState> {
    match status {
        MessageStatus::Received | MessageStatus::Read => Some(EntryState::Read),
        MessageStatus::Accepted => Some(EntryState::Accepted),
        MessageStatus::Sent => Some(EntryState::Sent),
        MessageStatus::Delivered => Some(EntryState::Delivered),
        MessageStatus::Failed => Some(EntryState::Failed),
        MessageStatus::Queued | MessageStatus::Doubtful => None,
    }
}

fn ms(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}
