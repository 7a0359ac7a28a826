//! The addresses of this part.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, delete, get, post};

use super::jobs::BulkJobs;
use super::model::{BulkBody, BulkView};
use crate::features::inbox::Machinery;
use crate::features::inbox::list::Wanted;
use crate::features::inbox::sorted::matching;
use crate::http::{ApiResult, Caller, FieldError, NoQuery, PathId, ValidJson, endpoints};
use crate::storage::keys::UserKey;

endpoints!(begin_bulk, show_bulk, undo_bulk, stop_bulk);

/// Most conversations of one job.
const MAX_JOB: usize = 100_000;

/// A job's id: 32 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobId([u8; 16]);

impl std::str::FromStr for JobId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| ())?;
        (text.len() == 32).then_some(Self(*id.as_bytes())).ok_or(())
    }
}

/// Changes every conversation that the filter finds now, in small steps. One at a time in a workspace.
#[utoipa::path(tag = "inbox", request_body = BulkBody,
    responses((status = 202, body = BulkView), (status = 409, description = "One is under way")))]
#[post("/api/v1/bulk")]
pub(super) async fn begin_bulk(
    house: Machinery,
    jobs: Data<BulkJobs>,
    who: Caller,
    body: ValidJson<BulkBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let BulkBody { filter, change } = body.0;
    if let Some(user) = change.assignee_id.flatten() {
        let key = UserKey {
            workspace: who.workspace,
            user,
        };
        let unknown = || FieldError::new("change.assignee_id", "There is no such person in this workspace.");
        house
            .core
            .store
            .contains(&key)?
            .then_some(())
            .ok_or_else(unknown)?;
    }
    let wanted = Wanted::from_filter(&filter, &who)?;
    let (machinery, caller) = (house.clone(), (*who).clone());
    // Reads as many records as there are conversations: not on the thread that answers others.
    let found = actix_web::web::block(move || matching(&machinery, &caller, &wanted, MAX_JOB, MAX_JOB));
    let found = found
        .await
        .map_err(|error| crate::http::ApiError::internal("collecting conversations", error))??;
    let who = (who.workspace, who.user);
    let job = jobs.begin(house, who, (found.ids, !found.complete), change)?;
    Ok(HttpResponse::Accepted().json(job.view()))
}

/// How far a change of many conversations has come. Only who began it is told, for a quarter of an hour.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = BulkView)))]
#[get("/api/v1/bulk/{id}")]
pub(super) async fn show_bulk(
    jobs: Data<BulkJobs>,
    who: Caller,
    id: PathId<JobId>,
    _: NoQuery,
) -> ApiResult<Json<BulkView>> {
    Ok(Json(jobs.find(who.workspace, who.user, id.0.0)?.view()))
}

/// Changes everything back that nobody changed since.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 202, body = BulkView)))]
#[post("/api/v1/bulk/{id}/undo")]
pub(super) async fn undo_bulk(
    house: Machinery,
    jobs: Data<BulkJobs>,
    who: Caller,
    id: PathId<JobId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let job = jobs.find(who.workspace, who.user, id.0.0)?;
    job.undo(house)?;
    Ok(HttpResponse::Accepted().json(job.view()))
}

/// Stops it; what is done stays done, and can be undone.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 200, body = BulkView)))]
#[delete("/api/v1/bulk/{id}")]
pub(super) async fn stop_bulk(
    jobs: Data<BulkJobs>,
    who: Caller,
    id: PathId<JobId>,
    _: NoQuery,
) -> ApiResult<Json<BulkView>> {
    let job = jobs.find(who.workspace, who.user, id.0.0)?;
    job.stop();
    Ok(Json(job.view()))
}
