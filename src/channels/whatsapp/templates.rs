//! Templates at Meta: list, creation, edit, deletion, and what notices say (contract, sections 4.3 and 6).
//!
//! Liberal in what is read: a listed template with parts that this version does not know is kept whole. Must not check a
//! template's rules; the domain does that beforehand.

use serde_json::{Value, json};

use super::client::{CallError, call, unanswered};
use super::payload::{cut, text_at};
use super::{answer::MAX_DETAIL_CHARS, settings};
use crate::channels::ChannelAccess;
use crate::domain::Timestamp;
use crate::domain::outbound::ProviderError;
use crate::domain::template::news::{About, ListPage, Listed, News, Submission, Submitted, What};
use crate::domain::template::{
    Category, Definition, ParameterFormat, Quality, State, list as items, normal_language,
};

/// Fields asked for.
const FIELDS: &str = "name,status,category,language,components,parameter_format,quality_score,rejected_reason,id,\
                      message_send_ttl_seconds";
/// Templates a page: answers stay well below the limit on their size.
const PAGE: &str = "50";
/// Most components that are kept.
const MAX_COMPONENTS: usize = 16;

fn waba(access: &ChannelAccess) -> &str {
    access.settings.get("waba_id").map_or("", String::as_str)
}

fn url(access: &ChannelAccess, path: &[&str]) -> Result<reqwest::Url, ProviderError> {
    settings::endpoint(&access.settings, path)
        .map_err(|error| unanswered(CallError::Config(error.to_string())))
}

async fn ask(request: reqwest::RequestBuilder, access: &ChannelAccess) -> Result<Value, ProviderError> {
    call(request, access)
        .await
        .map_err(unanswered)?
        .success(super::errors::class_of)
}

/// One page of the list.
pub(super) async fn list(
    http: &reqwest::Client,
    access: &ChannelAccess,
    after: Option<&str>,
) -> Result<ListPage, ProviderError> {
    let request = http.get(url(access, &[waba(access), "message_templates"])?);
    let mut query = vec![("fields", FIELDS), ("limit", PAGE)];
    query.extend(after.map(|after| ("after", after)));
    Ok(page(&ask(request.query(&query), access).await?))
}

/// Reads a page. What has no id, name or language is left out: nothing could be done with it.
pub(super) fn page(body: &Value) -> ListPage {
    let more = body.pointer("/paging/next").is_some_and(Value::is_string);
    let next = body.pointer("/paging/cursors/after").and_then(Value::as_str);
    ListPage {
        items: items(body, "data").iter().filter_map(listed).collect(),
        next: next.filter(|_| more).map(str::to_owned),
    }
}

pub(super) fn listed(value: &Value) -> Option<Listed> {
    let reason = text_at(value, "rejected_reason").filter(|reason| reason != "NONE");
    let quality = value.pointer("/quality_score/score").and_then(Value::as_str);
    Some(Listed {
        id: text_at(value, "id")?,
        name: text_at(value, "name")?,
        language: normal_language(&text_at(value, "language")?),
        state: state(&text_at(value, "status").unwrap_or_default()),
        definition: definition(value),
        reason,
        quality: quality.and_then(Quality::from_word),
    })
}

fn definition(value: &Value) -> Definition {
    let format = text_at(value, "parameter_format").and_then(|word| ParameterFormat::from_word(&word));
    let category = text_at(value, "category").and_then(|word| Category::from_word(&word));
    Definition {
        // Older categories (TRANSACTIONAL, ACCOUNT_UPDATE …) were all of what is now utility.
        category: category.unwrap_or(Category::Utility),
        format: format.unwrap_or(ParameterFormat::Positional),
        ttl_s: value.get("message_send_ttl_seconds").and_then(Value::as_i64),
        components: items(value, "components")
            .iter()
            .take(MAX_COMPONENTS)
            .cloned()
            .collect(),
    }
}

