//! Stored form of statuses that came before the answer to their send.

use bincode::{Decode, Encode};

use crate::domain::inbound::StatusUpdate;
use crate::domain::operations::EarlyStatus;
use crate::domain::{MessageId, Timestamp};

use super::super::error::StorageError;
use super::directory::IdentityV1;
use super::message::{ErrorV1, PricingV1};
use super::simple::MessageIdV1;
use super::words;
use super::{Newest, Stored};

#[derive(Encode, Decode)]
pub(super) struct EarlyStatusV1 {
    updates: Vec<StatusUpdateV1>,
    received_at: i64,
}

impl Stored for EarlyStatusV1 {
    type Domain = EarlyStatus;
    fn into_domain(self) -> Result<EarlyStatus, StorageError> {
        let updates = self.updates.into_iter();
        Ok(EarlyStatus {
            updates: updates
                .map(StatusUpdateV1::into_update)
                .collect::<Result<_, _>>()?,
            received_at: Timestamp(self.received_at),
        })
    }
}

/// The first version with the end of what each of them says is free.
#[derive(Encode, Decode)]
pub(super) struct EarlyStatusV2 {
    early: EarlyStatusV1,
    free_until: Vec<Option<i64>>,
}

impl Newest for EarlyStatusV2 {
    fn from_domain(value: &EarlyStatus) -> Self {
        let EarlyStatus { updates, received_at } = value;
        Self {
            early: EarlyStatusV1 {
                updates: updates.iter().map(StatusUpdateV1::new).collect(),
                received_at: received_at.0,
            },
            free_until: updates.iter().map(|it| it.free_until.map(|at| at.0)).collect(),
        }
    }
}

impl Stored for EarlyStatusV2 {
    type Domain = EarlyStatus;
    fn into_domain(self) -> Result<EarlyStatus, StorageError> {
        let mut early = self.early.into_domain()?;
        for (update, until) in early.updates.iter_mut().zip(self.free_until) {
            update.free_until = until.map(Timestamp);
        }
        Ok(early)
    }
}

#[derive(Encode, Decode)]
struct StatusUpdateV1 {
    provider_message_id: String,
    status: u8,
    at: Option<i64>,
    callback: Option<MessageIdV1>,
    recipient: Vec<IdentityV1>,
    error: Option<ErrorV1>,
    error_class: Option<u8>,
    pricing: Option<PricingV1>,
}

impl StatusUpdateV1 {
    fn new(update: &StatusUpdate) -> Self {
        let StatusUpdate {
            provider_message_id,
            status,
            at,
            callback,
            recipient,
            error,
            error_class,
            pricing,
            free_until: _,
        } = update;
        Self {
            provider_message_id: provider_message_id.clone(),
            status: words::status_number(*status),
            at: at.map(|at| at.0),
            callback: callback.map(MessageIdV1::from),
            recipient: recipient.iter().map(IdentityV1::new).collect(),
            error: error.as_ref().map(ErrorV1::new),
            error_class: error_class.map(words::class_number),
            pricing: pricing.as_ref().map(PricingV1::new),
        }
    }

    fn into_update(self) -> Result<StatusUpdate, StorageError> {
        const NAME: &str = "early_status";
        let recipient = self.recipient.into_iter();
        let class = |number| words::class(NAME, "error class", number);
        let pricing = |pricing: PricingV1| pricing.into_pricing(NAME);
        Ok(StatusUpdate {
            provider_message_id: self.provider_message_id,
            status: words::status(NAME, "status", self.status)?,
            at: self.at.map(Timestamp),
            callback: self.callback.map(MessageId::from),
            recipient: recipient
                .map(|identity| identity.into_identity(NAME))
                .collect::<Result<_, _>>()?,
            error: self.error.map(ErrorV1::into_error),
            error_class: self.error_class.map(class).transpose()?,
            pricing: self.pricing.map(pricing).transpose()?,
            free_until: None,
        })
    }
}
