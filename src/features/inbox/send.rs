//! Saying something in a conversation: replies, notes, retries, settlements.

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, post};

use super::body::{MessageBody, Wish};
use super::errors::command_error;
use super::model::{NoteBody, SettleBody};
use super::{Machinery, conversation, viewer};
use crate::actors::conversation::{PostMessage, Reply};
use crate::actors::registry::ChannelEntry;
use crate::actors::{Command, House, templates};
use crate::domain::links::{self, LinkCode, NotTracked};
use crate::domain::marks::MAX_LINKS;
use crate::domain::operations::SendPriority;
use crate::domain::phrases;
use crate::domain::template::tracked::tracked;
use crate::domain::{Author, ChannelId, Content, ConversationId, Message, MessageId, UserId, mention};
use crate::http::ErrorCode;
use crate::http::views::{ChannelViews, MessageView};
use crate::http::words::NewMessage;
use crate::http::{
    ApiError, ApiResult, Caller, Credential, IdempotencyKeyHeader, NoQuery, PathId, Trace, ValidJson,
    endpoints,
};
use crate::storage::Prefix;
use crate::storage::keys::UserKey;

endpoints!(post_message, post_note, retry_message, settle_message);

/// Most people looked at for mentions; a workspace takes no more.
const MAX_PEOPLE: usize = 1_000;

pub(super) fn author(who: &Caller) -> Author {
    match who.credential {
        Credential::Session(_) => Author::User(who.user),
        Credential::Token(_) => Author::Api,
    }
}

/// Sends a message in a conversation. `type` names the content, which stands under that name as in WhatsApp Cloud API.
#[utoipa::path(tag = "inbox", request_body = NewMessage,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = MessageView), (status = 409, description = "Refused by policy")))]
#[post("/api/v1/conversations/{id}/messages")]
pub(super) async fn post_message(
    (house, channels): (Machinery, Data<ChannelViews>),
    who: Caller,
    id: PathId<ConversationId>,
    body: ValidJson<MessageBody>,
    key: IdempotencyKeyHeader,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let mut wish = body.0.into_wish(&id.0.to_string())?;
    track(&house, &channels, &mut wish)?;
    let conversation = conversation(&house, who.workspace, id.0)?;
    let entry = channel(&house, &who, conversation.channel);
    if let Ok(entry) = &entry {
        check_content(&house, entry, &wish)?;
        track_template(&house, &channels, entry, &mut wish)?;
    }
    say(&house, &who, id.0, wish, key, trace).await
}

/// Writes an internal note. It stays in the house.
#[utoipa::path(tag = "inbox", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NoteBody,
    responses((status = 201, body = MessageView)))]
#[post("/api/v1/conversations/{id}/notes")]
pub(super) async fn post_note(
    house: Machinery,
    who: Caller,
    id: PathId<ConversationId>,
    body: ValidJson<NoteBody>,
    key: IdempotencyKeyHeader,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let hash = request_hash(&["note", &id.0.to_string(), &body.body]);
    let mentions = mention::find(&body.body, &people(&house, &who)?);
    let wish = Wish {
        content: Content::note_to(&body.body, &mentions),
        reply_to: None,
        track_links: false,
        links: Vec::new(),
        identity_hash: None,
        hash,
    };
    let message = post(&house, &who, id.0, wish, key, trace).await?;
    let view = viewer(&house, who.workspace).message(&message)?;
    Ok(HttpResponse::Created().json(view))
}

/// Everyone who can be mentioned.
fn people(house: &House, who: &Caller) -> ApiResult<Vec<(UserId, String)>> {
    let prefix = Prefix::<UserKey>::table().with(who.workspace);
    let rows = house.core.store.scan(&prefix, None, MAX_PEOPLE)?;
    Ok(rows
        .into_iter()
        .map(|(key, user)| (key.user, user.name))
        .collect())
}

/// Sends a failed message again.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), responses((status = 202, body = MessageView)))]
#[post("/api/v1/messages/{id}/retry")]
pub(super) async fn retry_message(
    house: Machinery,
    who: Caller,
    id: PathId<MessageId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let message = about(&house, &who, id.0, Command::Retry(id.0), trace).await?;
    Ok(HttpResponse::Accepted().json(viewer(&house, who.workspace).message(&message)?))
}

/// Settles a doubtful send, as someone found out whether it arrived.
#[utoipa::path(tag = "inbox", params(("id" = String, Path)), request_body = SettleBody,
    responses((status = 200, body = MessageView)))]
