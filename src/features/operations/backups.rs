//! Backups of the whole appliance: for the owner who runs it.

use actix_web::http::header;
use actix_web::web::{Bytes, Json};
use actix_web::{HttpResponse, get, post, put, web};
use futures_util::stream::try_unfold;
use tokio::io::AsyncReadExt;

use super::Machinery;
use crate::actors::backups::{Attempt, Backups, BackupsError, Checked, Plan};
use crate::channels::FieldError;
use crate::domain::Timestamp;
use crate::domain::phrases;
use crate::http::{
    ApiBody, ApiError, ApiResult, ErrorCode, Items, ListId, NoQuery, OperatorCaller, Page, PageParams,
    ValidJson, endpoints,
};
use crate::storage::backup::{BackupError, Listed};
use crate::storage::keys::WorkspaceKey;

endpoints!(
    list_backups,
    make_backup,
    show_schedule,
    keep_schedule,
    download_backup,
    verify_one_backup,
);

type Keeper = web::Data<Backups>;

/// Bytes read from the disk in one go.
const CHUNK: usize = 64 * 1024;
/// Most backups that a schedule keeps.
const MAX_KEEP: u32 = 365;

/// A backup.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BackupView {
    name: String,
    #[schema(required)]
    created_at: Option<String>,
    /// In bytes.
    size: u64,
    /// `running`, `done` or `failed`.
    #[schema(schema_with = crate::http::words::backup_state)]
    state: &'static str,
    /// Why it failed, or what is wrong with it.
    #[schema(required)]
    error: Option<String>,
    /// It holds everything; if not, it goes on from an earlier one.
    complete: bool,
    /// It was read from end to end and found whole; at its making, or later.
    #[schema(required)]
    verified: Option<bool>,
    /// When it was.
    #[schema(required)]
    verified_at: Option<String>,
}

impl BackupView {
    fn listed(backup: Listed, checked: Option<Checked>) -> Self {
        let made = backup.header.as_ref().map(|header| Timestamp(header.created_at));
        let unreadable = || "Its beginning cannot be read.".to_owned();
        let mut error = backup.header.is_none().then(unreadable);
        let mut verified_at = made;
        if let Some(Checked { at, outcome }) = checked {
            verified_at = Some(at);
            error = outcome.err();
        }
        Self {
            name: backup.name,
            created_at: made.map(|at| at.to_string()),
            size: backup.bytes,
            state: "done",
            complete: backup.header.is_some_and(|header| header.complete),
            // One that is made gets its name only once it was read back.
            verified: Some(error.is_none()),
            verified_at: verified_at.map(|at| at.to_string()),
            error,
        }
    }

    fn attempt(attempt: Attempt) -> Self {
        Self {
            name: attempt.name,
            created_at: Some(attempt.began_at.to_string()),
            size: 0,
            state: if attempt.error.is_none() {
                "running"
            } else {
                "failed"
            },
            error: attempt.error,
            complete: true,
            verified: None,
            verified_at: None,
        }
    }
}

/// What reading a backup found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct VerificationView {
    ok: bool,
    /// What it is, or what is wrong with it.
    detail: String,
    /// Records in it.
    #[schema(required)]
    records: Option<u64>,
}

/// When backups are made.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackupSchedule {
    enabled: bool,
    /// Time of day in the workspace's time zone, `03:00`.
    time: String,
    /// How many to keep, 1–365.
    keep: u32,
}

