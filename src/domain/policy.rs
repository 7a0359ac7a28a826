//! The one gate that every outgoing message passes, whatever its origin. It answers *allowed*, or *no* with a reason in
//! plain words and the nearest thing that is allowed.
//!
//! Rules are asked in order; the first that objects decides. New rules (consent, quiet hours, caps) join the list.

use super::content::Content;
use super::conversation::Conversation;
use super::time::{HOUR, Timestamp};

/// What a rule may look at.
pub struct Proposal<'a> {
    /// The conversation that it would go into.
    pub conversation: &'a Conversation,
    /// What would be sent.
    pub content: &'a Content,
    /// How the channel is.
    pub channel: ChannelCondition,
    /// When the provider lets one write.
    pub rules: MessagingRules,
    /// A person wrote it, not a program.
    pub by_person: bool,
    /// Now.
    pub now: Timestamp,
}

/// When a provider lets a business write to a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct MessagingRules {
    /// Free-form messages only within 24 hours after the customer wrote.
    pub has_window: bool,
    /// Approved templates may be sent at any time.
    pub has_templates: bool,
    /// Days after the customer wrote within which a person may still answer in their own words.
    pub human_agent_days: u8,
}

impl MessagingRules {
    /// WhatsApp: 24 hours, then templates.
    pub const WHATSAPP: Self = Self {
        has_window: true,
        has_templates: true,
        human_agent_days: 0,
    };
    /// Instagram: 24 hours; nobody can be written to who has not written.
    pub const INSTAGRAM: Self = Self {
        has_window: true,
        has_templates: false,
        human_agent_days: 0,
    };
    /// SMS: at any time.
    pub const SMS: Self = Self {
        has_window: false,
        has_templates: false,
        human_agent_days: 0,
    };
}

/// How a channel is, as far as policy cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelCondition {
    /// It sends. (A channel stopped by the provider also queues: its messages wait for the operator.)
    Active,
    /// Someone paused it.
    Paused,
    /// It was removed.
    Removed,
}

/// A rightful no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Stable code for programs.
    pub code: &'static str,
    /// Why, and what to do, in plain words.
    pub reason: String,
    /// What would be allowed instead.
    pub alternatives: Vec<Alternative>,
}

/// Something that is allowed instead.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Alternative {
    /// `template`, `wait`, `resume_channel` …
    pub kind: &'static str,
    /// In plain words.
    pub detail: String,
}

type Rule = fn(&Proposal<'_>) -> Option<Refusal>;

const RULES: [Rule; 2] = [channel_accepts, window_is_open];

/// Asks every rule.
///
/// # Errors
/// The refusal of the first rule that objects.
pub fn check(proposal: &Proposal<'_>) -> Result<(), Refusal> {
    // Notes stay in the house.
    if proposal.content.is_note() {
        return Ok(());
    }
    RULES.iter().find_map(|rule| rule(proposal)).map_or(Ok(()), Err)
}

fn channel_accepts(proposal: &Proposal<'_>) -> Option<Refusal> {
    let no = |code, reason: &str, kind, detail: &str| {
        let reason = reason.to_owned();
        Some(Refusal {
            code,
            reason,
            alternatives: vec![Alternative {
                kind,
                detail: detail.into(),
            }],
        })
    };
    match proposal.channel {
        ChannelCondition::Active => None,
        ChannelCondition::Paused => no(
            "channel_paused",
            "The channel is paused.",
            "resume_channel",
            "Resume the channel in Settings, then send.",
        ),
        ChannelCondition::Removed => no(
            "channel_removed",
            "The channel was removed.",
            "other_channel",
            "Write to this customer on another channel.",
        ),
    }
}

fn window_is_open(proposal: &Proposal<'_>) -> Option<Refusal> {
    let (rules, conversation) = (proposal.rules, proposal.conversation);
    let is_template = rules.has_templates && proposal.content.kind == "template";
    if !rules.has_window || is_template || conversation.window_open(proposal.now) {
        return None;
    }
    let last_chance = human_agent_until(proposal);
    if proposal.by_person && last_chance.is_some_and(|until| until > proposal.now) {
        return None;
    }
    let reason = match conversation.window_expires_at {
        Some(at) => format!("The 24-hour reply window closed at {at}: the customer has not written since."),
        None => "The customer has not written yet, so there is no 24-hour reply window.".to_owned(),
    };
    Some(Refusal {
        code: "window_closed",
        reason,
        alternatives: outside_window(proposal, last_chance),
    })
}

/// Until when a person may answer after the window has closed.
fn human_agent_until(proposal: &Proposal<'_>) -> Option<Timestamp> {
    let closes = proposal.conversation.window_expires_at?;
    let days = i64::from(proposal.rules.human_agent_days);
    (days > 0).then(|| closes.plus((days - 1) * 24 * HOUR))
}

fn outside_window(proposal: &Proposal<'_>, last_chance: Option<Timestamp>) -> Vec<Alternative> {
    let one = |kind, detail: String| vec![Alternative { kind, detail }];
    match (proposal.rules.has_templates, last_chance) {
        (true, _) => one(
            "template",
            "Send an approved message template; the window opens when the customer answers.".into(),
        ),
        (false, Some(until)) if until > proposal.now => one(
            "human_agent",
            format!("Until {until} a person may still answer; a program may not."),
        ),
        (false, _) => one(
            "wait",
            "Wait until the customer writes again, or write to them on another channel.".into(),
        ),
    }
}

/// How long after a comment its author may be written to (Instagram, private replies).
pub const COMMENT_LIFE: i64 = 7 * 24 * HOUR;

/// Someone wants to answer a comment in private.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommentAnswer {
    /// When the comment was written.
    pub commented_at: Timestamp,
    /// It was answered before.
    pub answered: bool,
    /// The author has written since, so that ordinary messages may go out.
    pub window_open: bool,
    /// Now.
    pub now: Timestamp,
}

