//! The sandbox phone: plays the customers of a sandbox channel.
//!
//! Owns nothing: people, chats and faults are the simulator's. Only numbers of the caller's own sandbox channels are
//! touched, so that no workspace sees another's customers. Must not know other features.

mod answers;
mod chat;
mod customers;
mod faults;
mod instagram;
mod instagram_action;
mod message;
#[cfg(test)]
mod tests;
mod views;

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};

use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::ProviderKind;
use crate::domain::{ChannelId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode};
use crate::sandbox::{PhoneBook, PhoneView, SandboxError};

/// The machinery, in `web::Data`.
type Machinery = web::Data<House>;
/// The simulators behind sandbox channels, in `web::Data`.
type Phones = web::Data<PhoneBooks>;

/// The simulators by what they play. Each knows a business by another setting of its channel.
#[derive(Default)]
pub struct PhoneBooks(BTreeMap<ProviderKind, Arc<dyn PhoneBook>>);

impl PhoneBooks {
    /// No simulator yet.
    #[must_use]
    pub fn with(mut self, kind: ProviderKind, phones: Arc<dyn PhoneBook>) -> Self {
        self.0.insert(kind, phones);
        self
    }

    /// The phones of a sandbox channel.
    fn line(&self, entry: &ChannelEntry) -> ApiResult<Line> {
        let unreadable = |what: &str| ApiError::internal("reading a sandbox channel", what.to_owned());
        let book = self.0.get(&entry.kind).cloned();
        let book = book.ok_or_else(|| unreadable("nobody plays it"))?;
        let number = line_of(entry).ok_or_else(|| unreadable("it has no number"))?;
        Ok(Line { book, number })
    }
}

/// The name under which a sandbox channel's simulator knows it.
pub fn line_of(entry: &ChannelEntry) -> Option<String> {
    let setting = |name: &str| entry.channel.settings.get(name);
    match entry.kind {
        ProviderKind::SandboxSms => Some(format!("{}/{}", setting("account_sid")?, setting("from")?)),
        _ => setting("phone_number_id").cloned(),
    }
}

/// A sandbox channel as its simulator knows it.
struct Line {
    book: Arc<dyn PhoneBook>,
    number: String,
}

/// Registers the feature's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    customers::configure(config);
    chat::configure(config);
    faults::configure(config);
    instagram::configure(config);
}

/// The feature's part of the OpenAPI document.
pub fn docs() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi;
    let mut document = customers::Docs::openapi();
    document.merge(chat::Docs::openapi());
    document.merge(faults::Docs::openapi());
    document.merge(instagram::Docs::openapi());
    document
}

/// Which sandbox channel is meant.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// A sandbox channel's id; the workspace's oldest one unless given.
    channel_id: Option<String>,
}

impl Which {
    /// The phones of the channel that is meant.
    ///
    /// # Errors
    /// 404 if the workspace has no such sandbox channel, or none at all.
    fn line(&self, house: &House, phones: &PhoneBooks, workspace: WorkspaceId) -> ApiResult<Line> {
        let mut sandboxes = house.core.registry.list(workspace).into_iter();
        let is_sandbox = |entry: &Arc<ChannelEntry>| phones.0.contains_key(&entry.kind);
        let entry = match &self.channel_id {
            Some(id) => {
                let id: Option<ChannelId> = id.parse().ok();
                let found = sandboxes.find(|entry| is_sandbox(entry) && Some(entry.channel.id) == id);
                found.ok_or_else(|| ApiError::not_found("sandbox channel"))?
            }
            None => sandboxes.find(is_sandbox).ok_or_else(no_channel)?,
        };
        phones.line(&entry)
    }
}

fn no_channel() -> ApiError {
    let detail = "This workspace has no sandbox channel, so there is no phone to play. Add a channel of the kind \
                  sandbox first; it needs no account anywhere.";
    ApiError::new(ErrorCode::NotFound, detail)
}

/// The `{wa_id}` of the address.
struct WaId(String);

/// Longest id of a customer; longer ones name nobody.
const MAX_WA_ID: usize = 160;

impl FromRequest for WaId {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("wa_id");
        let id = id.filter(|id| (1..=MAX_WA_ID).contains(&id.len()));
        ready(id.map(|id| Self(id.to_owned())).ok_or_else(no_customer))
    }
}

fn no_customer() -> ApiError {
    ApiError::not_found("customer on this sandbox channel")
}

/// A customer of a number.
fn customer(line: &Line, id: &WaId) -> ApiResult<PhoneView> {
    line.book.customer_of(&line.number, &id.0).ok_or_else(no_customer)
}

fn refused(error: SandboxError) -> ApiError {
    match error {
        SandboxError::UnknownNumber => {
            ApiError::busy("The sandbox channel is just being set up. Try again.", 1)
        }
        SandboxError::UnknownCustomer => no_customer(),
        SandboxError::Invalid(what) => ApiError::new(ErrorCode::InvalidField, what),
        SandboxError::Full(what) => {
            let detail = format!("The simulator holds no more {what}. Restarting Frontdesk empties it.");
            ApiError::new(ErrorCode::WrongState, detail)
        }
        error @ (SandboxError::UnknownTemplate | SandboxError::NumberExists) => {
            ApiError::internal("playing a customer", error)
        }
    }
}
