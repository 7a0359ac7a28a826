//! The whole program in this process, in a folder of its own, with an owner who is logged in.

use std::collections::BTreeMap;
use std::path::Path;

use frontdesk::actors::core::new_trace;
use frontdesk::actors::registry::all_workspaces;
use frontdesk::app::{App, AppOptions};
use frontdesk::channels::ProviderKind;
use frontdesk::clock::Clock;
use frontdesk::config::Config;
use frontdesk::domain::{Channel, ChannelId, UserId, WorkspaceId};
use frontdesk::features::accounts::{NewPerson, NewWorkspace};
use frontdesk::http::TrustedProxies;
use frontdesk::sandbox::whatsapp::{Delays, SimulatorConfig};
use frontdesk::storage::Prefix;
use frontdesk::storage::keys::UserKey;
use serde_json::json;

use super::http::Connection;

pub const EMAIL: &str = "owner@bench.example";
pub const PASSWORD: &str = "correct horse battery";

/// The program, running.
pub struct Desk {
    pub app: App,
    pub workspace: WorkspaceId,
    pub owner: UserId,
    pub token: String,
}

/// A simulator that holds nobody up.
pub fn simulator() -> SimulatorConfig {
    let mut config = SimulatorConfig {
        workers: 1,
        control: false,
        ..SimulatorConfig::default()
    };
    config.delays = Delays::none();
    config.webhooks.lanes = 32;
    config.rules.window = false;
    config.rules.pair_rate = false;
    // Some customers' numbers mean a fault otherwise.
    config.rules.recipient_faults = false;
    config.limits.events = 200_000;
    config
}

pub fn owner() -> NewWorkspace {
    NewWorkspace {
        name: "Bench".into(),
        timezone: "UTC".into(),
        locale: "en".into(),
        demo: false,
        operator: true,
        owner: NewPerson {
            name: "Owner".into(),
            email: EMAIL.into(),
            password: PASSWORD.into(),
        },
    }
}

impl Desk {
    /// Starts the program over `dir`. Must be called within an actix system.
    pub async fn start(dir: &Path, simulator: SimulatorConfig) -> Self {
        // Only fails if there is one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Config {
            data: dir.to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://desk.example".into(),
            proxies: TrustedProxies::default(),
            metrics_token: None,
            allow_private_webhooks: false,
            tls: None,
            smtp: None,
            log_format: Default::default(),
            log_filter: "off".into(),
        };
        let mut options = AppOptions::new(config).expect("options");
        options.clock = Clock::System;
        options.owner = Some(owner());
        options.simulator = simulator;
        let app = App::start(options).await.expect("the program starts");
        let store = &app.house.core.store;
        let workspace = all_workspaces(store)
            .expect("readable")
            .first()
            .expect("a workspace")
            .id;
        let users = Prefix::<UserKey>::table().with(workspace);
        let owner = store
            .scan_keys(&users, None, 1)
            .expect("readable")
            .first()
            .expect("an owner")
            .user;
        let mut connection = Connection::open(app.address).await;
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let login = connection
            .api("POST", "/api/v1/auth/login", "", Some(&body))
            .await
            .expect(200);
        let token = login["token"].as_str().expect("a token").to_owned();
        Self {
            app,
            workspace,
            owner,
            token,
        }
    }

    /// Adds a channel; its app secret is `secret`. A sandbox channel is played by the simulator.
    pub async fn open_channel(&self, kind: ProviderKind, number: &str, rate: u32) -> ChannelId {
        let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            pairs.collect()
        };
        let channel = Channel {
            id: ChannelId::from_uuid(uuid::Uuid::now_v7()),
            provider: kind as u8,
            name: "Bench".into(),
            settings: text(&[
                ("phone_number_id", number),
                ("waba_id", "90001"),
                ("display_phone_number", "+15550001111"),
                ("rate_per_s", &rate.to_string()),
            ]),
            secrets: text(&[
                ("access_token", "token"),
                ("app_secret", "secret"),
                ("verify_token", "verify"),
            ]),
            paused: false,
            blocked: None,
            created_at: self.app.house.core.clock.now(),
            version: 1,
        };
        let (house, id) = (&self.app.house, channel.id);
        let now = house.core.clock.now();
        let added = house
            .core
            .registry
            .add(self.workspace, channel, now, new_trace())
            .await;
        added.expect("a new channel");
        house.attach(id).await;
        id
    }
}
