//! What is answered where no route is: the browser app, "not this method", or "nothing here".

use actix_web::dev::ResourceDef;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;

use super::security::is_data;
use super::{openapi, ui};
use crate::http::{ApiError, ErrorCode};

/// Every address that there is, with its methods.
pub struct Addresses(Vec<(ResourceDef, String)>);

impl Addresses {
    /// Of a document.
    pub fn of(document: &OpenApi) -> Self {
        let all = openapi::methods(document).into_iter();
        Self(
            all.map(|(path, methods)| (ResourceDef::new(path), methods.join(", ")))
                .collect(),
        )
    }

    fn methods_of(&self, path: &str) -> Option<&str> {
        let found = self.0.iter().find(|(address, _)| address.is_match(path));
        found.map(|(_, methods)| methods.as_str())
    }
}

/// The default service.
pub async fn fallback(req: HttpRequest, addresses: web::Data<Addresses>) -> Result<HttpResponse, ApiError> {
    if let Some(methods) = addresses.methods_of(req.path()) {
        let detail = format!("This address takes {methods}.");
        return Err(ApiError::new(ErrorCode::MethodNotAllowed, detail).with_allow(methods.to_owned()));
    }
    if is_data(req.path()) {
        return Err(ApiError::new(
            ErrorCode::NotFound,
            "There is nothing at this address. See /api/docs.",
        ));
    }
    ui::answer::<ui::App>(&req)
}
