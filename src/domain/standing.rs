//! What holds beside the conversation when a message is proposed: consent, the channel's health, limits and money.
//!
//! Owns the rules over them. What they are is brought along by whoever asks.

use super::consent::{Consent, Intent, Purpose};
use super::content::Content;
use super::health::{ChannelHealth, Tier};
use super::marks;
use super::operations::SendPriority;
use super::policy::{Alternative, Proposal, Refusal};
use crate::domain::phrases;

/// From this share of the limit on (in percent), marketing leaves the rest to messages that customers wait for.
pub const NEAR_PERCENT: u32 = 90;

/// How much of the channel's limit is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reached {
    /// Different people written to unasked within 24 hours.
    pub people: u32,
    /// This customer is among them already.
    pub includes_this: bool,
}

/// How the month's spending stands, in millionths of the currency's unit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spending {
    /// Spent so far, by the owner's own prices.
    pub spent: i64,
    /// The month's budget; `None` for none.
    pub budget: Option<i64>,
    /// Whether reaching it stops what costs.
    pub hard_stop: bool,
    /// Currency, as the owner wrote it.
    pub currency: String,
}

/// Everything together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// What the customer allows.
    pub consent: Consent,
    /// What the message is for.
    pub purpose: Purpose,
    /// How the channel stands with its provider.
    pub health: ChannelHealth,
    /// How much of its limit is used.
    pub reached: Reached,
    /// How the month's spending stands.
    pub spending: Spending,
    /// The channel charges for every message, answers too (SMS).
    pub charges_all: bool,
}

/// What a message is for: everything in bulk and every marketing template is marketing. `category` is the template's, where
/// known.
pub fn purpose(content: &Content, priority: SendPriority, category: Option<&str>) -> Purpose {
    let is_marketing = content.kind == "template"
        && category.is_some_and(|category| category.eq_ignore_ascii_case("marketing"));
    match (priority, is_marketing) {
        (SendPriority::Bulk, _) | (_, true) => Purpose::Marketing,
        (SendPriority::Reply, false) => Purpose::Service,
    }
}

/// Whether content begins something by itself.
pub fn is_unasked(content: &Content) -> bool {
    content.kind == "template"
}

fn is_marketing(proposal: &Proposal<'_>) -> bool {
    proposal.standing.purpose == Purpose::Marketing
}

/// The customer's consent. What is done with a comment is no message to them.
pub(super) fn customer_agrees(proposal: &Proposal<'_>) -> Option<Refusal> {
    if marks::concerns_comment(proposal.content) {
        return None;
    }
    let intent = Intent {
        purpose: proposal.standing.purpose,
        unasked: is_unasked(proposal.content),
    };
    proposal.standing.consent.objection(intent, proposal.now)
}

/// The account's state.
pub(super) fn account_may(proposal: &Proposal<'_>) -> Option<Refusal> {
    let outside = !proposal.conversation.window_open(proposal.now);
    let unasked = is_unasked(proposal.content) && outside;
    proposal
        .standing
        .health
        .objection(unasked, is_marketing(proposal), proposal.now)
}

/// The provider's limit of people written to unasked within 24 hours.
pub(super) fn limit_allows(proposal: &Proposal<'_>) -> Option<Refusal> {
    let standing = proposal.standing;
    let counts = is_unasked(proposal.content)
        && !proposal.conversation.window_open(proposal.now)
        && !standing.reached.includes_this;
    let Some(Tier::People(limit)) = standing.health.tier.filter(|_| counts) else {
        return None;
    };
    let used = standing.reached.people;
    let near = u64::from(limit) * u64::from(NEAR_PERCENT) / 100;
    let (code, reason) = match (used >= limit, is_marketing(proposal) && u64::from(used) >= near) {
        (true, _) => (
            "limit_reached",
            phrases::LIMIT_REACHED.with(&[("used", &used), ("limit", &limit)]),
        ),
        (false, true) => (
            "limit_near",
            phrases::LIMIT_NEAR.with(&[("used", &used), ("limit", &limit)]),
        ),
        (false, false) => return None,
    };
    Some(Refusal {
        code,
        reason,
        alternatives: vec![
            Alternative {
                kind: "wait",
                detail: phrases::PLACES_COME_FREE.text().into(),
            },
            Alternative {
                kind: "reply",
                detail: phrases::ANSWERS_DO_NOT_COUNT.text().into(),
            },
        ],
    })
}

