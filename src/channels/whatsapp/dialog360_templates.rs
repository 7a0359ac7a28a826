//! Templates at 360dialog: the same definitions under other addresses.
//!
//! Owns the paths and what this API cannot do (edit; delete one language among several). How a template is read and written is
//! the Cloud API's. Source: the provider contract of 360dialog.

use serde_json::Value;

use super::payload::{text_at, whole_number};
use super::{client, dialect, errors, templates};
use crate::channels::ChannelAccess;
use crate::channels::graph::config;
use crate::channels::http::TIMEOUT;
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::template::list as items;
use crate::domain::template::news::{ListPage, Submission, Submitted};

/// Templates a page.
const PAGE: i64 = 50;
/// Pages that are looked through for the languages of one name.
const MAX_PAGES: usize = 40;

async fn ask(request: reqwest::RequestBuilder, access: &ChannelAccess) -> Result<Value, ProviderError> {
    let answer = dialect::call_within(request, access, TIMEOUT).await;
    answer.map_err(client::unanswered)?.success(errors::class_of)
}

fn url(access: &ChannelAccess, rest: &[&str]) -> Result<reqwest::Url, ProviderError> {
    let path = [&["v1", "configs", "templates"], rest].concat();
    dialect::bare(access, &path).map_err(|error| config(error.to_string()))
}

pub(super) fn refused(detail: &str) -> ProviderError {
    ProviderError {
        class: ErrorClass::Permanent,
        code: "not_offered".into(),
        title: "360dialog does not offer this".into(),
        detail: detail.into(),
        retry_after: None,
    }
}

/// One page of the list; `after` is an offset.
pub(super) async fn list(
    http: &reqwest::Client,
    access: &ChannelAccess,
    after: Option<&str>,
) -> Result<ListPage, ProviderError> {
    let offset = after
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(0)
        .max(0);
    let query = [("limit", PAGE.to_string()), ("offset", offset.to_string())];
    let body = ask(http.get(url(access, &[])?).query(&query), access).await?;
    Ok(page(&body, offset))
}

/// Reads a page. Notices name a template by Meta's id, which stands beside 360dialog's own.
fn page(body: &Value, offset: i64) -> ListPage {
    let templates_here = items(body, "waba_templates");
    let count = i64::try_from(templates_here.len()).unwrap_or(i64::MAX);
    let read = templates_here.iter().filter_map(|value| {
        let mut value = value.clone();
        if let Some(id) = text_at(&value, "external_id") {
            value["id"] = id.into();
        }
        templates::listed(&value)
    });
    let end = offset.saturating_add(count);
    let total = body.get("total").and_then(whole_number).unwrap_or(end);
    ListPage {
        items: read.collect(),
        next: (count > 0 && end < total).then(|| end.to_string()),
    }
}

/// Creates. How to edit is not known for this API.
pub(super) async fn submit(
    http: &reqwest::Client,
    access: &ChannelAccess,
    submission: Submission<'_>,
) -> Result<Submitted, ProviderError> {
    if submission.id.is_some() {
        return Err(refused(
            "A template cannot be edited here. Make a new one under another name.",
        ));
    }
    let answer = ask(
        http.post(url(access, &[])?).json(&templates::body(&submission)),
        access,
    )
    .await?;
    let mut submitted = templates::submitted(&answer, None);
    submitted.id = text_at(&answer, "external_id").or(submitted.id);
    Ok(submitted)
}

/// Deletes a template, which this API does with all languages of a name: only where there is no other.
pub(super) async fn delete(
    http: &reqwest::Client,
    access: &ChannelAccess,
    name: &str,
) -> Result<(), ProviderError> {
    let (mut languages, mut after) = (0, None);
    for _ in 0..MAX_PAGES {
        let page = list(http, access, after.as_deref()).await?;
        languages += page.items.iter().filter(|listed| listed.name == name).count();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if languages > 1 {
        return Err(refused(
            "Deleting it would delete its other languages as well. Do it in the 360dialog hub.",
        ));
    }
    ask(http.delete(url(access, &[name])?), access).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::State;
    use serde_json::json;

    #[test]
    fn a_page_names_templates_by_metas_id_and_says_where_it_goes_on() {
        let one = |id: &str, external: Value| {
            json!({"id": id, "external_id": external, "name": "a", "language": "en_US", "category": "UTILITY",
                "status": "approved", "rejected_reason": "NONE", "components": []})
        };
        let body = json!({"count": 2, "total": 3, "waba_templates": [one("AbC", json!("661")), one("DeF", json!(null))]});
        let read = page(&body, 0);
        let ids: Vec<_> = read.items.iter().map(|it| (it.id.as_str(), it.state)).collect();
        assert_eq!(ids, [("661", State::Approved), ("DeF", State::Approved)]);
        assert_eq!(read.next.as_deref(), Some("2"));
        assert_eq!(page(&body, 1).next, None);
        assert!(page(&json!({}), 0).items.is_empty());
    }
}
