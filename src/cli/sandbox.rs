//! `frontdesk sandbox`: the provider's simulator alone, for whoever writes or tests a client or a webhook receiver.
//!
//! It is the same simulator that stands behind sandbox channels and the demo. It has no login beyond the provider's own
//! tokens, so it listens on this machine only; under `/_sandbox` it is controlled.

use std::net::SocketAddr;

use anyhow::Context;

use super::serve::wait_for_stop;
use crate::sandbox::{NumberConfig, Simulator, SimulatorConfig};

/// The providers that can be played alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Played {
    /// WhatsApp Cloud API.
    Whatsapp,
    /// Twilio's Messages and Content API, SMS and WhatsApp.
    Twilio,
    /// Instagram messaging, by either login.
    Instagram,
    /// WhatsApp as 360dialog offers it; its API key is `--access-token`.
    Dialog360,
}

/// The simulator's number and where its webhooks go.
#[derive(clap::Args)]
pub(super) struct SandboxOptions {
    /// Whose API is played.
    #[arg(long, value_enum, default_value_t = Played::Whatsapp)]
    provider: Played,
    /// Twilio: the account; its token is `--access-token`, its sender `--phone`.
    #[arg(long, default_value = "AC00112233445566778899aabbccddeeff")]
    pub(super) account_sid: String,
    /// Instagram: the account's id, as webhooks name it.
    #[arg(long, default_value = "17841400000000001")]
    pub(super) ig_id: String,
    /// Instagram: the Facebook page that the account is linked to.
    #[arg(long, default_value = "1059380000000001")]
    pub(super) page_id: String,
    /// Instagram: the account's user name.
    #[arg(long, default_value = "sandbox.shop")]
    pub(super) username: String,
    /// Address to listen on: one of this machine's own (127.0.0.1, ::1). Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub(super) listen: SocketAddr,
    /// The number's id, as in the path of a send.
    #[arg(long, default_value = "205300400500601")]
    phone_number_id: String,
    /// The WhatsApp business account that it belongs to.
    #[arg(long, default_value = "104200300400501")]
    waba_id: String,
    /// The number as people see it.
    #[arg(long, default_value = "+15550001111")]
    pub(super) phone: String,
    /// The token that calls must carry.
    #[arg(
        long,
        env = "FRONTDESK_SANDBOX_TOKEN",
        default_value = "sandbox-token",
        hide_env_values = true
    )]
    pub(super) access_token: String,
    /// The secret that signs webhooks.
    #[arg(
        long,
        env = "FRONTDESK_SANDBOX_APP_SECRET",
        default_value = "sandbox-app-secret",
        hide_env_values = true
    )]
    pub(super) app_secret: String,
    /// The token of the verification handshake.
    #[arg(long, default_value = "sandbox-verify-token")]
    pub(super) verify_token: String,
    /// Where webhooks go. Without it they are dropped until a program subscribes.
    #[arg(long)]
    pub(super) webhook_url: Option<String>,
    /// Ask the receiver for the verification handshake at the start, and end if it does not answer it.
    #[arg(long, requires = "webhook_url")]
    pub(super) verify: bool,
    /// Take templates that were never created, instead of answering 132001.
    #[arg(long)]
    any_template: bool,
    /// Simulated seconds in a second: 3600 lets the 24-hour window close in 24 s.
    #[arg(long, default_value_t = 1.0)]
    pub(super) time_scale: f64,
}

impl std::fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("listen", &self.listen)
            .field("webhook_url", &self.webhook_url)
            .finish_non_exhaustive()
    }
}

/// Runs the simulator until it is told to stop.
pub(super) fn run(options: &SandboxOptions) -> anyhow::Result<()> {
    anyhow::ensure!(
        options.time_scale.is_finite() && (0.001..=1e6).contains(&options.time_scale),
        "--time-scale: must be a number from 0.001 to 1000000"
    );
    actix::System::new().block_on(async {
        match options.provider {
            Played::Twilio => return super::sandbox_twilio::run(options).await,
            Played::Instagram => return super::sandbox_instagram::run(options).await,
            Played::Whatsapp | Played::Dialog360 => {}
        }
        let mut config = SimulatorConfig {
            listen: options.listen,
            time_scale: options.time_scale,
            ..SimulatorConfig::default()
        };
        config.rules.unknown_templates = options.any_template;
        let simulator = Simulator::start(config)
            .with_context(|| format!("--listen: {} cannot be listened on", options.listen))?;
        simulator
            .add_number(number(options))
            .map_err(|error| anyhow::anyhow!("the number cannot be played: {error}"))?;
        if options.provider == Played::Dialog360 {
            super::sandbox_dialog360::begin(&simulator, options).await?;
        }
        announce(&simulator, options);
        if options.verify {
            let verified = simulator.verify_webhook(&options.phone_number_id).await;
            verified.context("--verify: the receiver did not pass the verification handshake")?;
            println!("The receiver passed the verification handshake.");
        }
        wait_for_stop().await?;
        simulator.stop().await;
        Ok(())
    })
}

fn number(options: &SandboxOptions) -> NumberConfig {
    let mut number = NumberConfig::new(&options.phone_number_id, &options.waba_id, &options.phone);
    number.access_token.clone_from(&options.access_token);
    number.app_secret.clone_from(&options.app_secret);
    number.verify_token.clone_from(&options.verify_token);
    if options.provider != Played::Dialog360 {
        number.webhook_url.clone_from(&options.webhook_url);
    }
    number
}

fn announce(simulator: &Simulator, options: &SandboxOptions) {
    let base = simulator.base_url();
    if options.provider == Played::Whatsapp {
        println!("WhatsApp Cloud API is played on {base}");
        println!("Send to {base}/v23.0/{}/messages", options.phone_number_id);
    }
    println!(
        "Let a customer write: curl {base}/_sandbox/say -d '{{\"phone_number_id\":\"{}\",\"customer\":{{\"wa_id\":\"254711000234\",\
         \"name\":\"Amina\"}},\"message\":{{\"type\":\"text\",\"text\":{{\"body\":\"Habari\"}}}}}}'",
        options.phone_number_id
    );
}
