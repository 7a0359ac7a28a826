//! One operation on several templates; each succeeds or fails by itself.

use actix_web::post;
use actix_web::web::Json;

use super::model::{BulkAction, BulkBody, DecisionBody};
use super::store::{self, Entry};
use super::{Machinery, review, routes};
use crate::actors::House;
use crate::domain::TemplateId;
use crate::domain::account::Role;
use crate::domain::phrases;
use crate::domain::template::{ChangeKind, Roles, Template};
use crate::http::views::PhraseView;
use crate::http::{ApiError, ApiResult, Caller, ErrorCode, NoQuery, ValidJson, endpoints};

endpoints!(change_templates);

/// What became of one of them.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Outcome {
    id: String,
    ok: bool,
    /// The problem's code, if it failed.
    #[schema(required)]
    code: Option<&'static str>,
    /// Why, and what to do.
    #[schema(required)]
    detail: Option<String>,
    /// `detail` as a phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_phrase: Option<PhraseView>,
}

/// What became of all of them.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BulkView {
    items: Vec<Outcome>,
}

/// Submits, approves, deletes or assigns several templates. Each succeeds or fails by itself.
#[utoipa::path(tag = "templates", request_body = BulkBody, responses((status = 200, body = BulkView)))]
#[post("/api/v1/templates/bulk")]
pub(super) async fn change_templates(
    house: Machinery,
    who: Caller,
    body: ValidJson<BulkBody>,
    _: NoQuery,
) -> ApiResult<Json<BulkView>> {
    let needs_owner = matches!(body.action, BulkAction::Approve | BulkAction::Roles);
    if needs_owner && who.role != Role::Owner {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            phrases::ONLY_OWNER_APPROVES.text(),
        ));
    }
    let mut items = Vec::with_capacity(body.ids.len());
    for id in &body.ids {
        let result = one(&house, &who, &body, *id).await;
        let error = result.err();
        items.push(Outcome {
            id: id.to_string(),
            ok: error.is_none(),
            code: error.as_ref().map(ApiError::code),
            detail_phrase: error.as_ref().and_then(|error| PhraseView::of(error.detail())),
            detail: error.map(|error| error.detail().to_owned()),
        });
    }
    Ok(Json(BulkView { items }))
}

async fn one(house: &House, who: &Caller, body: &BulkBody, id: TemplateId) -> ApiResult<()> {
    match body.action {
        BulkAction::Submit => review::submit(house, who, id).await.map(drop),
        BulkAction::Approve => {
            let decision = DecisionBody {
                approve: true,
                note: String::new(),
            };
            review::decide(house, (who.workspace, who.user), id, &decision)
                .await
                .map(drop)
        }
        BulkAction::Delete => routes::remove(house, who, id).await,
        BulkAction::Roles => {
            let roles = Roles::of(body.roles.as_deref().unwrap_or_default());
            let user = who.user;
            let assign = |template: &mut Template| {
                template.roles = roles;
                Ok(Some(Entry::new(ChangeKind::Roles, Some(user), "")))
            };
            Ok(store::change(&house.core, who.workspace, id, None, assign)
                .await
                .map(drop)?)
        }
    }
}
