//! What policy must know of a template that someone wants to send.

use super::State;
use crate::domain::phrases;
use crate::domain::policy::{Alternative, Refusal};

/// How the template of a message stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum TemplateStanding {
    /// The message is no template, or the provider keeps no list of them.
    #[default]
    NotAsked,
    /// The list was never read, so that an unknown name says nothing.
    NeverListed,
    /// The list is known and this name and language are not on it.
    Unknown {
        /// Languages in which there is one of this name that can be sent.
        languages: Vec<String>,
    },
    /// It is known.
    Known {
        /// Where it stands.
        state: State,
        /// The provider's word for why.
        reason: Option<String>,
        /// The sender's role may use it.
        may_use: bool,
        /// Variables of the body that were given no value.
        missing: Vec<String>,
        /// Languages in which there is one of this name that can be sent.
        languages: Vec<String>,
    },
}

/// Whether it may go out.
pub fn check(standing: &TemplateStanding) -> Option<Refusal> {
    match standing {
        TemplateStanding::NotAsked | TemplateStanding::NeverListed => None,
        TemplateStanding::Unknown { languages } => Some(refusal(
            "template_unknown",
            phrases::TEMPLATE_UNKNOWN.text().into(),
            languages,
        )),
        TemplateStanding::Known {
            may_use: false,
            languages: _,
            ..
        } => Some(refusal(
            "template_not_assigned",
            phrases::TEMPLATE_NOT_ASSIGNED.text().into(),
            &[],
        )),
        TemplateStanding::Known {
            state,
            reason,
            languages,
            ..
        } if !state.is_sendable() => {
            let words = in_words(*state);
            let because = |word| phrases::TEMPLATE_STATE_BECAUSE.with(&[("state", &words), ("word", word)]);
            let why = reason.as_ref().map(|word| because(word));
            Some(refusal(
                code(*state),
                why.unwrap_or_else(|| words.to_owned()),
                languages,
            ))
        }
        TemplateStanding::Known { missing, .. } if !missing.is_empty() => Some(refusal(
            "template_variables",
            phrases::TEMPLATE_VARIABLES.with(&[("names", &missing.join(", "))]),
            &[],
        )),
        TemplateStanding::Known { .. } => None,
    }
}

const fn code(state: State) -> &'static str {
    match state {
        State::Paused => "template_paused",
        State::Disabled => "template_disabled",
        State::Rejected => "template_rejected",
        _ => "template_not_approved",
    }
}

/// A state as a sentence, with what follows from it.
pub const fn in_words(state: State) -> &'static str {
    match state {
        State::Draft => phrases::TEMPLATE_DRAFT.text(),
        State::AwaitingApproval => phrases::TEMPLATE_AWAITING_APPROVAL.text(),
        State::InReview => phrases::TEMPLATE_IN_REVIEW.text(),
        State::Approved => phrases::TEMPLATE_APPROVED.text(),
        State::Rejected => phrases::TEMPLATE_REJECTED.text(),
        State::Paused => phrases::TEMPLATE_PAUSED.text(),
        State::Disabled => phrases::TEMPLATE_DISABLED.text(),
        State::InAppeal => phrases::TEMPLATE_IN_APPEAL.text(),
        State::Flagged => phrases::TEMPLATE_FLAGGED.text(),
        State::LimitExceeded => phrases::TEMPLATE_LIMIT_EXCEEDED.text(),
        State::Locked => phrases::TEMPLATE_LOCKED.text(),
        State::Archived => phrases::TEMPLATE_ARCHIVED.text(),
        State::PendingDeletion | State::Deleted => phrases::TEMPLATE_DELETED.text(),
    }
}

fn refusal(code: &'static str, reason: String, languages: &[String]) -> Refusal {
    let mut alternatives = Vec::new();
    if !languages.is_empty() {
        let detail = phrases::TEMPLATE_LANGUAGES.with(&[("languages", &languages.join(", "))]);
        alternatives.push(Alternative {
            kind: "language",
            detail,
        });
    }
    if code == "template_paused" {
        alternatives.push(Alternative {
            kind: "wait",
            detail: phrases::TEMPLATE_PAUSE_ENDS.text().into(),
        });
    }
    alternatives.push(match code {
        "template_variables" => Alternative {
            kind: "variables",
            detail: phrases::FILL_VARIABLES.text().into(),
        },
        _ => Alternative {
            kind: "template",
            detail: phrases::OTHER_TEMPLATE.text().into(),
        },
    });
    Refusal {
        code,
        reason,
        alternatives,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_approved_goes_out_and_every_no_offers_something() {
        let known = |state, may_use, missing: &[&str]| TemplateStanding::Known {
            state,
            reason: None,
            may_use,
            missing: missing.iter().map(|name| (*name).to_owned()).collect(),
            languages: vec!["sw".into()],
        };
        let table = [
            (TemplateStanding::NotAsked, None),
            (TemplateStanding::NeverListed, None),
            (
                TemplateStanding::Unknown { languages: vec![] },
                Some("template_unknown"),
            ),
            (known(State::Approved, true, &[]), None),
            (known(State::Flagged, true, &[]), None),
            (known(State::Approved, false, &[]), Some("template_not_assigned")),
            (known(State::Approved, true, &["1"]), Some("template_variables")),
            (known(State::Paused, true, &[]), Some("template_paused")),
            (known(State::Disabled, true, &[]), Some("template_disabled")),
            (known(State::Rejected, true, &["1"]), Some("template_rejected")),
            (known(State::InReview, true, &[]), Some("template_not_approved")),
            (known(State::Deleted, true, &[]), Some("template_not_approved")),
        ];
        for (standing, expected) in table {
            let refusal = check(&standing);
            assert_eq!(
                refusal.as_ref().map(|refusal| refusal.code),
                expected,
                "{standing:?}"
            );
            assert!(refusal.is_none_or(|refusal| !refusal.alternatives.is_empty()));
        }
        let paused = check(&known(State::Paused, true, &[])).expect("refused");
        let kinds: Vec<_> = paused.alternatives.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, ["language", "wait", "template"]);
    }
}
