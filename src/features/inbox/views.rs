//! Saved views: a name, a filter and an order of the conversation list; one person's own, or shared by the workspace.

use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Machinery;
use super::list::{Filter, Wanted};
use crate::actors::House;
use crate::domain::phrases;
use crate::domain::{UserId, WorkspaceId};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, ErrorCode, FieldError, IfMatch, NoQuery, PathId, ValidJson, check,
    endpoints, etag, kept,
};
use crate::storage::keys::SavedViewKey;
use crate::storage::listing::NOBODY;
use crate::storage::records::Json as JsonText;
use crate::storage::settings::{self, Kept};
use crate::storage::{Batch, Prefix, Store};

endpoints!(list_views, create_view, order_views, change_view, delete_view);

/// Most views of a person, and most shared ones.
const MAX_VIEWS: usize = 50;
/// Longest name, in characters.
const MAX_NAME: usize = 60;

/// A view's id: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ViewId([u8; 16]);

impl std::str::FromStr for ViewId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| ())?;
        (text.len() == 32).then_some(Self(*id.as_bytes())).ok_or(())
    }
}

fn id_text(id: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(id).simple().to_string()
}

/// A view as it stands in the store.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    name: String,
    filter: Filter,
    sort: String,
    place: u32,
}

/// A saved view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedView)]
pub(super) struct SavedView {
    id: String,
    name: String,
    filter: Filter,
    /// `newest`, `waiting` or `unread`.
    #[schema(schema_with = crate::http::words::list_order)]
    sort: String,
    /// Everyone in the workspace has it; if not, only the caller.
    shared: bool,
    /// Counts changes; the `ETag`.
    version: u64,
}

/// Saved views.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedViews)]
pub(super) struct SavedViewsBody {
    /// In their order; the shared ones first.
    items: Vec<SavedView>,
}

/// A view to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewBody {
    #[schema(max_length = 60)]
    name: String,
    filter: Filter,
    /// `newest`, `waiting` or `unread`.
    #[schema(schema_with = crate::http::words::list_order)]
    sort: String,
    /// For everyone in the workspace; cannot be changed later.
    #[serde(default)]
    shared: bool,
}

/// The order of the caller's own views, or of the shared ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderBody {
    /// Every view's id, once.
    ids: Vec<String>,
    /// The shared ones.
    #[serde(default)]
    shared: bool,
}

impl ApiBody for ViewBody {
    const LIMIT: usize = 8 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        if self.name.trim().is_empty() {
            return Err(FieldError::new("name", "Give a name."));
        }
        check::line("name", &self.name, MAX_NAME)?;
        check::one_of("sort", &self.sort, &["newest", "waiting", "unread"])?;
        let texts = [
            ("filter.status", &self.filter.status),
            ("filter.assignee", &self.filter.assignee),
            ("filter.label", &self.filter.label),
            ("filter.channel", &self.filter.channel),
            ("filter.q", &self.filter.q),
        ];
        for (field, text) in texts {
            text.as_deref()
                .map_or(Ok(()), |text| check::line(field, text, 200))?;
        }
        Ok(())
    }
}

impl ApiBody for OrderBody {
    const LIMIT: usize = 8 * 1024;

    fn check(&self) -> Result<(), FieldError> {
        match self.ids.len() <= MAX_VIEWS {
            true => Ok(()),
            false => Err(FieldError::new("ids", format!("At most {MAX_VIEWS}."))),
        }
    }
}

impl SavedView {
    fn new(key: &SavedViewKey, kept: Kept<Stored>) -> Self {
        Self {
            id: id_text(key.view),
            name: kept.value.name,
            filter: kept.value.filter,
            sort: kept.value.sort,
            shared: key.owner == NOBODY,
            version: kept.version,
        }
    }
}

fn owner(who: &Caller, shared: bool) -> UserId {
    if shared { NOBODY } else { who.user }
}

