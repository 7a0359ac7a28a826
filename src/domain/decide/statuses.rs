//! News from the provider about a message of ours. Forward only, whatever the order.

use crate::domain::conversation::FREE_ENTRY;
use crate::domain::inbound::StatusUpdate;
use crate::domain::message::{MessageStatus, Pricing};
use crate::domain::{Message, Timestamp};

use super::{Decision, Effect};

/// Works one status into `message`. Nothing is noted if it tells nothing new.
pub fn apply_status(decision: &mut Decision, mut message: Message, update: &StatusUpdate, now: Timestamp) {
    let before = message.status;
    let mut changed = message.advance(update.status, update.at.unwrap_or(now));
    let failed_now = before != MessageStatus::Failed && message.status == MessageStatus::Failed;
    if failed_now {
        message.error.clone_from(&update.error);
    }
    if update.pricing.is_some() && message.pricing != update.pricing {
        message.pricing.clone_from(&update.pricing);
        changed = true;
    }
    if message.provider_message_id.is_none() {
        let provider_message_id = update.provider_message_id.clone();
        message.provider_message_id = Some(provider_message_id.clone());
        decision.effects.push(Effect::Claim {
            provider_message_id,
            message: message.id,
        });
        changed = true;
    }
    let freed = free_until(decision, update, now).is_some_and(|until| decision.conversation.note_free(until));
    if !changed {
        if freed {
            decision.conversation_changed();
        }
        return;
    }
    let (id, error) = (message.id, message.error.clone());
    decision.changed(before, message);
    if let (true, Some(error)) = (failed_now, error) {
        decision.bury(id, error, 1);
    }
    decision.conversation_changed();
}

/// Until when the provider asks nothing: as told, or as long as it grants after an advertisement.
fn free_until(decision: &Decision, update: &StatusUpdate, now: Timestamp) -> Option<Timestamp> {
    let is_free = |pricing: &Pricing| pricing.kind == "free_entry_point";
    let untold = update.pricing.as_ref().is_some_and(is_free) && decision.conversation.free_until.is_none();
    let granted = untold.then(|| update.at.unwrap_or(now).min(now).plus(FREE_ENTRY));
    update.free_until.or(granted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::message::{MessageError, tests::outbound};

    fn update(status: MessageStatus) -> StatusUpdate {
        let error = MessageError {
            code: "131026".into(),
            title: "x".into(),
            detail: "y".into(),
            advice: "z".into(),
        };
        StatusUpdate {
            provider_message_id: "wamid.9".into(),
            status,
            at: Some(Timestamp(9)),
            callback: None,
            recipient: vec![],
            error: (status == MessageStatus::Failed).then_some(error),
            error_class: None,
            pricing: None,
            free_until: None,
        }
    }

    #[test]
    fn a_status_settles_a_doubtful_send_and_claims_its_provider_id() {
        let mut decision = Decision::from(&conversation());
        apply_status(
            &mut decision,
            outbound(MessageStatus::Doubtful),
            &update(MessageStatus::Sent),
            Timestamp(10),
        );
        assert_eq!(decision.messages[0].status, MessageStatus::Sent);
        assert!(decision.effects.iter().any(|e| matches!(e, Effect::Undoubt(_))));
        assert!(decision.effects.iter().any(|e| matches!(e, Effect::Claim { .. })));
    }

    #[test]
    fn a_failure_is_buried_and_a_later_delivery_digs_it_up() {
        let mut decision = Decision::from(&conversation());
        apply_status(
            &mut decision,
            outbound(MessageStatus::Sent),
            &update(MessageStatus::Failed),
            Timestamp(10),
        );
        assert!(decision.effects.iter().any(|e| matches!(e, Effect::Bury { .. })));
        let failed = decision.messages[0].clone();
        assert!(failed.error.is_some());
        let mut later = Decision::from(&decision.conversation);
        apply_status(
            &mut later,
            failed,
            &update(MessageStatus::Delivered),
            Timestamp(11),
        );
        assert_eq!(
            (later.messages[0].status, &later.messages[0].error),
            (MessageStatus::Delivered, &None)
        );
        assert!(later.effects.iter().any(|e| matches!(e, Effect::Unbury(_))));
    }

    #[test]
    fn the_same_status_again_changes_nothing() {
        let mut first = Decision::from(&conversation());
        apply_status(
            &mut first,
            outbound(MessageStatus::Accepted),
            &update(MessageStatus::Sent),
            Timestamp(10),
        );
        let mut again = Decision::from(&first.conversation);
        apply_status(
            &mut again,
            first.messages[0].clone(),
            &update(MessageStatus::Sent),
            Timestamp(11),
        );
        assert!(again.is_empty());
    }

    #[test]
    fn an_advertisement_s_free_time_is_told_once_and_never_shortened() {
        let free = |until: Option<i64>| StatusUpdate {
            pricing: Some(Pricing {
                category: "referral_conversion".into(),
                kind: "free_entry_point".into(),
                model: "PMP".into(),
                billable: Some(false),
                units: 1,
            }),
            free_until: until.map(Timestamp),
            ..update(MessageStatus::Sent)
        };
        let after = |conversation: &crate::domain::Conversation, update: &StatusUpdate| {
            let mut decision = Decision::from(conversation);
            apply_status(
                &mut decision,
                outbound(MessageStatus::Accepted),
                update,
                Timestamp(10),
            );
            decision.conversation
        };
        let told = after(&conversation(), &free(Some(900)));
        assert_eq!(
            (told.free_until, told.window_expires_at),
            (Some(Timestamp(900)), None)
        );
        assert!(told.is_free(Timestamp(899)) && !told.is_free(Timestamp(900)));
        assert_eq!(after(&told, &free(Some(500))).free_until, Some(Timestamp(900)));
        assert_eq!(after(&told, &free(None)).free_until, Some(Timestamp(900)));
        let untold = after(&conversation(), &free(None));
        assert_eq!(untold.free_until, Some(Timestamp(9).plus(FREE_ENTRY)));
        let usual = after(&conversation(), &update(MessageStatus::Sent));
        assert_eq!(usual.free_until, None);
    }
}
