//! Connecting an account by logging in at the provider.
//!
//! Owns the logins under way: each has a state that nobody guesses, is bound to the session that began it, works once, and
//! ends after a while. They live in memory: a restart asks to begin again. The provider's own steps are its adapter's.

mod connect;
mod finish;
mod start;

use std::collections::HashMap;

use parking_lot::Mutex;
use secrecy::SecretString;

use crate::channels::login::{Grant, Login, LoginApp, LoginError, LoginProblem};
use crate::channels::{Provider, ProviderKind};
use crate::domain::phrases;
use crate::domain::time::HOUR;
use crate::domain::{ChannelId, Timestamp, UserId, WorkspaceId};
use crate::http::{ApiError, ApiResult, ErrorCode, OwnerCaller, endpoints};

endpoints!(start::start_login, finish::finish_login);

/// How long a login may take.
const LIFE: i64 = HOUR / 4;
/// Logins under way at the same time, over all workspaces.
const MOST: usize = 1_000;
/// Tries to finish a login with an account chosen: Meta counts registrations, too.
const TRIES: u8 = 5;
/// Longest code or state, in bytes.
const MAX_CODE: usize = 4_096;
/// Where the browser comes back to: a page of the app, which hands code and state on with its session.
const RETURN_PATH: &str = "/settings/channels/connect";

/// Logins under way. One for the whole server, in `web::Data`.
pub struct Logins {
    public_url: String,
    simulated: SimulatedApp,
    waiting: Mutex<HashMap<[u8; 32], Waiting>>,
}

/// The app at the built-in simulator, so that a login can be tried without one at the provider.
pub struct SimulatedApp {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// Where the simulator listens.
    pub api_base: String,
}

/// A login under way.
#[derive(Clone)]
struct Waiting {
    workspace: WorkspaceId,
    user: UserId,
    /// Hash of the session's or token's secret: another session of the same person may not finish it.
    session: [u8; 32],
    ends: Timestamp,
    kind: ProviderKind,
    /// The channel that is connected again.
    channel: Option<ChannelId>,
    name: String,
    app: LoginApp,
    verify_token: SecretString,
    /// Accounts to choose from, once the code was exchanged.
    grants: Vec<Grant>,
    /// How often it may still be tried to connect one of them.
    tries: u8,
}

impl Logins {
    /// None yet. `public_url` is where the appliance is reached from outside, `simulated` the app that sandbox channels
    /// log in to.
    pub fn new(public_url: String, simulated: SimulatedApp) -> Self {
        Self {
            public_url,
            simulated,
            waiting: Mutex::default(),
        }
    }

    fn redirect_uri(&self) -> String {
        format!("{}{RETURN_PATH}", self.public_url.trim_end_matches('/'))
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
        let is_theirs = waiting.get(&key).is_some_and(|login| {
            login.workspace == who.workspace && login.user == who.user && login.session == who.secret_hash
        });
        let found = if is_theirs { waiting.remove(&key) } else { None };
        found.filter(|login| login.ends > now).ok_or_else(|| {
            let detail = phrases::LOGIN_NOT_UNDER_WAY.text();
            ApiError::invalid_field("state", detail).with_code("login_state")
        })
    }
}

fn hash(state: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(state.as_bytes()).into()
}

fn login_of(provider: &dyn Provider, kind: ProviderKind) -> ApiResult<&dyn Login> {
    let none = || ApiError::invalid_field("provider", "This provider has no login; enter its keys by hand.");
    // Only one simulator plays the app and its secret for us; Instagram's is reached by its address as a provider.
    let login = provider
        .login()
        .filter(|_| !kind.is_sandbox() || kind == ProviderKind::Sandbox);
    login.ok_or_else(none)
}

/// A failed step as an answer: what it means, what to do, and the provider's words.
fn refused(error: LoginError) -> ApiError {
    let LoginError { problem, said } = error;
    let said: String = said.chars().filter(|c| !c.is_control()).take(500).collect();
    let detail = match said.is_empty() {
        true => problem.words().to_owned(),
        false => format!("{} ({})", problem.words(), said.trim_end_matches('.')),
    };
    let (kind, field) = match problem {
        LoginProblem::Denied => (ErrorCode::InvalidField, Some("error")),
        LoginProblem::OtherAccount => (ErrorCode::InvalidField, Some("state")),
        LoginProblem::PinNeeded | LoginProblem::PinWrong => (ErrorCode::InvalidField, Some("pin")),
        _ => (ErrorCode::WrongState, None),
    };
    let error = ApiError::new(kind, detail).with_code(problem.code());
    match field {
        Some(field) => error.at(field),
        None => error,
    }
}
