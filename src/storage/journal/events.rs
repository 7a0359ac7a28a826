//! Stored form of the domain's events: fixed layout, hand-built. Tags are stored: never change or reuse one.
//!
//! `workspace 16 | at i64 | trace 16 | tag u8 | the tag's ids`. The seq is not stored: it is the frame's first seq plus the
//! event's place.

use super::frame::take;
use crate::domain::{
    ChannelId, ContactId, ConversationId, Event, EventKind, MessageId, RawEventId, Timestamp, TraceId,
    UserId, WorkspaceId,
};
use crate::storage::batch::PendingEvent;

/// Appends an event.
pub(super) fn write(event: &PendingEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(&event.workspace.0);
    out.extend_from_slice(&event.at.0.to_be_bytes());
    out.extend_from_slice(&event.trace.0);
    match event.kind {
        EventKind::MessageCreated(id) => message(1, id, out),
        EventKind::MessageUpdated(id) => message(2, id, out),
        EventKind::ConversationCreated(id) => tagged(3, &id.0, out),
        EventKind::ConversationUpdated(id) => tagged(4, &id.0, out),
        EventKind::ContactCreated(id) => tagged(5, &id.0, out),
        EventKind::ContactUpdated(id) => tagged(6, &id.0, out),
        EventKind::ChannelUpdated(id) => tagged(7, &id.0, out),
        EventKind::ChannelRemoved(id) => tagged(8, &id.0, out),
        EventKind::RawEventParked(id) => tagged(9, &id.0.to_be_bytes(), out),
        EventKind::DeadLetterCreated(id) => message(10, id, out),
        EventKind::DeadLetterRemoved(id) => message(11, id, out),
        EventKind::NoticeCreated(n) => tagged(12, &n.to_be_bytes(), out),
        EventKind::UserUpdated(id) => tagged(13, &id.0, out),
        EventKind::AlertRaised(n) => tagged(14, &n.to_be_bytes(), out),
        EventKind::AlertCleared(n) => tagged(15, &n.to_be_bytes(), out),
        EventKind::MessageRevised(id) => message(24, id, out),
    }
}

fn tagged(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn message(tag: u8, id: MessageId, out: &mut Vec<u8>) {
    tagged(tag, &id.conversation.0, out);
    out.extend_from_slice(&id.n.to_be_bytes());
}

/// Reads a frame's events; `None` if they are not of this layout.
pub(super) fn read_all(input: &mut &[u8], first_seq: u64, count: u32) -> Option<Vec<Event>> {
    (0..u64::from(count))
        .map(|i| read(input, first_seq + i))
        .collect()
}

fn read(input: &mut &[u8], seq: u64) -> Option<Event> {
    let workspace = WorkspaceId(take(input)?);
    let at = Timestamp(i64::from_be_bytes(take(input)?));
    let trace = TraceId(take(input)?);
    let [tag] = take(input)?;
    let kind = read_kind(tag, input)?;
    Some(Event {
        seq,
        workspace,
        at,
        trace,
        kind,
    })
}

fn read_kind(tag: u8, input: &mut &[u8]) -> Option<EventKind> {
    Some(match tag {
        1 => EventKind::MessageCreated(read_message(input)?),
        2 => EventKind::MessageUpdated(read_message(input)?),
        3 => EventKind::ConversationCreated(ConversationId(take(input)?)),
        4 => EventKind::ConversationUpdated(ConversationId(take(input)?)),
        5 => EventKind::ContactCreated(ContactId(take(input)?)),
        6 => EventKind::ContactUpdated(ContactId(take(input)?)),
        7 => EventKind::ChannelUpdated(ChannelId(take(input)?)),
        8 => EventKind::ChannelRemoved(ChannelId(take(input)?)),
        9 => EventKind::RawEventParked(RawEventId(number(input)?)),
        10 => EventKind::DeadLetterCreated(read_message(input)?),
        11 => EventKind::DeadLetterRemoved(read_message(input)?),
        12 => EventKind::NoticeCreated(number(input)?),
        13 => EventKind::UserUpdated(UserId(take(input)?)),
        14 => EventKind::AlertRaised(number(input)?),
        15 => EventKind::AlertCleared(number(input)?),
        24 => EventKind::MessageRevised(read_message(input)?),
        _ => return None,
    })
}

fn number(input: &mut &[u8]) -> Option<u64> {
    take(input).map(u64::from_be_bytes)
}

fn read_message(input: &mut &[u8]) -> Option<MessageId> {
    let conversation = ConversationId(take(input)?);
    let n = u32::from_be_bytes(take(input)?);
    Some(MessageId { conversation, n })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips_and_keeps_its_tag() {
        let message = MessageId {
            conversation: ConversationId([1; 16]),
            n: 9,
        };
        let kinds = [
            EventKind::MessageCreated(message),
            EventKind::MessageUpdated(message),
            EventKind::ConversationCreated(ConversationId([2; 16])),
            EventKind::ConversationUpdated(ConversationId([3; 16])),
            EventKind::ContactCreated(ContactId([4; 16])),
            EventKind::ContactUpdated(ContactId([5; 16])),
            EventKind::ChannelUpdated(ChannelId([6; 16])),
            EventKind::ChannelRemoved(ChannelId([7; 16])),
            EventKind::RawEventParked(RawEventId(8)),
            EventKind::DeadLetterCreated(message),
            EventKind::DeadLetterRemoved(message),
            EventKind::NoticeCreated(12),
            EventKind::UserUpdated(UserId([13; 16])),
            EventKind::AlertRaised(14),
            EventKind::AlertCleared(15),
            EventKind::MessageRevised(message),
        ];
        let tags: Vec<u8> = (1..=15).chain([24]).collect();
        let mut bytes = vec![];
        for (i, kind) in kinds.iter().enumerate() {
            let start = bytes.len();
            let (workspace, trace) = (WorkspaceId([8; 16]), TraceId([9; 16]));
            write(
                &PendingEvent {
                    workspace,
                    at: Timestamp(-5),
                    trace,
                    kind: kind.clone(),
                },
                &mut bytes,
            );
            assert_eq!(bytes[start + 40], tags[i], "tag of {kind:?}");
        }
        let mut input = bytes.as_slice();
        let events = read_all(&mut input, 100, kinds.len() as u32).unwrap();
        assert!(input.is_empty());
        let read: Vec<EventKind> = events.iter().map(|event| event.kind.clone()).collect();
        assert_eq!(read, kinds);
        assert_eq!(
            (events[0].seq, events[14].seq, events[0].at),
            (100, 114, Timestamp(-5))
        );
        assert!(read_all(&mut &bytes[..bytes.len() - 1], 100, kinds.len() as u32).is_none());
    }
}
