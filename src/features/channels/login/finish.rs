//! Finishing a login: the code is exchanged, an account chosen and connected.
//!
//! A state works once. When there is something left to choose or to enter, the login goes on under a new state, which may
//! be used until the account is connected: a wrong PIN must not cost the whole login.

use actix_web::post;
use actix_web::web::{Data, Json};
use serde::Deserialize;

use super::connect::{connect, is_taken};
use super::{Logins, MAX_CODE, TRIES, Waiting, login_of, refused};
use crate::actors::House;
use crate::channels::FieldError;
use crate::channels::login::{Grant, Login, LoginError, LoginProblem};
use crate::domain::Timestamp;
use crate::features::channels::routes::provider;
use crate::features::channels::{Machinery, Views};
use crate::http::views::ChannelView;
use crate::http::{ApiBody, ApiResult, NoQuery, OwnerCaller, Secret, Trace, ValidJson};

/// Digits of a PIN.
const PIN: usize = 6;

/// What came back from the provider's page, or a choice among accounts.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::features::channels) struct LoginFinishBody {
    state: String,
    /// The provider's code.
    #[serde(default)]
    code: Option<String>,
    /// The provider's word for why there is none (`access_denied`).
    #[serde(default)]
    error: Option<String>,
    /// The place of one of the accounts that the first call answered.
    #[serde(default)]
    choice: Option<usize>,
    /// Six digits, for a number that must be registered: its PIN for two-step verification, or a new one.
    #[serde(default)]
    pin: Option<String>,
}

impl ApiBody for LoginFinishBody {
    fn check(&self) -> Result<(), FieldError> {
        let code = self.code.as_deref().unwrap_or_default();
        for (field, value) in [("state", self.state.as_str()), ("code", code)] {
            if value.len() > MAX_CODE {
                return Err(FieldError::new(field, "is too long."));
            }
        }
        let is_pin = |pin: &String| pin.len() == PIN && pin.bytes().all(|byte| byte.is_ascii_digit());
        match self.pin.as_ref().is_none_or(is_pin) {
            true => Ok(()),
            false => Err(FieldError::new("pin", "must be six digits.")),
        }
    }
}

/// What came of a login: a channel, or accounts to choose from.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(in crate::features::channels) struct LoginFinishView {
    /// The channel, connected.
    #[schema(required)]
    channel: Option<ChannelView>,
    /// Accounts; send the place of one as `choice`, with the new `state`.
    choices: Vec<LoginChoiceView>,
    /// The state for the choice.
    #[schema(required)]
    state: Option<String>,
}

/// An account to choose.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct LoginChoiceView {
    /// What people call it: a number with its name, or a user name.
    name: String,
    /// The account that it belongs to; may be empty.
    detail: String,
    /// It must be registered: send `pin` with the choice.
    needs_pin: bool,
    /// This workspace has it already.
    connected: bool,
}

/// Finishes a login: exchanges the code, connects the account and has its webhooks come here. For owners.
///
/// Problems have codes of their own (`login_denied`, `login_code_expired`, `login_missing_rights`, `login_pin_wrong` …).
#[utoipa::path(tag = "channels", request_body = LoginFinishBody, responses((status = 200, body = LoginFinishView)))]
#[post("/api/v1/channels/oauth/finish")]
#[allow(clippy::too_many_arguments)] // each is a part of the request
pub(in crate::features::channels) async fn finish_login(
    house: Machinery,
    views: Views,
    logins: Data<Logins>,
    who: OwnerCaller,
    body: ValidJson<LoginFinishBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<Json<LoginFinishView>> {
    let now = house.core.clock.now();
    let body = body.0;
    let mut login = logins.take(&body.state, &who, now)?;
    if let Some(error) = body.error {
        return Err(refused(LoginError::new(LoginProblem::Denied, error)));
    }
    let provider = provider(&house, login.kind)?;
    let flow = login_of(provider.as_ref(), login.kind)?;
    let is_choice = !login.grants.is_empty();
    if !is_choice {
        let grants = exchange(&house, flow, &login, body.code).await?;
        login.grants = grants;
    }
    let chosen = match (login.grants.as_slice(), body.choice) {
        (_, Some(choice)) if is_choice => login.grants.get(choice).cloned(),
        ([only], None) if !only.needs_pin => Some(only.clone()),
        _ => return offer(&house, &logins, login, now),
    };
    let done = match chosen {
        None => Err(FieldError::new("choice", "is not one of the accounts.").into()),
        Some(grant) if grant.needs_pin && body.pin.is_none() => {
            Err(refused(LoginError::new(LoginProblem::PinNeeded, "")))
        }
        Some(grant) => {
            login.tries = login.tries.saturating_sub(1);
            connect(
                &house,
                provider.as_ref(),
                &login,
                grant,
                body.pin.as_deref(),
                (now, trace),
            )
            .await
        }
    };
    if done.is_err() && is_choice && login.tries > 0 {
        logins.keep(&body.state, login, now)?;
    }
    let view = views.view(who.workspace, &done?)?;
    Ok(Json(LoginFinishView {
        channel: Some(view),
        choices: Vec::new(),
        state: None,
    }))
}

/// Exchanges the code. Of a channel that is connected again only its own account is left.
async fn exchange(
    house: &House,
    flow: &dyn Login,
    login: &Waiting,
    code: Option<String>,
) -> ApiResult<Vec<Grant>> {
    let code = code.filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| FieldError::new("code", "is missing."))?;
    let found = flow.exchange(&house.core.http, &login.app, &code).await;
    let mut grants = found.map_err(refused)?;
    if grants.is_empty() {
        return Err(refused(LoginError::new(LoginProblem::NoAccount, "")));
    }
    if login.channel.is_some() {
        let name = flow.identity();
        grants.retain(|grant| grant.settings.get(name) == login.app.settings.get(name));
        if grants.is_empty() {
            return Err(refused(LoginError::new(LoginProblem::OtherAccount, "")));
        }
        grants.truncate(1);
    }
    Ok(grants)
}

/// Something is left to choose or to enter: the login goes on under a new state.
fn offer(
    house: &House,
    logins: &Logins,
    mut login: Waiting,
    now: Timestamp,
) -> ApiResult<Json<LoginFinishView>> {
    let state = Secret::generate("")?.reveal().to_owned();
    let view = |grant: &Grant| LoginChoiceView {
        name: grant.name.clone(),
        detail: grant.detail.clone(),
        needs_pin: grant.needs_pin,
        connected: is_taken(house, &login, grant),
    };
    let choices = login.grants.iter().map(view).collect();
    login.tries = TRIES;
    logins.keep(&state, login, now)?;
    Ok(Json(LoginFinishView {
        channel: None,
        choices,
        state: Some(state),
    }))
}
