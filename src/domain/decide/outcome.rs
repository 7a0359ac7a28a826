//! An attempt to send ended.

use crate::domain::marks;
use crate::domain::message::{MessageError, MessageStatus};
use crate::domain::operations::{OutboxEntry, SendPriority};
use crate::domain::outbound::{MessageReaction, SendOutcome};
use crate::domain::phrases;
use crate::domain::policy::MessagingRules;
use crate::domain::{Message, Timestamp};

use super::{Decision, Effect};

/// What came of an attempt, and what follows for the message.
#[derive(Clone, PartialEq, Debug)]
pub struct AttemptResult {
    /// The outbox row of the attempt; the caller removes it in the same frame.
    pub entry: OutboxEntry,
    /// Its queue.
    pub priority: SendPriority,
    /// What came of it.
    pub outcome: SendOutcome,
    /// What follows, unless it was accepted.
    pub reaction: Option<MessageReaction>,
}

/// Works the outcome into `message`. `rules` are the channel's: they decide what is advised when the provider refused.
pub fn record_outcome(
    decision: &mut Decision,
    message: Message,
    result: &AttemptResult,
    rules: MessagingRules,
    now: Timestamp,
) {
    match (&result.outcome, &result.reaction) {
        (
            SendOutcome::Accepted {
                provider_message_id,
                held,
                ..
            },
            _,
        ) => accept(decision, message, provider_message_id, held.as_deref(), now),
        (_, Some(MessageReaction::Retry(wait))) => {
            again(
                decision,
                message,
                result,
                result.entry.attempts,
                now.plus(micros(*wait)),
            );
        }
        // The channel as a whole waits. The message keeps its place, so that none of its conversation overtakes it.
        (_, Some(MessageReaction::Keep)) => {
            let attempts = result.entry.attempts.saturating_sub(1);
            again(decision, message, result, attempts, result.entry.due);
        }
        (_, Some(MessageReaction::Doubt)) => doubt(decision, message, now),
        (outcome, Some(MessageReaction::Fail) | None) => {
            fail(decision, message, result, to_error(outcome, rules), now)
        }
    }
}

fn micros(wait: std::time::Duration) -> i64 {
    i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)
}

fn accept(
    decision: &mut Decision,
    mut message: Message,
    provider_message_id: &str,
    held: Option<&str>,
    now: Timestamp,
) {
    let before = message.status;
    // It was already on its way when the customer opted out: it did go out, and that is what is shown.
    let stopped = message
        .error
        .as_ref()
        .is_some_and(|error| error.code == super::STOPPED);
    if before == MessageStatus::Failed && stopped {
        message.status = MessageStatus::Queued;
        message.times.failed = None;
        message.error = None;
    }
    message.advance(MessageStatus::Accepted, now);
    // What is done with a comment is done once the provider says so: no status will follow.
    if marks::concerns_comment(&message.content) {
        message.advance(MessageStatus::Sent, now);
    }
    message.note_held(held);
    if message.provider_message_id.is_none() {
        message.provider_message_id = Some(provider_message_id.to_owned());
        let provider_message_id = provider_message_id.to_owned();
        decision.effects.push(Effect::Claim {
            provider_message_id,
            message: message.id,
        });
    }
    decision.changed(before, message);
    decision.conversation_changed();
}

/// Back into the outbox. A message that a status has settled meanwhile stays out of it.
fn again(decision: &mut Decision, message: Message, result: &AttemptResult, attempts: u32, due: Timestamp) {
    if message.status != MessageStatus::Queued {
        return;
    }
    let entry = OutboxEntry {
        active: false,
        attempts,
        due,
        ..result.entry.clone()
    };
    decision.effects.push(Effect::Enqueue {
        entry,
        priority: result.priority,
    });
}

fn doubt(decision: &mut Decision, mut message: Message, now: Timestamp) {
    if message.status != MessageStatus::Queued {
        return;
    }
    let before = message.status;
    message.advance(MessageStatus::Doubtful, now);
    decision.effects.push(Effect::Doubt {
        message: message.id,
        since: now,
    });
    decision.changed(before, message);
    decision.conversation_changed();
}

fn fail(
    decision: &mut Decision,
    mut message: Message,
    result: &AttemptResult,
    error: MessageError,
    now: Timestamp,
) {
    let before = message.status;
    if before != MessageStatus::Queued {
        return;
    }
    message.advance(MessageStatus::Failed, now);
    message.error = Some(error.clone());
    let id = message.id;
    decision.changed(before, message);
    decision.bury(id, error, result.entry.attempts);
    decision.conversation_changed();
}

fn to_error(outcome: &SendOutcome, rules: MessagingRules) -> MessageError {
    match outcome {
        SendOutcome::Refused(error) => MessageError {
            code: error.code.clone(),
            title: error.title.clone(),
            detail: error.detail.clone(),
            advice: error.class.advice_under(rules).to_owned(),
        },
        SendOutcome::NotSent(why) | SendOutcome::Unknown(why) => MessageError {
            code: outcome_name(outcome).to_owned(),
            title: phrases::NOT_SENT.text().into(),
            detail: why.clone(),
            advice: phrases::CHECK_CONNECTION.text().into(),
        },
        SendOutcome::Accepted { .. } => MessageError {
            code: "accepted".into(),
            title: String::new(),
            detail: String::new(),
            advice: String::new(),
        },
    }
}

