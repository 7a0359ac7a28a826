//! What WhatsApp's news about accounts and numbers mean.
//!
//! Owns Meta's words (webhook reference: `account_update`, `phone_number_quality_update` and the like) and their translation
//! into health and plain English. Must not decide what follows.

use serde_json::Value;

use super::notice_words;
use super::payload::{text_at, whole_number};
use crate::channels::NoticeScope;
use crate::domain::Timestamp;
use crate::domain::health::{HealthChange, Quality, Restricted, Restriction, Tier};
use crate::domain::inbound::ChannelNotice;
use crate::domain::phrases::{self, Phrase};

/// Whom a notice concerns: one number of the account, or all of it.
pub(super) fn scope(notice: &ChannelNotice) -> NoticeScope {
    match text_at(&notice.body, "display_phone_number") {
        Some(number) => NoticeScope::Number(number.chars().filter(char::is_ascii_digit).collect()),
        None => NoticeScope::Account,
    }
}

/// The text of a field; empty where there is none.
pub(super) fn word(body: &Value, name: &str) -> String {
    text_at(body, name).unwrap_or_default()
}

/// `TIER_2K`, or a number of people; a negative one means that there is no limit.
pub(super) fn tier(value: &Value) -> Option<Tier> {
    if let Some(number) = whole_number(value) {
        return Some(u32::try_from(number).map_or(Tier::Unlimited, Tier::People));
    }
    let rest = value.as_str()?.strip_prefix("TIER_")?;
    if rest == "UNLIMITED" {
        return Some(Tier::Unlimited);
    }
    let (digits, factor) = match rest.strip_suffix('K') {
        Some(digits) => (digits, 1_000),
        None => (rest, 1),
    };
    digits.parse::<u32>().ok()?.checked_mul(factor).map(Tier::People)
}

/// The first limit that is told under any of its names, newest first.
fn any_tier(body: &Value) -> Option<Tier> {
    let names = [
        "max_daily_conversations_per_business",
        "max_daily_conversation_per_phone",
        "current_limit",
    ];
    names.iter().find_map(|name| tier(body.get(*name)?))
}

/// Meta's word for a quality.
pub(super) fn quality(word: &str) -> Option<Quality> {
    match word {
        "GREEN" | "HIGH" => Some(Quality::Green),
        "YELLOW" | "MEDIUM" => Some(Quality::Yellow),
        "RED" | "LOW" => Some(Quality::Red),
        _ => None,
    }
}

/// What changes for the channel's health.
pub(super) fn changes(notice: &ChannelNotice) -> Vec<HealthChange> {
    let body = &notice.body;
    match notice.field.as_str() {
        "phone_number_quality_update" => of_quality(body),
        "business_capability_update" => any_tier(body).map(HealthChange::Tier).into_iter().collect(),
        "phone_number_name_update" => {
            let (name, decision) = (word(body, "requested_verified_name"), word(body, "decision"));
            vec![HealthChange::Name(name, decision)]
        }
        "business_username_update" => vec![HealthChange::Username(word(body, "username"))],
        "account_update" => of_account(body),
        "account_review_update" => {
            let rejected = word(body, "decision") == "REJECTED";
            vec![HealthChange::Warning(
                rejected
                    .then(|| in_words("account_review_update", body))
                    .flatten(),
            )]
        }
        "account_alerts" => of_alert(body),
        _ => Vec::new(),
    }
}

fn of_quality(body: &Value) -> Vec<HealthChange> {
    let mut changes: Vec<_> = any_tier(body).map(HealthChange::Tier).into_iter().collect();
    match word(body, "event").as_str() {
        "THROUGHPUT_UPGRADE" => changes.push(HealthChange::HighThroughput(true)),
        "FLAGGED" => changes.push(HealthChange::Quality(Quality::Red)),
        "UNFLAGGED" => changes.push(HealthChange::Quality(Quality::Green)),
        "DOWNGRADE" => changes.push(HealthChange::Quality(Quality::Yellow)),
        _ => {}
    }
    if let Some(told) = quality(&word(body, "quality_rating")) {
        changes.push(HealthChange::Quality(told));
    }
    changes
}

