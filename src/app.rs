//! The one place that builds and joins everything. Tests use it too.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use anyhow::Context;
use futures_util::future::LocalBoxFuture;
use tokio::sync::Notify;
use utoipa::OpenApi;

use self::simulated::{Overrides, Simulators};
use crate::actors::backups::Backups;
use crate::actors::delivery::Delivery;
use crate::actors::media::MediaDesk;
use crate::actors::push::Push;
use crate::actors::registry::Surroundings;
use crate::actors::tally::Tally;
use crate::actors::{Board, Core, House, Providers, Registry};
use crate::channels::{ProviderKind, instagram, twilio, whatsapp};
use crate::clock::Clock;
use crate::config::Config;
use crate::features::accounts::{self, Accounts, AccountsOptions, NewWorkspace, PasswordHasher, SetupGuard};
use crate::features::{
    channels, consent, hours, inbox, links, live, media, notifications, operations, sandbox, search,
    snippets, templates, usage,
};
use crate::http::views::ChannelViews;
use crate::http::{AuthOptions, Authenticator};
use crate::sandbox::SimulatorConfig;
use crate::storage::search::SearchIndex;
use crate::storage::{Faults, MasterKey, Store, StoreOptions, StoreState, Tuning};
use crate::web::{self, Metrics, Part, Readiness, SecurityOptions, WebOptions, server};

mod outside;
mod owner;
mod recall;
pub mod simulated;
mod simulated_instagram;
mod tls;

pub use owner::owner_from_environment;
pub use tls::check_certificate;

/// How long the web server may take to finish requests.
const WEB_STOP: Duration = Duration::from_secs(2);

/// What differs between the product, its demo and its tests.
pub struct AppOptions {
    /// The checked configuration.
    pub config: Config,
    /// Where the time comes from.
    pub clock: Clock,
    /// Makes the first owner on an empty store.
    pub owner: Option<NewWorkspace>,
    /// The simulator behind sandbox channels.
    pub simulator: SimulatorConfig,
    /// Hashes passwords.
    pub hasher: PasswordHasher,
    /// Failures of the disk on purpose.
    pub faults: Option<Arc<Faults>>,
    /// How each provider is spoken to.
    pub providers: Providers,
    /// What is done with the store before anything else starts.
    pub before: Option<Before>,
}

/// Work on the store before anything else starts.
pub type Before = Box<dyn FnOnce(Config, Store) -> LocalBoxFuture<'static, anyhow::Result<()>>>;

impl AppOptions {
    /// The product. `FRONTDESK_FAULT` plans failures of its disk, for tests of the real program.
    ///
    /// # Errors
    /// The operating system gives no random bytes, or the planned failures are not understood.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let hasher = PasswordHasher::new().map_err(|error| anyhow::anyhow!("{error}"))?;
        let faults = Faults::from_env().map_err(|error| anyhow::anyhow!("FRONTDESK_FAULT: {error}"))?;
        if faults.is_some() {
            tracing::warn!("failures are planned by FRONTDESK_FAULT: for tests only");
        }
        let simulator = SimulatorConfig {
            workers: 1,
            control: false,
            ..SimulatorConfig::default()
        };
        Ok(Self {
            config,
            clock: Clock::System,
            owner: None,
            simulator,
            hasher,
            faults,
            providers: providers(),
            before: None,
        })
    }
}

/// The program, running.
pub struct App {
    /// Where it listens.
    pub address: SocketAddr,
    /// The machinery.
    pub house: Data<House>,
    /// The simulators behind sandbox channels.
    pub simulators: Simulators,
    /// The code that guards the set-up, if it is still to be done.
    pub setup_code: Option<String>,
    server: server::RunningServerHandle,
    reload: Arc<Notify>,
    https: bool,
}

/// Every feature's routes and documentation.
pub const PARTS: [Part; 16] = [
    // First: routes are tried in order, and providers call most.
    Part {
        configure: web::webhooks::configure,
        docs: web::webhooks::Docs::openapi,
    },
    Part {
        configure: accounts::configure,
        docs: accounts::Docs::openapi,
    },
    Part {
        configure: channels::configure,
        docs: channels::docs,
    },
    Part {
        configure: consent::configure,
        docs: consent::docs,
    },
    Part {
        configure: usage::configure,
        docs: usage::docs,
    },
    Part {
        configure: inbox::configure,
        docs: inbox::docs,
    },
    Part {
        configure: hours::configure,
        docs: hours::Docs::openapi,
    },
    Part {
        configure: snippets::configure,
        docs: snippets::Docs::openapi,
    },
    Part {
        configure: notifications::configure,
        docs: notifications::Docs::openapi,
    },
    Part {
        configure: media::configure,
        docs: media::docs,
    },
    Part {
        configure: links::configure,
        docs: links::Docs::openapi,
    },
    Part {
        configure: operations::configure,
        docs: operations::docs,
    },
    Part {
        configure: search::configure,
        docs: search::Docs::openapi,
    },
    Part {
        configure: live::configure,
        docs: live::Docs::openapi,
    },
    Part {
        configure: sandbox::configure,
        docs: sandbox::docs,
    },
    Part {
        configure: templates::configure,
        docs: templates::docs,
    },
];

