//! A real server on a port and a folder of its own, with two workspaces in every test.
//!
//! Only [`build`] knows how the server is put together.

#![allow(dead_code)] // each test binary uses its own part of this

mod client;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use frontdesk::clock::Clock;
use frontdesk::domain::{Timestamp, TraceId};
use frontdesk::features::accounts::{
    self, Accounts, AccountsOptions, NewPerson, NewWorkspace, PasswordHasher, PasswordRule, SetupGuard,
};
use frontdesk::http::{AuthOptions, Authenticator};
use frontdesk::storage::{MasterKey, Store, StoreOptions};
use frontdesk::web::{Metrics, Part, Readiness, RunningServer, WebOptions, serve};

pub use client::{Answer, Client};

/// The password of everyone in the tests.
pub const PASSWORD: &str = "correct horse battery";
/// The set-up code of an empty server.
pub const SETUP_CODE: &str = "ABCD-EFGH-JKMN-PQRS";

/// The people of one workspace.
pub struct Team {
    pub owner: Client,
    pub agent: Client,
    pub owner_email: String,
    pub agent_email: String,
}

/// A running server with two workspaces; the first one's owner runs the appliance.
pub struct TestApp {
    pub base: String,
    pub a: Team,
    pub b: Team,
    pub stranger: Client,
    pub store: Store,
    /// Stops the server.
    pub handle: actix_web::dev::ServerHandle,
    /// Gone with the test.
    dir: tempfile::TempDir,
}

/// What can differ between tests.
pub struct Options {
    pub auth: AuthOptions,
    pub https: bool,
    pub metrics_token: Option<&'static str>,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth: AuthOptions::default(),
            https: false,
            metrics_token: None,
            clock: Clock::System,
        }
    }
}

/// Every feature's routes.
pub fn parts() -> Vec<Part> {
    vec![Part {
        configure: accounts::configure,
        docs: <accounts::Docs as utoipa::OpenApi>::openapi,
    }]
}

fn open(dir: &Path) -> Store {
    let master_key = MasterKey::generate().expect("random bytes");
    let options = StoreOptions {
        dir: dir.to_owned(),
        master_key,
    };
    Store::open(options).expect("an empty store opens")
}

/// Joins everything to a server that listens on a free port.
pub fn build(store: &Store, hasher: &PasswordHasher, options: &Options) -> RunningServer {
    let auth = Data::new(Authenticator::new(store.clone(), options.clock, options.auth));
    let account_options = AccountsOptions {
        secure_cookie: options.https,
        setup: Some(SetupGuard::for_code(SETUP_CODE)),
    };
    let accounts = Accounts::new(
        store.clone(),
        options.clock,
        auth.clone(),
        hasher.clone(),
        account_options,
    );
    let accounts = Data::new(accounts);
    let metrics = Metrics::install(options.metrics_token.map(Into::into)).expect("the only recorder");
    let mut web = WebOptions::new(metrics, Readiness::default());
    web.workers = 1;
    web.security.https = options.https;
    let shared = move |config: &mut ServiceConfig| {
        config.app_data(auth.clone()).app_data(accounts.clone());
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    serve(web, vec![listener], &parts(), Arc::new(shared)).expect("a server")
}

/// A server with nothing in it, waiting for its set-up.
pub struct EmptyApp {
    pub base: String,
    pub store: Store,
    pub handle: actix_web::dev::ServerHandle,
    /// Gone with the test.
    dir: tempfile::TempDir,
}

pub async fn start_empty(options: Options) -> EmptyApp {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path());
    let hasher = PasswordHasher::cheap_for_tests().expect("parameters");
    let running = build(&store, &hasher, &options);
    actix_web::rt::spawn(running.server);
    EmptyApp {
        base: format!("http://{}", running.addresses[0]),
        store,
        handle: running.handle,
        dir,
    }
}

async fn make_workspace(store: &Store, name: &str, operator: bool) {
    let hasher = PasswordHasher::cheap_for_tests().expect("parameters");
    let new = NewWorkspace {
        name: name.to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        locale: "en".to_owned(),
        demo: false,
        operator,
        owner: NewPerson {
            name: format!("Owner of {name}"),
            email: format!("owner@{name}.example"),
            password: PASSWORD.to_owned(),
        },
    };
    let now = Timestamp(1_790_000_000_000_000);
    accounts::create_workspace(store, &hasher, new, PasswordRule::Strict, now, TraceId([0; 16]))
        .await
        .expect("a new workspace");
}

async fn make_team(base: &str, name: &str) -> Team {
    let (owner_email, agent_email) = (format!("owner@{name}.example"), format!("agent@{name}.example"));
    let owner = Client::log_in(base, &owner_email).await;
    let agent = serde_json::json!({
        "name": format!("Agent of {name}"), "email": agent_email, "password": PASSWORD, "role": "agent",
    });
    owner.post("/api/v1/users", &agent).await.expect(201);
    let agent = Client::log_in(base, &agent_email).await;
    Team {
        owner,
        agent,
        owner_email,
        agent_email,
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let EmptyApp {
            base,
            store,
            handle,
            dir,
        } = start_empty(options).await;
        make_workspace(&store, "alpha", true).await;
        make_workspace(&store, "beta", false).await;
        let a = make_team(&base, "alpha").await;
        let b = make_team(&base, "beta").await;
        let stranger = Client::stranger(&base);
        Self {
            base,
            a,
            b,
            stranger,
            store,
            handle,
            dir,
        }
    }
}
