//! Connecting an account by logging in at the provider.
//!
//! Owns the logins under way: each has a state that nobody guesses, is bound to the person who began it, works once, and
//! ends after a while. They live in memory: a restart asks to begin again. The provider's own steps are its adapter's.

use std::collections::{BTreeMap, HashMap};

use actix_web::post;
use actix_web::web::{Data, Json};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::errors::registry_error;
use super::model::{ChannelBody, validate};
use super::routes::{entry, provider};
use super::{Machinery, Views};
use crate::actors::House;
use crate::channels::login::{Grant, Login, LoginApp};
use crate::channels::{ChannelAccess, FieldError, Provider, ProviderKind};
use crate::domain::outbound::ProviderError;
use crate::domain::time::{HOUR, SECOND};
use crate::domain::{Channel, ChannelId, Timestamp, UserId, WorkspaceId};
use crate::http::views::ChannelView;
use crate::http::{
    ApiBody, ApiError, ApiResult, ErrorCode, NoQuery, OwnerCaller, Secret, Trace, ValidJson, check, endpoints,
};

endpoints!(start_login, finish_login);

/// How long a login may take.
const LIFE: i64 = HOUR / 4;
/// Logins under way at the same time, over all workspaces.
const MOST: usize = 1_000;
/// Longest code or state, in bytes.
const MAX_CODE: usize = 4_096;
/// Where the browser comes back to: a page of the app, which hands code and state on with its session.
const RETURN_PATH: &str = "/settings/channels/connect";

/// Logins under way. One for the whole server, in `web::Data`.
pub struct Logins {
    public_url: String,
    waiting: Mutex<HashMap<[u8; 32], Waiting>>,
}

/// A login under way.
#[derive(Clone)]
struct Waiting {
    workspace: WorkspaceId,
    user: UserId,
    ends: Timestamp,
    kind: ProviderKind,
    /// The channel that is connected again.
    channel: Option<ChannelId>,
    name: String,
    app: LoginApp,
    verify_token: SecretString,
    /// Accounts to choose from, once the code was exchanged.
    grants: Vec<Grant>,
}

impl Logins {
    /// None yet. `public_url` is where the appliance is reached from outside.
    pub fn new(public_url: String) -> Self {
        Self {
            public_url,
            waiting: Mutex::default(),
        }
    }

    fn keep(&self, state: &str, login: Waiting, now: Timestamp) -> ApiResult<()> {
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, login| login.ends > now);
        if waiting.len() >= MOST {
            return Err(ApiError::busy(
                "Too many logins are under way; try again in a moment.",
                60,
            ));
        }
        waiting.insert(hash(state), login);
        Ok(())
    }

    /// Takes a login out: whoever comes second with the same state finds none.
    fn take(&self, state: &str, who: &OwnerCaller, now: Timestamp) -> ApiResult<Waiting> {
        let mut waiting = self.waiting.lock();
        let key = hash(state);
        let is_theirs = waiting
            .get(&key)
            .is_some_and(|login| login.workspace == who.workspace && login.user == who.user);
        let found = if is_theirs { waiting.remove(&key) } else { None };
        found.filter(|login| login.ends > now).ok_or_else(|| {
            let detail = "This login is not under way: it was finished, took too long, or was begun by someone else. \
                          Begin again.";
            ApiError::invalid_field("state", detail)
        })
    }
}

fn hash(state: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(state.as_bytes()).into()
}

/// A login to begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// `instagram`.
    #[schema(value_type = String)]
    provider: ProviderKind,
    /// What the team will call the channel; the account's own name unless given.
    #[serde(default)]
    name: Option<String>,
    /// Connects this channel again instead of adding one; app and settings are its own unless given.
    #[serde(default)]
    channel_id: Option<String>,
    /// The app's id at the provider.
    #[serde(default)]
    app_id: Option<String>,
    /// The app's secret. It is never shown again.
    #[serde(default)]
    app_secret: Option<String>,
    /// What the app's webhook is verified with; made up unless given.
    #[serde(default)]
    verify_token: Option<String>,
    /// Settings that the login depends on: `login` (`instagram` or `facebook`), `api_base`, `api_version`.
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

impl ApiBody for StartBody {
    fn check(&self) -> Result<(), FieldError> {
        if let Some(name) = &self.name {
            check::name("name", name)?;
        }
        let known = ["login", "api_base", "api_version", "human_agent"];
        if let Some(name) = self.settings.keys().find(|name| !known.contains(&name.as_str())) {
            let detail = format!("is found by the login itself. Known are: {}.", known.join(", "));
            return Err(FieldError::new(format!("settings.{name}"), detail));
        }
        for (field, value) in [("app_id", &self.app_id), ("app_secret", &self.app_secret)] {
            if let Some(value) = value {
                check::line(field, value, 512)?;
            }
        }
        Ok(())
    }
}

