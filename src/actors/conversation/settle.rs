//! A person decides about a message that failed or is doubtful.

use crate::domain::decide::{Decision, Rejection, Settlement, retry, settle};
use crate::domain::policy::ChannelCondition;
use crate::domain::template::standing;
use crate::domain::{Conversation, EventKind, MessageId, Timestamp};
use crate::storage::keys::DeadLetterKey;

use crate::actors::templates;

use super::{CommandError, Plan, PlanReply, Worker};

impl Worker {
    pub(super) fn plan_retry(
        &self,
        conversation: &Conversation,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let message = self.message(id)?.ok_or(Rejection::NoSuchMessage)?;
        let (channel, has_window) = self.condition(conversation);
        if let Some(entry) = self.core.registry.find(self.workspace, conversation.channel) {
            let (template, _) = templates::standing(&self.core, &entry, &message.content, &message.author)?;
            standing::check(&template).map_or(Ok(()), |refusal| Err(Rejection::Policy(refusal)))?;
        }
        Ok(Plan::of(
            retry(conversation, message, channel, has_window, now)?,
            PlanReply::Message,
        ))
    }

    pub(super) fn plan_settle(
        &self,
        conversation: &Conversation,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let message = self.message(id)?.ok_or(Rejection::NoSuchMessage)?;
        let (channel, has_window) = self.condition(conversation);
        let decision = settle(conversation, message, settlement, channel, has_window, now)?;
        Ok(Plan::of(decision, PlanReply::Message))
    }

    pub(super) fn plan_discard(
        &self,
        conversation: &Conversation,
        message: MessageId,
    ) -> Result<Plan, CommandError> {
        let key = DeadLetterKey {
            workspace: self.workspace,
            message,
        };
        if !self.core.store.contains(&key)? {
            return Err(Rejection::NoSuchMessage.into());
        }
        let mut plan = Plan::of(Decision::from(conversation), PlanReply::Done);
        plan.beside.delete(&key);
        plan.decision.events.push(EventKind::DeadLetterRemoved(message));
        Ok(plan)
    }

    fn condition(&self, conversation: &Conversation) -> (ChannelCondition, bool) {
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let provider = entry.as_ref().and_then(|entry| self.core.provider(entry.kind));
        let has_window = provider.is_some_and(|provider| provider.capabilities().has_window);
        (
            entry.map_or(ChannelCondition::Removed, |entry| entry.condition()),
            has_window,
        )
    }
}
