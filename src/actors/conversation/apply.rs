//! News from the provider: messages and statuses, in order, each counted once.

use std::collections::HashSet;

use crate::domain::decide::{Decision, Received, apply_status, receive};
use crate::domain::inbound::StatusUpdate;
use crate::domain::{Conversation, Message, MessageId, Timestamp};
use crate::storage::Batch;
use crate::storage::keys::{MessageByProviderIdKey, MessageKey, RawPendingKey};

use super::consent::Ledger;
use super::{ApplyItem, CommandError, Plan, PlanReply, RawDone, Worker};

impl Worker {
    pub(super) fn plan_apply(
        &self,
        conversation: &Conversation,
        items: &[ApplyItem],
        done: &[RawDone],
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let mut decision = Decision::from(conversation);
        let mut seen = HashSet::new();
        let mut ledger = Ledger::default();
        for item in items {
            match item {
                ApplyItem::Message(received) => {
                    if self.apply_message(&mut decision, &mut seen, received, now)? {
                        self.heed_customer(&mut decision, &mut ledger, received, now)?;
                    }
                }
                ApplyItem::Status(id, update) => {
                    self.apply_update(&mut decision, *id, update, now)?;
                    self.heed_status(&decision, &mut ledger, (*id, update), now)?;
                }
                ApplyItem::Preference(update) => {
                    self.heed_preference(&mut decision, &mut ledger, update, now)?;
                }
            }
        }
        let mut beside = Batch::new();
        ledger.write(self, conversation, &mut beside, &mut decision)?;
        let mut plan = Plan::of(decision, PlanReply::Done);
        plan.beside = beside;
        for RawDone { channel, raw } in done {
            plan.beside.delete(&RawPendingKey {
                workspace: self.workspace,
                channel: *channel,
                raw: *raw,
            });
        }
        Ok(plan)
    }

    /// Answers whether it is new.
    fn apply_message<'a>(
        &self,
        decision: &mut Decision,
        seen: &mut HashSet<&'a str>,
        received: &'a Received,
        now: Timestamp,
    ) -> Result<bool, CommandError> {
        let provider_id = received.inbound.provider_message_id.as_str();
        let known = self
            .find_by_provider_id(&decision.conversation, provider_id)?
            .is_some();
        if known || !seen.insert(provider_id) {
            metrics::counter!("frontdesk_inbound_duplicates_total").increment(1);
            return Ok(false);
        }
        let mut received = received.clone();
        if let Some(answered) = received.inbound.reply_to.as_deref().filter(|id| !id.is_empty()) {
            received.reply_to = self.find_by_provider_id(&decision.conversation, answered)?;
        }
        metrics::counter!("frontdesk_inbound_messages_total").increment(1);
        receive(decision, received, now);
        Ok(true)
    }

    fn apply_update(
        &self,
        decision: &mut Decision,
        id: MessageId,
        update: &StatusUpdate,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let written = decision
            .messages
            .iter()
            .rev()
            .find(|message| message.id == id)
            .cloned();
        let message = match written {
            Some(message) => Some(message),
            None => self.message(id)?,
        };
        if let Some(message) = message {
            apply_status(decision, message, update, now);
        }
        Ok(())
    }

    pub(super) fn find_by_provider_id(
        &self,
        conversation: &Conversation,
        provider_id: &str,
    ) -> Result<Option<MessageId>, CommandError> {
        let provider_id = self.core.provider_id_hash(self.workspace, provider_id)?;
        let key = MessageByProviderIdKey {
            workspace: self.workspace,
            channel: conversation.channel,
            provider_id,
        };
        Ok(self.core.store.get(&key)?)
    }

    pub(super) fn message(&self, message: MessageId) -> Result<Option<Message>, CommandError> {
        Ok(self.core.store.get(&MessageKey {
            workspace: self.workspace,
            message,
        })?)
    }
}