#[post("/api/v1/messages/{id}/settle")]
pub(super) async fn settle_message(
    house: Machinery,
    who: Caller,
    id: PathId<MessageId>,
    body: ValidJson<SettleBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<MessageView>> {
    let message = about(&house, &who, id.0, Command::Settle(id.0, body.outcome), trace).await?;
    Ok(Json(viewer(&house, who.workspace).message(&message)?))
}

async fn about(
    house: &House,
    who: &Caller,
    id: MessageId,
    command: Command,
    trace: Trace,
) -> ApiResult<Message> {
    let reply = house
        .hub
        .send(who.workspace, id.conversation, command, trace.0)
        .await;
    match reply.map_err(command_error)? {
        Reply::Message(message) => Ok(*message),
        Reply::Done | Reply::Conversation(_) => Err(ApiError::internal(
            "answering",
            "the conversation gave no message",
        )),
    }
}

pub(super) async fn say(
    house: &House,
    who: &Caller,
    id: ConversationId,
    wish: Wish,
    key: IdempotencyKeyHeader,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    let message = post(house, who, id, wish, key, trace).await?;
    let view = viewer(house, who.workspace).message(&message)?;
    Ok(HttpResponse::Accepted().json(view))
}

async fn post(
    house: &House,
    who: &Caller,
    id: ConversationId,
    wish: Wish,
    key: IdempotencyKeyHeader,
    trace: Trace,
) -> ApiResult<Message> {
    let idempotency = match key.0 {
        Some(key) => Some((
            house
                .core
                .store
                .lookup_hash(who.workspace, &format!("idempotency:{key}"))?,
            wish.hash,
        )),
        None => None,
    };
    let command = Command::Post(Box::new(PostMessage {
        author: author(who),
        content: wish.content,
        reply_to: wish.reply_to,
        links: wish.links,
        identity_hash: wish.identity_hash,
        priority: SendPriority::Reply,
        idempotency,
    }));
    let reply = house.hub.send(who.workspace, id, command, trace.0).await;
    match reply.map_err(command_error)? {
        Reply::Message(message) => Ok(*message),
        Reply::Done | Reply::Conversation(_) => Err(ApiError::internal(
            "answering",
            "the conversation gave no message",
        )),
    }
}

/// Replaces the web addresses in a message by tracked ones, if that is wished.
pub(super) fn track(house: &House, channels: &ChannelViews, wish: &mut Wish) -> ApiResult<()> {
    if !wish.track_links {
        return Ok(());
    }
    let mut random = [0; 16 * (MAX_LINKS + 1)];
    getrandom::fill(&mut random).map_err(|error| ApiError::internal("drawing a link's code", error))?;
    let mut drawn = random.as_chunks::<16>().0.iter();
    // There are as many drawn as can be asked for.
    let mut code = || LinkCode::from_random(drawn.next().copied().unwrap_or_default());
    let now = house.core.clock.now();
    let links = links::track(&mut wish.content, channels.public_url(), now, &mut code);
    let refuse = |why: &'static str| Err(ApiError::invalid_field("track_links", why));
    match links {
        Ok(links) => {
            wish.links = links;
            Ok(())
        }
        Err(NotTracked::Kind) => {
            refuse("Links are tracked in texts, captions, interactive messages and values of templates only.")
        }
        Err(NotTracked::NoLink) => refuse("There is no web address in the message to be tracked."),
        Err(NotTracked::TooMany) => refuse("At most 10 web addresses of one message can be tracked."),
        Err(NotTracked::NoAddress) => {
            refuse("Frontdesk has no public address under which customers could reach the links.")
        }
    }
}

/// Gives the buttons of a template whose clicks are counted their links. Expects content that was checked.
pub(super) fn track_template(
    house: &House,
    channels: &ChannelViews,
    entry: &ChannelEntry,
    wish: &mut Wish,
) -> ApiResult<()> {
    if wish.content.kind != "template" {
        return Ok(());
    }
    let template = templates::find(&house.core, entry, &wish.content)?;
    let Some(live) = template.as_ref().and_then(|template| template.sendable()) else {
        return Ok(());
    };
    let buttons = tracked(live);
    if buttons.is_empty() {
        return Ok(());
    }
    let base = channels.public_url();
    if !(base.starts_with("https://") || base.starts_with("http://")) {
        let detail = phrases::LINKS_NEED_ADDRESS.text();
        return Err(ApiError::new(ErrorCode::WrongState, detail));
    }
    let mut random = [0; 16 * MAX_LINKS];
    getrandom::fill(&mut random).map_err(|error| ApiError::internal("drawing a link's code", error))?;
    let mut drawn = random.as_chunks::<16>().0.iter();
    // There are as many drawn as links are made.
    let mut code = || LinkCode::from_random(drawn.next().copied().unwrap_or_default());
    let now = house.core.clock.now();
    let links = links::track_buttons(&mut wish.content, &buttons, now, &mut code);
    wish.links.extend(links);
    wish.links.truncate(MAX_LINKS);
    Ok(())
}

fn request_hash(parts: &[&str]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

pub(super) fn no_channel() -> ApiError {
    ApiError::invalid_field("channel_id", "There is no such channel in this workspace.")
}

pub(super) fn channel(house: &House, who: &Caller, id: ChannelId) -> ApiResult<std::sync::Arc<ChannelEntry>> {
    house.core.registry.find(who.workspace, id).ok_or_else(no_channel)
}

pub(super) fn check_content(house: &House, entry: &ChannelEntry, wish: &Wish) -> ApiResult<()> {
    let provider = house.core.provider(entry.kind);
    let provider = provider
        .ok_or_else(|| ApiError::internal("finding the provider", "it is not part of this version"))?;
    if wish.identity_hash.is_some() && !provider.checks_identities() {
        let detail = "This channel's provider does not check who a customer is.";
        return Err(ApiError::invalid_field("recipient_identity_key_hash", detail));
    }
    Ok(provider.validate_content_for(&entry.channel.settings, &wish.content)?)
}
