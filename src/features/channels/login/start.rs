//! Beginning a login: which app, and the provider's page to open.

use std::collections::BTreeMap;

use actix_web::post;
use actix_web::web::Data;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{LIFE, Logins, TRIES, Waiting, login_of};
use crate::actors::House;
use crate::channels::login::LoginApp;
use crate::channels::{FieldError, ProviderKind};
use crate::domain::Timestamp;
use crate::features::channels::Machinery;
use crate::features::channels::routes::{entry, provider};
use crate::http::{ApiBody, ApiError, ApiResult, NoQuery, OwnerCaller, Secret, ValidJson, check};

/// A login to begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::features::channels) struct LoginStartBody {
    /// `whatsapp_cloud` or `instagram`; `sandbox` logs in at the built-in simulator, whose app is known.
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
    /// Settings that the login depends on. Instagram: `login` (`instagram` or `facebook`), `human_agent`. WhatsApp:
    /// `config_id`, a configuration of Facebook Login for Business. Both: `api_base`, `api_version`.
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

impl ApiBody for LoginStartBody {
    fn check(&self) -> Result<(), FieldError> {
        if let Some(name) = &self.name {
            check::name("name", name)?;
        }
        for (name, value) in &self.settings {
            check::line(&format!("settings.{name}"), value, 512)?;
        }
        let token = ("verify_token", &self.verify_token);
        for (field, value) in [("app_id", &self.app_id), ("app_secret", &self.app_secret), token] {
            if let Some(value) = value {
                check::line(field, value, 512)?;
            }
        }
        Ok(())
    }
}

/// Where to go.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(in crate::features::channels) struct LoginStartView {
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
#[utoipa::path(tag = "channels", request_body = LoginStartBody, responses((status = 201, body = LoginStartView)))]
#[post("/api/v1/channels/oauth/start")]
pub(in crate::features::channels) async fn start_login(
    house: Machinery,
    logins: Data<Logins>,
    who: OwnerCaller,
    body: ValidJson<LoginStartBody>,
    _: NoQuery,
) -> ApiResult<actix_web::HttpResponse> {
    let now = house.core.clock.now();
    let waiting = begin(&house, &logins, &who, body.0, now)?;
    let provider = provider(&house, waiting.kind)?;
    let state = Secret::generate("")?.reveal().to_owned();
    let url = login_of(provider.as_ref(), waiting.kind)?.page(&waiting.app, &state)?;
    let view = LoginStartView {
        url: url.into(),
        state: state.clone(),
        redirect_uri: waiting.app.redirect_uri.clone(),
        expires_at: waiting.ends.to_string(),
    };
    logins.keep(&state, waiting, now)?;
    Ok(actix_web::HttpResponse::Created().json(view))
}

fn begin(
    house: &House,
    logins: &Logins,
    who: &OwnerCaller,
    body: LoginStartBody,
    now: Timestamp,
) -> ApiResult<Waiting> {
    let earlier = match &body.channel_id {
        None => None,
        Some(id) => {
            let id = id.parse().map_err(|_| ApiError::not_found("channel"))?;
            Some(entry(house, who.workspace, id)?)
        }
    };
    let kind = earlier.as_ref().map_or(body.provider, |entry| entry.kind);
    let provider = provider(house, kind)?;
    let known = login_of(provider.as_ref(), kind)?.settings();
    if let Some(name) = body.settings.keys().find(|name| !known.contains(&name.as_str())) {
        let detail = format!("is found by the login itself. Known are: {}.", known.join(", "));
        return Err(FieldError::new(format!("settings.{name}"), detail).into());
    }
    let channel = earlier.as_ref().map(|entry| &entry.channel);
    let kept = |name: &str| channel.and_then(|channel| channel.secrets.get(name).cloned());
    let mut settings = channel
        .map(|channel| channel.settings.clone())
        .unwrap_or_default();
    settings.extend(body.settings);
    let (app_id, secret) = if kind.is_sandbox() {
        settings.insert("api_base".into(), logins.simulated.api_base.clone());
        let secret = logins.simulated.secret.expose_secret().to_owned();
        (logins.simulated.id.clone(), secret)
    } else {
        let missing = "is missing. Copy it from Meta's app dashboard.";
        let app_id = body.app_id.or_else(|| settings.get("app_id").cloned());
        let secret = body.app_secret.or_else(|| kept("app_secret"));
        (
            app_id.ok_or_else(|| FieldError::new("app_id", missing))?,
            secret.ok_or_else(|| FieldError::new("app_secret", missing))?,
        )
    };
    settings.insert("app_id".into(), app_id.trim().to_owned());
    let verify_token = match body.verify_token.or_else(|| kept("verify_token")) {
        Some(token) => token,
        None => Secret::generate("verify_")?.reveal().to_owned(),
    };
    Ok(Waiting {
        workspace: who.workspace,
        user: who.user,
        session: who.secret_hash,
        ends: now.plus(LIFE),
        kind,
        channel: earlier.map(|entry| entry.channel.id),
        name: body.name.unwrap_or_default(),
        app: LoginApp {
            id: app_id.trim().to_owned(),
            secret: secret.trim().into(),
            settings,
            redirect_uri: logins.redirect_uri(),
        },
        verify_token: verify_token.into(),
        grants: Vec::new(),
        tries: TRIES,
    })
}
