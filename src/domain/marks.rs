//! What was said about a message after it: reactions, earlier wordings, its deletion, the options chosen from it, and the
//! tracked links in it with their clicks.
//!
//! Owns the limits on each and how a later word changes an earlier message. Must not know the store or any provider.

use serde_json::{Value, json};

mod comment;

pub use comment::{
    COMMENT_ACTION, COMMENT_REPLY, CommentAct, CommentMarks, CommentWish, concerns_comment, is_comment,
};

use super::content::Content;
use super::ids::MessageId;
use super::message::{Author, Direction, Message};
use super::time::{SECOND, Timestamp};

/// Most earlier wordings that one message keeps; the oldest go first, except the very first one.
pub const MAX_EDITS: usize = 20;
/// Most choices that one message keeps; a customer can tap a button more than once.
pub const MAX_CHOICES: usize = 50;
/// Longest text of a choice, in characters.
const MAX_CHOICE_CHARS: usize = 500;
/// Most tracked links in one message.
pub const MAX_LINKS: usize = 10;
/// Clicks that follow so soon are one (a double tap, a browser that asks twice).
pub const CLICK_SPACING: i64 = SECOND;

/// What was later said about a message. Few messages have any.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Marks {
    /// At most one from each side.
    pub reactions: Vec<Reaction>,
    /// Earlier wordings, oldest first.
    pub edits: Vec<Edit>,
    /// It was taken back; the words are gone.
    pub deleted: Option<Deletion>,
    /// What the customer chose from it, oldest first.
    pub choices: Vec<Choice>,
    /// Tracked links, in the order in which they stand in it.
    pub links: Vec<TrackedLink>,
    /// What the business did with it, if it is a comment.
    pub comment: CommentMarks,
}

/// An emoji on a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reaction {
    /// Who put it there. A business has one reaction for all its people.
    pub by: Author,
    /// From which side.
    pub direction: Direction,
    /// The emoji.
    pub emoji: String,
    /// When.
    pub at: Timestamp,
    /// The message that brought it.
    pub message: MessageId,
}

/// What a message said before it was edited.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// The earlier wording.
    pub content: Content,
    /// When it was replaced.
    pub at: Timestamp,
}

/// Who took a message back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deletion {
    /// Who.
    pub by: Author,
    /// When.
    pub at: Timestamp,
}

/// An option of a message that the customer chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// `button`, `list`, `flow`, `location`, `contact` or `call_permission`.
    pub kind: String,
    /// The option's own id or payload; empty where there is none.
    pub id: String,
    /// What the customer saw.
    pub title: String,
    /// When.
    pub at: Timestamp,
    /// The answer.
    pub message: MessageId,
}

/// A link of ours that leads to somewhere else and counts who follows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackedLink {
    /// The last part of its address.
    pub code: String,
    /// Where it leads.
    pub url: String,
    /// The button's label; empty for a link within the text.
    pub button: String,
    /// Not followed from then on.
    pub expires_at: Timestamp,
    /// How often it was followed by a person, as far as can be told.
    pub clicks: u32,
    /// When first.
    pub first_at: Option<Timestamp>,
    /// When last.
    pub last_at: Option<Timestamp>,
}

impl Marks {
    /// Whether there is anything to keep.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Everyone who put something there.
    pub fn authors(&self) -> impl Iterator<Item = &Author> {
        let CommentMarks {
            answered,
            hidden,
            deleted,
        } = &self.comment;
        let acts = [answered, hidden, deleted]
            .into_iter()
            .flatten()
            .map(|act| &act.by);
        let reactions = self.reactions.iter().map(|reaction| &reaction.by);
        let deletion = self.deleted.iter().map(|deletion| &deletion.by);
        reactions.chain(deletion).chain(acts)
    }

    /// The link of a code.
    pub fn link(&self, code: &str) -> Option<&TrackedLink> {
        self.links.iter().find(|link| link.code == code)
    }

