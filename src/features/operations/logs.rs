//! The tail of the log.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Json;

use crate::http::{ApiError, ApiResult, ErrorCode, Items, OperatorCaller, StrictQuery, endpoints};
use crate::logs::{LogLine, MAX_LINES, ring};

endpoints!(show_logs);

/// Lines shown unless the caller says otherwise.
const DEFAULT_LINES: usize = 200;

/// How much of the tail.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Tail {
    /// 1–1000 lines; 200 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A log line.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct LogLineView {
    at: String,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    level: String,
    /// Which part of the program.
    target: String,
    /// What.
    message: String,
    /// The trace that it belongs to.
    #[schema(required)]
    trace_id: Option<String>,
    /// Whatever else was noted.
    fields: BTreeMap<&'static str, String>,
}

impl From<LogLine> for LogLineView {
    fn from(line: LogLine) -> Self {
        let mut fields = line.fields;
        Self {
            at: line.at.to_string(),
            level: line.level.to_lowercase(),
            target: line.target,
            message: line.message,
            trace_id: fields.remove("trace"),
            fields,
        }
    }
}

/// The last log lines of the whole appliance, oldest first. For the owner who runs it.
#[utoipa::path(tag = "operations", params(Tail), responses((status = 200, body = Items<LogLineView>)))]
#[get("/api/v1/system/logs")]
pub(super) async fn show_logs(
    _who: OperatorCaller,
    query: StrictQuery<Tail>,
) -> ApiResult<Json<Items<LogLineView>>> {
    let limit = query.limit.unwrap_or(DEFAULT_LINES);
    if !(1..=MAX_LINES).contains(&limit) {
        let detail = format!("limit must be 1 to {MAX_LINES}.");
        return Err(ApiError::new(ErrorCode::InvalidQuery, detail).at("limit"));
    }
    Ok(Json(Items::all(ring().last(limit)).map(LogLineView::from)))
}
