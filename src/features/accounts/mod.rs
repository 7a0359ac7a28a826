//! Who works with Frontdesk: set-up, log-in, people, sessions, tokens, workspaces.
//!
//! Owns the records of workspaces, users, sessions and tokens. Must not know conversations, channels or other features.

mod create;
mod limiter;
mod lockout;
mod login;
mod model;
mod offline;
mod password;
mod people;
mod routes;
mod sessions;
mod setup_guard;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::atomic::AtomicBool;

use actix_web::web;

use crate::clock::Clock;
use crate::http::Authenticator;
use crate::storage::Store;

pub use create::{NewPerson, NewWorkspace, PasswordRule, add_people, create_workspace};
pub use model::{UserView, WorkspaceView};
pub use offline::{everyone, set_password};
pub use password::PasswordHasher;
pub use routes::{Docs, configure};
pub use setup_guard::SetupGuard;
pub use store::is_set_up;

/// What accounts needs from outside.
pub struct AccountsOptions {
    /// Browsers reach us by HTTPS only: the cookie is marked `Secure`.
    pub secure_cookie: bool,
    /// Guards the first set-up; `None` if the appliance is set up already or set up by its environment.
    pub setup: Option<SetupGuard>,
}

/// The accounts of the appliance. One for the whole server, in `web::Data`.
pub struct Accounts {
    store: Store,
    clock: Clock,
    auth: web::Data<Authenticator>,
    hasher: PasswordHasher,
    secure_cookie: bool,
    setup: Option<SetupGuard>,
    set_up: AtomicBool,
    attempts: limiter::AttemptLimiter,
    strangers: lockout::Strangers,
    /// Held while people are added or removed: there must always be an owner left, and one person an address.
    membership: tokio::sync::Mutex<()>,
    /// Held while a failed log-in is written down.
    failing: tokio::sync::Mutex<()>,
}

impl Accounts {
    /// Over a store, with an empty memory of failed log-ins.
    pub fn new(
        store: Store,
        clock: Clock,
        auth: web::Data<Authenticator>,
        hasher: PasswordHasher,
        options: AccountsOptions,
    ) -> Self {
        Self {
            store,
            clock,
            auth,
            hasher,
            secure_cookie: options.secure_cookie,
            setup: options.setup,
            set_up: AtomicBool::new(false),
            attempts: limiter::AttemptLimiter::default(),
            strangers: lockout::Strangers::default(),
            membership: tokio::sync::Mutex::new(()),
            failing: tokio::sync::Mutex::new(()),
        }
    }
}
