//! What an owner manages at the provider from here: business profile, subscription, a test message, the end of a connection.

use std::time::Duration;

use actix_web::web::Json;
use actix_web::{HttpResponse, delete, get, post, put};

use super::errors::registry_error;
use super::picture::hand_over;
use super::routes::{answer, entry, provider};
use super::{Machinery, Views};
use crate::actors::Command;
use crate::actors::conversation::{PostMessage, Reply};
use crate::actors::directory::Resolve;
use crate::actors::rotation::forget_retired;
use crate::channels::{BoxFuture, BusinessProfile, FieldError, Managed, Subscription};
use crate::domain::inbound::Sender;
use crate::domain::operations::SendPriority;
use crate::domain::outbound::{ErrorClass, ProviderError};
use crate::domain::{Author, ChannelId, Content};
use crate::http::views::ChannelView;
use crate::http::{
    ApiBody, ApiError, ApiResult, ErrorCode, NoQuery, OwnerCaller, PathId, Trace, ValidJson, check, endpoints,
};

endpoints!(
    show_profile,
    change_profile,
    show_subscription,
    subscribe_app,
    disconnect,
    send_test_message,
    end_previous_secrets,
);

/// How long a call to the provider may take.
pub(super) const CALL_TIME: Duration = Duration::from_secs(20);
/// Longest text of a field, before the provider's own limits.
const MAX_TEXT: usize = 1_000;

/// Waits for a call, but not for ever.
pub(super) async fn within<T>(call: BoxFuture<'_, Managed<T>>) -> Managed<T> {
    let late = || {
        Err(ProviderError {
            class: ErrorClass::Transient,
            code: "timeout".into(),
            title: "The provider did not answer in time".into(),
            detail: String::new(),
            retry_after: None,
        })
    };
    tokio::time::timeout(CALL_TIME, call)
        .await
        .unwrap_or_else(|_| late())
}

/// The provider's no, with what to do.
pub(super) fn provider_error(error: &ProviderError) -> ApiError {
    let mut detail = format!("{}.", error.title.trim_end_matches('.'));
    for part in [error.detail.as_str(), error.class.advice()] {
        if !part.is_empty() && error.code != "not_offered" {
            detail.push(' ');
            detail.push_str(part);
        }
    }
    ApiError::new(ErrorCode::WrongState, detail)
}

/// How the business shows itself to customers.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct BusinessProfileView {
    about: String,
    address: String,
    description: String,
    email: String,
    websites: Vec<String>,
    /// What sort of business, in the provider's word.
    vertical: String,
    /// Where its picture is.
    #[schema(required)]
    picture_url: Option<String>,
}

impl From<BusinessProfile> for BusinessProfileView {
    fn from(profile: BusinessProfile) -> Self {
        let BusinessProfile {
            about,
            address,
            description,
            email,
            websites,
            vertical,
            picture_url,
            picture_handle: _,
        } = profile;
        Self {
            about,
            address,
            description,
            email,
            websites,
            vertical,
            picture_url,
        }
    }
}

/// A changed profile, whole.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BusinessProfileBody {
    about: String,
    address: String,
    description: String,
    email: String,
    websites: Vec<String>,
    vertical: String,
    /// A new picture: the `media_id` of an uploaded JPEG or PNG of at most 5 MB and at least 192 pixels a side. Left out, the
    /// picture stays.
    #[serde(default)]
    picture: Option<String>,
}

impl ApiBody for BusinessProfileBody {
    fn check(&self) -> Result<(), FieldError> {
        for (field, text) in [
            ("about", &self.about),
            ("address", &self.address),
            ("email", &self.email),
            ("vertical", &self.vertical),
        ] {
            check::line(field, text, MAX_TEXT)?;
        }
        if self.description.chars().count() > MAX_TEXT {
            return Err(FieldError::new(
                "description",
                format!("At most {MAX_TEXT} characters."),
            ));
        }
        self.websites
            .iter()
            .try_for_each(|website| check::line("websites", website, MAX_TEXT))
    }
}

/// The business profile at the provider. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = BusinessProfileView)))]
#[get("/api/v1/channels/{id}/profile")]
pub(super) async fn show_profile(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<BusinessProfileView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let profile = within(provider.business_profile(&house.core.http, &entry.access)).await;
    Ok(Json(profile.map_err(|error| provider_error(&error))?.into()))
}

/// Changes the business profile at the provider. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = BusinessProfileBody,
    responses((status = 200, body = BusinessProfileView)))]
#[put("/api/v1/channels/{id}/profile")]
pub(super) async fn change_profile(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<BusinessProfileBody>,
    _: NoQuery,
) -> ApiResult<Json<BusinessProfileView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let body = body.0;
    let mut wished = BusinessProfile {
        about: body.about,
        address: body.address,
        description: body.description,
        email: body.email,
        websites: body.websites,
        vertical: body.vertical,
        picture_url: None,
        picture_handle: None,
    };
    provider.validate_profile(&wished)?;
    if let Some(picture) = &body.picture {
        wished.picture_handle = Some(hand_over(&house, &entry, provider.as_ref(), picture).await?);
    }
    let (http, access) = (&house.core.http, &entry.access);
    let changed = within(provider.set_business_profile(http, access, &wished)).await;
    changed.map_err(|error| provider_error(&error))?;
    let profile = within(provider.business_profile(http, access)).await;
    Ok(Json(profile.map_err(|error| provider_error(&error))?.into()))
}

/// Whether the account's webhooks are sent to the app.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SubscriptionView {
    /// `complete`, `nobody` (no app gets anything), `lacks` (a field that is needed does not come) or `untold`.
    #[schema(schema_with = crate::http::words::subscription)]
    state: &'static str,
    /// The field that does not come.
    #[schema(required)]
    lacks: Option<String>,
}

