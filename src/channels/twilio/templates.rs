//! Templates at Twilio: contents of the Content API that WhatsApp approves (contract, section 3).
//!
//! Owns the calls and which content type a template becomes. A template is written in WhatsApp's form here as everywhere;
//! `twilio::shape` has the two forms. What Twilio cannot do (edit, end a pause) is refused. Must not check a template's rules.

use serde_json::{Value, json};

use super::call::{call, config, success, unanswered};
use super::{settings, shape};
use crate::channels::ChannelAccess;
use crate::channels::http::TIMEOUT;
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;
use crate::domain::template::news::{ListPage, Listed, Submission, Submitted};
use crate::domain::template::{Category, State, list as items, normal_language, word};

/// Contents a page.
const PAGE: &str = "50";

pub(super) fn url(access: &ChannelAccess, path: &[&str]) -> Result<reqwest::Url, ProviderError> {
    settings::content_endpoint(&access.settings, path).map_err(|error| config(error.to_string()))
}

pub(super) async fn ask(
    request: reqwest::RequestBuilder,
    access: &ChannelAccess,
) -> Result<Value, ProviderError> {
    let answer = call(request, access, TIMEOUT).await.map_err(unanswered)?;
    success(&answer)
}

pub(super) fn refused(detail: impl Into<String>) -> ProviderError {
    ProviderError {
        class: ErrorClass::Template,
        code: "not_offered".into(),
        title: phrases::TWILIO_NOT_OFFERED.text().into(),
        detail: detail.into(),
        retry_after: None,
    }
}

/// One page of the list; `after` is a page's number.
pub(super) async fn list(
    http: &reqwest::Client,
    access: &ChannelAccess,
    after: Option<&str>,
) -> Result<ListPage, ProviderError> {
    let page = after.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let query = [("PageSize", PAGE.to_owned()), ("Page", page.to_string())];
    let body = ask(
        http.get(url(access, &["ContentAndApprovals"])?).query(&query),
        access,
    )
    .await?;
    let more = body.pointer("/meta/next_page_url").is_some_and(Value::is_string);
    Ok(ListPage {
        items: items(&body, "contents").iter().filter_map(listed).collect(),
        next: more.then(|| page.saturating_add(1).to_string()),
    })
}

/// A content that was given to WhatsApp and that can be shown in WhatsApp's form; others are left out.
fn listed(content: &Value) -> Option<Listed> {
    let approval = content.get("approval_requests")?;
    let category = Category::from_word(word(approval, "category"))?;
    let reason = Some(word(approval, "rejection_reason")).filter(|reason| !reason.is_empty());
    Some(Listed {
        id: Some(word(content, "sid"))
            .filter(|sid| !sid.is_empty())?
            .to_owned(),
        name: Some(word(approval, "name"))
            .filter(|name| !name.is_empty())?
            .to_owned(),
        language: normal_language(word(content, "language")),
        state: state(word(approval, "status"))?,
        definition: shape::definition(content, category)?,
        reason: reason.map(str::to_owned),
        quality: None,
    })
}

/// Twilio's word for a state; `None` for what nobody reviews.
fn state(status: &str) -> Option<State> {
    Some(match status {
        "received" | "pending" => State::InReview,
        "approved" => State::Approved,
        "rejected" => State::Rejected,
        "paused" => State::Paused,
        "disabled" => State::Disabled,
        "unsubmitted" | "" => return None,
        // A new word is taken for a review: nothing is sent with it.
        _ => State::InReview,
    })
}

/// Makes a content and gives it to WhatsApp. A content that cannot be given is taken back.
pub(super) async fn submit(
    http: &reqwest::Client,
    access: &ChannelAccess,
    submission: Submission<'_>,
) -> Result<Submitted, ProviderError> {
    if submission.id.is_some() {
        return Err(refused(phrases::TWILIO_NO_EDIT.text()));
    }
    let (types, variables) = shape::types(submission.definition, base_of(access)).map_err(refused)?;
    let body = json!({
        "friendly_name": submission.name,
        "language": submission.language,
        "variables": variables,
        "types": types,
    });
    let made = ask(http.post(url(access, &["Content"])?).json(&body), access).await?;
    let sid = word(&made, "sid").to_owned();
    if !super::render::is_content_sid(&sid) {
        return Err(unanswered(super::call::CallError::Lost(
            "the answer named no content".into(),
        )));
    }
    let category = submission.definition.category.as_str().to_ascii_uppercase();
    let approval = json!({"name": submission.name, "category": category});
    let path = url(access, &["Content", &sid, "ApprovalRequests", "whatsapp"])?;
    match ask(http.post(path).json(&approval), access).await {
        Ok(answer) => Ok(Submitted {
            id: Some(sid),
            state: state(word(&answer, "status")).unwrap_or(State::InReview),
            category: Category::from_word(word(&answer, "category")),
        }),
        Err(error) => {
            if let Err(left) = delete(http, access, &sid).await {
                tracing::warn!(%sid, code = %left.code, "a content that WhatsApp was not asked about is left at Twilio");
            }
            Err(error)
        }
    }
}

/// Deletes a content.
pub(super) async fn delete(
    http: &reqwest::Client,
    access: &ChannelAccess,
    sid: &str,
) -> Result<(), ProviderError> {
    let request = http.delete(url(access, &["Content", sid])?);
    let answer = call(request, access, TIMEOUT).await.map_err(unanswered)?;
    // A success has no body.
    match (200..300).contains(&answer.status) {
        true => Ok(()),
        false => success(&answer).map(drop),
    }
}

/// Where the appliance is reached from outside: what stands before the webhook's path.
pub(super) fn base_of(access: &ChannelAccess) -> &str {
    let end = access.webhook_url.find("/webhooks/").unwrap_or_default();
    &access.webhook_url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_content_is_read_and_one_nobody_reviews_is_not() {
        let content = |status: &str| {
            json!({"sid": "HX1", "friendly_name": "x", "language": "en", "variables": {"1": "Amina"},
                "types": {"twilio/text": {"body": "Hi {{1}}, it has left."}},
                "approval_requests": {"name": "order", "category": "UTILITY", "status": status, "rejection_reason": ""}})
        };
        let read = listed(&content("approved")).expect("a template");
        assert_eq!((read.name.as_str(), read.state), ("order", State::Approved));
        assert_eq!(read.definition.text("body"), "Hi {{1}}, it has left.");
        assert_eq!(listed(&content("unsubmitted")), None);
        assert_eq!(
            listed(&content("beamed")).map(|it| it.state),
            Some(State::InReview)
        );
        assert_eq!(listed(&json!({"sid": "HX1"})), None);
    }
}
