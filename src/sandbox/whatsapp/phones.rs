//! One business's view of the simulated phones: the customers that it knows, how they act towards it, and the faults of
//! its number. Nothing here shows or changes what belongs to another number.

use std::sync::Arc;

use super::accounts::Number;
use super::customers::{Behaviour, Customer, Direction, EntryState, Record, TranscriptEntry};
use super::faults::Faults;
use super::inbound::checked_key;
use super::state::Shared;
use super::{SandboxError, Simulator, statuses};

/// A customer's phone as far as one business is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct PhoneView {
    pub customer: Customer,
    pub behaviour: Behaviour,
    /// Messages of the business that have arrived and are not read.
    pub unread: usize,
    /// The business shows that it is typing.
    pub business_typing: bool,
    /// The newest message that is no reaction.
    pub last: Option<TranscriptEntry>,
}

impl Simulator {
    fn number_of(&self, phone_number_id: &str) -> Result<Arc<Number>, SandboxError> {
        let found = self.shared().accounts.number(phone_number_id);
        found.ok_or(SandboxError::UnknownNumber)
    }

    /// Makes a customer known to a number, or changes the name and language that this number sees.
    ///
    /// # Errors
    /// Unknown number, ids of a wrong form, or a full directory.
    pub fn put_customer_of(&self, phone_number_id: &str, customer: &Customer) -> Result<(), SandboxError> {
        self.restore_thread(phone_number_id, customer, Vec::new(), None)
    }

    /// Makes a customer known to a number together with what was said before this simulator ran, oldest first, and when
    /// the customer last wrote (milliseconds since 1970). Messages that are known already stay as they are.
    ///
    /// # Errors
    /// Unknown number, ids of a wrong form, or a full directory.
    pub fn restore_thread(
        &self,
        phone_number_id: &str,
        customer: &Customer,
        earlier: Vec<TranscriptEntry>,
        last_inbound_ms: Option<i64>,
    ) -> Result<(), SandboxError> {
        self.number_of(phone_number_id)?;
        let key = checked_key(customer)?;
        let customers = &self.shared().customers;
        // The record is shared between numbers, so it gets no name.
        let profile = || Customer {
            name: String::new(),
            language: None,
            ..customer.clone()
        };
        let restored = customers.with_or_new(key, profile, |record| {
            let thread = record.thread(phone_number_id);
            if !customer.name.is_empty() {
                thread.name = Some(customer.name.clone());
            }
            thread.language = customer.language.clone().or(thread.language.take());
            thread.last_inbound_ms = thread.last_inbound_ms.max(last_inbound_ms);
            if !earlier.is_empty() {
                thread.remember(earlier, customers.transcript_limit);
            }
        });
        restored.ok_or(SandboxError::Full("customers"))
    }

    /// Up to `limit` customers of a number, who wrote or were written to last first.
    #[must_use]
    pub fn customers_of(&self, phone_number_id: &str, limit: usize) -> Vec<PhoneView> {
        let shared = self.shared();
        let mut all = shared
            .customers
            .of_number(phone_number_id, |_, record| view(shared, phone_number_id, record));
        let order = |view: &PhoneView| {
            let at = view.last.as_ref().map_or(i64::MIN, |entry| entry.at_ms);
            (std::cmp::Reverse(at), view.customer.key().map(str::to_owned))
        };
        all.sort_by_cached_key(order);
        all.truncate(limit);
        all
    }

    /// One customer of a number, by number or user id.
    #[must_use]
    pub fn customer_of(&self, phone_number_id: &str, customer: &str) -> Option<PhoneView> {
        let shared = self.shared();
        let key = shared.customers.resolve(customer);
        let found = shared.customers.with(&key, |record| {
            record.known_thread(phone_number_id)?;
            Some(view(shared, phone_number_id, record))
        });
        found.flatten()
    }

    /// How a customer acts towards one number from now on. A phone that is switched on again receives what has waited.
    ///
    /// # Errors
    /// Unknown number, or a customer that it does not know.
    pub fn set_behaviour_to(
        &self,
        phone_number_id: &str,
        customer: &str,
        behaviour: Behaviour,
    ) -> Result<(), SandboxError> {
        let number = self.number_of(phone_number_id)?;
        self.customer_of(phone_number_id, customer)
            .ok_or(SandboxError::UnknownCustomer)?;
        let key = self.shared().customers.resolve(customer);
        match statuses::behave_to(self.shared(), &number, &key, behaviour) {
            true => Ok(()),
            false => Err(SandboxError::UnknownCustomer),
        }
    }

    /// How customers act that nobody configured.
    #[must_use]
    pub fn default_behaviour(&self) -> &Behaviour {
        &self.shared().config.default_behaviour
    }

    /// The faults of one number, beside those of the whole simulator.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn faults_of(&self, phone_number_id: &str) -> Result<Faults, SandboxError> {
        Ok(self.number_of(phone_number_id)?.faults.get())
    }

    /// Replaces the faults of one number. `hold_webhooks` and `token_expired` concern the whole simulator and have no
    /// effect here; `down` strikes sends only.
    ///
    /// # Errors
    /// [`SandboxError::UnknownNumber`].
    pub fn set_faults_of(&self, phone_number_id: &str, faults: Faults) -> Result<(), SandboxError> {
        self.number_of(phone_number_id)?.faults.set(faults);
        Ok(())
    }
}

fn view(shared: &Shared, phone_number_id: &str, record: &mut Record) -> PhoneView {
    let default = &shared.config.default_behaviour;
    let behaviour = record.behaviour_for(phone_number_id).unwrap_or(default).clone();
    let customer = record.profile_for(phone_number_id);
    let now_ms = shared.clock.now_ms();
    let mut view = PhoneView {
        customer,
        behaviour,
        unread: 0,
        business_typing: false,
        last: None,
    };
    if let Some(thread) = record.known_thread(phone_number_id) {
        view.business_typing = thread.typing_until_ms.is_some_and(|until| now_ms < until);
        for entry in thread.entries().filter(|entry| entry.kind != "reaction") {
            let arrived = entry.state == EntryState::Delivered;
            view.unread += usize::from(arrived && entry.direction == Direction::FromBusiness);
        }
        let newest = thread.entries().rev().find(|entry| entry.kind != "reaction");
        view.last = newest.map(|entry| entry.clone());
    }
    view
}
