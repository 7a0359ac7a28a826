//! The addresses of this feature.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, delete, get, post, put};

use super::model::{SnippetBody, SnippetView, Stored};
use crate::actors::House;
use crate::domain::WorkspaceId;
use crate::domain::phrases;
use crate::http::{
    ApiBody as _, ApiError, ApiResult, Caller, ErrorCode, IfMatch, Items, ListId, ListQuery, NoQuery,
    OwnerCaller, PageParams, PathId, ValidJson, endpoints, etag, kept,
};
use crate::storage::keys::SnippetKey;
use crate::storage::records::Json as JsonText;
use crate::storage::settings::{self, Kept};
use crate::storage::{Batch, Prefix, Store};

endpoints!(list_snippets, create_snippet, change_snippet, delete_snippet);

/// Most snippets of a workspace.
const MAX_SNIPPETS: usize = 1_000;
const MAX_QUERY: usize = 200;

/// A snippet's id: 32 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct SnippetId([u8; 16]);

impl std::str::FromStr for SnippetId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| ())?;
        (text.len() == 32).then_some(Self(*id.as_bytes())).ok_or(())
    }
}

/// Which snippets.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Words in the name or the text.
    q: Option<String>,
}

fn all(store: &Store, workspace: WorkspaceId) -> ApiResult<Vec<(SnippetKey, Kept<Stored>)>> {
    let prefix = Prefix::<SnippetKey>::table().with(workspace);
    let rows = store.scan(&prefix, None, MAX_SNIPPETS)?;
    let read = |(key, JsonText(text)): (SnippetKey, JsonText)| Ok((key, settings::parse(&text)?));
    rows.into_iter().map(read).collect()
}

/// Snippets in the order of their making.
#[utoipa::path(tag = "workspace", params(Filter, PageParams), responses((status = 200, body = Items<SnippetView>)))]
#[get("/api/v1/snippets")]
pub(super) async fn list_snippets(
    house: Data<House>,
    who: Caller,
    query: ListQuery<Filter>,
) -> ApiResult<Json<Items<SnippetView>>> {
    let text = query.filter.q.as_deref().unwrap_or("").trim().to_lowercase();
    if text.chars().count() > MAX_QUERY {
        let error = ApiError::new(ErrorCode::InvalidQuery, "q must be at most 200 characters.");
        return Err(error.at("q"));
    }
    let list = ListId::new("snippets", who.workspace).with(&text);
    let after: Option<SnippetKey> = query.page.after(&list)?;
    let fits = |stored: &Stored| {
        let hay = format!("{} {}", stored.name, stored.text).to_lowercase();
        text.split_whitespace().all(|word| hay.contains(word))
    };
    let mut rows = all(&house.core.store, who.workspace)?;
    rows.retain(|(key, kept)| after.is_none_or(|after| key.snippet > after.snippet) && fits(&kept.value));
    rows.truncate(query.page.limit + 1);
    let view = |(key, kept): (SnippetKey, Kept<Stored>)| SnippetView::new(key.snippet, kept);
    Ok(Json(query.page.finish(&list, rows, view)))
}

/// Refuses a name that another snippet has.
fn unique(existing: &[(SnippetKey, Kept<Stored>)], name: &str, own: Option<SnippetKey>) -> ApiResult<()> {
    let taken = existing
        .iter()
        .any(|(key, kept)| Some(*key) != own && kept.value.name.to_lowercase() == name.trim().to_lowercase());
    if taken {
        let error = ApiError::new(ErrorCode::AlreadyExists, phrases::SNIPPET_EXISTS.text());
        return Err(error.at("name"));
    }
    Ok(())
}

fn stored(body: &SnippetBody) -> Stored {
    Stored {
        name: body.name.trim().to_owned(),
        text: body.text.clone(),
    }
}

/// Writes a snippet into a workspace that has none of this name: for the demo's past.
///
/// # Errors
/// The store refuses.
pub async fn plant(store: &Store, workspace: WorkspaceId, name: &str, text: &str) -> ApiResult<()> {
    let key = SnippetKey {
        workspace,
        snippet: *uuid::Uuid::now_v7().as_bytes(),
    };
    let seal = store.workspace_seal(workspace)?;
    let body = SnippetBody {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    body.check()?;
    let set = |_: Option<Stored>| Ok(stored(&body));
    kept::change(store, &key, &seal, IfMatch(None), set)
        .await
        .map(drop)
}

/// Adds a snippet. For owners.
#[utoipa::path(tag = "workspace", request_body = SnippetBody, responses((status = 201, body = SnippetView)))]
#[post("/api/v1/snippets")]
pub(super) async fn create_snippet(
    house: Data<House>,
    who: OwnerCaller,
    body: ValidJson<SnippetBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    let existing = all(store, who.workspace)?;
    unique(&existing, &body.name, None)?;
    if existing.len() >= MAX_SNIPPETS {
        let detail = phrases::TOO_MANY_SNIPPETS.with(&[("count", &MAX_SNIPPETS)]);
        return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("too_many_snippets"));
    }
    let key = SnippetKey {
        workspace: who.workspace,
        snippet: *uuid::Uuid::now_v7().as_bytes(),
    };
    let seal = store.workspace_seal(who.workspace)?;
    let set = |_: Option<Stored>| Ok(stored(&body));
    let kept = kept::change(store, &key, &seal, IfMatch(None), set).await?;
    Ok(HttpResponse::Created()
        .insert_header(etag(kept.version))
        .json(SnippetView::new(key.snippet, kept)))
}

/// Changes a snippet. For owners.
#[utoipa::path(tag = "workspace", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = SnippetBody, responses((status = 200, body = SnippetView)))]
#[put("/api/v1/snippets/{id}")]
pub(super) async fn change_snippet(
    house: Data<House>,
    who: OwnerCaller,
    id: PathId<SnippetId>,
    body: ValidJson<SnippetBody>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    let key = SnippetKey {
        workspace: who.workspace,
        snippet: id.0.0,
    };
    unique(&all(store, who.workspace)?, &body.name, Some(key))?;
    let seal = store.workspace_seal(who.workspace)?;
    let set = |before: Option<Stored>| {
        before.ok_or_else(|| ApiError::not_found("snippet"))?;
        Ok(stored(&body))
    };
    if !store.contains(&key)? {
        return Err(ApiError::not_found("snippet"));
    }
    let kept = kept::change(store, &key, &seal, if_match, set).await?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(kept.version))
        .json(SnippetView::new(key.snippet, kept)))
}

/// Deletes a snippet. For owners.
#[utoipa::path(tag = "workspace", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204)))]
#[delete("/api/v1/snippets/{id}")]
pub(super) async fn delete_snippet(
    house: Data<House>,
    who: OwnerCaller,
    id: PathId<SnippetId>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    let key = SnippetKey {
        workspace: who.workspace,
        snippet: id.0.0,
    };
    let found = settings::load::<_, Stored>(store, &key)?;
    let (kept, fingerprint) = found.ok_or_else(|| ApiError::not_found("snippet"))?;
    if_match.check(kept.version)?;
    let mut batch = Batch::new();
    batch.require_unchanged(&key, fingerprint).delete(&key);
    store.commit(batch).await?;
    Ok(HttpResponse::NoContent().finish())
}
