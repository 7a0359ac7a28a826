//! The rows in which a conversation stands so that lists find it in their order. One place, so that whoever writes them and
//! whoever checks them agree.

use crate::domain::{Conversation, UserId, WorkspaceId};

use super::keys::{ConversationUnreadKey, ConversationWaitingKey, Newest};

/// Nobody, in the key of a list.
pub const NOBODY: UserId = UserId([0; 16]);

/// The row among those who wait for an answer, if the customer does.
pub fn waiting_row(workspace: WorkspaceId, conversation: &Conversation) -> Option<ConversationWaitingKey> {
    conversation.waits_since().map(|since| ConversationWaitingKey {
        workspace,
        assignee: conversation.assignee.unwrap_or(NOBODY),
        since,
        conversation: conversation.id,
    })
}

/// The row among those with unread messages, if there are any.
pub fn unread_row(workspace: WorkspaceId, conversation: &Conversation) -> Option<ConversationUnreadKey> {
    (conversation.unread > 0).then(|| ConversationUnreadKey {
        workspace,
        assignee: conversation.assignee.unwrap_or(NOBODY),
        activity: Newest(conversation.last_activity_at),
        conversation: conversation.id,
    })
}
