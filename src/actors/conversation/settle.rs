//! A person decides about a message that failed or is doubtful.

use crate::domain::decide::{Decision, Rejection, Settlement, retry, settle};
use crate::domain::operations::SendPriority;
use crate::domain::policy::{ChannelCondition, MessagingRules};
use crate::domain::standing::Standing;
use crate::domain::template::standing;
use crate::domain::{Conversation, EventKind, Message, MessageId, Timestamp};
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
        let (channel, rules) = self.condition(conversation);
        if let Some(entry) = self.core.registry.find(self.workspace, conversation.channel) {
            let (template, _) = templates::standing(&self.core, &entry, &message.content, &message.author)?;
            standing::check(&template).map_or(Ok(()), |refusal| Err(Rejection::Policy(refusal)))?;
        }
        let beside = self.standing_of(conversation, &message, now)?;
        let rules = self.rules_again(conversation, &message, rules, now)?;
        let mut decision = retry(conversation, message, (channel, rules, &beside), now)?;
        self.react_again(&mut decision)?;
        Ok(Plan::of(decision, PlanReply::Message))
    }

    pub(super) fn plan_settle(
        &self,
        conversation: &Conversation,
        id: MessageId,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let message = self.message(id)?.ok_or(Rejection::NoSuchMessage)?;
        let (channel, rules) = self.condition(conversation);
        let standing = self.standing_of(conversation, &message, now)?;
        let rules = match settlement {
            Settlement::Retry => self.rules_again(conversation, &message, rules, now)?,
            Settlement::Sent | Settlement::Failed => rules,
        };
        let channel = (channel, rules, &standing);
        let mut decision = settle(conversation, message, settlement, channel, now)?;
        self.note_on_comment(&mut decision)?;
        Ok(Plan::of(decision, PlanReply::Message))
    }

    /// The rules for sending it again: what is about a comment needs no reply window.
    fn rules_again(
        &self,
        conversation: &Conversation,
        message: &Message,
        rules: MessagingRules,
        now: Timestamp,
    ) -> Result<MessagingRules, CommandError> {
        let about = (message.context.as_ref(), Some(message.id));
        let is_free = self.is_about_comment(conversation, &message.content, about, now)?;
        Ok(MessagingRules {
            has_window: rules.has_window && !is_free,
            ..rules
        })
    }

    /// A reaction that is sent again stands on its message again.
    fn react_again(&self, decision: &mut Decision) -> Result<(), CommandError> {
        let about = decision
            .messages
            .last()
            .and_then(|message| message.context.as_ref()?.message);
        let is_reaction = decision
            .messages
            .last()
            .is_some_and(|last| last.content.kind == "reaction");
        match about.filter(|_| is_reaction) {
            Some(about) => self.work_in_before(decision, about),
            None => Ok(()),
        }
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

    fn standing_of(
        &self,
        conversation: &Conversation,
        message: &Message,
        now: Timestamp,
    ) -> Result<Standing, CommandError> {
        let place = (self.workspace, conversation.channel);
        let contact = Some(conversation.contact);
        let content = &message.content;
        Ok(self
            .core
            .standing(place, contact, content, SendPriority::Reply, now)?)
    }

    pub(super) fn condition(&self, conversation: &Conversation) -> (ChannelCondition, MessagingRules) {
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let rules = entry
            .as_ref()
            .map_or(MessagingRules::SMS, |entry| self.core.rules(entry));
        (
            entry.map_or(ChannelCondition::Removed, |entry| entry.condition()),
            rules,
        )
    }
}
