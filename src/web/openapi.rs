//! The OpenAPI document, put together from every part's own.

use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement};

use super::server::Part;
use crate::http::auth::SESSION_COOKIE;
use crate::http::error::{AlternativeView, PROBLEM_JSON, ProblemDocument};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Frontdesk",
        description = "Customer messaging for a small business. Errors are problem documents (RFC 9457) with a stable \
                       `code`; lists page by `cursor`; ids are opaque; times are RFC 3339 in UTC.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemDocument<'static>, AlternativeView))
)]
struct Base;

/// The document of these parts.
pub fn document(parts: &[Part]) -> OpenApi {
    let mut document = Base::openapi();
    for part in parts {
        document.merge((part.docs)());
    }
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let anyone_logged_in = ["bearer", "cookie"].map(|name| SecurityRequirement::new(name, [""; 0]));
    document.security = Some(anyone_logged_in.to_vec());
    for_each_operation(&mut document, |operation| {
        let responses = &mut operation.responses.responses;
        responses
            .entry("default".to_owned())
            .or_insert_with(|| RefOr::T(problem()));
    });
    document
}

fn problem() -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description("A problem document")
        .content(PROBLEM_JSON, content)
        .build()
}

fn for_each_operation(document: &mut OpenApi, mut change: impl FnMut(&mut Operation)) {
    for item in document.paths.paths.values_mut() {
        let all = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
            &mut item.head,
            &mut item.options,
            &mut item.trace,
        ];
        all.into_iter().flatten().for_each(&mut change);
    }
}

/// Each address with the methods that it has.
pub(super) fn methods(document: &OpenApi) -> Vec<(String, Vec<&'static str>)> {
    let items = document.paths.paths.iter();
    items
        .map(|(path, item)| {
            let all = [
                ("GET", item.get.is_some()),
                ("PUT", item.put.is_some()),
                ("POST", item.post.is_some()),
                ("DELETE", item.delete.is_some()),
                ("PATCH", item.patch.is_some()),
            ];
            let present = all
                .into_iter()
                .filter_map(|(method, present)| present.then_some(method));
            (path.clone(), present.collect())
        })
        .collect()
}
