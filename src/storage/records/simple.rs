//! Stored forms of single values: numbers, times, ids, hashes, a JSON text.

use bincode::{Decode, Encode};

use crate::domain::{ContactId, ConversationId, MessageId, TemplateId, Timestamp, UserId, WorkspaceId};

use super::super::error::StorageError;
use super::{Json, Newest, Stored};

/// Nothing: the key says it all.
#[derive(Encode, Decode)]
pub(super) struct UnitV1;

impl Stored for UnitV1 {
    type Domain = ();
    fn into_domain(self) -> Result<(), StorageError> {
        Ok(())
    }
}

impl Newest for UnitV1 {
    fn from_domain(_: &()) -> Self {
        Self
    }
}

macro_rules! single {
    ($($(#[$doc:meta])* $name:ident($plain:ty) holds $domain:ty: $from:expr, $into:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Encode, Decode)]
        pub(super) struct $name($plain);

        impl Stored for $name {
            type Domain = $domain;
            fn into_domain(self) -> Result<$domain, StorageError> {
                let into: fn($plain) -> $domain = $into;
                Ok(into(self.0))
            }
        }

        impl Newest for $name {
            fn from_domain(value: &$domain) -> Self {
                let from: fn(&$domain) -> $plain = $from;
                Self(from(value))
            }
        }
    )*};
}

single! {
    /// A counter, version or position.
    NumberV1(u64) holds u64: |n| *n, |n| n;
    /// Microseconds since 1970.
    TimestampV1(i64) holds Timestamp: |time| time.0, Timestamp;
    /// A hash, of a secret for example.
    HashV1([u8; 32]) holds [u8; 32]: |hash| *hash, |hash| hash;
    /// A user of a workspace.
    UserReferenceV1(([u8; 16], [u8; 16])) holds (WorkspaceId, UserId):
        |(workspace, user)| (workspace.0, user.0), |(workspace, user)| (WorkspaceId(workspace), UserId(user));
    /// A message of a workspace.
    MessageReferenceV1(([u8; 16], [u8; 16], u32)) holds (WorkspaceId, MessageId):
        |(workspace, id)| (workspace.0, id.conversation.0, id.n),
        |(workspace, conversation, n)| (
            WorkspaceId(workspace), MessageId { conversation: ConversationId(conversation), n });
    /// See [`ContactId`].
    ContactIdV1([u8; 16]) holds ContactId: |id| id.0, ContactId;
    /// See [`ConversationId`].
    ConversationIdV1([u8; 16]) holds ConversationId: |id| id.0, ConversationId;
    /// See [`TemplateId`].
    TemplateIdV1([u8; 16]) holds TemplateId: |id| id.0, TemplateId;
    /// See [`MessageId`]. Also stands inside larger records.
    MessageIdV1(([u8; 16], u32)) holds MessageId:
        |id| (id.conversation.0, id.n), |(conversation, n)| MessageId { conversation: ConversationId(conversation), n };
    /// A text that is JSON; not parsed here.
    JsonV1(String) holds Json: |json| json.0.clone(), Json;
}

impl From<MessageId> for MessageIdV1 {
    fn from(id: MessageId) -> Self {
        Self::from_domain(&id)
    }
}

impl From<MessageIdV1> for MessageId {
    fn from(MessageIdV1((conversation, n)): MessageIdV1) -> Self {
        Self {
            conversation: ConversationId(conversation),
            n,
        }
    }
}