/// Whether a comment may be answered in private: once, and within seven days.
///
/// # Errors
/// The refusal, with what is allowed instead.
pub fn check_comment_answer(answer: &CommentAnswer) -> Result<(), Refusal> {
    let too_late = answer.now.since(answer.commented_at) > COMMENT_LIFE;
    let (code, reason) = match (answer.answered, too_late) {
        (false, false) => return Ok(()),
        (true, _) => (
            "private_reply_used",
            "This comment was answered in private already; Instagram allows one message for each comment.",
        ),
        (false, true) => (
            "private_reply_expired",
            "The comment is older than seven days; Instagram allows no private answer any more.",
        ),
    };
    let (kind, detail) = match answer.window_open {
        true => (
            "message",
            "Send it without quoting the comment: the customer has written since.",
        ),
        false => (
            "wait",
            "Answer the comment in the Instagram app, or wait until the customer writes.",
        ),
    };
    Err(Refusal {
        code,
        reason: reason.to_owned(),
        alternatives: vec![Alternative {
            kind,
            detail: detail.into(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::tests::conversation;
    use serde_json::json;

    fn verdict(
        kind: &str,
        expires: Option<i64>,
        channel: ChannelCondition,
        has_window: bool,
    ) -> Option<&'static str> {
        let mut conversation = conversation();
        conversation.window_expires_at = expires.map(Timestamp);
        let content = Content {
            kind: kind.into(),
            body: json!({}),
        };
        let proposal = Proposal {
            conversation: &conversation,
            content: &content,
            channel,
            rules: if has_window {
                MessagingRules::WHATSAPP
            } else {
                MessagingRules::SMS
            },
            by_person: true,
            now: Timestamp(100),
        };
        check(&proposal).err().map(|refusal| refusal.code)
    }

    #[test]
    fn the_table_of_verdicts() {
        use ChannelCondition::{Active, Paused, Removed};
        assert_eq!(verdict("text", Some(101), Active, true), None);
        assert_eq!(verdict("text", Some(100), Active, true), Some("window_closed"));
        assert_eq!(verdict("text", None, Active, true), Some("window_closed"));
        assert_eq!(verdict("text", None, Active, false), None);
        assert_eq!(verdict("template", None, Active, true), None);
        assert_eq!(verdict("template", None, Paused, true), Some("channel_paused"));
        assert_eq!(verdict("text", Some(101), Removed, true), Some("channel_removed"));
        assert_eq!(verdict("note", None, Paused, true), None);
    }

    #[test]
    fn a_comment_is_answered_once_and_within_a_week() {
        let table = [
            (false, COMMENT_LIFE, false, None, ""),
            (
                false,
                COMMENT_LIFE + 1,
                false,
                Some("private_reply_expired"),
                "wait",
            ),
            (true, 1, false, Some("private_reply_used"), "wait"),
            (true, 1, true, Some("private_reply_used"), "message"),
        ];
        for (answered, now, window_open, code, alternative) in table {
            let answer = CommentAnswer {
                commented_at: Timestamp(0),
                answered,
                window_open,
                now: Timestamp(now),
            };
            let refusal = check_comment_answer(&answer).err();
            assert_eq!(refusal.as_ref().map(|refusal| refusal.code), code);
            assert_eq!(
                refusal.map_or("", |refusal| refusal.alternatives[0].kind),
                alternative
            );
        }
    }

    #[test]
    fn a_closed_window_offers_a_template() {
        let conversation = conversation();
        let content = Content::text("hi");
        let proposal = Proposal {
            conversation: &conversation,
            content: &content,
            channel: ChannelCondition::Active,
            rules: MessagingRules::WHATSAPP,
            by_person: true,
            now: Timestamp(0),
        };
        let refusal = check(&proposal).expect_err("no window");
        assert_eq!(refusal.alternatives[0].kind, "template");
    }
}
