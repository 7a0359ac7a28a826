//! Stored forms of the domain's types.

use crate::domain::account::{ApiToken, Session, User, Workspace};
use crate::domain::operations::{
    Alert, DeadLetter, Draft, DueWork, EarlyStatus, IdempotencyRecord, Notice, OutboxEntry, RawEvent,
};
use crate::domain::{
    Channel, Contact, ContactId, Conversation, ConversationId, Message, MessageId, Timestamp, UserId,
    WorkspaceId,
};

use super::error::StorageError;

/// Something that can stand in the store.
pub trait Record: Sized {
    /// Its number in the envelope. Never change or reuse one.
    const KIND: u16;
    /// The version that is written.
    const VERSION: u16;
    /// The newest version's bytes.
    fn encode(&self) -> Vec<u8>;
    /// Reads any version.
    ///
    /// # Errors
    /// The bytes are not of that version, or the version is unknown.
    fn decode(version: u16, bytes: &[u8]) -> Result<Self, StorageError>;
}

/// A JSON text, for settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Json(pub String);

macro_rules! placeholder {
    ($($n:literal $t:ty),* $(,)?) => {$(
        impl Record for $t {
            const KIND: u16 = $n;
            const VERSION: u16 = 1;
            fn encode(&self) -> Vec<u8> { todo!() }
            fn decode(_version: u16, _bytes: &[u8]) -> Result<Self, StorageError> { todo!() }
        }
    )*};
}
placeholder! {
    1 (), 2 u64, 3 Timestamp, 4 [u8; 32], 5 (WorkspaceId, UserId), 6 ContactId, 7 ConversationId, 8 MessageId, 9 Json,
    10 Workspace, 11 User, 12 Session, 13 ApiToken, 14 Channel, 15 Contact, 16 Conversation, 17 Message,
    18 EarlyStatus, 19 OutboxEntry, 20 DeadLetter, 21 RawEvent, 22 Notice, 23 Alert, 24 DueWork, 25 IdempotencyRecord,
    26 Draft,
}