fn of_account(body: &Value) -> Vec<HealthChange> {
    let said = || in_words("account_update", body).unwrap_or_default();
    match word(body, "event").as_str() {
        "ACCOUNT_RESTRICTION" => {
            let list = body.get("restriction_info").and_then(Value::as_array);
            let found: Vec<_> = list.into_iter().flatten().filter_map(restricted).collect();
            match found.is_empty() {
                true => vec![HealthChange::Lift],
                false => found,
            }
        }
        "ACCOUNT_VIOLATION" => vec![HealthChange::Warning(Some(said()))],
        "DISABLED_UPDATE" => match ban_state(body).as_str() {
            "SCHEDULE_FOR_DISABLE" => vec![HealthChange::Warning(Some(said()))],
            "REINSTATE" => vec![HealthChange::Resume, HealthChange::Lift],
            _ => vec![HealthChange::Stop(said())],
        },
        "ACCOUNT_DELETED" | "ACCOUNT_OFFBOARDED" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" => {
            vec![HealthChange::Stop(said())]
        }
        "ACCOUNT_RECONNECTED" | "PARTNER_ADDED" | "PARTNER_APP_INSTALLED" => vec![HealthChange::Resume],
        _ => Vec::new(),
    }
}

fn ban_state(body: &Value) -> String {
    body.get("ban_info")
        .map(|info| word(info, "waba_ban_state"))
        .unwrap_or_default()
}

fn restricted(info: &Value) -> Option<HealthChange> {
    let word = text_at(info, "restriction_type")?;
    let what = match word.as_str() {
        "RESTRICTED_BIZ_INITIATED_MESSAGING" => Restriction::BusinessInitiated,
        "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" => Restriction::Replies,
        _ => Restriction::Other,
    };
    let until = info
        .get("expiration")
        .and_then(whole_number)
        .map(Timestamp::from_seconds);
    Some(HealthChange::Restrict(Restricted { what, word, until }))
}

fn of_alert(body: &Value) -> Vec<HealthChange> {
    let info = body.get("alert_info").unwrap_or(body);
    let status = word(info, "alert_status");
    match (word(info, "alert_severity").as_str(), status.as_str()) {
        (_, "RESOLVED" | "NONE" | "INACTIVE") => vec![HealthChange::Warning(None)],
        ("WARNING" | "CRITICAL", _) => vec![HealthChange::Warning(in_words("account_alerts", body))],
        _ => Vec::new(),
    }
}

/// A notice in plain English; `None` for those that have no words of their own.
pub(super) fn in_words(field: &str, body: &Value) -> Option<String> {
    let get = |name: &str| word(body, name);
    Some(match field {
        "phone_number_quality_update" => quality_in_words(body)?,
        "business_capability_update" => {
            phrases::NOTICE_TIER.with(&[("limit", &tier_in_words(any_tier(body)?))])
        }
        "phone_number_name_update" => match get("decision").as_str() {
            "APPROVED" => phrases::NOTICE_NAME_APPROVED.with(&[("name", &get("requested_verified_name"))]),
            "REJECTED" => because(
                (phrases::NOTICE_NAME_REFUSED, phrases::NOTICE_NAME_REFUSED_BECAUSE),
                &get("requested_verified_name"),
                &get("rejection_reason"),
            ),
            _ => phrases::NOTICE_NAME_PENDING.with(&[("name", &get("requested_verified_name"))]),
        },
        "business_username_update" => {
            phrases::NOTICE_USERNAME.with(&[("name", &get("username")), ("status", &get("status"))])
        }
        "account_review_update" => match get("decision").as_str() {
            "REJECTED" => phrases::NOTICE_REVIEW_REFUSED.text().into(),
            "APPROVED" => phrases::NOTICE_REVIEW_APPROVED.text().into(),
            _ => phrases::NOTICE_REVIEW_PENDING.text().into(),
        },
        "account_alerts" => {
            let info = body.get("alert_info").unwrap_or(body);
            let (description, kind) = (word(info, "alert_description"), word(info, "alert_type"));
            match description.is_empty() {
                true => phrases::NOTICE_ALERT.with(&[("text", &plain(&kind))]),
                false => phrases::NOTICE_ALERT.with(&[("text", &description)]),
            }
        }
        "security" => match get("event").as_str() {
            "PIN_CHANGED" => phrases::NOTICE_PIN_CHANGED.text().into(),
            "PIN_RESET_REQUEST" => phrases::NOTICE_PIN_RESET_ASKED.text().into(),
            "PIN_RESET_SUCCESS" => phrases::NOTICE_PIN_OFF.text().into(),
            _ => return None,
        },
        "account_update" => account_in_words(body)?,
        other => notice_words::of(other, body)?,
    })
}