/// The providers of this version.
pub fn providers() -> Providers {
    let cloud: Arc<dyn crate::channels::Provider> = Arc::new(whatsapp::WhatsappCloud);
    let instagram: Arc<dyn crate::channels::Provider> = Arc::new(instagram::Instagram);
    let twilio: Arc<dyn crate::channels::Provider> = Arc::new(twilio::Twilio);
    BTreeMap::from([
        (ProviderKind::WhatsappCloud, cloud.clone()),
        (ProviderKind::Sandbox, cloud),
        (ProviderKind::Instagram, instagram.clone()),
        (ProviderKind::SandboxInstagram, instagram),
        (ProviderKind::Dialog360, Arc::new(whatsapp::Dialog360)),
        (ProviderKind::Twilio, twilio.clone()),
        (ProviderKind::SandboxSms, twilio),
    ])
}

/// Opens the store of a data directory.
///
/// # Errors
/// Says what is wrong and what to do.
pub fn open_store(config: &Config, faults: Option<Arc<Faults>>) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("data: {} cannot be made", config.data.display()))?;
    let master_key = MasterKey::load(&config.data).context("the master key cannot be used")?;
    let options = StoreOptions {
        dir: config.data.clone(),
        master_key,
    };
    let tuning = Tuning {
        faults,
        ..Tuning::default()
    };
    Store::open_with(options, tuning)
        .with_context(|| format!("the data in {} cannot be opened", config.data.display()))
}

impl App {
    /// Starts everything. Must be called within an actix system.
    ///
    /// # Errors
    /// Says what cannot be started and why.
    pub async fn start(options: AppOptions) -> anyhow::Result<Self> {
        let AppOptions {
            config,
            clock,
            owner,
            simulator,
            hasher,
            faults,
            providers,
            before,
        } = options;
        // Before anything counts, or what it counts is lost.
        let metrics =
            Metrics::install(config.metrics_token.clone()).context("metrics cannot be installed")?;
        actix_web::rt::spawn(metrics.clone().upkeep());
        let reload = Arc::new(Notify::new());
        let https = tls::build(&config, &reload)?;
        let speaks_https = https.is_some();
        let listener = TcpListener::bind(config.listen)
            .with_context(|| format!("listen: {} cannot be listened on", config.listen))?;
        let address = listener.local_addr().context("the address cannot be read")?;
        let within = https.as_ref().map(|_| listen_inside()).transpose()?;
        let inside = within.as_ref().map_or(address, |(_, inside)| *inside);
        let store = tokio::task::spawn_blocking({
            let config = config.clone();
            move || open_store(&config, faults)
        })
        .await
        .context("opening the store was broken off")??;
        let setup_code = owner::first_owner(&store, &hasher, clock, owner).await?;
        if let Some(before) = before {
            before(config.clone(), store.clone()).await?;
        }
        let simulators = Simulators::start(simulator)?;
        let around = (simulators.overrides(), inside);
        let house = Data::new(start_house(&config, &store, clock, (providers, around)).await?);
        let (guard, setup_code) = setup_code.map_or((None, None), |(guard, code)| (Some(guard), Some(code)));
        let outward = outside::supervise(&config, &house).await?;
        let shared = Shared::new(&config, &house, (&simulators, outward), hasher, guard, clock);
        supervise_readers(&house, &shared).await;
        let mut web_options = web_options(&config, &house, metrics);
        if let Some(https) = https {
            web_options.tls = Some(https.supervise(&house).await);
        }
        web_options.inside = within.map(|(listener, _)| listener);
        simulators.supervise(&house, inside).await;
        let server = server::serve(web_options, vec![listener], &PARTS, shared.into_config())
            .context("the server cannot start")?
            .spawn();
        Ok(Self {
            address,
            house,
            simulators,
            setup_code,
            server,
            reload,
            https: speaks_https,
        })
    }

    /// Reads the certificate files again, if HTTPS is spoken with files.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Whether it speaks HTTPS itself.
    pub const fn speaks_https(&self) -> bool {
        self.https
    }

    /// Stops in good order: no new requests, jobs end, what waits is written.
    pub async fn stop(self) {
        let Self {
            house,
            simulators,
            server,
            ..
        } = self;
        if tokio::time::timeout(WEB_STOP, server.stop()).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        house.stop().await;
        simulators.stop().await;
        let store = house.core.store.clone();
        if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
            tracing::error!("the store was not closed in good order; it is repaired at the next start");
        }
    }
}

/// What follows the journal, and the backups.
async fn supervise_readers(house: &House, shared: &Shared) {
    outside::supervise_templates(house).await;
    let feed = shared.feed.get_ref().clone();
    house
        .supervise("live feed".into(), "reader", move |token| {
            live::run(feed.clone(), token)
        })
        .await;
    let backups = shared.backups.get_ref().clone();
    house
        .supervise("backups".into(), "backups", move |token| {
            backups.clone().run(token)
        })
        .await;
}