/// Meta's word for a state, of lists and of notices alike. An unknown word is taken for a review: nothing is sent with it.
pub(super) fn state(word: &str) -> State {
    match word.to_ascii_uppercase().as_str() {
        "APPROVED" | "REINSTATED" | "UNARCHIVED" => State::Approved,
        "REJECTED" => State::Rejected,
        "PAUSED" => State::Paused,
        "DISABLED" => State::Disabled,
        "IN_APPEAL" => State::InAppeal,
        "FLAGGED" => State::Flagged,
        "LIMIT_EXCEEDED" => State::LimitExceeded,
        "LOCKED" => State::Locked,
        "ARCHIVED" => State::Archived,
        "PENDING_DELETION" => State::PendingDeletion,
        "DELETED" => State::Deleted,
        _ => State::InReview,
    }
}

/// Creates or edits.
pub(super) async fn submit(
    http: &reqwest::Client,
    access: &ChannelAccess,
    submission: Submission<'_>,
) -> Result<Submitted, ProviderError> {
    let body = body(&submission);
    let request = match submission.id {
        Some(id) => http.post(url(access, &[id])?),
        None => http.post(url(access, &[waba(access), "message_templates"])?),
    };
    let answer = ask(request.json(&body), access).await?;
    Ok(submitted(&answer, submission.id))
}

/// What the answer to a creation or edit says.
pub(super) fn submitted(answer: &Value, id: Option<&str>) -> Submitted {
    Submitted {
        id: text_at(answer, "id").or_else(|| id.map(str::to_owned)),
        state: text_at(answer, "status").map_or(State::InReview, |word| state(&word)),
        category: text_at(answer, "category").and_then(|word| Category::from_word(&word)),
    }
}

/// The body of a creation or edit.
pub(super) fn body(submission: &Submission<'_>) -> Value {
    let Definition {
        category,
        format,
        ttl_s,
        components,
    } = submission.definition;
    let mut body = json!({"components": components});
    if submission.id.is_none() {
        body["name"] = submission.name.into();
        body["language"] = submission.language.into();
        body["parameter_format"] = format.as_str().into();
    }
    if submission.id.is_none() || submission.with_category {
        body["category"] = category.as_str().to_ascii_uppercase().into();
    }
    if let Some(ttl) = ttl_s {
        body["message_send_ttl_seconds"] = (*ttl).into();
    }
    body
}

/// Deletes one language.
pub(super) async fn delete(
    http: &reqwest::Client,
    access: &ChannelAccess,
    id: &str,
    name: &str,
) -> Result<(), ProviderError> {
    let request = http.delete(url(access, &[waba(access), "message_templates"])?);
    ask(request.query(&[("hsm_id", id), ("name", name)]), access)
        .await
        .map(drop)
}

/// Ends a pause.
pub(super) async fn unpause(
    http: &reqwest::Client,
    access: &ChannelAccess,
    id: &str,
) -> Result<(), ProviderError> {
    ask(http.post(url(access, &[id, "unpause"])?), access)
        .await
        .map(drop)
}

/// What a notice says of a template.
pub(super) fn news(field: &str, body: &Value) -> Option<News> {
    let about = About {
        id: text_at(body, "message_template_id"),
        name: text_at(body, "message_template_name")?,
        language: normal_language(&text_at(body, "message_template_language")?),
    };
    let word = |name: &str| text_at(body, name).unwrap_or_default();
    let what = match field {
        "message_template_status_update" => What::State {
            state: state(&text_at(body, "event")?),
            reason: text_at(body, "reason").filter(|reason| reason != "NONE"),
            detail: detail(body),
        },
        "message_template_quality_update" => {
            What::Quality(Quality::from_word(&word("new_quality_score")).unwrap_or(Quality::Unknown))
        }
        "message_template_components_update" => What::Content,
        "template_category_update" => category_news(body)?,
        _ => return None,
    };
    Some(News { about, what })
}

