//! How a channel stands with its provider: quality, limits, restrictions.
//!
//! Owns what a change does to it and what follows for sending. Must not know any provider's words.

use super::policy::{Alternative, Refusal};
use super::time::Timestamp;
use crate::domain::phrases;

/// Restrictions that are kept at once.
const MAX_RESTRICTIONS: usize = 16;
/// Longest text that is kept, in characters.
const MAX_TEXT: usize = 300;

/// What the provider thinks of a number. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Quality {
    /// Not told.
    #[default]
    Unknown = 0,
    /// Good.
    Green = 1,
    /// Customers begin to complain: marketing slows down.
    Yellow = 2,
    /// They block and report: marketing stops.
    Red = 3,
}

impl Quality {
    /// The quality for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            0 => Some(Self::Unknown),
            1 => Some(Self::Green),
            2 => Some(Self::Yellow),
            3 => Some(Self::Red),
            _ => None,
        }
    }
}

/// How many different people may be written to unasked within 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// So many.
    People(u32),
    /// Any number.
    Unlimited,
}

/// What may not be done. Numbers are stored: never change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Restriction {
    /// Writing first.
    BusinessInitiated = 1,
    /// Answering.
    Replies = 2,
    /// Something that does not stop messages.
    Other = 3,
}

impl Restriction {
    /// The restriction for a stored number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::BusinessInitiated),
            2 => Some(Self::Replies),
            3 => Some(Self::Other),
            _ => None,
        }
    }
}

/// A restriction and its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restricted {
    /// What.
    pub what: Restriction,
    /// The provider's word.
    pub word: String,
    /// Until when; `None` until it is lifted.
    pub until: Option<Timestamp>,
}

/// How a channel stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChannelHealth {
    /// Quality.
    pub quality: Quality,
    /// Limit, where told.
    pub tier: Option<Tier>,
    /// The number may send faster than usual (WhatsApp: 1,000 a second).
    pub high_throughput: bool,
    /// What may not be done.
    pub restrictions: Vec<Restricted>,
    /// Why the provider stopped the account; `None` while it works.
    pub stopped: Option<String>,
    /// A warning that concerns the whole account (a ban that is planned, an alert).
    pub warning: Option<String>,
    /// The name that customers see.
    pub display_name: String,
    /// What was decided about the last name that was asked for.
    pub name_decision: String,
    /// The user name of the number, where it has one.
    pub username: String,
    /// When anything of this was last told.
    pub updated_at: Option<Timestamp>,
}

/// One thing that a provider told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HealthChange {
    /// Another quality.
    Quality(Quality),
    /// Another limit.
    Tier(Tier),
    /// Faster, or as usual again.
    HighThroughput(bool),
    /// Something may not be done any more.
    Restrict(Restricted),
    /// Everything may be done again.
    Lift,
    /// Nothing works any more; why.
    Stop(String),
    /// It works again.
    Resume,
    /// Something to know about the account; `None` ends it.
    Warning(Option<String>),
    /// A decision about the shown name: the name and the decision.
    Name(String, String),
    /// The user name.
    Username(String),
}

fn cut(text: String) -> String {
    match text.chars().count() > MAX_TEXT {
        true => text.chars().take(MAX_TEXT).collect(),
        false => text,
    }
}

impl ChannelHealth {
    /// Works a change in.
    pub fn apply(&mut self, change: HealthChange, now: Timestamp) {
        self.updated_at = Some(now);
        match change {
            HealthChange::Quality(quality) => self.quality = quality,
            HealthChange::Tier(tier) => self.tier = Some(tier),
            HealthChange::HighThroughput(high) => self.high_throughput = high,
            HealthChange::Restrict(restricted) => {
                self.restrictions.retain(|known| known.word != restricted.word);
                self.restrictions.push(restricted);
                let surplus = self.restrictions.len().saturating_sub(MAX_RESTRICTIONS);
                self.restrictions.drain(..surplus);
            }
            HealthChange::Lift => self.restrictions.clear(),
            HealthChange::Stop(why) => self.stopped = Some(cut(why)),
            HealthChange::Resume => {
                self.stopped = None;
                self.warning = None;
            }
            HealthChange::Warning(warning) => self.warning = warning.map(cut),
            HealthChange::Name(name, decision) => {
                if decision == "APPROVED" {
                    self.display_name = cut(name);
                }
                self.name_decision = cut(decision);
            }
            HealthChange::Username(name) => self.username = cut(name),
        }
    }