fn account_in_words(body: &Value) -> Option<String> {
    let inside = |object: &str, name: &str| body.get(object).map(|it| word(it, name)).unwrap_or_default();
    Some(match word(body, "event").as_str() {
        "ACCOUNT_RESTRICTION" => {
            let list = body.get("restriction_info").and_then(Value::as_array);
            let words: Vec<String> = list
                .into_iter()
                .flatten()
                .map(|info| plain(&word(info, "restriction_type")))
                .collect();
            phrases::NOTICE_RESTRICTED.with(&[("words", &words.join(", "))])
        }
        "ACCOUNT_VIOLATION" => {
            phrases::NOTICE_VIOLATION.with(&[("what", &plain(&inside("violation_info", "violation_type")))])
        }
        "DISABLED_UPDATE" => match inside("ban_info", "waba_ban_state").as_str() {
            "SCHEDULE_FOR_DISABLE" => {
                phrases::NOTICE_WILL_DISABLE.with(&[("date", &inside("ban_info", "waba_ban_date"))])
            }
            "REINSTATE" => phrases::NOTICE_REINSTATED.text().into(),
            _ => phrases::NOTICE_DISABLED.text().into(),
        },
        "ACCOUNT_DELETED" => phrases::NOTICE_DELETED.text().into(),
        "ACCOUNT_OFFBOARDED" => phrases::NOTICE_OFFBOARDED.text().into(),
        "ACCOUNT_RECONNECTED" => phrases::NOTICE_RECONNECTED.text().into(),
        "PARTNER_ADDED" => phrases::NOTICE_SHARED.text().into(),
        "PARTNER_REMOVED" => because(
            (phrases::NOTICE_NOT_SHARED, phrases::NOTICE_NOT_SHARED_BECAUSE),
            "",
            &inside("disconnection_info", "reason"),
        ),
        "PARTNER_APP_UNINSTALLED" => phrases::NOTICE_APP_REMOVED.text().into(),
        "VERIFIED_ACCOUNT" => phrases::NOTICE_VERIFIED.text().into(),
        "VOLUME_BASED_PRICING_TIER_UPDATE" => phrases::NOTICE_VOLUME_TIER.with(&[
            (
                "category",
                &plain(&inside("volume_tier_info", "pricing_category")),
            ),
            ("region", &inside("volume_tier_info", "region")),
        ]),
        _ => return None,
    })
}

fn quality_in_words(body: &Value) -> Option<String> {
    let said = match word(body, "event").as_str() {
        "THROUGHPUT_UPGRADE" => phrases::NOTICE_THROUGHPUT.text(),
        "FLAGGED" => phrases::NOTICE_FLAGGED.text(),
        "UNFLAGGED" => phrases::NOTICE_UNFLAGGED.text(),
        "UPGRADE" => phrases::NOTICE_UPGRADE.text(),
        "DOWNGRADE" => phrases::NOTICE_DOWNGRADE.text(),
        "ONBOARDING" => phrases::NOTICE_ONBOARDING.text(),
        _ => return None,
    };
    Some(match any_tier(body) {
        None => said.to_owned(),
        Some(tier) => phrases::NOTICE_WITH_LIMIT.with(&[("notice", &said), ("limit", &tier_in_words(tier))]),
    })
}