/// One that is impending names the coming category as `correct_category`, `new_category` being the current one.
fn category_news(body: &Value) -> Option<What> {
    let category = |name: &str| text_at(body, name).and_then(|word| Category::from_word(&word));
    if let Some(to) = category("correct_category") {
        let at = body.get("category_update_timestamp").and_then(|at| match at {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        });
        return Some(What::Category {
            to,
            at: Some(at.map(Timestamp::from_seconds)),
        });
    }
    category("new_category").map(|to| What::Category { to, at: None })
}

/// What the provider says beside the reason.
fn detail(body: &Value) -> Option<String> {
    let at = |path: &str| {
        body.pointer(path)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let parts = [
        at("/rejection_info/reason"),
        at("/rejection_info/recommendation"),
        at("/other_info/description"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| cut(parts.join(" "), MAX_DETAIL_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_of_all_sorts() {
        let with = |extra: Value| {
            let mut body = json!({"message_template_id": 661_000_000_000_001_i64,
                "message_template_name": "order_shipped", "message_template_language": "en-US"});
            body.as_object_mut()
                .expect("an object")
                .extend(extra.as_object().expect("an object").clone());
            body
        };
        let news = |field: &str, extra: Value| news(field, &with(extra)).expect("about a template");
        let paused = news(
            "message_template_status_update",
            json!({"event": "PAUSED", "reason": null, "other_info": {"title": "FIRST_PAUSE", "description": "For 3 hours."}}),
        );
        assert_eq!(paused.about.id.as_deref(), Some("661000000000001"));
        assert_eq!(paused.about.language, "en_US");
        assert_eq!(
            paused.what,
            What::State {
                state: State::Paused,
                reason: None,
                detail: Some("For 3 hours.".into())
            }
        );
        let odd = news(
            "message_template_status_update",
            json!({"event": "BEAMED_UP", "reason": "NONE"}),
        );
        assert!(matches!(
            odd.what,
            What::State {
                state: State::InReview,
                reason: None,
                detail: None
            }
        ));
        let red = news(
            "message_template_quality_update",
            json!({"new_quality_score": "RED"}),
        );
        assert_eq!(red.what, What::Quality(Quality::Red));
        let coming = news(
            "template_category_update",
            json!({"new_category": "UTILITY", "correct_category": "MARKETING", "category_update_timestamp": 1_792_400_000}),
        );
        let at = Timestamp::from_seconds(1_792_400_000);
        assert_eq!(
            coming.what,
            What::Category {
                to: Category::Marketing,
                at: Some(Some(at))
            }
        );
        let done = news(
            "template_category_update",
            json!({"previous_category": "UTILITY", "new_category": "MARKETING"}),
        );
        assert_eq!(
            done.what,
            What::Category {
                to: Category::Marketing,
                at: None
            }
        );
        assert_eq!(super::news("account_update", &with(json!({}))), None);
        assert_eq!(
            super::news("message_template_status_update", &json!({"event": "APPROVED"})),
            None
        );
    }

    #[test]
    fn a_list_keeps_what_it_does_not_know() {
        let read = page(&json!({"data": [
            {"id": 5, "name": "a", "language": "en", "status": "REJECTED", "rejected_reason": "INVALID_FORMAT",
             "category": "TRANSACTIONAL", "components": [{"type": "HOLOGRAM", "x": 1}], "colour": "red"},
            {"name": "no id"}, "odd"],
            "paging": {"cursors": {"after": "Q"}, "next": "https://x"}}));
        assert_eq!((read.items.len(), read.next.as_deref()), (1, Some("Q")));
        assert_eq!(read.items[0].definition.components[0]["x"], 1);
        assert_eq!(
            (read.items[0].state, read.items[0].reason.as_deref()),
            (State::Rejected, Some("INVALID_FORMAT"))
        );
        assert_eq!(
            page(&json!({"data": [], "paging": {"cursors": {"after": "Q"}}})).next,
            None
        );
        assert_eq!(page(&json!(7)), ListPage::default());
    }
}
