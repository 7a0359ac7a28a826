//! A contact's consent on each channel.

use actix_web::web::Json;
use actix_web::{get, post};

use super::Machinery;
use crate::actors::conversation::ConsentWish;
use crate::actors::{Command, House};
use crate::channels::FieldError;
use crate::domain::consent::{
    Consent, ConsentChange, ConsentSource, Intent, MAX_NOTE_CHARS, Permission, Purpose,
};
use crate::domain::{ChannelId, Contact, ContactId, ConversationId, MessageId, Timestamp, WorkspaceId};
use crate::http::{
    ApiBody, ApiError, ApiResult, Caller, Credential, Items, NoQuery, PathId, Trace, ValidJson, check,
    endpoints,
};
use crate::storage::StorageError;
use crate::storage::keys::{ConsentKey, ContactKey, ConversationByContactKey, ConversationKey, UserKey};

endpoints!(list_consents, record_consent);

/// One change, with its proof.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ConsentChangeView {
    /// `opted_in`, `no_marketing` or `nothing`.
    #[schema(value_type = String)]
    permission: Permission,
    /// `keyword`, `provider`, `agent` or `api`.
    #[schema(value_type = String)]
    source: ConsentSource,
    /// When it was said.
    at: String,
    /// The message that says it.
    #[schema(required)]
    proof_message_id: Option<String>,
    /// Who of the team noted it.
    #[schema(required)]
    by: Option<String>,
    /// The word that was heard, or the reason that was given.
    note: String,
}

/// What a contact allows on one channel.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ConsentView {
    /// The channel.
    channel_id: String,
    /// The conversation on it.
    conversation_id: String,
    /// `unknown`, `opted_in`, `no_marketing` or `nothing`.
    permission: &'static str,
    /// Whether a marketing template may go out now.
    marketing_allowed: bool,
    /// Whether an answer may go out now.
    replies_allowed: bool,
    /// The provider holds marketing back until then.
    #[schema(required)]
    marketing_paused_until: Option<String>,
    /// What was said, newest first.
    history: Vec<ConsentChangeView>,
}

fn word(permission: Option<Permission>) -> &'static str {
    match permission {
        None => "unknown",
        Some(Permission::OptedIn) => "opted_in",
        Some(Permission::NoMarketing) => "no_marketing",
        Some(Permission::Nothing) => "nothing",
    }
}