/// Where to go.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct StartView {
    /// The provider's page; open it in the browser.
    url: String,
    /// Comes back with the code.
    state: String,
    /// Where the browser comes back to. It must stand in the app's list of redirect addresses.
    redirect_uri: String,
    /// When the login must be finished.
    expires_at: String,
}

/// Begins a login: answers the provider's page to open. For owners.
#[utoipa::path(tag = "channels", request_body = StartBody, responses((status = 201, body = StartView)))]
#[post("/api/v1/channels/oauth/start")]
pub(super) async fn start_login(
    house: Machinery,
    logins: Data<Logins>,
    who: OwnerCaller,
    body: ValidJson<StartBody>,
    _: NoQuery,
) -> ApiResult<actix_web::HttpResponse> {
    let now = house.core.clock.now();
    let waiting = begin(&house, &logins, &who, body.0, now)?;
    let provider = provider(&house, waiting.kind)?;
    let state = Secret::generate("")?.reveal().to_owned();
    let url = login_of(provider.as_ref())?.page(&waiting.app, &state)?;
    let view = StartView {
        url: url.into(),
        state: state.clone(),
        redirect_uri: waiting.app.redirect_uri.clone(),
        expires_at: waiting.ends.to_string(),
    };
    logins.keep(&state, waiting, now)?;
    Ok(actix_web::HttpResponse::Created().json(view))
}

fn login_of(provider: &dyn Provider) -> ApiResult<&dyn Login> {
    let none = || ApiError::invalid_field("provider", "This provider has no login; enter its keys by hand.");
    provider.login().ok_or_else(none)
}

fn begin(
    house: &House,
    logins: &Logins,
    who: &OwnerCaller,
    body: StartBody,
    now: Timestamp,
) -> ApiResult<Waiting> {
    let earlier = match &body.channel_id {
        None => None,
        Some(id) => {
            let id = id.parse().map_err(|_| ApiError::not_found("channel"))?;
            Some(entry(house, who.workspace, id)?)
        }
    };
    let kept = |name: &str| {
        earlier
            .as_ref()
            .and_then(|entry| entry.channel.secrets.get(name).cloned())
    };
    let mut settings = earlier
        .as_ref()
        .map(|entry| entry.channel.settings.clone())
        .unwrap_or_default();
    settings.extend(body.settings);
    let app_id = body.app_id.or_else(|| settings.get("app_id").cloned());
    let app_id =
        app_id.ok_or_else(|| FieldError::new("app_id", "is missing. Copy it from Meta's app dashboard."))?;
    let secret = body.app_secret.or_else(|| kept("app_secret"));
    let secret = secret
        .ok_or_else(|| FieldError::new("app_secret", "is missing. Copy it from Meta's app dashboard."))?;
    settings.insert("app_id".into(), app_id.trim().to_owned());
    let verify_token = match body.verify_token.or_else(|| kept("verify_token")) {
        Some(token) => token,
        None => Secret::generate("verify_")?.reveal().to_owned(),
    };
    Ok(Waiting {
        workspace: who.workspace,
        user: who.user,
        ends: now.plus(LIFE),
        kind: earlier.as_ref().map_or(body.provider, |entry| entry.kind),
        channel: earlier.map(|entry| entry.channel.id),
        name: body.name.unwrap_or_default(),
        app: LoginApp {
            id: app_id.trim().to_owned(),
            secret: secret.trim().into(),
            settings,
            redirect_uri: format!("{}{RETURN_PATH}", logins.public_url.trim_end_matches('/')),
        },
        verify_token: verify_token.into(),
        grants: Vec::new(),
    })
}

/// What came back from the provider's page, or a choice among accounts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FinishBody {
    state: String,
    /// The provider's code.
    #[serde(default)]
    code: Option<String>,
    /// The provider's word for why there is none (`access_denied`).
    #[serde(default)]
    error: Option<String>,
    /// One of the accounts that the first call answered.
    #[serde(default)]
    choice: Option<usize>,
}

impl ApiBody for FinishBody {
    fn check(&self) -> Result<(), FieldError> {
        let code = self.code.as_deref().unwrap_or_default();
        for (field, value) in [("state", self.state.as_str()), ("code", code)] {
            if value.len() > MAX_CODE {
                return Err(FieldError::new(field, "is too long."));
            }
        }
        Ok(())
    }
}

/// What came of a login: a channel, or accounts to choose from.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct FinishView {
    /// The channel, connected.
    #[schema(required)]
    channel: Option<ChannelView>,
    /// Names of accounts; send the place of one as `choice`, with a new `state`.
    choices: Vec<String>,
    /// The state for the choice.
    #[schema(required)]
    state: Option<String>,
}

