//! The customer wrote (or the business wrote in the provider's own app).

use crate::domain::inbound::InboundMessage;
use crate::domain::marks::{self, Marks};
use crate::domain::message::{
    Author, Direction, Message, MessageStatus, ReplyContext, StatusTimes, is_fetched, is_imported,
};
use crate::domain::{Conversation, ConversationStatus, MessageId, RawEventId, Timestamp, TraceId};

use super::{Decision, Effect};

/// A message as it came, with what the caller knows of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Received {
    /// What the adapter read.
    pub inbound: InboundMessage,
    /// Written by the business elsewhere, not by the customer.
    pub echo: bool,
    /// Our id of the message that it answers, where we hold it.
    pub reply_to: Option<MessageId>,
    /// The delivery that brought it.
    pub raw_event: RawEventId,
    /// Its trace.
    pub trace: TraceId,
}

impl Received {
    /// History that was brought in, not news.
    pub fn is_imported(&self) -> bool {
        is_imported(self.inbound.extra.as_ref())
    }

    /// Fetched from the provider, because its delivery did not come.
    pub fn is_fetched(&self) -> bool {
        is_fetched(self.inbound.extra.as_ref())
    }

    /// Said to a group.
    pub fn is_from_group(&self) -> bool {
        let extra = self.inbound.extra.as_ref();
        extra.is_some_and(|extra| extra.get("group_id").is_some())
    }

    /// The customer speaks to us, here and now.
    pub fn is_customer_speaking(&self) -> bool {
        !self.echo && self.inbound.content.kind != "system" && !self.is_from_group()
    }
}

/// Kinds that say something about another message or the thread rather than ask for an answer.
const QUIET: [&str; 5] = ["reaction", "system", "edit", "revoke", "referral"];
/// Kinds that give no right to answer freely: a comment can be answered once (see policy), a referral says nothing.
const OPENS_NO_WINDOW: [&str; 2] = ["comment", "referral"];

/// Takes one message in. The caller has made sure that it was not counted before.
pub fn receive(decision: &mut Decision, received: Received, now: Timestamp) {
    let conversation = &mut decision.conversation;
    let id = conversation.take_next();
    let said_at = received.inbound.at.unwrap_or(now);
    note_arrival(conversation, &received, said_at, now);
    let provider_message_id = received.inbound.provider_message_id.clone();
    decision.created(to_message(id, received, now));
    decision.effects.push(Effect::Claim {
        provider_message_id,
        message: id,
    });
    decision.conversation_changed();
}

fn note_arrival(conversation: &mut Conversation, received: &Received, said_at: Timestamp, now: Timestamp) {
    let kind = received.inbound.content.kind.as_str();
    // What the phone app said before it was connected is history: it asks for nothing.
    if received.is_imported() {
        if conversation.last_message.is_none() {
            conversation.status = ConversationStatus::Resolved;
            conversation.last_activity_at = said_at.min(now);
        }
        return;
    }
    if received.is_fetched() && conversation.last_message.is_none() {
        conversation.last_activity_at = said_at.min(now);
    }
    // An answer that is only now heard of answers nothing that was said after it.
    let is_before = |asked: Timestamp| received.is_fetched() && said_at < asked;
    if received.echo && !conversation.waiting_since.is_some_and(is_before) {
        conversation.answered();
    }
    if received.echo || kind == "system" {
        return;
    }
    match OPENS_NO_WINDOW.contains(&kind) {
        true if kind == "referral" => {}
        true => conversation.reopen(),
        // What someone says to a group opens no window to them.
        false if received.is_from_group() => {}
        false => conversation.customer_wrote(said_at, now),
    }
    if !QUIET.contains(&kind) {
        conversation.unread = conversation.unread.saturating_add(1);
        conversation.ask(said_at, now);
    }
}

