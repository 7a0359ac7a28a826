//! The one gate that every outgoing message passes, whatever its origin. It answers *allowed*, or *no* with a reason in
//! plain words and the nearest thing that is allowed.
//!
//! Rules are asked in order; the first that objects decides. New rules (consent, quiet hours, caps) join the list.

mod comments;

pub use comments::check_comment_wish;

use super::content::Content;
use super::conversation::Conversation;
use super::media::{Attachment, MediaKind, MediaRule, MediaState};
use super::standing::{self, Standing};
use super::template::standing::{self as template_standing, TemplateStanding};
use super::time::{HOUR, Timestamp};
use crate::domain::phrases;

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
    /// The files of ours that it names.
    pub files: &'a [Attachment],
    /// What the provider takes of files.
    pub media_rules: &'static [MediaRule],
    /// Consent, the channel's health, limits, money.
    pub standing: &'a Standing,
    /// How its template stands, if it is one.
    pub template: &'a TemplateStanding,
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
    /// The provider grants people such days on request; a channel that was not granted them has none.
    pub grants_human_agent: bool,
}

impl MessagingRules {
    /// WhatsApp: 24 hours, then templates.
    pub const WHATSAPP: Self = Self {
        has_window: true,
        has_templates: true,
        human_agent_days: 0,
        grants_human_agent: false,
    };
    /// Instagram: 24 hours; nobody can be written to who has not written.
    pub const INSTAGRAM: Self = Self {
        has_window: true,
        has_templates: false,
        human_agent_days: 0,
        grants_human_agent: true,
    };
    /// SMS: at any time.
    pub const SMS: Self = Self {
        has_window: false,
        has_templates: false,
        human_agent_days: 0,
        grants_human_agent: false,
    };
}

/// Which messages an answer can quote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quotes {
    /// Any that the provider knows.
    Any,
    /// Comments, which are thereby answered in private.
    Comments,
    /// None: the provider has no way to say what a message answers.
    Never,
}

impl Quotes {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Comments => "comments",
            Self::Never => "none",
        }
    }
}

