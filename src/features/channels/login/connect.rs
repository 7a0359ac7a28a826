//! Connecting the account that a login gave: registered, subscribed, kept as a channel.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::{Waiting, login_of, refused};
use crate::actors::House;
use crate::actors::phone_sync;
use crate::channels::login::{Grant, Login, LoginProblem};
use crate::channels::{ChannelAccess, FieldError, Provider};
use crate::domain::outbound::ProviderError;
use crate::domain::phone_sync::{PhoneSync, SyncState};
use crate::domain::phrases;
use crate::domain::time::SECOND;
use crate::domain::{Channel, ChannelId, Timestamp};
use crate::features::channels::errors::registry_error;
use crate::features::channels::model::{ChannelBody, validate};
use crate::http::{ApiError, ApiResult, ErrorCode, Trace};

type Entries = BTreeMap<String, String>;

/// Whether the workspace has a channel for the account, other than the one that is connected again.
pub(super) fn is_taken(house: &House, login: &Waiting, grant: &Grant) -> bool {
    let provider = house.core.provider(login.kind);
    let Some(name) = provider.and_then(|provider| Some(provider.login()?.identity())) else {
        return false;
    };
    let is_same = |channel: &Channel| {
        grant.settings.contains_key(name) && channel.settings.get(name) == grant.settings.get(name)
    };
    let mut channels = house.core.registry.list(login.workspace).into_iter();
    channels.any(|entry| {
        entry.kind == login.kind && Some(entry.channel.id) != login.channel && is_same(&entry.channel)
    })
}

/// Registers the account if it must be, and subscribes its webhooks first: a channel to which nothing comes helps nobody.
pub(super) async fn connect(
    house: &House,
    provider: &dyn Provider,
    login: &Waiting,
    grant: Grant,
    pin: Option<&str>,
    (now, trace): (Timestamp, Trace),
) -> ApiResult<Channel> {
    if is_taken(house, login, &grant) {
        let detail = phrases::ACCOUNT_CONNECTED_ALREADY.text();
        return Err(ApiError::new(ErrorCode::AlreadyExists, detail).at("choice"));
    }
    let mut settings = settings_of(&grant, now);
    let secrets = secrets_of(login, &grant);
    let access = ChannelAccess {
        settings: settings.clone(),
        secrets: secrets
            .iter()
            .map(|(name, secret)| (name.clone(), secret.as_str().into()))
            .collect(),
        webhook_url: String::new(),
    };
    let flow = login_of(provider, login.kind)?;
    if let Some(pin) = pin.filter(|_| grant.needs_pin) {
        let registered = flow.register(&house.core.http, &access, pin).await;
        registered.map_err(refused)?;
    }
    let subscribed = flow.subscribe(&house.core.http, &access).await;
    subscribed.map_err(refused)?;
    if login.kind.is_sandbox() {
        // Where the simulator listens differs with each start; the house knows.
        settings.remove("api_base");
    }
    let on_phone = grant.on_phone;
    let channel = match login.channel {
        Some(id) => again(house, provider, login, (id, settings, secrets), now, trace).await?,
        None => {
            add(
                house,
                provider,
                login,
                (grant.name, settings, secrets),
                now,
                trace,
            )
            .await?
        }
    };
    own_callback(house, flow, login, &channel, (now, trace)).await?;
    // A number that was connected before has shared what it shares: the provider takes the request once.
    if on_phone && login.channel.is_none() {
        share(house, flow, login, &channel, now).await;
    }
    Ok(channel)
}

