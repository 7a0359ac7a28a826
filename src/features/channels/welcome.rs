//! What a new chat on a channel offers: ice breakers and the menu. Kept by the provider, read and set through it.

use actix_web::web::Json;
use actix_web::{get, put};

use super::Machinery;
use super::routes::{entry, provider};
use crate::channels::{FieldError, Welcome};
use crate::domain::ChannelId;
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::phrases;
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, ErrorCode, NoQuery, OwnerCaller, PathId, ValidJson, endpoints,
};

endpoints!(show_welcome, set_welcome);

/// A question that a new chat offers.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct IceBreakerView {
    /// What the customer reads and says by tapping.
    question: String,
    /// What the message's `button.payload` will say.
    payload: String,
}

/// An entry of the menu; it has either `payload` or `url`.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MenuEntryView {
    /// What the customer reads.
    title: String,
    /// What the message's `button.payload` will say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// The page that it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A word that customers choose by typing a slash; it arrives as a text.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CommandView {
    /// The word, without the slash; at most 30 characters.
    name: String,
    /// What customers read beside it; at most 256 characters.
    description: String,
}

/// What a new chat offers.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WelcomeView {
    /// Questions to tap; at most four. On WhatsApp a tap arrives as a text, so that `payload` says the same as `question`.
    #[serde(default)]
    ice_breakers: Vec<IceBreakerView>,
    /// The menu that stays in reach.
    #[serde(default)]
    menu: Vec<MenuEntryView>,
    /// We are told when somebody opens the chat for the first time (`request_welcome`). WhatsApp only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    greets: bool,
    /// Words that customers choose by typing a slash; at most 30. WhatsApp only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    commands: Vec<CommandView>,
}

impl ApiBody for WelcomeView {
    fn check(&self) -> Result<(), FieldError> {
        match self.ice_breakers.len() + self.menu.len() + self.commands.len() > 100 {
            true => Err(FieldError::new("menu", "At most 100 entries.")),
            false => Ok(()),
        }
    }
}

impl WelcomeView {
    fn read(&self) -> ApiResult<Welcome> {
        let value = serde_json::to_value(self);
        let welcome = value.and_then(serde_json::from_value);
        welcome.map_err(|error| ApiError::internal("reading what a chat offers", error))
    }

    fn new(welcome: &Welcome) -> ApiResult<Self> {
        let value = serde_json::to_value(welcome);
        let view = value.and_then(serde_json::from_value);
        view.map_err(|error| ApiError::internal("showing what a chat offers", error))
    }
}

fn refused(error: ProviderError) -> ApiError {
    let detail = error.with_advice(error.class.advice());
    match error.class {
        ErrorClass::Transient | ErrorClass::Throttle => ApiError::busy(phrases::PROVIDER_NOT_ASKED.text(), 5),
        _ => ApiError::new(ErrorCode::WrongState, detail),
    }
}

fn no_offer() -> ApiError {
    ApiError::new(ErrorCode::NotFound, phrases::NO_WELCOME.text())
}

/// What a new chat on this channel offers, as the provider has it.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = WelcomeView)))]
#[get("/api/v1/channels/{id}/welcome")]
pub(super) async fn show_welcome(
    house: Machinery,
    who: Caller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<WelcomeView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let welcome = provider
        .welcome(&house.core.http, &entry.access)
        .await
        .map_err(refused)?;
    Ok(Json(WelcomeView::new(&welcome.ok_or_else(no_offer)?)?))
}

/// Sets what a new chat on this channel offers; what is left out is taken away. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = WelcomeView,
    responses((status = 200, body = WelcomeView)))]
#[put("/api/v1/channels/{id}/welcome")]
pub(super) async fn set_welcome(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<WelcomeView>,
    _: NoQuery,
) -> ApiResult<Json<WelcomeView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let welcome = body.0.read()?;
    provider.check_welcome(&welcome)?;
    provider
        .set_welcome(&house.core.http, &entry.access, &welcome)
        .await
        .map_err(refused)?;
    Ok(Json(body.0))
}
