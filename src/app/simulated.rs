//! Sandbox channels and the simulator: each sandbox channel is a number there, whose webhooks come back to this house.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::Data;
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::actors::House;
use crate::actors::registry::ChannelEntry;
use crate::channels::ProviderKind;
use crate::domain::ChannelId;
use crate::features::channels::SimulatedApp;
use crate::features::sandbox::{PhoneBooks, line_of};
use crate::sandbox::{
    InstagramConfig, InstagramSimulator, NumberConfig, PhoneBook, SandboxError, SenderConfig, SignupConfig,
    SignupNumber, Simulator, SimulatorConfig, TwilioConfig, TwilioSimulator,
};

/// The app at the WhatsApp simulator to which businesses log in.
const APP_ID: &str = "310400500600801";

/// Settings that hold for every channel of a kind: where its simulator listens.
pub(super) type Overrides = BTreeMap<ProviderKind, BTreeMap<String, String>>;

/// The settings of the SMS simulator that go with those of the WhatsApp one.
fn twilio(config: &SimulatorConfig) -> TwilioConfig {
    TwilioConfig {
        workers: 1,
        seed: config.seed,
        time_scale: config.time_scale,
        start_ms: config.start_ms,
        sent: config.delays.sent,
        delivered: config.delays.delivered,
        read: config.delays.read,
        review: config.delays.template_review,
        default_behaviour: config.default_behaviour.clone(),
        ..TwilioConfig::default()
    }
}

/// The simulators, one a provider. Cheap to clone.
#[derive(Clone)]
pub struct Simulators {
    /// Plays WhatsApp Cloud API.
    pub whatsapp: Arc<Simulator>,
    /// Plays Instagram.
    pub instagram: Data<InstagramSimulator>,
    /// Plays SMS by Twilio's API.
    pub sms: Arc<TwilioSimulator>,
    /// The secret of the app at the simulator to which businesses log in; another with each start.
    app_secret: String,
}

impl Simulators {
    /// Starts them, each on a free port of this machine.
    pub(super) fn start(config: SimulatorConfig) -> anyhow::Result<Self> {
        let sms = TwilioSimulator::start(twilio(&config)).context("the simulator of Twilio cannot listen")?;
        let instagram = InstagramSimulator::start(InstagramConfig::default())
            .context("the simulator of Instagram cannot listen")?;
        let whatsapp = Simulator::start(config).context("the simulator cannot listen")?;
        let secret = crate::http::Secret::generate("sandbox_").context("no random bytes")?;
        Ok(Self {
            app_secret: secret.reveal().to_owned(),
            whatsapp: Arc::new(whatsapp),
            instagram: Data::new(instagram),
            sms: Arc::new(sms),
        })
    }

    /// Where sandbox channels find them.
    pub(super) fn overrides(&self) -> Overrides {
        let at = |base: &str| BTreeMap::from([("api_base".to_owned(), base.to_owned())]);
        BTreeMap::from([
            (ProviderKind::Sandbox, at(self.whatsapp.base_url())),
            (ProviderKind::SandboxInstagram, at(self.instagram.base_url())),
            (ProviderKind::SandboxSms, at(self.sms.base_url())),
        ])
    }

    /// The app at the WhatsApp simulator, for people who try embedded sign-up.
    pub(super) fn login_app(&self) -> SimulatedApp {
        SimulatedApp {
            id: APP_ID.into(),
            secret: self.app_secret.as_str().into(),
            api_base: self.whatsapp.base_url().to_owned(),
        }
    }

    /// The phones that people can play.
    pub(super) fn phones(&self) -> PhoneBooks {
        PhoneBooks::default()
            .with(ProviderKind::Sandbox, self.whatsapp.clone())
            .with(ProviderKind::SandboxSms, self.sms.clone())
    }

    /// Keeps their numbers and accounts the same as the sandbox channels.
    pub(super) async fn supervise(&self, house: &Data<House>, inside: SocketAddr) {
        let url = format!("http://{inside}/webhooks/whatsapp");
        if let Err(error) = self.whatsapp.offer_signup(portfolio(&url, &self.app_secret)) {
            tracing::error!(%error, "the simulator cannot play embedded sign-up");
        }
        supervise_whatsapp(house, &self.whatsapp, &url).await;
        let url = format!("http://{inside}/webhooks/instagram");
        super::simulated_instagram::supervise(house, &self.instagram, &url).await;
        supervise_sms(house, &self.sms).await;
    }

