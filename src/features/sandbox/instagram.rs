//! The Instagram app on the sandbox phone: customers of an Instagram sandbox channel, their chats and what they do there.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post, put};
use serde_json::Value;

use super::Machinery;
use super::instagram_action::ActionBody;
use crate::actors::House;
use crate::channels::{FieldError, ProviderKind};
use crate::domain::{ChannelId, Timestamp, WorkspaceId};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, ErrorCode, Items, ListId, ListQuery, OwnerCaller, PageParams,
    StrictQuery, ValidJson, check, endpoints,
};
use crate::sandbox::{
    InstagramChat, InstagramCustomer, InstagramEntry, InstagramError, InstagramFaults, InstagramSimulator,
};

endpoints!(
    list_people,
    add_person,
    list_person_chat,
    act_as_person,
    show_offer,
    show_instagram_faults,
    set_instagram_faults,
);

/// The simulator behind Instagram's sandbox channels, in `web::Data`.
type Phones = Data<InstagramSimulator>;
/// Most customers that are listed.
const MOST: usize = 1_000;
/// Longest delay of an answer, in milliseconds.
const MAX_DELAY_MS: u64 = 120_000;
/// Most messages that a fault may be asked for.
const MAX_NEXT: u32 = 1_000;

/// Which Instagram sandbox channel is meant.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// An Instagram sandbox channel's id; the workspace's oldest one unless given.
    channel_id: Option<String>,
}

impl Which {
    /// The account of the channel that is meant.
    ///
    /// # Errors
    /// 404 if the workspace has no such channel, or none at all.
    fn account(&self, house: &House, workspace: WorkspaceId) -> ApiResult<String> {
        let wanted = match &self.channel_id {
            None => None,
            Some(id) => Some(id.parse::<ChannelId>().map_err(|_| no_channel())?),
        };
        let entries = house.core.registry.list(workspace).into_iter();
        let entry = entries
            .filter(|entry| entry.kind == ProviderKind::SandboxInstagram)
            .find(|entry| wanted.is_none_or(|wanted| wanted == entry.channel.id))
            .ok_or_else(no_channel)?;
        let account = entry.channel.settings.get("ig_id").cloned();
        account.ok_or_else(|| ApiError::internal("reading a sandbox channel", "it has no ig_id"))
    }
}

fn no_channel() -> ApiError {
    let detail = "This workspace has no such Instagram sandbox channel. Add a channel of the kind sandbox_instagram \
                  first; it needs no account anywhere.";
    ApiError::new(ErrorCode::NotFound, detail)
}

fn refused(error: InstagramError) -> ApiError {
    match error {
        InstagramError::UnknownAccount => {
            ApiError::busy("The sandbox channel is just being set up. Try again.", 1)
        }
        InstagramError::UnknownCustomer => ApiError::not_found("customer on this sandbox channel"),
        InstagramError::UnknownMessage => {
            let detail = "must be the id of a message in this chat with which this can be done.";
            ApiError::invalid_field("id", detail)
        }
        InstagramError::Invalid(what) => ApiError::new(ErrorCode::InvalidField, what),
        InstagramError::Full => ApiError::new(ErrorCode::WrongState, error.to_string()),
    }
}

/// A customer in the simulated app.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PersonView {
    /// Instagram-scoped id.
    id: String,
    name: String,
    username: String,
    /// They open the chat by themselves.
    reads: bool,
    /// Nothing reaches them.
    unavailable: bool,
    /// Messages of the business that they have not seen.
    unread: usize,
    business_typing: bool,
    /// One line of the newest message.
    #[schema(required)]
    preview: Option<String>,
    /// When something last happened.
    #[schema(required)]
    last_at: Option<String>,
}

impl PersonView {
    fn new(chat: InstagramChat) -> Self {
        Self {
            id: chat.customer.id,
            name: chat.customer.name,
            username: chat.customer.username,
            reads: chat.customer.reads,
            unavailable: chat.customer.unavailable,
            unread: chat.unread,
            business_typing: chat.business_typing,
            last_at: chat.preview.is_some().then(|| time(chat.last_ms)),
            preview: chat.preview,
        }
    }
}

fn time(ms: i64) -> String {
    Timestamp(ms.saturating_mul(1_000)).to_string()
}

/// A message as the customer's app shows it.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PersonMessageView {
    /// The provider's id.
    id: String,
    /// `inbound` is from the customer.
    #[schema(schema_with = crate::http::words::direction)]
    direction: &'static str,
    /// `text`, `image`, `template`, `comment` …
    kind: String,
    /// The message object as the provider has it.
    content: Value,
    /// The other side has seen it.
    read: bool,
    /// It was taken back.
    unsent: bool,
    /// The customer's emoji on it.
    #[schema(required)]
    reaction: Option<String>,
    /// The business's emoji on it.
    #[schema(required)]
    business_reaction: Option<String>,
    created_at: String,
}