    /// Counts one click at `now`. Answers whether it counted: not when expired, nor right after another one.
    pub fn click(&mut self, code: &str, now: Timestamp) -> bool {
        let Some(link) = self.links.iter_mut().find(|link| link.code == code) else {
            return false;
        };
        let too_soon = link.last_at.is_some_and(|last| now.since(last) < CLICK_SPACING);
        if link.expires_at <= now || too_soon {
            return false;
        }
        link.clicks = link.clicks.saturating_add(1);
        link.first_at.get_or_insert(now);
        link.last_at = Some(now);
        true
    }

    /// Puts a reaction in place of the same side's former one; an empty emoji only takes that away.
    pub fn react(&mut self, reaction: Reaction) -> bool {
        let before = self.reactions.clone();
        // News that was overtaken must not undo what came after it.
        let overtaken = before
            .iter()
            .any(|old| old.direction == reaction.direction && old.at > reaction.at);
        if overtaken {
            return false;
        }
        self.reactions.retain(|old| old.direction != reaction.direction);
        if !reaction.emoji.is_empty() {
            self.reactions.push(reaction);
        }
        self.reactions != before
    }

    /// Takes back the reaction that `message` brought, as that message failed.
    pub fn unreact(&mut self, message: MessageId) -> bool {
        let before = self.reactions.len();
        self.reactions.retain(|reaction| reaction.message != message);
        self.reactions.len() != before
    }

    fn remember(&mut self, edit: Edit) {
        if self.edits.len() >= MAX_EDITS {
            self.edits.remove(1);
        }
        self.edits.push(edit);
    }

    fn choose(&mut self, choice: Choice) -> bool {
        if self.choices.len() >= MAX_CHOICES {
            self.choices.remove(0);
        }
        self.choices.push(choice);
        true
    }
}

/// What a message is about: the provider's id of the one that it changes, where it changes one.
pub fn target_of(content: &Content) -> Option<&str> {
    let field = match content.kind.as_str() {
        "reaction" => "message_id",
        "edit" | "revoke" => "original_message_id",
        _ => return None,
    };
    let id = content.body.get(field)?.as_str()?;
    (!id.is_empty()).then_some(id)
}

/// Whether this kind of content can be an answer that belongs to the message that it quotes.
pub fn may_choose(content: &Content) -> bool {
    matches!(
        content.kind.as_str(),
        "interactive" | "button" | "location" | "contacts"
    )
}

/// Works what `news` says into the `target` that it is about. Answers whether anything changed, and whether words did.
pub fn apply(target: &mut Message, news: &Message) -> Changed {
    let at = news.provider_at.unwrap_or(news.created_at);
    match news.content.kind.as_str() {
        "reaction" if target.marks.deleted.is_none() => Changed::marks(target.marks.react(Reaction {
            by: news.author.clone(),
            direction: news.direction,
            emoji: text(&news.content.body, "/emoji", 64),
            at,
            message: news.id,
        })),
        "edit" if same_side(target, news) => edit(target, &news.content.body, at),
        "revoke" if same_side(target, news) => revoke(target, &news.author, at),
        COMMENT_REPLY | COMMENT_ACTION => Changed::marks(comment::apply(target, news)),
        _ if may_choose(&news.content) && target.direction == Direction::Outbound => {
            match choice(target, news, at) {
                Some(choice) => Changed::marks(target.marks.choose(choice)),
                None => Changed::default(),
            }
        }
        _ => Changed::default(),
    }
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Something did.
    pub any: bool,
    /// Its words did: whoever keeps words must read them anew.
    pub words: bool,
}

impl Changed {
    const fn marks(any: bool) -> Self {
        Self { any, words: false }
    }

    const WORDS: Self = Self {
        any: true,
        words: true,
    };
}

/// Only whoever wrote a message may edit or delete it.
fn same_side(target: &Message, news: &Message) -> bool {
    target.direction == news.direction && !target.content.is_note()
}

