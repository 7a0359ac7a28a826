//! The OpenAPI document and Swagger UI, both from this program: nothing is fetched from elsewhere.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use utoipa_swagger_ui::Config;

use super::packed::{inflate, takes};
use crate::http::{ApiError, ApiResult, NoQuery, endpoints};

endpoints!(openapi_json, docs_root, docs_file);

/// Where the document is served.
const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The finished document.
#[derive(Clone)]
pub struct DocumentText(pub Bytes);

/// This document.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object)), security(()))]
#[get("/api/v1/openapi.json")]
pub(super) async fn openapi_json(document: web::Data<DocumentText>, _: NoQuery) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    answer.body(document.0.clone())
}

/// The API in the browser.
#[utoipa::path(tag = "operations", responses((status = 308, description = "To /api/docs/")), security(()))]
#[get("/api/docs")]
pub(super) async fn docs_root() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/api/docs/"))
        .finish()
}

/// A file of Swagger UI.
#[utoipa::path(
    tag = "operations",
    params(("file" = String, Path, description = "Empty for the page itself")),
    responses((status = 200, body = String, content_type = "text/html")),
    security(())
)]
#[get("/api/docs/{file:.*}")]
pub(super) async fn docs_file(req: HttpRequest) -> ApiResult<HttpResponse> {
    let file = req.match_info().query("file");
    let config = Config::from(DOCUMENT_PATH);
    let found = utoipa_swagger_ui::serve(file, Arc::new(config));
    let found = found.map_err(|error| ApiError::internal("reading Swagger UI", error))?;
    let found = found.ok_or_else(|| ApiError::not_found("file"))?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(found.content_type)
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    answer.insert_header((header::VARY, "accept-encoding"));
    if found.gzpipped && !takes(req.headers(), "gzip") {
        let plain = inflate(&found.bytes);
        let plain = plain.map_err(|error| ApiError::internal("reading Swagger UI", error))?;
        return Ok(answer.body(plain));
    }
    if found.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(found.bytes.into_owned()))
}