/// Whether an answer may quote a message of this kind; a quote that the customer would not see is refused, not dropped.
///
/// # Errors
/// The refusal, if not.
pub fn check_quote(quotes: Quotes, quoted_kind: &str) -> Result<(), Refusal> {
    let reason = match quotes {
        Quotes::Any => return Ok(()),
        Quotes::Comments if quoted_kind == "comment" => return Ok(()),
        Quotes::Comments => phrases::QUOTE_COMMENTS_ONLY.text(),
        Quotes::Never => phrases::QUOTE_NEVER.text(),
    };
    Err(Refusal {
        code: "quote_not_supported",
        reason: reason.to_owned(),
        alternatives: vec![Alternative {
            kind: "message",
            detail: phrases::WITHOUT_QUOTE.text().to_owned(),
        }],
    })
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

const RULES: [Rule; 8] = [
    channel_accepts,
    standing::customer_agrees,
    standing::account_may,
    window_is_open,
    template_may_be_sent,
    files_fit,
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
            phrases::CHANNEL_PAUSED.text(),
            "resume_channel",
            phrases::RESUME_CHANNEL.text(),
        ),
        ChannelCondition::Removed => no(
            "channel_removed",
            phrases::CHANNEL_REMOVED.text(),
            "other_channel",
            phrases::OTHER_CHANNEL.text(),
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
        Some(at) => phrases::WINDOW_CLOSED.with(&[("closed_at", &at)]),
        None => phrases::WINDOW_NEVER.text().to_owned(),
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
    let one = |kind, detail: &str| Alternative {
        kind,
        detail: detail.into(),
    };
    let rules = proposal.rules;
    if rules.has_templates {
        let detail = phrases::SEND_TEMPLATE.text();
        return vec![one("template", detail)];
    }
    let wait = one("wait", phrases::WAIT_FOR_CUSTOMER.text());
    match last_chance {
        Some(until) if until > proposal.now => vec![one(
            "human_agent",
            &phrases::HUMAN_AGENT_UNTIL.with(&[("until_at", &until)]),
        )],
        // Seven days that this business could have had.
        None if rules.grants_human_agent && proposal.conversation.window_expires_at.is_some() => {
            vec![wait, one("human_agent_permission", HUMAN_AGENT_PERMISSION)]
        }
        _ => vec![wait],
    }
}

/// How people come by more time than programs (Instagram).
const HUMAN_AGENT_PERMISSION: &str = phrases::HUMAN_AGENT_PERMISSION.text();

/// Every file is here, and one that the provider takes as what it would be sent.
fn files_fit(proposal: &Proposal<'_>) -> Option<Refusal> {
    proposal
        .files
        .iter()
        .find_map(|file| file_fits(file, proposal.media_rules))
}

fn file_fits(file: &Attachment, rules: &'static [MediaRule]) -> Option<Refusal> {
    let kind = file.kind.as_str();
    let refusal = |code, reason: String, alternatives| Refusal {
        code,
        reason,
        alternatives,
    };
    if file.state != MediaState::Stored {
        let reason = phrases::MEDIA_NOT_KEPT.text().to_owned();
        let again = Alternative {
            kind: "upload_again",
            detail: phrases::UPLOAD_AGAIN.text().into(),
        };
        return Some(refusal("media_not_available", reason, vec![again]));
    }
    let Some(rule) = rules.iter().find(|rule| rule.kind == file.kind) else {
        let reason = phrases::MEDIA_KIND_UNSUPPORTED.with(&[("kind", &kind)]);
        return Some(refusal("media_unsupported", reason, instead(file, rules)));
    };
    if !rule.mimes.contains(&file.mime.as_str()) {
        let reason = phrases::MEDIA_TYPE_NOT_TAKEN.with(&[
            ("mime", &file.mime),
            ("kind", &kind),
            ("mimes", &rule.mimes.join(", ")),
        ]);
        return Some(refusal("media_type", reason, instead(file, rules)));
    }
    (file.size > rule.max_bytes).then(|| {
        let limit = megabytes(rule.max_bytes);
        let reason = phrases::MEDIA_TOO_LARGE.with(&[
            ("size", &megabytes(file.size)),
            ("kind", &kind),
            ("limit", &limit),
        ]);
        let mut alternatives = instead(file, rules);
        alternatives.push(Alternative {
            kind: "smaller_file",
            detail: phrases::SMALLER_FILE.with(&[("limit", &limit)]),
        });
        refusal("media_too_large", reason, alternatives)
    })
}

/// As what else the same file could be sent.
fn instead(file: &Attachment, rules: &'static [MediaRule]) -> Vec<Alternative> {
    let document = rules.iter().find(|rule| rule.kind == MediaKind::Document);
    let fits = document.is_some_and(|rule| {
        file.kind != MediaKind::Document
            && rule.mimes.contains(&file.mime.as_str())
            && file.size <= rule.max_bytes
    });
    let other = |detail: &str| Alternative {
        kind: "send_as_document",
        detail: detail.into(),
    };
    fits.then(|| other(phrases::AS_DOCUMENT.text()))
        .into_iter()
        .collect()
}

/// With one decimal, as people read sizes.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
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
        (true, _) => ("private_reply_used", phrases::COMMENT_ANSWERED.text()),
        (false, true) => ("private_reply_expired", phrases::COMMENT_TOO_OLD.text()),
    };
    let (kind, detail) = match answer.window_open {
        true => ("message", phrases::COMMENT_UNQUOTED.text()),
        false => ("wait", phrases::COMMENT_IN_APP.text()),
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

fn template_may_be_sent(proposal: &Proposal<'_>) -> Option<Refusal> {
    template_standing::check(proposal.template)
}

#[cfg(test)]
mod tests;
