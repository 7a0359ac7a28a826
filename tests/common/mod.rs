//! The real program on a port and in a folder of its own, with two workspaces in every test.

#![allow(dead_code)] // each test binary uses its own part of this

mod client;
pub mod seed;
pub mod webhook;

use std::sync::Arc;

use frontdesk::app::{App, AppOptions};
use frontdesk::clock::Clock;
use frontdesk::config::{Config, Smtp, Tls};
use frontdesk::features::accounts::{NewPerson, NewWorkspace, PasswordHasher};
use frontdesk::http::TrustedProxies;
use frontdesk::sandbox::SimulatorConfig;
use frontdesk::storage::Faults;
use serde_json::json;

pub use client::{Answer, Client};

/// The password of everyone in the tests.
pub const PASSWORD: &str = "correct horse battery";

/// The people of one workspace.
pub struct Team {
    pub owner: Client,
    pub agent: Client,
    pub owner_email: String,
    pub agent_email: String,
}

/// A running program with two workspaces; the first one's owner runs the appliance.
pub struct TestApp {
    pub base: String,
    pub a: Team,
    pub b: Team,
    pub stranger: Client,
    pub app: App,
    /// Gone with the test.
    pub dir: tempfile::TempDir,
}

/// A running program with nothing in it, waiting for its set-up.
pub struct EmptyApp {
    pub base: String,
    pub app: App,
    /// Gone with the test.
    dir: tempfile::TempDir,
}

/// What can differ between tests.
pub struct Options {
    pub https: bool,
    pub metrics_token: Option<&'static str>,
    pub clock: Clock,
    /// Failures of the disk on purpose.
    pub faults: Option<Arc<Faults>>,
    pub allow_private_webhooks: bool,
    pub tls: Option<Tls>,
    pub smtp: Option<Smtp>,
    /// Stand-ins for the providers.
    pub providers: Option<frontdesk::actors::Providers>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            https: false,
            metrics_token: None,
            clock: Clock::System,
            faults: None,
            allow_private_webhooks: false,
            tls: None,
            smtp: None,
            providers: None,
        }
    }
}

/// The program in a folder of its own, on a free port.
async fn build(options: Options, owner: Option<NewWorkspace>) -> EmptyApp {
    build_in(tempfile::tempdir().expect("a temporary folder"), options, owner).await
}

async fn build_in(dir: tempfile::TempDir, options: Options, owner: Option<NewWorkspace>) -> EmptyApp {
    Client::install_provider();
    let scheme = if options.https { "https" } else { "http" };
    let config = Config {
        data: dir.path().to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: format!("{scheme}://desk.example"),
        proxies: TrustedProxies::default(),
        metrics_token: options.metrics_token.map(Into::into),
        log_format: Default::default(),
        log_filter: "off".to_owned(),
        allow_private_webhooks: options.allow_private_webhooks,
        tls: options.tls,
        smtp: options.smtp,
    };
    let app = App::start(AppOptions {
        config,
        clock: options.clock,
        owner,
        simulator: SimulatorConfig {
            workers: 1,
            ..SimulatorConfig::default()
        },
        hasher: PasswordHasher::cheap_for_tests().expect("parameters"),
        faults: options.faults,
        providers: options.providers.unwrap_or_else(frontdesk::app::providers),
        before: None,
    });
    let app = app.await.expect("the program starts");
    EmptyApp {
        base: match app.speaks_https() {
            true => format!("https://{}", app.address),
            false => format!("http://{}", app.address),
        },
        app,
        dir,
    }
}

/// With ACME there is no certificate, and so no answer, until one is fetched.
async fn answers(base: &str) {
    let stranger = Client::stranger(base);
    let answered = async {
        while stranger.http.get(format!("{base}/healthz")).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let answered = tokio::time::timeout(std::time::Duration::from_secs(30), answered).await;
    answered.expect("it answers");
}

/// The program as it first starts.
pub async fn start_empty(options: Options) -> EmptyApp {
    build(options, None).await
}

impl Team {
    /// The same people with the same sessions, at another address.
    fn moved(self, base: &str) -> Self {
        let Self { owner, agent, .. } = &self;
        let at = |client: &Client| Client {
            base: base.to_owned(),
            ..client.clone()
        };
        Self {
            owner: at(owner),
            agent: at(agent),
            ..self
        }
    }

    async fn of(base: &str, name: &str) -> Self {
        let (owner_email, agent_email) = (format!("owner@{name}.example"), format!("agent@{name}.example"));
        let owner = Client::log_in(base, &owner_email).await;
        let agent = json!({
            "name": format!("Agent of {name}"), "email": agent_email, "password": PASSWORD, "role": "agent",
        });
        owner.post("/api/v1/users", &agent).await.expect(201);
        let agent = Client::log_in(base, &agent_email).await;
        Self {
            owner,
            agent,
            owner_email,
            agent_email,
        }
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        Self::with_address(options, |_| {}).await
    }

    /// Stopped in good order and started again over what it kept, at another address; everyone is still signed in.
    pub async fn restart(self, options: Options) -> Self {
        let Self { a, b, app, dir, .. } = self;
        app.stop().await;
        let EmptyApp { base, app, dir } = build_in(dir, options, None).await;
        answers(&base).await;
        Self {
            a: a.moved(&base),
            b: b.moved(&base),
            stranger: Client::stranger(&base),
            base,
            app,
            dir,
        }
    }

    /// Tells where it listens before anyone logs in, and waits until it answers.
    pub async fn with_address(options: Options, tell: impl FnOnce(std::net::SocketAddr)) -> Self {
        let first = NewWorkspace {
            name: "alpha".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            locale: "en".to_owned(),
            demo: false,
            operator: true,
            owner: NewPerson {
                name: "Owner of alpha".to_owned(),
                email: "owner@alpha.example".to_owned(),
                password: PASSWORD.to_owned(),
            },
        };
        let EmptyApp { base, app, dir } = build(options, Some(first)).await;
        tell(app.address);
        answers(&base).await;
        let a = Team::of(&base, "alpha").await;
        let owner = json!({ "name": "Owner of beta", "email": "owner@beta.example", "password": PASSWORD });
        let second = json!({ "name": "beta", "owner": owner });
        a.owner.post("/api/v1/workspaces", &second).await.expect(201);
        let b = Team::of(&base, "beta").await;
        let stranger = Client::stranger(&base);
        Self {
            base,
            a,
            b,
            stranger,
            app,
            dir,
        }
    }
}
