//! What a customer allows on one channel, with the proof of it.
//!
//! Owns how it changes and what follows for a message. Must not know how it was said or where it is kept.

use super::ids::{MessageId, UserId};
use super::policy::{Alternative, Refusal};
use super::time::{HOUR, Timestamp};
use crate::domain::phrases;

/// Changes that are kept as proof, the newest of them.
pub const MAX_CHANGES: usize = 50;
/// Longest reason, in characters.
pub const MAX_NOTE_CHARS: usize = 500;
/// How long marketing pauses after the provider held one back (Meta, error 131049: at least 24 hours).
pub const COOLDOWN: i64 = 24 * HOUR;

/// What is allowed. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Permission {
    /// They want messages, marketing too.
    OptedIn = 1,
    /// No marketing.
    NoMarketing = 2,
    /// Nothing but answers to what they write.
    Nothing = 3,
}

impl Permission {
    /// The permission for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::OptedIn),
            2 => Some(Self::NoMarketing),
            3 => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// Who or what said so. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ConsentSource {
    /// The customer, by a keyword.
    Keyword = 1,
    /// The provider: the customer used its own switch, or it refused a message for it.
    Provider = 2,
    /// A member of the team.
    Agent = 3,
    /// A program.
    Api = 4,
}

impl ConsentSource {
    /// The source for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Keyword),
            2 => Some(Self::Provider),
            3 => Some(Self::Agent),
            4 => Some(Self::Api),
            _ => None,
        }
    }
}

/// One change, as proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentChange {
    /// What is allowed from then on.
    pub permission: Permission,
    /// Who said so.
    pub source: ConsentSource,
    /// When.
    pub at: Timestamp,
    /// The message that says it.
    pub proof: Option<MessageId>,
    /// The member of the team.
    pub by: Option<UserId>,
    /// The word that was heard, or the reason that was given.
    pub note: String,
}

/// What a customer allows on one channel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Consent {
    /// Oldest first; the last one holds. Never empty once stored, unless only a pause is.
    pub changes: Vec<ConsentChange>,
    /// They wrote again after the last change: answering is welcome.
    pub wrote_since: bool,
    /// The provider holds marketing back until then.
    pub marketing_paused_until: Option<Timestamp>,
}

/// How a workspace heeds keywords.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentRules {
    /// What STOP ends: everything, or marketing.
    pub stop_means: Permission,
    /// STOP and START are confirmed.
    pub confirms: bool,
    /// HELP is answered.
    pub answers_help: bool,
    /// Texts of its own; `None` for those that are shipped, in the customer's language.
    pub stop_reply: Option<String>,
    /// See `stop_reply`.
    pub start_reply: Option<String>,
    /// See `stop_reply`.
    pub help_reply: Option<String>,
    /// Further words for STOP, evened out by [`super::optout::normalise`].
    pub extra_stop: Vec<String>,
    /// Language of the business.
    pub locale: String,
}

impl Default for ConsentRules {
    fn default() -> Self {
        Self {
            stop_means: Permission::Nothing,
            confirms: true,
            answers_help: false,
            stop_reply: None,
            start_reply: None,
            help_reply: None,
            extra_stop: Vec::new(),
            locale: "en".into(),
        }
    }
}

/// What a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Purpose {
    /// An answer or news that the customer waits for.
    #[default]
    Service,
    /// Advertising, and everything that is sent in bulk.
    Marketing,
}

/// What is proposed, as far as consent cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Intent {
    /// What for.
    pub purpose: Purpose,
    /// It begins or continues something by itself (a template), rather than answering.
    pub unasked: bool,
}

impl Consent {
    /// What holds; `None` if nothing was ever said.
    pub fn permission(&self) -> Option<Permission> {
        self.changes.last().map(|change| change.permission)
    }

    /// Whether they ended messages, or marketing.
    pub fn is_out(&self) -> bool {
        matches!(
            self.permission(),
            Some(Permission::NoMarketing | Permission::Nothing)
        )
    }

    /// Notes a change. Answers whether another permission holds now.
    pub fn record(&mut self, mut change: ConsentChange) -> bool {
        change.note = change.note.chars().take(MAX_NOTE_CHARS).collect();
        let differs = self.permission() != Some(change.permission);
        self.wrote_since = false;
        if change.permission == Permission::OptedIn {
            self.marketing_paused_until = None;
        }
        self.changes.push(change);
        let surplus = self.changes.len().saturating_sub(MAX_CHANGES);
        self.changes.drain(..surplus);
        differs
    }

