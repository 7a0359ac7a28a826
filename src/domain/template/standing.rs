//! What policy must know of a template that someone wants to send.

use super::State;
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
            "The account has no template of this name in this language.".into(),
            languages,
        )),
        TemplateStanding::Known {
            may_use: false,
            languages: _,
            ..
        } => Some(refusal(
            "template_not_assigned",
            "This template is not assigned to your role.".into(),
            &[],
        )),
        TemplateStanding::Known {
            state,
            reason,
            languages,
            ..
        } if !state.is_sendable() => {
            let why = reason
                .as_deref()
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            Some(refusal(
                code(*state),
                format!("{}{why}", in_words(*state)),
                languages,
            ))
        }
        TemplateStanding::Known { missing, .. } if !missing.is_empty() => Some(refusal(
            "template_variables",
            format!(
                "These variables of the template have no value: {}.",
                missing.join(", ")
            ),
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
        State::Draft => "The template is a draft and was never submitted.",
        State::AwaitingApproval => "The template waits for approval within your team.",
        State::InReview => "The template is still in review.",
        State::Approved => "The template is approved.",
        State::Rejected => "The template was rejected.",
        State::Paused => "The template is paused because customers reacted badly to it.",
        State::Disabled => "The template was disabled for good because customers reacted badly to it.",
        State::InAppeal => "The template was rejected; the appeal is under review.",
        State::Flagged => "The template may be sent, but its quality is low.",
        State::LimitExceeded => "The account holds more templates than it may.",
        State::Locked => "The template cannot be changed at present.",
        State::Archived => "The template is archived.",
        State::PendingDeletion | State::Deleted => "The template was deleted at the provider.",
    }
}

fn refusal(code: &'static str, reason: String, languages: &[String]) -> Refusal {
    let mut alternatives = Vec::new();
    if !languages.is_empty() {
        let detail = format!(
            "Send it in a language that is approved: {}.",
            languages.join(", ")
        );
        alternatives.push(Alternative {
            kind: "language",
            detail,
        });
    }
    if code == "template_paused" {
        alternatives.push(Alternative {
            kind: "wait",
            detail: "A first pause ends after 3 hours, a second after 6; then send it again.".into(),
        });
    }
    alternatives.push(match code {
        "template_variables" => Alternative {
            kind: "variables",
            detail: "Fill every variable, then send.".into(),
        },
        _ => Alternative {
            kind: "template",
            detail: "Choose another approved template.".into(),
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