/// The views of an owner, in their order.
fn views_of(
    store: &Store,
    workspace: WorkspaceId,
    owner: UserId,
) -> ApiResult<Vec<(SavedViewKey, Kept<Stored>)>> {
    let prefix = Prefix::<SavedViewKey>::table().with(workspace).with(owner);
    let rows = store.scan(&prefix, None, MAX_VIEWS)?;
    let read = |(key, JsonText(text)): (SavedViewKey, JsonText)| Ok((key, settings::parse(&text)?));
    let mut views = rows
        .into_iter()
        .map(read)
        .collect::<ApiResult<Vec<(_, Kept<Stored>)>>>()?;
    views.sort_by_key(|(key, kept)| (kept.value.place, key.view));
    Ok(views)
}

/// The caller's own view or a shared one of this id.
fn find(house: &House, who: &Caller, id: ViewId) -> ApiResult<SavedViewKey> {
    for owner in [who.user, NOBODY] {
        let key = SavedViewKey {
            workspace: who.workspace,
            owner,
            view: id.0,
        };
        if house.core.store.contains(&key)? {
            return Ok(key);
        }
    }
    Err(ApiError::not_found("view"))
}

/// The caller's views and the shared ones.
#[utoipa::path(tag = "inbox", responses((status = 200, body = SavedViewsBody)))]
#[get("/api/v1/views")]
pub(super) async fn list_views(house: Machinery, who: Caller, _: NoQuery) -> ApiResult<Json<SavedViewsBody>> {
    all(&house, &who).map(Json)
}

fn all(house: &House, who: &Caller) -> ApiResult<SavedViewsBody> {
    let store = &house.core.store;
    let mut views = views_of(store, who.workspace, NOBODY)?;
    views.extend(views_of(store, who.workspace, who.user)?);
    let items = views
        .into_iter()
        .map(|(key, kept)| SavedView::new(&key, kept))
        .collect();
    Ok(SavedViewsBody { items })
}

/// Saves a view.
#[utoipa::path(tag = "inbox", request_body = ViewBody, responses((status = 201, body = SavedView)))]
#[post("/api/v1/views")]
pub(super) async fn create_view(
    house: Machinery,
    who: Caller,
    body: ValidJson<ViewBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let body = body.0;
    check_filter(&body.filter, &who)?;
    let store = &house.core.store;
    let existing = views_of(store, who.workspace, owner(&who, body.shared))?;
    if existing.len() >= MAX_VIEWS {
        let detail = phrases::TOO_MANY_VIEWS.with(&[("count", &MAX_VIEWS)]);
        return Err(ApiError::new(ErrorCode::WrongState, detail).with_code("too_many_views"));
    }
    let place = existing.last().map_or(0, |(_, last)| last.value.place + 1);
    let key = SavedViewKey {
        workspace: who.workspace,
        owner: owner(&who, body.shared),
        view: *uuid::Uuid::now_v7().as_bytes(),
    };
    let seal = store.workspace_seal(who.workspace)?;
    let kept = kept::change(store, &key, &seal, IfMatch(None), |_: Option<Stored>| {
        Ok(stored(&body, place))
    });
    let kept = kept.await?;
    Ok(HttpResponse::Created()
        .insert_header(etag(kept.version))
        .json(SavedView::new(&key, kept)))
}

/// Writes a view: shared, or a person's own. For the demo's past; `view` is the body that the API takes.
///
/// # Errors
/// The body is not understood, or the store refuses.
pub async fn plant(
    store: &Store,
    workspace: WorkspaceId,
    person: UserId,
    place: u32,
    view: &serde_json::Value,
) -> ApiResult<()> {
    let refused = |error: serde_json::Error| ApiError::new(ErrorCode::InvalidField, error.to_string());
    let body: ViewBody = serde_json::from_value(view.clone()).map_err(refused)?;
    body.check()?;
    let key = SavedViewKey {
        workspace,
        owner: if body.shared { NOBODY } else { person },
        view: *uuid::Uuid::now_v7().as_bytes(),
    };
    let seal = store.workspace_seal(workspace)?;
    let set = |_: Option<Stored>| Ok(stored(&body, place));
    kept::change(store, &key, &seal, IfMatch(None), set)
        .await
        .map(drop)
}