    /// Ends them.
    pub(super) async fn stop(&self) {
        self.whatsapp.stop().await;
        self.instagram.stop().await;
        self.sms.stop().await;
    }
}

/// Keeps the SMS simulator's senders the same as the sandbox channels.
async fn supervise_sms(house: &Data<House>, sms: &Arc<TwilioSimulator>) {
    let (machinery, sms) = (house.clone(), sms.clone());
    house
        .supervise("sandbox SMS".into(), "sandbox", move |token| {
            keep_sms(machinery.clone(), sms.clone(), token)
        })
        .await;
}

async fn keep_sms(house: Data<House>, sms: Arc<TwilioSimulator>, token: CancellationToken) {
    let mut changes = house.core.registry.watch();
    let mut known: BTreeSet<(ChannelId, u64)> = BTreeSet::new();
    loop {
        changes.mark_unchanged();
        for entry in house.core.registry.all() {
            let is_new = entry.kind == ProviderKind::SandboxSms
                && known.insert((entry.channel.id, entry.channel.version));
            if !is_new {
                continue;
            }
            match sms.add_sender(sender(&entry)) {
                Ok(()) => recall(&house, sms.clone(), &entry).await,
                // An edited channel keeps the sender that it has.
                Err(SandboxError::NumberExists) => {}
                Err(error) => {
                    tracing::error!(channel = %entry.channel.id, %error, "the simulator cannot play this channel");
                }
            }
        }
        tokio::select! {
            () = token.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}

fn sender(entry: &ChannelEntry) -> SenderConfig {
    let setting = |name: &str| entry.channel.settings.get(name).cloned().unwrap_or_default();
    let token = entry
        .channel
        .secrets
        .get("auth_token")
        .cloned()
        .unwrap_or_default();
    let mut sender = SenderConfig::new(&setting("account_sid"), &token, &setting("from"));
    sender.service_sid = entry.channel.settings.get("messaging_service_sid").cloned();
    sender.webhook_url = Some(entry.access.webhook_url.clone());
    if let Ok(rate) = setting("rate_per_s").parse() {
        sender.rate_per_s = rate;
    }
    sender
}

/// Keeps the simulator's numbers the same as the sandbox channels.
async fn supervise_whatsapp(house: &Data<House>, simulator: &Arc<Simulator>, webhook_url: &str) {
    let (machinery, simulator, url) = (house.clone(), simulator.clone(), webhook_url.to_owned());
    house
        .supervise("sandbox".into(), "sandbox", move |token| {
            keep(machinery.clone(), simulator.clone(), url.clone(), token)
        })
        .await;
}

async fn keep(house: Data<House>, simulator: Arc<Simulator>, url: String, token: CancellationToken) {
    let mut changes = house.core.registry.watch();
    let mut known: BTreeSet<(ChannelId, u64)> = BTreeSet::new();
    loop {
        changes.mark_unchanged();
        for entry in house.core.registry.all() {
            let is_first = !known.iter().any(|(id, _)| *id == entry.channel.id);
            let is_new = entry.kind == ProviderKind::Sandbox
                && known.insert((entry.channel.id, entry.channel.version));
            if !is_new {
                continue;
            }
            // Before the number is there: whoever reads the list meanwhile must not find it empty.
            templates(&house, &simulator, &entry).await;
            match simulator.add_number(number(&entry, &url)) {
                Ok(()) => recall(&house, simulator.clone(), &entry).await,
                // An edited channel keeps the number that it has; one that was signed up has a token of its own.
                Err(SandboxError::NumberExists) => {
                    signed_up(&simulator, &entry);
                    if is_first {
                        recall(&house, simulator.clone(), &entry).await;
                    }
                }
                Err(error) => {
                    tracing::error!(channel = %entry.channel.id, %error, "the simulator cannot play this channel");
                }
            }
            subscribe(&house, &simulator, &entry).await;
        }
        tokio::select! {
            () = token.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return token.cancelled().await },
        }
    }
}

fn signed_up(simulator: &Simulator, entry: &ChannelEntry) {
    let text = |map: &BTreeMap<String, String>, name: &str| map.get(name).cloned().unwrap_or_default();
    let (settings, secrets) = (&entry.channel.settings, &entry.channel.secrets);
    let (token, secret) = (text(secrets, "access_token"), text(secrets, "app_secret"));
    if let Err(error) = simulator.signed_up(&text(settings, "phone_number_id"), &token, &secret) {
        tracing::warn!(channel = %entry.channel.id, %error, "the simulator does not know the channel's number");
    }
}

/// A business with numbers that can be connected by logging in: one ready, one new, one with a PIN of its own, two on phones.
fn portfolio(webhook_url: &str, app_secret: &str) -> SignupConfig {
    let garden = ("104200300400831", "Kibanda Garden");
    let number = |account: (&str, &str), id: &str, phone: &str, registered: bool, pin: Option<&str>| {
        let mut number = NumberConfig::new(id, account.0, phone);
        number.app_id = APP_ID.into();
        number.app_secret = app_secret.into();
        number.verified_name = account.1.into();
        number.registered = registered;
        number.webhook_url = Some(webhook_url.into());
        SignupNumber {
            number,
            account: account.1.into(),
            pin: pin.map(str::to_owned),
            on_phone: None,
        }
    };
    // Two that stay on the business's phone app: one shares its chats, one does not.
    let on_phone = |id: &str, phone: &str, shares: bool| SignupNumber {
        on_phone: Some(shares),
        ..number(garden, id, phone, true, None)
    };
    let (town, coast) = (
        ("104200300400811", "Kibanda Crafts"),
        ("104200300400821", "Kibanda Coast"),
    );
    SignupConfig {
        app_id: APP_ID.into(),
        app_secret: app_secret.into(),
        business_id: "410500600700801".into(),
        business: "Kibanda Group".into(),
        numbers: vec![
            number(town, "205300400500811", "+254 700 555011", true, None),
            number(town, "205300400500812", "+254 700 555012", false, None),
            number(coast, "205300400500821", "+254 700 555021", false, Some("284913")),
            on_phone("205300400500831", "+254 700 555031", true),
            on_phone("205300400500832", "+254 700 555032", false),
        ],
    }
}

/// Subscribes to the account's webhooks, as whoever connects a real number must. Without it only the connection test
/// complains: the simulator delivers all the same.
async fn subscribe(house: &House, simulator: &Simulator, entry: &ChannelEntry) {
    let text = |map: &BTreeMap<String, String>, name: &str| map.get(name).cloned().unwrap_or_default();
    let account = text(&entry.channel.settings, "waba_id");
    let call = house
        .core
        .http
        .post(format!(
            "{}/v23.0/{account}/subscribed_apps",
            simulator.base_url()
        ))
        .bearer_auth(text(&entry.channel.secrets, "access_token"))
        .header("content-type", "application/json")
        .body("{}");
    let answer = call.send().await.and_then(reqwest::Response::error_for_status);
    if let Err(error) = answer {
        tracing::warn!(channel = %entry.channel.id, %error, "the simulator's account is not subscribed");
    }
}

/// Tells the simulator which templates its account has; without it a restart would lose them all.
async fn templates(house: &House, simulator: &Arc<Simulator>, entry: &Arc<ChannelEntry>) {
    let (store, past, simulator) = (house.core.store.clone(), entry.clone(), simulator.clone());
    let restored = tokio::task::spawn_blocking(move || super::recall::templates(&store, &simulator, &past));
    match restored.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(channel = %entry.channel.id, %error, "the sandbox's templates cannot be read");
        }
        Err(error) => {
            tracing::error!(channel = %entry.channel.id, %error, "restoring the sandbox's templates failed");
        }
    }
}

