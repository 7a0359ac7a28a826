//! Who must go first within a conversation: a message that was put back to a later time holds up those after it, so that
//! a customer reads them in the order in which they were written.

use std::collections::HashMap;

use crate::domain::operations::SendPriority;
use crate::domain::{ConversationId, MessageId};

/// The messages that were put back, by conversation and queue: a campaign's message holds up no reply.
#[derive(Default)]
pub(super) struct Held(HashMap<(ConversationId, SendPriority), MessageId>);

impl Held {
    /// The message waits for a later time.
    pub(super) fn put_back(&mut self, message: MessageId, priority: SendPriority) {
        self.0.insert((message.conversation, priority), message);
    }

    /// The message waits no more.
    pub(super) fn let_go(&mut self, message: MessageId, priority: SendPriority) {
        let key = (message.conversation, priority);
        if self.0.get(&key) == Some(&message) {
            self.0.remove(&key);
        }
    }

    /// The other message that must go before this one.
    pub(super) fn before(&self, message: MessageId, priority: SendPriority) -> Option<MessageId> {
        let first = self.0.get(&(message.conversation, priority)).copied();
        first.filter(|first| *first != message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_put_back_goes_first_in_its_queue_and_only_there() {
        let message = |conversation, n| MessageId {
            conversation: ConversationId([conversation; 16]),
            n,
        };
        let (reply, bulk) = (SendPriority::Reply, SendPriority::Bulk);
        let mut held = Held::default();
        held.put_back(message(1, 4), reply);
        assert_eq!(held.before(message(1, 5), reply), Some(message(1, 4)));
        assert_eq!(held.before(message(1, 4), reply), None, "not itself");
        assert_eq!(held.before(message(1, 5), bulk), None);
        assert_eq!(held.before(message(2, 5), reply), None);
        held.let_go(message(1, 5), reply);
        assert!(held.before(message(1, 6), reply).is_some());
        held.let_go(message(1, 4), reply);
        assert_eq!(held.before(message(1, 5), reply), None);
    }
}
