//! A person decides about a message that failed or is doubtful.

use crate::domain::message::{MessageError, MessageStatus};
use crate::domain::operations::{OutboxEntry, SendPriority};
use crate::domain::phrases;
use crate::domain::policy::{self, ChannelCondition, MessagingRules, Proposal};
use crate::domain::standing::Standing;
use crate::domain::template::standing::TemplateStanding;
use crate::domain::{Conversation, Message, Timestamp};

use super::{Decision, Effect, Rejection};

/// What a person found out about a doubtful send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The customer has it.
    Sent,
    /// The customer does not have it, and it shall not be sent.
    Failed,
    /// The customer does not have it; send it.
    Retry,
}

/// Sends a failed message again.
///
/// # Errors
/// It did not fail, or policy objects now.
pub fn retry(
    conversation: &Conversation,
    message: Message,
    channel: (ChannelCondition, MessagingRules, &Standing),
    now: Timestamp,
) -> Result<Decision, Rejection> {
    match message.status {
        MessageStatus::Failed => requeue(conversation, message, channel, now),
        _ => Err(Rejection::WrongState(phrases::ONLY_FAILED_RETRIED.text())),
    }
}

/// Settles a doubtful send as a person found it.
///
/// # Errors
/// It is not doubtful, or policy objects to sending it now.
pub fn settle(
    conversation: &Conversation,
    mut message: Message,
    settlement: Settlement,
    channel: (ChannelCondition, MessagingRules, &Standing),
    now: Timestamp,
) -> Result<Decision, Rejection> {
    if message.status != MessageStatus::Doubtful {
        return Err(Rejection::WrongState(phrases::ONLY_DOUBTFUL_SETTLED.text()));
    }
    let mut decision = Decision::from(conversation);
    let before = message.status;
    match settlement {
        Settlement::Retry => return requeue(conversation, message, channel, now),
        Settlement::Sent => {
            message.advance(MessageStatus::Sent, now);
        }
        Settlement::Failed => {
            message.advance(MessageStatus::Failed, now);
            message.error = Some(MessageError {
                code: "settled_as_failed".into(),
                title: phrases::NOT_SENT.text().into(),
                detail: phrases::FOUND_NOT_ARRIVED.text().into(),
                advice: phrases::RETRY_IF_WANTED.text().into(),
            });
        }
    }
    decision.changed(before, message);
    decision.conversation_changed();
    Ok(decision)
}

fn requeue(
    conversation: &Conversation,
    mut message: Message,
    channel: (ChannelCondition, MessagingRules, &Standing),
    now: Timestamp,
) -> Result<Decision, Rejection> {
    let (channel, rules, standing) = channel;
    let proposal = Proposal {
        conversation,
        content: &message.content,
        channel,
        rules,
        by_person: true,
        // Judged when it was queued the first time; one that is gone since is told by the attempt.
        files: &[],
        media_rules: &[],
        standing,
        // Whoever retries asks for it beforehand, with the store at hand.
        template: &TemplateStanding::NotAsked,
        now,
    };
    policy::check(&proposal).map_err(Rejection::Policy)?;
    let mut decision = Decision::from(conversation);
    let before = message.status;
    // A new send gets a new provider id; late news about the old one still find the message by its claim.
    message.provider_message_id = None;
    message.requeue(now);
    let entry = OutboxEntry {
        message: message.id,
        channel: conversation.channel,
        contact: conversation.contact,
        active: false,
        attempts: 0,
        due: now,
        trace: message.trace,
    };
    decision.effects.push(Effect::Enqueue {
        entry,
        priority: SendPriority::Reply,
    });
    decision.changed(before, message);
    decision.conversation_changed();
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::message::tests::outbound;

    #[test]
    fn only_what_failed_can_be_retried_and_only_what_is_doubtful_settled() {
        let state = conversation();
        let open = ChannelCondition::Active;
        for status in [
            MessageStatus::Queued,
            MessageStatus::Sent,
            MessageStatus::Read,
            MessageStatus::Doubtful,
        ] {
            assert!(
                retry(
                    &state,
                    outbound(status),
                    (open, MessagingRules::SMS, &Standing::default()),
                    Timestamp(1)
                )
                .is_err(),
                "{status:?}"
            );
        }
        for status in [MessageStatus::Failed, MessageStatus::Accepted] {
            let settled = settle(
                &state,
                outbound(status),
                Settlement::Sent,
                (open, MessagingRules::SMS, &Standing::default()),
                Timestamp(1),
            );
            assert!(settled.is_err(), "{status:?}");
        }
    }

    #[test]
    fn settlements_lead_where_they_say() {
        let table = [
            (Settlement::Sent, MessageStatus::Sent),
            (Settlement::Failed, MessageStatus::Failed),
            (Settlement::Retry, MessageStatus::Queued),
        ];
        for (settlement, status) in table {
            let message = outbound(MessageStatus::Doubtful);
            let decision = settle(
                &conversation(),
                message,
                settlement,
                (
                    ChannelCondition::Active,
                    MessagingRules::SMS,
                    &Standing::default(),
                ),
                Timestamp(5),
            )
            .expect("doubtful");
            assert_eq!(decision.messages[0].status, status);
            assert!(decision.effects.iter().any(|e| matches!(e, Effect::Undoubt(_))));
            let queued = decision
                .effects
                .iter()
                .any(|e| matches!(e, Effect::Enqueue { .. }));
            assert_eq!(queued, status == MessageStatus::Queued);
        }
    }

    #[test]
    fn a_retry_still_needs_the_window() {
        let refused = retry(
            &conversation(),
            outbound(MessageStatus::Failed),
            (
                ChannelCondition::Active,
                MessagingRules::WHATSAPP,
                &Standing::default(),
            ),
            Timestamp(1),
        );
        assert!(matches!(refused, Err(Rejection::Policy(_))));
    }
}
