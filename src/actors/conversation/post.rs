//! Someone wants to say something.

use crate::domain::decide::{PostCommand, post};
use crate::domain::message::ReplyContext;
use crate::domain::operations::{DueWork, IdempotencyRecord};
use crate::domain::policy::{ChannelCondition, MessagingRules};
use crate::domain::standing::is_unasked;
use crate::domain::time::HOUR;
use crate::domain::{Conversation, Timestamp, TraceId};
use crate::storage::Seal;
use crate::storage::keys::{IdempotencyKey, ReachKey};

use super::{CommandError, Plan, PlanReply, PostMessage, Worker};
use crate::actors::due::due_key;
use crate::actors::media::{AttachError, Attached};
use crate::domain::decide::Rejection;

/// How long a key is remembered.
const IDEMPOTENCY_LIFE: i64 = 72 * HOUR;

impl Worker {
    pub(super) fn plan_post(
        &self,
        conversation: &Conversation,
        wish: &PostMessage,
        trace: TraceId,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        if let Some(first) = self.first_answer(wish)? {
            return Ok(first.unchanged(conversation));
        }
        let entry = self.core.registry.find(self.workspace, conversation.channel);
        let rules = entry
            .as_ref()
            .map_or(MessagingRules::SMS, |entry| self.core.rules(entry));
        let media_rules = entry
            .as_ref()
            .and_then(|e| self.core.provider(e.kind))
            .map_or(&[][..], |p| p.media_rules());
        let mut content = wish.content.clone();
        let files = match Attached::find(&self.core, self.workspace, &mut content) {
            Ok(files) => files,
            Err(AttachError::Rejected(rejection)) => return Err(rejection.into()),
            Err(AttachError::Storage(error)) => return Err(error.into()),
        };
        let command = PostCommand {
            standing: self.core.standing(
                (self.workspace, conversation.channel),
                Some(conversation.contact),
                &content,
                wish.priority,
                now,
            )?,
            author: wish.author.clone(),
            content,
            files: files.facts.clone(),
            media_rules,
            context: self.context(conversation, wish)?,
            priority: wish.priority,
            trace,
            channel: entry.map_or(ChannelCondition::Removed, |entry| entry.condition()),
            rules,
        };
        let mut plan = Plan::of(post(conversation, command, now)?, PlanReply::Message);
        if let Some(message) = plan.decision.messages.last().map(|message| message.id) {
            let owner = (self.workspace, conversation);
            files.bind(&self.core, &mut plan.beside, owner, message)?;
        }
        if rules.has_window && is_unasked(&wish.content) && !conversation.window_open(now) {
            self.note_reach(&mut plan, conversation, now);
        }
        self.remember(&mut plan, wish, now);
        Ok(plan)
    }

    /// The provider's limit counts people who are written to outside their window.
    fn note_reach(&self, plan: &mut Plan, conversation: &Conversation, now: Timestamp) {
        let (channel, contact) = (conversation.channel, conversation.contact);
        let key = ReachKey {
            workspace: self.workspace,
            channel,
            contact,
        };
        plan.beside.put(&key, &now, &Seal::Open);
        self.core.note_reached(channel, contact, now);
    }

    /// The answer that this key got before, if it did.
    fn first_answer(&self, wish: &PostMessage) -> Result<Option<FirstAnswer>, CommandError> {
        let Some((key, request_hash)) = wish.idempotency else {
            return Ok(None);
        };
        let key = IdempotencyKey {
            workspace: self.workspace,
            key,
        };
        let Some(record) = self.core.store.get(&key)? else {
            return Ok(None);
        };
        if record.request_hash != request_hash {
            return Err(CommandError::IdempotencyKeyReused);
        }
        let message = self.message(record.message)?.ok_or(Rejection::NoSuchMessage)?;
        Ok(Some(FirstAnswer(message)))
    }

    fn remember(&self, plan: &mut Plan, wish: &PostMessage, now: Timestamp) {
        let (Some((hash, request_hash)), Some(message)) = (wish.idempotency, plan.decision.messages.last())
        else {
            return;
        };
        let key = IdempotencyKey {
            workspace: self.workspace,
            key: hash,
        };
        let record = IdempotencyRecord {
            request_hash,
            message: message.id,
            created_at: now,
        };
        let forget = DueWork::ForgetIdempotencyKey(hash);
        plan.beside.require_absent(&key).put(&key, &record, &Seal::Open);
        plan.beside.put(
            &due_key(now.plus(IDEMPOTENCY_LIFE), self.workspace, &forget),
            &forget,
            &Seal::Open,
        );
    }

    fn context(
        &self,
        conversation: &Conversation,
        wish: &PostMessage,
    ) -> Result<Option<ReplyContext>, CommandError> {
        let Some(id) = wish.reply_to else { return Ok(None) };
        let answered = match id.conversation == conversation.id {
            true => self.message(id)?,
            false => None,
        };
        let provider_message_id = answered.and_then(|message| message.provider_message_id);
        let provider_message_id = provider_message_id.ok_or(Rejection::Invalid {
            field: "context.message_id",
            detail: "is not a delivered message of this conversation".into(),
        })?;
        Ok(Some(ReplyContext {
            provider_message_id,
            message: Some(id),
            forwarded: false,
        }))
    }
}

/// A message that an earlier request with the same key made.
struct FirstAnswer(crate::domain::Message);

impl FirstAnswer {
    fn unchanged(self, conversation: &Conversation) -> Plan {
        Plan::of(
            crate::domain::decide::Decision::from(conversation),
            PlanReply::Existing(Box::new(self.0)),
        )
    }
}
