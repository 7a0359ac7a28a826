//! A customer's chat with the business, from the customer's side.

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde_json::Value;

use super::message::MessageBody;
use super::views::{PhoneMessageView, chat};
use super::{Machinery, Phones, WaId, Which, customer, refused};
use crate::http::words::MessageContent;
use crate::http::{
    ApiError, ApiResult, Caller, Items, ListId, ListQuery, PageParams, StrictQuery, ValidJson, endpoints,
};
use crate::sandbox::Customer;

endpoints!(list_chat, show_file, write_as_customer, read_as_customer);

/// Types that the phone shows; others are only saved.
const SHOWN: [&str; 4] = ["image/", "audio/", "video/", "application/pdf"];

/// The chat as the customer's phone shows it, newest first. The simulator keeps the newest 200 messages.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), Which, PageParams),
    responses((status = 200, body = Items<PhoneMessageView>)))]
#[get("/api/v1/sandbox/customers/{wa_id}/messages")]
pub(super) async fn list_chat(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    query: ListQuery<Which>,
) -> ApiResult<Json<Items<PhoneMessageView>>> {
    let line = query.filter.line(&house, &phones, who.workspace)?;
    customer(&line, &id)?;
    let list = ListId::new("sandbox chat", who.workspace)
        .with(&line.number)
        .with(&id.0);
    let before = query.page.position(&list)?;
    let mut views = chat(&line.book.transcript(&line.number, &id.0));
    if let Some(before) = before {
        let place = views.iter().position(|view| view.id.as_bytes() == before);
        views.truncate(place.unwrap_or(0));
    }
    let mut items = views.split_off(views.len().saturating_sub(query.page.limit));
    items.reverse();
    let last = items.last().filter(|_| !views.is_empty());
    let next_cursor = last.map(|view| list.cursor(view.id.as_bytes()));
    Ok(Json(Items { items, next_cursor }))
}

/// A file in the chat as the customer's phone has it; `file` is the provider's id of it.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), ("file" = String, Path), Which),
    responses((status = 200, content_type = "application/octet-stream")))]
#[get("/api/v1/sandbox/customers/{wa_id}/files/{file}")]
pub(super) async fn show_file(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    address: HttpRequest,
    which: StrictQuery<Which>,
) -> ApiResult<HttpResponse> {
    let line = which.line(&house, &phones, who.workspace)?;
    customer(&line, &id)?;
    let wanted = address.match_info().get("file").unwrap_or_default();
    // Only what stands in this very chat.
    let transcript = line.book.transcript(&line.number, &id.0);
    let stands = transcript.iter().any(|entry| names(&entry.content, wanted));
    let found = stands.then(|| line.book.media(wanted)).flatten();
    let (mime, bytes) = found.ok_or_else(|| ApiError::not_found("file in this chat"))?;
    let mime = mime.split(';').next().unwrap_or_default().trim().to_owned();
    let shown = SHOWN.iter().any(|group| mime.starts_with(group)) && !mime.contains("svg");
    let (mime, way) = match shown {
        true => (mime.as_str(), "inline"),
        false => ("application/octet-stream", "attachment"),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, mime))
        .insert_header((header::CONTENT_DISPOSITION, way))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(bytes))
}

/// Whether a message has this file: as itself, above its words, or on a card.
fn names(content: &Value, file: &str) -> bool {
    match content {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name == "id" && value == file || names(value, file)),
        Value::Array(items) => items.iter().any(|item| names(item, file)),
        _ => false,
    }
}

/// Writes to the business as the customer.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), Which), request_body = MessageContent,
    responses((status = 201, body = PhoneMessageView)))]
#[post("/api/v1/sandbox/customers/{wa_id}/messages")]
pub(super) async fn write_as_customer(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    which: StrictQuery<Which>,
    body: ValidJson<MessageBody>,
) -> ApiResult<HttpResponse> {
    let line = which.line(&house, &phones, who.workspace)?;
    let person = customer(&line, &id)?.customer;
    let transcript = line.book.transcript(&line.number, &id.0);
    let message = body.0.into_message(&transcript, &person)?;
    // Without a name: what this business calls them stays as it is.
    let writer = Customer {
        name: String::new(),
        ..person
    };
    let sent = line
        .book
        .customer_says(&line.number, &writer, message)
        .map_err(refused)?;
    let transcript = line.book.transcript(&line.number, &id.0);
    let entry = transcript.iter().rev().find(|entry| entry.id == sent);
    let entry =
        entry.ok_or_else(|| ApiError::internal("writing as a customer", "the chat lost the message"))?;
    Ok(HttpResponse::Created().json(PhoneMessageView::new(entry)))
}

/// The customer opens the chat: what has arrived turns read, unless they never tell.
#[utoipa::path(tag = "sandbox", params(("wa_id" = String, Path), Which), responses((status = 204)))]
#[post("/api/v1/sandbox/customers/{wa_id}/read")]
pub(super) async fn read_as_customer(
    house: Machinery,
    phones: Phones,
    who: Caller,
    id: WaId,
    which: StrictQuery<Which>,
) -> ApiResult<HttpResponse> {
    let line = which.line(&house, &phones, who.workspace)?;
    customer(&line, &id)?;
    line.book.customer_reads(&line.number, &id.0).map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}
