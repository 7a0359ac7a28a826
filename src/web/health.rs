//! Whether the process lives, and whether it can work.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};

use crate::http::{ApiError, ApiResult, ErrorCode, endpoints};

endpoints!(healthz, readyz);

/// Answers at once; `Err` says what is not ready, in plain words.
type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What must be well before requests should come. Cheap to clone.
#[derive(Clone, Default)]
pub struct Readiness(Vec<(&'static str, Check)>);

impl Readiness {
    /// Adds a check. It must not block.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.0.push((name, Arc::new(check)));
        self
    }

    fn faults(&self) -> Vec<String> {
        let failed = self
            .0
            .iter()
            .filter_map(|(name, check)| Some(format!("{name}: {}", check().err()?)));
        failed.collect()
    }
}

/// The process lives.
#[utoipa::path(tag = "operations", responses((status = 200, body = String, content_type = "text/plain")), security(()))]
#[get("/healthz")]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The store is open and the actors are up: requests may come.
#[utoipa::path(tag = "operations", responses((status = 200, body = String, content_type = "text/plain")), security(()))]
#[get("/readyz")]
pub(super) async fn readyz(readiness: web::Data<Readiness>) -> ApiResult<HttpResponse> {
    let faults = readiness.faults();
    if faults.is_empty() {
        return Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"));
    }
    let detail = format!("Not ready: {}.", faults.join("; "));
    Err(ApiError::new(ErrorCode::Unavailable, detail).retry_after(5))
}
