//! What customers do: write, answer stories, comment, react, tap, take back, read.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::state::{Account, Comment, InstagramCustomer, InstagramEntry, PEOPLE, Shared, entry};
use super::webhooks;

/// Something that a customer does in the app.
#[derive(Debug, Clone, PartialEq)]
pub enum InstagramAction {
    /// A text, perhaps as the answer to a message.
    Text { text: String, reply_to: Option<String> },
    /// A picture, film, sound or file: `image`, `video`, `audio` or `file`.
    File {
        kind: String,
        mime: String,
        bytes: Bytes,
    },
    /// The heart.
    Heart,
    /// A post of anybody's, shared into the chat.
    Share { title: String },
    /// An answer to one of the account's stories.
    StoryReply { text: String },
    /// A story of their own that mentions the account.
    StoryMention,
    /// A comment under a post, or under a live video.
    Comment { text: String, live: bool },
    /// An emoji on a message; an empty one takes it back.
    React { id: String, emoji: String },
    /// Takes a message of their own back.
    Unsend { id: String },
    /// Edits a message of their own.
    Edit { id: String, text: String },
    /// A tap on a quick reply: its title is said.
    QuickReply { title: String, payload: String },
    /// A tap on an ice breaker, the menu or a template's button.
    Tap { title: String, payload: String },
    /// Opens the chat.
    Read,
}

/// Why a customer cannot do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstagramError {
    /// No account has this id.
    #[error("no such account")]
    UnknownAccount,
    /// Nobody has this id.
    #[error("no such customer")]
    UnknownCustomer,
    /// No message has this id, or not one that this can be done with.
    #[error("no such message")]
    UnknownMessage,
    /// An id of a wrong form, or one that exists.
    #[error("{0}")]
    Invalid(&'static str),
    /// A limit was reached.
    #[error("the simulator holds no more customers")]
    Full,
}

/// Makes a customer known, or changes who they are.
pub(super) fn put(account: &Account, customer: InstagramCustomer) -> Result<(), InstagramError> {
    let is_id =
        (5..=32).contains(&customer.id.len()) && customer.id.bytes().all(|byte| byte.is_ascii_digit());
    if !is_id {
        return Err(InstagramError::Invalid("a customer's id is 5 to 32 digits"));
    }
    let mut state = account.state.lock();
    if state.people.len() >= PEOPLE && !state.people.contains_key(&customer.id) {
        return Err(InstagramError::Full);
    }
    state.people.insert(customer.id.clone(), customer);
    Ok(())
}

/// Does it; gives the id of what came of it.
pub(super) fn act(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    customer: &str,
    action: InstagramAction,
) -> Result<String, InstagramError> {
    if !account.state.lock().people.contains_key(customer) {
        return Err(InstagramError::UnknownCustomer);
    }
    let say = |content: Value| say(shared, account, customer, content);
    match action {
        InstagramAction::Text { text, reply_to } => {
            let mut content = json!({ "text": text });
            if let Some(id) = reply_to {
                content["reply_to"] = json!({ "mid": id });
            }
            Ok(say(content))
        }
        InstagramAction::File { kind, mime, bytes } => {
            let url = shared.keep_file(&mime, bytes);
            Ok(say(
                json!({"attachments": [{"type": kind, "payload": {"url": url}}]}),
            ))
        }
        InstagramAction::Heart => Ok(say(json!({"attachments": [{"type": "like_heart"}]}))),
        InstagramAction::Share { title } => {
            let (post, url) = (shared.digits("179"), picture(shared));
            Ok(say(json!({"attachments": [{"type": "ig_post",
                "payload": {"ig_post_media_id": post, "title": title, "url": url}}]})))
        }
        InstagramAction::StoryReply { text } => {
            let story = json!({"id": shared.digits("179"), "url": picture(shared)});
            Ok(say(json!({"text": text, "reply_to": {"story": story}})))
        }
        InstagramAction::StoryMention => Ok(say(
            json!({"attachments": [{"type": "story_mention", "payload": {"url": picture(shared)}}]}),
        )),
        InstagramAction::QuickReply { title, payload } => {
            Ok(say(json!({"text": title, "quick_reply": {"payload": payload}})))
        }
        InstagramAction::Tap { title, payload } => Ok(tap(shared, account, customer, &title, &payload)),
        InstagramAction::Comment { text, live } => Ok(comment(shared, account, customer, &text, live)),
        InstagramAction::React { id, emoji } => react(shared, account, customer, id, &emoji),
        InstagramAction::Unsend { id } => unsend(shared, account, customer, id),
        InstagramAction::Edit { id, text } => edit(shared, account, customer, id, &text),
        InstagramAction::Read => {
            read_up_to(shared, account, customer, None);
            Ok(String::new())
        }
    }
}

/// A small picture that stands for a story or a post.
fn picture(shared: &Shared) -> String {
    const PICTURE: &[u8] = include_bytes!("../../../data/sandbox/cake.png");
    shared.keep_file("image/png", Bytes::from_static(PICTURE))
}

fn note(shared: &Shared, account: &Account, customer: &str, id: &str, content: &Value) {
    let now = shared.clock.now_ms();
    let mut state = account.state.lock();
    let thread = state.threads.entry(customer.to_owned()).or_default();
    thread.wrote_ms = Some(now);
    thread.push(entry(id.to_owned(), false, content.clone(), now));
}