fn tier_in_words(tier: Tier) -> String {
    match tier {
        Tier::People(people) => people.to_string(),
        Tier::Unlimited => phrases::NOTICE_UNLIMITED.text().into(),
    }
}

/// `RESTRICTED_BIZ_INITIATED_MESSAGING` as words.
pub(super) fn plain(constant: &str) -> String {
    constant.to_ascii_lowercase().replace('_', " ")
}

/// The first phrase, or the second where a reason is given.
fn because(phrases: (Phrase, Phrase), name: &str, reason: &str) -> String {
    match reason {
        "" => phrases.0.with(&[("name", &name)]),
        reason => phrases.1.with(&[("name", &name), ("why", &plain(reason))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(field: &str, body: Value) -> (Vec<HealthChange>, Option<String>) {
        let notice = ChannelNotice {
            field: field.into(),
            body: body.clone(),
            known: true,
        };
        (changes(&notice), in_words(field, &body))
    }

    #[test]
    fn each_notice_has_its_meaning_and_its_words() {
        use HealthChange as H;
        let table: Vec<(&str, Value, Vec<H>)> = vec![
            (
                "phone_number_quality_update",
                json!({"event": "THROUGHPUT_UPGRADE", "max_daily_conversations_per_business": "TIER_UNLIMITED"}),
                vec![H::Tier(Tier::Unlimited), H::HighThroughput(true)],
            ),
            (
                "phone_number_quality_update",
                json!({"event": "FLAGGED", "current_limit": "TIER_10K"}),
                vec![H::Tier(Tier::People(10_000)), H::Quality(Quality::Red)],
            ),
            (
                "business_capability_update",
                json!({"max_daily_conversations_per_business": 2000}),
                vec![H::Tier(Tier::People(2_000))],
            ),
            (
                "business_capability_update",
                json!({"max_daily_conversation_per_phone": -1}),
                vec![H::Tier(Tier::Unlimited)],
            ),
            (
                "account_update",
                json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                    {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_792_659_500}]}),
                vec![H::Restrict(Restricted {
                    what: Restriction::BusinessInitiated,
                    word: "RESTRICTED_BIZ_INITIATED_MESSAGING".into(),
                    until: Some(Timestamp::from_seconds(1_792_659_500)),
                })],
            ),
            (
                "account_update",
                json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
                vec![H::Resume, H::Lift],
            ),
            ("account_update", json!({"event": "VERIFIED_ACCOUNT"}), vec![]),
            (
                "phone_number_name_update",
                json!({"decision": "APPROVED", "requested_verified_name": "Kibanda"}),
                vec![H::Name("Kibanda".into(), "APPROVED".into())],
            ),
            (
                "account_review_update",
                json!({"decision": "APPROVED"}),
                vec![H::Warning(None)],
            ),
        ];
        for (field, body, wanted) in table {
            let (changes, words) = of(field, body.clone());
            assert_eq!(changes, wanted, "{field} {body}");
            assert!(words.is_some_and(|words| words.ends_with('.')), "{field} {body}");
        }
    }

    #[test]
    fn what_stops_the_account_says_so_and_nonsense_changes_nothing() {
        for event in [
            "ACCOUNT_DELETED",
            "ACCOUNT_OFFBOARDED",
            "PARTNER_REMOVED",
            "DISABLED_UPDATE",
        ] {
            let (changes, _) = of("account_update", json!({"event": event}));
            assert!(
                matches!(&changes[..], [HealthChange::Stop(why)] if !why.is_empty()),
                "{event}: {changes:?}"
            );
        }
        let odd = [
            ("account_update", json!(null)),
            ("account_update", json!({"event": 5, "restriction_info": "x"})),
            (
                "phone_number_quality_update",
                json!({"event": "TIER", "current_limit": "TIER_999999999999K"}),
            ),
            ("business_capability_update", json!([1, 2])),
            ("surprise", json!({"event": "FLAGGED"})),
        ];
        for (field, body) in odd {
            assert_eq!(of(field, body.clone()).0, vec![], "{field} {body}");
        }
    }
}
