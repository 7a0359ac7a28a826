//! What an owner decides about a number: its shop's buttons and its PIN; and whom the team blocks.

use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, post, put};

use super::Machinery;
use super::manage::{provider_error, within};
use super::routes::{entry, provider};
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::number::NOT_DONE;
use crate::channels::{FieldError, NumberCare, Provider, Shop};
use crate::domain::outbound::ProviderError;
use crate::domain::phrases;
use crate::domain::{ChannelId, Identity, WorkspaceId};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, ErrorCode, NoQuery, OwnerCaller, PathId, StrictQuery, ValidJson,
    check, endpoints,
};
use crate::storage::keys::{ContactByIdentityKey, ContactKey};

endpoints!(
    list_blocked,
    block_person,
    unblock_person,
    show_shop,
    change_shop,
    set_pin,
);

/// Longest id of somebody.
const MAX_TO: usize = 256;
/// Longest word of the provider for the next part of its list.
const MAX_CURSOR: usize = 1_024;
/// Digits of a PIN.
const PIN_DIGITS: usize = 6;

fn care(provider: &dyn Provider) -> ApiResult<&dyn NumberCare> {
    let care = provider.number_care();
    care.ok_or_else(|| ApiError::new(ErrorCode::WrongState, phrases::NOT_OFFERED_HERE.text()))
}

/// Somebody whose messages the number does not take.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BlockedView {
    /// By what the provider knows them: a number, or an id.
    to: String,
    /// The contact, if anybody is known by it.
    #[schema(required)]
    contact: Option<BlockedContactView>,
}

/// A contact in a list.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BlockedContactView {
    id: String,
    name: String,
}

/// A part of the provider's list of who is blocked.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BlockedListView {
    /// Who is.
    items: Vec<BlockedView>,
    /// For the part that follows.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Which part of the list.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockedQuery {
    /// The part before's `next_cursor`.
    cursor: Option<String>,
}

/// Whom to block.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockBody {
    /// A number or id, as in `POST /api/v1/messages`.
    to: String,
}

impl ApiBody for BlockBody {
    fn check(&self) -> Result<(), FieldError> {
        check::line("to", &self.to, MAX_TO)
    }
}

fn identity(provider: &dyn Provider, entry: &ChannelEntry, to: &str) -> ApiResult<Identity> {
    let found = provider
        .recipient(&entry.access.settings, to)
        .filter(|_| to.len() <= MAX_TO);
    found.ok_or_else(|| ApiError::invalid_field("to", "must be a number in international form, or an id."))
}

fn contact(
    house: &House,
    workspace: WorkspaceId,
    identity: &Identity,
) -> ApiResult<Option<BlockedContactView>> {
    let store = &house.core.store;
    let identity = store.identity_hash(workspace, identity)?;
    let Some(contact) = store.get(&ContactByIdentityKey { workspace, identity })? else {
        return Ok(None);
    };
    let found = store.get(&ContactKey { workspace, contact })?;
    Ok(found.map(|contact| BlockedContactView {
        id: contact.id.to_string(),
        name: contact.display_name().to_owned(),
    }))
}

/// Who is blocked on this channel's number, as the provider has it.
#[utoipa::path(tag = "channels", params(("id" = String, Path), BlockedQuery),
    responses((status = 200, body = BlockedListView)))]
#[get("/api/v1/channels/{id}/blocked")]
pub(super) async fn list_blocked(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    query: StrictQuery<BlockedQuery>,
) -> ApiResult<Json<BlockedListView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let after = query.cursor.as_deref();
    if after.is_some_and(|after| after.len() > MAX_CURSOR) {
        return Err(ApiError::invalid_field("cursor", "is none of this list's."));
    }
    let care = care(provider.as_ref())?;
    let page = within(care.blocked(&house.core.http, &entry.access, after)).await;
    let page = page.map_err(|error| provider_error(&error))?;
    let items = page.people.iter().map(|person| {
        Ok(BlockedView {
            to: person.identity.value.clone(),
            contact: contact(&house, who.workspace, &person.identity)?,
        })
    });
    Ok(Json(BlockedListView {
        items: items.collect::<ApiResult<_>>()?,
        next_cursor: page.next,
    }))
}

async fn set_blocked(house: &House, entry: &ChannelEntry, to: &str, blocked: bool) -> ApiResult<Identity> {
    let provider = provider(house, entry.kind)?;
    let care = care(provider.as_ref())?;
    let person = identity(provider.as_ref(), entry, to)?;
    let done = within(care.set_blocked(&house.core.http, &entry.access, &person, blocked)).await;
    done.map_err(|error| refused(&error, blocked))?;
    Ok(person)
}