/// The month's budget.
pub(super) fn budget_allows(proposal: &Proposal<'_>) -> Option<Refusal> {
    let Spending {
        spent,
        budget,
        hard_stop,
        currency,
    } = &proposal.standing.spending;
    let budget = budget.filter(|budget| *hard_stop && spent >= budget)?;
    let charges_all = proposal.standing.charges_all;
    let costs = is_unasked(proposal.content) && !proposal.conversation.is_free(proposal.now);
    if !costs && !charges_all {
        return None;
    }
    let cheaper = match charges_all {
        true => phrases::OTHER_ANSWERS_COST_NOTHING,
        false => phrases::ANSWERS_COST_NOTHING,
    };
    Some(Refusal {
        code: "budget_used_up",
        reason: phrases::BUDGET_USED_UP.with(&[
            ("budget", &amount(budget)),
            ("currency", currency),
            ("spent", &amount(*spent)),
        ]),
        alternatives: vec![
            Alternative {
                kind: "raise_budget",
                detail: phrases::RAISE_BUDGET.text().into(),
            },
            Alternative {
                kind: if charges_all { "other_channel" } else { "reply" },
                detail: cheaper.text().into(),
            },
        ],
    })
}

/// Millionths as a decimal number with two places.
pub fn amount(millionths: i64) -> String {
    let hundredths = millionths.saturating_add(5_000).div_euclid(10_000);
    format!("{}.{:02}", hundredths.div_euclid(100), hundredths.rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::conversation::tests::conversation;
    use crate::domain::policy::{ChannelCondition, MessagingRules, check};

    fn verdict(kind: &str, standing: &Standing) -> Option<&'static str> {
        let mut conversation = conversation();
        let content = match kind {
            "text" => {
                conversation.window_expires_at = Some(Timestamp(900));
                Content::text("hi")
            }
            _ => Content {
                kind: "template".into(),
                body: serde_json::json!({"name": "x"}),
            },
        };
        let proposal = Proposal {
            conversation: &conversation,
            content: &content,
            channel: ChannelCondition::Active,
            rules: MessagingRules::WHATSAPP,
            by_person: true,
            files: &[],
            media_rules: &[],
            template: &crate::domain::template::standing::TemplateStanding::NotAsked,
            standing,
            now: Timestamp(100),
        };
        check(&proposal).err().map(|refusal| refusal.code)
    }

    #[test]
    fn the_limit_keeps_its_rest_for_what_customers_wait_for() {
        let mut standing = Standing::default();
        standing.health.tier = Some(Tier::People(250));
        let table = [
            (224, Purpose::Marketing, false, None),
            (225, Purpose::Marketing, false, Some("limit_near")),
            (225, Purpose::Service, false, None),
            (250, Purpose::Service, false, Some("limit_reached")),
            (250, Purpose::Service, true, None),
        ];
        for (people, purpose, includes_this, expected) in table {
            standing.purpose = purpose;
            standing.reached = Reached {
                people,
                includes_this,
            };
            assert_eq!(verdict("template", &standing), expected, "{people} {purpose:?}");
        }
        standing.reached = Reached {
            people: 999,
            includes_this: false,
        };
        assert_eq!(verdict("text", &standing), None, "an answer does not count");
        standing.health.tier = Some(Tier::Unlimited);
        assert_eq!(verdict("template", &standing), None);
    }

    #[test]
    fn a_used_up_budget_stops_what_costs_if_it_shall() {
        let spending = Spending {
            spent: 12_340_000,
            budget: Some(12_340_000),
            hard_stop: true,
            currency: "USD".into(),
        };
        let mut standing = Standing {
            spending,
            ..Standing::default()
        };
        assert_eq!(verdict("template", &standing), Some("budget_used_up"));
        assert_eq!(verdict("text", &standing), None);
        standing.charges_all = true;
        assert_eq!(verdict("text", &standing), Some("budget_used_up"));
        standing.spending.hard_stop = false;
        assert_eq!(verdict("template", &standing), None);
        assert_eq!(verdict("text", &standing), None);
    }

    #[test]
    fn bulk_and_marketing_templates_are_marketing() {
        let template = Content {
            kind: "template".into(),
            body: serde_json::json!({}),
        };
        let table = [
            (
                &template,
                SendPriority::Reply,
                Some("MARKETING"),
                Purpose::Marketing,
            ),
            (&template, SendPriority::Reply, Some("utility"), Purpose::Service),
            (&template, SendPriority::Reply, None, Purpose::Service),
            (&template, SendPriority::Bulk, Some("utility"), Purpose::Marketing),
        ];
        for (content, priority, category, expected) in table {
            assert_eq!(
                purpose(content, priority, category),
                expected,
                "{priority:?} {category:?}"
            );
        }
        assert_eq!(amount(1_234_567), "1.23");
        assert_eq!(amount(0), "0.00");
    }
}