    /// Restrictions that still hold.
    pub fn restricted(&self, now: Timestamp) -> impl Iterator<Item = &Restricted> {
        let holds = move |it: &&Restricted| it.until.is_none_or(|until| until > now);
        self.restrictions.iter().filter(holds)
    }

    /// Whether a message may go out as the account stands, and if not: why, and what would. `unasked`: it is no answer.
    pub fn objection(&self, unasked: bool, marketing: bool, now: Timestamp) -> Option<Refusal> {
        let stops = |it: &&Restricted| match it.what {
            Restriction::BusinessInitiated => unasked,
            Restriction::Replies => !unasked,
            Restriction::Other => false,
        };
        if let Some(found) = self.restricted(now).find(stops) {
            return Some(restricted(found));
        }
        (marketing && self.quality == Quality::Red).then(|| Refusal {
            code: "quality_low",
            reason: phrases::QUALITY_LOW.text().into(),
            alternatives: vec![
                Alternative {
                    kind: "service_message",
                    detail: phrases::SERVICE_STILL_GOES.text().into(),
                },
                Alternative {
                    kind: "wait",
                    detail: phrases::QUALITY_RISES.text().into(),
                },
            ],
        })
    }
}

fn restricted(found: &Restricted) -> Refusal {
    use phrases as say;
    let (timed, lasting, alternative) = match found.what {
        Restriction::Replies => (
            say::RESTRICTED_REPLIES_UNTIL,
            say::RESTRICTED_REPLIES,
            say::USE_OTHER_CHANNEL.text(),
        ),
        _ => (
            say::RESTRICTED_FIRST_UNTIL,
            say::RESTRICTED_FIRST,
            say::ANSWER_THOSE_WHO_WRITE.text(),
        ),
    };
    let word: &dyn std::fmt::Display = &found.word;
    let reason = match found.until {
        Some(until) => timed.with(&[("until_at", &until), ("word", word)]),
        None => lasting.with(&[("word", word)]),
    };
    Refusal {
        code: "account_restricted",
        reason,
        alternatives: vec![
            Alternative {
                kind: "wait",
                detail: alternative.into(),
            },
            Alternative {
                kind: "appeal",
                detail: phrases::ASK_REVIEW.text().into(),
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restrictions_end_and_stop_what_they_name() {
        let mut health = ChannelHealth::default();
        let restrict = |what, word: &str, until| {
            HealthChange::Restrict(Restricted {
                what,
                word: word.into(),
                until,
            })
        };
        health.apply(
            restrict(Restriction::BusinessInitiated, "FIRST", Some(Timestamp(50))),
            Timestamp(1),
        );
        let code = |health: &ChannelHealth, unasked, now| {
            health
                .objection(unasked, false, Timestamp(now))
                .map(|refusal| refusal.code)
        };
        assert_eq!(code(&health, true, 49), Some("account_restricted"));
        assert_eq!(code(&health, false, 49), None);
        assert_eq!(code(&health, true, 50), None, "it has ended");
        health.apply(restrict(Restriction::Replies, "ANSWERS", None), Timestamp(1));
        assert_eq!(code(&health, false, 99), Some("account_restricted"));
        health.apply(HealthChange::Lift, Timestamp(2));
        assert_eq!(code(&health, false, 99), None);
    }

    #[test]
    fn low_quality_stops_marketing_only() {
        let mut health = ChannelHealth::default();
        health.apply(HealthChange::Quality(Quality::Red), Timestamp(1));
        assert!(
            health
                .objection(true, true, Timestamp(2))
                .is_some_and(|refusal| refusal.code == "quality_low")
        );
        assert!(health.objection(true, false, Timestamp(2)).is_none());
        health.apply(HealthChange::Quality(Quality::Yellow), Timestamp(3));
        assert!(health.objection(true, true, Timestamp(4)).is_none());
    }
}
