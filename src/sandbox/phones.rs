//! Customers' phones, whichever simulator plays them: what the phone page needs of each.
//!
//! A *line* is a business's address at the simulator: a phone number id, or a sender. Nothing here shows or changes what
//! belongs to another line.

use actix_web::web::Bytes;

use super::whatsapp::{
    Behaviour, Customer, CustomerMessage, Faults, PhoneView, SandboxError, Simulator, TranscriptEntry,
};

/// The phones of a simulator.
pub trait PhoneBook: Send + Sync {
    /// Up to `limit` customers of a line, who wrote or were written to last first.
    fn customers_of(&self, line: &str, limit: usize) -> Vec<PhoneView>;

    /// One customer of a line.
    fn customer_of(&self, line: &str, customer: &str) -> Option<PhoneView>;

    /// Makes a customer known to a line together with what was said before, oldest first, and when the customer last wrote
    /// (milliseconds since 1970). Messages that are known already stay as they are.
    ///
    /// # Errors
    /// Unknown line, ids of a wrong form, or a full directory.
    fn restore_thread(
        &self,
        line: &str,
        customer: &Customer,
        earlier: Vec<TranscriptEntry>,
        last_inbound_ms: Option<i64>,
    ) -> Result<(), SandboxError>;

    /// The messages between a line and a customer, oldest first.
    fn transcript(&self, line: &str, customer: &str) -> Vec<TranscriptEntry>;

    /// Writes as a customer; returns the message's id.
    ///
    /// # Errors
    /// Unknown line, ids of a wrong form, a message that this medium does not carry, or a limit.
    fn customer_says(
        &self,
        line: &str,
        customer: &Customer,
        message: CustomerMessage,
    ) -> Result<String, SandboxError>;

    /// The customer opens the chat. Returns how many messages turned read.
    ///
    /// # Errors
    /// Unknown line or customer.
    fn customer_reads(&self, line: &str, customer: &str) -> Result<usize, SandboxError>;

    /// A file in a chat by its id: its type and its bytes.
    fn media(&self, id: &str) -> Option<(String, Bytes)> {
        let _ = id;
        None
    }

    /// How a customer acts towards a line from now on.
    ///
    /// # Errors
    /// Unknown line or customer.
    fn set_behaviour_to(&self, line: &str, customer: &str, behaviour: Behaviour) -> Result<(), SandboxError>;

    /// How customers act that nobody configured.
    fn default_behaviour(&self) -> &Behaviour;

    /// The faults of one line.
    ///
    /// # Errors
    /// Unknown line.
    fn faults_of(&self, line: &str) -> Result<Faults, SandboxError>;

    /// Replaces the faults of one line.
    ///
    /// # Errors
    /// Unknown line.
    fn set_faults_of(&self, line: &str, faults: Faults) -> Result<(), SandboxError>;

    /// The provider's code for a recipient who cannot be reached.
    fn undeliverable(&self) -> u32;
}

impl PhoneBook for Simulator {
    fn media(&self, id: &str) -> Option<(String, Bytes)> {
        Self::media(self, id)
    }

    fn customers_of(&self, line: &str, limit: usize) -> Vec<PhoneView> {
        Self::customers_of(self, line, limit)
    }

    fn customer_of(&self, line: &str, customer: &str) -> Option<PhoneView> {
        Self::customer_of(self, line, customer)
    }

    fn restore_thread(
        &self,
        line: &str,
        customer: &Customer,
        earlier: Vec<TranscriptEntry>,
        last_inbound_ms: Option<i64>,
    ) -> Result<(), SandboxError> {
        Self::restore_thread(self, line, customer, earlier, last_inbound_ms)
    }

    fn transcript(&self, line: &str, customer: &str) -> Vec<TranscriptEntry> {
        Self::transcript(self, line, customer)
    }

    fn customer_says(
        &self,
        line: &str,
        customer: &Customer,
        message: CustomerMessage,
    ) -> Result<String, SandboxError> {
        Self::customer_says(self, line, customer, message)
    }

    fn customer_reads(&self, line: &str, customer: &str) -> Result<usize, SandboxError> {
        Self::customer_reads(self, line, customer)
    }

    fn set_behaviour_to(&self, line: &str, customer: &str, behaviour: Behaviour) -> Result<(), SandboxError> {
        Self::set_behaviour_to(self, line, customer, behaviour)
    }

    fn default_behaviour(&self) -> &Behaviour {
        Self::default_behaviour(self)
    }

    fn faults_of(&self, line: &str) -> Result<Faults, SandboxError> {
        Self::faults_of(self, line)
    }

    fn set_faults_of(&self, line: &str, faults: Faults) -> Result<(), SandboxError> {
        Self::set_faults_of(self, line, faults)
    }

    fn undeliverable(&self) -> u32 {
        131_026
    }
}
