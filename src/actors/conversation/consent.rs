//! What a customer allows: heard in what they write, told by the provider, or set by a person. In the same frame as the
//! message that says it, and before anything that waits can go out.

use std::collections::BTreeSet;

use crate::domain::consent::{COOLDOWN, Consent, ConsentChange, ConsentSource, Permission};
use crate::domain::decide::{Decision, Received, Rejection, STOPPED, Said, heed, stop_queued};
use crate::domain::inbound::{PreferenceUpdate, StatusUpdate};
use crate::domain::message::MessageStatus;
use crate::domain::operations::SendPriority;
use crate::domain::optout::{Heard, hear, spoken, told};
use crate::domain::outbound::ErrorClass;
use crate::domain::policy::ChannelCondition;
use crate::domain::{Conversation, EventKind, Message, MessageId, Timestamp};
use crate::storage::keys::{ConsentKey, MessageKey, OutboxKey};
use crate::storage::{Batch, Prefix, Seal, StorageError};

use super::{CommandError, ConsentWish, Plan, PlanReply, Worker};

/// Messages looked through for those that wait.
const MAX_LOOK: usize = 2_000;
const PAGE: usize = 256;
/// Rows of the outbox looked through; those behind are dropped at their turn.
const MAX_ROWS: usize = 200_000;

/// What the provider took a message for, and whether it has answered it by itself (`extra.opt_out`).
fn heeded_by_provider(received: &Received, locale: &str) -> (Option<Heard>, bool) {
    let extra = received.inbound.extra.as_ref();
    let Some(opt_out) = extra.and_then(|extra| extra.get("opt_out")) else {
        return (None, false);
    };
    let text = spoken(&received.inbound.content);
    let text = text.first().map_or("", |text| *text);
    let word = opt_out.get("keyword").and_then(|word| word.as_str());
    let heard = word.and_then(|word| told(word, text, locale));
    let answered = opt_out.get("answered_by_provider") == Some(&true.into());
    (heard, answered)
}

/// The consent of one conversation while a command is planned: read once, written once.
#[derive(Default)]
pub(super) struct Ledger {
    consent: Option<Consent>,
    changed: bool,
}

impl Ledger {
    /// Adds what changed to the frame.
    pub(super) fn write(
        self,
        worker: &Worker,
        conversation: &Conversation,
        batch: &mut Batch,
        decision: &mut Decision,
    ) -> Result<(), StorageError> {
        let Some(consent) = self.consent.filter(|_| self.changed) else {
            return Ok(());
        };
        worker.drop_rows(conversation, decision, batch)?;
        let seal: Seal = worker
            .core
            .store
            .contact_seal(worker.workspace, conversation.contact)?;
        batch.put(&worker.consent_key(conversation), &consent, &seal);
        decision
            .events
            .push(EventKind::ContactUpdated(conversation.contact));
        Ok(())
    }
}

impl Worker {
    fn consent_key(&self, conversation: &Conversation) -> ConsentKey {
        ConsentKey {
            workspace: self.workspace,
            contact: conversation.contact,
            channel: conversation.channel,
        }
    }

