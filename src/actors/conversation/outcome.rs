//! An attempt to send ended: the outcome and the outbox row change in one frame.

use crate::domain::decide::{AttemptResult, Decision, apply_status, record_outcome};
use crate::domain::message::MessageStatus;
use crate::domain::operations::DueWork;
use crate::domain::outbound::SendOutcome;
use crate::domain::{Conversation, Timestamp};
use crate::storage::Seal;
use crate::storage::keys::{EarlyStatusKey, OutboxKey};

use super::super::due::due_key;
use super::super::reconcile::ASK_AFTER;
use super::{CommandError, Plan, PlanReply, Worker};

impl Worker {
    pub(super) fn plan_outcome(
        &self,
        conversation: &Conversation,
        result: &AttemptResult,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        let mut plan = Plan::of(Decision::from(conversation), PlanReply::Done);
        let row = OutboxKey {
            workspace: self.workspace,
            channel: result.entry.channel,
            priority: result.priority as u8,
            due: result.entry.due,
            message: result.entry.message,
        };
        if !self.core.store.contains(&row)? {
            return Ok(plan);
        }
        plan.beside.require_present(&row).delete(&row);
        let Some(message) = self.message(result.entry.message)? else {
            return Ok(plan);
        };
        let (_, rules) = self.condition(conversation);
        record_outcome(&mut plan.decision, message, result, rules, now);
        self.take_over_claims(&mut plan)?;
        if let SendOutcome::Accepted {
            provider_message_id, ..
        } = &result.outcome
        {
            self.fold_early_statuses(&mut plan, provider_message_id, now)?;
            self.plan_question(&mut plan, result, now);
        }
        let accepted = matches!(result.outcome, SendOutcome::Accepted { .. });
        self.core.tally.send(result.entry.channel, accepted);
        count(&result.outcome, plan.decision.messages.last().map(|m| m.status));
        self.drop_failed_reaction(&mut plan.decision)?;
        self.note_on_comment(&mut plan.decision)?;
        Ok(plan)
    }

    /// A provider that can be asked is asked what became of the message, should no status tell.
    fn plan_question(&self, plan: &mut Plan, result: &AttemptResult, now: Timestamp) {
        let entry = self.core.registry.get(result.entry.channel);
        let provider = entry.and_then(|entry| self.core.provider(entry.kind).cloned());
        if provider.is_some_and(|provider| provider.can_look_up()) {
            let work = DueWork::ReviewDoubtful(result.entry.message);
            let key = due_key(now.plus(ASK_AFTER[0]), self.workspace, &work);
            plan.beside.put(&key, &work, &Seal::Open);
        }
    }

    /// Statuses that overtook the answer to the send wait under the provider's id.
    fn fold_early_statuses(
        &self,
        plan: &mut Plan,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let key = EarlyStatusKey {
            workspace: self.workspace,
            channel: plan.decision.conversation.channel,
            provider_id: self.core.provider_id_hash(self.workspace, provider_id)?,
        };
        let Some(early) = self.core.store.get(&key)? else {
            plan.beside.require_absent(&key);
            return Ok(());
        };
        plan.beside.require_present(&key).delete(&key);
        for update in &early.updates {
            if let Some(message) = plan.decision.messages.last().cloned() {
                apply_status(&mut plan.decision, message, update, now);
            }
        }
        Ok(())
    }
}

fn count(outcome: &SendOutcome, status: Option<MessageStatus>) {
    let result = match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Refused(_) => "refused",
        SendOutcome::NotSent(_) => "not_sent",
        SendOutcome::Unknown(_) => "unknown",
    };
    metrics::counter!("frontdesk_send_attempts_total", "result" => result).increment(1);
    if status == Some(MessageStatus::Failed) {
        metrics::counter!("frontdesk_messages_failed_total").increment(1);
    }
}