const fn outcome_name(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Refused(_) => "refused",
        SendOutcome::NotSent(_) => "not_sent",
        SendOutcome::Unknown(_) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::message::tests::outbound;
    use crate::domain::outbound::{ErrorClass, ProviderError, advice_code};
    use crate::domain::{ChannelId, ContactId, TraceId};
    use std::time::Duration;

    fn result(outcome: SendOutcome, reaction: Option<MessageReaction>) -> AttemptResult {
        let message = outbound(MessageStatus::Queued).id;
        let entry = OutboxEntry {
            message,
            channel: ChannelId([2; 16]),
            contact: ContactId([3; 16]),
            active: true,
            attempts: 2,
            due: Timestamp(0),
            trace: TraceId([0; 16]),
        };
        AttemptResult {
            entry,
            priority: SendPriority::Reply,
            outcome,
            reaction,
        }
    }

    fn decide(status: MessageStatus, outcome: SendOutcome, reaction: Option<MessageReaction>) -> Decision {
        decide_under(MessagingRules::WHATSAPP, status, outcome, reaction)
    }

    fn decide_under(
        rules: MessagingRules,
        status: MessageStatus,
        outcome: SendOutcome,
        reaction: Option<MessageReaction>,
    ) -> Decision {
        let mut decision = Decision::from(&conversation());
        record_outcome(
            &mut decision,
            outbound(status),
            &result(outcome, reaction),
            rules,
            Timestamp(100),
        );
        decision
    }

    fn accepted() -> SendOutcome {
        SendOutcome::Accepted {
            provider_message_id: "wamid.1".into(),
            learnt: vec![],
            held: None,
        }
    }

    #[test]
    fn accepted_claims_the_provider_id() {
        let decision = decide(MessageStatus::Queued, accepted(), None);
        assert_eq!(decision.messages[0].status, MessageStatus::Accepted);
        assert!(matches!(decision.effects[..], [Effect::Claim { .. }]));
    }

    #[test]
    fn what_is_kept_back_says_so_until_it_moves_on() {
        let held = SendOutcome::Accepted {
            provider_message_id: "wamid.1".into(),
            learnt: vec![],
            held: Some("held_for_quality_assessment".into()),
        };
        let decision = decide(MessageStatus::Queued, held, None);
        let mut message = decision.messages[0].clone();
        assert_eq!(message.held(), Some("held_for_quality_assessment"));
        message.advance(MessageStatus::Sent, Timestamp(101));
        assert_eq!(message.held(), None, "it moved on");
        assert_eq!(
            decide(MessageStatus::Queued, accepted(), None).messages[0].held(),
            None
        );
    }

    #[test]
    fn accepted_after_its_status_does_not_move_back() {
        let decision = decide(MessageStatus::Delivered, accepted(), None);
        assert_eq!(decision.messages[0].status, MessageStatus::Delivered);
        assert_eq!(decision.messages[0].times.accepted, Some(Timestamp(100)));
    }

    #[test]
    fn a_retry_counts_and_a_keep_does_not() {
        let lost = || SendOutcome::NotSent("refused".into());
        for (reaction, attempts, due) in [
            (MessageReaction::Retry(Duration::from_micros(7)), 2, 107),
            // Its place in the queue stays, so that it is not overtaken.
            (MessageReaction::Keep, 1, 0),
        ] {
            let decision = decide(MessageStatus::Queued, lost(), Some(reaction));
            let [Effect::Enqueue { entry, .. }] = &decision.effects[..] else {
                panic!("{decision:?}")
            };
            assert_eq!(
                (entry.attempts, entry.due, entry.active),
                (attempts, Timestamp(due), false)
            );
        }
    }

    #[test]
    fn what_a_status_settled_is_neither_doubted_nor_sent_again() {
        for reaction in [
            MessageReaction::Doubt,
            MessageReaction::Fail,
            MessageReaction::Retry(Duration::ZERO),
        ] {
            let decision = decide(
                MessageStatus::Sent,
                SendOutcome::Unknown("lost".into()),
                Some(reaction),
            );
            assert!(decision.is_empty(), "{decision:?}");
        }
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let refused = SendOutcome::Refused(ProviderError {
            class: ErrorClass::Window,
            code: "131047".into(),
            title: "Re-engagement message".into(),
            detail: "more than 24 hours".into(),
            retry_after: None,
        });
        let decision = decide(
            MessageStatus::Queued,
            refused.clone(),
            Some(MessageReaction::Fail),
        );
        let error = decision.messages[0].error.as_ref().expect("failed");
        assert_eq!(error.code, "131047");
        assert!(error.advice.contains("template"));
        let on = |rules| {
            let decision = decide_under(rules, MessageStatus::Queued, refused.clone(), None);
            let error = decision.messages[0].error.clone().expect("failed");
            advice_code(&error.advice)
        };
        assert_eq!(on(MessagingRules::WHATSAPP), Some("window_template"));
        assert_eq!(on(MessagingRules::INSTAGRAM), Some("window_person"));
        assert_eq!(on(MessagingRules::SMS), Some("window"));
        assert!(matches!(decision.effects[..], [Effect::Bury { attempts: 2, .. }]));
    }
}
