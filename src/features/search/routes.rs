//! The address of this feature.

use std::collections::BTreeSet;
use std::time::Instant;

use actix_web::get;
use actix_web::web::{self, Json};

use super::hits::{Found, HitView, find};
use crate::actors::House;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, StrictQuery, endpoints};
use crate::storage::search::DocumentKind;

endpoints!(search);

/// Longest question, in characters.
const MAX_QUESTION: usize = 256;
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// What to look for.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// Words, `"phrases"`, `-without`, `from:name`, `in:channel`, `label:x`, `before:2026-01-31`, `after:`, `is:unread` …
    /// The last word is taken as the beginning of one. At most 256 characters.
    #[serde(default)]
    q: String,
    /// `messages`, `contacts`, `notes`, separated by commas; all of them unless given.
    r#in: Option<String>,
    /// Most hits to give, 1–100; 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What was found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SearchAnswer {
    /// Best first; newest first for a question without words.
    items: Vec<HitView>,
    #[schema(required)]
    next_cursor: Option<String>,
    /// Nothing had the words as typed; these have words like them.
    fuzzy: bool,
    /// How long the search took, in milliseconds.
    took_ms: u64,
}

fn invalid(field: &'static str, detail: String) -> ApiError {
    ApiError::new(ErrorCode::InvalidQuery, detail).at(field)
}

fn kinds(list: &str) -> ApiResult<Vec<DocumentKind>> {
    let kind = |word: &str| match word {
        "messages" => Ok(DocumentKind::Message),
        "notes" => Ok(DocumentKind::Note),
        "contacts" => Ok(DocumentKind::Contact),
        _ => Err(invalid(
            "in",
            "One or more of messages, contacts, notes, separated by commas.".to_owned(),
        )),
    };
    let kinds: BTreeSet<DocumentKind> = list
        .split(',')
        .map(|word| kind(word.trim()))
        .collect::<ApiResult<_>>()?;
    Ok(kinds.into_iter().collect())
}

/// Finds messages, notes and contacts.
#[utoipa::path(tag = "search", params(Question), responses((status = 200, body = SearchAnswer)))]
#[get("/api/v1/search")]
pub(super) async fn search(
    house: web::Data<House>,
    who: Caller,
    question: StrictQuery<Question>,
) -> ApiResult<Json<SearchAnswer>> {
    let Question {
        q,
        r#in,
        limit,
        cursor,
    } = question.0;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid("limit", format!("limit must be 1 to {MAX_LIMIT}.")));
    }
    if q.chars().count() > MAX_QUESTION {
        return Err(invalid("q", format!("At most {MAX_QUESTION} characters.")));
    }
    let kinds = r#in.as_deref().map_or(Ok(Vec::new()), kinds)?;
    let started = Instant::now();
    // It may take a while, and others are to be answered meanwhile.
    let work = move || find(&house, &who, &q, &kinds, limit, cursor.as_deref());
    let found = web::block(work).await;
    let found = found.map_err(|error| ApiError::internal("searching", error))??;
    let Found {
        items,
        next_cursor,
        fuzzy,
    } = found;
    Ok(Json(SearchAnswer {
        items,
        next_cursor,
        fuzzy,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_and_counted_once() {
        use DocumentKind::{Contact, Message, Note};
        assert_eq!(
            kinds("contacts, messages,contacts").expect("known"),
            [Message, Contact]
        );
        assert_eq!(kinds("notes").expect("known"), [Note]);
        for bad in ["", "message", "messages,", "Messages", "messages;notes"] {
            assert_eq!(kinds(bad).expect_err(bad).field(), Some("in"));
        }
    }
}