fn edit(target: &mut Message, body: &Value, at: Timestamp) -> Changed {
    let newest = target.marks.edits.last().map(|edit| edit.at);
    let Some(content) = edited(target, body).filter(|_| target.marks.deleted.is_none()) else {
        return Changed::default();
    };
    if newest.is_some_and(|newest| newest > at) || content == target.content {
        return Changed::default();
    }
    let earlier = std::mem::replace(&mut target.content, content);
    target.marks.remember(Edit { content: earlier, at });
    Changed::WORDS
}

/// The new wording: `{"message":{"type":"text","text":{…}}}`, or the older `{"text":{…}}`.
fn edited(target: &Message, body: &Value) -> Option<Content> {
    let message = body.get("message").unwrap_or(body);
    let kind = message
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or(&target.content.kind);
    let new = message.get(kind).filter(|new| new.is_object())?;
    let old = &target.content;
    let same_file = kind == old.kind && old.body.get("media_id").is_some() && is_same_file(&old.body, new);
    let body = match (same_file, old.body.clone()) {
        // The file is at hand already; only what is said about it changed.
        (true, Value::Object(mut fields)) => {
            match new.get("caption") {
                Some(caption) => fields.insert("caption".into(), caption.clone()),
                None => fields.remove("caption"),
            };
            Value::Object(fields)
        }
        _ => new.clone(),
    };
    Some(Content {
        kind: kind.to_owned(),
        body,
    })
}

fn is_same_file(old: &Value, new: &Value) -> bool {
    let same = |field| old.get(field).is_some() && old.get(field) == new.get(field);
    same("media_id") || same("sha256") || new.get("media_id").is_none()
}

/// Takes the words away, everywhere in the record, for good.
fn revoke(target: &mut Message, by: &Author, at: Timestamp) -> Changed {
    if target.marks.deleted.is_some() {
        return Changed::default();
    }
    target.content.body = match target.content.kind.as_str() {
        "contacts" => json!([]),
        "text" => json!({ "body": "" }),
        _ => json!({}),
    };
    target.extra = None;
    target.marks = Marks {
        deleted: Some(Deletion { by: by.clone(), at }),
        choices: std::mem::take(&mut target.marks.choices),
        ..Marks::default()
    };
    Changed::WORDS
}

/// What was chosen: a button, a row, a form's answers, or what a request asked for.
fn choice(target: &Message, news: &Message, at: Timestamp) -> Option<Choice> {
    let body = &news.content.body;
    let asked = target.content.body.pointer("/type").and_then(Value::as_str);
    let make = |kind: &str, id: String, title: String| {
        let (at, message) = (at, news.id);
        let kind = kind.to_owned();
        Some(Choice {
            kind,
            id,
            title,
            at,
            message,
        })
    };
    let read = |path: &str| text(body, path, MAX_CHOICE_CHARS);
    match (news.content.kind.as_str(), text(body, "/type", 64).as_str()) {
        ("button", _) => make("button", read("/payload"), read("/text")),
        ("interactive", "button_reply") => {
            make("button", read("/button_reply/id"), read("/button_reply/title"))
        }
        ("interactive", "list_reply") => make("list", read("/list_reply/id"), read("/list_reply/title")),
        ("interactive", "nfm_reply") => make("flow", read("/nfm_reply/name"), read("/nfm_reply/body")),
        ("interactive", "call_permission_reply") => make(
            "call_permission",
            read("/call_permission_reply/response"),
            read("/call_permission_reply/response"),
        ),
        ("location", _) if asked == Some("location_request_message") => {
            make("location", String::new(), read("/name"))
        }
        ("contacts", _) if asked == Some("request_contact_info") => {
            make("contact", String::new(), read("/0/name/formatted_name"))
        }
        _ => None,
    }
}

fn text(value: &Value, path: &str, max: usize) -> String {
    let found = value.pointer(path).and_then(Value::as_str).unwrap_or_default();
    found.chars().take(max).collect()
}

#[cfg(test)]
mod tests;
