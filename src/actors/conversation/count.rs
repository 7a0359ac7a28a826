//! What a decision's messages count as in the bill, and their places in a thread that is ordered by time. Both in the frame
//! of the messages themselves, so that nothing is counted twice or left out.

use std::collections::BTreeMap;

use crate::actors::templates;
use crate::domain::billing::{Billed, NO_COUNTRY};
use crate::domain::tariff::Tariff;
use crate::domain::{Contact, Conversation, Direction, Message, MessageId};
use crate::storage::keys::{BilledKey, ContactKey, MessageByTimeKey, MessageKey, UsageKey};
use crate::storage::{Batch, Prefix, Seal, StorageError};

use super::Worker;

const PAGE: usize = 512;

impl Worker {
    /// The messages with what they are charged as, where their provider does not tell it.
    pub(super) fn priced(
        &self,
        conversation: &Conversation,
        mut messages: Vec<Message>,
    ) -> Result<Vec<Message>, StorageError> {
        let Some(entry) = self.core.registry.find(self.workspace, conversation.channel) else {
            return Ok(messages);
        };
        let (tariff, now) = (self.core.tariff(&entry), self.core.clock.now());
        if matches!(tariff, Tariff::Free | Tariff::Told) {
            return Ok(messages);
        }
        let window_open = conversation.window_open(now);
        for message in messages
            .iter_mut()
            .filter(|it| it.direction == Direction::Outbound)
        {
            let category = templates::category(&self.core, &entry, &message.content)?;
            message.pricing = tariff.pricing(message, category, window_open);
        }
        Ok(messages)
    }

    /// Counts every message whose price became known or changed.
    pub(super) fn count_priced(
        &self,
        batch: &mut Batch,
        conversation: &Conversation,
        messages: &[Message],
    ) -> Result<(), StorageError> {
        // A message may stand in a decision several times; the last one holds.
        let priced = messages.iter().filter(|message| message.pricing.is_some());
        let last: BTreeMap<u32, &Message> = priced.map(|message| (message.id.n, message)).collect();
        for message in last.into_values() {
            let key = BilledKey {
                workspace: self.workspace,
                message: message.id,
            };
            let before = self.core.store.get(&key)?;
            let country = match before {
                Some(before) => before.country,
                None => self.country(conversation)?,
            };
            let Some(billed) = Billed::of(message, conversation.channel, country) else {
                continue;
            };
            if before == Some(billed) {
                continue;
            }
            if let Some(before) = before {
                self.add(batch, &before, -1);
            }
            batch.put(&key, &billed, &Seal::Open);
            self.add(batch, &billed, 1);
        }
        Ok(())
    }

    /// Counts a message, or takes it back.
    fn add(&self, batch: &mut Batch, billed: &Billed, sign: i64) {
        let counter = UsageKey::of(self.workspace, billed);
        batch.add(&counter, sign);
        if billed.more_units() > 0 {
            batch.add(&counter.parts(), sign * i64::from(billed.more_units()));
        }
    }

    /// The country of the customer's number.
    fn country(&self, conversation: &Conversation) -> Result<[u8; 2], StorageError> {
        let contact: Option<Contact> = self.core.store.get(&ContactKey {
            workspace: self.workspace,
            contact: conversation.contact,
        })?;
        let identities = contact.map(|contact| contact.identities).unwrap_or_default();
        let found = identities.iter().find_map(crate::domain::Identity::country);
        Ok(found.unwrap_or(NO_COUNTRY))
    }

    /// Keeps a thread with imported messages, or with fetched ones that belong before others, in the order of their times:
    /// with the first of them every message gets a row, and from then on every new one.
    pub(super) fn place_in_time(
        &self,
        batch: &mut Batch,
        before: &Conversation,
        messages: &[Message],
    ) -> Result<(), StorageError> {
        let new: BTreeMap<u32, &Message> = messages
            .iter()
            .filter(|message| message.id.n >= before.next_n)
            .map(|message| (message.id.n, message))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let prefix = Prefix::<MessageByTimeKey>::table()
            .with(self.workspace)
            .with(before.id);
        let has_rows = !self.core.store.scan_keys(&prefix, None, 1)?.is_empty();
        if !has_rows && !new.values().any(|message| message.is_imported()) && !is_out_of_order(before, &new) {
            return Ok(());
        }
        if !has_rows {
            self.place_all(batch, before)?;
        }
        for message in new.into_values() {
            batch.put(&self.place(message), &(), &Seal::Open);
        }
        Ok(())
    }

    fn place(&self, message: &Message) -> MessageByTimeKey {
        let MessageId { conversation, n } = message.id;
        MessageByTimeKey {
            workspace: self.workspace,
            conversation,
            at: message.created_at,
            n,
        }
    }

    fn place_all(&self, batch: &mut Batch, conversation: &Conversation) -> Result<(), StorageError> {
        let prefix = Prefix::<MessageKey>::table()
            .with(self.workspace)
            .with(conversation.id);
        let mut after = None;
        loop {
            let page = self.core.store.scan(&prefix, after.as_ref(), PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(key, _)| *key);
            for (_, message) in &page {
                batch.put(&self.place(message), &(), &Seal::Open);
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Whether a message that was fetched late belongs before one that is there.
fn is_out_of_order(before: &Conversation, new: &BTreeMap<u32, &Message>) -> bool {
    let mut newest = before.last_message.as_ref().map(|last| last.at);
    for message in new.values() {
        if message.is_fetched() && newest.is_some_and(|newest| message.created_at < newest) {
            return true;
        }
        newest = newest.max(Some(message.created_at));
    }
    false
}