impl PersonMessageView {
    fn new(entry: InstagramEntry) -> Self {
        let [reaction, business_reaction] = entry.reactions;
        Self {
            id: entry.id,
            direction: if entry.from_business {
                "outbound"
            } else {
                "inbound"
            },
            kind: entry.kind,
            content: entry.content,
            read: entry.read,
            unsent: entry.unsent,
            reaction,
            business_reaction,
            created_at: time(entry.at_ms),
        }
    }
}

/// The customers of an Instagram sandbox channel, last activity first.
#[utoipa::path(tag = "sandbox", params(Which, PageParams), responses((status = 200, body = Items<PersonView>)))]
#[get("/api/v1/sandbox/instagram/customers")]
pub(super) async fn list_people(
    house: Machinery,
    phones: Phones,
    who: Caller,
    query: ListQuery<Which>,
) -> ApiResult<Json<Items<PersonView>>> {
    let account = query.filter.account(&house, who.workspace)?;
    let list = ListId::new("instagram customers", who.workspace).with(&account);
    let after = query.page.position(&list)?;
    let chats = phones.chats(&account, MOST).map_err(refused)?;
    let mut views: Vec<_> = chats.into_iter().map(PersonView::new).collect();
    if let Some(after) = after {
        let place = views.iter().position(|view| view.id.as_bytes() == after);
        views.drain(..place.map_or(views.len(), |place| place + 1));
    }
    let more = views.len() > query.page.limit;
    views.truncate(query.page.limit);
    let last = views.last().filter(|_| more);
    let next_cursor = last.map(|view| list.cursor(view.id.as_bytes()));
    Ok(Json(Items {
        items: views,
        next_cursor,
    }))
}

/// A customer to be, or one that changes.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonBody {
    /// Changes this customer instead of adding one.
    #[serde(default)]
    id: Option<String>,
    name: String,
    /// Letters, digits, dots and underscores.
    username: String,
    /// They open the chat by themselves.
    #[serde(default)]
    reads: bool,
    /// Nothing reaches them.
    #[serde(default)]
    unavailable: bool,
}

impl ApiBody for PersonBody {
    fn check(&self) -> Result<(), FieldError> {
        check::name("name", &self.name)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        match (1..=30).contains(&self.username.len()) && self.username.chars().all(is_plain) {
            true => Ok(()),
            false => Err(FieldError::new(
                "username",
                "Letters, digits, dots and underscores, at most 30.",
            )),
        }
    }
}

/// Adds a customer, or changes one.
#[utoipa::path(tag = "sandbox", params(Which), request_body = PersonBody,
    responses((status = 201, body = PersonView)))]
#[post("/api/v1/sandbox/instagram/customers")]
pub(super) async fn add_person(
    house: Machinery,
    phones: Phones,
    who: Caller,
    which: StrictQuery<Which>,
    body: ValidJson<PersonBody>,
) -> ApiResult<HttpResponse> {
    let account = which.account(&house, who.workspace)?;
    let body = body.0;
    let id = body.id.unwrap_or_else(|| phones.fresh_customer_id());
    let customer = InstagramCustomer {
        id: id.clone(),
        name: body.name.trim().to_owned(),
        username: body.username,
        reads: body.reads,
        unavailable: body.unavailable,
    };
    phones.put_customer(&account, customer).map_err(refused)?;
    let chats = phones.chats(&account, usize::MAX).map_err(refused)?;
    let chat = chats.into_iter().find(|chat| chat.customer.id == id);
    let chat = chat.ok_or_else(|| ApiError::internal("adding a customer", "the simulator lost them"))?;
    Ok(HttpResponse::Created().json(PersonView::new(chat)))
}

/// The chat as the customer's app shows it, newest first.
#[utoipa::path(tag = "sandbox", params(("person" = String, Path), Which, PageParams),
    responses((status = 200, body = Items<PersonMessageView>)))]
#[get("/api/v1/sandbox/instagram/customers/{person}/messages")]
pub(super) async fn list_person_chat(
    house: Machinery,
    phones: Phones,
    who: Caller,
    person: actix_web::web::Path<String>,
    query: ListQuery<Which>,
) -> ApiResult<Json<Items<PersonMessageView>>> {
    let account = query.filter.account(&house, who.workspace)?;
    let list = ListId::new("instagram chat", who.workspace)
        .with(&account)
        .with(&person);
    let before = query.page.position(&list)?;
    let entries = phones.transcript(&account, &person).map_err(refused)?;
    let mut views: Vec<_> = entries.into_iter().map(PersonMessageView::new).collect();
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

/// What came of an action.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ActedView {
    /// The id of the message, comment or tap.
    id: String,
}

/// Does something as the customer: writes, shares, answers a story, comments, reacts, edits, takes back, taps, reads.
#[utoipa::path(tag = "sandbox", params(("person" = String, Path), Which), request_body = ActionBody,
    responses((status = 201, body = ActedView)))]
