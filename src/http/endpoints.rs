//! One list of handlers for router and documentation alike, so that no route can be served undocumented.

/// Declares a feature's endpoints: makes `configure` (registers them) and `Docs` (documents them) from one list.
///
/// Each handler carries `#[utoipa::path(…)]` above actix's `#[get("/api/v1/…")]` with the whole address; path and method
/// in the document are taken from the latter.
macro_rules! endpoints {
    ($($($handler:ident)::+),* $(,)?) => {
        /// Registers this part's routes.
        pub fn configure(config: &mut actix_web::web::ServiceConfig) {
            $(config.service($($handler)::+);)*
        }

        /// Documents this part's routes.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($handler)::+),*))]
        pub struct Docs;
    };
}
pub(crate) use endpoints;
