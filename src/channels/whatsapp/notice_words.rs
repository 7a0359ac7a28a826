//! Notices about templates, forms, customers' choices and the phone's app in words.
//!
//! Only words: what a notice changes is decided elsewhere. Source: the provider contract, section 5.

use std::fmt::Display;

use serde_json::Value;

use super::notices::{plain, word};
use super::payload::text_at;
use crate::domain::phrases::{self, Phrase};

/// The words for a notice of this field; `None` for those that have none here.
pub(super) fn of(field: &str, body: &Value) -> Option<String> {
    match field {
        "message_template_status_update" => template_state(body),
        "message_template_quality_update" => template_quality(body),
        "template_category_update" => template_category(body),
        "message_template_components_update" => {
            Some(phrases::NOTICE_TEMPLATE_PARTS.with(&[("template", &template(body)?)]))
        }
        "flows" => form(body),
        "user_preferences" => preference(body),
        "history" => history(body),
        "smb_app_state_sync" => address_book(body),
        "errors" => error(body),
        _ => None,
    }
}

/// The first phrase, or the second where there is a further value.
fn either(phrases: [Phrase; 2], values: &[(&str, &dyn Display)], more: Option<(&str, String)>) -> String {
    match more {
        None => phrases[0].with(values),
        Some((name, value)) => {
            let further: (&str, &dyn Display) = (name, &value);
            phrases[1].with(&[values, &[further]].concat())
        }
    }
}

fn template(body: &Value) -> Option<String> {
    let name = text_at(body, "message_template_name")?;
    Some(match text_at(body, "message_template_language") {
        Some(language) => format!("{name} ({language})"),
        None => name,
    })
}

fn template_state(body: &Value) -> Option<String> {
    let (name, event) = (template(body)?, plain(&text_at(body, "event")?));
    let inside = |object: &str, name: &str| body.get(object).and_then(|it| text_at(it, name));
    let reason = text_at(body, "reason").filter(|reason| reason != "NONE");
    let why = inside("rejection_info", "reason")
        .or_else(|| reason.map(|reason| plain(&reason)))
        .or_else(|| inside("other_info", "description"));
    let because = why.map(|why| ("why", why.trim_end_matches('.').to_owned()));
    Some(either(
        [
            phrases::NOTICE_TEMPLATE_STATE,
            phrases::NOTICE_TEMPLATE_STATE_BECAUSE,
        ],
        &[("template", &name), ("state", &event)],
        because,
    ))
}

fn template_quality(body: &Value) -> Option<String> {
    let (name, now) = (template(body)?, plain(&text_at(body, "new_quality_score")?));
    let before = text_at(body, "previous_quality_score").map(|before| ("before", plain(&before)));
    Some(either(
        [
            phrases::NOTICE_TEMPLATE_QUALITY,
            phrases::NOTICE_TEMPLATE_QUALITY_BEFORE,
        ],
        &[("template", &name), ("quality", &now)],
        before,
    ))
}

fn template_category(body: &Value) -> Option<String> {
    let (phrase, category) = match text_at(body, "correct_category") {
        Some(soon) => (phrases::NOTICE_TEMPLATE_CATEGORY_SOON, soon),
        None => (phrases::NOTICE_TEMPLATE_CATEGORY, text_at(body, "new_category")?),
    };
    Some(phrase.with(&[("template", &template(body)?), ("category", &plain(&category))]))
}

fn form(body: &Value) -> Option<String> {
    let said = text_at(body, "message").or_else(|| Some(plain(&text_at(body, "event")?)))?;
    let said = said.trim_end_matches('.');
    Some(phrases::NOTICE_FORM.with(&[("form", &text_at(body, "flow_id")?), ("text", &said)]))
}

fn preference(body: &Value) -> Option<String> {
    let first = body.get("user_preferences")?.get(0)?;
    let what = plain(&word(first, "category"));
    Some(match word(first, "value").as_str() {
        "stop" => phrases::NOTICE_CUSTOMER_STOPPED.with(&[("what", &what)]),
        "resume" => phrases::NOTICE_CUSTOMER_RESUMED.with(&[("what", &what)]),
        _ => {
            let detail = text_at(first, "detail")?;
            phrases::NOTICE_CUSTOMER_CHOSE.with(&[("text", &detail.trim_end_matches('.'))])
        }
    })
}

/// A chunk of the phone's chats without a message in it.
fn history(body: &Value) -> Option<String> {
    /// The business does not share its chats (contract, section 5.8).
    const DECLINED: &str = "2593109";
    if let Some(wrong) = body.get("errors") {
        let first = wrong.get(0)?;
        return match word(first, "code").as_str() {
            DECLINED => Some(phrases::NOTICE_HISTORY_REFUSED.text().into()),
            _ => error(first),
        };
    }
    let progress = text_at(body.get("metadata")?, "progress")?;
    Some(phrases::NOTICE_HISTORY.with(&[("percent", &progress)]))
}

