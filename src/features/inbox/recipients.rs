//! Whom a number or id means on a channel, before anything is written: its international form, and who that is.

use actix_web::get;
use actix_web::web::Json;

use super::Machinery;
use super::send::{channel, no_channel};
use super::start::{find, recipient};
use crate::domain::identity::typed_number;
use crate::domain::{ChannelId, Identity, IdentityKind, WorkspaceId};
use crate::http::views::{ContactView, contact_view};
use crate::http::{ApiError, ApiResult, Caller, StrictQuery, endpoints};
use crate::storage::Store;
use crate::storage::keys::{ContactByIdentityKey, ContactKey};

endpoints!(show_recipient);

/// Settings in which a channel's own number stands.
const OWN_NUMBER: [&str; 2] = ["display_phone_number", "from"];

/// Who is meant.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The channel over which somebody wants to write.
    channel_id: String,
    /// A phone number, in international form or as it is dialled in the country of the channel's own number, or an id as the
    /// provider gives it.
    to: String,
}

/// Somebody who can be written to.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct RecipientView {
    /// What `POST /messages` takes for them.
    to: String,
    /// The same for people: a number in international form.
    display: String,
    /// The contact whom it belongs to, if anybody is known by it.
    #[schema(required)]
    contact: Option<ContactView>,
    /// Their conversation on this channel, if there is one.
    #[schema(required)]
    conversation_id: Option<String>,
}

/// Tells whom a number or id means on a channel, and in which form it is written to.
#[utoipa::path(tag = "inbox", params(Question), responses((status = 200, body = RecipientView)))]
#[get("/api/v1/recipients")]
pub(super) async fn show_recipient(
    house: Machinery,
    who: Caller,
    question: StrictQuery<Question>,
) -> ApiResult<Json<RecipientView>> {
    let id: ChannelId = question.channel_id.parse().map_err(|_| no_channel())?;
    let entry = channel(&house, &who, id)?;
    let settings = &entry.channel.settings;
    let home = OWN_NUMBER.iter().find_map(|name| settings.get(*name));
    let number = typed_number(&question.to, home.map(String::as_str));
    let to = number.as_ref().map_or(question.to.trim(), |number| &number.e164);
    let identity = recipient(&house, &entry, to)?;
    let is_number = matches!(identity.kind, IdentityKind::Phone | IdentityKind::WhatsappId);
    let shown = number.as_ref().filter(|_| is_number);
    let display = shown.map_or(to, |number| &number.shown);
    let store = &house.core.store;
    let contact = known(store, who.workspace, &identity)?;
    // Whoever wrote has a number, whatever the tables know of it.
    if is_number && number.is_none() && contact.is_none() {
        let detail = "is no phone number: give it with its country, such as +254711000234.";
        return Err(ApiError::invalid_field("to", detail));
    }
    let conversation = find(&house, &entry, &identity)?;
    Ok(Json(RecipientView {
        to: to.to_owned(),
        display: display.to_owned(),
        contact: contact.map(|contact| contact_view(store, who.workspace, &contact, house.core.clock.now())),
        conversation_id: conversation.map(|id| id.to_string()),
    }))
}

fn known(
    store: &Store,
    workspace: WorkspaceId,
    identity: &Identity,
) -> ApiResult<Option<crate::domain::Contact>> {
    let identity = store.identity_hash(workspace, identity)?;
    let contact = store.get(&ContactByIdentityKey { workspace, identity })?;
    Ok(match contact {
        Some(contact) => store.get(&ContactKey { workspace, contact })?,
        None => None,
    })
}