#[post("/api/v1/sandbox/instagram/customers/{person}/actions")]
pub(super) async fn act_as_person(
    house: Machinery,
    phones: Phones,
    who: Caller,
    person: actix_web::web::Path<String>,
    which: StrictQuery<Which>,
    body: ValidJson<ActionBody>,
) -> ApiResult<HttpResponse> {
    let account = which.account(&house, who.workspace)?;
    let action = body.0.into_action()?;
    let id = phones.act(&account, &person, action).map_err(refused)?;
    Ok(HttpResponse::Created().json(ActedView { id }))
}

/// What a new chat offers.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct OfferView {
    /// Questions: `question` and `payload`.
    ice_breakers: Value,
    /// Entries: `title` with `payload` or `url`.
    menu: Value,
}

/// What a new chat offers in the customer's app.
#[utoipa::path(tag = "sandbox", params(Which), responses((status = 200, body = OfferView)))]
#[get("/api/v1/sandbox/instagram/offer")]
pub(super) async fn show_offer(
    house: Machinery,
    phones: Phones,
    who: Caller,
    which: StrictQuery<Which>,
) -> ApiResult<Json<OfferView>> {
    let account = which.account(&house, who.workspace)?;
    let (ice_breakers, menu) = phones.offer(&account).map_err(refused)?;
    Ok(Json(OfferView { ice_breakers, menu }))
}

/// What goes wrong on an Instagram sandbox channel.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InstagramFaultsView {
    /// Answers to sends come so much later, in milliseconds; at most two minutes.
    #[serde(default)]
    delay_ms: u64,
    /// So many messages are refused, as if the customer could not be reached. Counts down.
    #[serde(default)]
    refuse_next: u32,
    /// So many messages are taken and the answer is lost. Counts down.
    #[serde(default)]
    drop_answer_next: u32,
    /// Every call is answered with 503.
    #[serde(default)]
    down: bool,
    /// Every call is told that the token has expired.
    #[serde(default)]
    token_expired: bool,
    /// Every webhook comes twice.
    #[serde(default)]
    duplicate_webhooks: bool,
    /// Webhooks overtake each other.
    #[serde(default)]
    reorder_webhooks: bool,
}

impl InstagramFaultsView {
    fn into_faults(self) -> InstagramFaults {
        let mut faults = InstagramFaults::default();
        faults.answer_delay.base_ms = self.delay_ms;
        faults.refuse.next = self.refuse_next;
        faults.drop_answer.next = self.drop_answer_next;
        faults.down = self.down;
        faults.token_expired = self.token_expired;
        faults.duplicate_webhooks = self.duplicate_webhooks;
        faults.reorder_by_ms = if self.reorder_webhooks { 3_000 } else { 0 };
        faults
    }
}

impl From<InstagramFaults> for InstagramFaultsView {
    fn from(faults: InstagramFaults) -> Self {
        Self {
            delay_ms: faults.answer_delay.base_ms,
            refuse_next: faults.refuse.next,
            drop_answer_next: faults.drop_answer.next,
            down: faults.down,
            token_expired: faults.token_expired,
            duplicate_webhooks: faults.duplicate_webhooks,
            reorder_webhooks: faults.reorder_by_ms > 0,
        }
    }
}

impl ApiBody for InstagramFaultsView {
    fn check(&self) -> Result<(), FieldError> {
        if self.delay_ms > MAX_DELAY_MS {
            return Err(FieldError::new(
                "delay_ms",
                format!("At most {MAX_DELAY_MS} milliseconds."),
            ));
        }
        let counted = [
            ("refuse_next", self.refuse_next),
            ("drop_answer_next", self.drop_answer_next),
        ];
        match counted.into_iter().find(|(_, next)| *next > MAX_NEXT) {
            Some((field, _)) => Err(FieldError::new(field, format!("At most {MAX_NEXT} messages."))),
            None => Ok(()),
        }
    }
}

/// What goes wrong on an Instagram sandbox channel now.
#[utoipa::path(tag = "sandbox", params(Which), responses((status = 200, body = InstagramFaultsView)))]
#[get("/api/v1/sandbox/instagram/faults")]
pub(super) async fn show_instagram_faults(
    house: Machinery,
    phones: Phones,
    who: Caller,
    which: StrictQuery<Which>,
) -> ApiResult<Json<InstagramFaultsView>> {
    let account = which.account(&house, who.workspace)?;
    Ok(Json(phones.faults(&account).map_err(refused)?.into()))
}

/// Makes an Instagram sandbox channel's provider misbehave; `{}` heals it. For owners.
#[utoipa::path(tag = "sandbox", params(Which), request_body = InstagramFaultsView,
    responses((status = 200, body = InstagramFaultsView)))]
#[put("/api/v1/sandbox/instagram/faults")]
pub(super) async fn set_instagram_faults(
    house: Machinery,
    phones: Phones,
    who: OwnerCaller,
    which: StrictQuery<Which>,
    body: ValidJson<InstagramFaultsView>,
) -> ApiResult<Json<InstagramFaultsView>> {
    let account = which.account(&house, who.workspace)?;
    phones
        .set_faults(&account, body.0.into_faults())
        .map_err(refused)?;
    Ok(Json(body.0))
}
