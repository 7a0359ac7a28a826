//! Writing to someone by number or id: begins a conversation, or continues it.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, post};

use super::Machinery;
use super::body::MessageBody;
use super::errors::directory_error;
use super::send::{author, channel, check_content, no_channel, say, track, track_template};
use crate::actors::House;
use crate::actors::directory::Resolve;
use crate::actors::registry::ChannelEntry;
use crate::actors::templates;
use crate::domain::inbound::Sender;
use crate::domain::operations::SendPriority;
use crate::domain::phrases;
use crate::domain::policy::{self, MessagingRules, Proposal};
use crate::domain::{Author, ChannelId, Content, Conversation, ConversationId, Identity};
use crate::http::views::{ChannelViews, MessageView};
use crate::http::words::NewMessage;
use crate::http::{
    ApiError, ApiResult, Caller, ErrorCode, IdempotencyKeyHeader, NoQuery, Trace, ValidJson, endpoints,
};
use crate::storage::keys::{ContactByIdentityKey, ConversationByContactKey};

endpoints!(start_conversation, send_by_number);

/// Sends a message to someone by number or id: starts a conversation (with a template) or continues it.
#[utoipa::path(tag = "inbox", request_body = NewMessage, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = MessageView), (status = 409, description = "Refused by policy")))]
#[post("/api/v1/messages")]
pub(super) async fn start_conversation(
    house: Machinery,
    who: Caller,
    channels: Data<ChannelViews>,
    body: ValidJson<MessageBody>,
    key: IdempotencyKeyHeader,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let mut body = body.0;
    let id: ChannelId = body.take_text("channel_id")?.parse().map_err(|_| no_channel())?;
    let entry = channel(&house, &who, id)?;
    write_to(&house, &channels, (&who, &entry), body, key, trace).await
}

/// The same under the address that some installations use. Without `channel_id` it takes the workspace's only WhatsApp channel.
#[utoipa::path(tag = "inbox", request_body = NewMessage, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = MessageView), (status = 409, description = "Refused by policy")))]
#[post("/api/whatsapp/send")]
pub(super) async fn send_by_number(
    house: Machinery,
    who: Caller,
    channels: Data<ChannelViews>,
    body: ValidJson<MessageBody>,
    key: IdempotencyKeyHeader,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let mut body = body.0;
    let entry = if body.has("channel_id") {
        let id: ChannelId = body.take_text("channel_id")?.parse().map_err(|_| no_channel())?;
        channel(&house, &who, id)?
    } else {
        only_channel(&house, &who)?
    };
    write_to(&house, &channels, (&who, &entry), body, key, trace).await
}

fn only_channel(house: &House, who: &Caller) -> ApiResult<Arc<ChannelEntry>> {
    let speaks_whatsapp = |entry: &Arc<ChannelEntry>| {
        let settings = &entry.channel.settings;
        house
            .core
            .provider(entry.kind)
            .is_some_and(|provider| provider.capabilities_for(settings).rules == MessagingRules::WHATSAPP)
    };
    let entries = house.core.registry.list(who.workspace);
    let mut found = entries.into_iter().filter(speaks_whatsapp);
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(ApiError::invalid_field(
            "channel_id",
            "is missing: only a workspace with exactly one WhatsApp channel may leave it out.",
        )),
    }
}

async fn write_to(
    house: &House,
    channels: &ChannelViews,
    (who, entry): (&Caller, &ChannelEntry),
    mut body: MessageBody,
    key: IdempotencyKeyHeader,
    trace: Trace,
) -> ApiResult<HttpResponse> {
    let to = body.take_text("to")?;
    let recipient = recipient(house, entry, &to)?;
    let mut wish = body.into_wish(&format!("{} {to}", entry.channel.id))?;
    track(house, channels, &mut wish)?;
    check_content(house, entry, &wish)?;
    track_template(house, channels, entry, &mut wish)?;
    let conversation = match find(house, entry, &recipient)? {
        Some(conversation) => conversation,
        None => begin(house, &author(who), entry, recipient, &wish.content, trace).await?,
    };
    say(house, who, conversation, wish, key, trace).await
}

pub(super) fn recipient(house: &House, entry: &ChannelEntry, to: &str) -> ApiResult<Identity> {
    let is_plain = to.len() <= 128 && !to.chars().any(char::is_control);
    let provider = house.core.provider(entry.kind).filter(|_| is_plain);
    let identity = provider.and_then(|provider| provider.recipient(&entry.channel.settings, to.trim()));
    identity.ok_or_else(|| {
        let detail = phrases::NOBODY_TO_WRITE_TO.text();
        ApiError::invalid_field("to", detail)
    })
}

pub(super) fn find(house: &House, entry: &ChannelEntry, to: &Identity) -> ApiResult<Option<ConversationId>> {
    let workspace = entry.workspace;
    let store = &house.core.store;
    let identity = store.identity_hash(workspace, to)?;
    let Some(contact) = store.get(&ContactByIdentityKey { workspace, identity })? else {
        return Ok(None);
    };
    Ok(store.get(&ConversationByContactKey {
        workspace,
        contact,
        channel: entry.channel.id,
    })?)
}

/// Begins a conversation, unless the message could not go out anyway.
async fn begin(
    house: &House,
    author: &Author,
    entry: &ChannelEntry,
    to: Identity,
    content: &Content,
    trace: Trace,
) -> ApiResult<ConversationId> {
    let now = house.core.clock.now();
    let nobody = crate::domain::ContactId([0; 16]);
    let blank = Conversation::begin(ConversationId([0; 16]), entry.channel.id, nobody, now);
    let rules = house.core.rules(entry);
    let (template, _) = templates::standing(&house.core, entry, content, author)?;
    let proposal = Proposal {
        conversation: &blank,
        content,
        channel: entry.condition(),
        rules,
        by_person: true,
        // Judged when the message is queued.
        files: &[],
        media_rules: &[],
        standing: &house.core.standing(
            (entry.workspace, entry.channel.id),
            None,
            content,
            SendPriority::Reply,
            now,
        )?,
        template: &template,
        now,
    };
    policy::check(&proposal)?;
    let sender = Sender {
        identities: vec![to],
        profile_name: None,
    };
    let request = Resolve {
        workspace: entry.workspace,
        channel: entry.channel.id,
        senders: vec![sender],
        trace: trace.0,
    };
    let resolved = house.directory.send(request).await.map_err(directory_error)?;
    let first = resolved.into_iter().next();
    let missing = || ApiError::new(ErrorCode::Internal, "The conversation could not be begun.");
    Ok(first.ok_or_else(missing)?.map_err(directory_error)?.conversation)
}
