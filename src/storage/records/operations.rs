//! Stored forms of work under way and what went wrong.

use bincode::{Decode, Encode};

use crate::domain::operations::{
    Alert, DeadLetter, Draft, DueWork, IdempotencyRecord, Notice, OutboxEntry, RawEvent, RawState,
};
use crate::domain::{ChannelId, ContactId, ConversationId, RawEventId, Timestamp, TraceId, UserId};

use super::super::error::StorageError;
use super::message::ErrorV1;
use super::simple::MessageIdV1;
use super::words;
use super::{Newest, Stored, impossible};

#[derive(Encode, Decode)]
pub(super) struct RawEventV1 {
    id: u64,
    blob: u64,
    channel: [u8; 16],
    provider: u8,
    received_at: i64,
    state: u8,
    error: Option<String>,
    attempts: u32,
    size: u32,
    trace: [u8; 16],
}

impl Stored for RawEventV1 {
    type Domain = RawEvent;
    fn into_domain(self) -> Result<RawEvent, StorageError> {
        let state = RawState::from_u8(self.state);
        Ok(RawEvent {
            id: RawEventId(self.id),
            blob: RawEventId(self.blob),
            channel: ChannelId(self.channel),
            provider: self.provider,
            received_at: Timestamp(self.received_at),
            state: state.ok_or_else(|| impossible("raw_event", "state", self.state))?,
            error: self.error,
            attempts: self.attempts,
            size: self.size,
            trace: TraceId(self.trace),
            fetched: false,
        })
    }
}

/// Since it is known whether a webhook brought it.
#[derive(Encode, Decode)]
pub(super) struct RawEventV2 {
    event: RawEventV1,
    fetched: bool,
}

impl Newest for RawEventV2 {
    fn from_domain(value: &RawEvent) -> Self {
        let RawEvent {
            id,
            blob,
            channel,
            provider,
            received_at,
            state,
            error,
            attempts,
            size,
            trace,
            fetched,
        } = value;
        let event = RawEventV1 {
            id: id.0,
            blob: blob.0,
            channel: channel.0,
            provider: *provider,
            received_at: received_at.0,
            state: *state as u8,
            error: error.clone(),
            attempts: *attempts,
            size: *size,
            trace: trace.0,
        };
        Self {
            event,
            fetched: *fetched,
        }
    }
}