/// The provider's refusal, with its reason and what it asks for.
fn refused(error: &ProviderError, blocked: bool) -> ApiError {
    if error.code != NOT_DONE {
        return provider_error(error);
    }
    let reason = error.detail.trim_end_matches('.');
    let detail = match (blocked, reason) {
        (true, "") => phrases::BLOCK_REFUSED.text().to_owned(),
        (true, reason) => phrases::BLOCK_REFUSED_BECAUSE.with(&[("reason", &reason)]),
        (false, "") => phrases::UNBLOCK_REFUSED.text().to_owned(),
        (false, reason) => phrases::UNBLOCK_REFUSED_BECAUSE.with(&[("reason", &reason)]),
    };
    ApiError::new(ErrorCode::WrongState, detail)
}

/// Blocks somebody at the provider: what they write does not arrive, and nothing can be sent to them. WhatsApp blocks only who
/// wrote within the last 24 hours.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = BlockBody,
    responses((status = 200, body = BlockedView), (status = 409, description = "The provider refuses")))]
#[post("/api/v1/channels/{id}/blocked")]
pub(super) async fn block_person(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    body: ValidJson<BlockBody>,
    _: NoQuery,
) -> ApiResult<Json<BlockedView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let person = set_blocked(&house, &entry, &body.0.to, true).await?;
    Ok(Json(BlockedView {
        contact: contact(&house, who.workspace, &person)?,
        to: person.value,
    }))
}

/// Takes messages from somebody again.
#[utoipa::path(tag = "channels", params(("id" = String, Path), BlockBody), responses((status = 204)))]
#[delete("/api/v1/channels/{id}/blocked")]
pub(super) async fn unblock_person(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    query: StrictQuery<BlockBody>,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    set_blocked(&house, &entry, &query.to, false).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the number's shop shows to customers.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShopView {
    /// The catalogue stands in the profile and beside the chat.
    catalog_visible: bool,
    /// Customers may put products into a cart and send it.
    cart_enabled: bool,
}

impl ApiBody for ShopView {
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

/// What the number's shop shows, as the provider has it; 404 where the number has no shop. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = ShopView)))]
#[get("/api/v1/channels/{id}/shop")]
pub(super) async fn show_shop(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<ShopView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let shop = within(care(provider.as_ref())?.shop(&house.core.http, &entry.access)).await;
    let shop = shop.map_err(|error| provider_error(&error))?;
    let shop = shop.ok_or_else(|| ApiError::new(ErrorCode::NotFound, phrases::NO_SHOP.text()))?;
    Ok(Json(ShopView {
        catalog_visible: shop.catalog_visible,
        cart_enabled: shop.cart_enabled,
    }))
}

/// Changes what the number's shop shows. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = ShopView,
    responses((status = 200, body = ShopView)))]
#[put("/api/v1/channels/{id}/shop")]
pub(super) async fn change_shop(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<ShopView>,
    _: NoQuery,
) -> ApiResult<Json<ShopView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let wished = Shop {
        catalog_visible: body.0.catalog_visible,
        cart_enabled: body.0.cart_enabled,
    };
    let care = care(provider.as_ref())?;
    let done = within(care.set_shop(&house.core.http, &entry.access, wished)).await;
    done.map_err(|error| provider_error(&error))?;
    Ok(Json(body.0))
}

/// A new PIN.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PinBody {
    /// Six digits. They are not kept here.
    pin: String,
}

impl ApiBody for PinBody {
    fn check(&self) -> Result<(), FieldError> {
        let fits = self.pin.len() == PIN_DIGITS && self.pin.bytes().all(|byte| byte.is_ascii_digit());
        fits.then_some(())
            .ok_or_else(|| FieldError::new("pin", "must be six digits."))
    }
}

/// Sets the PIN of two-step verification, which is asked for when the number is registered anew. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = PinBody, responses((status = 204)))]
#[put("/api/v1/channels/{id}/pin")]
pub(super) async fn set_pin(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<PinBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let care = care(provider.as_ref())?;
    let done = within(care.set_pin(&house.core.http, &entry.access, &body.0.pin)).await;
    done.map_err(|error| provider_error(&error))?;
    Ok(HttpResponse::NoContent().finish())
}