/// Has the account's messages posted here instead of to the app's address, where that is wanted. Only now: the provider asks
/// at once whether this address knows the channel's verify token. A new channel that it does not take is removed again.
async fn own_callback(
    house: &House,
    flow: &dyn Login,
    login: &Waiting,
    channel: &Channel,
    (now, trace): (Timestamp, Trace),
) -> ApiResult<()> {
    let entry = house.core.registry.find(login.workspace, channel.id);
    let Some(entry) = entry.filter(|entry| {
        entry
            .channel
            .settings
            .get("own_callback")
            .is_some_and(|it| it == "on" || it == "number")
    }) else {
        return Ok(());
    };
    let Err(error) = flow.subscribe(&house.core.http, &entry.access).await else {
        return Ok(());
    };
    if login.channel.is_none() {
        let registry = &house.core.registry;
        let removed = registry.remove(login.workspace, channel.id, now, trace.0).await;
        removed.map_err(registry_error)?;
    }
    Err(refused(error))
}

/// Asks for the address book and the chats of a number that stays on its phone app. What comes of it stands with the channel:
/// the channel works without.
async fn share(house: &House, flow: &dyn Login, login: &Waiting, channel: &Channel, now: Timestamp) {
    let Some(entry) = house.core.registry.find(login.workspace, channel.id) else {
        return;
    };
    let answer = flow.start_sync(&house.core.http, &entry.access).await;
    let mut sync = PhoneSync::asked(now);
    let why = |error: ProviderError| SyncState::refused(&format!("{} ({})", error.title, error.code));
    if let Some(error) = answer.contacts {
        sync.contacts = why(error);
    }
    if let Some(error) = answer.history {
        sync.history = why(error);
    }
    if let Err(error) = phone_sync::keep(&house.core, login.workspace, channel.id, &sync).await {
        tracing::warn!(channel = %channel.id, %error, "what was asked of the phone app cannot be noted");
    }
}

fn settings_of(grant: &Grant, now: Timestamp) -> Entries {
    let mut settings = grant.settings.clone();
    settings.remove("token_expires_at");
    let life = grant.expires_in.map(|life| {
        let micros = i64::try_from(life.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_mul(SECOND);
        now.plus(micros)
    });
    if let Some(ends) = life.or(grant.expires_at) {
        settings.insert("token_expires_at".into(), ends.to_string());
    }
    settings
}

fn secrets_of(login: &Waiting, grant: &Grant) -> Entries {
    [
        ("access_token", &grant.access_token),
        ("app_secret", &login.app.secret),
        ("verify_token", &login.verify_token),
    ]
    .map(|(name, secret)| (name.to_owned(), secret.expose_secret().to_owned()))
    .into()
}

async fn add(
    house: &House,
    provider: &dyn Provider,
    login: &Waiting,
    (found, settings, secrets): (String, Entries, Entries),
    now: Timestamp,
    trace: Trace,
) -> ApiResult<Channel> {
    let name = match login.name.trim() {
        "" => found,
        name => name.to_owned(),
    };
    let body = ChannelBody {
        provider: login.kind,
        name: name.chars().filter(|c| !c.is_control()).take(100).collect(),
        settings,
        secrets,
    };
    let channel = body.into_channel(ChannelId::from_uuid(uuid::Uuid::now_v7()), now);
    validate(provider, &channel)?;
    let registry = &house.core.registry;
    let added = registry.add(login.workspace, channel, now, trace.0).await;
    let entry = added.map_err(registry_error)?;
    house.attach(entry.channel.id).await;
    Ok(entry.channel.clone())
}

/// The same channel with what the new login brought. Another account would leave its conversations without one.
async fn again(
    house: &House,
    provider: &dyn Provider,
    login: &Waiting,
    (id, settings, secrets): (ChannelId, Entries, Entries),
    now: Timestamp,
    trace: Trace,
) -> ApiResult<Channel> {
    let name = login_of(provider, login.kind)?.identity();
    let change = |channel: &mut Channel| {
        if channel.settings.get(name) != settings.get(name) {
            return Err(FieldError::new("state", LoginProblem::OtherAccount.words()));
        }
        channel.settings = settings;
        channel.secrets.extend(secrets);
        channel.blocked = None;
        validate(provider, channel)
    };
    let edited = house
        .core
        .registry
        .edit((login.workspace, id), None, now, trace.0, change)
        .await;
    Ok(edited.map_err(registry_error)?.channel.clone())
}
