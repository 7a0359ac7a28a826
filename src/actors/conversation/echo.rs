//! News that speak of more than the message that they name: our own sends that come back, and reading that reaches all
//! that was said before.

use crate::domain::decide::{Decision, Effect, adopt_echo, apply_status, may_be_echo_of};
use crate::domain::inbound::{InboundMessage, StatusUpdate};
use crate::domain::message::{Direction, MessageStatus};
use crate::domain::operations::SendPriority;
use crate::domain::{Conversation, Message, MessageId, Timestamp};
use crate::storage::keys::{MessageByProviderIdKey, MessageKey, OutboxKey};
use crate::storage::{Prefix, Seal};

use super::{CommandError, Plan, Worker};
use crate::channels::Provider;

/// Messages that an echo is looked for among, newest first.
const LOOK_BACK: usize = 50;
/// Messages that one reading may reach; older ones were read long ago, or nobody looks.
const READ_BACK: usize = 500;
/// Rows of one priority that are looked at for sends under way; they stand first.
const ACTIVE_ROWS: usize = 256;

impl Worker {
    fn provider_says(
        &self,
        conversation: &Conversation,
        question: impl FnOnce(&dyn Provider) -> bool,
    ) -> bool {
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let provider = entry.and_then(|entry| self.core.provider(entry.kind).cloned());
        provider.is_some_and(|provider| question(provider.as_ref()))
    }

    /// Whether an echo is a message of ours whose answer has not come; then that one is taken as sent.
    pub(super) fn take_own_echo(
        &self,
        decision: &mut Decision,
        echoed: &InboundMessage,
        now: Timestamp,
    ) -> Result<bool, CommandError> {
        if !self.provider_says(&decision.conversation, |provider| provider.echoes_our_sends()) {
            return Ok(false);
        }
        let mut candidates = self.back(decision, None, LOOK_BACK)?;
        candidates.retain(|message| may_be_echo_of(message, echoed));
        // The oldest first: echoes come in the order of the sends.
        while let Some(message) = candidates.pop() {
            if message.status == MessageStatus::Doubtful || self.is_under_way(decision, message.id)? {
                adopt_echo(decision, message, echoed, now);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Messages before `before`, newest first, as they are with what is decided on just now.
    fn back(
        &self,
        decision: &Decision,
        before: Option<MessageId>,
        count: usize,
    ) -> Result<Vec<Message>, CommandError> {
        let workspace = self.workspace;
        let prefix = Prefix::table().with(workspace).with(self.id);
        let before = before.map(|message| MessageKey { workspace, message });
        let stored = self.core.store.scan_back(&prefix, before.as_ref(), count)?;
        let newest = |(_, stored): (_, Message)| {
            let decided = decision
                .messages
                .iter()
                .rev()
                .find(|message| message.id == stored.id);
            decided.cloned().unwrap_or(stored)
        };
        Ok(stored.into_iter().map(newest).collect())
    }

    fn is_under_way(&self, decision: &Decision, message: MessageId) -> Result<bool, CommandError> {
        for priority in [SendPriority::Reply, SendPriority::Bulk] {
            let prefix = Prefix::<OutboxKey>::table()
                .with(self.workspace)
                .with(decision.conversation.channel)
                .with(priority as u8);
            let rows = self.core.store.scan(&prefix, None, ACTIVE_ROWS)?;
            if rows.iter().any(|(_, row)| row.active && row.message == message) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The customer saw a message, and with it all that was said before.
    pub(super) fn read_earlier(
        &self,
        decision: &mut Decision,
        seen: MessageId,
        update: &StatusUpdate,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let is_reading = update.status == MessageStatus::Read;
        if !is_reading
            || !self.provider_says(&decision.conversation, |provider| {
                provider.reading_covers_earlier()
            })
        {
            return Ok(());
        }
        let earlier = self.back(decision, Some(seen), READ_BACK)?.into_iter();
        let ours = earlier.filter(|message| message.direction == Direction::Outbound);
        for message in ours {
            match message.status {
                MessageStatus::Read => break,
                MessageStatus::Accepted | MessageStatus::Sent | MessageStatus::Delivered => {
                    apply_status(decision, message, update, now);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The answer to a send names an id under which a copy of the message came in before: from now on it means the message.
    pub(super) fn take_over_claims(&self, plan: &mut Plan) -> Result<(), CommandError> {
        let channel = plan.decision.conversation.channel;
        for effect in std::mem::take(&mut plan.decision.effects) {
            if let Effect::Claim {
                provider_message_id,
                message,
            } = &effect
                && self
                    .find_by_provider_id(&plan.decision.conversation, provider_message_id)?
                    .is_some()
            {
                let key = MessageByProviderIdKey {
                    workspace: self.workspace,
                    channel,
                    provider_id: self.core.provider_id_hash(self.workspace, provider_message_id)?,
                };
                plan.beside.put(&key, message, &Seal::Open);
                continue;
            }
            plan.decision.effects.push(effect);
        }
        Ok(())
    }
}