async fn recall(house: &House, phones: Arc<dyn PhoneBook>, entry: &Arc<ChannelEntry>) {
    let Some(line) = line_of(entry) else { return };
    let (store, past) = (house.core.store.clone(), entry.clone());
    let restored =
        tokio::task::spawn_blocking(move || super::recall::restore(&store, phones.as_ref(), &line, &past));
    match restored.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(channel = %entry.channel.id, %error, "the sandbox's past cannot be read");
        }
        Err(error) => {
            tracing::error!(channel = %entry.channel.id, %error, "restoring the sandbox's past failed")
        }
    }
}

fn number(entry: &ChannelEntry, url: &str) -> NumberConfig {
    let setting = |name: &str| entry.channel.settings.get(name).cloned().unwrap_or_default();
    let secret = |name: &str| entry.channel.secrets.get(name).cloned().unwrap_or_default();
    let mut number = NumberConfig::new(
        &setting("phone_number_id"),
        &setting("waba_id"),
        &setting("display_phone_number"),
    );
    number.access_token = secret("access_token");
    number.app_secret = secret("app_secret");
    number.verify_token = secret("verify_token");
    number.webhook_url = Some(url.to_owned());
    if let Some(rate) = entry
        .channel
        .settings
        .get("rate_per_s")
        .and_then(|text| text.parse().ok())
    {
        number.throughput_mps = rate;
    }
    number
}