impl ConsentView {
    fn new(
        house: &House,
        workspace: WorkspaceId,
        (channel, conversation): (ChannelId, ConversationId),
        consent: &Consent,
    ) -> Result<Self, StorageError> {
        let now = house.core.clock.now();
        let allows = |purpose, unasked| consent.objection(Intent { purpose, unasked }, now).is_none();
        let history = consent.changes.iter().rev();
        Ok(Self {
            channel_id: channel.to_string(),
            conversation_id: conversation.to_string(),
            permission: word(consent.permission()),
            marketing_allowed: allows(Purpose::Marketing, true),
            replies_allowed: allows(Purpose::Service, false),
            marketing_paused_until: paused(consent, now),
            history: history
                .map(|change| ConsentChangeView::new(house, workspace, change))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn paused(consent: &Consent, now: Timestamp) -> Option<String> {
    let until = consent.marketing_paused_until.filter(|until| *until > now);
    until.map(|until| until.to_string())
}

impl ConsentChangeView {
    fn new(house: &House, workspace: WorkspaceId, change: &ConsentChange) -> Result<Self, StorageError> {
        let by = match change.by {
            Some(user) => house.core.store.get(&UserKey { workspace, user })?,
            None => None,
        };
        Ok(Self {
            permission: change.permission,
            source: change.source,
            at: change.at.to_string(),
            proof_message_id: change.proof.map(|id| id.to_string()),
            by: by.map(|user| user.name),
            note: change.note.clone(),
        })
    }
}

fn contact(house: &House, workspace: WorkspaceId, id: ContactId) -> ApiResult<Contact> {
    let key = ContactKey {
        workspace,
        contact: id,
    };
    house
        .core
        .store
        .get(&key)?
        .ok_or_else(|| ApiError::not_found("contact"))
}

fn view(
    house: &House,
    workspace: WorkspaceId,
    contact: ContactId,
    (channel, conversation): (ChannelId, ConversationId),
) -> ApiResult<ConsentView> {
    let key = ConsentKey {
        workspace,
        contact,
        channel,
    };
    let consent = house.core.store.get(&key)?.unwrap_or_default();
    Ok(ConsentView::new(
        house,
        workspace,
        (channel, conversation),
        &consent,
    )?)
}

/// What a contact allows, on each channel where there is a conversation with them.
#[utoipa::path(tag = "contacts", params(("id" = String, Path)), responses((status = 200, body = Items<ConsentView>)))]
#[get("/api/v1/contacts/{id}/consents")]
pub(super) async fn list_consents(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    _: NoQuery,
) -> ApiResult<Json<Items<ConsentView>>> {
    let contact = contact(&house, who.workspace, id.0)?;
    let mut items = Vec::new();
    for conversation in contact.conversations {
        let key = ConversationKey {
            workspace: who.workspace,
            conversation,
        };
        if let Some(found) = house.core.store.get(&key)? {
            items.push(view(&house, who.workspace, id.0, (found.channel, conversation))?);
        }
    }
    Ok(Json(Items {
        items,
        next_cursor: None,
    }))
}

/// What a contact allows from now on.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentBody {
    /// On which channel; there must be a conversation with them on it.
    #[schema(value_type = String)]
    channel_id: ChannelId,
    /// `opted_in`, `no_marketing` or `nothing`.
    #[schema(value_type = String)]
    permission: Permission,
    /// How this is known; at most 500 characters.
    reason: String,
    /// A message of theirs on that channel that says so.
    #[serde(default)]
    proof_message_id: Option<String>,
}

impl ApiBody for ConsentBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.reason.trim().is_empty() {
            return Err(FieldError::new("reason", "Say how this is known."));
        }
        check::line("reason", self.reason.trim(), MAX_NOTE_CHARS)
    }
}

/// Notes what a contact allows, with the reason. What waits to go out and is not allowed any more is given up at once.
#[utoipa::path(tag = "contacts", params(("id" = String, Path)), request_body = ConsentBody,
    responses((status = 200, body = ConsentView)))]
#[post("/api/v1/contacts/{id}/consents")]
pub(super) async fn record_consent(
    house: Machinery,
    who: Caller,
    id: PathId<ContactId>,
    body: ValidJson<ConsentBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<ConsentView>> {
    contact(&house, who.workspace, id.0)?;
    let ConsentBody {
        channel_id,
        permission,
        reason,
        proof_message_id,
    } = body.0;
    let unknown = |_| ApiError::invalid_field("proof_message_id", "There is no such message.");
    let proof = proof_message_id
        .map(|id| id.parse::<MessageId>().map_err(unknown))
        .transpose()?;
    let conversation = house.core.store.get(&ConversationByContactKey {
        workspace: who.workspace,
        contact: id.0,
        channel: channel_id,
    })?;
    let conversation = conversation.ok_or_else(|| {
        ApiError::invalid_field(
            "channel_id",
            "There is no conversation with this contact on such a channel.",
        )
    })?;
    let (source, by) = match who.credential {
        Credential::Session(_) => (ConsentSource::Agent, Some(who.user)),
        Credential::Token(_) => (ConsentSource::Api, None),
    };
    let wish = ConsentWish {
        permission,
        source,
        by,
        note: reason.trim().to_owned(),
        proof,
    };
    let command = Command::Consent(Box::new(wish));
    house
        .hub
        .send(who.workspace, conversation, command, trace.0)
        .await?;
    Ok(Json(view(
        &house,
        who.workspace,
        id.0,
        (channel_id, conversation),
    )?))
}
