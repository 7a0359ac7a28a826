//! From an event to what a person's device shows: who is told is the domain's to say, the words are put together here,
//! at the moment of sending, from the records as they then are.

use std::collections::HashMap;

use serde::Serialize;

use super::PushError;
use super::words::Words;
use crate::actors::Core;
use crate::actors::presence::Presence;
use crate::domain::notify::{Choice, Kind, News};
use crate::domain::time::SECOND;
use crate::domain::{
    Author, Contact, Conversation, ConversationId, Message, MessageId, Timestamp, UserId, WorkspaceId,
};
use crate::storage::keys::{
    AlertKey, ContactKey, ConversationKey, MessageKey, UserKey, UserSettingKey, WorkspaceKey,
};
use crate::storage::settings::{self, Kept, number};
use crate::storage::{StorageError, Store};

/// Messages that were fetched so long after they were said are told of no more.
const FRESH: i64 = 30 * 60 * SECOND;
/// Longest title, in characters.
const TITLE: usize = 80;
/// Longest text, in characters.
const BODY: usize = 160;

/// What is told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subject {
    Message(MessageId),
    Alert(u64),
}

/// What a newer notice takes the place of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Group {
    Conversation(ConversationId),
    Alerts,
}

impl Subject {
    pub(super) const fn group(self) -> Group {
        match self {
            Self::Message(id) => Group::Conversation(id.conversation),
            Self::Alert(_) => Group::Alerts,
        }
    }
}

/// What a device gets. It shows title and text as they are.
#[derive(Serialize, Debug)]
pub(super) struct Payload {
    /// `message`, `mention`, `alert` or `test`.
    pub kind: &'static str,
    /// What it leads to.
    pub conversation_id: Option<ConversationId>,
    /// Messages that nobody has seen, in the conversation.
    pub count: u32,
    pub title: String,
    pub body: String,
    /// Language of the words.
    pub lang: &'static str,
}

/// The records behind a subject.
pub(super) struct Facts {
    pub news: News,
    thread: Option<(Conversation, Message)>,
}

impl Facts {
    /// Whether it is a message that was fetched long after it was said: an alert tells of those, once for all.
    pub(super) fn is_stale(&self, at: Timestamp) -> bool {
        let message = self.thread.as_ref().map(|(_, message)| message);
        message.is_some_and(|it| it.is_fetched() && at.since(it.created_at) > FRESH)
    }
}

/// A record that was erased or cannot be read is told to nobody; it must not stop what follows.
fn readable<T>(found: Result<Option<T>, StorageError>) -> Result<Option<T>, StorageError> {
    match found {
        Err(StorageError::Erased | StorageError::Damaged { .. }) => Ok(None),
        other => other,
    }
}

/// What stands behind a subject; `None` if it is no news, or no longer.
pub(super) fn facts(
    store: &Store,
    workspace: WorkspaceId,
    subject: Subject,
) -> Result<Option<Facts>, StorageError> {
    match subject {
        Subject::Alert(alert) => {
            let alert = readable(store.get(&AlertKey { workspace, alert }))?;
            // The event comes again when someone has seen it.
            let open = alert.is_some_and(|it| it.cleared_at.is_none() && it.acknowledged_by.is_none());
            Ok(open.then_some(Facts {
                news: News::Alert,
                thread: None,
            }))
        }
        Subject::Message(message) => {
            let conversation = message.conversation;
            let key = ConversationKey {
                workspace,
                conversation,
            };
            let conversation = readable(store.get(&key))?;
            let message = readable(store.get(&MessageKey { workspace, message }))?;
            let Some((conversation, message)) = conversation.zip(message) else {
                return Ok(None);
            };
            let news = News::of_message(&message, conversation.assignee);
            Ok(news.map(|news| Facts {
                news,
                thread: Some((conversation, message)),
            }))
        }
    }
}

/// What people want to be told of, each read once.
#[derive(Default)]
pub(super) struct Choices(HashMap<UserId, Choice>);

impl Choices {
    pub(super) fn of(
        &mut self,
        store: &Store,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<&Choice, StorageError> {
        match self.0.entry(user) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                Ok(entry.insert(choice_of(store, workspace, user)?))
            }
        }
    }
}

fn choice_of(store: &Store, workspace: WorkspaceId, user: UserId) -> Result<Choice, StorageError> {
    let key = UserSettingKey {
        workspace,
        user,
        setting: number::person::NOTIFICATIONS,
    };
    let kept: Option<(Kept<Choice>, _)> = readable(settings::load(store, &key))?;
    Ok(kept.map(|(kept, _)| kept.value).unwrap_or_default())
}