    /// Whether a message may go out, and if not: why, and what would.
    pub fn objection(&self, intent: Intent, now: Timestamp) -> Option<Refusal> {
        match self.permission() {
            Some(Permission::Nothing) if intent.unasked || !self.wrote_since || intent.is_marketing() => {
                Some(no_messages())
            }
            Some(Permission::NoMarketing) if intent.is_marketing() => Some(no_marketing()),
            _ => self
                .marketing_paused_until
                .filter(|until| intent.is_marketing() && *until > now)
                .map(paused),
        }
    }
}

impl Intent {
    fn is_marketing(self) -> bool {
        self.purpose == Purpose::Marketing
    }
}

fn refusal(code: &'static str, reason: String, alternatives: &[(&'static str, &str)]) -> Refusal {
    Refusal {
        code,
        reason,
        alternatives: alternatives
            .iter()
            .map(|(kind, detail)| Alternative {
                kind,
                detail: (*detail).into(),
            })
            .collect(),
    }
}

fn no_messages() -> Refusal {
    refusal(
        "opted_out",
        phrases::OPTED_OUT.text().into(),
        &[
            ("wait", phrases::ANSWER_WHEN_WRITES.text()),
            ("opt_in", phrases::RECORD_CONSENT.text()),
            ("other_channel", phrases::NOT_OPTED_OUT_THERE.text()),
        ],
    )
}

fn no_marketing() -> Refusal {
    refusal(
        "opted_out_of_marketing",
        phrases::NO_MARKETING.text().into(),
        &[
            ("service_message", phrases::ONLY_ASKED_FOR.text()),
            ("opt_in", phrases::RECORD_CONSENT_AGAIN.text()),
        ],
    )
}

fn paused(until: Timestamp) -> Refusal {
    refusal(
        "marketing_cooldown",
        phrases::MARKETING_COOLDOWN.with(&[("until_at", &until)]),
        &[
            ("wait", phrases::SEND_LATER.text()),
            ("service_message", phrases::ONLY_ASKED_FOR.text()),
        ],
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn change(permission: Permission, at: i64) -> ConsentChange {
        ConsentChange {
            permission,
            source: ConsentSource::Keyword,
            at: Timestamp(at),
            proof: None,
            by: None,
            note: "stop".into(),
        }
    }

    fn verdict(consent: &Consent, purpose: Purpose, unasked: bool) -> Option<&'static str> {
        let refusal = consent.objection(Intent { purpose, unasked }, Timestamp(10));
        refusal.map(|refusal| refusal.code)
    }

    #[test]
    fn the_table_of_objections() {
        use Purpose::{Marketing, Service};
        let mut consent = Consent::default();
        assert_eq!(verdict(&consent, Marketing, true), None, "nothing was ever said");
        consent.record(change(Permission::NoMarketing, 1));
        assert_eq!(verdict(&consent, Marketing, true), Some("opted_out_of_marketing"));
        assert_eq!(verdict(&consent, Service, true), None);
        assert!(consent.record(change(Permission::Nothing, 2)));
        assert_eq!(verdict(&consent, Service, false), Some("opted_out"));
        consent.wrote_since = true;
        assert_eq!(verdict(&consent, Service, false), None, "an answer is welcome");
        assert_eq!(verdict(&consent, Service, true), Some("opted_out"));
        assert_eq!(verdict(&consent, Marketing, false), Some("opted_out"));
        consent.marketing_paused_until = Some(Timestamp(99));
        assert!(consent.record(change(Permission::OptedIn, 3)));
        assert_eq!(verdict(&consent, Marketing, true), None);
        consent.marketing_paused_until = Some(Timestamp(99));
        assert_eq!(verdict(&consent, Marketing, true), Some("marketing_cooldown"));
        assert_eq!(verdict(&consent, Service, true), None);
    }

    #[test]
    fn proof_is_kept_within_its_limit() {
        let mut consent = Consent::default();
        for n in 0..200 {
            consent.record(change(Permission::Nothing, n));
        }
        assert_eq!(consent.changes.len(), MAX_CHANGES);
        assert_eq!(
            consent.changes.last().map(|change| change.at),
            Some(Timestamp(199))
        );
    }
}
