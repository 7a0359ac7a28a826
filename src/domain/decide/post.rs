//! Someone wants to say something: into the outbox, or as a note into the thread.

use crate::domain::marks::Marks;
use crate::domain::media::{Attachment, MediaRule};
use crate::domain::message::{
    Author, Direction, Message, MessageStatus, ReplyContext, StatusTimes, only_for,
};
use crate::domain::operations::{OutboxEntry, SendPriority};
use crate::domain::policy::{self, ChannelCondition, MessagingRules, Proposal};
use crate::domain::standing::Standing;
use crate::domain::template::standing::TemplateStanding;
use crate::domain::{Content, Conversation, Timestamp, TraceId};

use super::{Decision, Effect, Rejection};

/// What someone wants to say.
#[derive(Clone, PartialEq, Debug)]
pub struct PostCommand {
    /// Who.
    pub author: Author,
    /// What, already checked against the provider's limits.
    pub content: Content,
    /// The message that it answers, with the provider's id of it.
    pub context: Option<ReplyContext>,
    /// What is known of it from the start: its tracked links.
    pub marks: Marks,
    /// The hash of the only identity that it may reach.
    pub identity_hash: Option<String>,
    /// By which queue.
    pub priority: SendPriority,
    /// Its trace.
    pub trace: TraceId,
    /// How the channel is.
    pub channel: ChannelCondition,
    /// When the provider lets one write.
    pub rules: MessagingRules,
    /// The files of ours that it names.
    pub files: Vec<Attachment>,
    /// What the provider takes of files.
    pub media_rules: &'static [MediaRule],
    /// Consent, the channel's health, limits, money.
    pub standing: Standing,
    /// How its template stands, if it is one.
    pub template: TemplateStanding,
}

/// Queues a message, or writes a note.
///
/// # Errors
/// The refusal of policy.
pub fn post(
    conversation: &Conversation,
    command: PostCommand,
    now: Timestamp,
) -> Result<Decision, Rejection> {
    let proposal = Proposal {
        conversation,
        content: &command.content,
        channel: command.channel,
        rules: command.rules,
        by_person: matches!(command.author, Author::User(_)),
        files: &command.files,
        media_rules: command.media_rules,
        standing: &command.standing,
        template: &command.template,
        now,
    };
    policy::check(&proposal).map_err(Rejection::Policy)?;
    let mut decision = Decision::from(conversation);
    let is_note = command.content.is_note();
    let message = to_message(&mut decision, command.clone(), now);
    if !is_note {
        decision.conversation.answered();
        decision.effects.push(Effect::Enqueue {
            entry: OutboxEntry {
                message: message.id,
                channel: conversation.channel,
                contact: conversation.contact,
                active: false,
                attempts: 0,
                due: now,
                trace: command.trace,
            },
            priority: command.priority,
        });
    }
    decision.created(message);
    decision.conversation_changed();
    Ok(decision)
}

/// Queues a text that nobody of the team wrote. The caller has made sure that it may go out.
pub(super) fn queue_text(
    decision: &mut Decision,
    author: Author,
    text: &str,
    extra: Option<serde_json::Value>,
    trace: TraceId,
    now: Timestamp,
) {
    let command = PostCommand {
        author,
        content: Content::text(text),
        context: None,
        identity_hash: None,
        priority: SendPriority::Reply,
        trace,
        channel: ChannelCondition::Active,
        rules: MessagingRules::SMS,
        files: Vec::new(),
        media_rules: &[],
        standing: Standing::default(),
        template: TemplateStanding::NotAsked,
        marks: Marks::default(),
    };
    let mut message = to_message(decision, command, now);
    message.extra = extra;
    let entry = OutboxEntry {
        message: message.id,
        channel: decision.conversation.channel,
        contact: decision.conversation.contact,
        active: false,
        attempts: 0,
        due: now,
        trace,
    };
    decision.effects.push(Effect::Enqueue {
        entry,
        priority: SendPriority::Reply,
    });
    decision.created(message);
    decision.conversation_changed();
}

fn to_message(decision: &mut Decision, command: PostCommand, now: Timestamp) -> Message {
    let is_note = command.content.is_note();
    let times = if is_note {
        StatusTimes::default()
    } else {
        StatusTimes {
            queued: Some(now),
            ..Default::default()
        }
    };
    Message {
        id: decision.conversation.take_next(),
        direction: Direction::Outbound,
        author: command.author,
        content: command.content,
        status: if is_note {
            MessageStatus::Received
        } else {
            MessageStatus::Queued
        },
        times,
        provider_message_id: None,
        context: command.context,
        error: None,
        pricing: None,
        created_at: now,
        provider_at: None,
        raw_event: None,
        trace: command.trace,
        extra: only_for(command.identity_hash.as_deref()),
        marks: command.marks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;

    fn command(content: Content) -> PostCommand {
        PostCommand {
            author: Author::Api,
            content,
            context: None,
            marks: Marks::default(),
            identity_hash: None,
            priority: SendPriority::Reply,
            trace: TraceId([0; 16]),
            channel: ChannelCondition::Active,
            rules: MessagingRules::WHATSAPP,
            files: Vec::new(),
            media_rules: &[],
            standing: Standing::default(),
            template: TemplateStanding::NotAsked,
        }
    }

    #[test]
    fn an_open_window_queues_one_message() {
        let mut state = conversation();
        state.customer_wrote(Timestamp(0), Timestamp(0));
        let decision = post(&state, command(Content::text("hi")), Timestamp(1)).expect("window is open");
        assert_eq!(decision.messages[0].status, MessageStatus::Queued);
        assert!(matches!(decision.effects[..], [Effect::Enqueue { .. }]));
        assert_eq!(decision.conversation.version, state.version + 1);
    }

    #[test]
    fn a_closed_window_refuses_text_but_never_a_note() {
        let state = conversation();
        let refused = post(&state, command(Content::text("hi")), Timestamp(1));
        assert!(matches!(refused, Err(Rejection::Policy(ref refusal)) if refusal.code == "window_closed"));
        let note =
            post(&state, command(Content::note("call back")), Timestamp(1)).expect("notes stay in the house");
        assert!(note.effects.is_empty());
        assert_eq!(note.messages[0].status, MessageStatus::Received);
    }
}