impl BackupSchedule {
    fn time(&self) -> Option<(u8, u8)> {
        let (hour, minute) = self.time.split_once(':')?;
        let number = |text: &str| {
            let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            two.then(|| text.parse::<u8>().ok()).flatten()
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        (hour < 24 && minute < 60).then_some((hour, minute))
    }
}

impl ApiBody for BackupSchedule {
    fn check(&self) -> Result<(), FieldError> {
        if self.time().is_none() {
            return Err(FieldError::new("time", "Give a time of day such as 03:00."));
        }
        match (1..=MAX_KEEP).contains(&self.keep) {
            true => Ok(()),
            false => Err(FieldError::new("keep", format!("1 to {MAX_KEEP}."))),
        }
    }
}

fn backups_error(error: BackupsError) -> ApiError {
    match error {
        BackupsError::Busy => ApiError::new(ErrorCode::WrongState, phrases::BACKUP_UNDER_WAY.text()),
        BackupsError::NotFound => ApiError::not_found("backup"),
        BackupsError::Schedule(error) => ApiError::invalid_field("time", error.to_string()),
        BackupsError::Storage(error) | BackupsError::Backup(BackupError::Storage(error)) => error.into(),
        BackupsError::Commit(error) => error.into(),
        BackupsError::Backup(error) => ApiError::internal("reading the backups", error),
    }
}

/// The backups on this machine, newest first; on top the one that is being made, or the last that failed.
#[utoipa::path(tag = "operations", params(PageParams), responses((status = 200, body = Items<BackupView>)))]
#[get("/api/v1/backups")]
pub(super) async fn list_backups(
    keeper: Keeper,
    who: OperatorCaller,
    page: Page,
) -> ApiResult<Json<Items<BackupView>>> {
    let list = ListId::new("backups", who.workspace);
    let after = page.position(&list)?;
    let listed = keeper.list().await.map_err(backups_error)?;
    let start = match &after {
        Some(name) => listed
            .iter()
            .position(|it| it.name.as_bytes() == name.as_slice())
            .map_or(listed.len(), |at| at + 1),
        None => 0,
    };
    let rest = listed.len() - start;
    let mut items: Vec<BackupView> = Vec::new();
    if after.is_none() {
        items.extend(keeper.attempt().map(BackupView::attempt));
    }
    let shown: Vec<Listed> = listed.into_iter().skip(start).take(page.limit).collect();
    let last = shown.last().filter(|_| rest > page.limit);
    let next_cursor = last.map(|it| list.cursor(it.name.as_bytes()));
    items.extend(shown.into_iter().map(|it| {
        let checked = keeper.checked(&it.name);
        BackupView::listed(it, checked)
    }));
    Ok(Json(Items { items, next_cursor }))
}

/// Begins a backup; it is made in the background.
#[utoipa::path(tag = "operations", responses((status = 202, body = BackupView)))]
#[post("/api/v1/backups")]
pub(super) async fn make_backup(keeper: Keeper, _who: OperatorCaller, _: NoQuery) -> ApiResult<HttpResponse> {
    let attempt = keeper.begin().map_err(backups_error)?;
    Ok(HttpResponse::Accepted().json(BackupView::attempt(attempt)))
}

/// When backups are made by themselves.
#[utoipa::path(tag = "operations", responses((status = 200, body = BackupSchedule)))]
#[get("/api/v1/backups/schedule")]
pub(super) async fn show_schedule(
    keeper: Keeper,
    _who: OperatorCaller,
    _: NoQuery,
) -> ApiResult<Json<BackupSchedule>> {
    let plan = keeper.plan().map_err(backups_error)?;
    Ok(Json(plan.map_or_else(
        || BackupSchedule {
            enabled: false,
            time: "03:00".to_owned(),
            keep: 7,
        },
        |plan| BackupSchedule {
            enabled: plan.enabled,
            time: format!("{:02}:{:02}", plan.hour, plan.minute),
            keep: plan.keep,
        },
    )))
}

/// Says when backups are made by themselves.
#[utoipa::path(tag = "operations", request_body = BackupSchedule, responses((status = 200, body = BackupSchedule)))]
#[put("/api/v1/backups/schedule")]
pub(super) async fn keep_schedule(
    house: Machinery,
    keeper: Keeper,
    who: OperatorCaller,
    body: ValidJson<BackupSchedule>,
    _: NoQuery,
) -> ApiResult<Json<BackupSchedule>> {
    let body = body.0;
    let key = WorkspaceKey {
        workspace: who.workspace,
    };
    let workspace = house.core.store.get(&key)?;
    let workspace = workspace.ok_or_else(|| ApiError::not_found("workspace"))?;
    let (hour, minute) = body.time().unwrap_or_default();
    let plan = Plan {
        enabled: body.enabled,
        hour,
        minute,
        timezone: workspace.timezone,
        keep: body.keep,
        workspace: Some(who.workspace),
        since: house.core.clock.now(),
    };
    keeper.keep_plan(&plan).await.map_err(backups_error)?;
    Ok(Json(body))
}

/// The file of a backup. Sealed values stay sealed in it, and the master key is not in it.
#[utoipa::path(tag = "operations", params(("name" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
#[get("/api/v1/backups/{name}/download")]
pub(super) async fn download_backup(
    keeper: Keeper,
    _who: OperatorCaller,
    name: web::Path<String>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let path = keeper.file(&name).await.map_err(backups_error)?;
    let failed = |error: std::io::Error| ApiError::internal("reading a backup", error);
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    let size = file.metadata().await.map_err(failed)?.len();
    let body = try_unfold((file, size), |(mut file, left)| async move {
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        if chunk.is_empty() {
            return Ok::<_, std::io::Error>(None);
        }
        file.read_exact(&mut chunk).await?;
        let left = left - chunk.len() as u64;
        Ok(Some((Bytes::from(chunk), (file, left))))
    });
    let shown = format!("attachment; filename=\"{}\"", plain_name(&name));
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CONTENT_DISPOSITION, shown))
        // It is compressed already; and its length is to be told.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .no_chunking(size)
        .streaming(body))
}

/// A name that can stand in a header.
fn plain_name(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || ".-_+".contains(*c);
    name.chars().filter(is_plain).collect()
}

/// Reads a backup from end to end and tells what was found.
#[utoipa::path(tag = "operations", params(("name" = String, Path)), responses((status = 200, body = VerificationView)))]
#[post("/api/v1/backups/{name}/verify")]
pub(super) async fn verify_one_backup(
    keeper: Keeper,
    _who: OperatorCaller,
    name: web::Path<String>,
    _: NoQuery,
) -> ApiResult<Json<VerificationView>> {
    let checked = keeper.check(&name).await.map_err(backups_error)?;
    Ok(Json(match checked.outcome {
        Ok(verified) => VerificationView {
            ok: true,
            records: Some(verified.totals.rows),
            detail: verified.to_string(),
        },
        Err(error) => VerificationView {
            ok: false,
            detail: error,
            records: None,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_strict() {
        let schedule = |time: &str, keep| BackupSchedule {
            enabled: true,
            time: time.to_owned(),
            keep,
        };
        assert_eq!(schedule("03:05", 1).time(), Some((3, 5)));
        assert!(schedule("23:59", 365).check().is_ok());
        for time in [
            "",
            "3:00",
            "03:0",
            "24:00",
            "00:60",
            "-1:00",
            "+1:00",
            "03:00:00",
            "०३:००",
        ] {
            assert_eq!(schedule(time, 1).check().expect_err(time).field, "time");
        }
        for keep in [0, 366] {
            assert_eq!(schedule("03:00", keep).check().expect_err("bad").field, "keep");
        }
    }

    #[test]
    fn names_in_headers_hold_no_tricks() {
        assert_eq!(plain_name("manual-2026.fdbackup"), "manual-2026.fdbackup");
        assert_eq!(plain_name("a\"; x=\r\n../b"), "ax..b");
    }
}
