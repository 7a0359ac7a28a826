//! Someone changes the ticket: status, assignee, labels, priority, snooze, read marks.

use crate::domain::conversation::{ConversationStatus, MAX_LABEL_CHARS, MAX_LABELS, Priority};
use crate::domain::{Conversation, Timestamp, UserId};

use super::{Decision, Rejection};

/// What to change; `None` leaves a field as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConversationPatch {
    /// New status.
    pub status: Option<ConversationStatus>,
    /// New assignee; `Some(None)` for nobody.
    pub assignee: Option<Option<UserId>>,
    /// All labels from now on.
    pub labels: Option<Vec<String>>,
    /// New priority.
    pub priority: Option<Priority>,
    /// Out of sight until then.
    pub snoozed_until: Option<Option<Timestamp>>,
}

/// Changes the ticket's fields. An empty decision if nothing is different.
///
/// # Errors
/// A label or a time that cannot be.
pub fn update(
    conversation: &Conversation,
    patch: ConversationPatch,
    now: Timestamp,
) -> Result<Decision, Rejection> {
    let mut decision = Decision::from(conversation);
    let it = &mut decision.conversation;
    let ConversationPatch {
        status,
        assignee,
        labels,
        priority,
        snoozed_until,
    } = patch;
    if let Some(assignee) = assignee {
        it.assignee = assignee;
    }
    if let Some(labels) = labels {
        it.labels = clean_labels(labels)?;
    }
    if let Some(priority) = priority {
        it.priority = priority;
    }
    if let Some(status) = status {
        it.status = status;
        if status != ConversationStatus::Snoozed {
            it.snoozed_until = None;
        }
    }
    if let Some(until) = snoozed_until {
        snooze(it, until, now)?;
    }
    if it.status == ConversationStatus::Snoozed && it.snoozed_until.is_none() {
        return Err(invalid("snoozed_until", "say until when to snooze"));
    }
    if it != conversation {
        decision.conversation_changed();
    }
    Ok(decision)
}

fn invalid(field: &'static str, detail: &str) -> Rejection {
    Rejection::Invalid {
        field,
        detail: detail.to_owned(),
    }
}

fn snooze(it: &mut Conversation, until: Option<Timestamp>, now: Timestamp) -> Result<(), Rejection> {
    match until {
        Some(at) if at <= now => return Err(invalid("snoozed_until", "must lie in the future")),
        Some(_) => it.status = ConversationStatus::Snoozed,
        None if it.status == ConversationStatus::Snoozed => it.status = ConversationStatus::Open,
        None => {}
    }
    it.snoozed_until = until;
    Ok(())
}

fn clean_labels(labels: Vec<String>) -> Result<Vec<String>, Rejection> {
    let mut clean = Vec::with_capacity(labels.len().min(MAX_LABELS));
    for label in labels {
        let label = label.trim().to_owned();
        let fits = !label.is_empty()
            && label.chars().count() <= MAX_LABEL_CHARS
            && !label.chars().any(char::is_control);
        if !fits {
            return Err(Rejection::Invalid {
                field: "labels",
                detail: format!("a label has 1 to {MAX_LABEL_CHARS} characters and no control characters"),
            });
        }
        clean.push(label);
    }
    clean.sort();
    clean.dedup();
    if clean.len() > MAX_LABELS {
        return Err(Rejection::Invalid {
            field: "labels",
            detail: format!("at most {MAX_LABELS} labels"),
        });
    }
    Ok(clean)
}

/// Someone has seen everything.
pub fn mark_read(conversation: &Conversation) -> Decision {
    set_unread(conversation, 0)
}

/// Someone wants to come back to it.
pub fn mark_unread(conversation: &Conversation) -> Decision {
    set_unread(conversation, conversation.unread.max(1))
}

fn set_unread(conversation: &Conversation, unread: u32) -> Decision {
    let mut decision = Decision::from(conversation);
    if conversation.unread != unread {
        decision.conversation.unread = unread;
        decision.conversation_changed();
    }
    decision
}

/// The time of a snooze has come. Empty if it was changed meanwhile.
pub fn unsnooze(conversation: &Conversation, now: Timestamp) -> Decision {
    let mut decision = Decision::from(conversation);
    let due = conversation.snoozed_until.is_some_and(|until| until <= now);
    if conversation.status == ConversationStatus::Snoozed && due {
        decision.conversation.status = ConversationStatus::Open;
        decision.conversation.snoozed_until = None;
        decision.conversation.unread = conversation.unread.max(1);
        decision.conversation_changed();
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;

    #[test]
    fn the_same_again_changes_nothing() {
        let patch = ConversationPatch {
            status: Some(ConversationStatus::Open),
            ..Default::default()
        };
        assert!(
            update(&conversation(), patch, Timestamp(1))
                .expect("valid")
                .is_empty()
        );
    }

    #[test]
    fn labels_are_trimmed_sorted_unique_and_bounded() {
        let patch = |labels: Vec<String>| ConversationPatch {
            labels: Some(labels),
            ..Default::default()
        };
        let decision = update(
            &conversation(),
            patch(vec![" vip ".into(), "cake".into(), "vip".into()]),
            Timestamp(1),
        );
        assert_eq!(decision.expect("valid").conversation.labels, ["cake", "vip"]);
        for bad in [vec![String::new()], vec!["x".repeat(41)], vec!["a\u{7}b".into()]] {
            assert!(update(&conversation(), patch(bad), Timestamp(1)).is_err());
        }
        let many = (0..30).map(|i| i.to_string()).collect();
        assert!(update(&conversation(), patch(many), Timestamp(1)).is_err());
    }

    #[test]
    fn snooze_needs_a_future_time_and_ends_when_it_comes() {
        let past = ConversationPatch {
            snoozed_until: Some(Some(Timestamp(5))),
            ..Default::default()
        };
        assert!(update(&conversation(), past, Timestamp(5)).is_err());
        let bare = ConversationPatch {
            status: Some(ConversationStatus::Snoozed),
            ..Default::default()
        };
        assert!(update(&conversation(), bare, Timestamp(5)).is_err());
        let good = ConversationPatch {
            snoozed_until: Some(Some(Timestamp(10))),
            ..Default::default()
        };
        let snoozed = update(&conversation(), good, Timestamp(5))
            .expect("future")
            .conversation;
        assert_eq!(snoozed.status, ConversationStatus::Snoozed);
        assert!(unsnooze(&snoozed, Timestamp(9)).is_empty());
        assert_eq!(
            unsnooze(&snoozed, Timestamp(10)).conversation.status,
            ConversationStatus::Open
        );
    }

    #[test]
    fn read_marks_count_changes_only() {
        let mut state = conversation();
        assert!(mark_read(&state).is_empty());
        state.unread = 3;
        assert_eq!(mark_read(&state).conversation.unread, 0);
        assert_eq!(mark_unread(&conversation()).conversation.unread, 1);
    }
}