fn say(shared: &Arc<Shared>, account: &Arc<Account>, customer: &str, content: Value) -> String {
    let id = shared.message_id();
    note(shared, account, customer, &id, &content);
    let mut message = content;
    message["mid"] = json!(id);
    webhooks::event(shared, account, customer, false, json!({ "message": message }));
    id
}

fn tap(shared: &Arc<Shared>, account: &Arc<Account>, customer: &str, title: &str, payload: &str) -> String {
    let id = shared.message_id();
    note(shared, account, customer, &id, &json!({ "text": title }));
    let postback = json!({"mid": id, "title": title, "payload": payload});
    webhooks::event(shared, account, customer, false, json!({ "postback": postback }));
    id
}

fn comment(shared: &Arc<Shared>, account: &Arc<Account>, customer: &str, text: &str, live: bool) -> String {
    let (id, at_ms) = (shared.digits("178"), shared.clock.now_ms());
    let username = {
        let mut state = account.state.lock();
        state.comment(Comment {
            id: id.clone(),
            by: customer.to_owned(),
            at_ms,
            answered: false,
        });
        let mut shown = entry(id.clone(), false, json!({ "text": text }), at_ms);
        shown.kind = "comment".to_owned();
        state.threads.entry(customer.to_owned()).or_default().push(shown);
        state
            .people
            .get(customer)
            .map(|person| person.username.clone())
            .unwrap_or_default()
    };
    let place = if live { "LIVE" } else { "FEED" };
    let value = json!({"from": {"id": customer, "username": username}, "id": id, "text": text,
        "media": {"id": shared.digits("179"), "media_product_type": place}});
    webhooks::change(
        shared,
        account,
        if live { "live_comments" } else { "comments" },
        value,
    );
    id
}

/// Finds a message of a chat and changes it.
fn change(
    account: &Account,
    customer: &str,
    id: &str,
    change: impl FnOnce(&mut InstagramEntry) -> bool,
) -> Result<(), InstagramError> {
    let mut state = account.state.lock();
    let thread = state
        .threads
        .get_mut(customer)
        .ok_or(InstagramError::UnknownMessage)?;
    let entry = thread.find(id).ok_or(InstagramError::UnknownMessage)?;
    change(entry).then_some(()).ok_or(InstagramError::UnknownMessage)
}

fn react(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    customer: &str,
    id: String,
    emoji: &str,
) -> Result<String, InstagramError> {
    change(account, customer, &id, |entry| {
        entry.reactions[0] = Some(emoji.to_owned()).filter(|emoji| !emoji.is_empty());
        !entry.unsent
    })?;
    let word = if matches!(emoji, "❤️" | "❤") {
        "love"
    } else {
        "other"
    };
    let reaction = match emoji.is_empty() {
        true => json!({"mid": id, "action": "unreact"}),
        false => json!({"mid": id, "action": "react", "reaction": word, "emoji": emoji}),
    };
    webhooks::event(shared, account, customer, false, json!({ "reaction": reaction }));
    Ok(id)
}

fn unsend(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    customer: &str,
    id: String,
) -> Result<String, InstagramError> {
    change(account, customer, &id, |entry| {
        let own = !entry.from_business && !entry.unsent && entry.kind != "comment";
        if own {
            entry.unsent = true;
            entry.content = json!({});
        }
        own
    })?;
    webhooks::event(
        shared,
        account,
        customer,
        false,
        json!({"message": {"mid": id, "is_deleted": true}}),
    );
    Ok(id)
}

fn edit(
    shared: &Arc<Shared>,
    account: &Arc<Account>,
    customer: &str,
    id: String,
    text: &str,
) -> Result<String, InstagramError> {
    let mut edits = 0;
    change(account, customer, &id, |entry| {
        let own = !entry.from_business && !entry.unsent && entry.content.get("text").is_some();
        if own {
            edits = entry.content["edits"].as_u64().unwrap_or(0) + 1;
            entry.content["text"] = json!(text);
            entry.content["edits"] = json!(edits);
        }
        own
    })?;
    let news = json!({"message_edit": {"mid": id, "text": text, "num_edit": edits}});
    webhooks::event(shared, account, customer, false, news);
    Ok(id)
}

/// The customer sees everything of the business up to a message; up to the newest unless one is named.
pub(super) fn read_up_to(shared: &Arc<Shared>, account: &Arc<Account>, customer: &str, id: Option<&str>) {
    let seen = {
        let mut state = account.state.lock();
        let Some(thread) = state.threads.get_mut(customer) else {
            return;
        };
        let ours = |entry: &InstagramEntry| entry.from_business && id.is_none_or(|id| entry.id == id);
        let Some(last) = thread.entries.iter().rposition(ours) else {
            return;
        };
        let news = thread
            .entries
            .iter()
            .take(last + 1)
            .any(|entry| entry.from_business && !entry.read);
        for entry in thread
            .entries
            .iter_mut()
            .take(last + 1)
            .filter(|entry| entry.from_business)
        {
            entry.read = true;
        }
        match thread.entries.get(last).filter(|_| news) {
            Some(entry) => entry.id.clone(),
            None => return,
        }
    };
    webhooks::event(shared, account, customer, false, json!({"read": {"mid": seen}}));
}
