//! Answers to comments: they go out as the comment's one private reply.

use crate::domain::decide::Rejection;
use crate::domain::message::{Direction, MessageStatus, ReplyContext};
use crate::domain::policy::{self, CommentAnswer};
use crate::domain::{Conversation, Message, MessageId, Timestamp};
use crate::storage::Prefix;
use crate::storage::keys::MessageKey;

use super::{CommandError, Worker};

/// Messages after a comment that are looked through for an earlier reply, in one go.
const PAGE: usize = 256;

impl Worker {
    /// Whether this answers a comment, which needs no reply window.
    ///
    /// # Errors
    /// The refusal of policy: answered before, or too late.
    pub(super) fn answers_comment(
        &self,
        conversation: &Conversation,
        context: Option<&ReplyContext>,
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
            answered: self.was_answered(conversation, comment)?,
            window_open: conversation.window_open(now),
            now,
        };
        policy::check_comment_answer(&answer).map_err(Rejection::Policy)?;
        Ok(true)
    }

    fn was_answered(&self, conversation: &Conversation, comment: MessageId) -> Result<bool, CommandError> {
        let workspace = self.workspace;
        let prefix = Prefix::table().with(workspace).with(conversation.id);
        let mut after = MessageKey {
            workspace,
            message: comment,
        };
        loop {
            let page = self.core.store.scan(&prefix, Some(&after), PAGE)?;
            if page.iter().any(|(_, message)| answers(message, comment)) {
                return Ok(true);
            }
            match page.last() {
                Some((key, _)) if page.len() == PAGE => after = *key,
                _ => return Ok(false),
            }
        }
    }
}

fn is_comment(message: &Message) -> bool {
    message.direction == Direction::Inbound && message.content.kind == "comment"
}

/// A reply that failed leaves the comment free.
fn answers(message: &Message, comment: MessageId) -> bool {
    let about = message.context.as_ref().and_then(|context| context.message);
    message.direction == Direction::Outbound
        && about == Some(comment)
        && message.status != MessageStatus::Failed
}