fn to_message(id: MessageId, received: Received, now: Timestamp) -> Message {
    // An imported message stands at the time when it was said, and so does one that was fetched late.
    let created_at = match received.is_imported() || received.is_fetched() {
        true => received.inbound.at.unwrap_or(now).min(now),
        false => now,
    };
    let Received {
        inbound,
        echo,
        reply_to,
        raw_event,
        trace,
    } = received;
    let about = marks::target_of(&inbound.content).map(str::to_owned);
    let answered = inbound.reply_to.or(about);
    let context = (answered.is_some() || inbound.forwarded).then(|| ReplyContext {
        provider_message_id: answered.unwrap_or_default(),
        message: reply_to,
        forwarded: inbound.forwarded,
    });
    let system = inbound.content.kind == "system";
    let (direction, author, status) = match (echo, system) {
        (true, _) => (Direction::Outbound, Author::BusinessApp, MessageStatus::Sent),
        (false, true) => (Direction::Inbound, Author::System, MessageStatus::Received),
        (false, false) => (Direction::Inbound, Author::Customer, MessageStatus::Received),
    };
    Message {
        id,
        direction,
        author,
        content: inbound.content,
        status,
        times: StatusTimes::default(),
        provider_message_id: Some(inbound.provider_message_id),
        context,
        error: None,
        pricing: None,
        created_at,
        provider_at: inbound.at,
        raw_event: Some(raw_event),
        trace,
        extra: inbound.extra,
        marks: Marks::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Content;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::event::EventKind;

    fn received(kind: &str, at: Option<Timestamp>) -> Received {
        Received {
            inbound: InboundMessage {
                provider_message_id: "wamid.1".into(),
                sender: Default::default(),
                at,
                content: Content {
                    kind: kind.into(),
                    body: serde_json::json!({"body": "hi"}),
                },
                reply_to: None,
                forwarded: false,
                extra: None,
            },
            echo: false,
            reply_to: None,
            raw_event: RawEventId(1),
            trace: TraceId([0; 16]),
        }
    }

    #[test]
    fn a_text_opens_the_window_counts_as_unread_and_is_told_once() {
        let mut decision = Decision::from(&conversation());
        receive(
            &mut decision,
            received("text", Some(Timestamp(50))),
            Timestamp(100),
        );
        receive(
            &mut decision,
            received("text", Some(Timestamp(60))),
            Timestamp(100),
        );
        assert_eq!(decision.conversation.unread, 2);
        assert_eq!(decision.conversation.next_n, 3);
        assert_eq!(
            decision.messages.iter().map(|m| m.id.n).collect::<Vec<_>>(),
            [1, 2]
        );
        assert!(decision.conversation.window_open(Timestamp(100)));
        let created = decision
            .events
            .iter()
            .filter(|e| matches!(e, EventKind::MessageCreated(_)))
            .count();
        assert_eq!(created, 2);
    }

    #[test]
    fn quiet_kinds_do_not_count_and_system_news_open_no_window() {
        let table = [
            ("reaction", 0, true),
            ("system", 0, false),
            ("edit", 0, true),
            ("comment", 1, false),
            ("referral", 0, false),
            ("hologram", 1, true),
        ];
        for (kind, unread, window) in table {
            let mut decision = Decision::from(&conversation());
            receive(&mut decision, received(kind, None), Timestamp(100));
            assert_eq!(decision.conversation.unread, unread, "{kind}");
            assert_eq!(
                decision.conversation.window_open(Timestamp(101)),
                window,
                "{kind}"
            );
        }
    }

    #[test]
    fn an_imported_message_asks_for_nothing() {
        let mut imported = received("text", None);
        imported.inbound.extra = Some(serde_json::json!({"history": {}}));
        let mut state = conversation();
        state.status = crate::domain::ConversationStatus::Resolved;
        let mut decision = Decision::from(&state);
        receive(&mut decision, imported, Timestamp(100));
        assert_eq!(
            (decision.conversation.unread, decision.conversation.status),
            (0, state.status)
        );
        assert!(!decision.conversation.window_open(Timestamp(100)));
        assert_eq!(decision.messages.len(), 1);
    }

    #[test]
    fn a_message_that_was_fetched_late_asks_for_an_answer_as_of_when_it_was_said() {
        let hour = crate::domain::time::HOUR;
        let (said, now) = (Timestamp(100), Timestamp(100).plus(30 * hour));
        let fetched = |echo, at| {
            let mut fetched = received("text", Some(at));
            fetched.inbound.extra = Some(serde_json::json!({"fetched": true}));
            Received { echo, ..fetched }
        };
        let mut decision = Decision::from(&conversation());
        receive(&mut decision, received("text", None), now);
        receive(&mut decision, fetched(false, said), now);
        let state = &decision.conversation;
        assert_eq!((state.unread, state.waiting_since), (2, Some(now)));
        assert_eq!(decision.messages[1].created_at, said);
        assert_eq!(state.last_message.as_ref().map(|last| last.id.n), Some(1));

        let mut alone = Decision::from(&conversation());
        receive(&mut alone, fetched(false, said), now);
        let state = alone.conversation.clone();
        assert!(
            !state.window_open(now),
            "the window is that of the time when it was said"
        );
        assert_eq!((state.waiting_since, state.last_activity_at), (Some(said), said));
        receive(&mut alone, fetched(true, Timestamp(50)), now);
        assert_eq!(
            alone.conversation.waiting_since,
            Some(said),
            "an earlier answer answers nothing"
        );
        receive(&mut alone, fetched(true, Timestamp(150)), now);
        assert_eq!(alone.conversation.waiting_since, None);
    }

    #[test]
    fn an_echo_is_ours_and_opens_nothing() {
        let mut decision = Decision::from(&conversation());
        receive(
            &mut decision,
            Received {
                echo: true,
                ..received("text", None)
            },
            Timestamp(100),
        );
        let message = &decision.messages[0];
        assert_eq!(
            (message.direction, &message.author),
            (Direction::Outbound, &Author::BusinessApp)
        );
        assert!(!decision.conversation.window_open(Timestamp(100)));
        assert_eq!(decision.conversation.unread, 0);
    }
}
