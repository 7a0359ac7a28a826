//! Stored forms of the domain's types: what stands in the store, version by version.
//!
//! Owns the shape of every record's body and the way from old versions to the newest. A stored struct is neither the
//! domain's type nor the API's view: it is made of plain types only, stays for good once released, and every version of
//! it has golden bytes in `tests/fixtures/records/`. Must not know sealing, compression or keys: those wrap the body.
//!
//! To change a stored struct: leave `FooV1` as it is, add `FooV2`, let `FooV1::into_domain` go through it, append
//! `2 => FooV2` to the catalogue below, and write the new fixture (see `tests/records.rs`).

mod account;
mod conversation;
mod directory;
mod early;
mod marks;
mod media;
mod message;
mod operations;
mod simple;
mod standing;
mod template;
mod words;

use crate::domain::account::{ApiToken, Session, User, Workspace};
use crate::domain::billing::Billed;
use crate::domain::consent::Consent;
use crate::domain::health::ChannelHealth;
use crate::domain::operations::{
    Alert, DeadLetter, Draft, DueWork, EarlyStatus, IdempotencyRecord, Notice, OutboxEntry, RawEvent,
};
use crate::domain::template::{self as templates, Template};
use crate::domain::{
    Channel, Contact, ContactId, Conversation, ConversationId, Media, MediaId, Message, MessageId,
    TemplateId, Timestamp, UserId, WorkspaceId,
};

use super::codec;
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

/// A record's entry in the catalogue of everything that can be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Catalogued {
    /// Its number in the envelope.
    pub kind: u16,
    /// The domain type's name.
    pub name: &'static str,
    /// Every version that can be read; the last one is written.
    pub versions: &'static [u16],
}

/// One version of a stored form. Every version knows the way to the domain's type.
trait Stored: Sized {
    /// What it holds.
    type Domain;
    /// Takes it back.
    fn into_domain(self) -> Result<Self::Domain, StorageError>;
}

/// The version that is written.
trait Newest: Stored {
    /// The stored form of a value.
    fn from_domain(value: &Self::Domain) -> Self;
}

fn unknown_version(name: &'static str, version: u16, newest: u16) -> StorageError {
    StorageError::Damaged {
        table: name,
        cause: format!("version {version} is unknown; this program reads up to {newest}"),
    }
}

/// Says which field holds what cannot be. Never quotes texts: they may be personal.
fn impossible(name: &'static str, field: &str, number: impl std::fmt::Display) -> StorageError {
    StorageError::Damaged {
        table: name,
        cause: format!("{field} holds the unknown number {number}"),
    }
}

macro_rules! last {
    ($last:tt) => { $last };
    ($first:tt, $($rest:tt),+) => { last!($($rest),+) };
}

macro_rules! newest {
    ($domain:ty; $last:ty) => { <$last as Newest>::from_domain };
    ($domain:ty; $first:ty, $($rest:ty),+) => { newest!($domain; $($rest),+) };
}

macro_rules! records {
    ($($kind:literal $domain:ty, $name:literal { $($version:literal => $stored:ty),+ })*) => {
        $(impl Record for $domain {
            const KIND: u16 = $kind;
            const VERSION: u16 = last!($($version),+);
            fn encode(&self) -> Vec<u8> {
                codec::to_bytes(&newest!($domain; $($stored),+)(self))
            }
            fn decode(version: u16, bytes: &[u8]) -> Result<Self, StorageError> {
                match version {
                    $($version => codec::from_bytes::<$stored>(bytes)?.into_domain(),)+
                    other => Err(unknown_version($name, other, Self::VERSION)),
                }
            }
        })*

        /// Everything that can be stored, by kind. A kind is never reused, a version never dropped.
        pub const CATALOGUE: &[Catalogued] = &[
            $(Catalogued { kind: $kind, name: $name, versions: &[$($version),+] }),*
        ];
    };
}

records! {
    1 (), "unit" { 1 => simple::UnitV1 }
    2 u64, "number" { 1 => simple::NumberV1 }
    3 Timestamp, "timestamp" { 1 => simple::TimestampV1 }
    4 [u8; 32], "hash" { 1 => simple::HashV1 }
    5 (WorkspaceId, UserId), "user_reference" { 1 => simple::UserReferenceV1 }
    6 ContactId, "contact_id" { 1 => simple::ContactIdV1 }
    7 ConversationId, "conversation_id" { 1 => simple::ConversationIdV1 }
    8 MessageId, "message_id" { 1 => simple::MessageIdV1 }
    9 Json, "json" { 1 => simple::JsonV1 }
    10 Workspace, "workspace" { 1 => account::WorkspaceV1 }
    11 User, "user" { 1 => account::UserV1 }
    12 Session, "session" { 1 => account::SessionV1 }
    13 ApiToken, "api_token" { 1 => account::ApiTokenV1 }
    14 Channel, "channel" { 1 => directory::ChannelV1 }
    15 Contact, "contact" { 1 => directory::ContactV1 }
    16 Conversation, "conversation" { 1 => conversation::ConversationV1, 2 => conversation::ConversationV2, 3 => conversation::ConversationV3 }
    17 Message, "message" { 1 => message::MessageV1, 2 => message::MessageV2, 3 => message::MessageV3,
        4 => message::MessageV4 }
    18 EarlyStatus, "early_status" { 1 => early::EarlyStatusV1, 2 => early::EarlyStatusV2 }
    19 OutboxEntry, "outbox_entry" { 1 => operations::OutboxEntryV1 }
    20 DeadLetter, "dead_letter" { 1 => operations::DeadLetterV1 }
    21 RawEvent, "raw_event" { 1 => operations::RawEventV1, 2 => operations::RawEventV2 }
    22 Notice, "notice" { 1 => operations::NoticeV1 }
    23 Alert, "alert" { 1 => operations::AlertV1 }
    24 DueWork, "due_work" { 1 => operations::DueWorkV1 }
    25 IdempotencyRecord, "idempotency_record" { 1 => operations::IdempotencyRecordV1 }
    26 Draft, "draft" { 1 => operations::DraftV1, 2 => operations::DraftV2 }
    80 Consent, "consent" { 1 => standing::ConsentV1 }
    81 ChannelHealth, "channel_health" { 1 => standing::ChannelHealthV1 }
    82 Billed, "billed" { 1 => standing::BilledV1, 2 => standing::BilledV2 }
    60 Media, "media" { 1 => media::MediaV1 }
    61 MediaId, "media_id" { 1 => media::MediaIdV1 }
    40 (WorkspaceId, MessageId), "message_reference" { 1 => simple::MessageReferenceV1 }
    70 Template, "template" { 1 => template::TemplateV1 }
    71 templates::Change, "template_change" { 1 => template::ChangeV1 }
    72 templates::Performance, "template_performance" { 1 => template::PerformanceV1, 2 => template::PerformanceV2 }
    73 templates::Account, "template_account" { 1 => template::AccountV1 }
    74 TemplateId, "template_id" { 1 => simple::TemplateIdV1 }
}