/// Opens the search index of a data directory. Only while its store is open: one process at a time.
///
/// # Errors
/// The directory cannot be used.
pub fn open_search(config: &Config) -> anyhow::Result<SearchIndex> {
    let dir = config.data.join("search");
    SearchIndex::open(&dir).with_context(|| format!("the search index in {} cannot be opened", dir.display()))
}

async fn start_house(
    config: &Config,
    store: &Store,
    clock: Clock,
    (providers, (overrides, inside)): (Providers, (Overrides, SocketAddr)),
) -> anyhow::Result<House> {
    let surroundings = Surroundings {
        public_url: config.public_url.clone(),
        local_url: format!("http://{inside}"),
        overrides,
    };
    let registry = Registry::load(store.clone(), providers.clone(), surroundings)
        .context("the channels cannot be read")?;
    let core = Core {
        store: store.clone(),
        clock,
        providers,
        registry,
        search: open_search(config)?,
        board: Board::default(),
        standings: Default::default(),
        tally: Tally::default(),
        http: crate::channels::http::http_client().context("the HTTP client cannot be built")?,
        media: MediaDesk::new(&config.public_url, config.allow_private_webhooks)
            .context("the HTTP client cannot be built")?,
        contents: Default::default(),
    };
    House::start(Arc::new(core))
        .await
        .context("the machinery cannot start")
}

/// Sandbox channels' webhooks come from this machine: they need no certificate, and ours need not name this address.
fn listen_inside() -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context("this machine's own address cannot be listened on")?;
    let address = listener.local_addr().context("the address cannot be read")?;
    Ok((listener, address))
}

fn web_options(config: &Config, house: &Data<House>, metrics: Metrics) -> WebOptions {
    let (store, machinery) = (house.core.store.clone(), house.clone());
    let readiness = Readiness::default()
        .with("store", move || match &*store.watch_state().borrow() {
            StoreState::Ok => Ok(()),
            StoreState::ReadOnly(why) => Err(format!("read-only: {why}")),
        })
        .with("actors", move || match machinery.is_running() {
            true => Ok(()),
            false => Err("not running".into()),
        });
    let mut options = WebOptions::new(metrics, readiness);
    options.security = SecurityOptions {
        https: config.https(),
    };
    options.proxies = config.proxies.clone();
    options.shutdown_timeout = WEB_STOP;
    options
}

/// What handlers find in `web::Data`.
struct Shared {
    house: Data<House>,
    feed: Data<live::Feed>,
    channels: Data<ChannelViews>,
    workings: Data<operations::Workings>,
    backups: Data<Backups>,
    auth: Data<Authenticator>,
    accounts: Data<Accounts>,
    simulators: Simulators,
    logins: Data<channels::Logins>,
    delivery: Data<Delivery>,
    push: Data<Push>,
    bulk: Data<inbox::BulkJobs>,
}

impl Shared {
    fn new(
        config: &Config,
        house: &Data<House>,
        (simulators, (delivery, push)): (&Simulators, (Delivery, Push)),
        hasher: PasswordHasher,
        setup: Option<SetupGuard>,
        clock: Clock,
    ) -> Self {
        let store = house.core.store.clone();
        let auth = Data::new(Authenticator::new(store.clone(), clock, AuthOptions::default()));
        let options = AccountsOptions {
            secure_cookie: config.https(),
            setup,
        };
        let accounts = Data::new(Accounts::new(store, clock, auth.clone(), hasher, options));
        let channels = Data::new(ChannelViews::new(house.core.clone(), config.public_url.clone()));
        let feed = live::Feed::new(
            house.core.clone(),
            channels.clone().into_inner(),
            house.courtesy.clone(),
            house.presence.clone(),
        );
        let feed = Data::new(feed);
        let workings = Data::new(operations::Workings {
            started_at: clock.now(),
        });
        let folder = config.data.join("backups");
        let backups = Backups::new(house.core.clone(), house.alerts.clone(), folder);
        let backups = Data::new(backups);
        Self {
            house: house.clone(),
            feed,
            channels,
            workings,
            backups,
            auth,
            accounts,
            simulators: simulators.clone(),
            logins: Data::new(channels::Logins::new(
                config.public_url.clone(),
                simulators.login_app(),
            )),
            delivery: Data::new(delivery),
            push: Data::new(push),
            bulk: Data::new(inbox::BulkJobs::default()),
        }
    }

    fn into_config(self) -> server::SharedData {
        let phones = Data::new(self.simulators.phones());
        Arc::new(move |config: &mut ServiceConfig| {
            config
                .app_data(self.house.clone())
                .app_data(self.feed.clone())
                .app_data(self.channels.clone())
                .app_data(self.workings.clone())
                .app_data(self.backups.clone())
                .app_data(self.auth.clone())
                .app_data(self.accounts.clone())
                .app_data(phones.clone())
                .app_data(self.simulators.instagram.clone())
                .app_data(self.logins.clone())
                .app_data(self.delivery.clone())
                .app_data(self.push.clone())
                .app_data(self.bulk.clone());
        })
    }
}
