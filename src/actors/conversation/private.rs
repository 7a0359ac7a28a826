//! Comments: a message that answers one goes out as its one private reply; others answer it publicly, hide or delete it.

use crate::domain::decide::{Decision, Rejection, remark};
use crate::domain::marks::{CommentWish, concerns_comment, is_comment};
use crate::domain::message::{Direction, MessageStatus, ReplyContext};
use crate::domain::policy::{self, CommentAnswer};
use crate::domain::{Content, Conversation, Message, MessageId, Timestamp};
use crate::storage::Prefix;
use crate::storage::keys::MessageKey;

use super::{CommandError, Worker};

/// Messages after a comment that are looked through for an earlier reply, in one go.
const PAGE: usize = 256;

impl Worker {
    /// Whether this answers a comment in private, which needs no reply window. `but` is the message itself, where it is
    /// sent again.
    ///
    /// # Errors
    /// The refusal of policy: answered before, or too late.
    pub(super) fn answers_comment(
        &self,
        conversation: &Conversation,
        context: Option<&ReplyContext>,
        but: Option<MessageId>,
        now: Timestamp,
    ) -> Result<bool, CommandError> {
        let Some(comment) = context.and_then(|context| context.message) else {
            return Ok(false);
        };
        let Some(message) = self.message(comment)?.filter(is_comment) else {
            return Ok(false);
        };
        let answer = CommentAnswer {
            commented_at: message.provider_at.unwrap_or(message.created_at),
            answered: self.was_answered(conversation, comment, but)?,
            window_open: conversation.window_open(now),
            now,
        };
        policy::check_comment_answer(&answer).map_err(Rejection::Policy)?;
        Ok(true)
    }

    /// Whether a message needs no reply window: it answers a comment in private, or does something with it.
    ///
    /// # Errors
    /// The refusal of policy, or what it is about is no comment of the conversation.
    pub(super) fn is_about_comment(
        &self,
        conversation: &Conversation,
        content: &Content,
        (context, but): (Option<&ReplyContext>, Option<MessageId>),
        now: Timestamp,
    ) -> Result<bool, CommandError> {
        if !concerns_comment(content) {
            return self.answers_comment(conversation, context, but, now);
        }
        let comment = match context.and_then(|context| context.message) {
            Some(id) => self.message(id)?.filter(is_comment),
            None => None,
        };
        let (Some(comment), Some(wish)) = (comment, CommentWish::of(content)) else {
            return Err(Rejection::Invalid {
                field: "context.message_id",
                detail: "must be a comment of this conversation".to_owned(),
            }
            .into());
        };
        policy::check_comment_wish(wish, &comment).map_err(Rejection::Policy)?;
        Ok(true)
    }

    /// Notes on a comment what the provider has done with it, once it has. The message that asked for it stays the last one
    /// of the decision.
    pub(super) fn note_on_comment(&self, decision: &mut Decision) -> Result<(), CommandError> {
        let Some(news) = decision.messages.last().cloned() else {
            return Ok(());
        };
        let about = news.context.as_ref().and_then(|context| context.message);
        let is_done = matches!(news.status, MessageStatus::Accepted | MessageStatus::Sent);
        let Some(about) = about.filter(|_| is_done && concerns_comment(&news.content)) else {
            return Ok(());
        };
        let before = decision.messages.len();
        if let Some(comment) = self.newest(decision, about)? {
            remark(decision, comment, &news);
        }
        if let (true, [.., said, target]) = (decision.messages.len() > before, &mut decision.messages[..]) {
            std::mem::swap(said, target);
        }
        Ok(())
    }

    fn was_answered(
        &self,
        conversation: &Conversation,
        comment: MessageId,
        but: Option<MessageId>,
    ) -> Result<bool, CommandError> {
        let workspace = self.workspace;
        let prefix = Prefix::table().with(workspace).with(conversation.id);
        let mut after = MessageKey {
            workspace,
            message: comment,
        };
        loop {
            let page = self.core.store.scan(&prefix, Some(&after), PAGE)?;
            let mut others = page.iter().filter(|(key, _)| Some(key.message) != but);
            if others.any(|(_, message)| answers(message, comment)) {
                return Ok(true);
            }
            match page.last() {
                Some((key, _)) if page.len() == PAGE => after = *key,
                _ => return Ok(false),
            }
        }
    }
}

/// A reply that failed leaves the comment free.
fn answers(message: &Message, comment: MessageId) -> bool {
    let about = message.context.as_ref().and_then(|context| context.message);
    message.direction == Direction::Outbound
        && !concerns_comment(&message.content)
        && about == Some(comment)
        && message.status != MessageStatus::Failed
}
