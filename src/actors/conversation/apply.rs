//! News from the provider: messages and statuses, in order, each counted once.

use std::collections::HashSet;

use crate::domain::decide::{
    Decision, Received, apply_status, forget_words, is_failed_reaction, receive, remark, unreact,
};
use crate::domain::inbound::StatusUpdate;
use crate::domain::{Conversation, Message, MessageId, Timestamp, marks};
use crate::storage::Prefix;
use crate::storage::keys::{MessageByProviderIdKey, MessageKey, RawPendingKey};

use super::{ApplyItem, CommandError, Plan, PlanReply, RawDone, Worker};

/// Messages read in one go.
const PAGE: usize = 256;
/// How far back is looked for what overtook the message that it is about.
const LOOK_BACK: usize = 32;

/// Whether what came last is about another message.
fn last_is_about(decision: &Decision) -> bool {
    let last = decision.conversation.last_message.as_ref();
    last.is_some_and(|last| matches!(last.kind.as_str(), "reaction" | "edit" | "revoke"))
}

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
        for item in items {
            match item {
                ApplyItem::Message(received) => {
                    self.apply_message(&mut decision, &mut seen, received, now)?
                }
                ApplyItem::Status(id, update) => self.apply_update(&mut decision, *id, update, now)?,
            }
        }
        let mut plan = Plan::of(decision, PlanReply::Done);
        for RawDone { channel, raw } in done {
            plan.beside.delete(&RawPendingKey {
                workspace: self.workspace,
                channel: *channel,
                raw: *raw,
            });
        }
        Ok(plan)
    }

    fn apply_message<'a>(
        &self,
        decision: &mut Decision,
        seen: &mut HashSet<&'a str>,
        received: &'a Received,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let provider_id = received.inbound.provider_message_id.as_str();
        let known = self
            .find_by_provider_id(&decision.conversation, provider_id)?
            .is_some();
        if known || !seen.insert(provider_id) {
            metrics::counter!("frontdesk_inbound_duplicates_total").increment(1);
            return Ok(());
        }
        if received.echo && self.take_own_echo(decision, &received.inbound, now)? {
            return Ok(());
        }
        let mut received = received.clone();
        let content = &received.inbound.content;
        let about = marks::target_of(content).map(str::to_owned);
        let quoted = received.inbound.reply_to.as_deref();
        let changes = about.is_some() || marks::may_choose(content);
        let answered = about.as_deref().or(quoted).filter(|id| !id.is_empty());
        let mut target = None;
        if let Some(answered) = answered {
            received.reply_to = self.held(decision, answered)?;
            target = received.reply_to.filter(|_| changes);
        }
        metrics::counter!("frontdesk_inbound_messages_total").increment(1);
        // Deliveries can overtake one another: what is about this message may have come just before it.
        let overtaken = about.is_none() && last_is_about(decision);
        receive(decision, received, now);
        match target {
            Some(target) => self.work_in(decision, target),
            None if overtaken => self.catch_up(decision),
            None => Ok(()),
        }
    }

    /// Works into the message that was just taken in what came before it about it.
    fn catch_up(&self, decision: &mut Decision) -> Result<(), CommandError> {
        let Some(target) = decision.messages.last().cloned() else {
            return Ok(());
        };
        let waits = |message: &Message| {
            let context = message.context.as_ref();
            let unfound = context.is_some_and(|context| context.message.is_none());
            unfound && marks::target_of(&message.content) == target.provider_message_id.as_deref()
        };
        let prefix = Prefix::<MessageKey>::table()
            .with(self.workspace)
            .with(target.id.conversation);
        let stored = self.core.store.scan_back(&prefix, None, LOOK_BACK)?;
        let stored = stored.into_iter().rev().map(|(_, message)| message);
        let earlier: Vec<Message> = stored
            .chain(decision.messages.iter().cloned())
            .filter(|message| waits(message))
            .collect();
        for mut news in earlier {
            if let Some(context) = &mut news.context {
                context.message = Some(target.id);
            }
            decision.messages.push(news.clone());
            if let Some(newest) = self.newest(decision, target.id)? {
                remark(decision, newest, &news);
            }
        }
        Ok(())
    }

    /// Works the message that was just taken in into the one that it is about.
    fn work_in(&self, decision: &mut Decision, target: MessageId) -> Result<(), CommandError> {
        let target = self.newest(decision, target)?;
        let (Some(target), Some(news)) = (target, decision.messages.last().cloned()) else {
            return Ok(());
        };
        let (id, was_deleted) = (target.id, target.marks.deleted.is_some());
        remark(decision, target, &news);
        let is_deleted = decision
            .messages
            .last()
            .is_some_and(|last| last.id == id && last.marks.deleted.is_some());
        match is_deleted && !was_deleted {
            true => self.forget_edits(decision, id),
            false => Ok(()),
        }
    }

    /// The edits of a message that was taken back hold its words, too.
    fn forget_edits(&self, decision: &mut Decision, about: MessageId) -> Result<(), CommandError> {
        let is_edit = |message: &Message| {
            let target = message.context.as_ref().and_then(|context| context.message);
            message.content.kind == "edit" && target == Some(about)
        };
        let mut edits: Vec<Message> = decision
            .messages
            .iter()
            .filter(|message| is_edit(message))
            .cloned()
            .collect();
        let prefix = Prefix::table().with(self.workspace).with(about.conversation);
        let mut after = MessageKey {
            workspace: self.workspace,
            message: about,
        };
        loop {
            let page = self.core.store.scan(&prefix, Some(&after), PAGE)?;
            edits.extend(
                page.iter()
                    .map(|(_, message)| message)
                    .filter(|message| is_edit(message))
                    .cloned(),
            );
            match page.last() {
                Some((key, _)) if page.len() == PAGE => after = *key,
                _ => break,
            }
        }
        for edit in edits {
            forget_words(decision, edit);
        }
        Ok(())
    }

    /// The same for a message that someone is answered with: it stays the last one of the decision.
    pub(super) fn work_in_before(
        &self,
        decision: &mut Decision,
        target: MessageId,
    ) -> Result<(), CommandError> {
        let before = decision.messages.len();
        self.work_in(decision, target)?;
        if let (true, [.., said, target]) = (decision.messages.len() > before, &mut decision.messages[..]) {
            std::mem::swap(said, target);
        }
        Ok(())
    }

    /// The message of a provider's id, also of one that is decided on just now.
    pub(super) fn held(
        &self,
        decision: &Decision,
        provider_id: &str,
    ) -> Result<Option<MessageId>, CommandError> {
        let fits = |message: &&Message| message.provider_message_id.as_deref() == Some(provider_id);
        match decision.messages.iter().find(fits) {
            Some(message) => Ok(Some(message.id)),
            None => self.find_by_provider_id(&decision.conversation, provider_id),
        }
    }

    /// A message as it is with what is decided on just now.
    pub(super) fn newest(&self, decision: &Decision, id: MessageId) -> Result<Option<Message>, CommandError> {
        match decision.messages.iter().rev().find(|message| message.id == id) {
            Some(message) => Ok(Some(message.clone())),
            None => self.message(id),
        }
    }

    /// A reaction that failed no longer stands on its message.
    pub(super) fn drop_failed_reaction(&self, decision: &mut Decision) -> Result<(), CommandError> {
        let failed = decision
            .messages
            .last()
            .filter(|last| is_failed_reaction(last))
            .cloned();
        let about = failed
            .as_ref()
            .and_then(|failed| failed.context.as_ref()?.message);
        if let (Some(failed), Some(about)) = (failed, about)
            && let Some(target) = self.newest(decision, about)?
        {
            unreact(decision, target, &failed);
        }
        Ok(())
    }

    fn apply_update(
        &self,
        decision: &mut Decision,
        id: MessageId,
        update: &StatusUpdate,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        if let Some(message) = self.newest(decision, id)? {
            apply_status(decision, message, update, now);
            self.drop_failed_reaction(decision)?;
            self.read_earlier(decision, id, update, now)?;
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