    fn consent<'a>(
        &self,
        conversation: &Conversation,
        ledger: &'a mut Ledger,
    ) -> Result<&'a mut Consent, StorageError> {
        if ledger.consent.is_none() {
            ledger.consent = self.core.store.get(&self.consent_key(conversation))?;
        }
        Ok(ledger.consent.get_or_insert_default())
    }

    /// Heeds what a customer just wrote, if it is a keyword; otherwise notes that they wrote.
    pub(super) fn heed_customer(
        &self,
        decision: &mut Decision,
        ledger: &mut Ledger,
        received: &Received,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        if !received.is_customer_speaking() {
            return Ok(());
        }
        // What came late is heeded, but nothing is said to it.
        let is_late = received.is_imported() || received.is_fetched();
        let at = received.inbound.at.unwrap_or(now).min(now);
        let conversation = decision.conversation.clone();
        let rules = self.core.consent_rules(self.workspace)?;
        let (condition, messaging) = self.condition(&conversation);
        let has_window = messaging.has_window;
        let words = spoken(&received.inbound.content);
        let (by_provider, answered) = heeded_by_provider(received, &rules.locale);
        let known = words.first().map_or(String::new(), |word| (*word).to_owned());
        let is_by_provider = by_provider.is_some();
        let heard_here = || {
            words.into_iter().find_map(|word| {
                let heard = hear(word, &rules.locale, !has_window, &rules.extra_stop)?;
                Some((heard, word.to_owned()))
            })
        };
        let found = by_provider.map(|heard| (heard, known)).or_else(heard_here);
        let consent = self.consent(&conversation, ledger)?;
        let Some((heard, word)) = found else {
            let is_before = is_late && consent.changes.last().is_some_and(|last| last.at > at);
            if consent.is_out() && !consent.wrote_since && !received.is_imported() && !is_before {
                consent.wrote_since = true;
                ledger.changed = true;
            }
            return Ok(());
        };
        // What was said long ago does not undo what was said since.
        if is_late && consent.changes.last().is_some_and(|last| last.at > at) {
            return Ok(());
        }
        let may_send =
            condition == ChannelCondition::Active && (!has_window || conversation.window_open(now));
        let said = Said {
            heard,
            word,
            proof: decision.messages.last().map_or(
                MessageId {
                    conversation: conversation.id,
                    n: 0,
                },
                |message| message.id,
            ),
            at,
            by_provider: is_by_provider,
            may_answer: may_send && !is_late && !answered,
            trace: received.trace,
        };
        let queued = self.queued(&conversation)?;
        ledger.changed |= heed(decision, consent, &said, &rules, queued, now);
        Ok(())
    }

    /// Takes the rows of messages that were just given up out of the outbox. One whose call is under way keeps its row: the
    /// call's outcome needs it.
    fn drop_rows(
        &self,
        conversation: &Conversation,
        decision: &Decision,
        batch: &mut Batch,
    ) -> Result<(), StorageError> {
        let was_stopped = |message: &&Message| {
            message.error.as_ref().is_some_and(|error| error.code == STOPPED)
                && message.status == MessageStatus::Failed
        };
        let mut left: BTreeSet<MessageId> = decision
            .messages
            .iter()
            .filter(was_stopped)
            .map(|message| message.id)
            .collect();
        for priority in [SendPriority::Reply, SendPriority::Bulk] {
            let prefix = Prefix::<OutboxKey>::table()
                .with(self.workspace)
                .with(conversation.channel)
                .with(priority as u8);
            let (mut after, mut looked) = (None, 0);
            while !left.is_empty() && looked < MAX_ROWS {
                let keys = self.core.store.scan_keys(&prefix, after.as_ref(), PAGE * 8)?;
                looked += keys.len();
                for key in keys.iter().filter(|key| left.remove(&key.message)) {
                    if let Some((row, fingerprint)) = self.core.store.get_for_update(key)?
                        && !row.active
                    {
                        batch.require_unchanged(key, fingerprint).delete(key);
                    }
                }
                after = keys.last().copied();
                if keys.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The messages of a conversation that wait to go out; those far back are found by the dispatcher at their turn.
    fn queued(&self, conversation: &Conversation) -> Result<Vec<Message>, StorageError> {
        let prefix = Prefix::<MessageKey>::table()
            .with(self.workspace)
            .with(conversation.id);
        let (mut found, mut before, mut looked) = (Vec::new(), None, 0);
        while looked < MAX_LOOK {
            let page = self.core.store.scan_back(&prefix, before.as_ref(), PAGE)?;
            looked += page.len();
            let is_last = page.len() < PAGE;
            before = page.last().map(|(key, _)| *key);
            let waits = |message: &Message| message.status == MessageStatus::Queued;
            found.extend(page.into_iter().map(|(_, message)| message).filter(waits));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// The provider refused a message because of the customer's choice, or holds marketing back.
    pub(super) fn heed_status(
        &self,
        decision: &Decision,
        ledger: &mut Ledger,
        (id, update): (MessageId, &StatusUpdate),
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let at = update.at.unwrap_or(now).min(now);
        match update.error_class {
            Some(ErrorClass::OptOut) => {
                let consent = self.consent(&decision.conversation, ledger)?;
                if !consent.is_out() {
                    consent.record(ConsentChange {
                        permission: Permission::NoMarketing,
                        source: ConsentSource::Provider,
                        at,
                        proof: Some(id),
                        by: None,
                        note: update
                            .error
                            .as_ref()
                            .map(|error| error.title.clone())
                            .unwrap_or_default(),
                    });
                    ledger.changed = true;
                }
            }
            Some(ErrorClass::RecipientCooldown) => {
                let consent = self.consent(&decision.conversation, ledger)?;
                let until = Some(at.plus(COOLDOWN));
                if consent.marketing_paused_until < until {
                    consent.marketing_paused_until = until;
                    ledger.changed = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The customer used the provider's own switch.
    pub(super) fn heed_preference(
        &self,
        decision: &mut Decision,
        ledger: &mut Ledger,
        update: &PreferenceUpdate,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let conversation = decision.conversation.clone();
        let consent = self.consent(&conversation, ledger)?;
        let permission = match (update.marketing, consent.permission()) {
            // The switch is about marketing: it neither loosens nor repeats what the customer told us in words.
            (_, Some(Permission::Nothing)) | (false, Some(Permission::NoMarketing)) => return Ok(()),
            (true, Some(Permission::OptedIn) | None) => return Ok(()),
            (true, Some(Permission::NoMarketing)) => Permission::OptedIn,
            (false, Some(Permission::OptedIn) | None) => Permission::NoMarketing,
        };
        consent.record(ConsentChange {
            permission,
            source: ConsentSource::Provider,
            at: update.at.unwrap_or(now).min(now),
            proof: None,
            by: None,
            note: update.detail.clone(),
        });
        let consent = consent.clone();
        ledger.changed = true;
        stop_queued(decision, &consent, self.queued(&conversation)?, now);
        Ok(())
    }

    /// Someone of the team, or a program, says what the customer allows.
    pub(super) fn plan_consent(
        &self,
        conversation: &Conversation,
        wish: &ConsentWish,
        now: Timestamp,
    ) -> Result<Plan, CommandError> {
        if let Some(proof) = wish.proof
            && (proof.conversation != conversation.id || self.message(proof)?.is_none())
        {
            return Err(Rejection::Invalid {
                field: "proof_message_id",
                detail: "is no message of this customer on this channel".into(),
            }
            .into());
        }
        let mut plan = Plan::of(Decision::from(conversation), PlanReply::Done);
        let mut ledger = Ledger::default();
        let consent = self.consent(conversation, &mut ledger)?;
        consent.record(ConsentChange {
            permission: wish.permission,
            source: wish.source,
            at: now,
            proof: wish.proof,
            by: wish.by,
            note: wish.note.clone(),
        });
        let consent = consent.clone();
        ledger.changed = true;
        stop_queued(&mut plan.decision, &consent, self.queued(conversation)?, now);
        ledger.write(self, conversation, &mut plan.beside, &mut plan.decision)?;
        Ok(plan)
    }
}
