//! What one message cost, by the owner's price list.

use actix_web::get;
use actix_web::web::Json;

use super::Machinery;
use super::money::format;
use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::actors::standing::PriceSettings;
use crate::actors::templates;
use crate::domain::billing::{Billed, Category, Charge, NO_COUNTRY, day_of};
use crate::domain::tariff::Tariff;
use crate::domain::{Conversation, Direction, Message, MessageId, WorkspaceId};
use crate::http::{ApiError, ApiResult, Caller, NoQuery, PathId, endpoints};
use crate::storage::StorageError;
use crate::storage::keys::{BilledKey, ContactKey, ConversationKey, MessageKey};

endpoints!(show_cost);

/// What a message cost.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct CostView {
    /// As what it is charged: `marketing`, `sms` …; `null` where that is not known, and for what is never charged.
    #[schema(required)]
    category: Option<&'static str>,
    /// `regular`, `free_service`, `free_entry_point` or `free`; `null` with it.
    #[schema(required)]
    #[schema(value_type = Option<String>)]
    charge: Option<Charge>,
    /// Parts that are charged each: SMS segments; 1 for whatever is charged as a whole.
    units: u32,
    /// Country of the customer's number in two letters, where known.
    #[schema(required)]
    country: Option<String>,
    /// In the currency's unit: `0.0225`; `null` where the price list has no price for it.
    #[schema(required)]
    amount: Option<String>,
    /// As the price list has it: `USD`, `KES` …
    currency: String,
    /// Frontdesk reckoned as what it is charged: the provider has not told it (yet), or never does.
    estimate: bool,
}

/// What a message cost by the price list, or will cost once it is sent. Frontdesk knows no provider's prices: the amount is
/// what the owner typed for its category and country.
#[utoipa::path(tag = "usage", params(("id" = String, Path)), responses((status = 200, body = CostView)))]
#[get("/api/v1/messages/{id}/cost")]
pub(super) async fn show_cost(
    house: Machinery,
    who: Caller,
    id: PathId<MessageId>,
    _: NoQuery,
) -> ApiResult<Json<CostView>> {
    let workspace = who.workspace;
    let Some((message, conversation)) = find(&house, workspace, id.0)? else {
        return Err(ApiError::not_found("message"));
    };
    let entry = house.core.registry.find(workspace, conversation.channel);
    let tariff = entry
        .as_ref()
        .map_or(Tariff::Free, |entry| house.core.tariff(entry));
    let counted = house.core.store.get(&BilledKey {
        workspace,
        message: id.0,
    })?;
    let is_told = counted.is_some() && tariff == Tariff::Told;
    let billed = match (counted, &entry) {
        (Some(counted), _) => Some(counted),
        (None, Some(entry)) => expected(&house, entry, &message, &conversation)?,
        (None, None) => None,
    };
    let prices = PriceSettings::load(&house.core.store, workspace)?;
    let price = billed.as_ref().and_then(|billed| prices.card().price(billed));
    let amount = price
        .zip(billed)
        .map(|(price, billed)| price.saturating_mul(i64::from(billed.units)));
    let country = billed
        .map(|billed| billed.country)
        .filter(|country| *country != NO_COUNTRY);
    Ok(Json(CostView {
        category: billed.map(|billed| billed.category.as_str()),
        charge: billed.map(|billed| billed.charge),
        units: billed.map_or(1, |billed| billed.units),
        country: country.map(|letters| String::from_utf8_lossy(&letters).into_owned()),
        amount: amount.map(format),
        currency: prices.currency,
        estimate: billed.is_some() && !is_told,
    }))
}

/// A message with its conversation; `None` for one that is not there, and for one whose customer was erased.
fn find(
    house: &House,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<Option<(Message, Conversation)>, StorageError> {
    let found = match house.core.store.get(&MessageKey { workspace, message }) {
        Err(StorageError::Erased) => None,
        other => other?,
    };
    let key = ConversationKey {
        workspace,
        conversation: message.conversation,
    };
    Ok(found.zip(house.core.store.get(&key)?))
}

/// As what a template of ours will be charged that nobody has charged yet. Of other messages nobody can say it before.
fn expected(
    house: &House,
    entry: &ChannelEntry,
    message: &Message,
    conversation: &Conversation,
) -> Result<Option<Billed>, StorageError> {
    let waits = message.direction == Direction::Outbound
        && message.error.is_none()
        && !message.is_imported()
        && house.core.tariff(entry) != Tariff::Free;
    let category = match waits {
        true => templates::category(&house.core, entry, &message.content)?,
        false => None,
    };
    let Some(category) = category.map(Category::parse) else {
        return Ok(None);
    };
    let contact = house.core.store.get(&ContactKey {
        workspace: entry.workspace,
        contact: conversation.contact,
    })?;
    let identities = contact.map(|contact| contact.identities).unwrap_or_default();
    let country = identities.iter().find_map(crate::domain::Identity::country);
    // Utility templates are free within the window (contract, section 5).
    let is_free = category == Category::Utility && conversation.window_open(message.created_at);
    Ok(Some(Billed {
        day: day_of(message.created_at),
        channel: conversation.channel,
        category,
        country: country.unwrap_or(NO_COUNTRY),
        charge: if is_free {
            Charge::FreeService
        } else {
            Charge::Regular
        },
        units: 1,
    }))
}