/// Finishes a login: exchanges the code, connects the account and has its webhooks come here. For owners.
#[utoipa::path(tag = "channels", request_body = FinishBody, responses((status = 200, body = FinishView)))]
#[post("/api/v1/channels/oauth/finish")]
#[allow(clippy::too_many_arguments)] // each is a part of the request
pub(super) async fn finish_login(
    house: Machinery,
    views: Views,
    logins: Data<Logins>,
    who: OwnerCaller,
    body: ValidJson<FinishBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<FinishView>> {
    let now = house.core.clock.now();
    let body = body.0;
    let mut login = logins.take(&body.state, &who, now)?;
    if let Some(error) = body.error {
        let why: String = error.chars().filter(|c| !c.is_control()).take(100).collect();
        let detail =
            format!("The provider gave no access ({why}). Begin again when the account's holder agrees.");
        return Err(ApiError::invalid_field("error", detail));
    }
    let provider = provider(&house, login.kind)?;
    let flow = login_of(provider.as_ref())?;
    if login.grants.is_empty() {
        let code = body.code.filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| FieldError::new("code", "is missing."))?;
        login.grants = flow
            .exchange(&house.core.http, &login.app, &code)
            .await
            .map_err(refused)?;
    }
    let place = match (login.grants.len(), body.choice) {
        (0, _) => {
            let detail = "The login gave access to no Instagram account. Link one to the Page, or agree to all that is asked.";
            return Err(ApiError::new(ErrorCode::WrongState, detail));
        }
        (1, _) => 0,
        (_, Some(choice)) => choice,
        (_, None) => return offer(&logins, login, now),
    };
    let no_choice = || FieldError::new("choice", "is not one of the accounts.");
    let grant = login.grants.get(place).cloned().ok_or_else(no_choice)?;
    let channel = connect(&house, provider.as_ref(), &login, grant, now, trace).await?;
    let view = views.view(who.workspace, &channel)?;
    Ok(Json(FinishView {
        channel: Some(view),
        choices: Vec::new(),
        state: None,
    }))
}

/// Several accounts: the login goes on under a new state.
fn offer(logins: &Logins, login: Waiting, now: Timestamp) -> ApiResult<Json<FinishView>> {
    let state = Secret::generate("")?.reveal().to_owned();
    let choices = login.grants.iter().map(|grant| grant.name.clone()).collect();
    logins.keep(&state, login, now)?;
    Ok(Json(FinishView {
        channel: None,
        choices,
        state: Some(state),
    }))
}

fn refused(error: ProviderError) -> ApiError {
    let detail = format!("{}: {} Begin the login again.", error.title, error.detail);
    ApiError::new(ErrorCode::WrongState, detail)
}

/// Subscribes the account's webhooks first: a channel to which nothing comes helps nobody.
async fn connect(
    house: &House,
    provider: &dyn Provider,
    login: &Waiting,
    grant: Grant,
    now: Timestamp,
    trace: Trace,
) -> ApiResult<Channel> {
    let mut settings = grant.settings;
    settings.remove("token_expires_at");
    if let Some(life) = grant.expires_in {
        let micros = i64::try_from(life.as_secs())
            .unwrap_or(i64::MAX)
            .saturating_mul(SECOND);
        settings.insert("token_expires_at".into(), now.plus(micros).to_string());
    }
    let secrets = BTreeMap::from([
        (
            "access_token".to_owned(),
            grant.access_token.expose_secret().to_owned(),
        ),
        (
            "app_secret".to_owned(),
            login.app.secret.expose_secret().to_owned(),
        ),
        (
            "verify_token".to_owned(),
            login.verify_token.expose_secret().to_owned(),
        ),
    ]);
    let access = ChannelAccess {
        settings: settings.clone(),
        secrets: secrets
            .iter()
            .map(|(name, secret)| (name.clone(), secret.as_str().into()))
            .collect(),
        webhook_url: String::new(),
    };
    login_of(provider)?
        .subscribe(&house.core.http, &access)
        .await
        .map_err(refused)?;
    match login.channel {
        Some(id) => again(house, provider, login, (id, settings, secrets), now, trace).await,
        None => {
            let name = if login.name.trim().is_empty() {
                grant.name
            } else {
                login.name.clone()
            };
            let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
            let body = ChannelBody {
                provider: login.kind,
                name,
                settings,
                secrets,
            };
            let channel = body.into_channel(ChannelId::from_uuid(uuid::Uuid::now_v7()), now);
            validate(provider, &channel)?;
            let added = house
                .core
                .registry
                .add(login.workspace, channel, now, trace.0)
                .await;
            let entry = added.map_err(registry_error)?;
            house.attach(entry.channel.id).await;
            Ok(entry.channel.clone())
        }
    }
}

type Entries = BTreeMap<String, String>;

/// The same channel with what the new login brought. Another account would leave its conversations without one.
async fn again(
    house: &House,
    provider: &dyn Provider,
    login: &Waiting,
    (id, settings, secrets): (ChannelId, Entries, Entries),
    now: Timestamp,
    trace: Trace,
) -> ApiResult<Channel> {
    let change = |channel: &mut Channel| {
        if channel.settings.get("ig_id") != settings.get("ig_id") {
            let detail = "This login is for another account. Log in with the one that the channel is for.";
            return Err(FieldError::new("state", detail));
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