/// Whether the account's webhooks are sent to the app whose token the channel has, as the provider tells it now. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = SubscriptionView)))]
#[get("/api/v1/channels/{id}/subscription")]
pub(super) async fn show_subscription(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<Json<SubscriptionView>> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let told = within(provider.subscription(&house.core.http, &entry.access)).await;
    let (state, lacks) = match told.map_err(|error| provider_error(&error))? {
        Some(Subscription::Complete) => ("complete", None),
        Some(Subscription::Nobody) => ("nobody", None),
        Some(Subscription::Lacks(field)) => ("lacks", Some(field)),
        None => ("untold", None),
    };
    Ok(Json(SubscriptionView { state, lacks }))
}

/// Has the account's webhooks sent to the app whose token the channel has. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 204)))]
#[post("/api/v1/channels/{id}/subscribe")]
pub(super) async fn subscribe_app(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let done = within(provider.subscribe(&house.core.http, &entry.access)).await;
    done.map_err(|error| provider_error(&error))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the connection: the account's webhooks are sent here no longer, unless another channel of the account is left, and
/// the channel is removed. Its conversations stay. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 204)))]
#[post("/api/v1/channels/{id}/disconnect")]
pub(super) async fn disconnect(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let gone = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, gone.kind)?;
    if let Err(error) = within(provider.release(&house.core.http, &gone.access)).await {
        tracing::warn!(channel = %id.0, code = error.code, "the provider was not told of the end of a connection");
    }
    let account =
        |entry: &crate::actors::registry::ChannelEntry| entry.channel.settings.get("waba_id").cloned();
    let others = house.core.registry.all();
    let is_last = !others.iter().any(|other| {
        other.channel.id != id.0 && account(other).is_some() && account(other) == account(&gone)
    });
    if is_last {
        // A token that is no longer valid must not keep the channel here.
        if let Err(error) = within(provider.unsubscribe(&house.core.http, &gone.access)).await {
            tracing::warn!(channel = %id.0, code = error.code, "the provider was not told of the end of a connection");
        }
    }
    let removed = house.remove_channel(who.workspace, id.0, trace.0).await;
    removed.map_err(registry_error)?;
    Ok(HttpResponse::NoContent().finish())
}

/// To whom a test message goes.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestMessageBody {
    /// A number or id, as in `POST /api/v1/messages`.
    to: String,
    /// What it says, at most 1,000 characters.
    text: String,
}

impl ApiBody for TestMessageBody {
    fn check(&self) -> Result<(), FieldError> {
        if self.text.trim().is_empty() {
            return Err(FieldError::new("text", "Write something."));
        }
        check::line("to", &self.to, MAX_TEXT)?;
        check::line("text", &self.text, MAX_TEXT)
    }
}

/// A message that was queued.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TestMessageView {
    /// Its conversation.
    conversation_id: String,
    /// Its id.
    message_id: String,
}

/// Sends a text by this channel, to see that it works. Outside the reply window it is refused as any text is; let the
/// recipient write first. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), request_body = TestMessageBody,
    responses((status = 202, body = TestMessageView), (status = 409, description = "Refused by policy")))]
#[post("/api/v1/channels/{id}/test-message")]
pub(super) async fn send_test_message(
    house: Machinery,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    body: ValidJson<TestMessageBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let entry = entry(&house, who.workspace, id.0)?;
    let provider = provider(&house, entry.kind)?;
    let to = provider.recipient(&entry.access.settings, &body.0.to);
    let to =
        to.ok_or_else(|| ApiError::invalid_field("to", "must be a number in international form, or an id."))?;
    let sender = Sender {
        identities: vec![to],
        profile_name: None,
    };
    let request = Resolve {
        workspace: who.workspace,
        channel: id.0,
        senders: vec![sender],
        trace: trace.0,
    };
    let unresolved = |error| ApiError::internal("finding the recipient", error);
    let resolved = house.directory.send(request).await.map_err(unresolved)?;
    let first = resolved.into_iter().next().transpose().map_err(unresolved)?;
    let found = first.ok_or_else(|| ApiError::internal("finding the recipient", "nobody was found"))?;
    let post = PostMessage {
        author: Author::User(who.user),
        content: Content::text(body.0.text.trim()),
        reply_to: None,
        priority: SendPriority::Reply,
        idempotency: None,
        links: Vec::new(),
        identity_hash: None,
    };
    let command = Command::Post(Box::new(post));
    match house
        .hub
        .send(who.workspace, found.conversation, command, trace.0)
        .await?
    {
        Reply::Message(message) => Ok(HttpResponse::Accepted().json(TestMessageView {
            conversation_id: found.conversation.to_string(),
            message_id: message.id.to_string(),
        })),
        Reply::Done | Reply::Conversation(_) => Err(ApiError::internal("answering", "there is no message")),
    }
}

/// Ends the time of replaced secrets at once: only those in use are accepted from now on. For owners.
#[utoipa::path(tag = "channels", params(("id" = String, Path)), responses((status = 200, body = ChannelView)))]
#[delete("/api/v1/channels/{id}/previous-secrets")]
pub(super) async fn end_previous_secrets(
    house: Machinery,
    views: Views,
    who: OwnerCaller,
    id: PathId<ChannelId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    entry(&house, who.workspace, id.0)?;
    let now = house.core.clock.now();
    let forget = |channel: &mut crate::domain::Channel| forget_retired(&mut channel.secrets);
    let changed = house
        .core
        .registry
        .change(who.workspace, id.0, now, trace.0, forget)
        .await;
    let entry = changed.map_err(registry_error)?;
    answer(HttpResponse::Ok(), &views, &entry)
}
