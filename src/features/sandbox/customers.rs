//! The simulated customers: who they are and how they act.

use actix_web::web::Json;
use actix_web::{HttpResponse, get, post, put};

use super::views::{BehaviourView, CustomerView};
use super::{Machinery, Phones, WaId, Which, customer, refused};
use crate::channels::FieldError;
use crate::http::{
    ApiBody, ApiResult, Caller, Items, ListId, ListQuery, PageParams, StrictQuery, ValidJson, check,
    endpoints,
};
use crate::sandbox::Customer;

endpoints!(
    list_customers,
    add_customer,
    show_customer,
    set_customer_behaviour
);

/// Most customers that are listed; the others are found by their number.
const MOST: usize = 1_000;
/// Longest that a message may be kept from a phone, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

/// The customers of a sandbox channel, last activity first.
#[utoipa::path(tag = "sandbox", params(Which, PageParams), responses((status = 200, body = Items<CustomerView>)))]
#[get("/api/v1/sandbox/customers")]
pub(super) async fn list_customers(
    house: Machinery,
    phones: Phones,
    who: Caller,
    query: ListQuery<Which>,
) -> ApiResult<Json<Items<CustomerView>>> {
    let line = query.filter.line(&house, &phones, who.workspace)?;
    let list = ListId::new("sandbox customers", who.workspace).with(&line.number);
    let after = query.page.position(&list)?;
    let all = line.book.customers_of(&line.number, MOST);
    let mut views: Vec<_> = all.into_iter().map(CustomerView::new).collect();
    if let Some(after) = after {
        let place = views.iter().position(|view| view.wa_id.as_bytes() == after);
        views.drain(..place.map_or(views.len(), |place| place + 1));
    }
    let more = views.len() > query.page.limit;
    views.truncate(query.page.limit);
    let last = views.last().filter(|_| more);
    let next_cursor = last.map(|view| list.cursor(view.wa_id.as_bytes()));
    Ok(Json(Items {
        items: views,
        next_cursor,
    }))
}

/// A customer to be.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerBody {
    name: String,
    /// International, such as `+1 555 0123 456`; nothing is ever sent to it.
    phone: String,
    /// Language tag of their phone.
    #[serde(default)]
    language: Option<String>,
}

impl CustomerBody {
    fn digits(&self) -> String {
        self.phone.chars().filter(char::is_ascii_digit).collect()
    }
}

impl ApiBody for CustomerBody {
    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)?;
        if let Some(language) = &self.language {
            check::locale("language", language)?;
        }
        let written = |c: char| c.is_ascii_digit() || "+-(). ".contains(c);
        let fits = self.phone.len() <= 40 && self.phone.chars().all(written);
        if fits && (7..=15).contains(&self.digits().len()) {
            return Ok(());
        }
        let detail = "Give an international phone number of 7 to 15 digits, such as +15550123456.";
        Err(FieldError::new("phone", detail))
    }
}

/// Adds a customer, or changes the name and language of one.
#[utoipa::path(tag = "sandbox", params(Which), request_body = CustomerBody,
    responses((status = 201, body = CustomerView)))]
#[post("/api/v1/sandbox/customers")]
pub(super) async fn add_customer(
    house: Machinery,
    phones: Phones,
    who: Caller,
    which: StrictQuery<Which>,
    body: ValidJson<CustomerBody>,
) -> ApiResult<HttpResponse> {
    let line = which.line(&house, &phones, who.workspace)?;
    let wa_id = body.digits();
    let person = Customer {
        language: body.language.clone(),
        ..Customer::new(&wa_id, body.name.trim())
    };
    line.book
        .restore_thread(&line.number, &person, Vec::new(), None)
        .map_err(refused)?;
    let view = customer(&line, &WaId(wa_id))?;
    Ok(HttpResponse::Created().json(CustomerView::new(view)))
}

/// One customer.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), Which),
    responses((status = 200, body = CustomerView)))]
#[get("/api/v1/sandbox/customers/{wa_id}")]
pub(super) async fn show_customer(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    which: StrictQuery<Which>,
) -> ApiResult<Json<CustomerView>> {
    let line = which.line(&house, &phones, who.workspace)?;
    Ok(Json(CustomerView::new(customer(&line, &id)?)))
}

impl ApiBody for BehaviourView {
    fn check(&self) -> Result<(), FieldError> {
        if self.delay_ms > MAX_DELAY_MS {
            let detail = format!("At most {MAX_DELAY_MS} milliseconds.");
            return Err(FieldError::new("delay_ms", detail));
        }
        Ok(())
    }
}

/// Says how a customer acts from now on. What is left out is as with a healthy phone.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), Which), request_body = BehaviourView,
    responses((status = 200, body = CustomerView)))]
#[put("/api/v1/sandbox/customers/{wa_id}/behaviour")]
pub(super) async fn set_customer_behaviour(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    which: StrictQuery<Which>,
    body: ValidJson<BehaviourView>,
) -> ApiResult<Json<CustomerView>> {
    let line = which.line(&house, &phones, who.workspace)?;
    let behaviour = body.0.into_behaviour(line.book.default_behaviour());
    line.book
        .set_behaviour_to(&line.number, &id.0, behaviour)
        .map_err(refused)?;
    Ok(Json(CustomerView::new(customer(&line, &id)?)))
}
