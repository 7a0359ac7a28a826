//! What the business did with a comment: answered it for all to see, hid it, showed it again, deleted it.
//!
//! Owns the two kinds of content that do so and how they change the comment. Whether they may is policy's business.

use crate::domain::content::Content;
use crate::domain::ids::MessageId;
use crate::domain::message::{Author, Direction, Message};
use crate::domain::time::Timestamp;

/// Content that answers a comment under the post, where everybody reads it: `{"text":"…"}`.
pub const COMMENT_REPLY: &str = "comment_reply";
/// Content that hides, shows or deletes a comment: `{"action":"hide"}`. It says nothing to anybody.
pub const COMMENT_ACTION: &str = "comment_action";

/// What the business did with a comment; the newest of each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommentMarks {
    /// It was answered publicly.
    pub answered: Option<CommentAct>,
    /// It is hidden: only its author and the business see it.
    pub hidden: Option<CommentAct>,
    /// It was deleted from the post. Its words stay on record here.
    pub deleted: Option<CommentAct>,
}

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommentAct {
    /// Who.
    pub by: Author,
    /// When the provider did it.
    pub at: Timestamp,
    /// The message that asked for it.
    pub message: MessageId,
}

/// What can be done with a comment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentWish {
    /// Answer it publicly.
    Reply,
    /// Hide it.
    Hide,
    /// Show it again.
    Unhide,
    /// Delete it, for good.
    Delete,
}

impl CommentWish {
    /// What a content wants done, if it is about a comment at all. `None` too for an action that nobody knows: the
    /// adapter refuses such content before it gets here.
    pub fn of(content: &Content) -> Option<Self> {
        match content.kind.as_str() {
            COMMENT_REPLY => Some(Self::Reply),
            COMMENT_ACTION => match content.body.get("action")?.as_str()? {
                "hide" => Some(Self::Hide),
                "unhide" => Some(Self::Unhide),
                "delete" => Some(Self::Delete),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether this is a comment of a customer.
pub fn is_comment(message: &Message) -> bool {
    message.direction == Direction::Inbound && message.content.kind == "comment"
}

/// Whether content is about a comment, and thereby no message to its author.
pub fn concerns_comment(content: &Content) -> bool {
    matches!(content.kind.as_str(), COMMENT_REPLY | COMMENT_ACTION)
}

/// Notes on the comment what the provider has done, as `news` asked for it. Answers whether anything changed.
pub(super) fn apply(comment: &mut Message, news: &Message) -> bool {
    let Some(wish) = CommentWish::of(&news.content).filter(|_| is_comment(comment)) else {
        return false;
    };
    let marks = &mut comment.marks.comment;
    let before = marks.clone();
    let act = CommentAct {
        by: news.author.clone(),
        at: news.times.accepted.or(news.times.sent).unwrap_or(news.created_at),
        message: news.id,
    };
    match wish {
        CommentWish::Reply => marks.answered = Some(act),
        CommentWish::Hide => marks.hidden = Some(act),
        CommentWish::Unhide => marks.hidden = None,
        CommentWish::Delete => marks.deleted = Some(act),
    }
    *marks != before
}
