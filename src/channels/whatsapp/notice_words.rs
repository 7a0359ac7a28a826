//! Notices about templates, forms, customers' choices and the phone's app in plain English.
//!
//! Only words: what a notice changes is decided elsewhere. Source: the provider contract, section 5.

use serde_json::Value;

use super::payload::text_at;

/// The words for a notice of this field; `None` for those that have none here.
pub(super) fn of(field: &str, body: &Value) -> Option<String> {
    match field {
        "message_template_status_update" => template_state(body),
        "message_template_quality_update" => template_quality(body),
        "template_category_update" => template_category(body),
        "message_template_components_update" => Some(format!(
            "The parts of the template {} were changed at Meta.",
            template(body)
        )),
        "flows" => flow(body),
        "user_preferences" => preference(body),
        "history" => history(body),
        "smb_app_state_sync" => address_book(body),
        "errors" => errors(body.get("errors").unwrap_or(body)),
        _ => None,
    }
}

fn word(body: &Value, name: &str) -> String {
    text_at(body, name).unwrap_or_default()
}

/// `LOW_QUALITY` as words.
fn plain(constant: &str) -> String {
    constant.to_ascii_lowercase().replace('_', " ")
}

fn template(body: &Value) -> String {
    let (name, language) = (
        word(body, "message_template_name"),
        word(body, "message_template_language"),
    );
    match language.is_empty() {
        true => name,
        false => format!("{name} ({language})"),
    }
}

fn template_state(body: &Value) -> Option<String> {
    let event = text_at(body, "event")?;
    let inside = |object: &str, name: &str| body.get(object).and_then(|it| text_at(it, name));
    let reason = text_at(body, "reason").filter(|reason| reason != "NONE");
    let why = inside("rejection_info", "reason")
        .or_else(|| reason.map(|reason| plain(&reason)))
        .or_else(|| inside("other_info", "description"));
    let why = why.map(|why| format!(": {}", why.trim_end_matches('.')));
    Some(format!(
        "The template {} is now {}{}.",
        template(body),
        plain(&event),
        why.unwrap_or_default()
    ))
}

fn template_quality(body: &Value) -> Option<String> {
    let now = text_at(body, "new_quality_score")?;
    let before = text_at(body, "previous_quality_score");
    let before = before.map(|before| format!(" (before: {})", plain(&before)));
    Some(format!(
        "The quality of the template {} is now {}{}.",
        template(body),
        plain(&now),
        before.unwrap_or_default()
    ))
}

fn template_category(body: &Value) -> Option<String> {
    match (text_at(body, "correct_category"), text_at(body, "new_category")) {
        (Some(soon), _) => Some(format!(
            "Meta will move the template {} to the category {}.",
            template(body),
            plain(&soon)
        )),
        (None, Some(now)) => Some(format!(
            "Meta moved the template {} to the category {}.",
            template(body),
            plain(&now)
        )),
        (None, None) => None,
    }
}

fn flow(body: &Value) -> Option<String> {
    let said = text_at(body, "message").or_else(|| Some(plain(&text_at(body, "event")?)))?;
    let flow = text_at(body, "flow_id").map(|id| format!(" (form {id})"));
    Some(format!(
        "{}{}.",
        said.trim_end_matches('.'),
        flow.unwrap_or_default()
    ))
}

fn preference(body: &Value) -> Option<String> {
    let first = body.get("user_preferences")?.get(0)?;
    let what = plain(&word(first, "category"));
    Some(match word(first, "value").as_str() {
        "stop" => format!("A customer stopped {what}."),
        "resume" => format!("A customer takes {what} again."),
        _ => format!(
            "A customer changed what they take: {}.",
            word(first, "detail").trim_end_matches('.')
        ),
    })
}

fn history(body: &Value) -> Option<String> {
    let first = body.get("history").and_then(|list| list.get(0));
    if let Some(wrong) = first.and_then(|first| first.get("errors")) {
        return errors(wrong);
    }
    let progress = first?
        .get("metadata")
        .and_then(|metadata| text_at(metadata, "progress"));
    Some(match progress {
        Some(percent) => format!("Earlier conversations are arriving from the phone: {percent} %."),
        None => "Earlier conversations are arriving from the phone.".to_owned(),
    })
}

fn address_book(body: &Value) -> Option<String> {
    let entries = body.get("state_sync")?.as_array()?;
    let gone = entries
        .iter()
        .filter(|entry| word(entry, "action") == "remove")
        .count();
    Some(format!(
        "The phone's address book: {} added or changed, {gone} removed.",
        entries.len() - gone
    ))
}

fn errors(list: &Value) -> Option<String> {
    let first = list.get(0)?;
    let details = first.get("error_data").and_then(|data| text_at(data, "details"));
    let said = details
        .or_else(|| text_at(first, "title"))
        .or_else(|| text_at(first, "message"))?;
    Some(format!(
        "{} (code {}).",
        said.trim_end_matches('.'),
        word(first, "code")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn news_of_templates_read_as_sentences() {
        let promo = |more: Value| {
            let mut body = json!({"message_template_name": "promo", "message_template_language": "en"});
            if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
                body.extend(more);
            }
            body
        };
        let table = [
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
        ];
        for (field, body, words) in table {
            assert_eq!(of(field, &body).as_deref(), Some(words), "{field} {body}");
        }
    }

    #[test]
    fn news_of_forms_choices_and_the_phone_read_as_sentences() {
        let table = [
            (
                "flows",
                json!({"event": "FLOW_STATUS_CHANGE", "message": "Flow Feedback was published", "flow_id": "67"}),
                "Flow Feedback was published (form 67).",
            ),
            (
                "user_preferences",
                json!({"user_preferences": [{"category": "marketing_messages", "value": "stop"}]}),
                "A customer stopped marketing messages.",
            ),
            (
                "history",
                json!({"history": [{"metadata": {"phase": 0, "progress": 55}}]}),
                "Earlier conversations are arriving from the phone: 55 %.",
            ),
            (
                "history",
                json!({"history": [{"errors": [{"code": 2_593_109, "title": "History sync is turned off"}]}]}),
                "History sync is turned off (code 2593109).",
            ),
            (
                "smb_app_state_sync",
                json!({"state_sync": [{"action": "add"}, {"action": "remove"}]}),
                "The phone's address book: 1 added or changed, 1 removed.",
            ),
        ];
        for (field, body, words) in table {
            assert_eq!(of(field, &body).as_deref(), Some(words), "{field} {body}");
        }
    }

    #[test]
    fn what_makes_no_sense_has_no_words() {
        for field in [
            "message_template_status_update",
            "flows",
            "history",
            "user_preferences",
            "errors",
            "surprise",
        ] {
            for body in [
                json!(null),
                json!([1]),
                json!({"history": 7, "user_preferences": "x", "event": []}),
            ] {
                assert_eq!(of(field, &body), None, "{field} {body}");
            }
        }
    }
}
