//! The one gate that every outgoing message passes, whatever its origin. It answers *allowed*, or *no* with a reason in
//! plain words and the nearest thing that is allowed.
//!
//! Rules are asked in order; the first that objects decides. New rules (consent, quiet hours, caps) join the list.

use super::content::Content;
use super::conversation::Conversation;
use super::standing::{self, Standing};
use super::time::Timestamp;

/// What a rule may look at.
pub struct Proposal<'a> {
    /// The conversation that it would go into.
    pub conversation: &'a Conversation,
    /// What would be sent.
    pub content: &'a Content,
    /// How the channel is.
    pub channel: ChannelCondition,
    /// Whether the provider has a customer-service window (WhatsApp: yes, SMS: no).
    pub has_window: bool,
    /// Consent, the channel's health, limits, money.
    pub standing: &'a Standing,
    /// Now.
    pub now: Timestamp,
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

const RULES: [Rule; 6] = [
    channel_accepts,
    standing::customer_agrees,
    standing::account_may,
    window_is_open,
    standing::limit_allows,
    standing::budget_allows,
];

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
    let needs_window = proposal.has_window && proposal.content.kind != "template";
    if !needs_window || proposal.conversation.window_open(proposal.now) {
        return None;
    }
    let reason = match proposal.conversation.window_expires_at {
        Some(at) => format!("The 24-hour reply window closed at {at}: the customer has not written since."),
        None => "The customer has not written yet, so there is no 24-hour reply window.".to_owned(),
    };
    Some(Refusal {
        code: "window_closed",
        reason,
        alternatives: vec![Alternative {
            kind: "template",
            detail: "Send an approved message template; the window opens when the customer answers.".into(),
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
            has_window,
            standing: &Standing::default(),
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
    fn a_closed_window_offers_a_template() {
        let conversation = conversation();
        let content = Content::text("hi");
        let proposal = Proposal {
            conversation: &conversation,
            content: &content,
            channel: ChannelCondition::Active,
            has_window: true,
            standing: &Standing::default(),
            now: Timestamp(0),
        };
        let refusal = check(&proposal).expect_err("no window");
        assert_eq!(refusal.alternatives[0].kind, "template");
    }
}