/// As what someone is told of it now.
pub(super) fn kind_for(
    core: &Core,
    presence: &Presence,
    (workspace, user): (WorkspaceId, UserId),
    facts: &Facts,
    choice: &Choice,
) -> Option<Kind> {
    let focused = facts
        .thread
        .as_ref()
        .is_some_and(|(conversation, _)| presence.is_focused(workspace, conversation.id, user));
    choice.kind_of(user, &facts.news, core.clock.now(), focused)
}

/// What a person's device is to show of it now; `None` if they are not, or no longer, to be told.
pub(super) fn payload(
    core: &Core,
    presence: &Presence,
    (workspace, user): (WorkspaceId, UserId),
    subject: Subject,
) -> Result<Option<Payload>, PushError> {
    let store = &core.store;
    let Some(facts) = facts(store, workspace, subject)? else {
        return Ok(None);
    };
    let choice = choice_of(store, workspace, user)?;
    let Some(kind) = kind_for(core, presence, (workspace, user), &facts, &choice) else {
        return Ok(None);
    };
    let Some(words) = words_for(store, workspace, user)? else {
        return Ok(None);
    };
    let Some((conversation, message)) = &facts.thread else {
        return Ok(Some(alert(words)));
    };
    let title = match kind {
        Kind::Mention => words.mention(&author_name(store, workspace, &message.author, words)?),
        Kind::Message | Kind::Alert => sender(store, workspace, conversation, words)?,
    };
    let body = match choice.show_text && message.marks.deleted.is_none() {
        true => text_of(message, words),
        false if kind == Kind::Mention => String::new(),
        false => words.message.to_owned(),
    };
    Ok(Some(Payload {
        kind: if kind == Kind::Mention {
            "mention"
        } else {
            "message"
        },
        conversation_id: Some(conversation.id),
        count: conversation.unread.max(1),
        title: cut(&title, TITLE),
        body: cut(&body, BODY),
        lang: words.lang,
    }))
}

fn alert(words: &Words) -> Payload {
    Payload {
        kind: "alert",
        conversation_id: None,
        count: 1,
        title: words.alert.to_owned(),
        body: String::new(),
        lang: words.lang,
    }
}

/// A notice to try a device with.
pub(super) fn test(store: &Store, workspace: WorkspaceId, user: UserId) -> Result<Payload, StorageError> {
    let words = words_for(store, workspace, user)?.unwrap_or_else(|| Words::of(["", ""]));
    Ok(Payload {
        kind: "test",
        conversation_id: None,
        count: 1,
        title: "Frontdesk".to_owned(),
        body: words.test.to_owned(),
        lang: words.lang,
    })
}

/// The words of the person's language, else of the business's; `None` if there is no such person any more.
fn words_for(
    store: &Store,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<&'static Words>, StorageError> {
    let person = store.get(&UserKey { workspace, user })?;
    let business = store.get(&WorkspaceKey { workspace })?;
    Ok(person.map(|person| {
        let locale = business.map(|business| business.locale).unwrap_or_default();
        Words::of([&person.preferences.locale, &locale])
    }))
}

/// The customer, and how much of theirs nobody has seen.
fn sender(
    store: &Store,
    workspace: WorkspaceId,
    conversation: &Conversation,
    words: &Words,
) -> Result<String, StorageError> {
    let contact = conversation.contact;
    let contact = readable(store.get(&ContactKey { workspace, contact }))?;
    let name = contact.as_ref().map_or("", Contact::display_name);
    let name = if name.is_empty() { words.message } else { name };
    Ok(match conversation.unread {
        0 | 1 => name.to_owned(),
        count => format!("{} ({count})", cut(name, TITLE - 14)),
    })
}

fn author_name(
    store: &Store,
    workspace: WorkspaceId,
    author: &Author,
    words: &Words,
) -> Result<String, StorageError> {
    let name = match author {
        Author::User(user) => {
            let user = UserKey {
                workspace,
                user: *user,
            };
            store.get(&user)?.map(|user| user.name)
        }
        _ => None,
    };
    Ok(name.unwrap_or_else(|| words.someone.to_owned()))
}

fn text_of(message: &Message, words: &Words) -> String {
    let content = &message.content;
    let wordless = content.kind != "reaction" && content.searchable_text().trim().is_empty();
    match wordless {
        true => words.kind(&content.kind).to_owned(),
        false => content.preview(),
    }
}

/// At most so many characters, without any that a notice cannot show.
fn cut(text: &str, most: usize) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    if shown.chars().count() <= most {
        return shown;
    }
    let mut short: String = shown.chars().take(most - 1).collect();
    short.push('…');
    short
}