impl Stored for RawEventV2 {
    type Domain = RawEvent;
    fn into_domain(self) -> Result<RawEvent, StorageError> {
        Ok(RawEvent {
            fetched: self.fetched,
            ..self.event.into_domain()?
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct OutboxEntryV1 {
    message: MessageIdV1,
    channel: [u8; 16],
    contact: [u8; 16],
    active: bool,
    attempts: u32,
    due: i64,
    trace: [u8; 16],
}

impl Newest for OutboxEntryV1 {
    fn from_domain(value: &OutboxEntry) -> Self {
        let OutboxEntry {
            message,
            channel,
            contact,
            active,
            attempts,
            due,
            trace,
        } = value;
        Self {
            message: (*message).into(),
            channel: channel.0,
            contact: contact.0,
            active: *active,
            attempts: *attempts,
            due: due.0,
            trace: trace.0,
        }
    }
}

impl Stored for OutboxEntryV1 {
    type Domain = OutboxEntry;
    fn into_domain(self) -> Result<OutboxEntry, StorageError> {
        Ok(OutboxEntry {
            message: self.message.into(),
            channel: ChannelId(self.channel),
            contact: ContactId(self.contact),
            active: self.active,
            attempts: self.attempts,
            due: Timestamp(self.due),
            trace: TraceId(self.trace),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct DeadLetterV1 {
    message: MessageIdV1,
    channel: [u8; 16],
    error: ErrorV1,
    attempts: u32,
    failed_at: i64,
}

impl Newest for DeadLetterV1 {
    fn from_domain(value: &DeadLetter) -> Self {
        let DeadLetter {
            message,
            channel,
            error,
            attempts,
            failed_at,
        } = value;
        Self {
            message: (*message).into(),
            channel: channel.0,
            error: ErrorV1::new(error),
            attempts: *attempts,
            failed_at: failed_at.0,
        }
    }
}

impl Stored for DeadLetterV1 {
    type Domain = DeadLetter;
    fn into_domain(self) -> Result<DeadLetter, StorageError> {
        Ok(DeadLetter {
            message: self.message.into(),
            channel: ChannelId(self.channel),
            error: self.error.into_error(),
            attempts: self.attempts,
            failed_at: Timestamp(self.failed_at),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct NoticeV1 {
    id: u64,
    channel: [u8; 16],
    field: String,
    known: bool,
    body: String,
    received_at: i64,
    raw_event: u64,
}

impl Newest for NoticeV1 {
    fn from_domain(value: &Notice) -> Self {
        let Notice {
            id,
            channel,
            field,
            known,
            body,
            received_at,
            raw_event,
        } = value;
        Self {
            id: *id,
            channel: channel.0,
            field: field.clone(),
            known: *known,
            body: body.to_string(),
            received_at: received_at.0,
            raw_event: raw_event.0,
        }
    }
}

impl Stored for NoticeV1 {
    type Domain = Notice;
    fn into_domain(self) -> Result<Notice, StorageError> {
        Ok(Notice {
            id: self.id,
            channel: ChannelId(self.channel),
            field: self.field,
            known: self.known,
            body: words::json("notice", "body", &self.body)?,
            received_at: Timestamp(self.received_at),
            raw_event: RawEventId(self.raw_event),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct AlertV1 {
    id: u64,
    kind: String,
    subject: String,
    detail: String,
    raised_at: i64,
    cleared_at: Option<i64>,
    acknowledged_by: Option<[u8; 16]>,
}

impl Newest for AlertV1 {
    fn from_domain(value: &Alert) -> Self {
        let Alert {
            id,
            kind,
            subject,
            detail,
            raised_at,
            cleared_at,
            acknowledged_by,
        } = value;
        Self {
            id: *id,
            kind: kind.clone(),
            subject: subject.clone(),
            detail: detail.clone(),
            raised_at: raised_at.0,
            cleared_at: cleared_at.map(|at| at.0),
            acknowledged_by: acknowledged_by.map(|user| user.0),
        }
    }
}

impl Stored for AlertV1 {
    type Domain = Alert;
    fn into_domain(self) -> Result<Alert, StorageError> {
        Ok(Alert {
            id: self.id,
            kind: self.kind,
            subject: self.subject,
            detail: self.detail,
            raised_at: Timestamp(self.raised_at),
            cleared_at: self.cleared_at.map(Timestamp),
            acknowledged_by: self.acknowledged_by.map(UserId),
        })
    }
}

/// Grows only at the end.
#[derive(Encode, Decode)]
pub(super) enum DueWorkV1 {
    Unsnooze([u8; 16]),
    ForgetIdempotencyKey([u8; 16]),
    ReviewDoubtful(MessageIdV1),
    ForgetRawEvent(u64),
    EndSession([u8; 32]),
    ForgetEarlyStatus([u8; 16], [u8; 16]),
    ForgetLink([u8; 12]),
}

impl Newest for DueWorkV1 {
    fn from_domain(value: &DueWork) -> Self {
        match value {
            DueWork::Unsnooze(conversation) => Self::Unsnooze(conversation.0),
            DueWork::ForgetIdempotencyKey(key) => Self::ForgetIdempotencyKey(*key),
            DueWork::ReviewDoubtful(message) => Self::ReviewDoubtful((*message).into()),
            DueWork::ForgetRawEvent(raw) => Self::ForgetRawEvent(raw.0),
            DueWork::EndSession(secret) => Self::EndSession(*secret),
            DueWork::ForgetEarlyStatus(channel, id) => Self::ForgetEarlyStatus(channel.0, *id),
            DueWork::ForgetLink(code) => Self::ForgetLink(*code),
        }
    }
}

impl Stored for DueWorkV1 {
    type Domain = DueWork;
    fn into_domain(self) -> Result<DueWork, StorageError> {
        Ok(match self {
            Self::Unsnooze(conversation) => DueWork::Unsnooze(ConversationId(conversation)),
            Self::ForgetIdempotencyKey(key) => DueWork::ForgetIdempotencyKey(key),
            Self::ReviewDoubtful(message) => DueWork::ReviewDoubtful(message.into()),
            Self::ForgetRawEvent(raw) => DueWork::ForgetRawEvent(RawEventId(raw)),
            Self::EndSession(secret) => DueWork::EndSession(secret),
            Self::ForgetEarlyStatus(channel, id) => DueWork::ForgetEarlyStatus(ChannelId(channel), id),
            Self::ForgetLink(code) => DueWork::ForgetLink(code),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct IdempotencyRecordV1 {
    request_hash: [u8; 32],
    message: MessageIdV1,
    created_at: i64,
}

impl Newest for IdempotencyRecordV1 {
    fn from_domain(value: &IdempotencyRecord) -> Self {
        let IdempotencyRecord {
            request_hash,
            message,
            created_at,
        } = value;
        Self {
            request_hash: *request_hash,
            message: (*message).into(),
            created_at: created_at.0,
        }
    }
}

impl Stored for IdempotencyRecordV1 {
    type Domain = IdempotencyRecord;
    fn into_domain(self) -> Result<IdempotencyRecord, StorageError> {
        Ok(IdempotencyRecord {
            request_hash: self.request_hash,
            message: self.message.into(),
            created_at: Timestamp(self.created_at),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct DraftV1 {
    reply: String,
    note: String,
    updated_at: i64,
}

impl Stored for DraftV1 {
    type Domain = Draft;
    fn into_domain(self) -> Result<Draft, StorageError> {
        Ok(Draft {
            reply: self.reply,
            note: self.note,
            extras: String::new(),
            updated_at: Timestamp(self.updated_at),
        })
    }
}

/// With what belongs to a reply beside its text.
#[derive(Encode, Decode)]
pub(super) struct DraftV2 {
    reply: String,
    note: String,
    extras: String,
    updated_at: i64,
}

impl Newest for DraftV2 {
    fn from_domain(value: &Draft) -> Self {
        let Draft {
            reply,
            note,
            extras,
            updated_at,
        } = value;
        Self {
            reply: reply.clone(),
            note: note.clone(),
            extras: extras.clone(),
            updated_at: updated_at.0,
        }
    }
}

impl Stored for DraftV2 {
    type Domain = Draft;
    fn into_domain(self) -> Result<Draft, StorageError> {
        Ok(Draft {
            reply: self.reply,
            note: self.note,
            extras: self.extras,
            updated_at: Timestamp(self.updated_at),
        })
    }
}