fn address_book(body: &Value) -> Option<String> {
    let entries = body.get("state_sync")?.as_array()?;
    let is_gone = |entry: &&Value| word(entry, "action") == "remove";
    let gone = entries.iter().filter(is_gone).count();
    Some(phrases::NOTICE_ADDRESS_BOOK.with(&[("count", &(entries.len() - gone)), ("gone", &gone)]))
}

/// One error object.
fn error(body: &Value) -> Option<String> {
    let details = body.get("error_data").and_then(|data| text_at(data, "details"));
    let said = details
        .or_else(|| text_at(body, "title"))
        .or_else(|| text_at(body, "message"))?;
    let said = said.trim_end_matches('.');
    Some(phrases::NOTICE_ERROR.with(&[("text", &said), ("code", &text_at(body, "code")?)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn promo(more: Value) -> Value {
        let mut body = json!({"message_template_name": "promo", "message_template_language": "en"});
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    }

    fn assert_said(table: &[(&str, Value, &str)]) {
        for (field, body, words) in table {
            let said = of(field, body);
            assert_eq!(said.as_deref(), Some(*words), "{field} {body}");
            assert!(
                phrases::recognise(words).is_some(),
                "{words} cannot be translated"
            );
        }
    }

    #[test]
    fn news_of_templates_read_as_sentences() {
        assert_said(&[
            (
                "message_template_status_update",
                promo(json!({"event": "APPROVED", "reason": "NONE"})),
                "The template promo (en) is now approved.",
            ),
            (
                "message_template_status_update",
                promo(json!({"event": "REJECTED", "reason": "INVALID_FORMAT"})),
                "The template promo (en) is now rejected: invalid format.",
            ),
            (
                "message_template_quality_update",
                promo(json!({"previous_quality_score": "GREEN", "new_quality_score": "RED"})),
                "The quality of the template promo (en) is now red (before: green).",
            ),
            (
                "message_template_quality_update",
                promo(json!({"new_quality_score": "YELLOW"})),
                "The quality of the template promo (en) is now yellow.",
            ),
            (
                "template_category_update",
                promo(json!({"new_category": "UTILITY", "correct_category": "MARKETING"})),
                "Meta will move the template promo (en) to the category marketing.",
            ),
            (
                "template_category_update",
                promo(json!({"previous_category": "UTILITY", "new_category": "MARKETING"})),
                "Meta moved the template promo (en) to the category marketing.",
            ),
            (
                "message_template_components_update",
                promo(json!({})),
                "The parts of the template promo (en) were changed at Meta.",
            ),
        ]);
    }

    #[test]
    fn news_of_forms_choices_and_the_phone_read_as_sentences() {
        assert_said(&[
            (
                "flows",
                json!({"event": "FLOW_STATUS_CHANGE", "message": "Flow Feedback was published.", "flow_id": "67"}),
                "News of form 67: Flow Feedback was published.",
            ),
            (
                "user_preferences",
                json!({"user_preferences": [{"category": "marketing_messages", "value": "stop"}]}),
                "A customer stopped marketing messages.",
            ),
            (
                "history",
                json!({"metadata": {"phase": 0, "progress": 55}, "threads": []}),
                "Earlier conversations are arriving from the phone: 55 %.",
            ),
            (
                "history",
                json!({"errors": [{"code": 2_593_109, "title": "History sync is turned off"}]}),
                phrases::NOTICE_HISTORY_REFUSED.text(),
            ),
            (
                "history",
                json!({"errors": [{"code": 1, "title": "Try again later."}]}),
                "Meta reports an error: Try again later (code 1).",
            ),
            (
                "smb_app_state_sync",
                json!({"state_sync": [{"action": "add"}, {"action": "remove"}]}),
                "The phone app shared its address book; added or changed: 1, removed: 1.",
            ),
            (
                "errors",
                json!({"code": 130_429, "title": "Rate limit hit", "error_data": {"details": "Too many messages."}}),
                "Meta reports an error: Too many messages (code 130429).",
            ),
        ]);
    }

    #[test]
    fn what_makes_no_sense_has_no_words() {
        for field in [
            "message_template_status_update",
            "message_template_components_update",
            "flows",
            "history",
            "user_preferences",
            "errors",
            "surprise",
        ] {
            for body in [
                json!(null),
                json!([1]),
                json!({"history": 7, "user_preferences": "x", "event": [], "metadata": 1, "errors": []}),
            ] {
                assert_eq!(of(field, &body), None, "{field} {body}");
            }
        }
    }
}