fn stored(body: &ViewBody, place: u32) -> Stored {
    Stored {
        name: body.name.trim().to_owned(),
        filter: body.filter.clone(),
        sort: body.sort.clone(),
        place,
    }
}

fn check_filter(filter: &Filter, who: &Caller) -> ApiResult<()> {
    let wrong = |error: ApiError| {
        let field = format!("filter.{}", error.field().unwrap_or_default());
        ApiError::from(FieldError::new(field, error.to_string()))
    };
    Wanted::from_filter(filter, who).map(|_| ()).map_err(wrong)
}

/// Puts the caller's own views, or the shared ones, into an order.
#[utoipa::path(tag = "inbox", request_body = OrderBody, responses((status = 200, body = SavedViewsBody)))]
#[put("/api/v1/views/order")]
pub(super) async fn order_views(
    house: Machinery,
    who: Caller,
    body: ValidJson<OrderBody>,
    _: NoQuery,
) -> ApiResult<Json<SavedViewsBody>> {
    let store = &house.core.store;
    let views = views_of(store, who.workspace, owner(&who, body.shared))?;
    let known = |text: &String| views.iter().any(|(key, _)| id_text(key.view) == *text);
    let unique: std::collections::BTreeSet<&String> = body.ids.iter().collect();
    if body.ids.len() != views.len() || unique.len() != views.len() || !body.ids.iter().all(known) {
        return Err(ApiError::invalid_field("ids", "must name every view once."));
    }
    let mut batch = Batch::new();
    let seal = store.workspace_seal(who.workspace)?;
    for (key, _) in views {
        let Some((mut kept, fingerprint)) = settings::load::<_, Stored>(store, &key)? else {
            continue;
        };
        let place = body.ids.iter().position(|id| *id == id_text(key.view));
        kept.value.place = place
            .and_then(|place| u32::try_from(place).ok())
            .unwrap_or(u32::MAX);
        settings::put(&mut batch, &key, Some(fingerprint), &kept, &seal)?;
    }
    if !batch.is_empty() {
        store.commit(batch).await?;
    }
    all(&house, &who).map(Json)
}

/// Changes a view.
#[utoipa::path(tag = "inbox", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = ViewBody,
    responses((status = 200, body = SavedView)))]
#[put("/api/v1/views/{id}")]
pub(super) async fn change_view(
    house: Machinery,
    who: Caller,
    id: PathId<ViewId>,
    body: ValidJson<ViewBody>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let (body, store) = (body.0, &house.core.store);
    check_filter(&body.filter, &who)?;
    let key = find(&house, &who, id.0)?;
    if body.shared != (key.owner == NOBODY) {
        return Err(ApiError::invalid_field(
            "shared",
            "cannot be changed; save another view.",
        ));
    }
    let seal = store.workspace_seal(who.workspace)?;
    let kept = kept::change(store, &key, &seal, if_match, |before: Option<Stored>| {
        let before = before.ok_or_else(|| ApiError::not_found("view"))?;
        Ok(stored(&body, before.place))
    });
    let kept = kept.await?;
    Ok(HttpResponse::Ok()
        .insert_header(etag(kept.version))
        .json(SavedView::new(&key, kept)))
}

/// Deletes a view.
#[utoipa::path(tag = "inbox", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204)))]
#[delete("/api/v1/views/{id}")]
pub(super) async fn delete_view(
    house: Machinery,
    who: Caller,
    id: PathId<ViewId>,
    if_match: IfMatch,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let store = &house.core.store;
    let key = find(&house, &who, id.0)?;
    let found = settings::load::<_, Stored>(store, &key)?;
    let (kept, fingerprint) = found.ok_or_else(|| ApiError::not_found("view"))?;
    if_match.check(kept.version)?;
    let mut batch = Batch::new();
    batch.require_unchanged(&key, fingerprint).delete(&key);
    store.commit(batch).await?;
    Ok(HttpResponse::NoContent().finish())
}
